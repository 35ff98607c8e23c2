//! What `edge-oidc check` says, against golden files, and the facts about configurations that no golden file states.
//!
//! `UPDATE_GOLDEN=1 cargo test --test config` rewrites `tests/golden/check/out` from `tests/golden/check/in`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Parser;
use edge_oidc::{
    cli::{Cli, Outcome, World, run},
    config::{Config, Environment, Problems},
    oidc::{client_auth::ClientAuthentication, provider::ProviderKind},
    policy::Action,
};
use serde_json::{Value, json};

const KEY: &str = "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c";

/// A machine with the golden inputs as its only files and no environment.
struct Golden(PathBuf);

impl World for Golden {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(self.0.join("in").join(path))
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn check(golden: &Golden, file: &str) -> Outcome {
    let text = golden.read(Path::new(file)).unwrap();
    let with = text.lines().find_map(|line| line.strip_prefix("# check with: ")).unwrap_or_default();
    let arguments = ["edge-oidc", "check", file].into_iter().chain(with.split_whitespace());
    run(&Cli::try_parse_from(arguments).unwrap(), golden)
}

fn shown(outcome: &Outcome) -> String {
    format!("{}{}exit {}\n", outcome.output, outcome.errors, outcome.code)
}

#[test]
fn check_says_what_the_golden_files_say() {
    let golden = Golden(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check"));
    let mut files: Vec<_> = fs::read_dir(golden.0.join("in")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    assert!(files.len() > 8, "{files:?}");
    let mut different = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let out = golden.0.join("out").join(name).with_extension("txt");
        let said = shown(&check(&golden, name));
        assert!(!said.contains("hunter2"), "{name} quotes a secret: {said}");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&out, &said).unwrap();
        } else if fs::read_to_string(&out).unwrap_or_default() != said {
            different.push(format!("--- {}\n{said}", out.display()));
        }
    }
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 rewrites:\n{}", different.join("\n"));
}

#[test]
fn five_mistakes_get_five_lines() {
    let golden = Golden(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check"));
    let outcome = check(&golden, "five-mistakes.yaml");
    let lines: Vec<_> = outcome.output.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    let places =
        ["providers[0].client_id", "providers[0].clientId", "providers[0].timeout", "publicUrls[0]", "session.keys[0]"];
    assert_eq!(lines, places, "{}", outcome.output);
    assert_eq!(outcome.code, 1);
}

#[test]
fn keygen_prints_a_key_that_check_takes() {
    let outcome = run(&Cli::try_parse_from(["edge-oidc", "keygen"]).unwrap(), &Golden(PathBuf::new()));
    let key = outcome.output.trim_end();
    assert_eq!((key.len(), outcome.code), (43, 0));
    let environment = Variables([("SESSION_KEY".to_owned(), key.to_owned())].into());
    assert!(Config::read(&good(), &environment).is_ok());
}

struct Variables(BTreeMap<String, String>);

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

fn good() -> Value {
    json!({
        "providers": [{
            "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012",
            "clientId": "304a12ktcc5djt9d7enj6dsjkg",
        }],
        "publicUrls": ["https://app.example.com"],
        "session": { "keys": [{ "env": "SESSION_KEY" }] },
    })
}

/// The good configuration with `value` at `pointer`.
fn with(pointer: &str, value: Value) -> Value {
    let mut tree = good();
    let mut place = &mut tree;
    for name in pointer.split('/').skip(1) {
        place = match name.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[name],
        };
    }
    *place = value;
    tree
}

fn read(tree: &Value) -> Result<Config, Problems> {
    let variables =
        [("SESSION_KEY", KEY), ("SECRET", "s3cret+s3cret"), ("EMPTY", ""), ("LINES", "a\nb"), ("LINE", "ab\n")];
    Config::read(tree, &Variables(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()))
}

/// The places of all problems.
fn places(tree: &Value) -> Vec<String> {
    read(tree).map_or_else(|problems| problems.iter().map(|problem| problem.path.clone()).collect(), |_| Vec::new())
}

