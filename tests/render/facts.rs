//! What must never be otherwise, whatever is rendered.

use serde_json::{Value, json};

use crate::world::{CASES, CLIENT_SECRET, Machine, document, documents, written};

/// Every member of this name, however deep.
fn members<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let below: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(values) => Box::new(values.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    };
    value.get(name).into_iter().chain(below.flat_map(|value| members(value, name))).collect()
}

/// What the filter gets, wherever it stands.
fn checked(machine: &Machine, file: &str) -> (u8, String) {
    let outcome = machine.run(&format!("check edge-oidc/{file}"));
    (outcome.code, outcome.output)
}

#[test]
fn check_takes_what_is_written() {
    let mut checks = 0;
    for (case, command) in CASES {
        let machine = Machine::that_knows();
        machine.run(command);
        for file in machine.written() {
            if !file.text.contains("pluginConfig:") && !file.text.contains("publicUrls") {
                continue;
            }
            let (code, output) = checked(&machine, &file.name);
            assert_eq!(code, 0, "{case}/{}: {output}", file.name);
            assert!(!output.contains("is a secret in plain text"), "{case}: {output}");
            checks += 1;
        }
    }
    assert!(checks >= CASES.len(), "{checks}");
}

#[test]
fn secrets_are_in_files_for_secrets_alone() {
    for (case, command) in CASES {
        let machine = Machine::that_knows();
        let outcome = machine.run(command);
        let files = machine.written();
        let (secret, open): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.secret);
        let [secret] = secret.as_slice() else { panic!("{case}: several files for secrets") };
        let told: Vec<_> = CLIENT_SECRETS.iter().filter(|value| secret.text.contains(**value)).collect();
        assert!(!told.is_empty() || command.contains("--public-client") || command.contains("several"), "{case}");
        let keys: Vec<_> = secret.text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).collect();
        let keys = keys.into_iter().filter(|word| word.len() >= 43);
        let values: Vec<_> = keys.chain(CLIENT_SECRETS).collect();
        assert!(values.len() > CLIENT_SECRETS.len(), "{case}: no key");
        for text in open.iter().map(|file| &file.text).chain([&outcome.output, &outcome.errors]) {
            assert!(values.iter().all(|value| !text.contains(value)), "{case}: {text}");
        }
    }
}

const CLIENT_SECRETS: [&str; 3] = [CLIENT_SECRET, "hunter2-hunter2-hunter2", "hunter3-"];

#[test]
fn the_filter_fails_closed_everywhere() {
    for (name, document) in documents() {
        for strategy in members(&document, "failStrategy").into_iter().chain(members(&document, "failure_policy")) {
            let closed = if name.starts_with("istio-1.17") { "FAIL_CLOSE" } else { "FAIL_RELOAD" };
            assert_eq!(strategy, closed, "{name}");
        }
    }
}

