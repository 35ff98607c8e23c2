//! How our cookies are called, and which cookies of a request are ours.
//!
//! Decides names and attributes: `NAME` and `NAME_1` … `NAME_7` are a session, `NAME_a_<digest of state>` is a login
//! attempt. What a name holds is left to `store` and `attempt`.
//!
//! Ours are exactly these names, case-sensitively. An upstream that folds names (PHP reads `..Host-x` as `__Host-x`)
//! can be shown a cookie that looks like ours, but it holds what its sender knew already, and no upstream takes
//! anything from our cookies; whereas to remove by a folded or an unprefixed name could take an application's own
//! cookie from it.

use std::{fmt, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::http::cookie::{CookieAttributes, SameSite};

use super::{chunk::MOST_CHUNKS, seal::Keyring};

/// What sessions are made with.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// What seals them.
    pub keys: Keyring,
    /// How their cookies look.
    pub cookie: CookieSettings,
    /// How long one lasts at most, counted from the sign-in.
    pub lifetime: Duration,
    /// How long one lasts that nobody uses, if that is limited.
    pub idle: Option<Duration>,
    /// The header (lower case) in which a program may send the text of the cookie, if there is one.
    pub header: Option<String>,
}

/// How our cookies look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSettings {
    /// The name, to which the prefix and the suffixes come.
    pub name: String,
    /// The domain whose hosts share the session; without one, each host has its own.
    pub domain: Option<String>,
    /// Whether the session travels with requests that other sites cause.
    pub same_site: SameSite,
    /// Whether `__Host-` or `__Secure-` comes before the name, with which browsers keep others from writing the cookie.
    pub prefix: bool,
    /// Without `Secure`, for plain HTTP on a loopback host.
    pub insecure: bool,
}

/// Why cookies cannot be made so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCookie {
    /// The domain is not a host name.
    Domain,
    /// The name is empty, longer than 64, has other characters than letters, digits, `-`, `.` and `_`, or could be
    /// confused with a prefix or a suffix of ours.
    Name,
    /// `SameSite=None` without `Secure`.
    NoneInsecure,
}

/// What one of our cookies is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A login attempt.
    Attempt,
    /// The mark of a sign-in that has just completed.
    Landed,
    /// This piece of a session.
    Chunk(usize),
    /// A number that no piece has.
    Stray,
}

impl CookieSettings {
    /// These settings, if browsers will keep such cookies and no two of ours are confused.
    pub fn new(name: String, domain: Option<String>, same_site: SameSite, insecure: bool) -> Result<Self, BadCookie> {
        if !is_good_name(&name) {
            return Err(BadCookie::Name);
        }
        if !domain.as_deref().is_none_or(is_host_name) {
            return Err(BadCookie::Domain);
        }
        if insecure && same_site == SameSite::None {
            return Err(BadCookie::NoneInsecure);
        }
        Ok(Self { name, domain, same_site, prefix: true, insecure })
    }

    /// The name of a session's first cookie, which is the only one unless it is large.
    pub fn session_name(&self) -> String {
        format!("{}{}", self.prefix(), self.name)
    }

    /// The attributes of session cookies.
    pub fn attributes(&self) -> CookieAttributes {
        CookieAttributes { domain: self.domain.clone(), same_site: self.same_site, secure: !self.insecure }
    }

    /// Whether the upstream must not see a cookie of this name.
    pub fn owns(&self, cookie_name: &[u8]) -> bool {
        self.kind(cookie_name).is_some()
    }

    /// `Strict` cookies do not come back with the provider's redirect, so attempts are `Lax` then.
    pub(super) fn attempt_attributes(&self) -> CookieAttributes {
        let same_site = match self.same_site {
            SameSite::Strict => SameSite::Lax,
            same_site => same_site,
        };
        CookieAttributes { same_site, ..self.attributes() }
    }

    /// The name of a session's cookie by its position.
    pub(super) fn chunk_name(&self, index: usize) -> String {
        match index {
            0 => self.session_name(),
            _ => format!("{}_{index}", self.session_name()),
        }
    }

