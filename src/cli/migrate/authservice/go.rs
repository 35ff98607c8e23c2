//! Values as authservice read them: Go's booleans and integers, its lists, and URLs that may be relative.
//!
//! Decides what a text is worth there. An empty text is a value like any other, and is none of these.

use url::Url;

/// `strconv.ParseBool`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// `strconv.ParseInt` with base 0: `86400`, `0x15180`, `0o250600`, `0250600`, `0b1`, `86_400`.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)];
    let prefixed = prefixed.into_iter().find_map(|(prefix, base)| Some((lower.strip_prefix(prefix)?, base)));
    let (body, base, after_prefix) = match prefixed {
        Some((body, base)) => (body, base, true),
        None if lower.len() > 1 && lower.starts_with('0') => (lower.strip_prefix('0')?, 8, true),
        None => (lower.as_str(), 10, false),
    };
    // An underscore stands between digits, or between the prefix and a digit.
    let body = body.strip_prefix('_').filter(|_| after_prefix).unwrap_or(body);
    let misplaced = body.is_empty() || body.starts_with(['_', '+', '-']) || body.ends_with('_') || body.contains("__");
    let number = i64::from_str_radix(&body.replace('_', ""), base).ok().filter(|_| !misplaced)?;
    if negative { number.checked_neg() } else { Some(number) }
}

/// The elements of a list, trimmed, without empty ones. authservice took commas in one dialect and spaces in another.
pub(super) fn list(text: &str) -> Vec<&str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|element| !element.is_empty()).collect()
}

/// The elements between commas, as they stand.
pub(super) fn raw_list(text: &str) -> Vec<&str> {
    text.split(',').collect()
}

/// What `url.Parse` takes: an absolute URL, or a part of one.
pub(super) struct Reference {
    /// The URL, if it is absolute.
    pub(super) absolute: Option<Url>,
    /// Its path; empty if there is none.
    pub(super) path: String,
    /// Path and query as they are written.
    pub(super) path_and_query: String,
}

impl Reference {
    /// None for what Go refuses.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.chars().any(|c| c.is_control() || c == ' ') {
            return None;
        }
        let scheme = text.split_once("://").filter(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()));
        let absolute = match scheme {
            Some(_) => Some(Url::parse(text).ok()?),
            None => None,
        };
        let rest = scheme.map_or(text, |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default());
        let path_and_query = rest.split('#').next().unwrap_or_default().to_owned();
        let path = path_and_query.split('?').next().unwrap_or_default().to_owned();
        Some(Self { absolute, path, path_and_query })
    }
}

/// `path.Join`, for a path that begins with `/`.
pub(super) fn join(prefix: &str, suffix: &str) -> String {
    let mut segments = Vec::new();
    for segment in prefix.split('/').chain(suffix.split('/')) {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        for (text, value) in [("1", Some(true)), ("True", Some(true)), ("F", Some(false)), ("0", Some(false))] {
            assert_eq!(boolean(text), value, "{text}");
        }
        for text in ["", "on", "yes", "tRUE", " true", "2"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }

    #[test]
    fn integers_are_those_of_go() {
        let good = [
            ("86400", 86400),
            ("0x10", 16),
            ("0X1_0", 16),
            ("0b1", 1),
            ("0o17", 15),
            ("017", 15),
            ("0_17", 15),
            ("1_000", 1000),
            ("0", 0),
            ("-1", -1),
            ("+5", 5),
            ("0x_1F", 31),
        ];
        for (text, value) in good {
            assert_eq!(integer(text), Some(value), "{text}");
        }
        for text in ["", "08", "1__0", "_1", "1_", "0x", "0x1_", "1h", "1.5", "--1", "\"8080\"", "99999999999999999999"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    // M-4
    #[test]
    fn lists_have_commas_or_spaces() {
        assert_eq!(list("profile email groups"), ["profile", "email", "groups"]);
        assert_eq!(list(" a, b,,c "), ["a", "b", "c"]);
        assert_eq!(raw_list("x, team-a,"), ["x", " team-a", ""]);
    }

    // M-6
    #[test]
    fn urls_may_be_relative() {
        let parts = |text: &str| {
            Reference::parse(text).map(|it| (it.absolute.is_some(), it.path.clone(), it.path_and_query.clone()))
        };
        let part = |absolute, path: &str, all: &str| Some((absolute, path.to_owned(), all.to_owned()));
        assert_eq!(parts("/dex/auth?x=1"), part(false, "/dex/auth", "/dex/auth?x=1"));
        assert_eq!(parts("https://a.example/b?c#d"), part(true, "/b", "/b?c"));
        assert_eq!(parts("https://a.example"), part(true, "", ""));
        assert_eq!(parts(""), part(false, "", ""));
        assert_eq!((parts("/a b"), parts("https://")), (None, None));
    }

    #[test]
    fn paths_are_joined_and_cleaned() {
        assert_eq!(join("/authservice/", "oidc/callback"), "/authservice/oidc/callback");
        assert_eq!(
            (join("/a//b/../c", "./d"), join("", "x"), join("/", "")),
            ("/a/c/d".into(), "/x".into(), "/".into())
        );
    }
}
