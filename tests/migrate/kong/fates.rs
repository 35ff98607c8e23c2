//! No setting of Kong's is dropped in silence.

use serde_json::{Value, json};

use super::given::elsewhere;

/// Every setting there is, with Kong's defaults, as the Admin API shows a plugin.
fn all() -> Vec<String> {
    let text = include_str!("../../golden/migrate/kong/in/admin-api.json");
    let answer: Value = serde_json::from_str(text).unwrap();
    answer["data"][0]["config"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn each_setting_is_named_when_it_says_something() {
    let names = all();
    assert_eq!(names.len(), 234);
    for name in &names {
        let values = [
            json!(["https://x.example/y"]),
            json!(true),
            json!(false),
            json!(77),
            json!("x"),
            json!([{ "header": "x", "path": ["y"] }]),
        ];
        let named =
            values.iter().any(|value| elsewhere(json!({ name.clone(): value }), &[]).said().contains(name.as_str()));
        assert!(named, "{name}");
    }
}

#[test]
fn a_typo_is_named() {
    elsewhere(json!({ "unauthorised_redirect_uri": ["https://x.example"] }), &[])
        .says("unauthorised_redirect_uri no setting of Kong's that is known here: a typo");
}

#[test]
fn a_check_that_was_switched_off_is_said_to_be_on() {
    for name in [
        "verify_signature",
        "verify_claims",
        "verify_nonce",
        "ssl_verify",
        "introspection_check_active",
        "session_cookie_http_only",
    ] {
        let said = elsewhere(json!({ name: false }), &[]);
        let changed = said.said();
        let (before, after) = changed.split_once("Changed").unwrap();
        assert!(after.contains(name) && !before.contains(name), "{name}: {changed}");
    }
}