#[test]
fn what_is_not_written_has_a_safe_default() {
    let config = read(&good()).unwrap();
    let provider = config.provider();
    assert_eq!((provider.kind, provider.name.as_str()), (ProviderKind::Cognito, "default"));
    assert!(matches!(provider.client_authentication, ClientAuthentication::None));
    assert_eq!(provider.scopes, ["openid", "email", "profile"]);
    assert_eq!(config.paths.callback, "/oauth2/callback");
    assert_eq!(config.session.cookie.session_name(), "__Host-edge_oidc");
    assert!(config.routes.rules().is_empty());
    assert!(config.warnings().is_empty());
}

#[test]
fn a_secret_is_sent_as_the_kind_of_provider_wants_it() {
    let with_secret = |issuer: &str| {
        let mut tree = with("/providers/0/clientSecret", json!({ "env": "SECRET" }));
        tree["providers"][0]["issuer"] = issuer.into();
        read(&tree).unwrap().provider().client_authentication.clone()
    };
    let cognito = with_secret("https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x");
    assert!(matches!(cognito, ClientAuthentication::Post { .. }));
    assert!(matches!(with_secret("https://idp.example.com/"), ClientAuthentication::Basic { .. }));
}

#[test]
fn an_issuer_keeps_its_spelling() {
    for issuer in ["https://idp.example.com", "https://idp.example.com/", "https://idp.example.com/realms/a%20b"] {
        let config = read(&with("/providers/0/issuer", issuer.into())).unwrap();
        assert_eq!(config.provider().issuer, issuer);
    }
}

#[test]
fn plain_http_is_for_this_machine_or_by_an_explicit_switch() {
    let issuer = |issuer: &str, insecure: bool| {
        let mut tree = with("/providers/0/insecureHttp", insecure.into());
        tree["providers"][0]["issuer"] = issuer.into();
        tree["providers"][0]["endpoints"] = json!({ "token": format!("{issuer}/token") });
        places(&tree)
    };
    for here in ["http://localhost:9000", "http://idp.localhost", "http://127.0.0.1:9", "http://[::1]:9"] {
        assert!(issuer(here, false).is_empty(), "{here}");
    }
    for elsewhere in ["http://dex.auth.svc:5556", "http://localhost.evil.com", "http://10.0.0.1"] {
        assert_eq!(issuer(elsewhere, false), ["providers[0].issuer", "providers[0].endpoints.token"], "{elsewhere}");
        assert!(issuer(elsewhere, true).is_empty(), "{elsewhere}");
    }
}

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
fn a_member_given_twice_is_a_problem() {
    let text = good().to_string().replacen("\"clientId\"", "\"clientId\":\"other\",\"clientId\"", 1);
    let problems = Config::parse(&text, &Variables([("SESSION_KEY".to_owned(), KEY.to_owned())].into())).unwrap_err();
    assert_eq!(problems.to_string(), "providers[0].clientId is given twice: keep one of the two");
}

#[test]
fn text_that_is_no_json_object_is_a_problem() {
    for text in ["", "{", "[]", "null", "{} {}", "\"x\"", &"[".repeat(100_000)] {
        let problems = Config::parse(text, &Variables(BTreeMap::new())).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems}");
    }
}

#[test]
fn every_unknown_name_is_a_problem() {
    for pointer in [
        "/x",
        "/providers/0/x",
        "/providers/0/endpoints",
        "/providers/0/logout",
        "/paths",
        "/session/x",
        "/session/cookie",
        "/identity",
        "/identity/userId",
    ] {
        let value = if pointer.ends_with("/x") { json!(1) } else { json!({ "x": 1 }) };
        let problems = read(&with(pointer, value)).unwrap_err();
        assert!(problems.iter().any(|problem| problem.what == "is not a known name"), "{pointer}: {problems}");
    }
    for rule in [json!({ "x": 1, "action": "deny" }), json!({ "match": { "x": 1 }, "action": "deny" })] {
        let problems = read(&with("/routes", json!([rule]))).unwrap_err();
        assert!(problems.iter().any(|problem| problem.what == "is not a known name"), "{rule}: {problems}");
    }
}

