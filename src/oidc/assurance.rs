//! How strongly somebody must have signed in: scopes, `acr` and the age of the sign-in (OpenID Connect Core §3.1.2.1,
//! RFC 9470).
//!
//! Decides how a demand is written down, how the authorization request states it, and what trusted claims lack of it. Who
//! demands it is `policy`'s; what follows if it is not met is `flow`'s.

use std::time::Duration;

use serde_json::Value;

use super::{claims::TrustedClaims, id_token::numeric_date};
use crate::time::UnixTime;

/// A demand on a sign-in beyond the ordinary; the default demands nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assurance {
    /// `scope` values that must be granted, all of them.
    pub scopes: Vec<String>,
    /// `acr` must be one of these, in order of preference; any if empty.
    pub acr_values: Vec<String>,
    /// How long ago the person may have signed in at the provider, by `auth_time`.
    pub max_age: Option<Duration>,
}

/// What a sign-in lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// `acr` is none of those demanded.
    Acr,
    /// The person signed in too long ago, or nobody knows when.
    MaxAge,
    /// A scope was not granted.
    Scope,
}

impl Assurance {
    /// Whether nothing is demanded.
    pub const fn is_none(&self) -> bool {
        self.scopes.is_empty() && self.acr_values.is_empty() && self.max_age.is_none()
    }

    /// What `claims` lack at `now`; `None` if nothing. `auth_time` is the session's, in seconds since 1970, else the claim
    /// counts. What is of another type than its specification says is lacking.
    pub fn shortfall(
        &self,
        claims: &TrustedClaims,
        auth_time: Option<u64>,
        leeway: Duration,
        now: UnixTime,
    ) -> Option<Shortfall> {
        let acr = || claims.claim("acr").and_then(Value::as_str).is_some_and(|acr| self.takes_acr(acr));
        if !self.acr_values.is_empty() && !acr() {
            return Some(Shortfall::Acr);
        }
        let signed_in = auth_time.map(UnixTime::from_secs).or_else(|| claims.claim("auth_time").and_then(numeric_date));
        if !self.is_recent(signed_in, leeway, now) {
            return Some(Shortfall::MaxAge);
        }
        let granted = || granted_scopes(claims).is_some_and(|granted| self.is_granted(&granted));
        (!self.scopes.is_empty() && !granted()).then_some(Shortfall::Scope)
    }

    /// Whether all `scope` values demanded are among those `granted`.
    pub fn is_granted(&self, granted: &[&str]) -> bool {
        self.scopes.iter().all(|scope| granted.contains(&scope.as_str()))
    }

    /// The top-level claims that [`shortfall`](Self::shortfall) looks at.
    pub fn claim_names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        if !self.acr_values.is_empty() {
            names.push("acr");
        }
        if self.max_age.is_some() {
            names.push("auth_time");
        }
        if !self.scopes.is_empty() {
            names.extend(["scope", "scp"]);
        }
        names
    }

    /// Whether `acr` is one of those demanded.
    pub(super) fn takes_acr(&self, acr: &str) -> bool {
        self.acr_values.iter().any(|value| value == acr)
    }

    /// Whether who signed in at `auth_time` did so within `max_age`, if one is demanded. Nobody signed in in the future.
    pub(super) fn is_recent(&self, auth_time: Option<UnixTime>, leeway: Duration, now: UnixTime) -> bool {
        let Some(max_age) = self.max_age else { return true };
        auth_time.is_some_and(|time| time <= now.plus(leeway) && now <= time.plus(max_age).plus(leeway))
    }

    /// `acr_values` and `max_age` of an authorization request, as far as they are demanded (OpenID Connect Core §3.1.2.1).
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let acr_values = (!self.acr_values.is_empty()).then(|| ("acr_values", self.acr_values.join(" ")));
        let max_age = self.max_age.map(|age| ("max_age", age.as_secs().to_string()));
        acr_values.into_iter().chain(max_age).collect()
    }
}