    /// The name of the attempt with this `state`, which need not be one of ours.
    pub(super) fn attempt_name(&self, state: &str) -> String {
        let digest = Sha256::digest(state.as_bytes());
        let short = digest.get(..DIGEST_BYTES).unwrap_or_default();
        format!("{}{ATTEMPT}{}", self.session_name(), BASE64_URL_SAFE_NO_PAD.encode(short))
    }

    /// The name of the mark that a sign-in has just completed.
    pub(super) fn landed_name(&self) -> String {
        format!("{}{LANDED}", self.session_name())
    }

    /// What a cookie of this name is, if it is ours.
    pub(super) fn kind(&self, cookie_name: &[u8]) -> Option<Kind> {
        let suffix = cookie_name.strip_prefix(self.prefix().as_bytes())?.strip_prefix(self.name.as_bytes())?;
        if suffix.is_empty() {
            return Some(Kind::Chunk(0));
        }
        if suffix == LANDED.as_bytes() {
            return Some(Kind::Landed);
        }
        if suffix.starts_with(ATTEMPT.as_bytes()) {
            return Some(Kind::Attempt);
        }
        let number = suffix.strip_prefix(b"_")?;
        match number {
            // One digit is all that the writer writes: a huge number is never even read.
            [digit @ b'1'..=b'9'] => {
                let index = usize::from(digit.saturating_sub(b'0'));
                Some(if index < MOST_CHUNKS { Kind::Chunk(index) } else { Kind::Stray })
            }
            [_, ..] if number.len() <= MOST_DIGITS && number.iter().all(u8::is_ascii_digit) => Some(Kind::Stray),
            _ => None,
        }
    }

    /// A name of ours as text that a Set-Cookie may say again; `None` for one that nobody but an attacker would make.
    pub(super) fn deletable(&self, cookie_name: &[u8]) -> Option<String> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let longest = self.prefix().len().saturating_add(self.name.len()).saturating_add(LONGEST_SUFFIX);
        if cookie_name.len() > longest || !cookie_name.iter().all(plain) {
            return None;
        }
        str::from_utf8(cookie_name).ok().map(str::to_owned)
    }

    const fn prefix(&self) -> &'static str {
        match (self.prefix && !self.insecure, &self.domain) {
            (false, _) => "",
            (true, Some(_)) => "__Secure-",
            (true, None) => "__Host-",
        }
    }
}

impl Default for CookieSettings {
    fn default() -> Self {
        let name = String::from("edge_oidc");
        Self { name, domain: None, same_site: SameSite::Lax, prefix: true, insecure: false }
    }
}

fn is_good_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let numbered = |(_, end): (&str, &str)| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with("__")
        && !name.contains(ATTEMPT)
        && !name.ends_with(LANDED)
        && !name.rsplit_once('_').is_some_and(numbered)
}

fn is_host_name(domain: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    domain.len() <= 253 && domain.split('.').all(label)
}

impl fmt::Display for BadCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => "the cookie domain must be a host name in lower case, without a dot in front",
            Self::Name => {
                "the cookie name must be 1 to 64 letters, digits, `-`, `.` or `_`, and neither begin with `__`, \
                 nor hold `_a_`, nor end in `_landed` or in `_` and a number"
            }
            Self::NoneInsecure => "browsers refuse a cookie with `SameSite=None` that is not `Secure`",
        })
    }
}

impl std::error::Error for BadCookie {}

const ATTEMPT: &str = "_a_";
/// What follows the name in the mark of a completed sign-in.
const LANDED: &str = "_landed";

/// 128 bits: nobody finds two states with one name.
const DIGEST_BYTES: usize = 16;

const LONGEST_NAME: usize = 64;

/// A stray spoils the session until it is deleted, so one whose name is too long to say again is none of ours.
const MOST_DIGITS: usize = 20;

