//! What `edge-oidc render` and `edge-oidc init` write.
//!
//! | File | Holds |
//! |---|---|
//! | `envoy_gateway` | what is written for Envoy Gateway |
//! | `golden` | every file and every word, against golden files |
//! | `schema` | Kubernetes' manifests against the schemas of Istio's resources |
//! | `facts` | what must never be otherwise: certificates are checked, secrets stay where they belong |
//! | `init` | what a first configuration says, and which options it takes |
//! | `steps` | what is to be done, and in which order |
//! | `shipped` | what is written against what the repository ships |
//! | `refused` | what is refused, and that nothing is written then |
//! | `world` | a machine that keeps what is written |

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

mod envoy_gateway;
mod facts;
mod golden;
mod init;
mod names;
mod refused;
mod schema;
mod shipped;
mod steps;
mod world;
