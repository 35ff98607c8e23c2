//! The same at a certified provider that is not ours: npm's `oidc-provider`, found by discovery, over plain HTTP on a
//! loopback address. Nothing of Cognito's is assumed here, and everything that is shown works at both, but for what only this
//! provider has: RP-initiated logout and back-channel logout.
//!
//! | File | Fact |
//! |---|---|
//! | `sign_in` | who gets in, with which kinds of client and signature |
//! | `refresh` | sessions that outlive their tokens, with rotation and without |
//! | `sign_out` | leaving here, and leaving the provider with it |
//! | `back_channel` | the provider ends sessions itself |
//!
//! `world` is all that runs, `relay` the provider's way to the gateway.

mod back_channel;
mod refresh;
mod relay;
mod sign_in;
mod sign_out;
mod world;
