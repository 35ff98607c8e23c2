//! The literals that rules are written with: hosts and paths.
//!
//! Decides what a literal matches. A literal is compared as it stands and is never a regular expression.

use std::fmt;

use url::Host;

use crate::http::path::Reading;

/// The host or hosts that a rule is for, lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This host.
    Exact(String),
    /// `*.example.com`: every name below `example.com`, at any depth, without itself. Holds `.example.com`.
    Subdomains(String),
}

/// The path or paths that a rule is for, as decoded segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// This path.
    Exact(Vec<String>),
    /// This path and every path below it.
    Prefix(Vec<String>),
}

/// Why a text is no [`HostPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostPatternError {
    /// Not a host name or address.
    Malformed,
    /// A port: rules look at the name only.
    Port,
    /// `*` anywhere but as the whole first label.
    Wildcard,
}

/// Why a text is no [`PathPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPatternError {
    /// `.` or `..` as a segment: no normalised path has one.
    DotSegment,
    /// `//`, or a final `/` of a prefix beyond the root: no normalised path has an empty segment.
    EmptySegment,
    /// `%`: literals are written decoded.
    Encoded,
    /// Does not begin with `/`.
    NoSlash,
    /// `\`, `;`, or a control character: a path that holds one has several readings and never matches.
    NeverMatches,
    /// `?` or `#`: the query and the fragment take no part.
    Query,
    /// `*`, `{` or `}`, which have no meaning in a literal and would match themselves only.
    Wildcard,
}

impl HostPattern {
    /// Parses `app.example.com` or `*.example.com`.
    ///
    /// # Errors
    /// [`HostPatternError`] says what does not belong.
    pub fn parse(text: &str) -> Result<Self, HostPatternError> {
        let (wildcard, name) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if name.contains('*') {
            return Err(HostPatternError::Wildcard);
        }
        if !name.starts_with('[') && name.contains(':') || name.contains("]:") {
            return Err(HostPatternError::Port);
        }
        let unfinished = name.starts_with('.') || name.ends_with('.') || name.contains("..");
        match Host::parse(name) {
            Ok(host @ Host::Domain(_)) if !unfinished && wildcard => Ok(Self::Subdomains(format!(".{host}"))),
            Ok(host) if !unfinished && !wildcard => Ok(Self::Exact(host.to_string())),
            _ => Err(HostPatternError::Malformed),
        }
    }

    /// Whether `host`, without a port and in any case, is meant.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => host.eq_ignore_ascii_case(name),
            Self::Subdomains(suffix) => {
                let start = host.len().saturating_sub(suffix.len());
                start > 0 && host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
            }
        }
    }

    /// Whether every host that `other` means is meant.
    pub fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Exact(name) => self.matches(name),
            Self::Subdomains(suffix) => matches!(self, Self::Subdomains(ours) if suffix.ends_with(ours.as_str())),
        }
    }
}

impl PathPattern {
    /// Parses the path of `exact`.
    ///
    /// # Errors
    /// [`PathPatternError`] says what does not belong.
    pub fn exact(text: &str) -> Result<Self, PathPatternError> {
        segments(text).map(Self::Exact)
    }

    /// Parses the path of `prefix`; `/` is every path, and a final `/` makes no difference.
    ///
    /// # Errors
    /// [`PathPatternError`] says what does not belong.
    pub fn prefix(text: &str) -> Result<Self, PathPatternError> {
        let mut segments = segments(text)?;
        segments.pop_if(|last| last.is_empty());
        Ok(Self::Prefix(segments))
    }

    /// Whether the path, read this way, is meant.
    pub fn matches(&self, reading: &Reading<'_>) -> bool {
        self.matches_segments(reading.segments())
    }

    /// Whether every path that `other` means is meant.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(theirs)) => self.matches_segments(theirs.iter().map(String::as_bytes)),
            (Self::Prefix(ours), Self::Prefix(theirs)) => theirs.starts_with(ours),
            (Self::Exact(_), Self::Prefix(_)) => false,
        }
    }

    fn matches_segments<'a>(&self, mut segments: impl ExactSizeIterator<Item = &'a [u8]>) -> bool {
        let (Self::Exact(pattern) | Self::Prefix(pattern)) = self;
        let fits = match self {
            Self::Exact(_) => segments.len() == pattern.len(),
            Self::Prefix(_) => segments.len() >= pattern.len(),
        };
        fits && pattern.iter().all(|wanted| segments.next() == Some(wanted.as_bytes()))
    }
}

fn segments(text: &str) -> Result<Vec<String>, PathPatternError> {
    let rest = text.strip_prefix('/').ok_or(PathPatternError::NoSlash)?;
    for c in rest.chars() {
        match c {
            '?' | '#' => return Err(PathPatternError::Query),
            '%' => return Err(PathPatternError::Encoded),
            '*' | '{' | '}' => return Err(PathPatternError::Wildcard),
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

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Subdomains(suffix) => write!(f, "*{suffix}"),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(segments) => write!(f, "/{}", segments.join("/")),
            Self::Prefix(segments) if segments.is_empty() => f.write_str("every path"),
            Self::Prefix(segments) => write!(f, "/{} and below", segments.join("/")),
        }
    }
}

impl fmt::Display for HostPatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is not a host name",
            Self::Port => "has a port, and rules compare the name only",
            Self::Wildcard => "has a `*` that is not the whole first label",
        })
    }
}

impl fmt::Display for PathPatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DotSegment => "has a `.` or `..` segment, which no normalised path has",
            Self::EmptySegment => "has an empty segment (`//`), which no normalised path has",
            Self::Encoded => "has a `%`, and literals are compared decoded",
            Self::NeverMatches => {
                "has a `\\`, `;` or control character, which would make every request for it ambiguous"
            }
            Self::NoSlash => "does not begin with `/`",
            Self::Query => "has a `?` or `#`, and query and fragment take no part",
            Self::Wildcard => "has a `*`, `{` or `}`, which would match only itself",
        })
    }
}

impl std::error::Error for HostPatternError {}
impl std::error::Error for PathPatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_patterns_that_could_match_by_accident_are_refused_by_name() {
        for (text, error) in [
            ("", HostPatternError::Malformed),
            ("*.", HostPatternError::Malformed),
            ("a..b", HostPatternError::Malformed),
            (".example.com", HostPatternError::Malformed),
            ("example.com.", HostPatternError::Malformed),
            ("a/b", HostPatternError::Malformed),
            ("app.example.com:443", HostPatternError::Port),
            ("[::1]:443", HostPatternError::Port),
            ("*", HostPatternError::Wildcard),
            ("a*.example.com", HostPatternError::Wildcard),
            ("*.*.example.com", HostPatternError::Wildcard),
        ] {
            assert_eq!(HostPattern::parse(text), Err(error), "{text}");
        }
        assert_eq!(HostPattern::parse("[::1]"), Ok(HostPattern::Exact("[::1]".to_owned())));
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
            ("/a/{id}", PathPatternError::Wildcard),
        ] {
            assert_eq!(PathPattern::exact(text), Err(error), "{text}");
            assert_eq!(PathPattern::prefix(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_final_slash_matters_to_exact_paths_only() {
        assert_ne!(PathPattern::exact("/a/"), PathPattern::exact("/a"));
        assert_eq!(PathPattern::prefix("/a/"), PathPattern::prefix("/a"));
    }
}
