//! Requirements on e-mail addresses.
//!
//! Decides which addresses can be believed, at which domain one is, and which are the same. An address that can be read in two
//! ways is at no domain and nobody's.

use std::fmt;

use url::Host;

use super::require::{Subject, Truth};
use crate::oidc::claims::is_true;

/// An e-mail address, as it is written; letters of ASCII are compared in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// Why a text is no [`Email`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailError {
    /// No plain address: quotes, spaces, lists, no domain, or over 254 bytes.
    Malformed,
    /// `*`, which an address may have, but nobody means so.
    Wildcard,
}

/// The domain or domains of e-mail addresses, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// `*.example.com`: every name below `example.com`, at any depth, without itself. Holds `.example.com`.
    Below(String),
    /// This domain.
    Exact(String),
}

/// Why a text is no [`Domain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainError {
    /// It is no domain of e-mail addresses.
    Malformed,
    /// `*.com`: everybody's.
    TopLevel,
}

impl Email {
    /// Parses `ada@example.com`.
    ///
    /// # Errors
    /// [`EmailError`] if it is anything else than one plain address.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        match domain_of(text) {
            _ if text.contains('*') => Err(EmailError::Wildcard),
            Some(_) if text.len() <= LONGEST_EMAIL => Ok(Self(text.to_ascii_lowercase())),
            _ => Err(EmailError::Malformed),
        }
    }
}

impl Domain {
    /// Parses `example.com`, or `*.example.com` for all that is below it.
    ///
    /// # Errors
    /// [`DomainError`] if it is anything else.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let below = text.strip_prefix("*.");
        match Host::parse(below.unwrap_or(text)) {
            Ok(Host::Domain(domain)) if !is_plain_domain(&domain) => Err(DomainError::Malformed),
            Ok(Host::Domain(domain)) if below.is_none() => Ok(Self::Exact(domain)),
            Ok(Host::Domain(domain)) if domain.contains('.') => Ok(Self::Below(format!(".{domain}"))),
            Ok(Host::Domain(_)) => Err(DomainError::TopLevel),
            _ => Err(DomainError::Malformed),
        }
    }

    /// `domain` is plain.
    fn takes(&self, domain: &str) -> bool {
        match self {
            Self::Below(suffix) => {
                let start = domain.len().saturating_sub(suffix.len());
                start > 0 && domain.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
            }
            Self::Exact(name) => name.eq_ignore_ascii_case(domain),
        }
    }
}

/// Whether `email` is at one of `domains`.
pub(super) fn at_domain(domains: &[Domain], subject: Subject<'_>) -> Truth {
    judge(subject, |_, domain| domains.iter().any(|ours| ours.takes(domain)))
}

/// Whether `email` is one of `emails`.
pub(super) fn is_listed(emails: &[Email], subject: Subject<'_>) -> Truth {
    judge(subject, |email, _| emails.iter().any(|ours| ours.0.eq_ignore_ascii_case(email)))
}

/// What `test` says of the address and its domain. One that is not verified, or no plain address, is neither what is asked
/// for nor anything else.
fn judge(subject: Subject<'_>, test: impl Fn(&str, &str) -> bool) -> Truth {
    let Some(email) = subject.claims.claim("email") else { return Truth::No };
    let verified = subject.claims.claim("email_verified").is_some_and(is_true);
    match email.as_str().and_then(|email| Some((email, domain_of(email)?))) {
        Some((email, domain)) if verified || subject.allow_unverified_email => Truth::of(test(email, domain)),
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

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EmailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is not one plain e-mail address",
            Self::Wildcard => "has a `*`, which stands for nothing here",
        })
    }
}

impl std::error::Error for EmailError {}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(suffix) => write!(f, "*{suffix}"),
            Self::Exact(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is not a domain",
            Self::TopLevel => "takes in every domain of a top-level domain",
        })
    }
}

impl std::error::Error for DomainError {}

/// What RFC 5321 leaves of a path of 256 bytes.
const LONGEST_EMAIL: usize = 254;
