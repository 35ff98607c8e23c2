//! Decides what a service-account token says and how it is signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use crate::cognito::{now, uuid};
use crate::rsa_key::RsaKey;

const LIFETIME: u64 = 3600;

/// A key and its name.
#[derive(Clone, Debug)]
pub(super) struct Key {
    kid: String,
    key: RsaKey,
}

impl Key {
    pub(super) fn jwk(&self) -> Value {
        self.key.jwk(&self.kid)
    }
}

/// All keys there are.
pub(super) fn keys() -> Vec<Key> {
    let keys = RsaKey::read_pem(include_str!("test-keys.pem"));
    keys.into_iter().map(|key| Key { kid: kid(&key), key }).collect()
}

/// As Kubernetes names a key: base64url of the SHA-256 of its SubjectPublicKeyInfo.
fn kid(key: &RsaKey) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, &key.public_der()))
}

/// The claims of a token that is bound to a pod.
pub(super) fn claims(issuer: &str, namespace: &str, name: &str, audiences: &[&str], offset: i64) -> Map<String, Value> {
    let now = now(offset);
    let claims = json!({
        "aud": audiences,
        "exp": now.saturating_add(LIFETIME),
        "iat": now,
        "iss": issuer,
        "jti": uuid(),
        "kubernetes.io": {
            "namespace": namespace,
            "node": { "name": "node-1", "uid": uuid() },
            "pod": { "name": format!("{name}-0"), "uid": uuid() },
            "serviceaccount": { "name": name, "uid": uuid() },
            "warnafter": now.saturating_add(LIFETIME - 53),
        },
        "nbf": now,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    claims.as_object().cloned().unwrap_or_default()
}

/// The compact serialisation.
pub(super) fn jwt(key: &Key, claims: Map<String, Value>) -> String {
    let header = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, key.kid);
    let payload = Value::Object(claims).to_string();
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.key.sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
