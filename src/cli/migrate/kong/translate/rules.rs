//! `routes`: which plugin stands where, as rules.
//!
//! Decides the order of rules, and that nothing is opened that nobody chose to open.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    super::{
        super::yaml::Tree,
        input::{Inputs, On, Plugin, Route},
    },
    given::Given,
    routes::{self, Matched},
};
use crate::policy::HostPattern;

/// What becomes of a route's requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// No plugin asks who somebody is.
    Open,
    /// Other plugins do, or may.
    Others(Vec<String>),
    /// A plugin of ours, and the ACL plugin beside it.
    Plugin(usize, Option<Value>),
}

/// Plugins that never decide who passes. Any other may, one of somebody's own among them.
const HARMLESS: &str = "
    acme aws-lambda azure-functions canary confluent correlation-id cors datadog degraphql exit-transformer file-log forward-proxy
    graphql-proxy-cache-advanced graphql-rate-limiting-advanced grpc-gateway grpc-web http-log jq kafka-log kafka-upstream loggly
    opentelemetry prometheus proxy-cache proxy-cache-advanced rate-limiting rate-limiting-advanced request-size-limiting
    request-transformer request-transformer-advanced response-ratelimiting response-transformer response-transformer-advanced
    route-by-header route-transformer-advanced service-protection session statsd statsd-advanced syslog tcp-log udp-log
    upstream-oauth upstream-timeout websocket-size-limit zipkin
";

/// Whether a plugin may decide who passes.
fn decides(name: &str) -> bool {
    !HARMLESS.split_whitespace().any(|harmless| harmless == name)
}

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
    // Where every route is at one port, it is the gateway's own.
    let port = routes.first().and_then(|(_, matched, _)| matched.port.clone());
    if routes.iter().all(|(_, matched, _)| matched.port == port) {
        routes.iter_mut().for_each(|(_, matched, _)| matched.port = None);
    }
    routes
}

fn treatment(inputs: &Inputs, route: &Route) -> Treatment {
    let near = |plugin: &Plugin| inputs.declared.nearness(route, &plugin.on);
    let nearest = inputs.plugins.iter().enumerate().filter_map(|(index, plugin)| Some((near(plugin)?, index)));
    let nearest = nearest.max_by_key(|(nearness, index)| (*nearness, std::cmp::Reverse(*index)));
    let left_out = inputs.left_out.iter().filter_map(near).max();
    if left_out.is_some_and(|left_out| nearest.is_none_or(|(nearness, _)| nearness <= left_out)) {
        return Treatment::Others(vec!["openid-connect".to_owned()]);
    }
    let beside = inputs.declared.beside(route);
    if let Some((_, index)) = nearest {
        let acl = beside.iter().find(|(name, _)| *name == "acl").and_then(|(_, plugin)| plugin.get("config").cloned());
        return Treatment::Plugin(index, acl);
    }
    let others: Vec<_> = beside.iter().map(|(name, _)| *name).filter(|name| decides(name)).map(str::to_owned).collect();
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
    judge_order(given, routes, &what);
    for (index, (route, matched, treatment)) in routes.iter().enumerate() {
        let rule = what(treatment);
        let to_the_letter = *treatment != Treatment::Open
            && routes.iter().skip(index.saturating_add(1)).any(|(_, _, other)| what(other) != rule);
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

/// Two routes that are treated differently, and nobody knows which of them Kong looked at first.
fn judge_order(given: &mut Given<'_>, routes: &[(&Route, Matched, Treatment)], what: &dyn Fn(&Treatment) -> Tree) {
    for (index, (route, matched, treatment)) in routes.iter().enumerate() {
        let mut later = routes.iter().skip(index.saturating_add(1));
        let doubtful = later.find(|(_, other, of)| matched.is_in_doubt(other) && what(treatment) != what(of));
        if let Some((other, _, _)) = doubtful {
            given.ledger.refused(format!(
                "{} and {} are not looked at in one order by each of Kong's routers (`router_flavor`): give both the same kinds of \
                 conditions, hosts, paths and methods",
                route.place, other.place
            ));
        }
    }
}

/// Hosts at which people signed in so far, and nobody could any more.
pub(super) fn judge_hosts(given: &mut Given<'_>, inputs: &Inputs) {
    let bare = |url: &String| {
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).split('/').next().unwrap_or_default();
        HostPattern::parse(&routes::without_port(host).0).ok()
    };
    let ours: Vec<_> = given.choices.public_urls.iter().filter_map(bare).collect();
    let mut said = BTreeSet::new();
    for (route, matched, treatment) in treated(inputs) {
        let hosts = if matches!(treatment, Treatment::Plugin(..)) { matched.hosts() } else { &[] };
        for host in hosts {
            let Ok(pattern) = HostPattern::parse(host) else { continue };
            let is_ours = ours.iter().any(|ours| ours.covers(&pattern) || pattern.covers(ours));
            if !is_ours && said.insert(host.clone()) {
                given.ledger.refused(format!(
                    "{} is for {host}, which no `--public-url` names, so that nobody could sign in there: add \
                     `--public-url https://{host}`, or take the route out of the file",
                    route.place
                ));
            }
        }
    }
}

/// Plugins that may decide who passes, beside ours: what they say is not moved. Also two of ours in one place.
pub(super) fn judge_beside(given: &mut Given<'_>, inputs: &Inputs) {
    let routes = &inputs.declared.routes;
    let ours: Vec<_> =
        routes.iter().filter(|route| matches!(treatment(inputs, route), Treatment::Plugin(..))).collect();
    for (name, place, on) in inputs.declared.enabled().filter(|(name, _, _)| *name != "acl" && decides(name)) {
        let is_near = |route: &&Route| inputs.declared.nearness(route, on).is_some();
        if *on == On::Consumer || routes.is_empty() || ours.iter().copied().any(|route| is_near(&route)) {
            given.ledger.refused(format!(
                "{place} may decide who passes, and is not moved, so that whoever signs in would pass without it: let the gateway ask \
                 for the like, or `require` in `routes`, then take {name} out of this file"
            ));
        }
    }
    for route in routes {
        let near = |plugin: &Plugin| inputs.declared.nearness(route, &plugin.on);
        let nearest = inputs.plugins.iter().filter_map(near).max();
        let mut both = inputs.plugins.iter().filter(|plugin| nearest.is_some() && near(plugin) == nearest);
        if let (Some(one), Some(other)) = (both.next(), both.next()) {
            let (one, other, place) = (&one.place, &other.place, &route.place);
            given.ledger.refused(format!("{one} and {other} both stand on {place}: leave the one that counts"));
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
                "people must sign in there now. `--open-routes` leaves routes open that have no plugin which may decide who passes"
            }
        };
        given.ledger.changed(&format!("routes without the plugin: {open}"), what);
    }
    let others = names(&|treatment| matches!(treatment, Treatment::Others(_)));
    if !others.is_empty() {
        let plugins = routes.iter().filter_map(|(_, _, treatment)| match treatment {
            Treatment::Others(plugins) => Some(plugins),
            Treatment::Open | Treatment::Plugin(..) => None,
        });
        let plugins: BTreeSet<_> = plugins.flatten().map(String::as_str).collect();
        let plugins = plugins.into_iter().collect::<Vec<_>>().join(", ");
        given.ledger.changed(
            &format!("routes with other plugins: {others}"),
            format!(
                "closed to everyone (`action: deny`): what these ask for, or do, is not moved ({plugins}). Write in `routes` who may pass \
                 there"
            ),
        );
    }
}
