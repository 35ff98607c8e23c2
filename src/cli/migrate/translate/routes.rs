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
        open.add(given, &setting, &path);
        given.ledger.carried("--open", format!("`routes`: `{path}` with `action: allow`"));
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
    /// Adds a prefix once, if it opens anything.
    fn add(&mut self, given: &mut Given<'_>, setting: &Setting, element: &str) {
        let Some(path) = prefix(given, setting, element).filter(|path| !self.paths.contains(path)) else { return };
        given.ledger.source(&format!("routes[{}]", self.rules.len()), &setting.origin());
        let matched = Tree::map().with("path", Tree::map().with("prefix", path.as_str()));
        self.rules.push(Tree::members([("match", matched), ("action", "allow".into())]));
        self.paths.push(path);
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
    let has_blanks = |element: &&str| element.trim().contains(char::is_whitespace);
    if given.dialect.has_prefix() && go::raw_list(&setting.value).iter().any(has_blanks) {
        let what = "separated by spaces, which is how an older authservice had it: for yours it was one prefix that \
                    nothing began with, and opened nothing. Each path is open now; remove the rules that you do not \
                    want";
        given.ledger.changed(name, what);
    }
    go::list(&setting.value).into_iter().for_each(|element| open.add(given, &setting, element));
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

/// One open prefix. One that opened everything is refused, one that opened nothing is left out.
fn prefix(given: &mut Given<'_>, setting: &Setting, element: &str) -> Option<String> {
    let dead = |given: &mut Given<'_>, why: &str| {
        given.ledger.lost(&setting.name, format!("`{element}` {why}, so it opened nothing, and is left out"));
        None
    };
    match PathPattern::prefix(element) {
        _ if !element.starts_with('/') => dead(given, "does not begin with `/`"),
        Ok(PathPattern::Prefix(segments)) if segments.is_empty() => {
            let mend = "name the paths that everyone may see. authservice asked nobody to sign in; if that is meant, take \
                        it away altogether";
            given.refuse(setting, "holds `/`, which opens everything to everyone", mend);
            None
        }
        Ok(_) => Some(element.trim_end_matches('/').to_owned()),
        Err(_) if element.contains(['?', '#']) => dead(given, "holds a query or a fragment, which took no part"),
        Err(_) if go::join(element, "") != element.trim_end_matches('/') => {
            dead(given, "is no clean path, and authservice cleaned every path before")
        }
        Err(error) => {
            let what = format!("holds `{element}`: {error}");
            given.refuse(
                setting,
                &what,
                "write the path decoded and without wildcards, or leave it out and add a rule to `routes` afterwards",
            );
            None
        }
    }
}

/// Above `routes` in the configuration.
pub(super) const WHY: &str =
    "Who passes where, the first rule that matches. Everything else needs a sign-in or a token.";
