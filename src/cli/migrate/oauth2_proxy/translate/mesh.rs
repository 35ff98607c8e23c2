//! Istio's objects around oauth2-proxy, as Kubeflow has them: who asks it, which headers go on, and which tokens count without it.
//!
//! Decides the order in which they go, so that the gateway is never open in between.

use serde_json::Value;

use super::{
    super::{
        input::alpha::{Header, Source},
        manifest::{self, Object, list, text},
    },
    Given,
    provider::Client,
};

/// What Istio's objects say.
#[derive(Default)]
pub(super) struct Mesh {
    /// The rules of RequestAuthentications.
    pub(super) rules: Vec<TokenRule>,
    /// The headers of an answer of oauth2-proxy's that go on to the applications, in lower case.
    pub(super) handed_on: Option<Vec<String>>,
    /// Paths that nobody asks oauth2-proxy about, and which object says so.
    pub(super) open: Vec<(String, String)>,
    /// What is to be done when the plugin answers.
    pub(super) last_steps: Vec<String>,
    is_kubeflow: bool,
}

/// Whose tokens count.
pub(super) struct TokenRule {
    /// The issuer.
    pub(super) issuer: String,
    /// Where its keys are; empty if the metadata says.
    pub(super) jwks: String,
    /// Which object says so.
    pub(super) place: String,
    headers: Vec<(String, String)>,
}

pub(super) fn read(given: &mut Given<'_>) -> Mesh {
    let objects = std::mem::take(&mut given.mesh);
    let mut mesh = Mesh { is_kubeflow: given.is_kubeflow(), ..Mesh::default() };
    for object in &objects {
        match object.kind.as_str() {
            "RequestAuthentication" => {
                mesh.rules.extend(list(spec(object), "jwtRules").map(|rule| token_rule(object, rule)))
            }
            "ConfigMap" => mesh.handed_on = mesh.handed_on.take().or_else(|| handed_on(object)),
            _ => {}
        }
    }
    let prefix = given.peek("proxy_prefix").map_or_else(|| "/oauth2".to_owned(), |setting| setting.text().to_owned());
    mesh.open = open(&objects, prefix.trim_end_matches('/'));
    steps(given, &objects, &mut mesh);
    mesh
}

impl Mesh {
    /// The headers that a RequestAuthentication makes of the provider's own tokens; Kubeflow's, where its object is not there.
    pub(super) fn headers(&self, client: &Client) -> Vec<Header> {
        let rules: Vec<_> = self.rules.iter().filter(|rule| rule.issuer == client.issuer).collect();
        let header = |name: &str, claim: &str, label: &str| Header {
            name: name.to_owned(),
            sources: vec![Source::Claim { claim: claim.to_owned(), prefix: String::new() }],
            preserve: false,
            label: label.to_owned(),
            request: true,
        };
        if rules.is_empty() && self.is_kubeflow {
            return vec![header("kubeflow-userid", "email", KUBEFLOW), header("kubeflow-groups", "groups", KUBEFLOW)];
        }
        let all =
            rules.iter().flat_map(|rule| rule.headers.iter().map(|(name, claim)| header(name, claim, &rule.place)));
        all.collect()
    }
}

fn spec(object: &Object) -> &Value {
    object.value.get("spec").unwrap_or(&Value::Null)
}

fn action(object: &Object) -> &str {
    text(&object.value, "/spec/action")
}

fn place(object: &Object) -> String {
    format!("{} {}", object.kind, object.name)
}

fn token_rule(object: &Object, rule: &Value) -> TokenRule {
    let headers = list(rule, "outputClaimToHeaders")
        .map(|header| (text(header, "/header").to_owned(), text(header, "/claim").to_owned()));
    TokenRule {
        issuer: text(rule, "/issuer").to_owned(),
        jwks: text(rule, "/jwksUri").to_owned(),
        place: place(object),
        headers: headers.collect(),
    }
}

/// The paths that no policy asks about, and the first policy: a path is open where every rule of every policy leaves it out.
fn open(objects: &[Object], prefix: &str) -> Vec<(String, String)> {
    let is_guard =
        |object: &&Object| object.kind == "AuthorizationPolicy" && matches!(action(object), "CUSTOM" | "DENY");
    let mut open: Option<Vec<String>> = None;
    let mut first = String::new();
    for object in objects.iter().filter(is_guard) {
        if action(object) == "CUSTOM" && first.is_empty() {
            first = place(object);
        }
        for rule in list(spec(object), "rules") {
            let operations: Vec<_> = list(rule, "to").map(left_out).collect();
            for paths in if operations.is_empty() { vec![Vec::new()] } else { operations } {
                open = Some(match open {
                    Some(open) => open.into_iter().filter(|path| paths.contains(path)).collect(),
                    None => paths,
                });
            }
        }
    }
    // oauth2-proxy's own paths are ours now.
    let own = format!("{prefix}/");
    let open = open.filter(|_| !first.is_empty()).unwrap_or_default();
    open.into_iter().filter(|path| !path.starts_with(&own)).map(|path| (path, first.clone())).collect()
}

