//! Istio's objects that were there for oauth2-proxy alone, and the order in which they go.
//!
//! Decides which they are: another's guard is never named for deletion, and the gateway is never open in between.

use serde_json::Value;

use super::{
    super::manifest::{self, Object, list, text},
    Given,
    mesh::Mesh,
};

/// All objects, and by which names policies mean oauth2-proxy.
pub(super) struct Owned<'a> {
    objects: &'a [Object],
    is_kubeflow: bool,
    /// Name and service of each entry of `extensionProviders`.
    providers: Vec<(String, String)>,
}

impl<'a> Owned<'a> {
    /// Looks through the mesh configuration among `objects`.
    pub(super) fn new(objects: &'a [Object], is_kubeflow: bool) -> Self {
        let maps = objects.iter().filter(|object| object.kind == "ConfigMap");
        Self { objects, is_kubeflow, providers: maps.flat_map(providers).collect() }
    }

    /// The policies by which requests come to oauth2-proxy.
    pub(super) fn asking(&self) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(|object| self.asks(object))
    }

    /// Whether a policy is one of those, or wants the token that oauth2-proxy brought.
    pub(super) fn guards(&self, object: &Object) -> bool {
        self.asks(object) || self.wants_token(object)
    }

    /// A policy whose provider is oauth2-proxy: by its service, or by its name where no mesh configuration has it.
    fn asks(&self, object: &Object) -> bool {
        let name = text(&object.value, "/spec/provider/name");
        let service = self.providers.iter().find(|(known, _)| known == name).map_or(name, |(_, service)| service);
        is_custom(object) && (is_oauth2_proxy(service) || self.is_shipped(object))
    }

    /// A policy at the same place that denies what has no token, but for some paths, and nothing else.
    fn wants_token(&self, object: &Object) -> bool {
        is_deny(object) && (self.is_shipped(object) || (self.is_beside(object) && wants_any_token(object)))
    }

    /// What takes tokens at the same place, all of issuers whose tokens are the filter's to take from now on.
    fn reads(&self, object: &Object, issuers: &[&str]) -> bool {
        let all = || {
            let mut rules = object.value.pointer("/spec/jwtRules").and_then(Value::as_array).into_iter().flatten();
            rules.all(|rule| issuers.contains(&text(rule, "/issuer")))
        };
        is_request_authentication(object) && (self.is_shipped(object) || (self.is_beside(object) && all()))
    }

    /// Kubeflow's own name.
    fn is_shipped(&self, object: &Object) -> bool {
        self.is_kubeflow && object.namespace == GATEWAY && SHIPPED.contains(&(&object.kind, &object.name))
    }

    /// Whether it is for the same pods as a policy by which requests come to oauth2-proxy.
    fn is_beside(&self, object: &Object) -> bool {
        let place = |object: &Object| {
            let part = |pointer| object.value.pointer(pointer).cloned();
            (object.namespace.clone(), part("/spec/selector"), part("/spec/targetRefs"))
        };
        self.asking().any(|asking| place(asking) == place(object))
    }

    /// The commands for those that `is` picks; Kubeflow's own by their names where there are none.
    fn commands(&self, is: impl Fn(&Object) -> bool, shipped: &[(&str, &str)]) -> Vec<String> {
        let found: Vec<_> = self.objects.iter().filter(|object| is(object)).map(delete).collect();
        match found.is_empty() && self.is_kubeflow {
            true => shipped.iter().map(|(kind, name)| command(kind, name, GATEWAY)).collect(),
            false => found,
        }
    }

    /// Guards and readers of tokens that stay, by name.
    fn left(&self, issuers: &[&str]) -> Vec<String> {
        let is_left = |object: &&Object| {
            (is_custom(object) || is_deny(object) || is_request_authentication(object))
                && !self.guards(object)
                && !self.reads(object, issuers)
        };
        let name =
            |object: &Object| manifest::described(&format!("{} {}", object.kind, object.name), &object.namespace);
        self.objects.iter().filter(is_left).map(name).collect()
    }
}

