//! Regular expressions over paths, as oauth2-proxy looked for them: Go's syntax, found anywhere in the path unless they are
//! anchored.
//!
//! Decides which of ours mean the same paths and no more, and which open more than they seem to.

use crate::policy::WholeRegex;

/// Paths that an expression means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Paths {
    /// This one.
    Exact(String),
    /// This one and all below it, in whole segments.
    Prefix(String),
    /// Those that this expression matches as a whole.
    Regex(String),
}

/// Why an expression is not taken for a rule that opens something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loose {
    /// It is found in every path.
    Everything,
    /// It has no `^`, so that it opens whatever holds it: `/admin/x.css`.
    NoBeginning,
    /// It ends within a segment and has no `$`: `/apis` is open, too, by `^/api`.
    NoEnd,
    /// It looks for a query, which is no part of the path.
    Query,
}

/// One alternative of an expression, without its anchors.
struct Piece<'a> {
    begins: bool,
    ends: bool,
    body: &'a str,
}

impl Paths {
    /// The paths that an expression opens, an element for each alternative; or why it opens more than it seems to.
    ///
    /// # Errors
    /// [`Loose`] says why, of the first alternative that does.
    pub(super) fn opened(expression: &str) -> Result<Vec<Self>, Loose> {
        pieces(expression).iter().map(Piece::opened).collect()
    }

    /// The paths that an expression is found in, whatever they are.
    pub(super) fn found(expression: &str) -> Vec<Self> {
        let found = |piece: &Piece<'_>| piece.opened().unwrap_or_else(|_| Self::Regex(piece.whole()));
        pieces(expression).iter().map(found).collect()
    }

    /// One expression for all paths that this one is found in.
    pub(super) fn whole(expression: &str) -> String {
        let pieces: Vec<_> = pieces(expression).iter().map(Piece::whole).collect();
        pieces.join("|")
    }
}

impl Piece<'_> {
    fn opened(&self) -> Result<Paths, Loose> {
        let body = self.body;
        if matches!(body, "" | "/" | ".*" | "/.*" | ".+" | "(.*)" | "/(.*)")
            && !(body == "/" && self.begins && self.ends)
        {
            return Err(Loose::Everything);
        }
        if body.contains("\\?") || body.contains('#') {
            return Err(Loose::Query);
        }
        if opens_anything(&self.whole()) && !literal(body).is_some_and(|path| self.ends || path.len() > 1) {
            return Err(Loose::Everything);
        }
        if !self.begins || begins_with_anything(body) {
            return Err(Loose::NoBeginning);
        }
        // With `$` after it `(/|$)` is one slash at most.
        let tails: &[&str] = if self.ends { &BELOW } else { &ANYTHING_BELOW };
        let directory = tails.iter().find_map(|tail| literal(body.strip_suffix(tail)?)).filter(|path| path.len() > 1);
        if let Some(path) = directory {
            return Ok(Paths::Prefix(path));
        }
        match (self.ends, literal(body)) {
            (true, Some(path)) => Ok(Paths::Exact(path)),
            (false, Some(_)) => Err(Loose::NoEnd),
            (false, None) if !body.ends_with(['/']) && !ends_in_anything(body) && !body.ends_with("(/|$)") => {
                Err(Loose::NoEnd)
            }
            (_, None) => Ok(Paths::Regex(self.whole())),
        }
    }

    /// As an expression that the whole path matches.
    fn whole(&self) -> String {
        let body = self.body.strip_suffix("(/|$)").filter(|_| !self.ends).map(|body| format!("{body}(/.*)?"));
        let is_boundary = body.is_some();
        let body = body.unwrap_or_else(|| self.body.to_owned());
        let before = if self.begins || body.starts_with(".*") { "" } else { ".*" };
        let behind = if self.ends || is_boundary || ends_in_anything(&body) { "" } else { ".*" };
        format!("{before}{body}{behind}")
    }
}

