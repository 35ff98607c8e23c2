//! Kubernetes manifests: objects that hold a configuration or variables, Pomerium's Deployment, and those of its Ingress
//! controller.
//!
//! Decides which settings and routes they amount to.

use serde_json::{Map, Value, json};

use super::{
    input::{Inputs, Route, is_setting},
    manifest::{self, Object, list, members, text},
};

/// Adds what the objects say.
pub(super) fn read(objects: &[Object], inputs: &mut Inputs) {
    for object in objects {
        match object.kind.as_str() {
            "ConfigMap" | "Secret" => data(object, inputs),
            "Pomerium" => controller(object, objects, inputs),
            _ => container(object, objects, inputs),
        }
    }
    let mut routes: Vec<_> =
        objects.iter().filter(|object| is_ours(object)).flat_map(|object| ingress(object, inputs)).collect();
    // As the controller sorts them: by host, then the exact path, the expression, the longest prefix.
    routes.sort_by_key(|route| {
        let text = |name: &str| route.settings.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let order = |name: &str| std::cmp::Reverse(text(name));
        (text("from"), order("path"), order("regex"), order("prefix"))
    });
    inputs.routes.extend(routes);
}

/// A ConfigMap or a Secret: a whole configuration, or variables.
fn data(object: &Object, inputs: &mut Inputs) {
    for (name, value) in object.data() {
        let is_config = name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
        match value {
            Ok(text) if is_config => inputs.config(&format!("{}, {name}", object.place), &text),
            Ok(text) if is_setting(&name) => inputs.variable(&name, text.trim_end_matches('\n'), &object.place),
            Err(why) if is_config || is_setting(&name) => {
                inputs.problems.push(format!("{name} ({}) {why}", object.place))
            }
            _ => {}
        }
    }
}

/// The environment of a container that runs Pomerium.
fn container(object: &Object, objects: &[Object], inputs: &mut Inputs) {
    let pods = ["/spec/template/spec/containers", "/spec/containers"];
    let containers = pods.iter().find_map(|path| object.value.pointer(path)).and_then(Value::as_array);
    let ours = containers.into_iter().flatten().filter(|container| text(container, "/image").contains("pomerium"));
    for variable in ours.flat_map(|container| list(container, "env")) {
        let name = text(variable, "/name");
        if !is_setting(name) {
            continue;
        }
        let Some(from) = variable.get("valueFrom") else {
            inputs.variable(name, text(variable, "/value"), &object.place);
            continue;
        };
        let references = [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")];
        let found = references.into_iter().find_map(|(member, kind)| Some((from.get(member)?, kind)));
        let Some((reference, kind)) = found else { continue };
        let (holder, key) = (text(reference, "/name"), text(reference, "/key"));
        let value = named(objects, kind, holder, &object.namespace).and_then(|found| found.data().remove(key)?.ok());
        match value {
            Some(value) => inputs.variable(name, &value, &object.place),
            None => drop(inputs.elsewhere.insert(name.to_ascii_lowercase(), format!("the {kind} {holder}"))),
        }
    }
}

fn named<'a>(objects: &'a [Object], kind: &str, name: &str, namespace: &str) -> Option<&'a Object> {
    let is_near =
        |object: &&Object| object.namespace.is_empty() || namespace.is_empty() || object.namespace == namespace;
    objects.iter().filter(is_near).find(|object| object.kind == kind && object.name == name)
}

/// What the controller's own object calls what `config.yaml` calls otherwise.
const RENAMED: [(&str, &str); 16] = [
    ("/spec/authenticate/callbackPath", "authenticate_callback_path"),
    ("/spec/authenticate/url", "authenticate_service_url"),
    ("/spec/bearerTokenFormat", "bearer_token_format"),
    ("/spec/cookie/domain", "cookie_domain"),
    ("/spec/cookie/expire", "cookie_expire"),
    ("/spec/cookie/httpOnly", "cookie_http_only"),
    ("/spec/cookie/name", "cookie_name"),
    ("/spec/cookie/sameSite", "cookie_same_site"),
    ("/spec/cookie/secure", "cookie_secure"),
    ("/spec/identityProvider/provider", "idp_provider"),
    ("/spec/identityProvider/requestParams", "idp_request_params"),
    ("/spec/identityProvider/scopes", "idp_scopes"),
    ("/spec/identityProvider/url", "idp_provider_url"),
    ("/spec/idpAccessTokenAllowedAudiences", "idp_access_token_allowed_audiences"),
    ("/spec/jwtClaimHeaders", "jwt_claims_headers"),
    ("/spec/passIdentityHeaders", "pass_identity_headers"),
];

