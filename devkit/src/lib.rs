//! What edge-oidc is developed and tested with; it never ships.

pub mod cognito;
pub mod envoy;
pub mod form;
pub mod install;
pub mod oidc_provider;
pub mod tls;
pub mod upstream;
