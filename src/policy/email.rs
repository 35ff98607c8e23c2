//! Requirements on e-mail addresses.
//!
//! Decides which addresses can be believed and at which domain one is. An address that can be read in two ways is at none.

use std::fmt;

use url::Host;

use super::require::{Subject, Truth};
use crate::oidc::claims::is_true;

/// A domain of e-mail addresses, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain(String);

/// It is no domain of e-mail addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DomainError;

impl Domain {
    /// Parses `example.com`.
    ///
    /// # Errors
    /// [`DomainError`] if it is anything else.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        match Host::parse(text) {
            Ok(Host::Domain(domain)) if is_plain_domain(&domain) => Ok(Self(domain)),
            _ => Err(DomainError),
        }
    }
}

/// Whether `email` is at one of `domains`. One that is not verified, or no plain address, is neither there nor elsewhere.
pub(super) fn judge(domains: &[Domain], subject: Subject<'_>) -> Truth {
    let Some(email) = subject.claims.claim("email") else { return Truth::No };
    let verified = subject.claims.claim("email_verified").is_some_and(is_true);
    match email.as_str().and_then(domain_of) {
        Some(domain) if verified || subject.allow_unverified_email => {
            Truth::of(domains.iter().any(|ours| ours.0.eq_ignore_ascii_case(domain)))
        }
        _ => Truth::Unknown,
    }
}

/// What stands after the only `@` of a plain address: no quotes, no comments, no list, no angle brackets.
fn domain_of(email: &str) -> Option<&str> {
    let (local, domain) = email.split_once('@')?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || "\"\\(),:;<>[]".contains(c);
    let plain = !local.is_empty() && !local.contains(odd) && is_plain_domain(domain);
    plain.then_some(domain)
}

fn is_plain_domain(domain: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    domain.split('.').all(|label| !label.is_empty() && label.bytes().all(plain))
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a domain")
    }
}

impl std::error::Error for DomainError {}
