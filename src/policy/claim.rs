//! Tests of single claims.
//!
//! Decides when a claim passes. Values are compared by JSON type and value, so `"1"` is not `1` and `"true"` is not `true`;
//! a claim of another type than the one that is compared with cannot be judged.

use serde_json::Value;

use super::{regex::WholeRegex, require::Truth};
use crate::oidc::{
    assurance::granted_scopes,
    claims::{ClaimPath, TrustedClaims},
};

/// What a claim must be.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimTest {
    /// A list with this member, or this itself.
    Contains(Scalar),
    /// There, or not there; null is not there.
    Exists(bool),
    /// A text that matches as a whole.
    Matches(WholeRegex),
    /// One of these.
    OneOf(Vec<Scalar>),
}

/// A value that claims are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text, compared exactly.
    Text(String),
}

impl ClaimTest {
    /// Whether `claim` passes.
    pub(super) fn judge(&self, claim: Option<&Value>) -> Truth {
        let Some(claim) = claim else { return Truth::of(*self == Self::Exists(false)) };
        match self {
            Self::Contains(wanted) => match claim {
                Value::Array(members) => any(members.iter().map(|member| wanted.compare(member))),
                _ => wanted.compare(claim),
            },
            Self::Exists(there) => Truth::of(*there),
            Self::Matches(regex) => match claim.as_str() {
                Some(text) if regex.steps(text) <= MOST_STEPS => Truth::of(regex.matches(text)),
                _ => Truth::Unknown,
            },
            Self::OneOf(values) => any(values.iter().map(|wanted| wanted.compare(claim))),
        }
    }

    /// What the claim at `path` must be, or must not be, as a clause. It does not say which values open the door.
    pub(super) fn words(&self, path: &ClaimPath, wanted: bool) -> String {
        match self {
            Self::Exists(there) if *there == wanted => format!("must have the claim {path}"),
            Self::Exists(_) => format!("must not have the claim {path}"),
            _ if wanted => format!("must have an accepted value in the claim {path}"),
            _ => format!("must not have a refused value in the claim {path}"),
        }
    }
}

impl Scalar {
    fn compare(&self, claim: &Value) -> Truth {
        match (self, claim) {
            (Self::Flag(wanted), Value::Bool(flag)) => Truth::of(wanted == flag),
            (Self::Number(wanted), Value::Number(number)) if !number.is_f64() => {
                Truth::of(number.as_i64() == Some(*wanted))
            }
            (Self::Text(wanted), Value::String(text)) => Truth::of(wanted == text),
            _ => Truth::Unknown,
        }
    }
}

/// Whether all of `wanted` are among the granted scope values.
pub(super) fn scopes(wanted: &[String], claims: &TrustedClaims) -> Truth {
    granted_scopes(claims)
        .map_or(Truth::Unknown, |granted| Truth::of(wanted.iter().all(|scope| granted.contains(&scope.as_str()))))
}

/// Whether one passes at least.
pub(super) fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    truths.max().unwrap_or(Truth::No)
}

/// What one test of one text may cost: a few milliseconds at most.
const MOST_STEPS: usize = 1 << 17;
