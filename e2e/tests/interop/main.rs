//! The same at a certified provider that is not ours: npm's `oidc-provider`, found by discovery, over plain HTTP on a
//! loopback address. Nothing of Cognito's is assumed here, and everything that is shown works at both, but for what only this
//! provider has: RP-initiated logout and back-channel logout.
//!
//! | File | Fact |
//! |---|---|
//! | `programs` | bearer tokens: JWTs of RFC 9068, opaque ones by introspection and by UserInfo |
//! | `stronger` | a place that asks for a stronger sign-in, and claims from UserInfo |
//! | `sign_in` | who gets in, with which kinds of client and signature |
//! | `refresh` | sessions that outlive their tokens, with rotation and without |
//! | `sign_out` | leaving here, and leaving the provider with it |
//! | `back_channel` | the provider ends sessions itself |
//!
//! `world` is all that runs, `relay` the provider's way to the gateway.

mod back_channel;
mod programs;
mod refresh;
mod relay;
mod sign_in;
mod sign_out;
mod stronger;
mod world;
