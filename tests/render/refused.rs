//! What is refused, and that nothing is written then.

use clap::Parser;
use edge_oidc::cli::Cli;

use crate::world::{CASES, Machine};

const ISTIO: &str = "render istio cognito.yaml";
const ENVOY: &str = "render envoy cognito.yaml";
const INIT: &str = "init cognito --pool-id us-east-1_AbCdEf012 --client-id 304a12ktcc5djt9d7enj6dsjkg";

/// A command, and the beginning of what is said.
fn refusals() -> Vec<(String, &'static str)> {
    let istio = [
        ("--istio 1.x", "--istio 1.x: write a release"),
        ("--istio 1.15", "--istio 1.15: 1.16 is the oldest"),
        ("--namespace Edge", "--namespace Edge: is no name"),
        ("--gateway=-edge", "--gateway -edge: is no name"),
        ("--applications apps a/b", "--applications a/b: is no name"),
        ("--selector istio", "--selector istio: write a label"),
        ("--selector a=b=c", "--selector a=b=c: write a label"),
        ("--service-account a/b/c", "--service-account b/c: is no name"),
        ("--service-account A/b", "--service-account A: is no name"),
        ("--trust-domain a..b", "--trust-domain : is no name"),
        ("--image http://files.example.com/e.wasm", "--image http://files.example.com/e.wasm: write"),
        ("--sha256 9f", "--sha256: is not 64 hexadecimal digits"),
        ("--dist nowhere", "--dist: nowhere/oci/index.json: "),
        ("--provider-host a/b", "a/b: is no host"),
    ];
    let envoy = [
        ("--listen 8443", "--listen 8443: write ADDRESS:PORT"),
        ("--upstream app", "--upstream app: write HOST:PORT"),
        ("--upstream app:0", "--upstream app:0: write HOST:PORT"),
        ("--upstream http://app:80", "--upstream http://app:80: write HOST:PORT"),
    ];
    let envoy_gateway = [
        ("--namespace Edge", "--namespace Edge: is no name"),
        ("--gateway a.b", "--gateway a.b: is no name"),
        ("--proxy-namespace a/b", "--proxy-namespace a/b: is no name"),
        ("--listener HTTPS", "--listener HTTPS: is no name"),
        ("--http-route apps/a", "--http-route apps/a: is no name"),
        ("--http-route a --route-namespace A", "--route-namespace A: is no name"),
        ("--image file:///opt/e.wasm", "--image file:///opt/e.wasm: Envoy Gateway fetches the module itself"),
        ("--provider-host a/b", "a/b: is no host"),
    ];
    let init = [
        ("--domain Demo --host app.example.com", "--domain Demo: "),
        ("--domain demo --host https://app.example.com/x", "--host https://app.example.com/x: "),
        ("--domain demo --host https://*.example.com", "--host https://*.example.com: Cognito registers no wildcards"),
    ];
    let whole = |base: &str, (more, said): (&str, &'static str)| (format!("{base} {more}"), said);
    let istio = istio.into_iter().map(|case| whole(ISTIO, case));
    let envoy = envoy.into_iter().map(|case| whole(ENVOY, case));
    let envoy_gateway = envoy_gateway.into_iter().map(|case| whole("render envoy-gateway cognito.yaml", case));
    istio.chain(envoy).chain(envoy_gateway).chain(init.into_iter().map(|case| whole(INIT, case))).collect()
}

#[test]
fn a_choice_that_cannot_be_is_named_and_nothing_is_written() {
    for (command, said) in refusals() {
        let machine = Machine::default();
        let outcome = machine.run(&command);
        assert!(outcome.errors.starts_with(&format!("edge-oidc: {said}")), "{command}: {}", outcome.errors);
        assert_eq!((outcome.code, machine.files.borrow().len()), (2, 0), "{command}");
    }
}

#[test]
fn what_excludes_each_other_is_refused_at_once() {
    let digest = "0".repeat(64);
    let both = [
        format!("{ISTIO} --dist dist --sha256 {digest}"),
        format!("{ENVOY} --plain --tls-key key.pem"),
        INIT.to_owned(),
        format!("{INIT} --domain demo --host app.example.com --target nginx"),
    ];
    for command in both {
        assert!(Cli::try_parse_from(["edge-oidc"].into_iter().chain(command.split(' '))).is_err(), "{command}");
    }
}

#[test]
fn a_configuration_with_problems_is_not_written() {
    let machine = Machine::default();
    let outcome = machine.run("render istio ../../check/in/five-mistakes.yaml");
    assert_eq!((outcome.code, machine.files.borrow().len()), (1, 0));
    assert!(outcome.output.contains("five-mistakes.yaml has 5 problems:\n"), "{}", outcome.output);
    let outcome = machine.run("render istio nowhere.yaml");
    assert_eq!(
        (outcome.code, outcome.errors.starts_with("edge-oidc: nowhere.yaml: ")),
        (2, true),
        "{}",
        outcome.errors
    );
}

#[test]
fn what_is_there_stays_and_nothing_else_is_written_beside_it() {
    let machine = Machine::default();
    machine.run(CASES[0].1);
    let kept = machine.written().into_iter().find(|file| file.name == "istio/provider.yaml").unwrap();
    machine.files.borrow_mut().retain(|path, _| path.ends_with("istio/provider.yaml"));
    let outcome = machine.run(CASES[0].1);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.errors.contains("edge-oidc/istio/provider.yaml: is there already; say --replace"),
        "{}",
        outcome.errors
    );
    let files = machine.written();
    assert_eq!((files.len(), &files[0].text), (1, &kept.text));
}

#[test]
fn replacing_leaves_the_secrets_as_they_are() {
    let machine = Machine::default();
    machine.run(CASES[0].1);
    let secret = |machine: &Machine| machine.written().into_iter().find(|file| file.secret).unwrap().text;
    let (before, other) = (secret(&machine), format!("{} --replace --namespace other", CASES[0].1));
    let outcome = machine.run(&other);
    assert_eq!(outcome.code, 0, "{}", outcome.errors);
    assert!(outcome.output.contains("istio/secret.yaml (left as it is: "), "{}", outcome.output);
    assert_eq!(secret(&machine), before);
    let plugin = machine.written().into_iter().find(|file| file.name == "istio/wasmplugin.yaml").unwrap();
    assert_eq!(plugin.documents()[0]["metadata"]["namespace"], "other");
}