#[test]
fn emptiness_is_never_a_match() {
    for (pointer, value) in [
        ("/routes", json!([])),
        ("/routes", json!([{ "match": {}, "action": "allow" }])),
        ("/routes", json!([{ "match": null, "action": "allow" }])),
        ("/routes", json!([{ "match": { "hosts": [] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "hosts": [""] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "hosts": [null] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "methods": [] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "methods": [""] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "path": {} }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "path": { "prefix": "" } }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "path": { "exact": " " } }, "action": "allow" }])),
        ("/providers", json!([])),
        ("/publicUrls", json!([])),
        ("/publicUrls", json!([""])),
        ("/session/keys", json!([])),
        ("/session/keys", json!([""])),
        ("/providers/0/scopes", json!([])),
        ("/providers/0/algorithms", json!([])),
        ("/providers/0/clientId", json!("")),
        ("/identity", json!({ "userId": { "claim": "", "header": "x-user" } })),
        ("/identity", json!({ "userId": { "claim": "email", "header": "" } })),
    ] {
        assert!(read(&with(pointer, value.clone())).is_err(), "{pointer} {value}");
    }
}

#[test]
fn a_rule_means_what_it_says() {
    let rules = json!([
        { "match": { "path": { "prefix": "/healthz" } }, "action": "allow" },
        { "name": "no", "match": { "methods": ["TRACE"] }, "action": "deny" },
        { "action": "authenticate" },
    ]);
    let config = read(&with("/routes", rules)).unwrap();
    let rules: Vec<_> = config.routes.rules().iter().map(|rule| (rule.name.as_str(), rule.action)).collect();
    assert_eq!(rules, [("routes[0]", Action::Allow), ("no", Action::Deny), ("routes[2]", Action::Authenticate)]);
}

#[test]
fn later_releases_matchers_are_unknown_now() {
    for path in [json!({ "regex": "^/x" }), json!({ "template": "/x/{y}" })] {
        let rule = json!([{ "match": { "path": path }, "action": "deny" }]);
        assert!(!places(&with("/routes", rule)).is_empty());
    }
}

