//! Claims that may be believed.
//!
//! Decides the ways to come by them: out of a validated ID token, with what UserInfo adds to it, out of a bearer token that a
//! rule takes, or out of a seal that only we can make. Identity and
//! policy take nothing else, so no code can act on a claim that was not checked.

use serde_json::{Map, Value};

use super::{bearer::BearerClaims, id_token::IdTokenClaims, user_info::UserInfo};

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

impl Naming {
    /// This, and what it leaves open as `other` says.
    pub fn or(&self, other: &Self) -> Self {
        let (this, other) = (self.clone(), other.clone());
        Self {
            user_id_claim: this.user_id_claim.or(other.user_id_claim),
            user_id_prefix: this.user_id_prefix.or(other.user_id_prefix),
            groups_claim: this.groups_claim.or(other.groups_claim),
            groups_prefix: this.groups_prefix.or(other.groups_prefix),
        }
    }
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
    /// The members of a validated ID token that `wanted` names, and always `iss` and `sub`. One that it has not is UserInfo's,
    /// if that is about the same person and the claim is about the person, not about the token. One that is absent is kept
    /// as null: it was asked for, so a session that lacks a name altogether was made for other wants.
    pub fn of<'a>(
        token: &IdTokenClaims,
        user_info: Option<&UserInfo>,
        wanted: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let names = ["iss", "sub"].into_iter().chain(wanted);
        let user_info = user_info.filter(|info| info.sub() == token.subject());
        let value = |name| present(token.claims(), name).or_else(|| added(user_info?.claims(), token.claims(), name));
        let value = |name| value(name).cloned().unwrap_or(Value::Null);
        Self(names.map(|name| (name.to_owned(), value(name))).collect())
    }

    /// All claims of a bearer token: nothing of it is kept, so nothing need be chosen.
    pub fn of_bearer(token: &BearerClaims) -> Self {
        Self(token.claims().clone())
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

/// The claim `name`; null is absent.
fn present<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// What UserInfo's `info` adds to `token` under `name`. That an address is verified is said of that address alone: it must be
/// the one that counts.
fn added<'a>(info: &'a Map<String, Value>, token: &Map<String, Value>, name: &str) -> Option<&'a Value> {
    let about = match name {
        "email_verified" => present(token, "email").zip(Some("email")),
        "phone_number_verified" => present(token, "phone_number").zip(Some("phone_number")),
        _ => None,
    };
    let same = about.is_none_or(|(value, of)| info.get(of) == Some(value));
    present(info, name).filter(|_| same && !is_protocol_claim(name))
}

/// Whether a claim is about a token and a sign-in, not about a person: UserInfo cannot say it. OpenID Connect Core §2, RFC 7519
/// §4.1, RFC 9068 §2.2, RFC 7662 §2.2, RFC 7800, RFC 8417, RFC 8693 §4, and what providers have of the kind.
pub(super) fn is_protocol_claim(name: &str) -> bool {
    const NAMES: [&str; 28] = [
        "acr",
        "act",
        "active",
        "amr",
        "at_hash",
        "aud",
        "auth_time",
        "azp",
        "c_hash",
        "client_id",
        "cnf",
        "event_id",
        "events",
        "exp",
        "iat",
        "iss",
        "jti",
        "may_act",
        "nbf",
        "nonce",
        "origin_jti",
        "s_hash",
        "scope",
        "scp",
        "sid",
        "sub",
        "token_type",
        "token_use",
    ];
    NAMES.contains(&name)
}
