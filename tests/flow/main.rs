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

mod access;
mod aging;
mod argument;
mod authorizer;
mod authservice;
mod authservice_bearer;
mod authservice_cookies;
mod authservice_pages;
mod authservice_requests;
mod authservice_session;
mod authservice_sign_out;
mod back_channel;
mod bearer;
mod bearer_keys;
mod bearer_refusals;
mod bearer_rules;
mod callback;
mod choosing;
mod clients;
mod elsewhere;
mod endpoints;
mod forwarding;
mod front_channel;
mod gateways;
mod given;
mod headers;
mod host;
mod hosts;
mod id_tokens;
mod jar;
mod keys;
mod late;
mod leaving;
mod lifetimes;
mod logout_tokens;
#[path = "../support/memory.rs"]
mod memory;
mod message;
mod mix_up;
mod neighbours;
mod opaque;
mod opaque_floods;
mod outages;
mod own_pages;
mod parameters;
mod programs;
#[path = "../support/provider.rs"]
mod provider;
mod providers;
mod refresh;
mod refreshed_id_tokens;
mod replays;
mod requirements;
mod returns;
mod rotation;
mod routes;
mod secrets;
mod sessions;
mod shared_memory;
mod sign_in;
mod sign_out;
#[path = "../support/signing.rs"]
mod signing;
mod step_up;
mod strangers;
#[path = "../support/stream.rs"]
mod stream;
mod tabs;
mod tokens;
mod user_info;
mod user_info_refresh;
mod verdicts;
mod verify;
mod whoami;
mod workers;
mod world;
