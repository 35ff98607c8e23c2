//! Who may pass, route by route.
//!
//! Decides that nothing is wider than it was: a prefix means its letters where a later route would open what it leaves, and what no
//! route is for is closed. What a policy says is decided in `policy`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    super::{
        input::Route,
        names,
        paths::Path,
        policy::{self, Condition, Request},
        yaml::Tree,
    },
    given::Given,
    hosts::{host, is_stream},
    identity::Headers,
    programs::Programs,
};

/// `routes`.
pub(super) fn translate(given: &mut Given<'_>, headers: &Headers, programs: &Programs) -> Tree {
    let routes = std::mem::take(&mut given.routes);
    let (wild, plain): (Vec<_>, Vec<_>) = routes.iter().partition(|route| from(route).contains('*'));
    let mut written = Written::default();
    write(given, &plain, headers, programs, &mut written);
    // A host of its own never falls to the routes of a wildcard.
    let shadowed: BTreeSet<_> = plain
        .iter()
        .filter_map(|route| host(from(route)))
        .filter(|name| !wild.is_empty() && !written.complete.contains(name))
        .collect();
    if !shadowed.is_empty() {
        let hosts = Tree::list(shadowed.iter().map(|host| host.as_str().into()));
        let matched = Tree::map().with("hosts", hosts);
        written.trees.push(Tree::members([
            ("name", "no other path".into()),
            ("match", matched),
            ("action", "deny".into()),
        ]));
    }
    write(given, &wild, headers, programs, &mut written);
    written.trees.push(Tree::members([("name", "no other route".into()), ("action", "deny".into())]));
    given.ledger.carried("no route", "`action: deny` at the end: whatever no route is for is closed");
    settings(given, &routes);
    given.routes = routes;
    Tree::list(written.trees)
}

fn from(route: &Route) -> &str {
    route.settings.get("from").and_then(Value::as_str).unwrap_or_default()
}

/// The rules so far.
#[derive(Default)]
struct Written {
    trees: Vec<Tree>,
    names: BTreeSet<String>,
    /// Hosts of which no request is left.
    complete: BTreeSet<String>,
}

fn write(given: &mut Given<'_>, routes: &[&Route], headers: &Headers, programs: &Programs, written: &mut Written) {
    for (index, route) in routes.iter().enumerate() {
        let from = from(route);
        if is_stream(from) {
            given
                .ledger
                .lost(&route.label, "a stream, which no filter of HTTP sees: its host and port are not opened here");
            continue;
        }
        let Some(name) = host(from) else { continue };
        let is_later = |later: &&&Route| {
            let theirs = self::from(later);
            host(theirs).as_ref() == Some(&name) || theirs.contains('*')
        };
        let is_followed = routes.iter().skip(index.saturating_add(1)).any(|later| is_later(&later));
        if route.settings.contains_key("idp_client_id") || route.settings.contains_key("idp_client_secret") {
            given.ledger.refused(format!(
                "{} has a client of its own (`idp_client_id`): take it out of the file, and add a provider with a name and a rule \
                 with `providers: [NAME]` afterwards, as docs/providers.md says",
                route.label
            ));
            continue;
        }
        if route.settings.contains_key("regex_priority_order") {
            given.ledger.refused(format!(
                "{} has `regex_priority_order`, and rules here are tried in the order of the file: write the routes in the order \
                 that they are meant to have, and take it away",
                route.label
            ));
            continue;
        }
        match policy::read(&route.settings, given.choices.groups_claim.as_deref()) {
            Ok(condition) => {
                let answers = ["redirect", "response"].into_iter().find(|name| route.settings.contains_key(*name));
                let condition = match answers {
                    Some(setting) => {
                        given.ledger.changed(&route.label, format!("`{setting}` was Pomerium's own answer, and no application ever got these requests, so here they are refused. Write the answer into the gateway's routes, and `action: allow` here"));
                        Condition::Always(false)
                    }
                    None => condition,
                };
                let place = Place { route, host: &name, is_followed };
                rules(given, &place, &condition, headers, programs, written);
            }
            Err(problems) => problems.iter().for_each(|why| given.ledger.refused(format!("{}: {why}", route.label))),
        }
    }
}

