//! Bearer tokens against the core: which kind a token is, which rule takes it, and what providers say about opaque ones.
//!
//! Every JWT here is really signed and really verified. What a request gets for it is tested with `flow`.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod access_tokens;
mod forms;
mod id_tokens;
mod introspection;
mod kinds;
mod service_accounts;
mod user_info;
mod world;

#[path = "../support/signing.rs"]
mod signing;
