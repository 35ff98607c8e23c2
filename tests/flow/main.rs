//! Whole exchanges through the core in virtual time, against one fake provider. T-n are tests of the security catalogue.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test"
)]

mod callback;
mod clients;
mod endpoints;
mod given;
mod headers;
mod id_tokens;
mod jar;
mod keys;
#[path = "../support/memory.rs"]
mod memory;
mod message;
#[path = "../support/provider.rs"]
mod provider;
mod returns;
mod routes;
mod secrets;
mod sessions;
mod sign_in;
mod sign_out;
#[path = "../support/signing.rs"]
mod signing;
mod tabs;
mod world;
