//! What istiod makes of `istio/authorization.yaml`: filters of Envoy. It knows what that manifest uses, and panics at anything
//! else, so that no line of it can stay untested.
//!
//! As istiod does it: a rule of RequestAuthentication is a provider of jwt_authn whose token may be missing; the claims go
//! into dynamic metadata; RBAC reads them there.

use devkit::install::workspace;
use serde_json::{Map, Value, json};

const METADATA: &str = "envoy.filters.http.jwt_authn";

/// The two filters, in their order. The keys come through this cluster, where istiod would put them into the file.
pub fn filters(cluster: &str) -> [Value; 2] {
    let text = std::fs::read_to_string(workspace().join("istio/authorization.yaml")).unwrap();
    let manifests: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let [authentication, policy] = &manifests[..] else { panic!("two manifests") };
    assert_eq!(
        (&authentication["kind"], &policy["kind"]),
        (&json!("RequestAuthentication"), &json!("AuthorizationPolicy"))
    );
    assert_eq!(authentication["metadata"]["namespace"], policy["metadata"]["namespace"]);
    [jwt_authn(&authentication["spec"], cluster), rbac(&policy["spec"])]
}

fn jwt_authn(spec: &Value, cluster: &str) -> Value {
    known(spec, &["jwtRules"]);
    let [rule] = &spec["jwtRules"].as_array().unwrap()[..] else { panic!("one rule") };
    known(rule, &["issuer", "jwksUri", "audiences", "fromHeaders", "forwardOriginalToken"]);
    let header = |header: &Value| json!({ "name": header["name"], "value_prefix": header["prefix"] });
    let provider = json!({
        "issuer": rule["issuer"],
        "audiences": rule["audiences"],
        "remote_jwks": {
            "http_uri": { "uri": rule["jwksUri"], "cluster": cluster, "timeout": "5s" },
            "async_fetch": {},
        },
        "forward": rule["forwardOriginalToken"],
        "from_headers": rule["fromHeaders"].as_array().unwrap().iter().map(header).collect::<Vec<_>>(),
        "payload_in_metadata": "payload",
        "normalize_payload_in_metadata": { "space_delimited_claims": ["scope", "permission"] },
    });
    let either =
        json!({ "requires_any": { "requirements": [{ "provider_name": "origins-0" }, { "allow_missing": {} }] } });
    filter(
        "envoy.filters.http.jwt_authn",
        "jwt_authn.v3.JwtAuthentication",
        json!({
            "providers": { "origins-0": provider },
            "rules": [{ "match": { "prefix": "/" }, "requires": either }],
            "bypass_cors_preflight": true,
        }),
    )
}

fn rbac(spec: &Value) -> Value {
    known(spec, &["action", "rules"]);
    let rules = spec["rules"].as_array().unwrap().iter().enumerate();
    let policies: Map<_, _> = rules.map(|(at, rule)| (format!("rule[{at}]"), policy(rule))).collect();
    filter(
        "envoy.filters.http.rbac",
        "rbac.v3.RBAC",
        json!({ "rules": { "action": spec["action"], "policies": policies } }),
    )
}

fn policy(rule: &Value) -> Value {
    known(rule, &["from", "to", "when"]);
    let permissions: Vec<_> = list(&rule["to"]).iter().map(|to| operation(only(to, "operation"))).collect();
    let from: Vec<_> = list(&rule["from"]).iter().map(|from| source(only(from, "source"))).collect();
    let from = (!from.is_empty()).then(|| json!({ "or_ids": { "ids": from } }));
    let when = list(&rule["when"]).iter().map(claim);
    let principals: Vec<_> = from.into_iter().chain(when).collect();
    json!({
        "permissions": if permissions.is_empty() { vec![json!({ "any": true })] } else { permissions },
        "principals": if principals.is_empty() { json!([{ "any": true }]) } else { json!([{ "and_ids": { "ids": principals } }]) },
    })
}

/// All of an operation's members are demanded, one value of each is enough.
fn operation(operation: &Value) -> Value {
    known(operation, &["paths", "methods"]);
    let path = |path: &Value| json!({ "url_path": { "path": text(path) } });
    let method = |method: &Value| json!({ "header": { "name": ":method", "string_match": text(method) } });
    let paths: Vec<_> = list(&operation["paths"]).iter().map(path).collect();
    let methods: Vec<_> = list(&operation["methods"]).iter().map(method).collect();
    let any = [paths, methods].into_iter().filter(|rules| !rules.is_empty());
    json!({ "and_rules": { "rules": any.map(|rules| json!({ "or_rules": { "rules": rules } })).collect::<Vec<_>>() } })
}

/// `ISSUER/*`: any subject of an issuer.
fn source(source: &Value) -> Value {
    let principals = list(only(source, "requestPrincipals")).iter().map(|principal| {
        let issuer = principal.as_str().and_then(|text| text.strip_suffix("/*")).expect("any subject of an issuer");
        let subject = json!({ "string_match": { "safe_regex": { "regex": ".+" } } });
        let issuer = json!({ "string_match": { "exact": issuer } });
        json!({ "and_ids": { "ids": [metadata("iss", &issuer), metadata("sub", &subject)] } })
    });
    json!({ "or_ids": { "ids": principals.collect::<Vec<_>>() } })
}

/// A claim that is a text, or a list with one.
fn claim(when: &Value) -> Value {
    known(when, &["key", "values"]);
    let key = when["key"].as_str().unwrap();
    let name = key.strip_prefix("request.auth.claims[").and_then(|key| key.strip_suffix(']')).expect("a claim");
    let values = list(&when["values"]).iter().map(|value| {
        let value = json!({ "string_match": text(value) });
        metadata(
            name,
            &json!({ "or_match": { "value_matchers": [value.clone(), { "list_match": { "one_of": value } }] } }),
        )
    });
    json!({ "or_ids": { "ids": values.collect::<Vec<_>>() } })
}

fn metadata(claim: &str, value: &Value) -> Value {
    let matcher = json!({ "filter": METADATA, "path": [{ "key": "payload" }, { "key": claim }], "value": value });
    json!({ "sourced_metadata": { "metadata_matcher": matcher } })
}

/// With a star at its end or at its beginning, or exact.
fn text(value: &Value) -> Value {
    let text = value.as_str().unwrap();
    match (text.strip_suffix('*'), text.strip_prefix('*')) {
        (Some(prefix), None) => json!({ "prefix": prefix }),
        (None, Some(suffix)) => json!({ "suffix": suffix }),
        _ => json!({ "exact": text }),
    }
}

fn filter(name: &str, kind: &str, mut config: Value) -> Value {
    config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.filters.http.{kind}"));
    json!({ "name": name, "typed_config": config })
}

fn known(value: &Value, names: &[&str]) {
    for name in value.as_object().expect("an object").keys() {
        assert!(names.contains(&name.as_str()), "nobody says here what istiod makes of `{name}`");
    }
}

fn only<'a>(value: &'a Value, name: &str) -> &'a Value {
    known(value, &[name]);
    &value[name]
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
