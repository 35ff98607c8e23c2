//! What is to be done, and in which order.

use edge_oidc::cli::{Outcome, Writing};

use crate::world::{CASES, Machine};

/// The steps that a command tells.
fn steps(command: &str) -> Vec<String> {
    told(&Machine::that_knows().run(command))
}

fn told(outcome: &Outcome) -> Vec<String> {
    let (_, steps) = outcome.output.split_once("What comes next").unwrap_or_else(|| panic!("{}", outcome.errors));
    let texts = steps.lines().skip(1).map(|line| line.split_once(". ").unwrap().1.to_owned());
    texts.collect()
}

/// Where the one step that has all of `words` stands.
#[track_caller]
fn place(steps: &[String], words: &[&str]) -> usize {
    let has = |step: &&String| words.iter().all(|word| step.contains(word));
    assert_eq!(steps.iter().filter(has).count(), 1, "{words:?} in {steps:#?}");
    steps.iter().position(|step| has(&step)).unwrap()
}

fn istio() -> impl Iterator<Item = &'static str> {
    CASES.into_iter().map(|(_, command)| command).filter(|command| !command.contains("envoy"))
}

#[test]
fn which_istio_it_must_be_is_the_first_thing_that_is_told() {
    for (command, release) in istio().map(|command| {
        let given = command.split_once("--istio ").map_or("1.28", |(_, rest)| rest.get(..4).unwrap());
        (command, given)
    }) {
        let steps = steps(command);
        let words = ["kubectl get deployment -A -l app=istiod", "--istio RELEASE", "Istio ", release];
        assert_eq!(place(&steps, &words[..2]), 0, "{command}");
        assert!(steps[0].contains(&format!("are for Istio {release} and newer")), "{command}: {}", steps[0]);
    }
    assert!(steps("render istio cognito.yaml --istio 1.29")[0].contains("are for Istio 1.28 and newer"));
}

#[test]
fn a_release_that_no_test_runs_on_is_to_be_upgraded_first() {
    for (release, is_old) in [("1.17", true), ("1.27.9", true), ("1.28", false), ("1.31", false)] {
        let steps = steps(&format!("render istio cognito.yaml --istio {release}"));
        assert_eq!(steps[1].starts_with("upgrade Istio to 1.28 or newer first"), is_old, "{release}: {}", steps[1]);
        let plugin = Machine::that_knows();
        plugin.run(&format!("render istio cognito.yaml --istio {release}"));
        let files = plugin.written();
        let text =
            files.iter().find(|file| file.text.contains("kind: WasmPlugin") || file.text.contains("kind: Traffic"));
        assert_eq!(text.unwrap().text.contains("(tested from 1.28 on)"), is_old, "{release}");
    }
}

#[test]
fn every_pod_has_the_secrets_before_the_filter_comes() {
    for command in istio() {
        let steps = steps(command);
        let places = [
            place(&steps, &["kubectl apply -f istio/secret.yaml"]),
            place(&steps, &["patch deployment", "gateway-env.yaml"]),
            place(&steps, &["helm upgrade", "-f istio/gateway-values.yaml"]),
            place(&steps, &["rollout status deployment"]),
            filter(&steps),
        ];
        assert!(places.is_sorted(), "{command}: {steps:#?}");
    }
}

/// Where the filter comes.
fn filter(steps: &[String]) -> usize {
    let is_filter = |step: &String| {
        ["istio/wasmplugin.yaml", "istio/trafficextension.yaml"]
            .iter()
            .any(|file| step == &format!("kubectl apply -f {file}"))
            || step.contains("`components`")
    };
    steps.iter().position(is_filter).unwrap()
}

#[test]
fn authservice_leaves_the_way_when_the_filter_is_there_and_all_else_of_it_later() {
    let mut seen = 0;
    for command in istio() {
        let steps = steps(command);
        if !command.contains("--kubeflow") {
            assert!(!steps.iter().any(|step| step.contains("authservice")), "{command}: {steps:#?}");
            continue;
        }
        seen += 1;
        let filter = filter(&steps);
        assert_eq!(place(&steps, &["delete --ignore-not-found envoyfilter/authn-filter"]), filter + 1, "{command}");
        assert_eq!(place(&steps, &["401", "curl -i https://kubeflow.example.com/"]), filter + 2, "{command}");
        let rest = place(&steps, &["delete --ignore-not-found", "statefulset/authservice", "persistentvolumeclaim/"]);
        assert_eq!((rest, rest + 1), (filter + 3, steps.len()), "{command}");
        assert!(!steps.iter().any(|step| step.contains("service/authservice ")), "the Service stays: {steps:#?}");
        assert!(!steps[rest].contains("envoyfilter"), "{}", steps[rest]);
    }
    assert_eq!(seen, 2);
}

