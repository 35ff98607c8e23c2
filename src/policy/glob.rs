//! Names with `*`.
//!
//! Decides what they match, in time that is linear in the name.

use std::fmt;

/// A name in which each `*` stands for any run of characters, none included. All else is compared as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    first: String,
    /// What stands after each `*`.
    rest: Vec<String>,
}

/// Why a text is no [`Glob`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobError {
    /// A control character, which no name has.
    Control,
    /// Nothing is written.
    Empty,
    /// More than 256 bytes.
    Long,
}

impl Glob {
    /// Parses `admins`, `team-*` or `*`.
    ///
    /// # Errors
    /// [`GlobError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        if text.len() > LONGEST {
            return Err(GlobError::Long);
        }
        if text.chars().any(char::is_control) {
            return Err(GlobError::Control);
        }
        let mut pieces = text.split('*').map(str::to_owned);
        Ok(Self { first: pieces.next().unwrap_or_default(), rest: pieces.collect() })
    }

    /// Whether `name` is meant. Each piece is taken where it first stands, which leaves the most for those after it.
    pub fn matches(&self, name: &str) -> bool {
        let Some((last, middle)) = self.rest.split_last() else { return name == self.first };
        let Some(mut left) = name.strip_prefix(self.first.as_str()) else { return false };
        for piece in middle {
            let Some((_, after)) = left.split_once(piece.as_str()) else { return false };
            left = after;
        }
        left.ends_with(last.as_str())
    }

    /// Whether it certainly means every name that `other` means.
    pub fn covers(&self, other: &Self) -> bool {
        let everything = self.first.is_empty() && !self.rest.is_empty() && self.rest.iter().all(String::is_empty);
        everything || self == other || (other.rest.is_empty() && self.matches(&other.first))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first)?;
        self.rest.iter().try_for_each(|piece| write!(f, "*{piece}"))
    }
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "has a control character",
            Self::Empty => "is empty",
            Self::Long => "has more than 256 bytes",
        })
    }
}

impl std::error::Error for GlobError {}

const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, name: &str) -> bool {
        Glob::parse(glob).unwrap().matches(name)
    }

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (glob, name) in [
            ("team-*", "team-"),
            ("team-*", "team-a"),
            ("*", "x"),
            ("*", ""),
            ("*-admins", "eu-admins"),
            ("*-admins", "-admins-admins"),
            ("a*b*c", "abc"),
            ("a*b*c", "a-b-b-c-c"),
            ("a**b", "ab"),
            ("*a*", "bab"),
            ("ab*ba", "abba"),
        ] {
            assert!(matches(glob, name), "{glob} {name}");
        }
        for (glob, name) in [
            ("team-*", "team"),
            ("team-*", "Team-a"),
            ("team-*", "xteam-a"),
            ("*-admins", "eu-admins2"),
            ("a*b*c", "acb"),
            ("a*b*c", "ab"),
            ("ab*ba", "aba"),
            ("a*a", "a"),
            ("*ab*ab", "xabx"),
            ("*ab*ab*", "ab"),
        ] {
            assert!(!matches(glob, name), "{glob} {name}");
        }
    }

    #[test]
    fn all_else_is_compared_as_it_stands() {
        for (glob, name) in [("a.c", "abc"), ("a?", "ab"), ("[ab]", "a"), ("Admins", "admins"), ("a", "a "), ("a", "")]
        {
            assert!(!matches(glob, name), "{glob} {name}");
            assert!(matches(glob, glob), "{glob}");
        }
    }

    #[test]
    fn what_no_name_could_be_is_refused_by_name() {
        assert_eq!(Glob::parse(""), Err(GlobError::Empty));
        assert_eq!(Glob::parse("a\n*"), Err(GlobError::Control));
        assert_eq!(Glob::parse(&"a".repeat(257)), Err(GlobError::Long));
        assert!(Glob::parse(&"a".repeat(256)).is_ok());
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in ["a", "*", "a*", "*a", "a*b**c"] {
            assert_eq!(Glob::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn no_name_makes_it_slow() {
        let glob = "a*".repeat(100) + "b";
        assert!(!matches(&glob, &"a".repeat(1_000_000)));
    }
}