/// Whether an expression over whole paths takes those that nobody means.
fn opens_anything(whole: &str) -> bool {
    WholeRegex::parse(whole).is_ok_and(|regex| NOBODYS.iter().all(|path| regex.matches(path)))
}

/// Whether any number of segments may stand at the beginning: `/.*`, `(.*)/`, `/[^?]+`.
fn begins_with_anything(body: &str) -> bool {
    let Some(rest) = inside(body).strip_prefix('/').map(inside) else { return true };
    let end = match rest.chars().next() {
        Some('.') => Some(1),
        Some('\\') => rest.char_indices().nth(2).map(|(at, _)| at),
        Some('[') => rest.char_indices().skip(2).find(|(_, c)| *c == ']').map(|(at, _)| at.saturating_add(1)),
        _ => None,
    };
    let Some((atom, behind)) = end.and_then(|end| rest.split_at_checked(end)) else { return false };
    behind.trim_start_matches(')').starts_with(['*', '+', '{'])
        && WholeRegex::parse(atom).is_ok_and(|atom| atom.matches("/"))
}

/// What stands behind the parentheses that open at the beginning.
fn inside(body: &str) -> &str {
    let Some(rest) = body.strip_prefix('(') else { return body };
    let flags = rest.strip_prefix('?').and_then(|rest| rest.split_once([':', ')']));
    inside(flags.map_or(rest, |(_, rest)| rest))
}

/// Whether any number of any characters may stand at the end. `\.*` is dots.
fn ends_in_anything(body: &str) -> bool {
    body.strip_suffix(".*").is_some_and(|rest| !rest.ends_with('\\'))
}

/// The alternatives at the outermost level.
fn pieces(expression: &str) -> Vec<Piece<'_>> {
    let mut starts = vec![0];
    let (mut depth, mut is_escaped, mut is_class) = (0_usize, false, false);
    for (at, c) in expression.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ']' if is_class => is_class = false,
            '[' => is_class = true,
            '(' if !is_class => depth = depth.saturating_add(1),
            ')' if !is_class => depth = depth.saturating_sub(1),
            '|' if depth == 0 && !is_class => starts.push(at.saturating_add(1)),
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).map(|start| start.saturating_sub(1)).chain([expression.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| expression.get(*start..end)).map(piece).collect()
}

fn piece(text: &str) -> Piece<'_> {
    let body = text.strip_prefix('^').or_else(|| text.strip_prefix("\\A"));
    let begins = body.is_some();
    let body = body.unwrap_or(text);
    let unescaped = |body: &str| body.chars().rev().take_while(|c| *c == '\\').count().is_multiple_of(2);
    let end = body.strip_suffix('$').filter(|rest| unescaped(rest)).or_else(|| body.strip_suffix("\\z"));
    Piece { begins, ends: end.is_some(), body: end.unwrap_or(body) }
}

/// The text that an expression is, if it is one: signs may be escaped, and a bare `.` between letters stands for itself, since
/// nothing else can have been meant.
fn literal(expression: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = expression.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(|c| c.is_ascii_punctuation())?),
            '.' if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) => return None,
            '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

