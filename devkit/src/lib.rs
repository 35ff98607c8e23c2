//! What edge-oidc is developed and tested with; it never ships.

pub mod authorizer;
pub mod cognito;
pub mod dex;
pub mod envoy;
pub mod form;
pub mod install;
pub mod kubernetes;
pub mod oidc_provider;
mod rsa_key;
pub mod tls;
pub mod upstream;
