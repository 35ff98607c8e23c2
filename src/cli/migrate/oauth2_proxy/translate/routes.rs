//! What is open to everyone, and what asks for a sign-in.
//!
//! Decides that an expression opens the paths that it opened, and none that it only seems not to.

use super::{
    super::{
        input::Setting,
        pattern::{Loose, Paths},
        yaml::Tree,
    },
    Given,
    mesh::Mesh,
    parameters::Asked,
    provider::Client,
};
use crate::policy::PathPattern;

/// `routes`.
pub(super) fn translate(
    given: &mut Given<'_>,
    client: &Client,
    access: Option<Tree>,
    asked: &Asked,
    mesh: &Mesh,
) -> Tree {
    let mut rules = Rules::default();
    for name in ["skip_auth_routes", "skip_auth_regex"] {
        let Some(setting) = given.take_filled(name) else { continue };
        for value in &setting.values {
            let (method, negated, expression) = parts(value, name);
            rules.open(given, &setting, value, (method, negated, expression));
        }
    }
    for path in given.choices.open.clone() {
        rules.option(given, &path);
    }
    rules.mesh(given, mesh);
    judge_sign_in(given, client, &rules);
    let demands = Tree::map()
        .with_some("signIn", Some(asked.demands.clone()).filter(|tree| !tree.is_empty()))
        .with_some("require", access);
    api(given, &demands, &mut rules);
    let (json, setting) = given.switch("force_json_errors", false);
    if let Some(setting) = &setting {
        let becomes = if json { "`routes`: `unauthenticated: challenge` for every path" } else { "off" };
        given.ledger.carried(&setting.label, becomes);
    }
    preflight(given);
    if json || !demands.is_empty() {
        let last = Tree::map().with("action", "authenticate");
        rules.add(with(if json { last.with("unauthenticated", "challenge") } else { last }, &demands));
    }
    Tree::list(rules.trees)
}

#[derive(Default)]
struct Rules {
    trees: Vec<Tree>,
    opened: Vec<PathPattern>,
}

impl Rules {
    fn add(&mut self, tree: Tree) {
        if !self.trees.contains(&tree) {
            self.trees.push(tree);
        }
    }

