//! Labels: what `stats_tags` of the shipped Envoy files make of the names of our metrics.

use edge_oidc::{
    flow::event::{CallResult, Endpoint, Event, Outcome},
    metrics::{self, Metric},
};
use regex_lite::Regex;
use serde_json::Value;

use crate::corpus::{document, root};

/// Label → the expression of its tag, as `file` has them.
fn tags(text: &str) -> Vec<(String, Regex)> {
    let tree: Value = serde_saphyr::from_str(text).unwrap();
    let tags = tree["stats_config"]["stats_tags"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tags.iter().map(|tag| (text(&tag["tag_name"]), Regex::new(&text(&tag["regex"])).unwrap())).collect()
}

fn shipped() -> Vec<(String, Regex)> {
    tags(&std::fs::read_to_string(root().join("envoy/envoy.yaml")).unwrap())
}

/// The labels of a metric, as Envoy takes them: the second group is the value.
fn labels(name: &str) -> Vec<(String, String)> {
    let name = format!("wasmcustom.{name}");
    let found = shipped().into_iter().filter_map(|(label, regex)| {
        let value = regex.captures(&name)?.get(2)?.as_str().to_owned();
        Some((label, value))
    });
    found.collect()
}

fn names(event: &Event) -> Vec<String> {
    let name = |metric| match metric {
        Metric::Count(name) | Metric::Observe(name, _) => name,
        Metric::Gauge(name, _) | Metric::Level(name, _) => name.to_owned(),
    };
    metrics::of_event(event).into_iter().map(name).collect()
}

fn pair(label: &str, value: &str) -> (String, String) {
    (label.to_owned(), value.to_owned())
}

#[test]
fn every_call_and_every_decision_gets_its_labels() {
    for endpoint in Endpoint::ALL {
        for outcome in CallResult::ALL {
            let event = Event::ProviderCall { endpoint, outcome, elapsed: std::time::Duration::ZERO };
            let [call, time] = names(&event).try_into().unwrap();
            assert_eq!(labels(&call), [pair("endpoint", endpoint.name()), pair("result", outcome.name())]);
            assert_eq!(labels(&time), [pair("endpoint", endpoint.name())]);
        }
    }
    for outcome in Outcome::ALL {
        assert_eq!(labels(&names(&Event::Decided(outcome))[0]), [pair("outcome", outcome.name())]);
    }
    assert_eq!(labels("edge_oidc.sign_in_failed.user_info_sub"), [pair("code", "user_info_sub")]);
    assert_eq!(labels("edge_oidc.open_waits"), []);
}

#[test]
fn the_documents_show_the_tags_that_are_shipped() {
    let text = |tags: Vec<(String, Regex)>| format!("{tags:?}");
    let fences = document("docs/operations.md").fences();
    let shown = fences.iter().find(|fence| fence.text.contains("stats_tags")).unwrap();
    assert_eq!(text(tags(&shown.text)), text(shipped()));
    let other = std::fs::read_to_string(root().join("envoy/rbac.yaml")).unwrap();
    assert_eq!(text(tags(&other)), text(shipped()));
}