/// `_a_` and 22 characters, with some room.
const LONGEST_SUFFIX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Result<CookieSettings, BadCookie> {
        CookieSettings::new(name.to_owned(), None, SameSite::Lax, false)
    }

    #[test]
    fn the_prefix_follows_domain_and_transport() {
        let settings = CookieSettings::default();
        assert_eq!(settings.session_name(), "__Host-edge_oidc");
        let shared = CookieSettings { domain: Some("example.com".into()), ..settings.clone() };
        assert_eq!(shared.session_name(), "__Secure-edge_oidc");
        assert_eq!(CookieSettings { insecure: true, ..shared.clone() }.session_name(), "edge_oidc");
        for bare in [CookieSettings { prefix: false, ..shared }, CookieSettings { prefix: false, ..settings }] {
            assert_eq!((bare.session_name().as_str(), bare.attributes().secure), ("edge_oidc", true));
        }
    }

    #[test]
    fn ours_are_sessions_their_pieces_and_attempts() {
        let settings = CookieSettings::default();
        let kinds = |name: &str| settings.kind(name.as_bytes());
        assert_eq!(kinds("__Host-edge_oidc"), Some(Kind::Chunk(0)));
        assert_eq!(kinds("__Host-edge_oidc_7"), Some(Kind::Chunk(7)));
        for stray in ["_0", "_8", "_9", "_01", "_99999999999999999999"] {
            assert_eq!(kinds(&format!("__Host-edge_oidc{stray}")), Some(Kind::Stray), "{stray}");
        }
        assert_eq!(kinds("__Host-edge_oidc_a_"), Some(Kind::Attempt));
        assert_eq!(settings.kind(settings.attempt_name("x").as_bytes()), Some(Kind::Attempt));
    }

    #[test]
    fn an_application_keeps_cookies_with_similar_names() {
        let settings = CookieSettings::default();
        for name in [
            "edge_oidc",
            "__Secure-edge_oidc",
            "__host-edge_oidc",
            "__Host-edge_oidc_",
            "__Host-edge_oidc_x",
            "__Host-edge_oidc_1x",
            "__Host-edge_oidc2",
            "__Host-edge_oidc_111111111111111111111",
            "..Host-edge_oidc",
            "",
        ] {
            assert!(!settings.owns(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn an_attempt_is_named_by_its_state() {
        let settings = CookieSettings::default();
        assert_eq!(settings.attempt_name("state"), "__Host-edge_oidc_a_S6aXNcpTdl7WpwnttWxuog");
        assert_ne!(settings.attempt_name("state"), settings.attempt_name("State"));
    }

    #[test]
    fn names_that_could_be_confused_are_refused() {
        for good in ["edge_oidc", "a", "_", "oidc2", "sso.x-y"] {
            assert!(named(good).is_ok(), "{good}");
        }
        for bad in ["", "a_1", "a_a_b", "__Host-a", "a=b", "a;b", "a b", "é", &"a".repeat(65)] {
            assert_eq!(named(bad), Err(BadCookie::Name), "{bad}");
        }
    }

    #[test]
    fn a_domain_is_a_host_name() {
        let on = |domain: &str| CookieSettings::new("a".into(), Some(domain.into()), SameSite::Lax, false);
        assert!(on("apps.example.com").is_ok());
        for bad in ["", ".example.com", "Example.com", "a..b", "a.com; Secure", "a.com:80", &"a".repeat(64)] {
            assert_eq!(on(bad), Err(BadCookie::Domain), "{bad}");
        }
    }

    #[test]
    fn same_site_none_needs_tls() {
        let none = |insecure| CookieSettings::new("a".into(), None, SameSite::None, insecure);
        assert_eq!(none(true), Err(BadCookie::NoneInsecure));
        assert!(none(false).is_ok());
    }

    #[test]
    fn strict_sessions_have_lax_attempts() {
        let strict = CookieSettings { same_site: SameSite::Strict, ..CookieSettings::default() };
        assert_eq!(strict.attributes().same_site, SameSite::Strict);
        assert_eq!(strict.attempt_attributes().same_site, SameSite::Lax);
    }
}
