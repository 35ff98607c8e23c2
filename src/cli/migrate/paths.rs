//! Paths that other products match, as `match` of a rule of ours.
//!
//! Decides how each kind is written so that it means the same, and no path more.

use super::yaml::Tree;
use crate::policy::{PathPattern, WholeRegex};

/// Which paths are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Every path.
    Any,
    /// This path, and all below it.
    Below(String),
    /// This path alone.
    Exact(String),
    /// No path that there is.
    Nothing,
    /// Those that a regular expression matches, all of them.
    Regex(String),
    /// What is below this path, and not the path itself.
    StrictlyBelow(String),
}

impl Path {
    /// This path alone, as far as a literal can say it.
    pub(super) fn exact(path: &str) -> Self {
        match PathPattern::exact(path) {
            Ok(_) => Self::Exact(path.to_owned()),
            Err(_) => Self::Regex(escaped(path)),
        }
    }

    /// Whatever begins with these letters, though a segment goes on.
    pub(super) fn starting(text: &str) -> Self {
        match text.strip_suffix('/') {
            _ if matches!(text, "" | "/") => Self::Any,
            Some(path) if PathPattern::prefix(path).is_ok() => Self::StrictlyBelow(path.to_owned()),
            _ => Self::Regex(format!("{}.*", escaped(text))),
        }
    }

    /// Whether a path is meant, read as it is written.
    pub(super) fn matches(&self, path: &str) -> bool {
        let is_below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        match self {
            Self::Any => true,
            Self::Below(prefix) => path == prefix || is_below(prefix),
            Self::Exact(exact) => path == exact,
            Self::Nothing => false,
            Self::Regex(expression) => WholeRegex::parse(expression).is_ok_and(|expression| expression.matches(path)),
            Self::StrictlyBelow(prefix) => is_below(prefix),
        }
    }

    /// A `match` with this path in it.
    pub(super) fn onto(&self, tree: Tree) -> Tree {
        let one = |kind: &str, path: &str| Tree::map().with(kind, path);
        match self {
            Self::Any | Self::Nothing => tree,
            Self::Below(path) => tree.with("path", one("prefix", path)),
            Self::Exact(path) => tree.with("path", one("exact", path)),
            Self::Regex(expression) => tree.with("path", one("regex", expression)),
            Self::StrictlyBelow(path) => {
                tree.with("path", one("prefix", path)).with("not", Tree::map().with("path", one("exact", path)))
            }
        }
    }
}

/// A text that stands for itself in a regular expression.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |escaped, c| match SYNTAX.contains(c) {
        true => escaped + "\\" + c.encode_utf8(&mut [0; 4]),
        false => escaped + c.encode_utf8(&mut [0; 4]),
    })
}

/// What means something in a regular expression.
const SYNTAX: &str = r"\.+*?()|[]{}^$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_at_the_beginning_are_no_segments() {
        let starts = |text: &str, path: &str| Path::starting(text).matches(path);
        assert!(starts("/", "/a") && starts("/a", "/a") && starts("/a", "/ab") && starts("/a", "/a/b"));
        assert!(!starts("/a/", "/a") && starts("/a/", "/a/") && starts("/a/", "/a/b") && !starts("/a/", "/ab"));
        assert!(!starts("/a.b", "/axb") && starts("/a.b", "/a.b/c"));
        assert_eq!(Path::starting("/a/"), Path::StrictlyBelow("/a".to_owned()));
    }

    #[test]
    fn a_path_that_no_literal_can_say_is_an_expression() {
        assert_eq!(Path::exact("/a"), Path::Exact("/a".to_owned()));
        let odd = Path::exact("/a;b{c}");
        assert_eq!(odd, Path::Regex(r"/a;b\{c\}".to_owned()));
        assert!(odd.matches("/a;b{c}") && !odd.matches("/a;b{c}d"));
    }

    #[test]
    fn what_is_below_a_path_is_not_what_begins_like_it() {
        let below = Path::Below("/a".to_owned());
        assert!(below.matches("/a") && below.matches("/a/") && below.matches("/a/b") && !below.matches("/ab"));
    }
}
