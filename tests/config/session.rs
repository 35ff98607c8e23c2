//! `session`: secrets that will do, and cookies that come back.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{KEY, places, read, with};

// T-96
#[test]
fn unusable_secrets_are_problems() {
    for name in ["EMPTY", "LINES", "UNSET"] {
        let tree = with("/providers/0/clientSecret", json!({ "env": name }));
        assert_eq!(places(&tree).len(), 1, "{name}");
    }
    assert!(read(&with("/providers/0/clientSecret", json!({ "env": "LINE" }))).is_ok());
    assert_eq!(
        places(&with("/session/keys", json!(["0123456789012345678901234567890123456789"]))),
        ["session.keys[0]"]
    );
    let twice = json!([{ "env": "SESSION_KEY" }, { "env": "SESSION_KEY" }]);
    assert_eq!(places(&with("/session/keys", twice)), ["session.keys[1]"]);
}

#[test]
fn secrets_are_in_no_debug_output_and_no_problem() {
    let tree = with("/providers/0/clientSecret", json!({ "env": "SECRET" }));
    let debug = format!("{:?}", read(&tree).unwrap());
    assert!(!debug.contains("s3cret") && !debug.contains(KEY), "{debug}");
    let mut broken = with("/providers/0/clientSecret", "hunter2\n2".into());
    broken["session"]["keys"] = json!(["hunter2"]);
    broken["publicUrls"] = json!(["https://hunter2@app.example.com"]);
    let problems = read(&broken).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems}");
    assert!(!format!("{problems} {problems:?}").contains("hunter2"), "{problems}");
}

#[test]
fn a_cookie_domain_covers_every_public_url_with_whole_labels() {
    let domain = |domain: &str, url: &str| {
        let mut tree = with("/session/cookie", json!({ "domain": domain }));
        tree["publicUrls"] = json!([url]);
        places(&tree)
    };
    assert!(domain("example.com", "https://example.com").is_empty());
    assert!(domain("example.com", "https://a.b.example.com").is_empty());
    for (wrong, url) in [
        ("example.com", "https://badexample.com"),
        ("app.example.com", "https://example.com"),
        ("com", "https://example.com"),
        (".example.com", "https://a.example.com"),
        ("Example.com", "https://example.com"),
        ("0.0.1", "https://127.0.0.1"),
        ("localhost", "https://app.localhost"),
    ] {
        let places = domain(wrong, url);
        assert!(
            !places.is_empty() && places.iter().all(|place| place == "session.cookie.domain"),
            "{wrong}: {places:?}"
        );
    }
}

#[test]
fn secure_cookies_and_public_urls_fit_together() {
    let tree = |urls: Value, insecure: bool| {
        let mut tree = with("/session/cookie", json!({ "insecure": insecure }));
        tree["publicUrls"] = urls;
        places(&tree)
    };
    assert!(tree(json!(["https://localhost:8443"]), false).is_empty());
    assert!(tree(json!(["http://localhost:8080", "http://app.localhost"]), true).is_empty());
    assert_eq!(tree(json!(["http://localhost:8080"]), false), ["session.cookie"]);
    assert_eq!(tree(json!(["http://localhost", "https://app.localhost"]), true), ["session.cookie"]);
    assert_eq!(tree(json!(["https://localhost", "https://localhost:8443"]), false), ["publicUrls[1]"]);
    assert_eq!(tree(json!(["http://app.example.com"]), true), ["publicUrls[0]"]);
}

#[test]
fn cookies_that_would_not_come_back_are_problems() {
    assert_eq!(places(&with("/session/cookie", json!({ "sameSite": "Strict" }))), ["session.cookie.sameSite"]);
    assert_eq!(places(&with("/session/cookie", json!({ "name": "__Host-x" }))), ["session.cookie.name"]);
    let mut none = with("/session/cookie", json!({ "sameSite": "None", "insecure": true }));
    none["publicUrls"] = json!(["http://localhost"]);
    assert_eq!(places(&none), ["session.cookie.sameSite"]);
}

#[test]
fn idle_time_is_unlimited_unless_it_is_configured() {
    assert_eq!(read(&with("/session/lifetime", "30m".into())).unwrap().session.idle, None);
    let idle = read(&with("/session/idle", "15m".into())).unwrap().session.idle;
    assert_eq!(idle, Some(Duration::from_mins(15)));
}

#[test]
fn idle_time_is_from_a_quarter_of_an_hour_to_less_than_the_lifetime() {
    let problem = |idle: &str, lifetime: &str| {
        let mut tree = with("/session/idle", idle.into());
        tree["session"]["lifetime"] = lifetime.into();
        read(&tree).map_or_else(|problems| problems.to_string(), |_| String::new())
    };
    let out_of_range = "session.idle is out of range: choose a duration from `15m`, and shorter than `lifetime`";
    let too_long = "session.idle is not shorter than `lifetime`: make it shorter than `lifetime`, or remove it: a session never \
                    lasts longer than that, used or not";
    for (idle, lifetime, said) in [
        ("15m", "16m", ""),
        ("29d", "30d", ""),
        ("899s", "12h", out_of_range),
        ("15m", "15m", too_long),
        ("13h", "12h", too_long),
        ("30d", "30d", too_long),
    ] {
        assert_eq!(problem(idle, lifetime), said, "{idle} of {lifetime}");
    }
    assert!(problem("31d", "30d").starts_with(out_of_range));
    assert_eq!(places(&with("/session/idle", "soon".into())), ["session.idle"]);
    assert_eq!(places(&with("/session/idle", json!(1800))), ["session.idle"]);
    // Without a lifetime the default counts: twelve hours.
    assert_eq!(places(&with("/session/idle", "12h".into())), ["session.idle"]);
}