#[test]
fn headers_that_http_or_envoy_need_carry_no_identity() {
    for header in [
        "Host",
        "cookie",
        "Authorization",
        "content-length",
        "Content_Length",
        "connection",
        "te",
        "transfer-encoding",
        ":path",
        "set-cookie",
        "x-forwarded-for",
        "X_Forwarded_Proto",
        "x.forwarded.host",
        "x-envoy-original-path",
        "x-request-id",
        "sec-fetch-mode",
        "proxy-authorization",
        "x y",
        "x:y",
        "ä",
    ] {
        let tree = with("/identity", json!({ "headers": [{ "header": header, "claim": "sub" }] }));
        assert_eq!(places(&tree), ["identity.headers[0].header"], "{header}");
    }
    for header in ["kubeflow-userid", "X-User", "x-forwarded-email", "x-forwarded-user", "remote-user"] {
        let tree = with("/identity", json!({ "headers": [{ "header": header, "claim": "sub" }] }));
        assert_eq!(read(&tree).unwrap().identity.headers[0].header, header.to_ascii_lowercase());
    }
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
    assert_eq!(tree(json!(["http://localhost", "https://localhost"]), true), ["session.cookie"]);
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

/// The places of the problems that `provider` causes beside a good one.
fn provider_places(provider: Value) -> Vec<String> {
    let mut tree = good();
    for (name, value) in provider.as_object().unwrap() {
        tree["providers"][0][name] = value.clone();
    }
    places(&tree).iter().map(|place| place.replace("providers[0].", "")).collect()
}

#[test]
fn a_client_proves_itself_in_one_way() {
    let secret = json!({ "env": "SECRET" });
    for (provider, place) in [
        (json!({ "clientAuthentication": "none", "clientSecret": secret }), "clientAuthentication"),
        (json!({ "clientAuthentication": "client_secret_post" }), "clientAuthentication"),
        (json!({ "clientAuthentication": "client_secret_basic" }), "clientAuthentication"),
        (json!({ "clientAuthentication": "private_key_jwt", "clientSecret": secret }), "clientAuthentication"),
        (json!({ "basicEncoding": "raw", "clientSecret": secret }), "basicEncoding"),
        (json!({ "clientSecret": { "env": "SECRET", "file": "x" } }), "clientSecret.file"),
        (json!({ "clientId": " padded " }), "clientId"),
    ] {
        assert_eq!(provider_places(provider.clone()), [place], "{provider}");
    }
    let raw = json!({ "clientAuthentication": "client_secret_basic", "basicEncoding": "raw", "clientSecret": secret });
    assert!(provider_places(raw).is_empty());
    assert!(provider_places(json!({ "clientAuthentication": "none" })).is_empty());
}

#[test]
fn every_provider_option_has_a_value_that_is_refused() {
    for (provider, place) in [
        (json!({ "name": "a b" }), "name"),
        (json!({ "kind": "oidc" }), "kind"),
        (json!({ "issuer": "https://cognito-idp.us-east-1.amazonaws.com/" }), "issuer"),
        (json!({ "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x/" }), "issuer"),
        (json!({ "issuer": "https://idp.example.com/?x" }), "issuer"),
        (json!({ "issuer": "https://idp.example.com/#x" }), "issuer"),
        (json!({ "issuer": "ftp://idp.example.com" }), "issuer"),
        (json!({ "issuer": "idp.example.com" }), "issuer"),
        (json!({ "scopes": ["email"] }), "scopes"),
        (json!({ "scopes": ["openid", "offline_access"] }), "scopes[1]"),
        (json!({ "scopes": ["openid email"] }), "scopes"),
        (json!({ "clusters": { "idp.example.com/x": "c" } }), "clusters[\"idp.example.com/x\"]"),
        (json!({ "clusters": { "idp.example.com": "" } }), "clusters[\"idp.example.com\"]"),
        (json!({ "endpoints": { "jwks": "https://idp.example.com/#x" } }), "endpoints.jwks"),
        (json!({ "authorizationParameters": { "nonce": "x" } }), "authorizationParameters.nonce"),
        (json!({ "authorizationParameters": { "prompt": "none" } }), "authorizationParameters.prompt"),
        (json!({ "timeout": "0s" }), "timeout"),
        (json!({ "timeout": 5 }), "timeout"),
        (json!({ "leeway": "301s" }), "leeway"),
        (json!({ "algorithms": ["ES256"] }), "algorithms[0]"),
        (json!({ "algorithms": ["none"] }), "algorithms[0]"),
        (json!({ "logout": { "kind": "local", "logoutUri": "https://app.example.com/" } }), "logout.logoutUri"),
        (json!({ "logout": { "logoutUri": "http://app.example.com/" } }), "logout.logoutUri"),
        (json!({ "issuer": "https://idp.example.com", "logout": { "kind": "cognito" } }), "logout"),
    ] {
        let places = provider_places(provider.clone());
        assert!(!places.is_empty() && places.iter().all(|found| found.starts_with(place)), "{provider}: {places:?}");
    }
}

#[test]
fn a_provider_can_say_everything_at_once() {
    let provider = json!({
        "name": "idp",
        "issuer": "https://idp.example.com/",
        "kind": "oidc",
        "scopes": ["openid", "offline_access", "resource/read:all"],
        "clusters": { "idp.example.com": "idp", "idp.example.com:8443": "alt", "localhost:9000": "here", "[::1]:9": "v6" },
        "endpoints": { "authorization": "https://idp.example.com/authorize?tenant=x" },
        "authorizationParameters": { "prompt": "select_account", "lang": "de" },
        "timeout": "30s",
        "leeway": "0s",
        "algorithms": ["ES256", "Ed25519"],
        "logout": { "kind": "local" },
    });
    assert_eq!(provider_places(provider), Vec::<String>::new());
}

#[test]
fn our_own_paths_are_plain_and_distinct() {
    for path in ["/", "", "x", "/a/", "//a", "/a/../b", "/a%20b", "/a?b", "/a;b", "/a b", "/*"] {
        assert_eq!(places(&with("/paths", json!({ "signIn": path }))), ["paths.signIn"], "{path:?}");
    }
    let same = json!({ "signIn": "/oauth2/callback" });
    assert_eq!(places(&with("/paths", same)), ["paths.signIn"]);
}
