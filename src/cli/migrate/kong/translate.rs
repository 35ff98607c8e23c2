//! From Kong's settings to a configuration of ours.
//!
//! Decides the order of the parts, that plugins of one issuer and client are one provider, and that no setting is dropped in
//! silence. What each part becomes is decided below:
//!
//! | File | Decides |
//! |---|---|
//! | `given` | how a value is read, and the account of it |
//! | `provider`, `addresses` | `providers`: the issuer, our client there, its addresses |
//! | `bearer` | tokens of programs |
//! | `sign_out` | `logout` |
//! | `pages` | our endpoints, and where people go |
//! | `identity` | headers |
//! | `consumers`, `require` | who may pass |
//! | `routes`, `rules` | where |
//! | `session` | cookies and lifetimes |

mod addresses;
mod bearer;
mod consumers;
mod given;
mod identity;
mod pages;
mod provider;
mod require;
mod routes;
mod rules;
mod session;
mod sign_out;

use std::collections::BTreeSet;

use self::{consumers::Consumers, given::Given, provider::Client, rules::Treatment};
use super::{
    Choices, Translation, fields,
    input::{Inputs, Kind, On, Plugin},
    ledger::Ledger,
    render::Material,
    terms,
    yaml::Tree,
};

/// Plugins of one issuer and client.
struct Group {
    plugins: Vec<usize>,
    methods: Vec<Vec<String>>,
    client: Option<Client>,
}

/// Translates all that is given. The refusals are in the ledger.
pub(super) fn translate(first: &Plugin, mut inputs: Inputs, choices: &Choices) -> Translation {
    let mut given = Given::new(choices, first.clone(), inputs.plugins.len() > 1);
    given.ledger.refuse_all(std::mem::take(&mut inputs.problems));
    for (what, becomes) in std::mem::take(&mut inputs.others) {
        given.ledger.lost(&what, becomes);
    }
    given.ledger.source("publicUrls", "--public-url");
    for part in ["providers", "paths", "afterSignIn", "pages", "session", "identity", "bearer", "routes"] {
        given.ledger.source(part, &first.place);
    }
    let mut groups = groups(&inputs.plugins);
    judge_differences(&mut given, &inputs, &groups);
    for index in 0..groups.len() {
        clients(&mut given, &inputs, &mut groups, index);
    }
    given.plugin = first.clone();
    let signs_in = groups.iter().filter_map(|group| group.client.as_ref()).any(|client| client.signs_in);
    let consumers = Consumers::read(&mut given);
    let after_sign_in = if signs_in { pages::after_sign_in(&mut given) } else { None };
    let paths = if signs_in { pages::paths(&mut given, &inputs) } else { Tree::map() };
    let (pages, open) = pages::pages(&mut given, &inputs);
    let place = bearer::place(&mut given);
    let identity = identity::translate(&mut given, &consumers, &inputs.plugins, signs_in);
    let session = session::translate(&mut given);
    pages::rest(&mut given);
    let rules = all_rules(&mut given, &inputs, &groups, &open);
    rules::judge_beside(&mut given, &inputs);
    rules::judge_hosts(&mut given, &inputs);
    differences(&mut given);
    for plugin in &inputs.plugins {
        given.plugin = plugin.clone();
        given.report_rest();
    }
    given.refuse_unknown();
    let providers = groups.iter().filter_map(|group| Some(group.client.as_ref()?.tree.clone()));
    let urls = choices.public_urls.iter().map(|url| url.as_str().into());
    let mut configuration = Tree::map()
        .explained("Who signs people in.", "providers", Tree::list(providers))
        .explained(PUBLIC_URLS, "publicUrls", Tree::list(urls));
    if !paths.is_empty() {
        configuration = configuration.with("paths", paths);
    }
    configuration =
        configuration.with_some("afterSignIn", after_sign_in).with_some("pages", pages).with("session", session);
    if !identity.is_empty() {
        configuration = configuration.explained(identity::WHY, "identity", identity);
    }
    configuration = configuration.with_some("bearer", place);
    if !rules.is_empty() {
        configuration = configuration.explained(RULES, "routes", Tree::list(rules));
    }
    conclusion(given.ledger, configuration, groups)
}

