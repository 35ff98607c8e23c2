//! Who may pass: requirements on the claims of somebody who is known.
//!
//! Decides whether trusted claims meet a requirement, and if not, what is missing.

use crate::oidc::claims::{ClaimPath, TrustedClaims};

/// A requirement on somebody's claims.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// All of these.
    All(Vec<Requirement>),
    /// At least one of these.
    Any(Vec<Requirement>),
    /// Not this.
    Not(Box<Requirement>),
}

/// Somebody who is known: their claims, and how these are to be read.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Claims of a validated token or of a session.
    pub claims: &'a TrustedClaims,
    /// Where the groups stand, for whoever vouched for them.
    pub groups_claim: Option<&'a ClaimPath>,
    /// Whether an `email` that the provider calls unverified counts.
    pub allow_unverified_email: bool,
}

impl Requirement {
    /// What `subject` lacks, in words for a person; `None` if nothing.
    pub fn unmet(&self, subject: Subject<'_>) -> Option<String> {
        let Subject { .. } = subject;
        None
    }

    /// The top-level claims that it looks at, beside the groups.
    pub fn claim_names(&self) -> Vec<&str> {
        Vec::new()
    }
}
