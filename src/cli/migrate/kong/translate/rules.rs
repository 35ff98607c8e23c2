//! `routes`: which plugin stands where, as rules.
//!
//! Decides the order of rules, and that nothing is opened that nobody chose to open.

use serde_json::Value;

use super::{
    super::{
        super::yaml::Tree,
        input::{Inputs, On, Route},
    },
    given::Given,
    routes::Matched,
};

/// What becomes of a route's requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// No plugin asks who somebody is.
    Open,
    /// Other plugins do.
    Others(Vec<String>),
    /// A plugin of ours, and the ACL plugin beside it.
    Plugin(usize, Option<Value>),
}

/// Plugins that ask who somebody is, or may.
const ASKING: [&str; 14] = [
    "acl",
    "basic-auth",
    "header-cert-auth",
    "hmac-auth",
    "ip-restriction",
    "jwt",
    "jwt-signer",
    "key-auth",
    "key-auth-enc",
    "ldap-auth-advanced",
    "mtls-auth",
    "oauth2",
    "oauth2-introspection",
    "saml",
];

/// Each route, in Kong's order, with what becomes of it.
pub(super) fn treated(inputs: &Inputs) -> Vec<(&Route, Matched, Treatment)> {
    let mut routes: Vec<_> = inputs
        .declared
        .routes
        .iter()
        .flat_map(|route| {
            let treatment = treatment(inputs, route);
            route.matched().into_iter().map(move |matched| (route, matched, treatment.clone()))
        })
        .collect();
    routes.sort_by_key(|(_, matched, _)| matched.order());
    routes
}

fn treatment(inputs: &Inputs, route: &Route) -> Treatment {
    let nearest = inputs
        .plugins
        .iter()
        .enumerate()
        .filter_map(|(index, plugin)| Some((inputs.declared.nearness(route, &plugin.on)?, index)));
    let beside = inputs.declared.beside(route);
    if let Some((_, index)) = nearest.max_by_key(|(nearness, index)| (*nearness, std::cmp::Reverse(*index))) {
        let acl = beside.iter().find(|(name, _)| *name == "acl").and_then(|(_, plugin)| plugin.get("config").cloned());
        return Treatment::Plugin(index, acl);
    }
    let asking = |name: &str| {
        ASKING.contains(&name)
            || name.ends_with("-auth")
            || name.starts_with("pre-function")
            || name.starts_with("ldap")
    };
    let others: Vec<_> = beside.iter().map(|(name, _)| *name).filter(|name| asking(name)).map(str::to_owned).collect();
    if others.is_empty() { Treatment::Open } else { Treatment::Others(others) }
}

/// What a plugin that stands on everything is treated as, where no file has a route.
pub(super) fn without_routes(inputs: &Inputs) -> Option<Treatment> {
    let acl = inputs.declared.everywhere("acl").and_then(|acl| acl.get("config").cloned());
    (inputs.plugins.len() == 1).then_some(Treatment::Plugin(0, acl))
}

/// Whether a plugin stands on something that is in none of the files.
pub(super) fn is_elsewhere(inputs: &Inputs, on: &On) -> bool {
    matches!(on, On::Route(_) | On::Service(_))
        && !inputs.declared.routes.iter().any(|route| inputs.declared.nearness(route, on).is_some())
}