/// Paths that no expression means but one that means all.
const NOBODYS: [&str; 2] = ["/zq7/zq7", "/admin/zq7.zq7"];
/// How expressions end that mean a directory: with `$` after them, and without.
const BELOW: [&str; 3] = ["(/.*)?", "(?:/.*)?", "/.*"];
const ANYTHING_BELOW: [&str; 7] = ["(/.*)?", "(?:/.*)?", "(/|$)", "(?:/|$)", "($|/)", "/.*", "/"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_paths_and_whole_segments_are_literals() {
        let exact = |path: &str| Ok(vec![Paths::Exact(path.to_owned())]);
        let prefix = |path: &str| Ok(vec![Paths::Prefix(path.to_owned())]);
        let cases = [
            ("^/healthz$", exact("/healthz")),
            ("^/$", exact("/")),
            ("^/robots\\.txt$", exact("/robots.txt")),
            ("^/robots.txt$", exact("/robots.txt")),
            ("\\A/a\\z", exact("/a")),
            ("^/dex/", prefix("/dex")),
            ("^/dex/.*", prefix("/dex")),
            ("^/dex/.*$", prefix("/dex")),
            ("^/dex(/|$)", prefix("/dex")),
            ("^/dex(/.*)?$", prefix("/dex")),
        ];
        for (expression, paths) in cases {
            assert_eq!(Paths::opened(expression), paths, "{expression}");
        }
    }

    #[test]
    fn what_opens_more_than_it_seems_is_none() {
        let cases = [
            ("", Loose::Everything),
            (".*", Loose::Everything),
            ("^/", Loose::Everything),
            ("^/.*$", Loose::Everything),
            ("/", Loose::Everything),
            ("^/a$|.*", Loose::Everything),
            ("/healthz", Loose::NoBeginning),
            ("\\.css$", Loose::NoBeginning),
            ("^.*/public/", Loose::NoBeginning),
            ("^/(?:.*)$", Loose::Everything),
            ("^/[\\s\\S]*$", Loose::Everything),
            ("^/[^?]*$", Loose::Everything),
            ("^/.{0,}$", Loose::Everything),
            ("^/.+/", Loose::Everything),
            ("^/(a|.*)$", Loose::Everything),
            ("^(.*)/public/", Loose::NoBeginning),
            ("^/.*\\.css$", Loose::NoBeginning),
            ("^/(?:[^?]+)/public/", Loose::NoBeginning),
            ("^/\\S+/public/", Loose::NoBeginning),
            ("^/api", Loose::NoEnd),
            ("^/v[0-9]+/public", Loose::NoEnd),
            ("^/a\\$", Loose::NoEnd),
            ("^/v[0-9]\\.*", Loose::NoEnd),
            ("^/a\\?x=1$", Loose::Query),
        ];
        for (expression, loose) in cases {
            assert_eq!(Paths::opened(expression), Err(loose), "{expression}");
        }
    }

    #[test]
    fn others_are_expressions_over_the_whole_path() {
        let regex = |text: &str| Paths::Regex(text.to_owned());
        assert_eq!(Paths::opened("^/v[0-9]+/public/"), Ok(vec![regex("/v[0-9]+/public/.*")]));
        assert_eq!(Paths::opened("^/static/.*\\.(css|js)$"), Ok(vec![regex("/static/.*\\.(css|js)")]));
        assert_eq!(Paths::opened("^/public.*"), Ok(vec![regex("/public.*")]));
        assert_eq!(Paths::opened("^/[a|b]$|^/c$"), Ok(vec![regex("/[a|b]"), Paths::Exact("/c".to_owned())]));
        assert_eq!(Paths::opened("^/v[0-9](/|$)"), Ok(vec![regex("/v[0-9](/.*)?")]));
        assert_eq!(Paths::found("/api/"), [regex(".*/api/.*")]);
        assert_eq!(Paths::found("^/ml_metadata"), [regex("/ml_metadata.*")]);
        assert_eq!(Paths::found("^/api/"), [Paths::Prefix("/api".to_owned())]);
        assert_eq!(Paths::whole("^/api/|/x$"), "/api/.*|.*/x");
        // Whatever stands in one segment.
        assert_eq!(Paths::opened("^/[^/]+/public$"), Ok(vec![regex("/[^/]+/public")]));
        assert_eq!(Paths::opened("^(?i)/public/.*"), Ok(vec![regex("(?i)/public/.*")]));
        // One slash at most, and dots: neither is whatever follows.
        assert_eq!(Paths::opened("^/a(/|$)$"), Ok(vec![regex("/a(/|$)")]));
        assert_eq!(Paths::whole("^/api\\.*"), "/api\\.*.*");
    }
}
