//! Istio's objects around oauth2-proxy, as Kubeflow has them: who asks it, which headers go on, and which tokens count without it.
//!
//! Decides what they say. Which of them go, and when, is decided in `retired`.

use serde_json::Value;

use super::{
    super::{
        input::alpha::{Header, Source},
        manifest::{self, Object, list, text},
    },
    Given,
    provider::Client,
    retired::Owned,
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
    /// All of them.
    pub(super) objects: Vec<Object>,
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
    mesh.open = open(&Owned::new(&objects, mesh.is_kubeflow), &objects, prefix.trim_end_matches('/'));
    mesh.objects = objects;
    mesh
}

impl Mesh {
    /// The headers that RequestAuthentications wrote, whatever a client sent.
    pub(super) fn written(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| &rule.headers).map(|(name, _)| name.as_str())
    }

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

/// The paths that nobody asks oauth2-proxy about, and the first policy: a path is open where every rule of every policy that is there
/// for oauth2-proxy leaves it out. The guards of others stay.
fn open(owned: &Owned<'_>, objects: &[Object], prefix: &str) -> Vec<(String, String)> {
    let mut open: Option<Vec<String>> = None;
    let first = owned.asking().next().map(place).unwrap_or_default();
    for object in objects.iter().filter(|object| owned.guards(object)) {
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

const KUBEFLOW: &str = "Kubeflow's RequestAuthentication dex-jwt (in none of the files)";