/// A route, and where it is.
struct Place<'a> {
    route: &'a Route,
    host: &'a str,
    /// Whether a later route is for the same host.
    is_followed: bool,
}

/// The rules of one route: one for each set of what its policy sees of a request, the largest first.
fn rules(
    given: &mut Given<'_>,
    place: &Place<'_>,
    condition: &Condition,
    headers: &Headers,
    programs: &Programs,
    written: &mut Written,
) {
    let label = &place.route.label;
    let mut seen = Vec::new();
    condition.requests(&mut seen);
    if seen.len() > MOST {
        return given.ledger.refused(format!(
            "{label}: policy looks at {} methods and paths, and {MOST} are the most here: make two routes of it",
            seen.len()
        ));
    }
    let is_open = *condition == Condition::Always(true);
    let Some(base) = base(given, place, is_open) else { return };
    let before = written.trees.len();
    for so in subsets(&seen) {
        let matched = match combined(&base, &so) {
            Ok(Some(matched)) => matched,
            Ok(None) => continue,
            Err(Overlap) => {
                given.ledger.refused(format!("{label}: policy looks at paths that overlap, in a route that is for some paths alone: make routes of them, one for each"));
                return;
            }
        };
        let left = condition.given(&so);
        if left == Condition::Always(true) && condition_needs(condition) && !is_open {
            given.ledger.carried(label, "some of it is open to everyone, as its policy says");
        }
        given.ledger.source(&format!("routes[{}]", written.trees.len()), label);
        let tree = rule(given, place, &left, matched, headers, programs, &mut written.names);
        written.trees.push(tree);
    }
    if base == Path::Any {
        written.complete.insert(place.host.to_owned());
    }
    let last = written.trees.len().saturating_sub(1);
    let places =
        if before == last { format!("`routes[{before}]`") } else { format!("`routes[{before}]` to `[{last}]`") };
    given.ledger.carried(label, format!("{places}: {}", said(condition)));
}

fn condition_needs(condition: &Condition) -> bool {
    !matches!(condition, Condition::Always(_))
}

fn said(condition: &Condition) -> &'static str {
    match condition {
        Condition::Always(true) => "everyone (`action: allow`)",
        Condition::Always(false) => "nobody (`action: deny`): no policy lets anyone in",
        condition if condition.signed_in() == Condition::Always(true) => "people who sign in",
        _ => "people who sign in, and meet the policy (`require`)",
    }
}

/// The paths of a route.
fn base(given: &mut Given<'_>, place: &Place<'_>, is_open: bool) -> Option<Path> {
    let text = |name: &str| place.route.settings.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let label = &place.route.label;
    match (text("prefix"), text("path"), text("regex")) {
        (None, None, None) => Some(Path::Any),
        (Some(prefix), None, None) => match Path::starting(prefix) {
            // Where everyone may pass, or nothing is left for the rest, whole segments do.
            Path::Regex(_) if is_open || !place.is_followed => {
                given.ledger.changed(label, format!("`prefix: {prefix}` means whole segments: `{prefix}` and all below it. With Pomerium it was whatever begins so"));
                Some(Path::Below(prefix.to_owned()))
            }
            path => Some(path),
        },
        (None, Some(path), None) => Some(Path::exact(path)),
        (None, None, Some(regex)) => Some(Path::Regex(regex.to_owned())),
        _ => {
            given.ledger.refused(format!("{label} has more than one of `prefix`, `path` and `regex`: write one"));
            None
        }
    }
}

/// Every set of what a policy sees, the largest first: a request that matches one matches all smaller ones within it.
fn subsets(seen: &[Request]) -> Vec<Vec<&Request>> {
    let mut subsets: Vec<Vec<&Request>> = vec![Vec::new()];
    for request in seen {
        let with: Vec<_> = subsets.iter().map(|set| set.iter().copied().chain([request]).collect()).collect();
        subsets.extend(with);
    }
    subsets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    subsets
}

/// Paths that no single pattern is for.
struct Overlap;

