//! The paths that rules are written with.
//!
//! Decides what a literal, a template or a regular expression matches. A literal is compared as it stands and is never a
//! regular expression. Hosts are `host`'s.

use std::{cell::OnceCell, fmt};

use super::{
    regex::{RegexError, WholeRegex},
    route::AmbiguousPath,
};
use crate::http::path::Reading;

/// The path or paths that a rule is for, as decoded segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// This path.
    Exact(Vec<String>),
    /// This path and every path below it.
    Prefix(Vec<String>),
    /// Every decoded path that matches as a whole.
    Regex(WholeRegex),
    /// Every path of these segments.
    Template(Vec<Segment>),
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `{name}`: any segment that is not empty.
    Any(String),
    /// This segment.
    Literal(String),
}

/// Why a text is no [`PathPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPatternError {
    /// `.` or `..` as a segment: no normalised path has one.
    DotSegment,
    /// A name in braces that another segment has.
    DuplicateName,
    /// `//`: no normalised path has an empty segment but the last.
    EmptySegment,
    /// `%`: literals are written decoded.
    Encoded,
    /// A brace that is not one of `{name}` as a whole segment.
    Name,
    /// Does not begin with `/`.
    NoSlash,
    /// `\`, `;`, or a control character: a path that holds one has several readings and never matches.
    NeverMatches,
    /// `?` or `#`: the query and the fragment take no part.
    Query,
    /// No regular expression of ours.
    Regex(RegexError),
    /// `*`, `{` or `}`, which have no meaning in a literal and would match themselves only.
    Wildcard,
}

/// One reading of a path, as patterns look at it.
pub(super) struct Candidate<'a> {
    reading: &'a Reading<'a>,
    text: OnceCell<Option<String>>,
}

/// The steps that are left for the regular expressions of one request.
pub(super) struct Steps(usize);

impl PathPattern {
    /// Parses the path of `exact`.
    ///
    /// # Errors
    /// [`PathPatternError`] says what does not belong.
    pub fn exact(text: &str) -> Result<Self, PathPatternError> {
        segments(text, is_wildcard).map(Self::Exact)
    }

    /// Parses the path of `prefix`; `/` is every path, and a final `/` makes no difference.
    ///
    /// # Errors
    /// [`PathPatternError`] says what does not belong.
    pub fn prefix(text: &str) -> Result<Self, PathPatternError> {
        let mut segments = segments(text, is_wildcard)?;
        segments.pop_if(|last| last.is_empty());
        Ok(Self::Prefix(segments))
    }

    /// Parses the path of `template`: `/users/{id}/files`. Without a name in braces it is an exact path.
    ///
    /// # Errors
    /// [`PathPatternError`] says what does not belong.
    pub fn template(text: &str) -> Result<Self, PathPatternError> {
        let literals = segments(text, |c| c == '*')?;
        let template = literals.iter().map(|text| segment(text)).collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<&str> = template.iter().filter_map(Segment::name).collect();
        if names.is_empty() {
            return Ok(Self::Exact(literals));
        }
        names.sort_unstable();
        match names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            true => Err(PathPatternError::DuplicateName),
            false => Ok(Self::Template(template)),
        }
    }

    /// Parses the expression of `regex`, which the whole decoded path must match.
    ///
    /// # Errors
    /// [`PathPatternError`] says what is wrong.
    pub fn regex(text: &str) -> Result<Self, PathPatternError> {
        let regex = WholeRegex::parse(text).map_err(PathPatternError::Regex)?;
        // Every path begins with `/`; what begins with a letter was meant otherwise.
        let first = text.trim_start_matches('^').chars().next();
        match first.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            true => Err(PathPatternError::NoSlash),
            false => Ok(Self::Regex(regex)),
        }
    }

    /// Whether the path, read this way, is meant; ambiguous where a regular expression cannot tell.
    pub(super) fn matches(&self, path: &Candidate<'_>, steps: &mut Steps) -> Result<bool, AmbiguousPath> {
        match self {
            Self::Regex(regex) => {
                let text = path.text().ok_or(AmbiguousPath)?;
                steps.spend(regex.steps(text))?;
                Ok(regex.matches(text))
            }
            _ => Ok(self.matches_segments(path.reading.segments())),
        }
    }

    /// Whether every path that `other` means is certainly meant.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            _ if self.is_every_path() => true,
            (Self::Regex(ours), Self::Regex(theirs)) => ours == theirs,
            (Self::Regex(_), _) | (_, Self::Regex(_)) => false,
            (_, Self::Exact(theirs)) => self.matches_segments(theirs.iter().map(String::as_bytes)),
            (Self::Prefix(ours), Self::Prefix(theirs)) => theirs.starts_with(ours),
            // A template has a name somewhere, so that no longer prefix agrees with all of it.
            (Self::Prefix(ours), Self::Template(theirs)) => {
                ours.iter().zip(theirs).all(|(ours, theirs)| theirs.literal() == Some(ours.as_str()))
            }
            (Self::Template(ours), Self::Template(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.covers(theirs))
            }
            (Self::Exact(_) | Self::Template(_), _) => false,
        }
    }

    pub(super) fn is_every_path(&self) -> bool {
        matches!(self, Self::Prefix(segments) if segments.is_empty())
    }

    fn matches_segments<'a>(&self, mut segments: impl ExactSizeIterator<Item = &'a [u8]>) -> bool {
        let mut next_is = |wanted: &String| segments.next() == Some(wanted.as_bytes());
        match self {
            Self::Exact(pattern) => pattern.iter().all(&mut next_is) && segments.len() == 0,
            Self::Prefix(pattern) => pattern.iter().all(next_is),
            Self::Template(pattern) => {
                segments.len() == pattern.len()
                    && pattern.iter().zip(segments).all(|(wanted, segment)| wanted.matches(segment))
            }
            Self::Regex(_) => false,
        }
    }
}