#[test]
fn every_call_over_tls_is_checked_by_name() {
    for (name, document) in documents().into_iter().filter(|(_, document)| document["kind"] == "DestinationRule") {
        let host = &document["spec"]["host"];
        let tls = &document["spec"]["trafficPolicy"]["tls"];
        let own = json!("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
        let expected = match (name.starts_with("istio-1.17"), host == "kubernetes.default.svc.cluster.local") {
            (false, false) => json!({ "mode": "SIMPLE" }),
            (false, true) => json!({ "mode": "SIMPLE", "caCertificates": own }),
            // Releases before 1.20 check nothing by themselves.
            (true, _) => json!({
                "mode": "SIMPLE",
                "caCertificates": "/etc/ssl/certs/ca-certificates.crt",
                "sni": host,
                "subjectAltNames": [host],
            }),
        };
        assert_eq!(*tls, expected, "{name}");
    }
}

#[test]
fn a_host_outside_the_mesh_has_one_entry_and_one_rule_and_a_service_has_no_entry() {
    for (_, command) in CASES.into_iter().filter(|(_, command)| !command.contains("envoy")) {
        let documents: Vec<_> = written(command).into_iter().flat_map(|file| file.documents()).collect();
        let of = |kind: &'static str| documents.iter().filter(move |document| document["kind"] == kind);
        let entries = of("ServiceEntry").flat_map(|entry| entry["spec"]["hosts"].as_array().unwrap());
        let mut entries: Vec<_> = entries.collect();
        let mut rules: Vec<_> = of("DestinationRule").map(|rule| &rule["spec"]["host"]).collect();
        let services = |hosts: &[&Value]| hosts.iter().filter(|host| host.as_str().unwrap().contains(".svc")).count();
        assert_eq!(services(&entries), 0, "{command}");
        rules.retain(|host| !host.as_str().unwrap().ends_with(".svc.cluster.local"));
        entries.sort_by_key(|host| host.to_string());
        rules.sort_by_key(|host| host.to_string());
        assert_eq!(entries, rules, "{command}");
    }
}

#[test]
fn a_service_is_called_by_the_name_that_istio_has_for_it() {
    let plugin = document(CASES[3].1, "WasmPlugin");
    let dex = &plugin["spec"]["pluginConfig"]["providers"][0];
    assert_eq!(dex["issuer"], "http://dex.auth.svc:5556/dex");
    assert_eq!(dex["clusters"], json!({ "dex.auth.svc:5556": "outbound|5556||dex.auth.svc.cluster.local" }));
}

#[test]
fn what_has_a_cluster_of_its_own_is_left_to_it() {
    let entries: Vec<_> = written(CASES[4].1).into_iter().filter(|file| file.name == "istio/provider.yaml").collect();
    assert!(!entries[0].text.contains("partners"), "{}", entries[0].text);
}

#[test]
fn every_variable_reaches_the_filter_from_the_secret() {
    for (case, command) in CASES.into_iter().filter(|(_, command)| !command.contains("envoy")) {
        let documents: Vec<_> = written(command).into_iter().flat_map(|file| file.documents()).collect();
        let of = |kind: &str| documents.iter().find(|document| document["kind"] == kind).unwrap();
        let data = of("Secret")["stringData"].as_object().unwrap();
        let names: Vec<String> = data.keys().cloned().collect();
        let sorted = |list: &Value| {
            let mut names: Vec<_> =
                list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
            names.sort_unstable();
            names
        };
        let plugin = documents.iter().find_map(|document| members(document, "vmConfig").first().copied()).unwrap();
        let container = &of("Deployment")["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(sorted(&plugin["env"]), names, "{case}");
        assert_eq!(sorted(&container["env"]), names, "{case}");
        for variable in container["env"].as_array().unwrap() {
            let key = &variable["valueFrom"]["secretKeyRef"];
            assert_eq!((&key["name"], &key["key"]), (&json!("edge-oidc"), &variable["name"]), "{case}");
        }
        let values = documents.iter().find(|document| document.get("envVarFrom").is_some()).unwrap();
        assert_eq!(values["envVarFrom"], container["env"], "{case}");
    }
}

#[test]
fn identity_headers_count_from_the_gateway_alone() {
    let files = written(CASES[4].1);
    let policy = files.iter().find(|file| file.name == "istio/identity-headers.yaml").unwrap().documents().remove(0);
    assert_eq!((&policy["metadata"]["namespace"], &policy["spec"]["action"]), (&json!("apps"), &json!("DENY")));
    let rules = policy["spec"]["rules"].as_array().unwrap();
    let keys: Vec<_> = rules.iter().map(|rule| rule["when"][0]["key"].as_str().unwrap()).collect();
    let headers = ["x-user", "x-name", "x-id-token"].map(|name| format!("request.headers[{name}]"));
    assert_eq!(keys, headers);
    let trusted = json!(["mesh.example.com/ns/edge/sa/edge", "mesh.example.com/ns/apps/sa/proxy"]);
    for rule in rules {
        assert_eq!(rule["from"], json!([{ "source": { "notPrincipals": trusted } }]));
        assert_eq!((&rule["when"][0]["values"], rule.get("to")), (&json!(["*"]), None));
    }
}

#[test]
fn in_kubeflows_namespace_the_dashboards_and_the_pipelines_word_counts_too() {
    let trusted = |options: &str| {
        let files = written(&format!("render istio cognito.yaml {options}"));
        let file = files.iter().find(|file| file.name == "istio/identity-headers.yaml").unwrap();
        let sources = file.documents().into_iter().map(|policy| policy["spec"]["rules"][0]["from"][0].clone());
        let mut sources: Vec<_> = sources.map(|from| from["source"]["notPrincipals"].clone()).collect();
        sources.dedup();
        let [trusted] = sources.try_into().unwrap();
        trusted
    };
    let gateway = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account";
    let dashboard = "cluster.local/ns/kubeflow/sa/centraldashboard";
    let pipelines = "cluster.local/ns/kubeflow/sa/ml-pipeline-ui";
    for options in ["--applications kubeflow", "--applications apps kubeflow", "--applications apps --kubeflow"] {
        assert_eq!(trusted(options), json!([gateway, dashboard, pipelines]), "{options}");
    }
    assert_eq!(trusted("--applications apps"), json!([gateway]));
    let said = "--applications kubeflow --service-account kubeflow/centraldashboard";
    assert_eq!(trusted(said), json!([dashboard, pipelines]), "each once");
}

#[test]
fn what_is_public_behind_another_rule_is_not_public_at_the_applications() {
    let files = written(CASES[4].1);
    let file = files.iter().find(|file| file.name == "istio/authorization.yaml").unwrap();
    let [authentication, policy] = file.documents().try_into().unwrap();
    assert_eq!(policy["spec"]["rules"][0]["to"][0]["operation"]["paths"], json!(["/robots.txt"]));
    let principals = json!(["https://staff.example.com:8443/realms/staff/*", "https://partners.example.org/*"]);
    assert_eq!(policy["spec"]["rules"][1]["from"][0]["source"]["requestPrincipals"], principals);
    let rules = authentication["spec"]["jwtRules"].as_array().unwrap();
    assert_eq!(rules[0]["audiences"], json!(["edge", "kubelogin"]));
    assert_eq!(rules[0]["fromHeaders"], json!([{ "name": "x-id-token" }]));
    assert!(rules.iter().all(|rule| rule["audiences"].as_array().is_some_and(|list| !list.is_empty())));
}

#[test]
fn without_a_token_for_the_applications_nothing_demands_one() {
    let names: Vec<_> = written(CASES[3].1).into_iter().map(|file| file.name).collect();
    assert!(names.contains(&"istio/identity-headers.yaml".to_owned()), "{names:?}");
    assert!(!names.contains(&"istio/authorization.yaml".to_owned()), "{names:?}");
}

#[test]
fn dex_is_opened_once() {
    let plugin = document(CASES[3].1, "WasmPlugin");
    let routes = plugin["spec"]["pluginConfig"]["routes"].clone();
    assert_eq!(routes, json!([{ "match": { "path": { "prefix": "/dex" } }, "action": "allow" }]));
    let machine = Machine::that_knows();
    machine.run(CASES[3].1);
    machine.run("render istio edge-oidc/istio/wasmplugin.yaml --keep-dex-open --output again");
    let files = machine.files.borrow();
    let (text, _) = &files[std::path::Path::new("again/istio/wasmplugin.yaml")];
    assert_eq!(text.matches("prefix: /dex").count(), 1, "{text}");
}

#[test]
fn a_sign_in_page_that_stays_closed_is_a_problem_and_nothing_is_written() {
    let machine = Machine::that_knows();
    let outcome = machine.run("render istio dex-closed.yaml");
    assert_eq!(outcome.code, 1, "{}", outcome.output);
    assert!(outcome.output.contains("is behind our own sign-in"), "{}", outcome.output);
    assert!(machine.files.borrow().is_empty());
}

#[test]
fn what_was_written_can_be_written_again() {
    for (case, file) in [(CASES[0], "istio/wasmplugin.yaml"), (CASES[1], "istio/trafficextension.yaml")] {
        let machine = Machine::that_knows();
        machine.run(case.1);
        let again = case.1.replace("cognito.yaml", &format!("edge-oidc/{file} --replace"));
        let before = machine.written().into_iter().find(|written| written.name == file).unwrap().documents();
        assert_eq!(machine.run(&again).code, 0);
        let after = machine.written().into_iter().find(|written| written.name == file).unwrap();
        assert_eq!(after.documents(), before, "{}", case.0);
        // In the order in which it was written, too.
        let place = |name: &str| after.text.find(name).unwrap();
        assert!(place("providers:") < place("publicUrls:") && place("publicUrls:") < place("session:"));
    }
}
