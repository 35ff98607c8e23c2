//! The public URLs that are ours: origins by name, and all names below a domain.
//!
//! Decides which origin a request's authority names. Which ones are ours is configured.

use std::fmt;

use super::origin::{Origin, OriginError, Scheme};

/// Every address that people reach us at.
#[derive(Clone, Debug, Default)]
pub struct PublicUrls(Vec<PublicUrl>);

/// One origin, or all origins below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicUrl {
    /// `https://*.apps.example.com`: every name below this origin's host at any depth, and not the host itself.
    Below(Origin),
    /// `https://app.example.com`.
    Exact(Origin),
}

impl PublicUrls {
    /// These, in this order.
    pub fn new(urls: Vec<PublicUrl>) -> Self {
        Self(urls)
    }

    /// Each in order.
    pub fn iter(&self) -> std::slice::Iter<'_, PublicUrl> {
        self.0.iter()
    }

    /// The first, which stays when others are added.
    pub fn first(&self) -> Option<&PublicUrl> {
        self.0.first()
    }

    /// The origin that a request's `:authority` names, if it is ours.
    pub fn origin_for(&self, authority: &str) -> Option<Origin> {
        self.iter().find_map(|url| url.origin_for(authority))
    }

    /// Whether `origin` is one of ours.
    pub fn cover(&self, origin: &Origin) -> bool {
        self.origin_for(origin.authority()).is_some_and(|ours| ours == *origin)
    }
}

impl PublicUrl {
    /// Parses `https://HOST[:PORT]` or `https://*.DOMAIN[:PORT]`.
    ///
    /// # Errors
    /// [`OriginError`] says what does not belong.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let Some((scheme, rest)) = text.split_once("://*.") else { return origin(text).map(Self::Exact) };
        let origin = origin(&format!("{scheme}://{rest}"))?;
        match origin.is_name() && !origin.host().ends_with('.') {
            true => Ok(Self::Below(origin)),
            false => Err(OriginError::Wildcard),
        }
    }

    /// How it is reached.
    pub fn scheme(&self) -> Scheme {
        self.origin().scheme()
    }

    /// Whether it never leaves the machine; names below a loopback name do not, either (RFC 6761 §6.3).
    pub fn is_loopback(&self) -> bool {
        self.origin().is_loopback()
    }

    /// The host, or the domain that all hosts are below.
    pub fn host(&self) -> &str {
        self.origin().host()
    }

    /// The host, or `*.` and the domain.
    pub fn hosts(&self) -> String {
        match self {
            Self::Below(domain) => format!("*.{}", domain.host()),
            Self::Exact(origin) => origin.host().to_owned(),
        }
    }

    /// Whether both mean some host, which would then be reached in two ways.
    pub fn meets(&self, other: &Self) -> bool {
        let below = |domain: &Origin, host: &str| label_ends(host, domain.host()).is_some();
        match (self, other) {
            (Self::Exact(one), Self::Exact(another)) => one.host() == another.host(),
            (Self::Below(domain), Self::Exact(origin)) | (Self::Exact(origin), Self::Below(domain)) => {
                below(domain, origin.host())
            }
            (Self::Below(one), Self::Below(another)) => {
                one.host() == another.host() || below(one, another.host()) || below(another, one.host())
            }
        }
    }

    /// Whether both are reached in the same way.
    pub fn is_reached_like(&self, other: &Self) -> bool {
        let way = |url: &Self| (url.scheme(), url.origin().port());
        way(self) == way(other)
    }

    fn origin_for(&self, authority: &str) -> Option<Origin> {
        match self {
            Self::Exact(origin) => origin.has_authority(authority).then(|| origin.clone()),
            Self::Below(domain) => {
                let host = domain.host_of(authority)?.to_ascii_lowercase();
                let labels = label_ends(&host, domain.host())?;
                let named = host.len() <= LONGEST_HOST && labels.split('.').all(is_label);
                named.then(|| domain.at(host))
            }
        }
    }

    fn origin(&self) -> &Origin {
        match self {
            Self::Below(origin) | Self::Exact(origin) => origin,
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(origin) => write!(f, "{}://*.{}", origin.scheme(), origin.authority()),
            Self::Exact(origin) => origin.fmt(f),
        }
    }
}

/// An origin whose host is a host name or an address. URLs allow more, and ours stand in commands and files of others.
fn origin(text: &str) -> Result<Origin, OriginError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let origin = Origin::parse(text)?;
    match origin.is_name() && !origin.host().bytes().all(plain) {
        true => Err(OriginError::Host),
        false => Ok(origin),
    }
}

/// What stands before `.domain` in `host`.
fn label_ends<'a>(host: &'a str, domain: &str) -> Option<&'a str> {
    host.strip_suffix(domain)?.strip_suffix('.')
}

/// A label of a host name (RFC 1123 §2.1): a request can name any, and ours is what redirects are made of.
fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