    /// One expression of `skip_auth_routes`.
    fn open(
        &mut self,
        given: &mut Given<'_>,
        setting: &Setting,
        value: &str,
        (method, negated, expression): (&str, bool, &str),
    ) {
        let methods = (!method.is_empty()).then(|| Tree::list([method.into()]));
        if !method.is_empty() && !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let what = format!("holds `{value}`, which was read as a method before its first `=` and opened nothing");
            return given.refuse(
                setting,
                &what,
                "write `METHOD=expression`, with an expression that has no `=`, or leave it out",
            );
        }
        if let Err(error) = PathPattern::regex(&format!("(?:{expression})")) {
            return given.refuse(
                setting,
                &format!("holds `{value}`, which {error}"),
                "write it in that syntax, or leave it out",
            );
        }
        if negated {
            let matched = Tree::map().with_some("methods", methods);
            let rest = Tree::map().with("path", Tree::map().with("regex", Paths::whole(expression)));
            given.ledger.carried(&setting.label, format!("`{value}`: all paths but these are open to everyone"));
            given.ledger.changed(
                &setting.label,
                format!("warning: `{value}` opens whatever is added later, too. Name the open paths instead"),
            );
            return self.push(given, setting, matched.with("not", rest));
        }
        let paths = match Paths::opened(expression) {
            Ok(paths) => paths,
            Err(loose) => return refuse(given, setting, value, expression, loose),
        };
        for paths in paths {
            given.ledger.carried(&setting.label, format!("`{value}`: {} with `action: allow`", described(&paths)));
            if matches!(&paths, Paths::Prefix(_)) && expression.trim_end_matches(".*").ends_with('/') {
                given.ledger.changed(&setting.label, format!("`{value}`: the path without the last `/` is open, too"));
            }
            if let Paths::Exact(path) | Paths::Prefix(path) = &paths {
                self.opened.extend(PathPattern::prefix(path).ok().filter(|_| matches!(paths, Paths::Prefix(_))));
                self.opened.extend(PathPattern::exact(path).ok());
            }
            self.push(given, setting, Tree::map().with_some("methods", methods.clone()).with("path", tree(&paths)));
        }
    }

    fn push(&mut self, given: &mut Given<'_>, setting: &Setting, matched: Tree) {
        given.ledger.source(&format!("routes[{}]", self.trees.len()), &setting.origin());
        self.add(Tree::members([("match", matched), ("action", "allow".into())]));
    }

    /// `--open`
    fn option(&mut self, given: &mut Given<'_>, path: &str) {
        if path.trim_matches('/').is_empty() || !path.starts_with('/') {
            return given.ledger.refused(format!(
                "--open `{path}`: name a path that everyone may see, with all below it, such as `--open /dex`"
            ));
        }
        given.ledger.source(&format!("routes[{}]", self.trees.len()), "--open");
        given.ledger.carried("--open", format!("`routes`: `{path}` with `action: allow`"));
        self.opened.extend(PathPattern::prefix(path).ok());
        let matched = Tree::map().with("path", Tree::map().with("prefix", path));
        self.add(Tree::members([("match", matched), ("action", "allow".into())]));
    }

    /// Paths that Istio did not ask about.
    fn mesh(&mut self, given: &mut Given<'_>, mesh: &Mesh) {
        for (pattern, place) in &mesh.open {
            let paths = match (
                pattern.strip_suffix("/**").or_else(|| pattern.strip_suffix("/*")),
                pattern.contains('*'),
            ) {
                (Some(path), _) if !path.contains('*') && !path.is_empty() => Paths::Prefix(path.to_owned()),
                (None, false) => Paths::Exact(pattern.clone()),
                _ => {
                    given.ledger.changed(place, format!("`{pattern}` needs a sign-in now: it opened whatever begins so. `--open PATH` opens a whole path and all below it"));
                    continue;
                }
            };
            let rule = Tree::members([("match", Tree::map().with("path", tree(&paths))), ("action", "allow".into())]);
            if !self.trees.contains(&rule) {
                given.ledger.source(&format!("routes[{}]", self.trees.len()), place);
                given.ledger.carried(place, format!("`{pattern}`: {} with `action: allow`", described(&paths)));
                if let Paths::Prefix(path) = &paths {
                    self.opened.extend(PathPattern::prefix(path).ok());
                }
                self.trees.push(rule);
            }
        }
    }
}

/// Method, whether the rest is meant, and the expression.
fn parts<'a>(value: &'a str, name: &str) -> (&'a str, bool, &'a str) {
    if name == "skip_auth_regex" {
        return ("", false, value);
    }
    match value.split_once('=') {
        None => ("", false, value),
        Some((method, expression)) => match method.strip_suffix('!') {
            Some(method) => (method, true, expression),
            None => (method, false, expression),
        },
    }
}

fn refuse(given: &mut Given<'_>, setting: &Setting, value: &str, expression: &str, loose: Loose) {
    let (what, mend) = match loose {
        Loose::Everything => (
            "which opens everything to everyone".to_owned(),
            "name the paths that everyone may see, such as `^/healthz$`".to_owned(),
        ),
        Loose::NoBeginning => {
            let rest = expression.trim_start_matches(['^', '.', '*']).trim_start_matches('/');
            let rest = if rest.starts_with(['(', '[', '.']) { "public/" } else { rest };
            (
                "which is found anywhere in a path, so that it opens more than it seems to".to_owned(),
                format!(
                    "begin it with `^` and the path that you mean, such as `^/{rest}`; what is to be open anywhere is a `regex` of a rule in `routes` afterwards"
                ),
            )
        }
        Loose::NoEnd => {
            let rest = expression.trim_end_matches('$');
            (
                "which opens whatever begins so".to_owned(),
                format!(
                    "write `{rest}$` if it is one path, `{rest}(/|$)` if all below it is open, too, or `{rest}.*` if whatever begins so is meant"
                ),
            )
        }
        Loose::Query => (
            "which looks for a query, and no rule goes by one".to_owned(),
            "write the path alone, if it may be open with any query, or leave it out".to_owned(),
        ),
    };
    given.refuse(setting, &format!("holds `{value}`, {what}"), &mend);
}

