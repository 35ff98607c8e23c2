//! OpenID Connect as request/process pairs.

pub mod access_token;
pub mod assurance;
pub mod authorization;
pub mod bearer;
pub mod claims;
pub mod client_auth;
pub mod cognito;
pub mod discovery;
pub mod envoy_signature;
pub mod error;
pub mod id_token;
pub mod json;
pub mod jwk;
pub mod jwks;
pub mod jwt;
pub mod logout;
pub mod logout_token;
pub mod pkce;
pub mod provider;
pub mod refresh;
pub mod refreshed_id_token;
pub mod revocation;
pub mod signature;
pub mod token;
pub mod user_info;
