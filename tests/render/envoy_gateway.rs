//! What is written for Envoy Gateway: who is guarded, with which secrets, through which clusters, in which order.

use std::collections::BTreeSet;

use edge_oidc::cli::Writing;
use serde_json::{Value, json};

use crate::world::{CASES, File, Machine, document, written};

const COGNITO: &str = "render envoy-gateway cognito.yaml";

/// Every case that is for Envoy Gateway.
fn cases() -> Vec<&'static str> {
    let cases: Vec<_> = CASES.into_iter().filter(|(name, _)| name.contains("envoy-gateway")).collect();
    assert_eq!(cases.len(), 4);
    cases.into_iter().map(|(_, command)| command).collect()
}

fn of(files: &[File], kind: &str) -> Value {
    let documents = files.iter().flat_map(File::documents);
    documents.into_iter().find(|document| document["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// The part of Envoy's own configuration that is in an EnvoyProxy.
fn bootstrap(proxy: &Value) -> Value {
    assert_eq!(proxy["spec"]["bootstrap"]["type"], "Merge");
    serde_saphyr::from_str(proxy["spec"]["bootstrap"]["value"].as_str().unwrap()).unwrap()
}

#[test]
fn the_filter_is_never_bypassed_and_sees_the_secrets_that_the_pods_have() {
    for command in cases() {
        let files = written(command);
        let (policy, proxy, secret) =
            (of(&files, "EnvoyExtensionPolicy"), of(&files, "EnvoyProxy"), of(&files, "Secret"));
        let [wasm] = list(&policy["spec"]["wasm"]) else { panic!("one filter") };
        assert_eq!(wasm["failOpen"], false, "{command}");
        let kubernetes = &proxy["spec"]["provider"]["kubernetes"];
        let daemons = command.contains("--daemon-set");
        let fleet = &kubernetes[if daemons { "envoyDaemonSet" } else { "envoyDeployment" }];
        assert_eq!(kubernetes.as_object().unwrap().len(), 1);
        let variables = list(&fleet["container"]["env"]);
        let names: Vec<_> = variables.iter().map(|variable| &variable["name"]).collect();
        assert_eq!(names, list(&wasm["env"]["hostKeys"]).iter().collect::<Vec<_>>(), "{command}");
        for variable in variables {
            let reference = &variable["valueFrom"]["secretKeyRef"];
            assert_eq!(reference["name"], secret["metadata"]["name"]);
            assert_eq!(reference["key"], variable["name"]);
            assert!(secret["stringData"].get(reference["key"].as_str().unwrap()).is_some(), "{command}: {variable}");
        }
        let namespace = if command.contains("--proxy-namespace edge") { "edge" } else { "envoy-gateway-system" };
        assert_eq!(secret["metadata"]["namespace"], namespace, "the pods could not read it");
    }
}

#[test]
fn every_cluster_that_the_filter_calls_is_in_the_bootstrap_with_a_checked_name() {
    for command in cases() {
        let files = written(command);
        let configuration = of(&files, "EnvoyExtensionPolicy")["spec"]["wasm"][0]["config"].clone();
        let providers = list(&configuration["providers"]).iter();
        let mut called: BTreeSet<(String, String)> = BTreeSet::new();
        for provider in providers {
            let clusters = provider["clusters"].as_object().unwrap();
            called.extend(clusters.iter().map(|(host, name)| (host.clone(), name.as_str().unwrap().to_owned())));
        }
        let proxy = of(&files, "EnvoyProxy");
        let clusters = bootstrap(&proxy)["static_resources"]["clusters"].clone();
        for (host, name) in called {
            let found = list(&clusters).iter().find(|cluster| cluster["name"] == *name);
            let cluster = found.unwrap_or_else(|| panic!("{command}: no {name}"));
            let address =
                cluster.pointer("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address").unwrap();
            let port = address["port_value"].as_u64().unwrap();
            let place = address["address"].as_str().unwrap();
            assert_eq!(host, if port == 443 { place.to_owned() } else { format!("{place}:{port}") });
            let clear = port == 5556;
            assert_eq!(cluster.get("transport_socket").is_none(), clear, "{name}");
            if clear {
                continue;
            }
            let options =
                &cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
            let checked = json!({ "auto_sni": true, "auto_san_validation": true });
            assert_eq!(options["upstream_http_protocol_options"], checked, "{name}");
            let authorities = &cluster["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"];
            let own = place.starts_with("kubernetes.default");
            let file = if own { "/etc/edge-oidc/cluster-ca/ca.crt" } else { "/etc/ssl/certs/ca-certificates.crt" };
            assert_eq!(authorities["trusted_ca"]["filename"], file, "{name}");
        }
        assert_eq!(
            bootstrap(&proxy)["layered_runtime"]["layers"][0]["static_layer"],
            json!({
                "envoy.reloadable_features.max_request_headers_size_kb": 96,
                "envoy.reloadable_features.max_request_headers_count": 200,
            })
        );
    }
}

#[test]
fn the_clusters_own_authority_is_mounted_where_the_api_server_is_called() {
    for command in cases() {
        let proxy = of(&written(command), "EnvoyProxy");
        let mount = proxy.pointer("/spec/provider/kubernetes/envoyDaemonSet/container/volumeMounts/0");
        let volume = proxy.pointer("/spec/provider/kubernetes/envoyDaemonSet/pod/volumes/0");
        assert_eq!(mount.is_some(), command.contains("dex.yaml"), "{command}");
        assert_eq!(mount.map(|mount| &mount["name"]), volume.map(|volume| &volume["name"]));
        assert!(mount.is_none_or(|mount| mount["mountPath"] == "/etc/edge-oidc/cluster-ca"));
        assert!(volume.is_none_or(|volume| volume["configMap"]["name"] == "kube-root-ca.crt"));
    }
}

#[test]
fn no_client_brings_identity_to_any_route_and_what_the_filter_reads_stays() {
    let removed = |files: &[File]| {
        let policy = of(files, "ClientTrafficPolicy");
        assert_eq!(policy["spec"]["path"]["escapedSlashesAction"], "KeepUnchanged");
        assert_eq!(policy["spec"]["timeout"]["http"]["streamIdleTimeout"], "300s");
        policy["spec"]["headers"]["earlyRequestHeaders"]["remove"].clone()
    };
    assert_eq!(removed(&written(COGNITO)), json!(["kubeflow-userid", "kubeflow-groups"]));
    // Other routes of the Gateway are not ours to judge.
    assert_eq!(removed(&written(cases()[2])), Value::Null);
    let machine = Machine::that_knows();
    let text = "providers: [{ issuer: https://idp.example.com, clientId: a, bearer: [{ kind: id_token, audiences: [a] }] }]\n\
                publicUrls: [https://app.example.com]\n\
                session: { header: x-session, keys: [{ env: SESSION_KEY }] }\n\
                bearer: { header: x-token }\n\
                identity:\n  userId: { claim: email, header: x-user }\n  remove: [x-forwarded-email]\n  \
                forward: { idToken: { header: authorization }, accessToken: { header: x-access } }\n";
    machine.files.borrow_mut().insert("config.yaml".into(), (text.to_owned(), Writing::default()));
    let outcome = machine.run("render envoy-gateway config.yaml");
    assert_eq!(outcome.code, 0, "{}{}", outcome.output, outcome.errors);
    machine.files.borrow_mut().remove(std::path::Path::new("config.yaml"));
    assert_eq!(removed(&machine.written()), json!(["x-user", "x-forwarded-email", "x-access"]));
}

/// Where Envoy Gateway puts filters by itself, as far as they judge requests.
const USUAL: [&str; 12] = [
    "fault",
    "cors",
    "ext_authz",
    "api_key_auth",
    "basic_auth",
    "oauth2",
    "jwt_authn",
    "lua",
    "ext_proc",
    "wasm",
    "rbac",
    "ratelimit",
];

/// Moves filters as Envoy Gateway does: each time before the first of a kind that is there.
fn ordered(present: &[&str], order: &[Value]) -> Vec<String> {
    let mut filters: Vec<String> = present.iter().map(|name| format!("envoy.filters.http.{name}")).collect();
    for position in order {
        let (name, before) = (position["name"].as_str().unwrap(), position["before"].as_str().unwrap());
        if let Some(from) = filters.iter().position(|filter| filter == name)
            && filters.iter().any(|filter| filter == before)
        {
            let moved = filters.remove(from);
            let to = filters.iter().position(|filter| filter == before).unwrap();
            filters.insert(to, moved);
        }
    }
    filters
}

#[test]
fn whatever_judges_by_identity_judges_after_the_filter_and_cors_before_it() {
    let proxy = document(COGNITO, "EnvoyProxy");
    let order = list(&proxy["spec"]["filterOrder"]);
    // Whichever of them a route uses.
    for mask in 0_u32..1 << USUAL.len() {
        let wanted = |(bit, name): &(usize, &str)| *name == "wasm" || mask & (1 << bit) != 0;
        let present: Vec<_> = USUAL.into_iter().enumerate().filter(wanted).map(|(_, name)| name).collect();
        let filters = ordered(&present, order);
        let wasm = filters.iter().position(|filter| filter.ends_with(".wasm")).unwrap();
        let before: Vec<_> = filters[..wasm].iter().map(|name| name.rsplit('.').next().unwrap()).collect();
        assert!(before.iter().all(|name| matches!(*name, "fault" | "cors")), "{filters:?}");
        assert!(!filters[wasm..].iter().any(|filter| filter.ends_with(".cors")), "{filters:?}");
    }
}

#[test]
fn a_policy_is_for_the_whole_gateway_or_for_what_is_named() {
    let targets = |options: &str| {
        let policy = document(&format!("{COGNITO} {options}"), "EnvoyExtensionPolicy");
        let targets = list(&policy["spec"]["targetRefs"]).iter().map(|target| {
            assert_eq!(target["group"], "gateway.networking.k8s.io");
            let section = target["sectionName"].as_str().unwrap_or_default();
            format!("{} {} {section}", target["kind"].as_str().unwrap(), target["name"].as_str().unwrap())
        });
        (policy["metadata"]["namespace"].as_str().unwrap().to_owned(), targets.collect::<Vec<_>>())
    };
    assert_eq!(targets(""), ("default".to_owned(), vec!["Gateway eg ".to_owned()]));
    assert_eq!(
        targets("--namespace edge --gateway public --listener https --listener more"),
        ("edge".to_owned(), vec!["Gateway public https".to_owned(), "Gateway public more".to_owned()])
    );
    assert_eq!(
        targets("--http-route a --http-route b --route-namespace apps --own-route"),
        (
            "apps".to_owned(),
            vec!["HTTPRoute a ".to_owned(), "HTTPRoute b ".to_owned(), "HTTPRoute edge-oidc ".to_owned()]
        )
    );
    // A policy is beside what it is for.
    assert_eq!(targets("--http-route a --namespace edge").0, "edge");
}

#[test]
fn our_own_endpoints_are_a_route_where_that_is_wanted() {
    assert!(!written(COGNITO).iter().any(|file| file.name.ends_with("httproute.yaml")));
    let machine = Machine::that_knows();
    let text = "providers:\n  - { name: staff, issuer: https://idp.example.com, clientId: a }\n  \
                - { name: partners, issuer: https://partners.example.com, clientId: a }\n\
                publicUrls: [https://app.example.com:8443, 'https://*.example.org']\n\
                paths: { verify: /oauth2/verify, homepage: /home, frontChannel: /oauth2/front, backChannel: /oauth2/back }\n\
                session: { keys: [{ env: SESSION_KEY }] }\n";
    machine.files.borrow_mut().insert("config.yaml".into(), (text.to_owned(), Writing::default()));
    let outcome = machine.run("render envoy-gateway config.yaml --own-route");
    assert_eq!(outcome.code, 0, "{}{}", outcome.output, outcome.errors);
    machine.files.borrow_mut().remove(std::path::Path::new("config.yaml"));
    let files = machine.written();
    let (route, filter) = (of(&files, "HTTPRoute"), of(&files, "HTTPRouteFilter"));
    assert_eq!(route["spec"]["hostnames"], json!(["app.example.com", "*.example.org"]));
    assert_eq!(route["spec"]["parentRefs"], json!([{ "name": "eg", "namespace": "default" }]));
    assert_eq!(filter["spec"]["directResponse"]["statusCode"], 404);
    let mut paths = BTreeSet::new();
    for rule in list(&route["spec"]["rules"]) {
        assert!(list(&rule["matches"]).len() <= 8);
        assert_eq!(rule["filters"][0]["extensionRef"]["name"], filter["metadata"]["name"]);
        paths.extend(list(&rule["matches"]).iter().map(|matched| {
            let path = &matched["path"];
            format!("{} {}", path["type"].as_str().unwrap(), path["value"].as_str().unwrap())
        }));
    }
    let exact = ["callback", "callback/partners", "sign-in", "sign-out", "signed-out", "whoami", "front", "back"];
    let mut expected: BTreeSet<_> = exact.into_iter().map(|path| format!("Exact /oauth2/{path}")).collect();
    expected.extend(["Exact /home".to_owned(), "PathPrefix /oauth2/verify".to_owned()]);
    assert_eq!(paths, expected);
    // What this gateway cannot do is said.
    assert!(outcome.output.contains("back-channel logout will not work"), "{}", outcome.output);
    assert!(outcome.output.contains("nobody may ask at `paths.verify`"), "{}", outcome.output);
}

#[test]
fn the_module_is_an_image_or_a_file_and_pinned_by_what_envoy_gateway_compares() {
    let code = |options: &str| {
        document(&format!("{COGNITO} {options}"), "EnvoyExtensionPolicy")["spec"]["wasm"][0]["code"].clone()
    };
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert_eq!(
        code("--image oci://registry.example.com/edge-oidc:1 --dist dist"),
        json!({ "type": "Image", "image": { "url": "registry.example.com/edge-oidc:1", "sha256": digest } })
    );
    assert_eq!(
        code(&format!("--image https://files.example.com/e.wasm --sha256 {digest}")),
        json!({ "type": "HTTP", "http": { "url": "https://files.example.com/e.wasm", "sha256": digest } })
    );
}

/// The steps that a command tells.
fn steps(command: &str) -> Vec<String> {
    let outcome = Machine::that_knows().run(command);
    let (_, steps) = outcome.output.split_once("What comes next").unwrap_or_else(|| panic!("{}", outcome.errors));
    steps.lines().skip(1).map(|line| line.split_once(". ").unwrap().1.to_owned()).collect()
}

#[test]
fn every_pod_has_the_secrets_before_the_filter_comes() {
    for command in cases() {
        let steps = steps(command);
        let place = |word: &str| {
            assert_eq!(steps.iter().filter(|step| step.contains(word)).count(), 1, "{word}: {steps:#?}");
            steps.iter().position(|step| step.contains(word)).unwrap()
        };
        assert_eq!(place("these files are for 1.6 and newer"), 0);
        let mut places = vec![
            place("takes one each"),
            place("apply -f envoy-gateway/secret.yaml"),
            place("apply -f envoy-gateway/envoyproxy.yaml"),
            place("patch gateway"),
            place("rollout status"),
            place("apply -f envoy-gateway/clienttrafficpolicy.yaml"),
        ];
        if command.contains("--own-route") {
            places.push(place("apply -f envoy-gateway/httproute.yaml"));
        } else {
            place("say --own-route");
        }
        places.extend([place("apply -f envoy-gateway/envoyextensionpolicy.yaml"), place("`Overridden`"), place("401")]);
        assert!(places.is_sorted() && steps.len() == places[places.len() - 1] + 1, "{command}: {steps:#?}");
        let narrowed = command.contains("--listener") || command.contains("--http-route");
        assert_eq!(steps.iter().any(|step| step.contains("say --listener")), !narrowed, "{command}");
    }
    let named =
        steps("render envoy-gateway cognito.yaml --namespace edge --gateway public --proxy-namespace p --daemon-set");
    let rollout = "kubectl -n p rollout status daemonset -l \
                   gateway.envoyproxy.io/owning-gateway-name=public,gateway.envoyproxy.io/owning-gateway-namespace=edge";
    assert!(named.iter().any(|step| step == rollout), "{named:#?}");
    assert!(named.iter().any(|step| step.starts_with("kubectl -n edge patch gateway public --type merge --patch '{")));
}

#[test]
fn the_patch_of_the_gateway_is_json_and_names_the_proxy() {
    let steps = steps(COGNITO);
    let patch = steps.iter().find_map(|step| step.split_once("--patch '")).unwrap().1.trim_end_matches('\'');
    let patch: Value = serde_json::from_str(patch).unwrap();
    let reference = json!({ "group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "edge-oidc" });
    assert_eq!(patch, json!({ "spec": { "infrastructure": { "parametersRef": reference } } }));
}

#[test]
fn other_commands_write_the_same_and_take_the_same_options() {
    let pool = "init cognito --pool-id us-east-1_AbCdEf012 --client-id 304a12ktcc5djt9d7enj6dsjkg --domain demo --host app.example.com";
    let policy = |options: &str| document(&format!("{pool} --target envoy-gateway {options}"), "EnvoyExtensionPolicy");
    assert_eq!(policy("")["metadata"]["namespace"], "default");
    assert_eq!(policy("")["spec"]["targetRefs"][0]["name"], "eg");
    let other = policy("--namespace edge --gateway public --listener https");
    assert_eq!(other["metadata"]["namespace"], "edge");
    assert_eq!(other["spec"]["targetRefs"][0]["name"], "public");
    assert_eq!(other["spec"]["targetRefs"][0]["sectionName"], "https");
}

#[test]
fn the_page_names_every_option_and_every_file() {
    use clap::CommandFactory as _;
    let page = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/envoy-gateway.md"))
        .unwrap();
    let mut command = edge_oidc::cli::Cli::command();
    let render = command.find_subcommand_mut("render").unwrap();
    let target = render.find_subcommand("envoy-gateway").unwrap();
    let elsewhere = ["output", "replace", "provider-host", "env", "env-file", "help"];
    let options: Vec<_> = target.get_opts().filter_map(|option| option.get_long()).collect();
    assert!(options.len() > 8, "{options:?}");
    for option in options.iter().filter(|option| !elsewhere.contains(option)) {
        assert!(page.contains(&format!("`--{option}`")), "--{option} is not in the page");
    }
    for command in cases() {
        for file in written(command).iter().filter(|file| file.name.starts_with("envoy-gateway/")) {
            assert!(page.contains(&format!("| `{}` |", file.name)), "{} is not in the page", file.name);
        }
    }
    assert!(page.contains("Gateway 1.6 and newer"), "the page names another release than the files");
}
