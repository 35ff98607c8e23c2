//! Names that are made of others, or that YAML could take for something else.

use serde_json::{Value, json};

use crate::world::{File, Machine};

/// What `command` writes, where `config.yaml` is one of the inputs with some of its text replaced.
fn written(input: &str, replaced: &[(&str, &str)], command: &str) -> Vec<File> {
    use edge_oidc::cli::{World, Writing};
    let machine = Machine::that_knows();
    let path = std::path::Path::new;
    let mut text = machine.read(path(input)).unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    machine.write(path("edge-oidc/config.yaml"), &text, Writing { secret: false, replace: false }).unwrap();
    let outcome = machine.run(&command.replace("CONFIG", "edge-oidc/config.yaml"));
    assert_eq!(outcome.code, 0, "{}{}", outcome.output, outcome.errors);
    machine.written()
}

fn file(files: Vec<File>, name: &str) -> Vec<Value> {
    files.into_iter().find(|file| file.name == name).unwrap_or_else(|| panic!("no {name}")).documents()
}

#[test]
fn hosts_whose_names_fold_to_one_have_a_rule_each() {
    let partners = "issuer: https://partners.example.org";
    let endpoints = "issuer: https://staff-example.com\n    endpoints: { token: https://staff.example-com/token }";
    let clusters = "    clusters: { partners.example.org: partners, keys.partners.example.org: partners-keys }\n";
    let files = written("several.yaml", &[(partners, endpoints), (clusters, "")], "render istio CONFIG");
    let documents = file(files, "istio/provider.yaml");
    let rules: Vec<_> = documents.iter().filter(|document| document["kind"] == "DestinationRule").collect();
    let rules: Vec<_> = rules.iter().map(|rule| (&rule["spec"]["host"], &rule["metadata"]["name"])).collect();
    let rule = |host: &str, name: &str| (json!(host), json!(name));
    let expected = [
        rule("authz.example.com", "edge-oidc-authz-example-com"),
        rule("staff-example.com", "edge-oidc-staff-example-com"),
        rule("staff.example-com", "edge-oidc-staff-example-com-2"),
        rule("staff.example.com", "edge-oidc-staff-example-com-3"),
    ];
    assert_eq!(rules, expected.each_ref().map(|(host, name)| (host, name)));
}

#[test]
fn a_header_for_sessions_is_no_identity() {
    let header = [("session:\n", "session:\n  header: x-auth-token\n")];
    let files = written("several.yaml", &header, "render istio CONFIG --applications apps");
    let policy = file(files, "istio/identity-headers.yaml").remove(0);
    let rules = policy["spec"]["rules"].as_array().unwrap();
    let keys: Vec<_> = rules.iter().map(|rule| rule["when"][0]["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["x-user", "x-name", "x-id-token"].map(|name| format!("request.headers[{name}]")));
}

#[test]
fn a_variable_may_be_called_what_yaml_has_a_word_for() {
    for name in ["null", "NO", "yes", "True", "off", "y"] {
        let variable = format!("env: {}", json!(name));
        let files = written("cognito.yaml", &[("env: OIDC_CLIENT_SECRET", &variable)], "render envoy CONFIG");
        let text = &files.iter().find(|file| file.name == "envoy/envoy.yaml").unwrap().text;
        let keys = text.lines().find(|line| line.contains("host_env_keys:")).unwrap();
        assert!(keys.contains(&format!("\"{name}\"")) && keys.contains("SESSION_KEY"), "{keys}");
    }
}