/// With the secrets, and the hosts that the gateway must reach.
fn conclusion(mut ledger: Ledger, configuration: Tree, groups: Vec<Group>) -> Translation {
    let key = terms::session_key(&mut ledger);
    let (mut secrets, mut provider_hosts) = (Vec::new(), Vec::new());
    for client in groups.into_iter().filter_map(|group| group.client) {
        secrets.extend(client.secret);
        provider_hosts.extend(client.hosts);
    }
    secrets.extend(key);
    let material = Material { command: COMMAND.to_owned(), configuration, secrets, provider_hosts };
    Translation { material, ledger }
}

/// Plugins of one issuer and client are one provider.
fn groups(plugins: &[Plugin]) -> Vec<Group> {
    let key = |plugin: &Plugin| {
        let member = |name: &str| plugin.config.get(name).cloned().unwrap_or_default();
        (member("issuer"), member("client_id"))
    };
    let mut groups: Vec<Group> = Vec::new();
    for (index, plugin) in plugins.iter().enumerate() {
        let is_same = |group: &&mut Group| {
            group.plugins.first().and_then(|first| plugins.get(*first)).is_some_and(|other| key(other) == key(plugin))
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.plugins.push(index),
            None => groups.push(Group { plugins: vec![index], methods: Vec::new(), client: None }),
        }
    }
    groups
}

/// What several plugins say differently, and there is one of here.
fn judge_differences(given: &mut Given<'_>, inputs: &Inputs, groups: &[Group]) {
    for (number, group) in groups.iter().enumerate() {
        let own = group.plugins.first().and_then(|index| inputs.plugins.get(*index));
        for index in &group.plugins {
            let Some(plugin) = inputs.plugins.get(*index) else { continue };
            compare(given, own, plugin, fields::OF_RULES);
        }
        if number > 0 {
            let both = format!("{} {}", fields::OF_RULES, fields::OF_PROVIDERS);
            let Some(own) = own else { continue };
            compare(given, inputs.plugins.first(), own, &both);
        }
    }
}

fn compare(given: &mut Given<'_>, first: Option<&Plugin>, other: &Plugin, may_differ: &str) {
    let Some(first) = first.filter(|first| first.place != other.place) else { return };
    let value = |plugin: &Plugin, name: &str| {
        let default = || fields::find(name).map(|field| field.default).unwrap_or_default();
        plugin.config.get(name).filter(|value| !given::is_empty(value)).cloned().unwrap_or_else(default)
    };
    let names: BTreeSet<_> = first.config.keys().chain(other.config.keys()).collect();
    let is_read = |name: &&&String| fields::find(name).is_some_and(|field| field.fate == fields::Fate::Read);
    let differ = |name: &&&String| {
        !may_differ.split_whitespace().any(|other| other == name.as_str()) && value(first, name) != value(other, name)
    };
    let names: Vec<_> = names.iter().filter(is_read).filter(differ).map(|name| name.as_str()).collect();
    if !names.is_empty() || first.kind != other.kind {
        let names = if names.is_empty() { "what they are for".to_owned() } else { names.join(", ") };
        given.ledger.refused(format!(
            "{} and {} differ in {names}, of which there is one here: give them the same, or move one at a time by `--plugin NAME` \
             (`--plugin {}`, `--plugin {}`)",
            first.place, other.place, first.label, other.label
        ));
    }
}

