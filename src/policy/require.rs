//! Who may pass: requirements on the claims of somebody who is known.
//!
//! Decides whether trusted claims meet a requirement, and if not, what is missing.
//!
//! A claim that a test cannot judge, as an object where groups should be, meets neither the test nor its negation: what
//! cannot be read opens nothing. A claim that is absent meets no test, and so every negation.

use std::collections::BTreeSet;

use super::{
    claim::ClaimTest,
    email::{self, Domain, Email},
    groups::GroupsRequirement,
    unmet::{Lack, Unmet, list},
};
use crate::oidc::claims::{ClaimPath, TrustedClaims};

/// A requirement on somebody's claims.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// All of these.
    All(Vec<Requirement>),
    /// At least one of these.
    Any(Vec<Requirement>),
    /// The claim at this place passes this test.
    Claim(ClaimPath, ClaimTest),
    /// `email` is at one of these domains, and verified.
    EmailDomains(Vec<Domain>),
    /// `email` is one of these, and verified.
    Emails(Vec<Email>),
    /// Membership in groups.
    Groups(GroupsRequirement),
    /// Not this.
    Not(Box<Requirement>),
    /// All of these scope values are granted (RFC 6749 §3.3), by `scope` or `scp`.
    Scopes(Vec<String>),
}

/// Somebody who is known: their claims, and how these are to be read.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Claims of a validated token or of a session.
    pub claims: &'a TrustedClaims,
    /// Where the groups stand, for whoever vouched for them.
    pub groups_claim: Option<&'a ClaimPath>,
    /// What stands before each group, for whoever vouched for them: the names that applications see are the ones compared.
    pub groups_prefix: &'a str,
    /// Whether an `email` that the provider calls unverified counts.
    pub allow_unverified_email: bool,
}

/// What can be said of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    /// It does not pass.
    No,
    /// It cannot be judged.
    Unknown,
    /// It passes.
    Yes,
}

impl Requirement {
    /// What `subject` lacks, in words for a person; `None` if nothing.
    pub fn unmet(&self, subject: Subject<'_>) -> Option<Unmet> {
        let lack = self.lack(true, subject)?;
        Some(lack.finish(&self.every_scope()))
    }

    /// The top-level claims that it looks at, beside the groups, each once.
    pub fn claim_names(&self) -> Vec<&str> {
        let mut names = BTreeSet::new();
        self.collect_names(&mut names);
        names.into_iter().collect()
    }

    /// Whether somebody of whom nothing is known meets it, as where all of it is a negation.
    pub fn takes_whoever_has_no_claims(&self) -> bool {
        let nowhere = ClaimPath::top_level("");
        let nobody = Subject {
            claims: &TrustedClaims::default(),
            groups_claim: Some(&nowhere),
            groups_prefix: "",
            allow_unverified_email: false,
        };
        self.lack(true, nobody).is_none()
    }

    /// Whether it looks at groups.
    pub fn wants_groups(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::wants_groups),
            Self::Groups(_) => true,
            Self::Not(part) => part.wants_groups(),
            Self::Claim(..) | Self::EmailDomains(_) | Self::Emails(_) | Self::Scopes(_) => false,
        }
    }

    /// What keeps `subject` from meeting this, or, where it is not `wanted`, from not meeting it. A negation goes down to
    /// the single tests, so that one that cannot be judged fails either way.
    fn lack(&self, wanted: bool, subject: Subject<'_>) -> Option<Lack> {
        let truth = match self {
            Self::All(parts) if wanted => return Lack::all(parts.iter().map(|part| part.lack(wanted, subject))),
            Self::All(parts) => return Lack::any(parts.iter().map(|part| part.lack(wanted, subject))),
            Self::Any(parts) if wanted => return Lack::any(parts.iter().map(|part| part.lack(wanted, subject))),
            Self::Any(parts) => return Lack::all(parts.iter().map(|part| part.lack(wanted, subject))),
            Self::Not(part) => return part.lack(!wanted, subject),
            Self::Groups(groups) => return groups.lack(wanted, subject),
            Self::Claim(path, test) => test.judge(subject.claims.at(path)),
            Self::EmailDomains(domains) => email::at_domain(domains, subject),
            Self::Emails(emails) => email::is_listed(emails, subject),
            Self::Scopes(scopes) => super::claim::scopes(scopes, subject.claims),
        };
        truth.lack(wanted, || self.words(wanted, subject))
    }

    fn words(&self, wanted: bool, subject: Subject<'_>) -> Lack {
        match self {
            Self::Claim(path, test) => Lack::new(test.words(path, wanted)),
            Self::EmailDomains(domains) => {
                let verified = if subject.allow_unverified_email || !wanted { "an" } else { "a verified" };
                let must = if wanted { "must" } else { "must not" };
                let domains = list(domains, "or");
                Lack::new(format!("{must} have {verified} e-mail address at {domains}"))
            }
            // Whoever is refused is told nobody's address.
            Self::Emails(_) if wanted && !subject.allow_unverified_email => {
                Lack::new("must have a verified e-mail address that is on the list".to_owned())
            }
            Self::Emails(_) => {
                let must = if wanted { "must" } else { "must not" };
                Lack::new(format!("{must} have an e-mail address that is on the list"))
            }
            Self::Scopes(scopes) => {
                let all = if wanted || scopes.len() == 1 { "the" } else { "all of the" };
                let must = if wanted { "must" } else { "must not" };
                let noun = if scopes.len() == 1 { "scope" } else { "scopes" };
                let names = list(scopes, "and");
                Lack::new(format!("{must} have {all} {noun} {names}")).of_scopes(wanted.then_some(scopes))
            }
            Self::All(_) | Self::Any(_) | Self::Groups(_) | Self::Not(_) => Lack::new(String::new()),
        }
    }

    /// The scope values that whoever passes has in any case.
    fn every_scope(&self) -> Vec<&str> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::every_scope).collect(),
            Self::Scopes(scopes) => scopes.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn collect_names<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect_names(names)),
            Self::Claim(path, _) => names.extend([path.root.as_str()]),
            Self::EmailDomains(_) | Self::Emails(_) => names.extend(["email", "email_verified"]),
            Self::Groups(_) => {}
            Self::Not(part) => part.collect_names(names),
            Self::Scopes(_) => names.extend(["scope", "scp"]),
        }
    }
}

impl Truth {
    /// A truth that is known.
    pub(super) const fn of(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }

    /// What is lacking where a test should pass, or should not.
    pub(super) fn lack(self, wanted: bool, words: impl FnOnce() -> Lack) -> Option<Lack> {
        (self != Self::of(wanted)).then(words)
    }
}