/// A `match` for the paths of a route of which these are so; none if there are no such requests.
fn combined(base: &Path, so: &[&Request]) -> Result<Option<Tree>, Overlap> {
    let mut path = base.clone();
    let mut methods: Option<Vec<String>> = None;
    for request in so {
        match request {
            Request::Methods(more) => {
                let both = |methods: Vec<String>| methods.into_iter().filter(|method| more.contains(method)).collect();
                methods = Some(methods.map_or_else(|| more.clone(), both));
            }
            Request::Path(other) => match narrowed(&path, other)? {
                Some(narrower) => path = narrower,
                None => return Ok(None),
            },
        }
    }
    if methods.as_ref().is_some_and(Vec::is_empty) || path == Path::Nothing {
        return Ok(None);
    }
    let methods = methods.map(|methods| Tree::list(methods.into_iter().map(Tree::from)));
    Ok(Some(path.onto(Tree::map().with_some("methods", methods))))
}

/// The paths that are in both.
fn narrowed(one: &Path, other: &Path) -> Result<Option<Path>, Overlap> {
    match (one, other) {
        (Path::Any, path) | (path, Path::Any) => Ok(Some(path.clone())),
        (one, other) if one == other => Ok(Some(one.clone())),
        (Path::Exact(exact), path) | (path, Path::Exact(exact)) => {
            Ok(path.matches(exact).then(|| Path::Exact(exact.clone())))
        }
        _ => Err(Overlap),
    }
}

fn rule(
    given: &mut Given<'_>,
    place: &Place<'_>,
    left: &Condition,
    matched: Tree,
    headers: &Headers,
    programs: &Programs,
    names: &mut BTreeSet<String>,
) -> Tree {
    let settings = &place.route.settings;
    let mut tree = Tree::map().with("name", name(settings, place.host, names));
    let hosts = Tree::map().with("hosts", Tree::list([place.host.into()]));
    let matched = match (hosts, matched) {
        (Tree::Map(mut hosts), Tree::Map(more)) => {
            hosts.extend(more);
            Tree::Map(hosts)
        }
        (hosts, _) => hosts,
    };
    tree = tree.with("match", matched);
    match (left, left.signed_in()) {
        (Condition::Always(true), _) => tree.with("action", "allow"),
        (_, Condition::Always(false)) => tree.with("action", "deny"),
        (_, asked) => {
            tree = tree.with("action", "authenticate");
            if !programs.rules.is_empty() && !programs.are_taken(settings) {
                tree = tree.with("credentials", Tree::list(["session".into()]));
            }
            tree = tree.with_some("require", Some(asked.requirement()).filter(|require| !require.is_empty()));
            tree.with_some("forward", headers.forward(given, settings, &place.route.label))
        }
    }
}

/// A name that no other rule has.
fn name(settings: &Map<String, Value>, host: &str, names: &mut BTreeSet<String>) -> String {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let path = ["prefix", "path", "regex"].into_iter().find_map(text).filter(|path| *path != "/").unwrap_or_default();
    let own = text("name").map(str::to_owned).unwrap_or_else(|| format!("{host}{path}"));
    let own: String = own.chars().filter(|c| !c.is_control()).take(50).collect();
    let own = if own.len() > 56 { "a route".to_owned() } else { own };
    let numbers = std::iter::once(own.clone()).chain((2_u32..).map(|number| format!("{own} ({number})")));
    let name = numbers.into_iter().find(|name| !names.contains(name)).unwrap_or_default();
    names.insert(name.clone());
    name
}

/// What else routes say, each setting once.
fn settings(given: &mut Given<'_>, routes: &[Route]) {
    let all: BTreeSet<&String> = routes.iter().flat_map(|route| route.settings.keys()).collect();
    for name in all.into_iter().filter(|name| !names::OF_ROUTES.contains(&name.as_str())) {
        match names::of_route(name) {
            said @ names::UNKNOWN_OF_ROUTE => given.ledger.unknown(name, said),
            said => given.ledger.lost(name, said),
        }
    }
    let is_set = |name: &str| routes.iter().any(|route| route.settings.contains_key(name));
    if is_set("cors_allow_preflight") {
        given.ledger.carried(
            "cors_allow_preflight",
            "a CORS preflight passes without a sign-in everywhere but where a rule denies",
        );
    }
}

/// The most that a policy may see of a request: each doubles the rules.
const MOST: usize = 4;
/// Above `routes` in the configuration.
pub(super) const WHY: &str = "The routes, the first that matches. Where requests go is the gateway's own.";
