//! What is open to everyone.
//!
//! Decides that a prefix means whole segments, and that the sign-in page is among it where it is behind the same gateway. Who may
//! pass elsewhere is `allowlist`'s.

use super::{
    super::{super::yaml::Tree, go, input::Setting},
    Given, allowlist,
    provider::Client,
};
use crate::policy::PathPattern;

/// `routes`.
pub(super) fn translate(given: &mut Given<'_>, client: &Client, kubernetes: Option<&str>) -> Tree {
    let mut open = Open::default();
    listed(given, &mut open);
    for path in given.choices.open.clone() {
        let setting = Setting { name: "--open".to_owned(), value: path.clone(), place: "--open".to_owned() };
        if open.add(given, &setting, &path) {
            given.ledger.carried("--open", format!("`routes`: `{path}` with `action: allow`"));
        }
    }
    judge_sign_in(given, client, &open);
    let index = open.rules.len();
    let rule = allowlist::rule(given, client, kubernetes, index);
    Tree::list(open.rules.into_iter().chain(rule))
}

/// What everybody may see.
#[derive(Default)]
struct Open {
    rules: Vec<Tree>,
    paths: Vec<String>,
}

impl Open {
    /// Adds a prefix once, if it opens anything; whether it does.
    fn add(&mut self, given: &mut Given<'_>, setting: &Setting, element: &str) -> bool {
        let Some(path) = prefix(given, setting, element) else { return false };
        if self.paths.contains(&path) {
            return true;
        }
        given.ledger.source(&format!("routes[{}]", self.rules.len()), &setting.origin());
        let matched = Tree::map().with("path", Tree::map().with("prefix", path.as_str()));
        self.rules.push(Tree::members([("match", matched), ("action", "allow".into())]));
        self.paths.push(path);
        true
    }

    fn holds(&self, path: &str) -> bool {
        let Ok(path) = PathPattern::exact(path) else { return false };
        self.paths.iter().any(|open| PathPattern::prefix(open).is_ok_and(|open| open.covers(&path)))
    }
}

/// The list of open paths: `SKIP_AUTH_URLS`, or `SKIP_AUTH_URI`.
fn listed(given: &mut Given<'_>, open: &mut Open) {
    let name = if given.dialect.has_prefix() { "SKIP_AUTH_URLS" } else { "SKIP_AUTH_URI" };
    let Some(setting) = given.take(name) else { return };
    let elements: Vec<&str> = match given.dialect.has_prefix() {
        true => go::raw_list(&setting.value),
        false => setting.value.split_whitespace().collect(),
    };
    for element in &elements {
        let parts = go::list(element);
        // One that opens everything is refused for that.
        let everything = parts.iter().any(|part| part.trim_matches('/').is_empty());
        if parts.len() > 1 && !everything && !is_open_anyway(given, &elements, &parts) {
            refuse_joined(given, &setting, &parts);
            continue;
        }
        for part in parts {
            open.add(given, &setting, part);
        }
    }
    if open.paths.is_empty() {
        return given.ledger.carried(name, "nothing is open");
    }
    let paths: Vec<_> = open.paths.iter().map(|path| format!("`{path}`")).collect();
    given.ledger.carried(name, format!("`routes`: {} with `action: allow`", paths.join(", ")));
    let what = "a prefix means whole segments of the path: `/dex` is `/dex` and all below it. With authservice `/dex` \
                opened `/dexfoo`, too, and `/dex/` did not open `/dex` \
                (F-4)";
    given.ledger.changed(name, what);
}

/// Whether the parts of an element that the dialect read as one path are open all the same, by other elements or options.
fn is_open_anyway(given: &Given<'_>, elements: &[&str], parts: &[&str]) -> bool {
    let single = elements.iter().map(|element| go::list(element)).filter(|parts| parts.len() == 1).flatten();
    let open = single.chain(given.choices.open.iter().map(String::as_str));
    let open: Vec<_> = open.filter_map(|path| PathPattern::prefix(path).ok()).collect();
    let mut parts = parts.iter().filter(|part| part.starts_with('/'));
    parts.all(|part| PathPattern::prefix(part).is_ok_and(|part| open.iter().any(|open| open.covers(&part))))
}

