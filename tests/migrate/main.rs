//! `edge-oidc migrate`: what becomes of which setting, what is refused, and what people read.
//!
//! | File | Holds |
//! |---|---|
//! | `world` | a machine that has these files and keeps what is written |
//! | `golden` | whole migrations against golden files |
//! | `authservice` and so on | facts about one product's settings |

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

mod alb;
mod authservice;
mod golden;
mod kong;
mod oauth2_proxy;
mod pomerium;
mod world;
