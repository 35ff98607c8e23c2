//! The cookies of a request as bytes, and the text of a Set-Cookie.
//!
//! Decides how a Cookie line splits into cookies (RFC 6265 section 5.4, as browsers write it), what the upstream gets
//! when some of them are taken out, and how a cookie is set and deleted. Which cookies are ours, and what they mean, is
//! left to `session`, and so is that names and values hold nothing that would need quoting: ours are base64url.

use std::{fmt, time::Duration};

/// Every cookie of every Cookie line of a request, in order, exactly as it was sent.
#[derive(Clone, Default)]
pub struct Cookies {
    lines: Vec<Vec<u8>>,
}

/// When a browser sends a cookie with a request that another site caused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Only with top-level navigations by a safe method.
    #[default]
    Lax,
    /// Always; browsers demand `Secure` with it.
    None,
    /// Never.
    Strict,
}

/// What is said of a cookie beside its name and value; `Path=/` and `HttpOnly` are always said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieAttributes {
    /// The domain whose hosts get it; without one, only the host that set it does.
    pub domain: Option<String>,
    /// Whether it travels with requests that other sites cause.
    pub same_site: SameSite,
    /// Whether it travels over TLS only.
    pub secure: bool,
}

impl Cookies {
    /// The cookies of these header values. Any bytes will do: what is no cookie is kept, and named by nothing.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        Self { lines: lines.map(<[u8]>::to_vec).collect() }
    }

    /// Name and value of every piece that has a `=`, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.iter().flat_map(|line| pieces(line)).filter_map(|piece| {
            let value = piece.splitn(2, |byte| *byte == b'=').nth(1)?;
            Some((name_of(piece), trim(value)))
        })
    }

    /// The values of every cookie called exactly `name`, in order.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.pairs().filter(move |(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
    }

    /// These cookies and no others, one on each line.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&[u8]) -> bool) -> Self {
        let pairs = self.pairs().filter(|(name, _)| wanted(name));
        Self { lines: pairs.map(|(name, value)| [name, value].join(&b'=')).collect() }
    }

    /// How many bytes they take.
    pub fn size(&self) -> usize {
        self.lines.iter().map(Vec::len).sum()
    }

    /// The Cookie lines without `ours`, all other cookies byte-identical and in order. `None`: nothing of ours was
    /// there, so the lines stay as they are. An empty list: nothing else was there, so the header goes.
    pub fn without(&self, ours: impl Fn(&[u8]) -> bool) -> Option<Vec<Vec<u8>>> {
        let holds_ours = |line: &Vec<u8>| pieces(line).any(|piece| ours(name_of(piece)));
        if !self.lines.iter().any(holds_ours) {
            return None;
        }
        let rest = |line: &Vec<u8>| if holds_ours(line) { rest_of(line, &ours) } else { Some(line.clone()) };
        Some(self.lines.iter().filter_map(rest).collect())
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookies({} lines, redacted)", self.lines.len())
    }
}

impl SameSite {
    /// As a Set-Cookie spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::None => "None",
            Self::Strict => "Strict",
        }
    }
}

/// The Set-Cookie value that sets `name` to `value` for `max_age`.
pub fn set_cookie(name: &str, value: &str, attributes: &CookieAttributes, max_age: Duration) -> String {
    write_cookie(name, value, attributes, format_args!("Max-Age={}", max_age.as_secs()))
}

/// The Set-Cookie value that deletes `name`: a browser only replaces a cookie by one with the same attributes.
pub fn delete_cookie(name: &str, attributes: &CookieAttributes) -> String {
    write_cookie(name, "", attributes, format_args!("Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"))
}

fn write_cookie(name: &str, value: &str, attributes: &CookieAttributes, age: fmt::Arguments<'_>) -> String {
    let domain = attributes.domain.as_ref().map(|domain| format!("; Domain={domain}")).unwrap_or_default();
    let secure = if attributes.secure { "; Secure" } else { "" };
    let same_site = attributes.same_site.as_str();
    format!("{name}={value}; Path=/{domain}; {age}{secure}; HttpOnly; SameSite={same_site}")
}

fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b';')
}

/// The name of a piece; all of it where it has no `=`, since some upstreams read that as a name.
fn name_of(piece: &[u8]) -> &[u8] {
    trim(piece.split(|byte| *byte == b'=').next().unwrap_or_default())
}

/// What is left of a line that holds one of ours, if a cookie is.
fn rest_of(line: &[u8], ours: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let kept: Vec<&[u8]> = pieces(line).filter(|piece| !ours(name_of(piece))).collect();
    let holds_a_cookie = kept.iter().any(|piece| !trim(piece).is_empty());
    holds_a_cookie.then(|| trim(&kept.join(&b';')).to_vec())
}

fn trim(bytes: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(|byte| !is_space(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last.saturating_add(1));
    bytes.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(lines: &[&str]) -> Cookies {
        Cookies::parse(lines.iter().map(|line| line.as_bytes()))
    }

    fn without(lines: &[&str]) -> Option<Vec<String>> {
        let rest = cookies(lines).without(|name| name == b"ours")?;
        Some(rest.into_iter().map(|line| String::from_utf8(line).unwrap()).collect())
    }

    #[test]
    fn every_value_of_a_name_is_found_in_order_across_lines() {
        let cookies = cookies(&["a=1; b=2;a=3", "c=;  a = 4=5 ", "d; =6"]);
        assert_eq!(cookies.named("a").collect::<Vec<_>>(), [&b"1"[..], b"3", b"4=5"]);
        assert_eq!(cookies.named("c").collect::<Vec<_>>(), [b""]);
        assert_eq!(cookies.named("d").count(), 0);
        assert_eq!(cookies.named("").collect::<Vec<_>>(), [b"6"]);
    }

    #[test]
    fn names_are_case_sensitive() {
        assert_eq!(cookies(&["A=1"]).named("a").count(), 0);
    }

    #[test]
    fn lines_without_ours_stay_as_they_are() {
        assert_eq!(without(&["a=1;;  b", "c=\"x"]), None);
        assert_eq!(without(&[]), None);
        assert_eq!(without(&["Ours=1; xours=2; ours2=3; a=ours=4"]), None);
    }

    #[test]
    fn ours_are_cut_out_and_all_else_is_byte_identical() {
        let cut = |line: &str| without(&[line]).unwrap();
        assert_eq!(cut("ours=1; a=1"), ["a=1"]);
        assert_eq!(cut("a=1; ours=1"), ["a=1"]);
        assert_eq!(cut("a=1;ours=1;  b=\"2\" ;; c"), ["a=1;  b=\"2\" ;; c"]);
        assert_eq!(cut("a=\"1; ours=2; 3\""), ["a=\"1; 3\""]);
        assert_eq!(cut("a=1; ours; b=2"), ["a=1; b=2"]);
        assert_eq!(cut("a=1;\tours = 1; a=1"), ["a=1; a=1"]);
    }

    #[test]
    fn a_line_with_nothing_else_goes() {
        assert_eq!(without(&["ours=1; ours=2;; "]).unwrap(), Vec::<String>::new());
        assert_eq!(without(&["a=1", "ours=1", " b=2 "]).unwrap(), ["a=1", " b=2 "]);
    }

    #[test]
    fn debug_shows_no_cookie() {
        assert_eq!(format!("{:?}", cookies(&["a=hunter2"])), "Cookies(1 lines, redacted)");
    }
}
