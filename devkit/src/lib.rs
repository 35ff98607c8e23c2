//! What edge-oidc is developed and tested with; it never ships.

pub mod cognito;
pub mod envoy;
pub mod install;
pub mod tls;
pub mod upstream;
