//! One rule of `routes`: which requests it is for and what it says about them.
//!
//! Decides which requests match it, which part of it does not, and which rules it certainly covers. Which of several
//! rules decides is `route`'s.

use std::fmt;

use super::{
    access::Access,
    host::HostPattern,
    pattern::{Candidate, PathPattern, Steps},
    route::AmbiguousPath,
};

/// One rule. An empty list and an absent path match everything.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name in logs and explanations.
    pub name: String,
    /// The hosts it is for.
    pub hosts: Vec<HostPattern>,
    /// The methods it is for, compared exactly (RFC 9110 §9.1: methods are case-sensitive).
    pub methods: Vec<String>,
    /// The paths it is for.
    pub path: Option<PathPattern>,
    /// The requests among these that it is not for.
    pub not: Option<Exclusion>,
    /// What it says.
    pub action: Action,
    /// What [`Action::Authenticate`] asks for.
    pub access: Access,
}

/// Requests that a rule is not for: those that all its members match. An empty list and an absent path match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusion {
    /// The hosts.
    pub hosts: Vec<HostPattern>,
    /// The methods.
    pub methods: Vec<String>,
    /// The paths.
    pub path: Option<PathPattern>,
}

/// What a rule says about the requests it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Passes without sign-in, identity headers removed.
    Allow,
    /// Passes as somebody: with a session or a bearer token, and with what [`Access`] asks for.
    Authenticate,
    /// Never passes.
    Deny,
}

/// A rule that a request does not match, and the first part of it that stands against it.
#[derive(Clone, Copy, Debug)]
pub struct Miss<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The part.
    pub part: Part,
}

/// A part of a rule's `match`, in the order of looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `hosts`.
    Hosts,
    /// `methods`.
    Methods,
    /// `path`.
    Path,
    /// `not`.
    Not,
}

/// Hosts, methods and paths, of a rule or of its exclusion.
#[derive(Clone, Copy)]
struct Parts<'a> {
    hosts: &'a [HostPattern],
    methods: &'a [String],
    path: Option<&'a PathPattern>,
}

impl Rule {
    /// The first part that keeps a request from matching; `None` if it matches.
    pub(super) fn miss(
        &self,
        host: &str,
        method: &str,
        path: &Candidate<'_>,
        steps: &mut Steps,
    ) -> Result<Option<Part>, AmbiguousPath> {
        if let Some(part) = self.parts().miss(host, method, path, steps)? {
            return Ok(Some(part));
        }
        match &self.not {
            Some(not) => Ok(not.parts().miss(host, method, path, steps)?.is_none().then_some(Part::Not)),
            None => Ok(None),
        }
    }

    /// Whether every request that matches `other` certainly matches this rule as well.
    pub(super) fn covers(&self, other: &Self) -> bool {
        // What this rule leaves out, the other must leave out, too.
        let leaves_out = |ours: &Exclusion| other.not.as_ref().is_some_and(|theirs| theirs.covers(ours));
        self.parts().covers(other.parts()) && self.not.as_ref().is_none_or(leaves_out)
    }

    /// Whether its own `not` certainly leaves nothing of it.
    pub fn is_void(&self) -> bool {
        self.not.as_ref().is_some_and(|not| not.parts().covers(self.parts()))
    }

    /// Whether it is for every path at every host, by some methods at least.
    pub fn is_for_every_path(&self) -> bool {
        self.hosts.is_empty() && self.not.is_none() && self.path.as_ref().is_none_or(PathPattern::is_every_path)
    }

    fn parts(&self) -> Parts<'_> {
        Parts { hosts: &self.hosts, methods: &self.methods, path: self.path.as_ref() }
    }
}

impl Exclusion {
    fn parts(&self) -> Parts<'_> {
        Parts { hosts: &self.hosts, methods: &self.methods, path: self.path.as_ref() }
    }

    fn covers(&self, other: &Self) -> bool {
        self.parts().covers(other.parts())
    }
}

impl Parts<'_> {
    fn miss(
        self,
        host: &str,
        method: &str,
        path: &Candidate<'_>,
        steps: &mut Steps,
    ) -> Result<Option<Part>, AmbiguousPath> {
        if !self.hosts.is_empty() && !self.hosts.iter().any(|pattern| pattern.matches(host)) {
            return Ok(Some(Part::Hosts));
        }
        if !self.methods.is_empty() && !self.methods.iter().any(|name| name == method) {
            return Ok(Some(Part::Methods));
        }
        match self.path {
            Some(pattern) => Ok((!pattern.matches(path, steps)?).then_some(Part::Path)),
            None => Ok(None),
        }
    }

    fn covers(self, other: Self) -> bool {
        let hosts = || other.hosts.iter().all(|host| self.hosts.iter().any(|pattern| pattern.covers(host)));
        let methods = || other.methods.iter().all(|method| self.methods.contains(method));
        let path = |ours: &PathPattern| other.path.is_some_and(|theirs| ours.covers(theirs)) || ours.is_every_path();
        (self.hosts.is_empty() || (!other.hosts.is_empty() && hosts()))
            && (self.methods.is_empty() || (!other.methods.is_empty() && methods()))
            && self.path.is_none_or(path)
    }
}

impl fmt::Display for Miss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Hosts => {
                let hosts: Vec<_> = self.rule.hosts.iter().map(ToString::to_string).collect();
                write!(f, "the host is not {}", hosts.join(" or "))
            }
            Part::Methods => write!(f, "the method is not {}", self.rule.methods.join(" or ")),
            Part::Path => match &self.rule.path {
                Some(path) => write!(f, "the path is not {path}"),
                None => f.write_str("the path is another"),
            },
            Part::Not => f.write_str("it is left out by `not`"),
        }
    }
}