/// What goes, in order. Ours decides before each of these, so nothing is open while they are still there, and nobody who has signed
/// in here is asked again where the ID token goes on as `authorization`. Tokens of `issuers` are the filter's to take.
pub(super) fn steps(given: &Given<'_>, mesh: &Mesh, issuers: &[&str]) -> Vec<String> {
    let is_kubeflow = given.is_kubeflow();
    let owned = Owned::new(&mesh.objects, is_kubeflow);
    let [asking, denying, reading @ ..] = &SHIPPED;
    let is_filter = |object: &Object| object.kind == "EnvoyFilter" && is_oauth2_proxy(&object.value.to_string());
    let mut asks = owned.commands(|object| owned.asks(object), &[*asking]);
    asks.extend(mesh.objects.iter().filter(|object| is_filter(object)).map(delete));
    let wants = owned.commands(|object| owned.wants_token(object), &[*denying]);
    let reads = owned.commands(|object| owned.reads(object, issuers), reading);
    let left = owned.left(issuers);
    let host = given.first_host().unwrap_or_else(|| "https://HOST".to_owned());
    let mut last = vec![format!("see that the filter answers: 401, and JSON with \"error\": curl -i {host}/")];
    let mut say = |commands: &[String], what: &str| {
        if !commands.is_empty() {
            last.push(format!("{what}: {}", commands.join("; ")));
        }
    };
    say(&asks, "then, and never before, which would open the gateway, what asks oauth2-proxy");
    say(
        &wants,
        "then what wants a token that oauth2-proxy brought (while it is there without the next, nobody gets in)",
    );
    say(&reads, "then what reads such tokens and writes headers of its own");
    say(&left, LEFT);
    match asks.is_empty() {
        true => last.insert(1, OTHERS.to_owned()),
        false => last.push(EXTENSION.to_owned()),
    }
    last.push(if is_kubeflow { LATER_KUBEFLOW } else { LATER }.to_owned());
    last
}

fn is_custom(object: &Object) -> bool {
    object.kind == "AuthorizationPolicy" && text(&object.value, "/spec/action") == "CUSTOM"
}

fn is_deny(object: &Object) -> bool {
    object.kind == "AuthorizationPolicy" && text(&object.value, "/spec/action") == "DENY"
}

fn is_request_authentication(object: &Object) -> bool {
    object.kind == "RequestAuthentication"
}

fn is_oauth2_proxy(text: &str) -> bool {
    text.replace('_', "-").contains("oauth2-proxy")
}

fn providers(object: &Object) -> Vec<(String, String)> {
    let mesh = object.data().remove("mesh").and_then(Result::ok);
    let mesh = mesh.and_then(|mesh| manifest::documents(&mesh).ok()?.into_iter().next()).unwrap_or_default();
    let service = |provider: &Value| {
        let parts = ["/envoyExtAuthzHttp/service", "/envoyExtAuthzGrpc/service"];
        parts.map(|part| text(provider, part)).concat()
    };
    list(&mesh, "extensionProviders").map(|provider| (text(provider, "/name").to_owned(), service(provider))).collect()
}

/// Whether each rule says `notRequestPrincipals: ["*"]` and leaves out paths at most.
fn wants_any_token(object: &Object) -> bool {
    let members = |value: &Value, known: &[&str]| {
        value.as_object().is_some_and(|object| object.keys().all(|name| known.contains(&name.as_str())))
    };
    let is_source =
        |from: &Value| from.pointer("/source") == Some(&serde_json::json!({ "notRequestPrincipals": ["*"] }));
    let is_rule = |rule: &Value| {
        members(rule, &["from", "to"])
            && list(rule, "from").next().is_some()
            && list(rule, "from").all(is_source)
            && list(rule, "to").all(|to| to.get("operation").is_some_and(|operation| members(operation, &["notPaths"])))
    };
    let rules = object.value.pointer("/spec/rules").and_then(Value::as_array);
    rules.is_some_and(|rules| !rules.is_empty() && rules.iter().all(is_rule))
}

fn delete(object: &Object) -> String {
    let namespace = if object.namespace.is_empty() { GATEWAY } else { &object.namespace };
    command(&object.kind, &object.name, namespace)
}

fn command(kind: &str, name: &str, namespace: &str) -> String {
    format!("kubectl -n {namespace} delete {} {name} --ignore-not-found", kind.to_ascii_lowercase())
}

/// The namespace of Istio's gateway, as Kubeflow has it.
const GATEWAY: &str = "istio-system";
/// Kubeflow's objects: what asks, what wants a token, what reads them.
const SHIPPED: [(&str, &str); 4] = [
    ("AuthorizationPolicy", "istio-ingressgateway-oauth2-proxy"),
    ("AuthorizationPolicy", "istio-ingressgateway-require-jwt"),
    ("RequestAuthentication", "dex-jwt"),
    ("RequestAuthentication", "m2m-token-issuer"),
];
const LEFT: &str = "these stay, since nothing says that they are there for oauth2-proxy; look at each";
const OTHERS: &str = "then, and never before, which would leave applications open: point the names and routes that led to oauth2-proxy, or that asked it \
                      (`auth_request`, forward authentication), to the gateway, and let nobody reach the applications past it";
const EXTENSION: &str = "take the `extensionProviders` entry of oauth2-proxy out of the ConfigMap `istio` of namespace istio-system, and have Kubeflow's kustomization leave all of these out (docs/oauth2-proxy.md)";
const LATER_KUBEFLOW: &str = "later, when nobody misses it, the VirtualService and the rest of oauth2-proxy: kubectl -n oauth2-proxy delete virtualservice,deployment,service oauth2-proxy --ignore-not-found";
const LATER: &str = "later, when nobody misses it, oauth2-proxy itself, its routes and its secrets: docs/oauth2-proxy.md says how to go back until then";
