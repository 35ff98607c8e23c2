//! Origins (RFC 6454): the public addresses that we may redirect to and set cookies for.
//!
//! Decides what an origin is and when a request's authority names one. Which origins are ours is configured.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

/// A scheme, host and port, with no path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
    authority: String,
}

/// How an origin is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP; only ever configured for loopback hosts.
    Http,
    /// HTTP over TLS.
    Https,
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginError {
    /// A `#…` part.
    Fragment,
    /// A host with other signs than those of a host name.
    Host,
    /// No URL with a host at all.
    Malformed,
    /// More than `/` after the host.
    Path,
    /// A `?…` part.
    Query,
    /// Neither `http` nor `https`.
    Scheme,
    /// `user@` or `user:password@` before the host.
    UserInfo,
    /// A `*` that is not the whole first label of a name.
    Wildcard,
}

impl Origin {
    /// Parses `scheme://host[:port]`; one `/` after it is harmless.
    ///
    /// # Errors
    /// [`OriginError`] says which part does not belong.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(OriginError::UserInfo);
        }
        if url.query().is_some() {
            return Err(OriginError::Query);
        }
        if url.fragment().is_some() {
            return Err(OriginError::Fragment);
        }
        if url.path() != "/" {
            return Err(OriginError::Path);
        }
        Self::of(&url)
    }

    /// The origin of an `http` or `https` URL.
    ///
    /// # Errors
    /// [`OriginError::Scheme`] for any other scheme, [`OriginError::Malformed`] without a host.
    pub fn of(url: &Url) -> Result<Self, OriginError> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(OriginError::Scheme),
        };
        let host = url.host_str().ok_or(OriginError::Malformed)?.to_owned();
        if host.contains('*') {
            return Err(OriginError::Wildcard);
        }
        Ok(Self::new(scheme, host, url.port().unwrap_or(scheme.default_port())))
    }

    fn new(scheme: Scheme, host: String, port: u16) -> Self {
        let authority = if port == scheme.default_port() { host.clone() } else { format!("{host}:{port}") };
        Self { scheme, host, port, authority }
    }

    /// The origin of another host that is reached in the same way; `host` is a host name in lower case.
    pub(super) fn at(&self, host: String) -> Self {
        Self::new(self.scheme, host, self.port)
    }

    /// How it is reached.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case, without its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's default included.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as a browser sends them: lower case, the default port dropped.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether a request's `:authority` names this origin: case and a written-out default port make no difference.
    pub fn has_authority(&self, authority: &str) -> bool {
        self.host_of(authority).is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
    }

    /// The host in a request's `:authority`, if its port is this origin's.
    pub(super) fn host_of<'a>(&self, authority: &'a str) -> Option<&'a str> {
        let digits = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if digits(port) => (host, port.parse().ok()?),
            _ => (authority, self.scheme.default_port()),
        };
        (port == self.port).then_some(host)
    }

    /// Whether the host is a name and no address.
    pub fn is_name(&self) -> bool {
        matches!(Host::parse(&self.host), Ok(Host::Domain(_)))
    }

    /// Whether it never leaves the machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl Scheme {
    /// The port that goes without saying (RFC 9110 §4.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fragment => "has a fragment",
            Self::Host => "has a host with other signs than letters, digits, `-` and `.`",
            Self::Malformed => "is not a URL with a host",
            Self::Path => "has a path",
            Self::Query => "has a query",
            Self::Scheme => "is neither http nor https",
            Self::UserInfo => "has a user name or password",
            Self::Wildcard => "has a `*` that is not the first label of a domain",
        })
    }
}

impl std::error::Error for OriginError {}

/// Whether `host` is `localhost`, a name below it (RFC 6761 §6.3), in 127.0.0.0/8 or `[::1]`.
pub fn is_loopback(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Ok(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Ok(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn the_authority_is_lower_case_without_the_default_port() {
        assert_eq!(origin("https://App.Example.COM:443").authority(), "app.example.com");
        assert_eq!(origin("https://app.example.com:8443/").authority(), "app.example.com:8443");
        assert_eq!(origin("http://localhost:80").authority(), "localhost");
        assert_eq!(origin("http://[::1]:8080").authority(), "[::1]:8080");
        assert_eq!(origin("https://app.example.com:8443").to_string(), "https://app.example.com:8443");
    }

    #[test]
    fn a_request_names_an_origin_by_its_authority() {
        let plain = origin("https://app.example.com");
        for same in ["app.example.com", "APP.example.com", "app.example.com:443"] {
            assert!(plain.has_authority(same), "{same}");
        }
        let others = [
            "app.example.com:80",
            "app.example.com:8443",
            "app.example.com:+443",
            "app.example.com:",
            "app.example.com.",
            "evil.com",
            "",
            ":443",
        ];
        for other in others {
            assert!(!plain.has_authority(other), "{other}");
        }
        assert!(origin("https://[::1]").has_authority("[::1]"));
        assert!(origin("http://localhost:8080").has_authority("localhost:8080"));
    }

    #[test]
    fn anything_beside_scheme_host_and_port_is_refused_by_name() {
        for (text, error) in [
            ("https://app.example.com/#x", OriginError::Fragment),
            ("app.example.com", OriginError::Malformed),
            ("https://app.example.com/app", OriginError::Path),
            ("https://app.example.com?x", OriginError::Query),
            ("ftp://app.example.com", OriginError::Scheme),
            ("https://u@app.example.com", OriginError::UserInfo),
            ("https://@app.example.com", OriginError::UserInfo),
        ] {
            assert_eq!(Origin::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn loopback_is_this_machine_only() {
        for here in ["localhost", "dex.localhost", "127.0.0.1", "127.8.9.1", "[::1]"] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in ["localhost.example.com", "evil-localhost", "128.0.0.1", "[::2]", "0.0.0.0", ""] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }
}
