//! The commands of the tool that documents show work: each is run, in order, and the two guides to Kubeflow lead where they say.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    commands::words,
    corpus::{Document, Fence, document, documents},
    machine::Machine,
};

/// A command line of the shell, without the breaks inside it.
fn lines(fence: &Fence) -> Vec<String> {
    fence.text.replace("\\\n", " ").lines().map(str::to_owned).collect()
}

/// The lines of a document's `sh` fences, in order.
fn shell(document: &Document) -> Vec<String> {
    document.fences().iter().filter(|fence| fence.language == "sh").flat_map(lines).collect()
}

/// The words of each command of the tool that reads or writes a configuration.
fn commands(document: &Document) -> Vec<Vec<String>> {
    let kinds = ["check", "explain", "init", "migrate", "render"];
    let ours = shell(document).into_iter().filter_map(|line| Some(words(line.strip_prefix("edge-oidc ")?)));
    ours.filter(|words| words.first().is_some_and(|kind| kinds.contains(&kind.as_str()))).collect()
}

/// Runs the commands of a document. One that reads what an earlier one wrote goes on there; any other begins in an empty folder.
fn walk<'a>(document: &'a Document, mut each: impl FnMut(&[String], &Machine<'a>, &str)) {
    let mut machine = Machine::new(document);
    for words in commands(document) {
        if !words.iter().any(|word| machine.files.borrow().contains_key(word)) {
            machine = Machine::new(document);
        }
        let outcome = machine.run(&words);
        assert_eq!(outcome.code, 0, "{}: {}\n{}{}", document.name, words.join(" "), outcome.output, outcome.errors);
        each(&words, &machine, &outcome.output);
    }
}

#[test]
fn every_command_that_is_shown_does_its_work() {
    let mut run = BTreeSet::new();
    for document in documents() {
        walk(&document, |words, machine, _| {
            let writes = matches!(words[0].as_str(), "init" | "migrate" | "render");
            assert!(!writes || !machine.files.borrow().is_empty(), "{}: {}", document.name, words.join(" "));
            run.insert((document.name.clone(), words.to_vec()));
        });
    }
    assert!(run.len() > 14, "{run:?}");
}

#[test]
fn check_says_of_user_ids_what_is_shown() {
    let document = document("docs/user-ids.md");
    let shown = document.fences().into_iter().find(|fence| fence.text.starts_with("User ids\n")).unwrap();
    walk(&document, |_, _, said| assert!(said.contains(&shown.text), "{said}"));
}

/// What the last command of a guide with this first word leaves behind.
fn after<T>(name: &str, kind: &str, read: impl Fn(&Machine<'_>, &str) -> T) -> T {
    let document = document(name);
    let mut last = None;
    walk(&document, |words, machine, said| {
        if words[0] == kind && words.iter().any(|word| word == "--kubeflow") {
            last = Some(read(machine, said));
        }
    });
    last.unwrap_or_else(|| panic!("{name} has no {kind} with --kubeflow"))
}

const GUIDES: [(&str, &str); 4] = [
    ("docs/kubeflow.md", "init"),
    ("docs/kubeflow.md", "render"),
    ("docs/authservice.md", "migrate"),
    ("docs/authservice.md", "render"),
];
const PLUGIN: &str = "edge-oidc/istio/wasmplugin.yaml";

/// Both hand the header on: the dashboard to KFAM, the page of the pipelines to their API.
#[test]
fn kubeflow_believes_the_gateway_and_the_two_that_hand_the_header_on() {
    for (guide, kind) in GUIDES {
        let policies = after(guide, kind, |machine, _| machine.written("edge-oidc/istio/identity-headers.yaml"));
        assert!(policies.iter().all(|policy| policy["metadata"]["namespace"] == "kubeflow"), "{policies:?}");
        let rules = policies[0]["spec"]["rules"].as_array().unwrap();
        let guarded: Vec<_> = rules.iter().map(|rule| rule["when"][0]["key"].as_str().unwrap()).collect();
        assert!(guarded.contains(&"request.headers[kubeflow-userid]"), "{guide} {kind}: {guarded:?}");
        for rule in rules {
            let believed = rule["from"][0]["source"]["notPrincipals"].as_array().unwrap();
            let account = |principal: &Value| principal.as_str().unwrap().rsplit_once("/ns/").unwrap().1.to_owned();
            let accounts: Vec<_> = believed.iter().map(account).collect();
            let expected = [
                "istio-system/sa/istio-ingressgateway-service-account",
                "kubeflow/sa/centraldashboard",
                "kubeflow/sa/ml-pipeline-ui",
            ];
            assert_eq!(accounts, expected, "{guide} {kind}");
        }
    }
}

#[test]
fn the_dashboard_signs_out_where_the_guide_says() {
    let sign_out = |guide: &str, kind: &str| {
        let plugin = after(guide, kind, |machine, _| machine.written(PLUGIN));
        plugin[0]["spec"]["pluginConfig"]["paths"]["signOut"].as_str().unwrap().to_owned()
    };
    let kubeflow = document("docs/kubeflow.md");
    for kind in ["init", "render"] {
        let path = sign_out("docs/kubeflow.md", kind);
        let said = format!("`paths.signOut` is where the dashboard's button goes: `{path}`");
        assert!(kubeflow.text.contains(&said), "{kind}: {path}");
        assert!(kubeflow.text.contains(&format!("paths: {{ signOut: {path} }}")), "{kind}: {path}");
    }
    for kind in ["migrate", "render"] {
        let path = sign_out("docs/authservice.md", kind);
        let asks = |line: &String| line.starts_with("curl -i -X POST") && line.contains(&format!(".com{path} "));
        assert!(shell(&document("docs/authservice.md")).iter().any(asks), "{kind}: {path}");
    }
}

/// The release that a document says is supported.
fn supported(name: &str) -> String {
    let text = document(name).text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = text.split_once("supports Istio ").unwrap_or_else(|| panic!("{name} names no release")).1;
    let release: String = said.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '.').collect();
    assert!(said.starts_with(&format!("{release} and newer")), "{name}");
    release
}