/// The rules of routes that are treated differently, and the one behind them.
pub(super) fn write(
    given: &mut Given<'_>,
    routes: &[(&Route, Matched, Treatment)],
    rule_of: &dyn Fn(&Treatment) -> Tree,
    first: usize,
) -> Vec<Tree> {
    let mut rules: Vec<Tree> = Vec::new();
    let opens = given.choices.open_routes;
    let what = |treatment: &Treatment| match treatment {
        Treatment::Open if opens => Tree::map().with("action", "allow"),
        Treatment::Open => Tree::map().with("action", "authenticate"),
        Treatment::Others(_) => Tree::map().with("action", "deny"),
        plugin @ Treatment::Plugin(..) => rule_of(plugin),
    };
    let is_all = |tree: &Tree| tree.is_empty();
    let mut ends = false;
    for (index, (route, matched, treatment)) in routes.iter().enumerate() {
        let rule = what(treatment);
        let to_the_letter = *treatment != Treatment::Open && routes.iter().skip(index.saturating_add(1)).any(|(_, _, other)| what(other) != rule);
        let place = format!("routes[{}]", first.saturating_add(rules.len()));
        given.ledger.source(&place, &route.place);
        let matched_tree = match matched.tree(to_the_letter) {
            Ok(tree) => tree,
            Err(why) => {
                given.ledger.refused(format!("{} {why}", route.place));
                continue;
            }
        };
        let name = name(&route.name, &rules);
        let mut tree = Tree::map().with("name", name);
        ends |= is_all(&matched_tree);
        if !is_all(&matched_tree) {
            tree = tree.with("match", matched_tree);
        }
        if let Tree::Map(members) = rule {
            tree = members.into_iter().fold(tree, |tree, member| tree.with(&member.name, member.tree));
        }
        rules.push(tree);
        if ends || matched.is_everything() {
            break;
        }
    }
    say(given, routes);
    if !ends {
        given.ledger.changed(
            "paths of no route",
            "403, by a last rule; Kong answered 404. Remove that rule if other applications are behind this gateway",
        );
        rules.push(Tree::map().with("name", "no route of Kong's").with("action", "deny"));
    }
    rules
}

/// A rule's name: the route's, with a number where it has several paths.
fn name(route: &str, rules: &[Tree]) -> String {
    let is_taken = |name: &str| rules.iter().any(|rule| rule.member("name").and_then(Tree::text) == Some(name));
    let short: String = route.chars().take(56).collect();
    let numbered = (2_u32..).map(|number| format!("{short} {number}"));
    std::iter::once(short.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

/// Plugins that ask for something beside ours, and are not moved.
pub(super) fn say_beside(given: &mut Given<'_>, inputs: &Inputs) {
    for route in &inputs.declared.routes {
        if !matches!(treatment(inputs, route), Treatment::Plugin(..)) {
            continue;
        }
        let beside = inputs.declared.beside(route);
        for name in beside.iter().map(|(name, _)| *name).filter(|name| *name != "acl" && ASKING.contains(name)) {
            let what = "is not moved, so that whoever signs in passes without it: ask for the like in `routes` (`require`), or in the gateway";
            given.ledger.lost(&format!("{name} on the route {}", route.name), what);
        }
    }
}

fn say(given: &mut Given<'_>, routes: &[(&Route, Matched, Treatment)]) {
    given.ledger.changed("routes", "`routes`, in Kong's order: hosts, methods and paths. Where a request goes then is the gateway's; a path that servers read in several ways is 400");
    let names = |wanted: &dyn Fn(&Treatment) -> bool| {
        let mut names: Vec<_> = routes
            .iter()
            .filter(|(_, _, treatment)| wanted(treatment))
            .map(|(route, _, _)| route.name.as_str())
            .collect();
        names.dedup();
        names.join(", ")
    };
    let open = names(&|treatment| *treatment == Treatment::Open);
    if !open.is_empty() {
        let what = match given.choices.open_routes {
            true => "open to everyone, as `--open-routes` says (`action: allow`)",
            false => {
                "people must sign in there now. `--open-routes` leaves routes open that have no plugin which asks who somebody is"
            }
        };
        given.ledger.changed(&format!("routes without the plugin: {open}"), what);
    }
    let others = names(&|treatment| matches!(treatment, Treatment::Others(_)));
    if !others.is_empty() {
        given.ledger.changed(
            &format!("routes with other plugins: {others}"),
            "closed to everyone (`action: deny`): what Kong's other plugins asked for (key-auth, jwt and the like) is not moved. Write in \
             `routes` who may pass there",
        );
    }
}
