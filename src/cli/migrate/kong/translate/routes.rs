//! Kong's routes, as rules.
//!
//! Decides which paths a route means, in which order routes are looked at, and what becomes of those without a plugin.

use std::cmp::Reverse;

use serde_json::Value;

use super::super::{
    super::{manifest::list, yaml::Tree},
    input::{BY_LENGTH, Route},
};
use crate::policy::{HostPattern, PathPattern, WholeRegex};

/// A path of Kong's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// This path.
    Exact(String),
    /// Whatever the expression finds at the beginning.
    Regex(String),
    /// This path and all below it.
    Segments(String),
    /// Whatever begins with this text.
    Start(String),
}

/// What a route is for.
#[derive(Clone, Debug)]
pub(super) struct Matched {
    hosts: Vec<String>,
    methods: Vec<String>,
    path: Option<Path>,
    has_path: bool,
    by_length: bool,
    priority: i64,
    /// The port that its hosts are at.
    pub(super) port: Option<String>,
    /// Conditions that no rule can have.
    pub(super) others: Vec<&'static str>,
}

impl Path {
    fn parse(text: &str) -> Self {
        match (text.strip_prefix('='), text.strip_prefix('^'), text.strip_prefix('~')) {
            (Some(path), _, _) => Self::Exact(path.to_owned()),
            (_, Some(path), _) => Self::Segments(path.trim_end_matches('/').to_owned()),
            (_, _, Some(regex)) => Self::Regex(regex.to_owned()),
            _ => Self::Start(text.to_owned()),
        }
    }

