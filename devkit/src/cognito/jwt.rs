//! Decides how a JWT is written: Cognito's header order, `\/` for every slash, RS256 by the right key, and the forgeries that
//! tests ask for. What the claims say is decided in `claims` and `token_fault`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value};

use super::keys::{Key, KeyRing};

/// Which of the two tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// The access token.
    Access,
    /// The ID token.
    Id,
}

/// A token that is not signed yet.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) kind: TokenKind,
    pub(super) claims: Map<String, Value>,
    /// Header members after `kid` and `alg`.
    pub(super) more_header: Map<String, Value>,
    pub(super) without_kid: bool,
    pub(super) seal: Seal,
}

/// How a draft is signed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Seal {
    /// RS256, then one bit of the signature flipped.
    Broken,
    /// HS256 with the public key as the secret.
    Confused,
    /// `alg` none, an empty signature.
    None,
    /// RS256 by the pool's key.
    #[default]
    Rs256,
    /// RS256 by a key that is not in the JWKS.
    Stranger,
}

impl Draft {
    /// A draft that becomes an ordinary token.
    pub(super) fn new(kind: TokenKind, claims: Map<String, Value>) -> Draft {
        Draft { kind, claims, more_header: Map::new(), without_kid: false, seal: Seal::default() }
    }

    /// The compact serialisation.
    pub(super) fn sign(&self, keys: &KeyRing) -> String {
        let key = match self.seal {
            Seal::Stranger => Key::stranger(),
            _ => keys.signing(self.kind),
        };
        let header = self.header(&key.kid);
        let payload = slashed(&Value::Object(self.claims.clone()));
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.seal.signature(&key, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// `kid` first, then `alg`: written by hand, because a JSON map has its own order.
    fn header(&self, kid: &str) -> String {
        let alg = match self.seal {
            Seal::Confused => "HS256",
            Seal::None => "none",
            Seal::Broken | Seal::Rs256 | Seal::Stranger => "RS256",
        };
        let kid = if self.without_kid { String::new() } else { format!(r#""kid":{},"#, slashed(&Value::from(kid))) };
        let more: String = self
            .more_header
            .iter()
            .map(|(name, value)| format!(",{}:{}", slashed(&Value::from(name.as_str())), slashed(value)))
            .collect();
        format!(r#"{{{kid}"alg":"{alg}"{more}}}"#)
    }
}

impl Seal {
    fn signature(self, key: &Key, message: &[u8]) -> Vec<u8> {
        match self {
            Seal::None => Vec::new(),
            Seal::Confused => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, key.public_pem().as_bytes());
                hmac::sign(&secret, message).as_ref().to_vec()
            }
            Seal::Rs256 | Seal::Stranger => key.sign(message),
            Seal::Broken => {
                let mut signature = key.sign(message);
                if let Some(byte) = signature.get_mut(100) {
                    *byte ^= 1;
                }
                signature
            }
        }
    }
}

/// The claims of an access token that this pool signed, whatever its age; `None` for anything else.
pub(super) fn verified_access_token(token: &str, keys: &KeyRing) -> Option<Map<String, Value>> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header = decoded(header)?;
    let key = keys.access_key(header.get("kid")?.as_str()?)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let genuine = header.get("alg")? == "RS256" && key.verifies(message.as_bytes(), &signature);
    decoded(payload).filter(|_| genuine)
}

fn decoded(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// JSON with `\/` for `/`, which can stand only inside strings.
fn slashed(value: &Value) -> String {
    value.to_string().replace('/', "\\/")
}
