//! The conditions of a rule, as `match` of rules of ours.
//!
//! Decides what can be said exactly. What becomes of a rule that cannot is decided in `routes`.

use super::{
    paths::{Path, escaped},
    rule::Conditions,
    yaml::Tree,
};
use crate::policy::{HostPattern, PathPattern};

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
        if matches!(path, Path::Regex(_)) && pattern.trim_start_matches('/').starts_with('*') {
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
        let path = match parse(pattern) {
            Path::Exact(path) if below(&path) => continue,
            Path::StrictlyBelow(path) if has(&path) => Path::Below(path),
            path => path,
        };
        paths.push((pattern.clone(), path));
    }
    paths
}

/// What a pattern means: `*` is any run of characters, `?` any one, and all of the path must fit.
fn parse(pattern: &str) -> Path {
    if !pattern.starts_with(['/', '*', '?']) {
        return Path::Nothing;
    }
    if matches!(pattern, "*" | "/*") {
        return Path::Any;
    }
    let is_wild = |text: &str| text.contains(['*', '?']);
    if !is_wild(pattern) {
        return Path::exact(pattern);
    }
    match pattern.strip_suffix("/*") {
        Some(start) if !is_wild(start) && PathPattern::prefix(start).is_ok() => Path::StrictlyBelow(start.to_owned()),
        _ => Path::Regex(escaped(pattern).replace("\\*", ".*").replace("\\?", ".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_means_to_the_load_balancer() {
        let exact = |path: &str| Path::Exact(path.to_owned());
        assert_eq!(parse("/login"), exact("/login"));
        assert_eq!(parse("/*"), Path::Any);
        assert_eq!(parse("*"), Path::Any);
        assert_eq!(parse("/img/*"), Path::StrictlyBelow("/img".to_owned()));
        assert_eq!(parse("/img*"), Path::Regex("/img.*".to_owned()));
        assert_eq!(parse("*.css"), Path::Regex(r".*\.css".to_owned()));
        assert_eq!(parse("/v?/$a+b(c)/*"), Path::Regex(r"/v./\$a\+b\(c\)/.*".to_owned()));
        assert_eq!(parse("img/*"), Path::Nothing);
    }

    #[test]
    fn a_path_and_all_below_it_are_one() {
        let patterns = ["/a/*", "/b", "/a", "/c/*"].map(str::to_owned);
        let paths: Vec<_> = paths(&patterns).into_iter().map(|(_, path)| path).collect();
        let expected = [Path::Below("/a".into()), Path::Exact("/b".into()), Path::StrictlyBelow("/c".into())];
        assert_eq!(paths, expected);
    }
}
