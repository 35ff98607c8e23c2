//! Requirements on groups.
//!
//! Decides which groups somebody is in, and which of the named ones are missing. Names are compared exactly, as the
//! applications see them: with the prefix that stands for whoever vouched for them. A group that fits only without its
//! prefix is somebody else's group of that name: it opens nothing, neither by being there nor by being absent.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    claim::any,
    glob::Glob,
    require::{Subject, Truth},
    unmet::{Lack, list},
};

/// Which groups somebody must be in; an empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupsRequirement {
    /// At least one of these.
    pub any: Vec<Glob>,
    /// All of these.
    pub all: Vec<Glob>,
    /// None of these.
    pub none: Vec<Glob>,
}

impl GroupsRequirement {
    /// Whether `none` certainly takes what `any` or `all` asks for.
    pub fn is_void(&self) -> bool {
        let taken = |wanted: &Glob| self.none.iter().any(|none| none.covers(wanted));
        self.all.iter().any(taken) || (!self.any.is_empty() && self.any.iter().all(taken))
    }

    /// What keeps `subject` from meeting all parts, or, where that is not `wanted`, from failing one.
    pub(super) fn lack(&self, wanted: bool, subject: Subject<'_>) -> Option<Lack> {
        let groups = Groups::of(subject);
        let any = |globs: &[Glob]| any(globs.iter().map(|glob| groups.has(glob)));
        let every = |globs: &[Glob]| globs.iter().map(|glob| groups.has(glob)).min().unwrap_or(Truth::Yes);
        let parts = [
            (!self.any.is_empty()).then(|| any(&self.any).lack(wanted, || words(&self.any, wanted, false))),
            (!self.all.is_empty()).then(|| every(&self.all).lack(wanted, || words(&self.all, wanted, true))),
            (!self.none.is_empty()).then(|| any(&self.none).lack(!wanted, || words(&self.none, !wanted, false))),
        ];
        let parts = parts.into_iter().flatten();
        if wanted { Lack::all(parts) } else { Lack::any(parts) }
    }
}

/// The groups of somebody, `None` where they cannot be read.
struct Groups<'a> {
    names: Option<Vec<Cow<'a, str>>>,
    prefix: &'a str,
}

impl<'a> Groups<'a> {
    fn of(subject: Subject<'a>) -> Self {
        let names = subject.groups_claim.and_then(|path| match subject.claims.at(path) {
            None => Some(Vec::new()),
            Some(Value::Array(members)) => members.iter().map(name).collect(),
            Some(Value::String(one)) => Some(vec![Cow::Borrowed(one.as_str())]),
            Some(_) => None,
        });
        let readable = |name: &Cow<'_, str>| !name.chars().any(char::is_control);
        Self { names: names.filter(|names| names.iter().all(readable)), prefix: subject.groups_prefix }
    }

    /// Whether one of them is meant. Without its prefix, it is somebody else's: nobody can tell whether that was meant.
    fn has(&self, glob: &Glob) -> Truth {
        let Some(names) = &self.names else { return Truth::Unknown };
        // An empty name is no group, as for the applications.
        any(names.iter().filter(|name| !name.is_empty()).map(|name| match self.prefix {
            "" => Truth::of(glob.matches(name)),
            prefix if glob.matches(&format!("{prefix}{name}")) => Truth::Yes,
            _ if glob.matches(name) => Truth::Unknown,
            _ => Truth::No,
        }))
    }
}

/// A member of a list of groups, as the applications read it.
fn name(member: &Value) -> Option<Cow<'_, str>> {
    match member {
        Value::String(name) => Some(Cow::Borrowed(name)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(member.to_string())),
        Value::Array(_) | Value::Null | Value::Object(_) => None,
    }
}

fn words(globs: &[Glob], wanted: bool, every: bool) -> Lack {
    let must = if wanted { "must" } else { "must not" };
    let which = match (globs, every, wanted) {
        ([_], ..) => "the group",
        (_, true, _) => "all of the groups",
        (_, false, true) => "one of the groups",
        (_, false, false) => "any of the groups",
    };
    let names: Vec<_> = globs.iter().map(ToString::to_string).collect();
    Lack::new(format!("{must} be in {which} {}", list(&names, if every { "and" } else { "or" })))
}
