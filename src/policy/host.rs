//! The hosts that rules are written with.
//!
//! Decides what a literal host or a wildcard matches. A literal is compared as it stands and is never a regular expression.

use std::fmt;

use url::Host;

/// The host or hosts that a rule is for, lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This host.
    Exact(String),
    /// `*.example.com`: every name below `example.com`, at any depth, without itself. Holds `.example.com`.
    Subdomains(String),
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

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Subdomains(suffix) => write!(f, "*{suffix}"),
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

impl std::error::Error for HostPatternError {}

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
}