fn tree(paths: &Paths) -> Tree {
    match paths {
        Paths::Exact(path) => Tree::map().with("exact", path.as_str()),
        Paths::Prefix(path) => Tree::map().with("prefix", path.as_str()),
        Paths::Regex(regex) => Tree::map().with("regex", regex.as_str()),
    }
}

fn described(paths: &Paths) -> String {
    match paths {
        Paths::Exact(path) => format!("`{path}`"),
        Paths::Prefix(path) => format!("`{path}` and all below it"),
        Paths::Regex(regex) => format!("`{regex}`, the whole path,"),
    }
}

/// A sign-in page behind this very gateway must be open, or whoever is sent there is sent there again, for ever.
fn judge_sign_in(given: &mut Given<'_>, client: &Client, rules: &Rules) {
    let Some((url, source)) = &client.authorization else { return };
    if !super::paths::covers(&given.public_urls, &url.origin().ascii_serialization()) {
        return;
    }
    let is_open = PathPattern::exact(url.path()).is_ok_and(|path| rules.opened.iter().any(|open| open.covers(&path)));
    if !is_open {
        let first = url.path().split('/').nth(1).unwrap_or_default();
        given.ledger.refused(format!(
            "{source} leads to {url}, which is behind this gateway and needs a sign-in itself, so that a sign-in would never end: open it \
             with `--open /{first}`, or by `skip_auth_routes`"
        ));
    }
}

/// `api_routes`: 401, and never a sign-in page. Nothing is opened by these, whatever they match.
fn api(given: &mut Given<'_>, demands: &Tree, rules: &mut Rules) {
    let Some(setting) = given.take_filled("api_routes") else { return };
    for expression in &setting.values {
        for paths in Paths::found(expression) {
            given.ledger.source(&format!("routes[{}]", rules.trees.len()), &setting.origin());
            given.ledger.carried(
                &setting.label,
                format!("`{expression}`: {} with `unauthenticated: challenge`", described(&paths)),
            );
            let rule = Tree::map()
                .with("match", Tree::map().with("path", tree(&paths)))
                .with("action", "authenticate")
                .with("unauthenticated", "challenge");
            rules.add(with(rule, demands));
        }
    }
    given.ledger.changed(
        &setting.label,
        "held against the path alone, never against a query. Requests of scripts get 401 everywhere",
    );
}

/// `skip_auth_preflight`.
fn preflight(given: &mut Given<'_>) {
    let (skips, setting) = given.switch("skip_auth_preflight", false);
    let (label, what) = match &setting {
        Some(setting) if skips => (
            setting.label.clone(),
            "a CORS preflight alone passes: OPTIONS with `Origin` and `Access-Control-Request-Method`, without credentials and body",
        ),
        Some(setting) => (setting.label.clone(), PREFLIGHTS),
        None => ("skip_auth_preflight (not set)".to_owned(), PREFLIGHTS),
    };
    given.ledger.changed(&label, what);
}

fn with(rule: Tree, demands: &Tree) -> Tree {
    let mut rule = rule;
    for name in ["signIn", "require"] {
        rule = rule.with_some(name, demands.member(name).cloned());
    }
    rule
}

const PREFLIGHTS: &str = "a CORS preflight passes without a sign-in, since no browser can bring one along: OPTIONS with `Origin` and \
                          `Access-Control-Request-Method`, without credentials and body";
/// Above `routes` in the configuration.
pub(super) const WHY: &str =
    "Who passes where, the first rule that matches. Everything else needs a sign-in or a token.";
