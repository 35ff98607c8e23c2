//! Claims that may be believed.
//!
//! Decides the two ways to come by them: out of a validated ID token, or out of a seal that only we can make. Identity and
//! policy take nothing else, so no code can act on a claim that was not checked.

use serde_json::{Map, Value};

use super::{id_token::IdTokenClaims, user_info::UserInfo};

/// Where a claim stands: the name of a top-level member, then of members inside it. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimPath {
    /// The top-level member, which a session keeps whole.
    pub root: String,
    /// Names of members inside it, outermost first; usually none.
    pub rest: Vec<String>,
}

/// What a person's claims are called by whoever issued them, where that differs from the common setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// The claim of the user id.
    pub user_id_claim: Option<ClaimPath>,
    /// What stands before the user id.
    pub user_id_prefix: Option<String>,
    /// The claim of the groups.
    pub groups_claim: Option<ClaimPath>,
    /// What stands before each group.
    pub groups_prefix: Option<String>,
}

impl ClaimPath {
    /// A top-level member.
    pub fn top_level(name: impl Into<String>) -> Self {
        Self { root: name.into(), rest: Vec::new() }
    }
}

/// Claims of one validated token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrustedClaims(Map<String, Value>);

impl TrustedClaims {
    /// The members of a validated ID token that `wanted` names, and always `iss` and `sub`. One that is absent is kept as
    /// null: it was asked for, so a session that lacks a name altogether was made for other wants.
    pub fn of<'a>(
        token: &IdTokenClaims,
        user_info: Option<&UserInfo>,
        wanted: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let _ = user_info;
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

    /// The claim at `path`; null is absent.
    pub fn at(&self, path: &ClaimPath) -> Option<&Value> {
        let mut value = self.0.get(&path.root);
        for name in &path.rest {
            value = value.and_then(Value::as_object).and_then(|object| object.get(name));
        }
        value.filter(|value| !value.is_null())
    }

    /// All of them, for sealing.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}