impl Segment {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Any(name) => Some(name),
            Self::Literal(_) => None,
        }
    }

    fn literal(&self) -> Option<&str> {
        match self {
            Self::Any(_) => None,
            Self::Literal(text) => Some(text),
        }
    }

    fn matches(&self, segment: &[u8]) -> bool {
        match self {
            Self::Any(_) => !segment.is_empty(),
            Self::Literal(text) => segment == text.as_bytes(),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Literal(text)) => self.matches(text.as_bytes()),
            (Self::Any(_), Self::Any(_)) => true,
            (Self::Literal(_), Self::Any(_)) => false,
        }
    }
}

impl<'a> Candidate<'a> {
    pub(super) const fn new(reading: &'a Reading<'a>) -> Self {
        Self { reading, text: OnceCell::new() }
    }

    /// The decoded path, if it is text.
    fn text(&self) -> Option<&str> {
        let joined = || {
            let bytes = self.reading.segments().fold(Vec::new(), |mut path, segment| {
                path.push(b'/');
                path.extend_from_slice(segment);
                path
            });
            String::from_utf8(bytes).ok()
        };
        self.text.get_or_init(joined).as_deref()
    }
}

impl Steps {
    /// What one request may cost: a few milliseconds at most.
    pub(super) const fn of_a_request() -> Self {
        Self(1 << 17)
    }

    /// A path that takes more is not worth the time of all others.
    fn spend(&mut self, steps: usize) -> Result<(), AmbiguousPath> {
        self.0 = self.0.checked_sub(steps).ok_or(AmbiguousPath)?;
        Ok(())
    }
}

fn is_wildcard(c: char) -> bool {
    matches!(c, '*' | '{' | '}')
}

fn segments(text: &str, is_wildcard: impl Fn(char) -> bool) -> Result<Vec<String>, PathPatternError> {
    let rest = text.strip_prefix('/').ok_or(PathPatternError::NoSlash)?;
    for c in rest.chars() {
        match c {
            '?' | '#' => return Err(PathPatternError::Query),
            '%' => return Err(PathPatternError::Encoded),
            c if is_wildcard(c) => return Err(PathPatternError::Wildcard),
            '\\' | ';' => return Err(PathPatternError::NeverMatches),
            c if c.is_control() => return Err(PathPatternError::NeverMatches),
            _ => {}
        }
    }
    let segments: Vec<String> = rest.split('/').map(str::to_owned).collect();
    let inner = segments.split_last().map_or(&[][..], |(_, inner)| inner);
    if inner.iter().any(String::is_empty) {
        return Err(PathPatternError::EmptySegment);
    }
    if segments.iter().any(|segment| matches!(segment.as_str(), "." | "..")) {
        return Err(PathPatternError::DotSegment);
    }
    Ok(segments)
}

/// One segment of a template: `{name}` as a whole, or no brace at all.
fn segment(text: &str) -> Result<Segment, PathPatternError> {
    let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    match name {
        Some(name) if is_name(name) => Ok(Segment::Any(name.to_owned())),
        None if !text.contains(['{', '}']) => Ok(Segment::Literal(text.to_owned())),
        _ => Err(PathPatternError::Name),
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(segments) => write!(f, "/{}", segments.join("/")),
            Self::Prefix(segments) if segments.is_empty() => f.write_str("every path"),
            Self::Prefix(segments) => write!(f, "/{} and below", segments.join("/")),
            Self::Regex(regex) => write!(f, "every path like {}", regex.source()),
            Self::Template(segments) => segments.iter().try_for_each(|segment| match segment {
                Segment::Any(name) => write!(f, "/{{{name}}}"),
                Segment::Literal(text) => write!(f, "/{text}"),
            }),
        }
    }
}

