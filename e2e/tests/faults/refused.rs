//! Configurations that must not start: Envoy ends, and its log has every problem with its place and its mend.

use e2e::{Builder, CLIENT_SECRET, World};
use serde_json::{Value, json};

const WEAK: &str = "a-secret-that-no-log-may-show";

/// Starts it and answers why that failed, with the end of Envoy's log. No secret is in it.
async fn refusal(builder: Builder) -> String {
    let Err(error) = builder.try_start().await else { panic!("Envoy started") };
    let log = format!("{error:#}");
    for secret in [CLIENT_SECRET, WEAK] {
        assert!(!log.contains(secret), "a secret is in the log: {log}");
    }
    assert!(log.contains("Envoy ended"), "{log}");
    log
}

/// The filter's configuration as this text.
fn text(text: &'static str) -> Builder {
    World::builder().filter(move |filter| filter["configuration"]["value"] = json!(text))
}

fn changed(change: impl FnOnce(&mut Value) + 'static) -> Builder {
    World::builder().plugin(change)
}

#[track_caller]
fn expect_lines(log: &str, lines: &[&str]) {
    for line in lines {
        assert!(log.contains(&format!("configuration_refused: {line}")), "{line} is not in the log: {log}");
    }
}

// T-32
#[tokio::test]
async fn text_that_is_no_document_is_refused_with_its_place() {
    for wrong in ["{ not json", "[]", "", "{\"providers\": []} trailing", "{\"paths\": {}, \"paths\": {}}"] {
        let log = refusal(text(wrong)).await;
        assert!(log.contains("configuration_refused: "), "{wrong:?} is refused without a word: {log}");
    }
    let absent = World::builder().filter(|filter| drop(filter.as_object_mut().unwrap().remove("configuration")));
    assert!(refusal(absent).await.contains("configuration_refused: "));
}

#[tokio::test]
async fn an_unknown_name_is_refused_with_the_one_that_was_meant() {
    let log = refusal(changed(|plugin| plugin["publicUrl"] = json!(["https://app.example.com"]))).await;
    expect_lines(&log, &["publicUrl is not a known name: write `publicUrls`"]);
}

// T-32
#[tokio::test]
async fn an_absent_variable_is_named_with_what_hands_it_over() {
    let without = |setup: devkit::envoy::Setup| {
        let mut setup = setup;
        setup.env.remove("OIDC_CLIENT_SECRET");
        setup
    };
    let log = refusal(World::builder().setup(without)).await;
    expect_lines(&log, &["providers[0].clientSecret"]);
    assert!(log.contains("OIDC_CLIENT_SECRET"), "{log}");
    let hidden = World::builder().filter(|filter| {
        filter["vm_config"]["environment_variables"]["host_env_keys"] = json!(["OIDC_CLIENT_SECRET"]);
    });
    let log = refusal(hidden).await;
    expect_lines(&log, &["session.keys[0]"]);
    assert!(log.contains("SESSION_KEY"), "{log}");
}

#[tokio::test]
async fn all_problems_are_named_at_once_and_no_secret_is() {
    let log = refusal(changed(|plugin| {
        plugin["providers"][0]["timeout"] = json!("1 hour");
        plugin["providers"][0]["clientSecret"] = json!({ "value": CLIENT_SECRET });
        plugin["publicUrls"] = json!(["http://app.example.com"]);
        plugin["session"]["keys"] = json!([WEAK]);
        plugin["routes"][0]["actino"] = json!("allow");
    }))
    .await;
    let places = [
        "providers[0].timeout ",
        "providers[0].clientSecret",
        "publicUrls[0] ",
        "session.keys[0] ",
        "routes[0].actino ",
    ];
    expect_lines(&log, &places);
    let mends = ["from `1s` to `30s`", "use https", "`edge-oidc keygen` makes a good one", "write `action`"];
    mends.iter().for_each(|mend| assert!(log.contains(mend), "{mend} is not in the log: {log}"));
}
