//! Names of query parameters that can be chosen, and what links may hand on to a provider.

use serde_json::{Value, json};

use crate::{and, good, partners, places, pods, read, staff, with};

fn handing_on(parameters: Value) -> Value {
    with("/providers/0/signInParameters", parameters)
}

#[test]
fn the_parameter_that_says_where_to_go_has_a_plain_name_of_its_own() {
    let named = |name: Value| with("/paths", json!({ "returnParameter": name }));
    assert_eq!(read(&good()).unwrap().paths.return_parameter, "return_to");
    for name in ["rd", "pomerium_redirect_uri", "a-b.c~1", &"x".repeat(64)] {
        assert_eq!(read(&named(json!(name))).unwrap().paths.return_parameter, name);
    }
    let long = "x".repeat(65);
    for name in
        ["", "a b", "a=b", "a&b", "a%20", "é", "provider", "again", "code", "state", "error", "iss", long.as_str()]
    {
        assert_eq!(places(&named(json!(name))), ["paths.returnParameter"], "{name}");
    }
    assert_eq!(places(&named(json!(7))), ["paths.returnParameter"]);
}

#[test]
fn the_argument_that_signs_out_has_a_plain_name_of_its_own_and_warns() {
    let paths = |paths: Value| with("/paths", paths);
    assert_eq!(read(&good()).unwrap().paths.sign_out_argument, None);
    let config = read(&paths(json!({ "signOutArgument": "logout" }))).unwrap();
    assert_eq!(config.paths.sign_out_argument.as_deref(), Some("logout"));
    let [warning] = config.warnings() else { panic!("{:?}", config.warnings()) };
    assert_eq!(warning.path, "paths.signOutArgument");
    assert!(warning.mend.contains("`logout`"));
    let long = "x".repeat(65);
    for name in ["", "a b", "log&out", "code", "state", "error", "iss", "provider", "again", "return_to", &long] {
        assert_eq!(places(&paths(json!({ "signOutArgument": name }))), ["paths.signOutArgument"], "{name}");
    }
    let both = json!({ "signOutArgument": "rd", "returnParameter": "rd" });
    assert_eq!(places(&paths(both)), ["paths.signOutArgument"]);
}

#[test]
fn no_page_of_ours_leads_on_to_one_that_signs_out() {
    let mut tree = with("/paths", json!({ "signOutArgument": "logout" }));
    tree["providers"][0]["logout"] = json!({ "kind": "local", "returnUrl": "/bye?x=1&log%6Fut#top" });
    tree["afterSignIn"] = json!({ "url": "/welcome?logout=" });
    tree["pages"] = json!({ "refusedUrl": "/open?logout", "failedUrl": "https://app.example.com/open?logout" });
    tree["routes"] = json!([{ "match": { "path": { "exact": "/open" } }, "action": "allow" }]);
    let expected = ["providers[0].logout.returnUrl", "afterSignIn.url", "pages.refusedUrl", "pages.failedUrl"];
    assert_eq!(places(&tree), expected);
    tree["paths"] = json!({});
    assert_eq!(places(&tree), [""; 0]);
}

#[test]
fn no_page_of_ours_is_told_where_to_go_by_the_argument_that_signs_out() {
    let mut tree = with("/paths", json!({ "signOutArgument": "next" }));
    for url in ["/welcome", "https://app.example.com/welcome"] {
        tree["afterSignIn"] = json!({ "url": url });
        assert_eq!(places(&tree), ["afterSignIn.parameter"], "{url}");
        tree["afterSignIn"] = json!({ "url": url, "parameter": "to" });
        assert_eq!(places(&tree), [""; 0], "{url}");
    }
    tree["afterSignIn"] = json!({ "url": "https://www.example.net/welcome" });
    assert_eq!(places(&tree), [""; 0]);
    tree["afterSignIn"] = json!({ "url": "https://app.example.com/welcome?next" , "parameter": "to" });
    assert_eq!(places(&tree), ["afterSignIn.url"]);
}

