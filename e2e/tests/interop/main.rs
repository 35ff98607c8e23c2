//! The same sign-ins at a certified provider that is not ours: npm's `oidc-provider`, found by discovery, over plain HTTP on a
//! loopback address. Nothing of Cognito's is assumed here, and everything that is shown works at both.

mod sign_in;
mod sign_out;
mod world;