/// The steps of a migration from settings with these lines.
fn migrated(options: &str) -> Vec<String> {
    let machine = Machine::that_knows();
    let text = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nCLIENT_SECRET=hunter2\nAUTHSERVICE_URL_PREFIX=/authservice/\n";
    machine.files.borrow_mut().insert("a.env".into(), (text.to_owned(), Writing::default()));
    let outcome = machine.run(&format!(
        "migrate authservice a.env --public-url https://*.example.com --public-url https://kf.example.com {options}"
    ));
    told(&outcome)
}

#[test]
fn whoever_moves_from_authservice_is_told_to_take_it_away_whatever_is_written() {
    for options in ["", "--kubeflow", "--istio 1.30 --namespace edge --gateway edge"] {
        let steps = migrated(options);
        assert!(steps[0].starts_with("see which Istio there is"), "{options}: {steps:#?}");
        place(&steps, &["register `https://kf.example.com/authservice/oidc/callback`"]);
        let filter = filter(&steps);
        assert_eq!(place(&steps, &["delete --ignore-not-found envoyfilter/authn-filter"]), filter + 1, "{options}");
        assert_eq!(place(&steps, &["curl -i https://kf.example.com/"]), filter + 2, "{options}");
        assert_eq!(place(&steps, &["delete --ignore-not-found statefulset/authservice"]), filter + 3, "{options}");
    }
    let envoy = migrated("--target envoy");
    assert!(!envoy.iter().any(|step| step.contains("nvoyfilter") || step.contains("EnvoyFilter")), "{envoy:#?}");
    assert_eq!(place(&envoy, &["stop authservice"]) + 1, envoy.len());
}

#[test]
fn whoever_moves_from_a_load_balancer_has_no_authservice_to_take_away() {
    let machine = Machine::that_knows();
    let text = "CognitoUserPoolArn=arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf012\nCognitoAppClientId=kf\n\
                CognitoUserPoolDomain=demo.auth.us-east-1.amazoncognito.com\n";
    machine.files.borrow_mut().insert("a.env".into(), (text.to_owned(), Writing::default()));
    let steps = told(&machine.run("migrate authservice a.env --public-url https://kf.example.com"));
    assert!(!steps.iter().any(|step| step.contains("authn-filter") || step.contains("statefulset")), "{steps:#?}");
    assert!(steps.last().unwrap().starts_with("sign in yourself before everyone does"), "{steps:#?}");
}

#[test]
fn a_host_that_may_be_missing_is_asked_for_by_the_issuer() {
    let asked = |command: &str| {
        let steps = steps(command);
        steps.into_iter().filter(|step| step.contains("--provider-host HOST")).collect::<Vec<_>>()
    };
    let pool = asked("render istio cognito.yaml");
    let issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";
    assert!(matches!(pool.as_slice(), [step] if step.contains(issuer)), "{pool:?}");
    assert_eq!(asked(CASES[0].1), Vec::<String>::new());
    let told = |endpoints: &str| {
        let text = format!(
            "providers:\n  - {{ issuer: https://idp.example.com, clientId: a, clientSecret: {{ env: OIDC_CLIENT_SECRET }}, endpoints: \
             {{ {endpoints} }} }}\npublicUrls: [https://app.example.com]\nsession: {{ keys: [{{ env: SESSION_KEY }}] }}\n"
        );
        let machine = Machine::that_knows();
        machine.files.borrow_mut().insert("told.yaml".into(), (text, Writing::default()));
        let outcome = machine.run("render istio told.yaml");
        assert_eq!(outcome.code, 0, "{}{}", outcome.output, outcome.errors);
        outcome.output.contains("if https://idp.example.com/.well-known/openid-configuration names other hosts")
    };
    assert!(!told("token: https://idp.example.com/token, jwks: https://idp.example.com/keys"));
    assert!(told("authorization: https://idp.example.com/authorize"));
    // Dex is a service, and its page is told apart: all else is at its own name. The cluster's own issuer may name an address.
    let dex = asked(CASES[3].1);
    let metadata = "https://kubernetes.default.svc.cluster.local/.well-known/openid-configuration";
    assert!(matches!(dex.as_slice(), [step] if step.contains(metadata)), "{dex:?}");
}
