//! Stand-ins for everyone whom the engine would call.
//!
//! Decides what they answer: a provider has the endpoints of this file and keys that fit, and says of a token what it was
//! asked to say; an external authorizer lets everyone pass. Nothing leaves the machine.

use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    config::Config,
    http::call::{Call, CallFailure, CallOutcome, CallResponse},
    memory::{SharedMemory, Stamp, WriteError},
    oidc::{
        jwk::PublicKey,
        provider::ProviderSettings,
        signature::{Algorithm, SignatureVerifier},
    },
    secret::Secret,
};

/// The `kid` of every key here.
pub(super) const KEY_ID: &str = "stand-in";

/// Believes every signature: the tokens are our own, and no key of ours is the provider's.
pub(super) struct Believing;

impl SignatureVerifier for Believing {
    fn verify(&self, _: Algorithm, _: &PublicKey, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

/// No memory: there are no other workers.
pub(super) struct NoMemory;

impl SharedMemory for NoMemory {
    fn read(&self, _: &str) -> Option<(Vec<u8>, Stamp)> {
        None
    }

    fn write(&mut self, _: &str, _: &[u8], _: Option<Stamp>) -> Result<(), WriteError> {
        Err(WriteError::Unavailable)
    }
}

/// What whoever is called answers; `opaque` is what is known of an opaque token.
pub(super) fn answer(config: &Config, call: &Call, opaque: Option<&Map<String, Value>>) -> CallOutcome {
    if is_authorizer(config, call) {
        return ok(&json!({}));
    }
    let called = config.providers().iter().enumerate().find_map(|(index, provider)| {
        let is = |configured: &Option<Url>, path| match configured {
            Some(url) => *url == call.url,
            None => call.url.as_str() == endpoint(index, path),
        };
        let overrides = &provider.endpoints;
        let metadata = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        if call.url.as_str() == metadata {
            Some(metadata_of(index, provider))
        } else if is(&overrides.jwks, "jwks") {
            Some(keys(provider))
        } else if is(&overrides.introspection, "introspect") {
            let mut claims = opaque.cloned().unwrap_or_default();
            claims.insert("active".to_owned(), true.into());
            Some(claims.into())
        } else if is(&overrides.user_info, "userinfo") {
            Some(opaque.cloned().unwrap_or_default().into())
        } else {
            None
        }
    });
    called.map_or(CallOutcome::Failure(CallFailure::NoHost), |document| ok(&document))
}

/// Whether the external authorizer is called.
pub(super) fn is_authorizer(config: &Config, call: &Call) -> bool {
    config.external_authorization.as_ref().is_some_and(|authorizer| authorizer.url == call.url)
}

/// The provider whose sign-in page is at `location`.
pub(super) fn signing_in_at<'a>(config: &'a Config, location: &str) -> Option<&'a ProviderSettings> {
    let page = location.split('?').next()?;
    let has_page = |(index, provider): &(usize, &ProviderSettings)| match &provider.endpoints.authorization {
        Some(url) => url.as_str().split('?').next() == Some(page),
        None => endpoint(*index, "authorize") == page,
    };
    // Several clients of one issuer have one page: the client is in the query.
    let is_client = |provider: &ProviderSettings| {
        let query = Url::parse(location).ok();
        query.is_some_and(|url| {
            url.query_pairs().any(|(name, value)| name == "client_id" && value == provider.client_id)
        })
    };
    let providers = config.providers().iter().enumerate().filter(has_page).map(|(_, provider)| provider);
    providers.into_iter().find(|provider| is_client(provider))
}

/// The provider whose sign-out page, which its metadata would name, is at `location`.
pub(super) fn signing_out_at<'a>(config: &'a Config, location: &str) -> Option<&'a ProviderSettings> {
    let page = location.split('?').next()?;
    let mut providers = config.providers().iter().enumerate();
    providers.find(|(index, _)| endpoint(*index, "logout") == page).map(|(_, provider)| provider)
}

fn endpoint(provider: usize, path: &str) -> String {
    format!("https://provider-{provider}.invalid/{path}")
}

fn metadata_of(index: usize, provider: &ProviderSettings) -> Value {
    json!({
        "issuer": provider.issuer,
        "authorization_endpoint": endpoint(index, "authorize"),
        "token_endpoint": endpoint(index, "token"),
        "jwks_uri": endpoint(index, "jwks"),
        "userinfo_endpoint": endpoint(index, "userinfo"),
        "introspection_endpoint": endpoint(index, "introspect"),
        "end_session_endpoint": endpoint(index, "logout"),
    })
}

fn ok(document: &Value) -> CallOutcome {
    CallOutcome::Answer(CallResponse { status: 200, body: Secret::new(document.to_string().into_bytes()) })
}

/// A key that fits the first of the provider's algorithms; nobody knows the private half any more.
fn keys(provider: &ProviderSettings) -> Value {
    let algorithm = provider.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
    let mut key = match algorithm {
        Algorithm::Es256 => json!({ "kty": "EC", "crv": "P-256", "x": P256.0, "y": P256.1 }),
        Algorithm::Es384 => json!({ "kty": "EC", "crv": "P-384", "x": P384.0, "y": P384.1 }),
        Algorithm::Ed25519 => json!({ "kty": "OKP", "crv": "Ed25519", "x": ED25519 }),
        _ => json!({ "kty": "RSA", "e": "AQAB", "n": RSA }),
    };
    if let Some(key) = key.as_object_mut() {
        key.extend([("kid".to_owned(), KEY_ID.into()), ("use".to_owned(), "sig".into())]);
    }
    json!({ "keys": [key] })
}

const RSA: &str = concat!(
    "j-D1y4k4kPsmGYEMaQE3R1JTHcsbTklenJcfYFvbD4npCli0Iv0oRhgxmvdwIHFV7_cFLpyPNU8g2U6gkJD0wKZQqwAUpJzcDb6yJnjymv4tcgQN45",
    "Jhm29drl7a5Ax8Ruew-PtAK-eEaHVsX0OogptZvuSv245oOlPRKs_J0gHBNdy2DtaUxobPrIQ9sKvSJyJGxAfl0RTeQ4YlTm4cfTuiMOhiCs1RHVQb",
    "vT9Rr2RCdjkY74CaZEWgQ39hqLtyPA59X5MTJdR5GjEqSzp6ATPxZnPoUvudeNbVtYu1muquk__YJh4b3w64WSdAgJK9k_73D1hos8qkqjSyHbsbDQ",
);
const P256: (&str, &str) =
    ("LZZnz3rKXdMDYTsZAzKk9776ukRi67z2MDtZy621wVM", "6AKaDa-avmrmctK13EWP1fxwJPn6429tVnjED707PAQ");
const P384: (&str, &str) = (
    "fuPrbmGy3ku6D0vSyjJqg5IDEKoP1hu9lmZfodjP9JDHYtHJf1D-W8U4H9SRmSaN",
    "30CVDhCo3YG4eG9rGBHgCJJWawJ8ZUImQmzPzIis2Xo6hHkSm-9R-AQHPQT9G682",
);
const ED25519: &str = "Ajy-by9pME9ZQyecs5kfSZZKYkl5PQhgSZjhilK0jg4";
