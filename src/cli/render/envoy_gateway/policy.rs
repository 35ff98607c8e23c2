//! The filter itself: an EnvoyExtensionPolicy; and, where it is wanted, a route for our own endpoints.
//!
//! Decides which routes it guards and what it says beside the filter's configuration.

use super::{
    super::{
        super::yaml::Tree,
        Artifact,
        kubernetes::{metadata, resource},
    },
    GROUP, NAME, Plan, target,
};

pub(super) fn artifact(plan: &Plan<'_>) -> Artifact {
    let spec =
        Tree::map().explained(TARGETS, "targetRefs", Tree::list(targets(plan))).with("wasm", Tree::list([wasm(plan)]));
    let policy = resource(GROUP, "EnvoyExtensionPolicy", metadata(NAME, plan.route_namespace())).with("spec", spec);
    plan.artifact("envoyextensionpolicy.yaml", "The filter, for Envoy Gateway 1.6 and newer. Apply it last.", &[policy])
}

fn targets(plan: &Plan<'_>) -> Vec<Tree> {
    let fleet = &plan.arguments.fleet;
    let own = fleet.own_route.then_some(NAME);
    match (fleet.listener.is_empty(), fleet.http_route.is_empty()) {
        (false, _) => fleet.listener.iter().map(|name| plan.gateway().with("sectionName", name.as_str())).collect(),
        (true, true) => vec![plan.gateway()],
        (true, false) => {
            let named = fleet.http_route.iter().map(String::as_str).filter(|route| *route != NAME);
            named.chain(own).map(|route| target("HTTPRoute", route)).collect()
        }
    }
}

fn wasm(plan: &Plan<'_>) -> Tree {
    let closed = Tree::map().with("name", NAME).with("code", code(plan)).explained(CLOSED, "failOpen", false);
    let keys: Vec<_> = plan.variables.iter().map(|secret| Tree::from(secret.variable.as_str())).collect();
    let wasm = match keys.is_empty() {
        true => closed,
        false => closed.explained(SECRETS, "env", Tree::map().with("hostKeys", Tree::list(keys))),
    };
    wasm.with("config", plan.configuration.clone())
}

fn code(plan: &Plan<'_>) -> Tree {
    let module = &plan.module;
    let (kind, member, url) = match module.url.strip_prefix("oci://") {
        Some(image) => ("Image", "image", image),
        None => ("HTTP", "http", module.url.as_str()),
    };
    let place = if module.is_placeholder { "Where the module is; write where you put it." } else { "" };
    let source = Tree::map().explained(place, "url", url);
    let (note, source) = match &module.sha256 {
        Some(digest) => ("", source.explained(PINNED, "sha256", digest.as_str())),
        None => (UNPINNED, source),
    };
    Tree::map().with("type", kind).explained(note, member, source)
}

/// An HTTPRoute for our own endpoints. What no route matches is answered 404 before any filter of a policy runs.
pub(super) fn own_route(plan: &Plan<'_>) -> Option<Artifact> {
    plan.arguments.fleet.own_route.then_some(())?;
    let config = &plan.config;
    let callbacks =
        config.providers().iter().filter(|provider| provider.signs_in).map(|provider| config.callback_path(provider));
    let mut paths: Vec<String> = config.paths.exact().map(str::to_owned).collect();
    for path in callbacks {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let matched = |kind: &str, path: &str| Tree::map().with("path", Tree::map().with("type", kind).with("value", path));
    let below = config.paths.verify.iter().map(|path| matched("PathPrefix", path));
    let matches: Vec<_> = paths.iter().map(|path| matched("Exact", path)).chain(below).collect();
    let filter = Tree::map().with("type", "ExtensionRef").with(
        "extensionRef",
        Tree::members([
            ("group", "gateway.envoyproxy.io".into()),
            ("kind", "HTTPRouteFilter".into()),
            ("name", NAME.into()),
        ]),
    );
    // The API server takes eight matches in a rule at least, and in all.
    let rules = matches.chunks(8).map(|matches| {
        Tree::map().with("matches", Tree::list(matches.iter().cloned())).with("filters", Tree::list([filter.clone()]))
    });
    let parent =
        Tree::map().with("name", plan.arguments.gateway.as_str()).with("namespace", plan.arguments.namespace.as_str());
    let spec = Tree::map()
        .with("parentRefs", Tree::list([parent]))
        .explained(HOSTS, "hostnames", Tree::list(hostnames(plan).into_iter().map(Tree::from)))
        .with("rules", Tree::list(rules));
    let here = || metadata(NAME, plan.route_namespace());
    let route = resource("gateway.networking.k8s.io/v1", "HTTPRoute", here()).with("spec", spec);
    let answer = Tree::map().with("directResponse", Tree::map().with("statusCode", 404));
    let answer = resource(GROUP, "HTTPRouteFilter", here()).with("spec", answer);
    let what = "Our own endpoints as a route, so that the filter runs on them. It answers every one of them itself: no request\n\
                gets as far as the 404.";
    Some(plan.artifact("httproute.yaml", what, &[route, answer]))
}

fn hostnames(plan: &Plan<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for url in plan.config.public_urls.iter().map(ToString::to_string) {
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned();
        if !names.contains(&host) {
            names.push(host);
        }
    }
    names
}

const TARGETS: &str = "A route, or a rule of one, with an EnvoyExtensionPolicy of its own has that one in place of this: nobody must sign\n\
                       in there. Envoy Gateway says so in this policy's status, as `Overridden`.";
const CLOSED: &str = "If the module or the filter's VM ever fails, requests are refused (never let through), until the pod restarts. Never\n\
                      write true: it lets everybody in without signing in.";
const PINNED: &str = "What pins it: another module under this address is refused.";
const UNPINNED: &str =
    "The module is not pinned. Add `sha256`: of an image the digest of its manifest, else the file's hash.";
const SECRETS: &str = "The variables of Envoy's container that the filter sees: its secrets.";
const HOSTS: &str = "The very hostnames of the other routes: Envoy Gateway looks for a request's route only among those of the hostname\n\
                     that fits best.";
