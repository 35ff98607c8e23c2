//! An issuer with bearer rules, and tokens that it signed.
//!
//! Decides no verdict; all values are examples.

use std::time::Duration;

use edge_oidc::{
    http::call::CallResponse,
    oidc::{
        bearer::{BearerClaims, BearerError, BearerRule, TokenKind, validate_bearer},
        claims::Naming,
        client_auth::ClientAuthentication,
        jwks::KeySet,
        jwt::{UnverifiedJwt, VerifiedJwt},
        provider::{EndpointOverrides, LogoutKind, ProviderKind, ProviderSettings},
        signature::{Algorithm, PureRust},
    },
    secret::Secret,
    time::UnixTime,
};
use serde_json::{Value, json};

use crate::signing::{jwk, sign};

/// The present.
pub const NOW: u64 = 1_795_180_000;
/// The issuer.
pub const ISSUER: &str = "https://idp.example.net";

/// The present.
pub const fn now() -> UnixTime {
    UnixTime::from_secs(NOW)
}

/// An issuer of `kind` with these rules, and a minute of leeway.
pub fn settings(kind: ProviderKind, bearer: &[BearerRule]) -> ProviderSettings {
    ProviderSettings {
        name: "default".into(),
        display_name: "default".into(),
        signs_in: false,
        user_info: false,
        naming: Naming::default(),
        bearer: bearer.to_vec(),
        issuer: ISSUER.into(),
        kind,
        client_id: "edge".into(),
        client_authentication: ClientAuthentication::None,
        scopes: Vec::new(),
        clusters: [].into(),
        endpoints: EndpointOverrides::default(),
        authorization_parameters: Vec::new(),
        insecure_http: false,
        timeout: Duration::from_secs(5),
        leeway: Duration::from_mins(1),
        algorithms: vec![Algorithm::Es256],
        logout: LogoutKind::LOCAL,
        logout_return_urls: Vec::new(),
    }
}

/// A rule for tokens of `kind` with these audiences and clients; access tokens must be `at+jwt`.
pub fn rule(kind: TokenKind, audiences: &[&str], client_ids: &[&str]) -> BearerRule {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    BearerRule {
        kind,
        audiences: owned(audiences),
        client_ids: owned(client_ids),
        types: owned(&["at+jwt"]),
        cache: Duration::from_mins(1),
        naming: Naming::default(),
    }
}

/// `base` with `changes`; a null in `changes` takes a claim away, and `"JSON null"` makes one that is null.
pub fn changed(base: Value, changes: &Value) -> Value {
    let mut claims = base;
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            Value::String(text) if text == "JSON null" => claims[name] = Value::Null,
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// A token as it travels.
pub fn compact(typ: Option<&str>, claims: &Value) -> String {
    let mut header = json!({"alg": "ES256", "kid": "a"});
    if let Some(typ) = typ {
        header["typ"] = json!(typ);
    }
    sign(Algorithm::Es256, &header, claims)
}

/// A token whose signature was verified.
pub fn verified(typ: Option<&str>, claims: &Value) -> VerifiedJwt {
    let keys = KeySet::parse(json!({"keys": [jwk(Algorithm::Es256, "a")]}).to_string().as_bytes()).unwrap();
    let token = compact(typ, claims);
    keys.verify(UnverifiedJwt::parse(&token).unwrap(), &[Algorithm::Es256], &PureRust).unwrap()
}

/// The verdict on a token.
pub fn judge(settings: &ProviderSettings, typ: Option<&str>, claims: &Value) -> Result<BearerClaims, BearerError> {
    validate_bearer(verified(typ, claims), settings, now())
}

/// Whose token it is.
pub fn subject(token: &BearerClaims) -> &str {
    token.claims()["sub"].as_str().unwrap()
}

/// The refusal of a token; `None` if it is taken.
pub fn refusal(settings: &ProviderSettings, typ: Option<&str>, claims: &Value) -> Option<BearerError> {
    judge(settings, typ, claims).err()
}

/// An answer of the provider.
pub fn answer(status: u16, body: &str) -> CallResponse {
    CallResponse { status, body: Secret::new(body.as_bytes().to_vec()) }
}

/// Values of which none is a time, whatever a lenient reader may make of them (T-108).
pub fn no_times() -> Vec<Value> {
    let future = NOW + 3600;
    vec![
        json!(future.to_string()),
        json!("JSON null"),
        json!(true),
        json!(-1),
        json!(1e30),
        json!(1_u64 << 63),
        json!("NaN"),
        json!([future]),
        json!({"time": future}),
        json!(""),
    ]
}