#[test]
fn the_files_are_for_the_release_that_the_documents_name() {
    let release = supported("docs/istio.md");
    for (guide, kind) in GUIDES {
        assert_eq!(supported(guide), release, "{guide}");
        let (text, plugin) =
            after(guide, kind, |machine, _| (machine.files.borrow()[PLUGIN].clone(), machine.written(PLUGIN)));
        assert!(text.contains(&format!("Istio {release} and newer")), "{guide} {kind}: {text}");
        assert_eq!(plugin[0]["spec"]["failStrategy"], "FAIL_RELOAD", "{guide} {kind}");
        let asked = "kubectl get deployment -A -l app=istiod -o jsonpath='{..image}'";
        assert!(
            shell(&document(guide)).iter().any(|line| line == asked),
            "{guide} does not say how to see the release"
        );
        assert!(after(guide, kind, |_, said| said.contains(asked)), "{kind} does not say how to see the release");
    }
    assert!(document("istio/README.md").text.contains(&format!("Istio {release} and newer")));
}

#[test]
fn what_an_edit_adds_arrives_at_the_plugin_and_the_secrets_stay() {
    let guide = document("docs/kubeflow.md");
    let edit = guide.fences().into_iter().find(|fence| fence.text.contains("lowercase: true")).unwrap();
    let edit: Value = serde_saphyr::from_str(&edit.text).unwrap();
    let commands = commands(&guide);
    let command = |kind: &str| commands.iter().find(|words| words[0] == kind).unwrap();
    let machine = Machine::new(&guide);
    assert_eq!(machine.run(command("init")).code, 0);
    let secret = machine.written("edge-oidc/istio/secret.yaml");
    let mut configuration = machine.written("edge-oidc/edge-oidc.yaml").remove(0);
    assert_ne!(configuration["identity"], edit["identity"], "the edit changes nothing");
    configuration["identity"] = edit["identity"].clone();
    machine.files.borrow_mut().insert("edge-oidc/edge-oidc.yaml".to_owned(), configuration.to_string());
    let outcome = machine.run(command("render"));
    assert_eq!(outcome.code, 0, "{}", outcome.errors);
    assert_eq!(machine.written(PLUGIN)[0]["spec"]["pluginConfig"]["identity"], edit["identity"]);
    assert_eq!(machine.written("edge-oidc/istio/secret.yaml"), secret);
    assert!(machine.run(command("check")).output.contains("Ada@example.com → ada@example.com"));
}

/// In the other order the gateway is open to everybody.
#[test]
fn authservice_goes_when_the_plugin_is_there_and_by_the_command_that_the_tool_prints() {
    let guide = document("docs/authservice.md");
    let shown: Vec<_> = shell(&guide).into_iter().filter(|line| line.contains(" delete ")).collect();
    assert!(shown.iter().any(|line| line.contains("authn-filter")), "{shown:?}");
    let said = after("docs/authservice.md", "migrate", |_, said| said.split_whitespace().collect::<Vec<_>>().join(" "));
    let applied = said.find("`components`").unwrap();
    for command in shown {
        let deleted = said.find(&command).unwrap_or_else(|| panic!("the tool does not print {command}: {said}"));
        assert!(applied < deleted, "{command} comes first: {said}");
    }
    let place = |text: &str| guide.text.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(place("the plugin last") < place("delete --ignore-not-found envoyfilter/authn-filter"));
}

/// Nor is it open in between: a running Kubeflow keeps its old sign-in until then, and a new one cannot be reached.
#[test]
fn no_guide_leaves_the_gateway_open() {
    for name in ["docs/authservice.md", "docs/kubeflow.md"] {
        let document = document(name);
        let bold = document.text.split("**").skip(1).step_by(2).any(|text| text.contains("open"));
        assert!(bold, "{name} does not warn of an open gateway");
    }
    let guide = document("docs/kubeflow.md");
    let lines = shell(&guide);
    let place = |is: fn(&str) -> bool| lines.iter().position(|line| is(line)).unwrap();
    let rolled_out = place(|line| line.contains("rollout status"));
    let applied = place(|line| line.contains("| kubectl apply"));
    let deleted = place(|line| line.starts_with("kubectl delete"));
    assert!(rolled_out < applied && applied < deleted, "{lines:?}");
    let closed = guide.fences().into_iter().position(|fence| fence.text.contains("value: ClusterIP")).unwrap();
    let secret = guide.fences().into_iter().position(|fence| fence.text.contains("create namespace")).unwrap();
    assert!(closed < secret);
}
