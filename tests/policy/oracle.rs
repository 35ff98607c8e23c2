//! Another reading of rules and paths, written without the core: simple, slow, and on whole texts.

use edge_oidc::policy::{Exclusion, HostPattern, PathPattern, Rule};

type Expression = (&'static str, fn(&str) -> bool);

/// Regular expressions, each beside a function that says the same.
pub const EXPRESSIONS: [Expression; 4] = [
    ("/public/.*", |path| path.starts_with("/public/")),
    ("/[^/]+/admin", |path| {
        path.strip_suffix("/admin").is_some_and(|rest| rest.len() > 1 && rest.rfind('/') == Some(0))
    }),
    ("/(a|b)+", |path| path.len() > 1 && path.starts_with('/') && path[1..].chars().all(|c| c == 'a' || c == 'b')),
    (".*b", |path| path.ends_with('b')),
];

/// What the path comes down to for an honest server: decoded once or twice, without dot segments and empty segments, in
/// either order.
pub fn normalised(path: &str) -> Vec<String> {
    let once = decoded(path);
    let twice = decoded(&once);
    let orders: [fn(&str) -> String; 2] = [|path| merged(&resolved(path)), |path| resolved(&merged(path))];
    [once, twice].iter().flat_map(|path| orders.map(|order| order(path))).collect()
}

/// The first rule for a normalised path.
pub fn first(rules: &[Rule], host: &str, method: &str, path: &str) -> Option<usize> {
    rules.iter().position(|rule| {
        let own = Exclusion { hosts: rule.hosts.clone(), methods: rule.methods.clone(), path: rule.path.clone() };
        is_within(&own, host, method, path) && !rule.not.as_ref().is_some_and(|not| is_within(not, host, method, path))
    })
}

fn is_within(scope: &Exclusion, host: &str, method: &str, path: &str) -> bool {
    let host = host.split(':').next().unwrap();
    let is_host = |pattern: &HostPattern| match pattern.to_string().strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => host == pattern.to_string(),
    };
    (scope.hosts.is_empty() || scope.hosts.iter().any(is_host))
        && (scope.methods.is_empty() || scope.methods.iter().any(|name| name == method))
        && scope.path.as_ref().is_none_or(|pattern| is_path(pattern, path))
}

/// A pattern as it is written, on a path as it is written.
fn is_path(pattern: &PathPattern, path: &str) -> bool {
    match pattern {
        PathPattern::Exact(segments) => path == format!("/{}", segments.join("/")),
        PathPattern::Prefix(segments) if segments.is_empty() => true,
        PathPattern::Prefix(segments) => format!("{path}/").starts_with(&format!("/{}/", segments.join("/"))),
        PathPattern::Template(_) => {
            let wanted = pattern.to_string();
            let (wanted, given): (Vec<&str>, Vec<&str>) = (wanted.split('/').collect(), path.split('/').collect());
            let fits =
                |(wanted, given): (&&str, &&str)| wanted == given || (wanted.starts_with('{') && !given.is_empty());
            wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
        }
        PathPattern::Regex(regex) => EXPRESSIONS.iter().find(|(source, _)| *source == regex.source()).unwrap().1(path),
    }
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = path.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn merged(path: &str) -> String {
    let mut path = path.to_owned();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    path
}

fn resolved(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (at, segment) in segments.iter().enumerate() {
        match *segment {
            ".." => drop(kept.pop()),
            "." => {}
            other => kept.push(other),
        }
        if at + 1 == segments.len() && matches!(*segment, "." | "..") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}