    /// As a rule has it. `to_the_letter` where a rule behind this one would open what whole segments leave out.
    fn tree(&self, to_the_letter: bool) -> Result<Tree, String> {
        let pattern = |name: &str, text: &str| Tree::map().with(name, text);
        match self {
            Self::Exact(path) => Ok(pattern("exact", path)),
            Self::Segments(path) => Ok(pattern("prefix", path)),
            Self::Start(path) if path.ends_with('/') || to_the_letter => {
                Ok(pattern("regex", &format!("{}.*", escaped(path))))
            }
            Self::Start(path) => Ok(pattern("prefix", path)),
            Self::Regex(regex) => {
                let anchored = regex.strip_prefix('^').unwrap_or(regex);
                let end = anchored.strip_suffix('$').filter(|start| !start.contains('|') && !start.ends_with('\\'));
                let whole = match end {
                    Some(start) => start.to_owned(),
                    None if anchored.contains('|') => format!("(?:{anchored}).*"),
                    None => format!("{anchored}.*"),
                };
                WholeRegex::parse(&whole).map_err(|error| error.to_string())?;
                Ok(pattern("regex", &whole))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Exact(path) | Self::Regex(path) | Self::Segments(path) | Self::Start(path) => path.len(),
        }
    }
}

/// A host, and its port unless that is the one of https.
pub(super) fn without_port(host: &str) -> (String, Option<String>) {
    let digits = |port: &str| !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
    match host.rsplit_once(':').filter(|(_, port)| digits(port)) {
        Some((host, port)) => (host.to_ascii_lowercase(), Some(port.to_owned()).filter(|port| port != "443")),
        None => (host.to_ascii_lowercase(), None),
    }
}

/// A text that an expression finds as it is.
fn escaped(text: &str) -> String {
    let special = |c: char| r"\.+*?()|[]{}^$#&-~".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

impl Route {
    /// What it is for, once for each of its paths.
    pub(super) fn matched(&self) -> Vec<Matched> {
        let texts = |name| list(&self.value, name).filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
        let says = |name: &&&str| self.value.get(**name).is_some_and(|value| !super::given::is_empty(value));
        let others =
            ["headers", "snis", "sources", "destinations", "expression"].iter().filter(says).copied().collect();
        let (hosts, ports): (Vec<_>, Vec<_>) = texts("hosts").iter().map(|host| without_port(host)).unzip();
        let port = ports.iter().flatten().next().cloned();
        let priority = self.value.get("regex_priority").and_then(Value::as_i64).unwrap_or_default();
        let paths = texts("paths");
        let has_path = !paths.is_empty();
        let by_length = self.value.get(BY_LENGTH) == Some(&Value::Bool(true));
        let whole =
            Matched { hosts, methods: texts("methods"), path: None, has_path, by_length, priority, port, others };
        if paths.iter().all(|path| path == "/") {
            return vec![whole];
        }
        paths.iter().map(|path| Matched { path: (path != "/").then(|| Path::parse(path)), ..whole.clone() }).collect()
    }

    /// Whether a path is one of its own.
    pub(super) fn has_path(&self, path: &str) -> bool {
        let bare = |text: &str| text.trim_start_matches(['=', '^']).trim_end_matches('/').to_owned();
        list(&self.value, "paths").filter_map(Value::as_str).any(|own| bare(own) == bare(path))
    }
}

impl Matched {
    /// Its hosts, without ports.
    pub(super) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Whether it takes every request.
    pub(super) fn is_everything(&self) -> bool {
        self.hosts.is_empty() && self.methods.is_empty() && self.path.is_none()
    }

    /// What Kong looks at first: more kinds of conditions; of as many kinds hosts, then paths, then methods; whole hosts,
    /// expressions by their priority, longer paths.
    pub(super) fn order(&self) -> impl Ord + use<> {
        Reverse((self.kinds(), self.categories(), self.is_plain(), self.of_path()))
    }

    /// Whether Kong's routers look at these two in another order: `traditional_compatible` compares no kinds, and what is made of
    /// HTTPRoutes may go by the longer path first.
    pub(super) fn is_in_doubt(&self, other: &Self) -> bool {
        let compatible = |one: &Self| Reverse((one.kinds(), one.is_plain(), one.of_path()));
        let order = self.order().cmp(&other.order());
        let lengths = self.of_path().2.cmp(&other.of_path().2);
        let by_length = self.by_length && other.by_length && self.methods.is_empty() != other.methods.is_empty();
        order.is_ne() && (order == compatible(other).cmp(&compatible(self)) || by_length && order == lengths)
    }

    fn categories(&self) -> [bool; 4] {
        [!self.hosts.is_empty(), !self.others.is_empty(), self.has_path, !self.methods.is_empty()]
    }

    fn kinds(&self) -> usize {
        self.categories().into_iter().filter(|is_there| *is_there).count()
    }

    fn is_plain(&self) -> bool {
        !self.hosts.is_empty() && !self.hosts.iter().any(|host| host.contains('*'))
    }

    fn of_path(&self) -> (bool, i64, usize) {
        let regex = matches!(self.path, Some(Path::Regex(_) | Path::Exact(_)));
        let length = self.path.as_ref().map_or(usize::from(self.has_path), Path::len);
        (regex, if regex { self.priority } else { 0 }, length)
    }

    /// Whether a browser's GET may be one of its requests; in doubt it is.
    pub(super) fn may_take(&self, host: &str, path: &str) -> bool {
        let is_host = |own: &String| own.ends_with(".*") || HostPattern::parse(own).is_ok_and(|own| own.matches(host));
        let in_path = match &self.path {
            None => true,
            Some(own @ Path::Regex(_)) => {
                let whole =
                    own.tree(true).ok().and_then(|tree| Some(tree.to_value().get("regex")?.as_str()?.to_owned()));
                whole.and_then(|whole| WholeRegex::parse(&whole).ok()).is_none_or(|regex| regex.matches(path))
            }
            Some(Path::Exact(own)) => own == path,
            Some(Path::Segments(own) | Path::Start(own)) => path.starts_with(own.as_str()),
        };
        (self.hosts.is_empty() || self.hosts.iter().any(is_host))
            && (self.methods.is_empty() || self.methods.iter().any(|method| method == "GET"))
            && in_path
    }

    /// As a rule has it.
    ///
    /// # Errors
    /// What no rule can say, and the mend.
    pub(super) fn tree(&self, to_the_letter: bool) -> Result<Tree, String> {
        if let Some(port) = &self.port {
            return Err(format!(
                "goes by the port {port}, which no rule does: give that port a gateway of its own, and move its routes by themselves"
            ));
        }
        if let Some(other) = self.others.first() {
            return Err(format!("goes by {other}, which no rule does: give it paths or hosts of its own"));
        }
        if let Some(host) = self.hosts.iter().find(|host| host.ends_with(".*")) {
            return Err(format!("has the host {host}: write the hosts out; `*.` may stand at the beginning alone"));
        }
        let texts = |texts: &[String]| Tree::list(texts.iter().map(|text| text.as_str().into()));
        let mut tree = Tree::map();
        if !self.hosts.is_empty() {
            tree = tree.with("hosts", texts(&self.hosts));
        }
        if !self.methods.is_empty() {
            tree = tree.with("methods", texts(&self.methods));
        }
        if let Some(path) = &self.path {
            let written = path
                .tree(to_the_letter)
                .map_err(|error| format!("has an expression that is not read here: {error}"))?;
            if let Some(Value::String(prefix)) = written.to_value().get("prefix") {
                PathPattern::prefix(prefix).map_err(|_| format!("has the path {prefix}, which no rule can have: write it decoded, without `%`, `?`, `*` and the like"))?;
            }
            tree = tree.with("path", written);
        }
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &str, to_the_letter: bool) -> String {
        Path::parse(path).tree(to_the_letter).unwrap().to_value().to_string()
    }

    #[test]
    fn paths_mean_what_they_mean_in_kong() {
        for (path, to_the_letter, expected) in [
            ("/a", false, r#"{"prefix":"/a"}"#),
            ("/a", true, r#"{"regex":"/a.*"}"#),
            ("/a.b", true, r#"{"regex":"/a\\.b.*"}"#),
            ("/a/", false, r#"{"regex":"/a/.*"}"#),
            ("~/a$", false, r#"{"regex":"/a"}"#),
            ("~/a/\\d+", false, r#"{"regex":"/a/\\d+.*"}"#),
            ("~/a|/b$", false, r#"{"regex":"(?:/a|/b$).*"}"#),
            ("=/a", true, r#"{"exact":"/a"}"#),
            ("^/a/", true, r#"{"prefix":"/a"}"#),
        ] {
            assert_eq!(written(path, to_the_letter), expected, "{path}");
        }
        assert!(Path::parse("~/(?=a)").tree(false).is_err());
    }
}