/// `Pomerium`, the controller's settings.
fn controller(object: &Object, objects: &[Object], inputs: &mut Inputs) {
    for (pointer, name) in RENAMED {
        if let Some(value) = object.value.pointer(pointer) {
            inputs.add(name, value.clone(), &object.place, false);
        }
    }
    let read = ["authenticate", "cookie", "identityProvider"];
    let spec = members(&object.value, "spec").filter(|(name, _)| !read.contains(&name.as_str()));
    let renamed = |name: &str| RENAMED.iter().any(|(pointer, _)| pointer.strip_prefix("/spec/") == Some(name));
    for (name, value) in spec.filter(|(name, _)| !renamed(name)) {
        inputs.add(&format!("spec.{name}"), value.clone(), &object.place, false);
    }
    if object.value.pointer("/spec/identityProvider/requestParamsSecret").is_some() {
        inputs.problems.push(format!(
            "requestParamsSecret ({}) holds parameters of the sign-in: write them as `requestParams`; everyone sees them in an \
             address",
            object.place
        ));
    }
    let Some((namespace, name)) = text(&object.value, "/spec/identityProvider/secret").split_once('/') else { return };
    let data = named(objects, "Secret", name, namespace).map(Object::data).unwrap_or_default();
    for (key, setting) in [("client_id", "idp_client_id"), ("client_secret", "idp_client_secret")] {
        match data.get(key) {
            Some(Ok(value)) => inputs.add(setting, value.trim_end_matches('\n').into(), &object.place, false),
            _ => {
                drop(inputs.elsewhere.insert(setting.to_owned(), format!("the Secret {name} of namespace {namespace}")))
            }
        }
    }
}

/// How the controller's annotations begin.
const ANNOTATION: &str = "ingress.pomerium.io/";

fn annotations(object: &Object) -> impl Iterator<Item = (&str, &str)> {
    let annotations = object.value.pointer("/metadata/annotations").and_then(Value::as_object);
    annotations
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.strip_prefix(ANNOTATION)?, value.as_str()?)))
}

fn is_ours(object: &Object) -> bool {
    let class = text(&object.value, "/spec/ingressClassName");
    object.kind == "Ingress" && (class == "pomerium" || class.is_empty() && annotations(object).next().is_some())
}

/// The routes of an Ingress.
fn ingress(object: &Object, inputs: &mut Inputs) -> Vec<Route> {
    let mut common = Map::new();
    let (mut is_regex, mut stream) = (false, "");
    for (name, value) in annotations(object) {
        match (name, value) {
            ("path_regex", value) => is_regex = value == "true",
            ("tcp_upstream", "true") => stream = "tcp+",
            ("udp_upstream", "true") => stream = "udp+",
            ("ssh_upstream", "true") => stream = "ssh+",
            ("identity_provider_secret", _) => drop(common.insert("idp_client_id".to_owned(), json!("in a Secret"))),
            (name, value) => {
                // A value that is no YAML is the text that it is.
                let read = manifest::documents(value).ok().and_then(|documents| documents.into_iter().next());
                common.insert(name.trim_end_matches("_secret").to_owned(), read.unwrap_or_else(|| value.into()));
            }
        }
    }
    let mut routes = Vec::new();
    for rule in list(object.value.pointer("/spec").unwrap_or(&Value::Null), "rules") {
        let host = text(rule, "/host");
        if host.is_empty() {
            inputs.problems.push(format!(
                "{} has a rule without a host, which would be for every host: write one",
                object.described()
            ));
            continue;
        }
        for path in list(rule.get("http").unwrap_or(&Value::Null), "paths") {
            let mut settings = common.clone();
            settings.insert("from".to_owned(), format!("{stream}https://{host}").into());
            let (path, kind) = (text(path, "/path"), text(path, "/pathType"));
            let member = match (kind, is_regex) {
                ("Exact", _) => "path",
                ("ImplementationSpecific", true) => "regex",
                _ => "prefix",
            };
            if !path.is_empty() {
                settings.insert(member.to_owned(), path.into());
            }
            routes.push(Route { settings, label: format!("Ingress {} ({host}{path})", object.name) });
        }
    }
    routes
}