/// The provider of a group, and the methods of each of its plugins.
fn clients(given: &mut Given<'_>, inputs: &Inputs, groups: &mut [Group], index: usize) {
    let several = groups.len() > 1;
    let Some(group) = groups.get_mut(index) else { return };
    let plugins: Vec<_> = group.plugins.iter().filter_map(|index| inputs.plugins.get(*index)).collect();
    for plugin in plugins.iter().rev() {
        given.plugin = (*plugin).clone();
        group.methods.insert(0, bearer::methods(given));
    }
    let Some(label) = plugins.first().map(|plugin| plugin.label.clone()) else { return };
    let place = given.plugin.place.clone();
    given.ledger.source(&format!("providers[{index}]"), &place);
    let mut all = group.methods.concat();
    all.sort();
    all.dedup();
    let name = several.then(|| provider_name(&label, index));
    let mut client = provider::read(given, index, name.as_deref(), &all);
    let variable = client.secret.as_ref().map(|secret| secret.variable.clone());
    client.hosts.dedup();
    if variable.is_some() && client.is_cognito && client.id.is_empty() {
        client.secret = None;
    }
    for plugin in &plugins {
        // What is the same in all of them was said of the first.
        given.plugin = (*plugin).clone();
        if plugin.place != place {
            let said: Vec<_> = plugin.config.keys().filter(|name| !is_of_rules(name)).cloned().collect();
            said.iter().filter(|name| fields::find(name).is_some()).for_each(|name| drop(given.told(name)));
        }
    }
    group.client = Some(client);
}

fn is_of_rules(name: &str) -> bool {
    fields::OF_RULES.split_whitespace().any(|other| other == name)
}

/// A name that a provider can have.
fn provider_name(label: &str, index: usize) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let name: String = label.chars().take(48).map(letter).collect();
    if name.is_empty() || name == "all" { format!("provider-{}", index.saturating_add(1)) } else { name }
}

/// `routes`: pages that are open, then what stands where.
fn all_rules(given: &mut Given<'_>, inputs: &Inputs, groups: &[Group], open: &[pages::Own]) -> Vec<Tree> {
    let mut all: Vec<Tree> = Vec::new();
    for page in open {
        given.ledger.source(&format!("routes[{}]", all.len()), "forbidden_redirect_uri and its like");
        all.push(page.rule(given));
    }
    let routes = rules::treated(inputs);
    let alone = match routes.as_slice() {
        [] => rules::without_routes(inputs),
        [(_, _, first), rest @ ..] => rest
            .iter()
            .all(|(_, _, other)| other == first)
            .then(|| first.clone())
            .filter(|first| matches!(first, Treatment::Plugin(..))),
    };
    judge_places(given, inputs, routes.is_empty());
    let mut terms: Vec<(Treatment, Tree)> = Vec::new();
    let each = routes.iter().map(|(_, _, treatment)| treatment).chain(&alone);
    for treatment in each.filter(|treatment| matches!(treatment, Treatment::Plugin(..))) {
        if !terms.iter().any(|(other, _)| other == treatment) {
            let tree = terms_of(given, inputs, groups, treatment);
            terms.push((treatment.clone(), tree));
        }
    }
    let rule_of = |treatment: &Treatment| {
        let found = terms.iter().find(|(other, _)| other == treatment);
        found.map(|(_, tree)| tree.clone()).unwrap_or_else(|| Tree::map().with("action", "deny"))
    };
    match alone {
        Some(treatment) => {
            let rule = rule_of(&treatment);
            given.ledger.changed("routes", "one rule for every path: where Kong had no route, people are asked to sign in, too");
            if rule != Tree::map().with("action", "authenticate") {
                all.push(rule);
            }
        }
        None if routes.is_empty() => given.ledger.refused(
            "several plugins, and no file has the routes that they stand on: add the kong.yml that has them (`deck gateway dump`)",
        ),
        None => {
            let rules = rules::write(given, &routes, &rule_of, all.len());
            all.extend(rules);
        }
    }
    all
}