fn left_out(to: &Value) -> Vec<String> {
    let paths = to.pointer("/operation/notPaths").and_then(Value::as_array);
    paths.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `headersToUpstreamOnAllow` of Istio's mesh configuration.
fn handed_on(object: &Object) -> Option<Vec<String>> {
    let mesh = object.data().remove("mesh")?.ok()?;
    let mesh = manifest::documents(&mesh).ok()?.into_iter().next()?;
    let providers = list(&mesh, "extensionProviders").filter_map(|provider| provider.get("envoyExtAuthzHttp"));
    let mut ours = providers.filter(|provider| text(provider, "/service").contains("oauth2-proxy"));
    let headers = list(ours.next()?, "headersToUpstreamOnAllow");
    Some(headers.filter_map(Value::as_str).map(str::to_ascii_lowercase).collect())
}

/// What goes, in order. Ours decides before each of these, so nothing is open while they are still there, and nobody who has signed
/// in here is asked again where the ID token goes on as `authorization`.
fn steps(given: &mut Given<'_>, objects: &[Object], mesh: &mut Mesh) {
    let named = |kind: &str, action_is: &str, default: &[&str]| -> Vec<String> {
        let of_kind = objects
            .iter()
            .filter(|object| object.kind == kind && (action_is.is_empty() || action(object) == action_is));
        let found: Vec<_> = of_kind.map(|object| delete(&object.kind, &object.name, &object.namespace)).collect();
        let defaults = default.iter().map(|name| delete(kind, name, "istio-system"));
        if found.is_empty() && mesh.is_kubeflow { defaults.collect() } else { found }
    };
    let asking: Vec<_> = named("AuthorizationPolicy", "CUSTOM", &["istio-ingressgateway-oauth2-proxy"])
        .into_iter()
        .chain(
            objects
                .iter()
                .filter(|object| object.kind == "EnvoyFilter" && object.value.to_string().contains("oauth2-proxy"))
                .map(|object| delete(&object.kind, &object.name, &object.namespace)),
        )
        .collect();
    let denying = named("AuthorizationPolicy", "DENY", &["istio-ingressgateway-require-jwt"]);
    let reading = named("RequestAuthentication", "", &["dex-jwt", "m2m-token-issuer"]);
    let host = given.first_host().unwrap_or_else(|| "https://HOST".to_owned());
    let mut last = vec![format!("see that the filter answers: 401, and JSON with \"error\": curl -i {host}/")];
    if asking.is_empty() {
        last.push(OTHERS.to_owned());
    } else {
        last.push(format!(
            "then, and never before, which would open the gateway, what asks oauth2-proxy: {}",
            asking.join("; ")
        ));
    }
    if !denying.is_empty() {
        last.push(format!("then what wants a token that oauth2-proxy brought (while it is there without the next, nobody gets in): {}", denying.join("; ")));
    }
    if !reading.is_empty() {
        last.push(format!("then what reads such tokens and writes headers of its own: {}", reading.join("; ")));
    }
    if !asking.is_empty() {
        last.push("take the `extensionProviders` entry of oauth2-proxy out of the ConfigMap `istio` of namespace istio-system, and have Kubeflow's kustomization leave all of these out (docs/oauth2-proxy.md)".to_owned());
    }
    last.push(match mesh.is_kubeflow {
        true => "later, when nobody misses it, the VirtualService and the rest of oauth2-proxy: kubectl -n oauth2-proxy delete virtualservice,deployment,service oauth2-proxy --ignore-not-found".to_owned(),
        false => "later, when nobody misses it, oauth2-proxy itself, its routes and its secrets: docs/oauth2-proxy.md says how to go back until then".to_owned(),
    });
    mesh.last_steps = last;
}

fn delete(kind: &str, name: &str, namespace: &str) -> String {
    let namespace = if namespace.is_empty() { "istio-system" } else { namespace };
    format!("kubectl -n {namespace} delete {} {name} --ignore-not-found", kind.to_ascii_lowercase())
}

const KUBEFLOW: &str = "Kubeflow's RequestAuthentication dex-jwt (in none of the files)";
const OTHERS: &str = "then, and never before, which would leave applications open: point the names and routes that led to oauth2-proxy, or that asked it \
                      (`auth_request`, forward authentication), to the gateway, and let nobody reach the applications past it";
