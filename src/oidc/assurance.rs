//! How strongly somebody must have signed in: scopes, `acr` and the age of the sign-in (OpenID Connect Core §3.1.2.1,
//! RFC 9470).
//!
//! Decides how a demand is written down. Who demands it is `policy`'s; what follows if it is not met is `flow`'s.

use std::time::Duration;

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
