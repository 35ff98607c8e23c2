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
    /// The members of a validated ID token that `wanted` names, and always `iss` and `sub`.
    pub fn of<'a>(token: &IdTokenClaims, wanted: impl IntoIterator<Item = &'a str>) -> Self {
        let names = ["iss", "sub"].into_iter().chain(wanted);
        let kept = names.filter_map(|name| token.claims().get_key_value(name));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Claims out of an opened session: they were validated before they were sealed.
    pub const fn unsealed(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// The claim `name`, a top-level member used whole.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them, for sealing.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}