/// The `scope` values that `claims` name: `scope` is a text (RFC 9068 §2.2.3) or, as some providers have it, an array; where it
/// is absent, `scp` is the same. `None` if it is of another type, so that nobody knows.
pub fn granted_scopes(claims: &TrustedClaims) -> Option<Vec<&str>> {
    match claims.claim("scope").or_else(|| claims.claim("scp")) {
        None => Some(Vec::new()),
        Some(Value::String(text)) => Some(scope_values(text).collect()),
        Some(Value::Array(members)) => members.iter().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

/// The values of a `scope` parameter, with spaces between them (RFC 6749 §3.3).
pub fn scope_values(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|scope| !scope.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_795_180_000;
    const LEEWAY: Duration = Duration::from_mins(1);

    fn claims(claims: &Value) -> TrustedClaims {
        TrustedClaims::unsealed(claims.as_object().unwrap().clone())
    }

    fn shortfall(assurance: &Assurance, auth_time: Option<u64>, of: Value) -> Option<Shortfall> {
        assurance.shortfall(&claims(&of), auth_time, LEEWAY, UnixTime::from_secs(NOW))
    }

    fn scopes(names: &[&str]) -> Assurance {
        Assurance { scopes: names.iter().map(|name| (*name).to_owned()).collect(), ..Assurance::default() }
    }

    fn max_age(seconds: u64) -> Assurance {
        Assurance { max_age: Some(Duration::from_secs(seconds)), ..Assurance::default() }
    }

    #[test]
    fn nothing_demanded_is_never_short() {
        let none = Assurance::default();
        assert!(none.is_none() && none.claim_names().is_empty());
        assert_eq!(shortfall(&none, None, json!({"scope": 7, "acr": 7, "auth_time": "x"})), None);
        let acr = Assurance { acr_values: vec!["mfa".into()], ..Assurance::default() };
        for some in [&scopes(&["a"]), &max_age(0), &acr] {
            assert!(!some.is_none() && !some.claim_names().is_empty());
            assert!(shortfall(some, None, json!({})).is_some());
        }
    }

    #[test]
    fn every_scope_must_be_granted_whatever_the_claim_is_called() {
        let demanded = scopes(&["read", "pool/admin"]);
        for granted in [
            json!({"scope": "read pool/admin"}),
            json!({"scope": " x  pool/admin read"}),
            json!({"scope": ["read", "pool/admin"]}),
            json!({"scp": ["pool/admin", "read"]}),
            json!({"scp": "read pool/admin"}),
            json!({"scope": null, "scp": "read pool/admin"}),
            json!({"scope": "read pool/admin", "scp": 7}),
        ] {
            assert_eq!(shortfall(&demanded, None, granted.clone()), None, "{granted}");
        }
        for granted in [
            json!({}),
            json!({"scope": "read"}),
            json!({"scope": "read,pool/admin"}),
            json!({"scope": "READ pool/admin"}),
            json!({"scope": "read pool/administrator"}),
            json!({"scope": ["read pool/admin"]}),
            json!({"scope": {"read": true, "pool/admin": true}}),
            json!({"scopes": "read pool/admin"}),
            // `scp` counts only where there is no `scope`.
            json!({"scope": "read", "scp": ["pool/admin"]}),
            json!({"scope": "", "scp": "read pool/admin"}),
            json!({"scope": 7, "scp": "read pool/admin"}),
            json!({"scope": ["read", "pool/admin", 7]}),
        ] {
            assert_eq!(shortfall(&demanded, None, granted.clone()), Some(Shortfall::Scope), "{granted}");
        }
    }

    #[test]
    fn acr_is_one_of_those_demanded() {
        let demanded = Assurance { acr_values: vec!["phr".into(), "mfa".into()], ..Assurance::default() };
        assert_eq!(shortfall(&demanded, None, json!({"acr": "mfa"})), None);
        for acr in [json!(null), json!("MFA"), json!("phr mfa"), json!(["mfa"]), json!(1), json!("")] {
            assert_eq!(shortfall(&demanded, None, json!({"acr": acr})), Some(Shortfall::Acr), "{acr}");
        }
        assert_eq!(demanded.claim_names(), ["acr"]);
    }

    // Core §3.1.2.1: older if the "elapsed time is greater than this value".
    #[test]
    fn a_sign_in_is_recent_to_the_second() {
        let judge = |auth_time: u64| shortfall(&max_age(300), Some(auth_time), json!({}));
        assert_eq!((judge(NOW), judge(NOW - 360), judge(NOW + 60)), (None, None, None));
        assert_eq!((judge(NOW - 361), judge(NOW + 61)), (Some(Shortfall::MaxAge), Some(Shortfall::MaxAge)));
        assert_eq!(shortfall(&max_age(0), Some(NOW - 60), json!({})), None);
        assert_eq!(shortfall(&max_age(0), Some(NOW - 61), json!({})), Some(Shortfall::MaxAge));
    }

    #[test]
    fn the_sessions_auth_time_goes_before_the_claims() {
        let judge = |auth_time, claim: Value| shortfall(&max_age(300), auth_time, json!({"auth_time": claim}));
        assert_eq!(judge(None, json!(NOW - 5)), None);
        assert_eq!(judge(Some(NOW - 900), json!(NOW)), Some(Shortfall::MaxAge));
        for claim in [json!(null), json!(NOW.to_string()), json!(-1), json!(1e300), json!([NOW])] {
            assert_eq!(judge(None, claim.clone()), Some(Shortfall::MaxAge), "{claim}");
        }
    }
}