/// With the other dialects' separator: what was closed would be open, or what was one path be two others.
fn refuse_joined(given: &mut Given<'_>, setting: &Setting, parts: &[&str]) {
    let (between, whole) = match given.dialect.has_prefix() {
        true => ("commas", parts.join(" ")),
        false => ("spaces", parts.join(",")),
    };
    let options: Vec<_> =
        parts.iter().filter(|part| part.starts_with('/')).map(|part| format!("--open {part}")).collect();
    let what = format!("holds `{whole}`, which yours read as one path, so that none of them was open");
    let mend = format!(
        "if everyone may see each of them, give `{}`, or write {between} between them; if it is one path, write it as a rule \
         of `routes` afterwards; take out of it what was not to be open",
        options.join(" ")
    );
    given.refuse(setting, &what, &mend);
}

/// A sign-in page behind this very gateway must be open, or whoever is sent there is sent there again, for ever.
fn judge_sign_in(given: &mut Given<'_>, client: &Client, open: &Open) {
    let Some(url) = &client.authorization else { return };
    let is_ours = given.choices.covers(&url.origin().ascii_serialization());
    if is_ours && !open.holds(url.path()) {
        let first = url.path().split('/').nth(1).unwrap_or_default();
        given.ledger.refused(format!(
            "{} leads to {url}, which is behind this gateway and needs a sign-in itself, so that a sign-in would never end: \
             open it with `--open /{first}`, or in the list of open paths",
            client.authorization_source
        ));
    }
}

/// One open prefix. One that opened everything is refused, and one that ends within a segment; one that opened nothing is
/// left out. An option means whole segments, and is refused where it means nothing.
fn prefix(given: &mut Given<'_>, setting: &Setting, element: &str) -> Option<String> {
    let is_option = setting.is_option();
    let dead = |given: &mut Given<'_>, why: &str| {
        match is_option {
            true => given.refuse(setting, &format!("`{element}` {why}"), OPEN),
            false => {
                given.ledger.lost(&setting.name, format!("`{element}` {why}, so it opened nothing, and is left out"))
            }
        }
        None
    };
    let whole = PathPattern::prefix(element);
    match whole {
        _ if !element.starts_with('/') => dead(given, "does not begin with `/`"),
        Ok(PathPattern::Prefix(segments)) if segments.is_empty() => {
            let mend = match is_option {
                true => OPEN,
                false => {
                    "name the paths that everyone may see. With it authservice asked nobody to sign in; where that is \
                     meant, there is nothing to migrate, and no filter needed"
                }
            };
            given.refuse(setting, "holds `/`, which opens everything to everyone", mend);
            None
        }
        _ if !is_option && ends_within_a_segment(element) => {
            let what = format!("holds `{element}`, which opened whatever begins so");
            given.refuse(setting, &what, WITHIN);
            None
        }
        Ok(_) => Some(element.trim_end_matches('/').to_owned()),
        Err(_) if element.contains(['?', '#']) => dead(given, "holds a query or a fragment, which took no part"),
        Err(_) if go::join(element, "") != element.trim_end_matches('/') => {
            dead(given, "is no clean path, and authservice cleaned every path before")
        }
        Err(error) => {
            let mend =
                "write the path decoded and without wildcards, or leave it out and add a rule to `routes` afterwards";
            given.refuse(setting, &format!("holds `{element}`, which {error}"), mend);
            None
        }
    }
}

/// Whether an element was for what begins like its last segment: `/api-`, `/.`. What is no sign between words is judged as
/// part of a path.
fn ends_within_a_segment(element: &str) -> bool {
    element.ends_with(|last: char| last.is_ascii_punctuation() && !"/%*?#{}\\".contains(last))
}

const OPEN: &str = "name a path that everyone may see, with all below it, such as `--open /dex`";
const WITHIN: &str = "a prefix means whole segments here, so name the paths, such as `/api-v1` for `/api-`; or give it as \
                      `--open` if it is a whole segment itself";
/// Above `routes` in the configuration.
pub(super) const WHY: &str =
    "Who passes where, the first rule that matches. Everything else needs a sign-in or a token.";
