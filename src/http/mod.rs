//! HTTP as bytes: what a request says, and what an answer or a provider call is made of.

pub mod call;
pub mod cluster;
pub mod cookie;
pub mod header_edits;
pub mod origin;
pub mod path;
pub mod public_urls;
pub mod reply;
pub mod request;
