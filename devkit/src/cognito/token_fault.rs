//! Decides which faults a token can be given on command, and what each changes. Everything else about the token stays
//! right, so that a verifier that accepts it has missed exactly this one check.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::jwt::{Draft, Seal, TokenKind};

/// A fault and how many ID tokens still get it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenFaultRule {
    /// The fault.
    pub fault: TokenFault,
    /// How many tokens; absent = all until changed.
    #[serde(default)]
    pub remaining: Option<u32>,
}

/// What is wrong with a token; wire names are camelCase.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenFault {
    /// `token_use` of the other kind of token, under the key of its own.
    AccessTokenUse,
    /// `alg` none and no signature.
    AlgNone,
    /// `aud` an array of the right client and another.
    AudienceArray,
    /// A signature with one bit flipped.
    BadSignature,
    /// A critical header extension that nobody knows.
    Crit,
    /// Issued and expired a day ago.
    Expired,
    /// No JWT at all.
    Garbage,
    /// HS256 with the public key's PEM as the secret.
    Hs256WithPublicKey,
    /// `iat` an hour ahead, `exp` after it.
    IssuedInFuture,
    /// No `aud` (ID) or `client_id` (access).
    MissingAudience,
    /// No `auth_time`.
    MissingAuthTime,
    /// No `exp`.
    MissingExp,
    /// No `iat`.
    MissingIat,
    /// No `kid` in the header.
    MissingKid,
    /// No `nonce`.
    MissingNonce,
    /// No `sub`.
    MissingSub,
    /// No token at all: its member is not in the answer.
    MissingToken,
    /// No `token_use`.
    MissingTokenUse,
    /// `nbf` an hour ahead.
    NotYetValid,
    /// For another client of the same pool.
    OtherClient,
    /// Signed by a key that is not in the JWKS.
    UnknownKey,
    /// The `at_hash` of another access token.
    WrongAtHash,
    /// The `auth_time` of a sign-in an hour before this one.
    WrongAuthTime,
    /// Another pool's `iss`.
    WrongIssuer,
    /// The `nonce` of another login.
    WrongNonce,
    /// The `sub` of another person.
    WrongSub,
}

impl TokenFaultRule {
    /// Takes one occurrence: the fault, if any is left, and the rule that is left.
    pub(super) fn take(self) -> (Option<TokenFault>, Option<TokenFaultRule>) {
        match self.remaining {
            None => (Some(self.fault), Some(self)),
            Some(0) => (None, None),
            Some(1) => (Some(self.fault), None),
            Some(times) => (Some(self.fault), Some(TokenFaultRule { remaining: Some(times - 1), ..self })),
        }
    }
}

impl TokenFault {
    /// Changes the draft. [`TokenFault::Garbage`] and [`TokenFault::MissingToken`] cannot be a draft: see `Pool::sign`.
    pub(super) fn spoil(self, draft: &mut Draft) {
        match self {
            TokenFault::AlgNone => draft.seal = Seal::None,
            TokenFault::BadSignature => draft.seal = Seal::Broken,
            TokenFault::Crit => {
                draft.more_header.insert("crit".to_owned(), json!(["urn:example:must-understand"]));
                draft.more_header.insert("urn:example:must-understand".to_owned(), json!(true));
            }
            TokenFault::Garbage | TokenFault::MissingToken => {}
            TokenFault::Hs256WithPublicKey => draft.seal = Seal::Confused,
            TokenFault::MissingKid => draft.without_kid = true,
            TokenFault::UnknownKey => draft.seal = Seal::Stranger,
            claim_fault => claim_fault.spoil_claims(draft),
        }
    }

    fn spoil_claims(self, draft: &mut Draft) {
        let (client, other_use) = match draft.kind {
            TokenKind::Access => ("client_id", "id"),
            TokenKind::Id => ("aud", "access"),
        };
        let mut set = |name: &str, value: Value| draft.claims.insert(name.to_owned(), value);
        match self {
            TokenFault::AccessTokenUse => set("token_use", json!(other_use)),
            TokenFault::AudienceArray => {
                let right = draft.claims.get(client).cloned();
                draft.claims.insert(client.to_owned(), json!([right, "another-client-of-this-pool"]))
            }
            TokenFault::Expired => shift(draft, &["iat", "exp"], -86_400),
            TokenFault::IssuedInFuture => shift(draft, &["iat", "exp"], 3600),
            TokenFault::MissingAudience => draft.claims.remove(client),
            TokenFault::MissingAuthTime => draft.claims.remove("auth_time"),
            TokenFault::MissingExp => draft.claims.remove("exp"),
            TokenFault::MissingIat => draft.claims.remove("iat"),
            TokenFault::MissingNonce => draft.claims.remove("nonce"),
            TokenFault::MissingSub => draft.claims.remove("sub"),
            TokenFault::MissingTokenUse => draft.claims.remove("token_use"),
            TokenFault::NotYetValid => {
                let nbf = draft.claims.get("iat").and_then(Value::as_i64).unwrap_or_default().saturating_add(3600);
                draft.claims.insert("nbf".to_owned(), json!(nbf))
            }
            TokenFault::OtherClient => set(client, json!("another-client-of-this-pool")),
            TokenFault::WrongAtHash => set("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
            TokenFault::WrongAuthTime => shift(draft, &["auth_time"], -3600),
            TokenFault::WrongIssuer => {
                set("iss", json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_An0therP0"))
            }
            TokenFault::WrongNonce => set("nonce", json!("bm9uY2Utb2YtYW5vdGhlci1sb2dpbg")),
            TokenFault::WrongSub => set("sub", json!("0b5e55ed-0dd5-4ab0-8c0d-e0fa0711e501")),
            _ => None,
        };
    }
}

/// Moves the times of a token.
fn shift(draft: &mut Draft, names: &[&str], seconds: i64) -> Option<Value> {
    for &name in names {
        if let Some(time) = draft.claims.get(name).and_then(Value::as_i64) {
            draft.claims.insert(name.to_owned(), json!(time.saturating_add(seconds)));
        }
    }
    None
}
