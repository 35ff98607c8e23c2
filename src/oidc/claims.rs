//! Claims that may be believed.
//!
//! Decides the two ways to come by them: out of a validated ID token, or out of a seal that only we can make. Identity and
//! policy take nothing else, so no code can act on a claim that was not checked.

use serde_json::{Map, Value};

use super::id_token::IdTokenClaims;

/// Claims of one validated token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrustedClaims(Map<String, Value>);

impl TrustedClaims {
    /// The members of a validated ID token that `wanted` names, and always `iss` and `sub`. One that is absent is kept as
    /// null: it was asked for, so a session that lacks a name altogether was made for other wants.
    pub fn of<'a>(token: &IdTokenClaims, wanted: impl IntoIterator<Item = &'a str>) -> Self {
        let names = ["iss", "sub"].into_iter().chain(wanted);
        let value = |name| token.claims().get(name).cloned().unwrap_or(Value::Null);
        Self(names.map(|name| (name.to_owned(), value(name))).collect())
    }

    /// Claims out of an opened session: they were validated before they were sealed.
    pub const fn unsealed(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// The claim `name`, a top-level member used whole; null is absent.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// All of them, for sealing.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}