/// RFC 1035 §2.3.4, without the length bytes.
const LONGEST_HOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(texts: &[&str]) -> PublicUrls {
        PublicUrls::new(texts.iter().map(|text| PublicUrl::parse(text).unwrap()).collect())
    }

    fn origin_for(urls: &PublicUrls, authority: &str) -> Option<String> {
        urls.origin_for(authority).map(|origin| origin.to_string())
    }

    #[test]
    fn a_wildcard_is_for_every_name_below_and_not_for_the_name_itself() {
        let urls = urls(&["https://*.apps.example.com"]);
        for (authority, origin) in [
            ("a.apps.example.com", "https://a.apps.example.com"),
            ("b.a.apps.example.com", "https://b.a.apps.example.com"),
            ("A.Apps.Example.COM", "https://a.apps.example.com"),
            ("a.apps.example.com:443", "https://a.apps.example.com"),
            ("xn--bcher-kva.apps.example.com", "https://xn--bcher-kva.apps.example.com"),
        ] {
            assert_eq!(origin_for(&urls, authority).as_deref(), Some(origin), "{authority}");
        }
        for authority in [
            "apps.example.com",
            ".apps.example.com",
            "xapps.example.com",
            "a.example.com",
            "a.apps.example.com.evil.com",
            "a.apps.example.com.",
            "a.apps.example.com:80",
            "a.apps.example.com:8443",
            "a.apps.example.com:+443",
            "a.apps.example.com:",
            "",
        ] {
            assert_eq!(origin_for(&urls, authority), None, "{authority}");
        }
    }

    #[test]
    fn only_host_names_become_origins() {
        let urls = urls(&["https://*.example.com"]);
        let long = "a".repeat(64);
        let deep = ["a"; 130].join(".");
        for label in ["*", "a..b", "-a", "a-", "a_b", "a b", "a%2e", "u@a", "a/b", "a:b", "ä", "a\\b", &long, &deep] {
            assert_eq!(origin_for(&urls, &format!("{label}.example.com")), None, "{label}");
        }
        assert!(origin_for(&urls, &format!("{}.example.com", "a".repeat(63))).is_some());
    }

    #[test]
    fn a_port_of_a_wildcard_is_the_port_of_all_its_names() {
        let urls = urls(&["https://*.example.com:8443"]);
        assert_eq!(origin_for(&urls, "a.example.com:8443").as_deref(), Some("https://a.example.com:8443"));
        for authority in ["a.example.com", "a.example.com:443", "a.example.com:84430"] {
            assert_eq!(origin_for(&urls, authority), None, "{authority}");
        }
    }

    #[test]
    fn an_origin_is_covered_if_its_scheme_is_ours_too() {
        let urls = urls(&["https://app.example.com", "https://*.apps.example.com"]);
        let covers = |text: &str| urls.cover(&Origin::parse(text).unwrap());
        assert!(covers("https://app.example.com") && covers("https://x.apps.example.com"));
        assert!(!covers("http://app.example.com:443") && !covers("https://apps.example.com"));
    }

    #[test]
    fn a_wildcard_stands_for_first_labels_of_a_name_only() {
        for text in ["https://*.10.0.0.1", "https://*.[::1]", "https://*.example.com.", "https://*"] {
            assert_eq!(PublicUrl::parse(text), Err(OriginError::Wildcard), "{text}");
        }
        for text in ["https://a.*.example.com", "https://a*.example.com", "https://*.*.example.com"] {
            assert_eq!(PublicUrl::parse(text), Err(OriginError::Wildcard), "{text}");
        }
        assert_eq!(PublicUrl::parse("https://*.").unwrap_err(), OriginError::Malformed);
        assert_eq!(PublicUrl::parse("https://*.Example.com:443").unwrap().to_string(), "https://*.example.com");
    }

    #[test]
    fn a_host_has_the_signs_of_a_host_name() {
        for host in
            ["kf.example.com';id;'", "a_b.example.com", "a$(id).example.com", "a`id`", "a&b", "a!b", "a;b", "a\"b"]
        {
            assert_eq!(PublicUrl::parse(&format!("https://{host}")), Err(OriginError::Host), "{host}");
            let below = PublicUrl::parse(&format!("https://*.{host}"));
            assert_eq!(below, Err(OriginError::Host), "{host}");
        }
        for url in [
            "https://xn--bcher-kva.example.com",
            "https://A-1.example.com:8443",
            "https://10.0.0.1",
            "http://[::1]:8080",
        ] {
            assert!(PublicUrl::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn urls_meet_where_a_host_belongs_to_both() {
        let meet = |one: &str, another: &str| {
            let (one, another) = (PublicUrl::parse(one).unwrap(), PublicUrl::parse(another).unwrap());
            assert_eq!(one.meets(&another), another.meets(&one));
            one.meets(&another)
        };
        assert!(meet("https://a.example.com", "http://a.example.com:8080"));
        assert!(meet("https://*.example.com", "https://a.b.example.com"));
        assert!(meet("https://*.example.com", "https://*.b.example.com"));
        assert!(!meet("https://*.example.com", "https://example.com"));
        assert!(!meet("https://*.a.example.com", "https://*.b.example.com"));
    }
}