/// Plugins on routes and services that no file has.
fn judge_places(given: &mut Given<'_>, inputs: &Inputs, without_routes: bool) {
    let is_on_routes = |plugin: &&Plugin| plugin.kind == Kind::Plugin;
    let left_out =
        inputs.left_out.iter().find(is_on_routes).filter(|_| inputs.plugins.iter().any(|plugin| is_on_routes(&plugin)));
    if let (true, Some(other)) = (without_routes, left_out) {
        given.ledger.refused(format!(
            "--plugin: no file has the routes, so that nobody knows which are those of {}, which would count no more: add the kong.yml \
             that has them (`deck gateway dump`)",
            other.place
        ));
    }
    for plugin in inputs.plugins.iter().filter(|plugin| rules::is_elsewhere(inputs, &plugin.on)) {
        let what = match &plugin.on {
            On::Route(name) => format!("the route {name}"),
            On::Service(name) => format!("routes of the service {name}"),
            On::Consumer | On::Everything => continue,
        };
        match without_routes && inputs.plugins.len() == 1 {
            true => given.ledger.changed(
                &plugin.place,
                format!("stands on {}, of which no file has the paths: it counts for every path here", short(&what)),
            ),
            false => given.ledger.refused(format!(
                "{} stands on {}, which no file has: add the file, or move it by itself (`--plugin {}`)",
                plugin.place,
                short(&what),
                plugin.label
            )),
        }
    }
}

/// Without the names that stand for things without a name.
fn short(what: &str) -> &str {
    what.split_once(" #").map_or(what, |(what, _)| what)
}

/// What a rule says where a plugin stands.
fn terms_of(given: &mut Given<'_>, inputs: &Inputs, groups: &[Group], treatment: &Treatment) -> Tree {
    let Treatment::Plugin(index, acl) = treatment else { return Tree::map().with("action", "deny") };
    let Some(plugin) = inputs.plugins.get(*index) else { return Tree::map().with("action", "deny") };
    given.plugin = plugin.clone();
    let group = groups.iter().find(|group| group.plugins.contains(index));
    let methods = group.and_then(|group| {
        let place = group.plugins.iter().position(|other| other == index)?;
        group.methods.get(place)
    });
    let methods = methods.cloned().unwrap_or_default();
    let takes_tokens = methods.iter().any(|method| bearer::TOKENS.contains(&method.as_str()));
    let has_tokens = group.and_then(|group| group.client.as_ref()).is_some_and(|client| client.has_bearer);
    // Without tokens at the provider there is nothing to leave out.
    let rule = require::rule(given, inputs, acl.as_ref(), (&methods, takes_tokens || !has_tokens));
    let name = group.and_then(|group| group.client.as_ref()?.tree.member("name").cloned());
    match name {
        Some(name) => rule.with("providers", Tree::list([name])),
        None => rule,
    }
}

/// What is otherwise from now on, whatever was set.
fn differences(given: &mut Given<'_>) {
    for (what, now) in CHANGED {
        given.ledger.changed(what, now);
    }
    for (what, instead) in LOST {
        given.ledger.lost(what, instead);
    }
}

const CHANGED: [(&str, &str); 5] = [
    ("sign-in", "PKCE, a nonce and a state of its own for each tab; the ID token is verified in full"),
    (
        "who is not signed in",
        "people are sent to the provider; programs, XHR and other methods than GET get 401 and a reason, where Kong sent a redirect",
    ),
    ("credentials", "a bearer token decides before a session; Kong looked at the session first"),
    (
        "email",
        "an address that the provider calls unverified (`email_verified` is there and not true) is refused; `identity.allowUnverifiedEmail: true` takes it",
    ),
    (
        "identity headers",
        "what clients send under these names is removed on every path, open ones and OPTIONS included",
    ),
];
const LOST: [(&str, &str); 2] = [
    ("sessions", "everyone signs in once more"),
    (
        "Kong's routes, services and other plugins",
        "where a request goes, rate limits and the like are the gateway's own matter: this takes the place of `openid-connect` alone",
    ),
];

const PUBLIC_URLS: &str =
    "Where people reach the gateway. Kong took any host; here all others get no sign-in and no cookie.";
const RULES: &str = "Who passes where; the first rule that matches decides.";
/// What made the files; what was given to it may hold secrets.
const COMMAND: &str = "edge-oidc migrate kong";