impl fmt::Display for PathPatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DotSegment => "has a `.` or `..` segment, which no normalised path has",
            Self::DuplicateName => "has a name in braces twice",
            Self::EmptySegment => "has an empty segment (`//`), which no normalised path has",
            Self::Encoded => "has a `%`, and literals are compared decoded",
            Self::Name => "has a `{` or `}` that is not one of `{name}` as a whole segment",
            Self::NeverMatches => {
                "has a `\\`, `;` or control character, which would make every request for it ambiguous"
            }
            Self::NoSlash => "does not begin with `/`",
            Self::Query => "has a `?` or `#`, and query and fragment take no part",
            Self::Regex(error) => return error.fmt(f),
            Self::Wildcard => "has a `*`, `{` or `}`, which would match only itself",
        })
    }
}

impl std::error::Error for PathPatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> PathPattern {
        PathPattern::template(text).unwrap()
    }

    #[test]
    fn path_patterns_that_could_never_match_are_refused_by_name() {
        for (text, error) in [
            ("/a/../b", PathPatternError::DotSegment),
            ("/.", PathPatternError::DotSegment),
            ("//a", PathPatternError::EmptySegment),
            ("/a//b", PathPatternError::EmptySegment),
            ("/a%20b", PathPatternError::Encoded),
            ("", PathPatternError::NoSlash),
            ("^/a", PathPatternError::NoSlash),
            ("/a;b", PathPatternError::NeverMatches),
            ("/a\\b", PathPatternError::NeverMatches),
            ("/a\tb", PathPatternError::NeverMatches),
            ("/a?b", PathPatternError::Query),
            ("/a#b", PathPatternError::Query),
            ("/a/*", PathPatternError::Wildcard),
        ] {
            assert_eq!(PathPattern::exact(text), Err(error), "{text}");
            assert_eq!(PathPattern::prefix(text), Err(error), "{text}");
            assert_eq!(PathPattern::template(text), Err(error), "{text}");
        }
        for text in ["/a/{id}", "/{", "/}"] {
            assert_eq!(PathPattern::exact(text), Err(PathPatternError::Wildcard), "{text}");
            assert_eq!(PathPattern::prefix(text), Err(PathPatternError::Wildcard), "{text}");
        }
    }

    #[test]
    fn templates_and_expressions_that_mean_something_else_are_refused_by_name() {
        for (text, error) in [
            ("/{}", PathPatternError::Name),
            ("/{a", PathPatternError::Name),
            ("/a}", PathPatternError::Name),
            ("/x{a}", PathPatternError::Name),
            ("/{a}x", PathPatternError::Name),
            ("/{{a}}", PathPatternError::Name),
            ("/{a b}", PathPatternError::Name),
            ("/{a}/{b}/{a}", PathPatternError::DuplicateName),
        ] {
            assert_eq!(PathPattern::template(text), Err(error), "{text}");
        }
        for text in ["users/.*", "^users", "_", "-/x", "é"] {
            assert_eq!(PathPattern::regex(text), Err(PathPatternError::NoSlash), "{text}");
        }
        for text in ["/x", "^/x", "(/x)?/y", ".*", "[/]x", "\\/x"] {
            assert!(PathPattern::regex(text).is_ok(), "{text}");
        }
        assert_eq!(PathPattern::regex("("), Err(PathPatternError::Regex(RegexError::Malformed)));
    }

    #[test]
    fn patterns_are_shown_as_they_are_written() {
        assert_eq!(template("/users/{id}/files").to_string(), "/users/{id}/files");
        assert_eq!(template("/users/files"), PathPattern::exact("/users/files").unwrap());
        assert_eq!(PathPattern::regex("/v[0-9]+").unwrap().to_string(), "every path like /v[0-9]+");
        assert_eq!(PathPattern::prefix("/a/b").unwrap().to_string(), "/a/b and below");
    }

    #[test]
    fn a_final_slash_matters_to_all_but_prefixes() {
        assert_ne!(PathPattern::exact("/a/"), PathPattern::exact("/a"));
        assert_ne!(template("/{a}/"), template("/{a}"));
        assert_eq!(PathPattern::prefix("/a/"), PathPattern::prefix("/a"));
    }
}
