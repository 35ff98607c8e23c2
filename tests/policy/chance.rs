//! Rules and requests by chance, the same ones in every run.

use edge_oidc::policy::{Access, Action, Exclusion, HostPattern, PathPattern, Rule};

use crate::{oracle::EXPRESSIONS, stream::Stream};

const NAMES: [&str; 6] = ["a", "b", "public", "admin", "A", "x y"];
const HOSTS: [&str; 3] = ["app.example.com", "*.example.com", "other.org"];
const METHODS: [&str; 3] = ["GET", "POST", "OPTIONS"];

/// What stands between two segments; mostly what is honest.
const SEPARATORS: [&str; 12] = ["/", "/", "/", "/", "/", "/", "/", "/", "//", "%2f", "%5C", "\\"];
/// What stands where a segment is expected and is none.
const TROUBLE: [&str; 16] = [
    ".",
    "..",
    "%2e",
    "%2E%2e",
    ".%2e",
    "%252e%252e",
    "..;",
    ";x=y",
    "",
    "%61",
    "%2561",
    "%41",
    "a;b",
    "%2",
    "%23",
    "%3f",
];

fn one<'a>(stream: &mut Stream, of: &[&'a str]) -> &'a str {
    of[stream.below(of.len())]
}

/// One in `of`.
fn chance(stream: &mut Stream, of: usize) -> bool {
    stream.below(of) == 0
}

fn literal(stream: &mut Stream) -> String {
    let length = 1 + stream.below(3);
    let path: String = (0..length).map(|_| format!("/{}", one(stream, &NAMES))).collect();
    if chance(stream, 8) { path + "/" } else { path }
}

fn pattern(stream: &mut Stream) -> PathPattern {
    match stream.below(5) {
        0 => PathPattern::exact(&literal(stream)),
        1 => PathPattern::prefix("/"),
        2 => PathPattern::prefix(&literal(stream)),
        3 => {
            let segment = |number| {
                if chance(stream, 2) { format!("/{{n{number}}}") } else { format!("/{}", one(stream, &NAMES)) }
            };
            PathPattern::template(&(0..2).map(segment).collect::<String>())
        }
        _ => PathPattern::regex(EXPRESSIONS[stream.below(EXPRESSIONS.len())].0),
    }
    .unwrap()
}

fn scope(stream: &mut Stream) -> Exclusion {
    let host = chance(stream, 4).then(|| HostPattern::parse(one(stream, &HOSTS)).unwrap());
    let method = chance(stream, 4).then(|| one(stream, &METHODS).to_owned());
    let path = (!chance(stream, 8)).then(|| pattern(stream));
    Exclusion { hosts: host.into_iter().collect(), methods: method.into_iter().collect(), path }
}

/// A few rules of every kind.
pub fn rules(stream: &mut Stream) -> Vec<Rule> {
    let count = 1 + stream.below(5);
    let rule = |number: usize| {
        let Exclusion { hosts, methods, path } = scope(stream);
        let not = chance(stream, 4).then(|| scope(stream));
        let action = [Action::Allow, Action::Allow, Action::Deny, Action::Authenticate][stream.below(4)];
        Rule { name: number.to_string(), hosts, methods, path, not, action, access: Access::default() }
    };
    (0..count).map(rule).collect()
}

/// A path, honest or not.
pub fn path(stream: &mut Stream) -> String {
    let mut path = String::from("/");
    for number in 0..=stream.below(4) {
        if number > 0 {
            path.push_str(one(stream, &SEPARATORS));
        }
        path.push_str(&match stream.below(8) {
            0 => one(stream, &TROUBLE).to_owned(),
            1 => one(stream, &NAMES).to_uppercase(),
            _ => one(stream, &NAMES).replace(' ', "%20"),
        });
    }
    if chance(stream, 8) { path + "/" } else { path }
}

pub fn host(stream: &mut Stream) -> &'static str {
    ["app.example.com", "x.example.com", "other.org:8443", "app.example.com.", "example.com"][stream.below(5)]
}

pub fn method(stream: &mut Stream) -> &'static str {
    ["GET", "POST", "get"][stream.below(3)]
}
