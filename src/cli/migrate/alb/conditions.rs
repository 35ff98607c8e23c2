//! The conditions of a rule, as `match` of rules of ours.
//!
//! Decides what can be said exactly. What becomes of a rule that cannot is decided in `routes`.

use super::{rule::Conditions, yaml::Tree};
use crate::policy::{HostPattern, PathPattern};

/// A path, as the load balancer writes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Every path.
    Any,
    /// This path, and all below it.
    Below(String),
    /// This path alone.
    Exact(String),
    /// No path that there is.
    Nothing,
    /// What is below this path, and not the path itself.
    StrictlyBelow(String),
    /// What a regular expression says.
    Wild(String),
}

/// What the conditions come to.
pub(super) struct Matches {
    /// One `match` for each path; an empty one is everything. None if no path is left.
    pub(super) trees: Vec<Tree>,
    /// What had to be left out of them, in words: they match more than the conditions.
    pub(super) left_out: Vec<String>,
    /// Patterns that match no path at all.
    pub(super) dead: Vec<String>,
    /// Patterns that begin with any path.
    pub(super) loose: Vec<String>,
}

/// Each condition, as far as it can be said.
pub(super) fn matches(conditions: &Conditions) -> Matches {
    let mut left_out = conditions.others.clone();
    let hosts = hosts(&conditions.hosts, &mut left_out);
    let methods = methods(&conditions.methods, &mut left_out);
    let (mut dead, mut loose) = (Vec::new(), Vec::new());
    let mut trees = Vec::new();
    for (pattern, path) in paths(&conditions.paths) {
        if path == Path::Nothing {
            dead.push(pattern);
            continue;
        }
        if matches!(path, Path::Wild(_)) && pattern.trim_start_matches('/').starts_with('*') {
            loose.push(pattern);
        }
        let mut tree = Tree::map();
        tree = tree.with_some("hosts", hosts.clone()).with_some("methods", methods.clone());
        trees.push(path.onto(tree));
    }
    if conditions.paths.is_empty() {
        trees.push(Tree::map().with_some("hosts", hosts).with_some("methods", methods));
    }
    Matches { trees, left_out, dead, loose }
}

fn hosts(hosts: &[String], left_out: &mut Vec<String>) -> Option<Tree> {
    if hosts.is_empty() || hosts.iter().any(|host| host == "*") {
        return None;
    }
    let lower: Vec<_> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    if let Some(wild) = lower.iter().find(|host| HostPattern::parse(host).is_err()) {
        left_out.push(format!("the host `{wild}`"));
        return None;
    }
    Some(Tree::list(lower.into_iter().map(Tree::from)))
}

fn methods(methods: &[String], left_out: &mut Vec<String>) -> Option<Tree> {
    if methods.is_empty() {
        return None;
    }
    let is_plain =
        |method: &String| !method.is_empty() && method.chars().all(|c| c.is_ascii_uppercase() || c == '-' || c == '_');
    if !methods.iter().all(is_plain) {
        left_out.push("the method".to_owned());
        return None;
    }
    Some(Tree::list(methods.iter().map(|method| method.as_str().into())))
}

/// Each pattern and what it means; `/a` beside `/a/*` is one.
fn paths(patterns: &[String]) -> Vec<(String, Path)> {
    let below = |path: &str| patterns.iter().any(|other| other.strip_suffix("/*") == Some(path));
    let has = |path: &str| patterns.iter().any(|other| other == path);
    let mut paths = Vec::new();
    for pattern in patterns {
        let path = match Path::parse(pattern) {
            Path::Exact(path) if below(&path) => continue,
            Path::StrictlyBelow(path) if has(&path) => Path::Below(path),
            path => path,
        };
        paths.push((pattern.clone(), path));
    }
    paths
}

impl Path {
    /// What a pattern means: `*` is any run of characters, `?` any one, and all of the path must fit.
    pub(super) fn parse(pattern: &str) -> Self {
        if !pattern.starts_with(['/', '*', '?']) {
            return Self::Nothing;
        }
        if matches!(pattern, "*" | "/*") {
            return Self::Any;
        }
        let is_wild = |text: &str| text.contains(['*', '?']);
        if !is_wild(pattern) && PathPattern::exact(pattern).is_ok() {
            return Self::Exact(pattern.to_owned());
        }
        match pattern.strip_suffix("/*") {
            Some(start) if !is_wild(start) && PathPattern::prefix(start).is_ok() => {
                Self::StrictlyBelow(start.to_owned())
            }
            _ => Self::Wild(pattern.chars().fold(String::new(), |expression, c| match c {
                '*' => expression + ".*",
                '?' => expression + ".",
                c => expression + &regex_syntax_escape(c),
            })),
        }
    }

    fn onto(self, tree: Tree) -> Tree {
        match self {
            Self::Any | Self::Nothing => tree,
            Self::Below(path) => tree.with("path", Tree::map().with("prefix", path)),
            Self::Exact(path) => tree.with("path", Tree::map().with("exact", path)),
            Self::StrictlyBelow(path) => {
                let itself = Tree::map().with("path", Tree::map().with("exact", path.as_str()));
                tree.with("path", Tree::map().with("prefix", path)).with("not", itself)
            }
            Self::Wild(expression) => tree.with("path", Tree::map().with("regex", expression)),
        }
    }
}

/// A character that stands for itself in a regular expression.
fn regex_syntax_escape(c: char) -> String {
    match c.is_ascii_punctuation()
        && !matches!(
            c,
            '/' | '-' | '_' | '~' | '"' | '\'' | '@' | ':' | '&' | '%' | '=' | ',' | ';' | '!' | '<' | '>' | '`' | '#'
        ) {
        true => format!("\\{c}"),
        false => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_means_to_the_load_balancer() {
        let exact = |path: &str| Path::Exact(path.to_owned());
        assert_eq!(Path::parse("/login"), exact("/login"));
        assert_eq!(Path::parse("/*"), Path::Any);
        assert_eq!(Path::parse("*"), Path::Any);
        assert_eq!(Path::parse("/img/*"), Path::StrictlyBelow("/img".to_owned()));
        assert_eq!(Path::parse("/img*"), Path::Wild("/img.*".to_owned()));
        assert_eq!(Path::parse("*.css"), Path::Wild(r".*\.css".to_owned()));
        assert_eq!(Path::parse("/v?/$a+b(c)/*"), Path::Wild(r"/v./\$a\+b\(c\)/.*".to_owned()));
        assert_eq!(Path::parse("img/*"), Path::Nothing);
    }

    #[test]
    fn a_path_and_all_below_it_are_one() {
        let patterns = ["/a/*", "/b", "/a", "/c/*"].map(str::to_owned);
        let paths: Vec<_> = paths(&patterns).into_iter().map(|(_, path)| path).collect();
        let expected = [Path::Below("/a".into()), Path::Exact("/b".into()), Path::StrictlyBelow("/c".into())];
        assert_eq!(paths, expected);
    }
}
