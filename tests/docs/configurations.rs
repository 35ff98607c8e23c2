//! Every configuration that a document shows is one that the filter takes, read as the command-line tool reads it.

use std::{io, path::Path};

use clap::Parser;
use edge_oidc::cli::{Cli, Outcome, World, run};
use serde_json::{Value, json};

use crate::corpus::{Fence, documents, root};

/// The blocks that a configuration may have.
const BLOCKS: [&str; 11] = [
    "afterSignIn",
    "providers",
    "publicUrls",
    "callbackUrl",
    "paths",
    "session",
    "identity",
    "bearer",
    "externalAuthorization",
    "pages",
    "routes",
];

/// A machine with one file and no environment: secrets are then taken as given.
struct OneFile(String);

impl World for OneFile {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(self.0.clone())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// What `edge-oidc check` says about `text`.
pub fn check(text: &str) -> Outcome {
    run(&Cli::try_parse_from(["edge-oidc", "check", "shown.yaml"]).unwrap(), &OneFile(text.to_owned()))
}

/// What a fence holds, if it is a configuration of ours: whole, or some of its blocks.
pub fn shown(fence: &Fence) -> Option<Value> {
    if !matches!(fence.language.as_str(), "yaml" | "json") {
        return None;
    }
    let tree: Value =
        serde_saphyr::from_str(&fence.text).unwrap_or_else(|error| panic!("{} is no YAML: {error}", fence.place));
    let wasm = fence.text.contains("kind: WasmPlugin") || fence.text.contains("filters.http.wasm.v3.Wasm");
    let blocks = tree.as_object().is_some_and(|tree| tree.keys().any(|key| BLOCKS.contains(&key.as_str())));
    (wasm || blocks).then_some(tree)
}

/// A block by itself is shown as a part: the shortest configuration is around it.
pub fn whole(mut tree: Value) -> Value {
    let shortest = json!({
        "providers": [{
            "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012",
            "clientId": "304a12ktcc5djt9d7enj6dsjkg",
        }],
        "publicUrls": ["https://app.example.com"],
        "session": { "keys": [{ "env": "SESSION_KEY" }] },
    });
    if let Some(part) = tree.as_object_mut()
        && part.keys().any(|key| BLOCKS.contains(&key.as_str()))
    {
        for (key, value) in shortest.as_object().unwrap() {
            part.entry(key).or_insert_with(|| value.clone());
        }
    }
    tree
}

#[test]
fn every_configuration_that_is_shown_is_taken() {
    let (mut shown_ones, mut refused) = (0, Vec::new());
    for document in documents() {
        for fence in document.fences() {
            let Some(tree) = shown(&fence) else { continue };
            shown_ones += 1;
            let outcome = check(&whole(tree).to_string());
            if outcome.code != 0 {
                refused.push(format!("{}: {}{}", fence.place, outcome.output, outcome.errors));
            }
        }
    }
    assert!(shown_ones > 30, "{shown_ones}");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn the_shipped_files_are_taken() {
    for file in ["envoy/envoy.yaml", "envoy/rbac.yaml", "istio/wasmplugin.yaml"] {
        let outcome = check(&std::fs::read_to_string(root().join(file)).unwrap());
        assert_eq!(outcome.code, 0, "{file}: {}{}", outcome.output, outcome.errors);
    }
}

/// What is written twice, for the filter and for Istio or Envoy behind it, is the same.
#[test]
fn the_shipped_policies_are_about_what_the_shipped_filters_say() {
    let text = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let (plugin, policies) = (text("istio/wasmplugin.yaml"), text("istio/authorization.yaml"));
    let plugin: Value = serde_saphyr::from_str(plugin.split("\n---").next().unwrap()).unwrap();
    let provider = &plugin["spec"]["pluginConfig"]["providers"][0];
    let documents = policies.split("\n---").map(|part| serde_saphyr::from_str::<Value>(part).unwrap());
    let [authentication, authorization] = documents.collect::<Vec<_>>().try_into().unwrap();
    let rule = &authentication["spec"]["jwtRules"][0];
    assert_eq!((&rule["issuer"], &rule["audiences"]), (&provider["issuer"], &json!([provider["clientId"]])));
    let issuer = provider["issuer"].as_str().unwrap();
    assert_eq!(rule["jwksUri"], format!("{issuer}/.well-known/jwks.json"));
    let principals = format!("{issuer}/*");
    let rules = authorization["spec"]["rules"].as_array().unwrap();
    let principal = |rule: &&Value| rule["from"][0]["source"]["requestPrincipals"][0] == principals;
    assert_eq!(rules.iter().filter(principal).count(), 2);
    let groups = &plugin["spec"]["pluginConfig"]["identity"]["groups"]["claim"];
    assert_eq!(rules[2]["when"][0]["key"], format!("request.auth.claims[{}]", groups.as_str().unwrap()));
    for name in ["wasm.edge_oidc_user", "wasm.edge_oidc_groups"] {
        assert!(text("envoy/rbac.yaml").contains(&format!("key: {name}")), "{name}");
    }
}

#[test]
fn the_readme_shows_the_shortest_configuration_whole() {
    let fences = crate::corpus::document("README.md").fences();
    let yaml = fences.iter().find(|fence| fence.language == "yaml").unwrap();
    assert_eq!(check(&yaml.text).code, 0);
    assert_eq!(shown(yaml).unwrap(), whole(shown(yaml).unwrap()));
}