#[test]
fn what_a_link_may_hand_on_is_read() {
    let tree = handing_on(json!([
        { "name": "login_hint" },
        { "name": "identity_provider", "oneOf": ["Google", "COGNITO"] },
        { "name": "lang", "matches": "[a-z]{2}" },
        { "name": "prompt", "oneOf": ["login", "select_account"] },
    ]));
    let config = read(&tree).unwrap();
    let parameters = config.sign_in_parameters(0);
    let takes =
        |name: &str, value: &str| parameters.iter().find(|parameter| parameter.name == name).unwrap().takes(value);
    let long = "x".repeat(256);
    for (name, value) in [
        ("login_hint", "ada@example.com"),
        ("login_hint", "Zoë & co"),
        ("login_hint", long.as_str()),
        ("identity_provider", "Google"),
        ("lang", "de"),
        ("prompt", "login"),
    ] {
        assert!(takes(name, value), "{name} {value}");
    }
    let longer = "x".repeat(257);
    for (name, value) in [
        ("login_hint", ""),
        ("login_hint", "a\nb"),
        ("login_hint", "a\u{7f}"),
        ("login_hint", "a\u{85}b"),
        ("login_hint", "\u{fffd}"),
        ("login_hint", longer.as_str()),
        ("identity_provider", "google"),
        ("identity_provider", "Google,COGNITO"),
        ("lang", "deu"),
        ("lang", "de\n"),
        ("lang", "xde"),
        ("prompt", "none"),
        ("prompt", "login none"),
    ] {
        assert!(!takes(name, value), "{name} {value:?}");
    }
    assert!(config.sign_in_parameters(1).is_empty());
}

#[test]
fn what_no_link_may_hand_on_is_refused_by_its_place() {
    let long = "x".repeat(257);
    let many: Vec<Value> = (0..17).map(|number| json!({ "name": format!("p{number}") })).collect();
    for (parameters, place) in [
        (json!([]), ""),
        (json!({ "name": "lang" }), ""),
        (json!(many), ""),
        (json!(["lang"]), "[0]"),
        (json!([{ "oneOf": ["a"] }]), "[0].name"),
        (json!([{ "name": "a b" }]), "[0].name"),
        (json!([{ "name": "state" }]), "[0].name"),
        (json!([{ "name": "return_to" }]), "[0].name"),
        (json!([{ "name": "again" }]), "[0].name"),
        (json!([{ "name": "lang" }, { "name": "lang", "oneOf": ["de"] }]), "[1]"),
        (json!([{ "name": "lang", "oneOf": ["de"], "matches": "de" }]), "[0].oneOf"),
        (json!([{ "name": "lang", "oneOf": [] }]), "[0].oneOf"),
        (json!([{ "name": "lang", "oneOf": ["de", "de"] }]), "[0].oneOf[1]"),
        (json!([{ "name": "lang", "oneOf": ["a\tb"] }]), "[0].oneOf[0]"),
        (json!([{ "name": "lang", "oneOf": [long] }]), "[0].oneOf[0]"),
        (json!([{ "name": "lang", "matches": "(?=a)" }]), "[0].matches"),
        (json!([{ "name": "lang", "pattern": "a" }]), "[0].pattern"),
        (json!([{ "name": "prompt" }]), "[0]"),
        (json!([{ "name": "prompt", "matches": "login" }]), "[0]"),
        (json!([{ "name": "prompt", "oneOf": ["login", "consent none"] }]), "[0]"),
    ] {
        let expected = format!("providers[0].signInParameters{place}");
        assert_eq!(places(&handing_on(parameters.clone())), [expected], "{parameters}");
    }
    // Whatever `authorizationParameters` may not say, no link may.
    for name in [
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "acr_values",
        "claims",
        "hd",
        "id_token_hint",
        "max_age",
        "provider",
        "code",
        "error",
        "iss",
    ] {
        let found = places(&handing_on(json!([{ "name": name }])));
        assert_eq!(found, ["providers[0].signInParameters[0].name"], "{name}");
    }
}

#[test]
fn a_link_cannot_say_two_things_by_one_name() {
    let mut tree = handing_on(json!([{ "name": "lang" }, { "name": "rd" }]));
    assert!(read(&tree).is_ok());
    tree["paths"] = json!({ "returnParameter": "rd" });
    assert_eq!(places(&tree), ["providers[0].signInParameters[1].name"]);
}

#[test]
fn each_provider_has_its_own_and_one_where_nobody_signs_in_has_none() {
    let handing = |provider: Value, name: &str| and(provider, json!({ "signInParameters": [{ "name": name }] }));
    let mut tree = good();
    tree["providers"] = json!([staff(), pods(), handing(partners(), "lang")]);
    let config = read(&tree).unwrap();
    let names = [0, 1, 2].map(|place| config.sign_in_parameters(place).len());
    assert_eq!(names, [0, 0, 1]);
    tree["providers"] = json!([staff(), handing(pods(), "lang")]);
    assert_eq!(places(&tree), ["providers[1].signInParameters"]);
}
