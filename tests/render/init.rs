//! What a first configuration says, and which options it takes.

use clap::Parser;
use edge_oidc::cli::Cli;
use serde_json::{Value, json};

use crate::world::Machine;

const POOL: &str = "init cognito --pool-id us-east-1_AbCdEf012 --client-id 304a12ktcc5djt9d7enj6dsjkg --domain demo";

/// The configuration for people, and its text.
fn source(machine: &Machine, file: &str) -> (Value, String) {
    let file = machine.written().into_iter().find(|written| written.name == file).unwrap();
    (file.documents().remove(0), file.text)
}

#[test]
fn the_configuration_stands_by_itself_with_what_is_worth_a_decision() {
    for (options, file) in [
        ("", "edge-oidc.yaml"),
        ("--target envoy", "envoy/edge-oidc.yaml"),
        ("--target envoy-gateway", "edge-oidc.yaml"),
    ] {
        let machine = Machine::that_knows();
        let outcome = machine.run(&format!("{POOL} --host app.example.com {options}"));
        assert!(outcome.output.contains(&format!("read {file} once")), "{}{}", outcome.output, outcome.errors);
        let (value, text) = source(&machine, file);
        assert_eq!(value["identity"]["userId"], json!({ "claim": "email", "header": "kubeflow-userid" }));
        let decided = text.replace("#   lowercase", "lowercase").replace("#   transforms", "transforms");
        let decided: Value = serde_saphyr::from_str(&decided).unwrap();
        let transforms = json!([{ "matches": r"@example\.com$", "replaces": "" }]);
        assert_eq!(decided["identity"]["userId"]["transforms"], transforms);
        assert_eq!(decided["identity"]["userId"]["lowercase"], true);
        machine.files.borrow_mut().insert("decided.yaml".into(), (decided.to_string(), Default::default()));
        assert_eq!(machine.run("check decided.yaml").code, 0);
    }
}

#[test]
fn what_init_tells_to_write_again_is_the_same_again() {
    for (options, files) in [
        ("", ["istio/wasmplugin.yaml", "istio/provider.yaml"]),
        ("--target envoy", ["envoy/envoy.yaml"; 2]),
        ("--target envoy-gateway", ["envoy-gateway/envoyextensionpolicy.yaml", "envoy-gateway/envoyproxy.yaml"]),
    ] {
        let machine = Machine::that_knows();
        let outcome = machine.run(&format!("{POOL} --host app.example.com {options}"));
        let before = files.map(|name| source(&machine, name).0);
        let (_, command) = outcome.output.split_once(": edge-oidc render ").unwrap();
        let command = command.lines().next().unwrap().replace("--output .", "--output edge-oidc");
        let (target, rest) = command.split_once(' ').unwrap();
        let again = machine.run(&format!("render {target} edge-oidc/{rest}"));
        assert_eq!(again.code, 0, "{}{}", again.output, again.errors);
        assert_eq!(files.map(|name| source(&machine, name).0), before, "{command}");
    }
}

#[test]
fn kubeflows_dashboard_can_sign_out_wherever_kubeflow_is_behind_it() {
    for (options, path) in [
        ("--kubeflow", json!("/oauth2/sign_out")),
        ("--applications kubeflow", json!("/oauth2/sign_out")),
        ("--applications apps", Value::Null),
    ] {
        let machine = Machine::that_knows();
        machine.run(&format!("{POOL} --host app.example.com {options}"));
        assert_eq!(source(&machine, "edge-oidc.yaml").0["paths"]["signOut"], path, "{options}");
    }
}

#[test]
fn a_trial_on_this_machine_has_cookies_that_work_and_says_so() {
    let machine = Machine::that_knows();
    let outcome = machine.run(&format!("{POOL} --host http://localhost:8080"));
    assert!(outcome.output.contains("trial on this machine"), "{}{}", outcome.output, outcome.errors);
    assert_eq!(source(&machine, "edge-oidc.yaml").0["session"]["cookie"], json!({ "insecure": true }));
    assert_eq!(machine.run("check edge-oidc/edge-oidc.yaml").code, 0);
    let machine = Machine::that_knows();
    let outcome = machine.run(&format!("{POOL} --host app.example.com"));
    assert!(!outcome.output.contains("trial"), "{}", outcome.output);
    assert_eq!(source(&machine, "edge-oidc.yaml").0["session"].get("cookie"), None);
    let machine = Machine::that_knows();
    let outcome = machine.run(&format!("{POOL} --host app.example.com --host http://localhost:8080"));
    assert!(
        outcome.errors.starts_with("edge-oidc: --host http://localhost:8080: is without TLS"),
        "{}",
        outcome.errors
    );
    assert_eq!((outcome.code, machine.files.borrow().len()), (2, 0));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let machine = Machine::default();
    let outcome = machine.run(
        "init cognito --pool-id us-east-1 --client-id a-b --domain Demo --host https://a.example.com/x --host *.example.com \
         --istio 1.15 --namespace Edge --image http://a/b",
    );
    let said: Vec<_> = outcome.errors.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    let all = [
        "--pool-id us-east-1",
        "--client-id a-b",
        "--host https://a.example.com/x",
        "--host *.example.com",
        "--istio 1.15",
        "--image http://a/b",
        "--namespace Edge",
    ];
    assert_eq!(said, all, "{}", outcome.errors);
    assert!(outcome.errors.lines().all(|line| line.starts_with("edge-oidc: ")));
    assert_eq!((outcome.code, machine.files.borrow().len()), (2, 0));
    let both = Machine::default().run(&format!("{POOL} --host app.example.com --target envoy --listen 1 --upstream 2"));
    let said: Vec<_> = both.errors.lines().collect();
    assert!(said[0].contains("--listen 1") && said[1].contains("--upstream 2"), "{}", both.errors);
}

#[test]
fn an_option_of_the_other_target_is_refused_by_name() {
    let migration = "migrate authservice a.env --public-url https://app.example.com";
    let init = format!("{POOL} --host app.example.com");
    for command in [migration, &init] {
        for (options, said) in [
            (
                "--target envoy --kubeflow --applications kubeflow",
                "only with --target istio: --applications, --kubeflow",
            ),
            ("--target envoy --namespace istio-system", "only with --target istio: --namespace"),
            ("--target envoy-gateway --selector a=b", "only with --target istio: --selector"),
            ("--target envoy-gateway --plain", "only with --target envoy: --plain"),
            ("--target istio --own-route", "only with --target envoy-gateway: --own-route"),
            ("--plain", "only with --target envoy: --plain"),
            ("--target istio --listen 0.0.0.0:8443", "only with --target envoy: --listen"),
        ] {
            let words = ["edge-oidc"].into_iter().chain(command.split(' ')).chain(options.split(' '));
            let refused = Cli::try_parse_from(words).unwrap_err();
            assert!(refused.to_string().contains(said), "{options}: {refused}");
            assert_eq!(refused.exit_code(), 2);
        }
        for options in ["--target envoy --plain", "--target istio --kubeflow", "--kubeflow --replace"] {
            let words = ["edge-oidc"].into_iter().chain(command.split(' ')).chain(options.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{command} {options}");
        }
    }
}
