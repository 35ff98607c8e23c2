//! Who may pass: every request is judged by what its session says now, and whoever may not is told what is missing (T-154).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    choosing::rule,
    message::Request,
    world::{World, oidc_config},
};

const OVER: Duration = Duration::from_secs(4000);

fn asking(tree: &mut Value, prefix: &str, require: Value) {
    let path = json!({ "path": { "prefix": prefix } });
    rule(tree, json!({ "match": path, "action": "authenticate", "require": require }));
}

fn configuration() -> Value {
    let mut tree = oidc_config();
    asking(&mut tree, "/admin", json!({ "groups": { "any": ["admins", "<ops-*>"] } }));
    asking(&mut tree, "/team", json!({ "groups": { "all": ["team-a"], "none": ["suspended"] } }));
    asking(&mut tree, "/ours", json!({ "emailDomains": ["example.com"] }));
    asking(&mut tree, "/below", json!({ "emailDomains": ["*.example.com"] }));
    asking(&mut tree, "/hers", json!({ "emails": ["KIM@example.com", "ada@example.com"] }));
    asking(&mut tree, "/paid", json!({ "scopes": ["payments"] }));
    asking(&mut tree, "/eng", json!({ "claims": [{ "claim": ["org", "unit"], "oneOf": ["eng", "ops"] }] }));
    asking(
        &mut tree,
        "/either",
        json!({ "any": [{ "groups": { "any": ["admins"] } }, { "not": { "emailDomains": ["example.org"] } }] }),
    );
    tree
}

fn world() -> World {
    World::configured(|tree| *tree = configuration())
}

fn unmet() -> (u16, String) {
    (403, "requirement_unmet".to_owned())
}

#[test]
fn each_rule_asks_the_same_session_for_its_own() {
    let mut world = world();
    world.sign_in();
    for (path, passes) in [
        ("/", true),
        ("/admin", false),
        ("/team", true),
        ("/ours", true),
        ("/below", false),
        ("/hers", true),
        ("/paid", false),
        ("/eng", false),
        ("/either", true),
    ] {
        assert_eq!(world.get(path).passed(), passes, "{path}");
    }
    for (claim, value, path) in [
        ("groups", json!(["admins"]), "/admin"),
        ("groups", json!(["x", "<ops-7>"]), "/admin"),
        ("org", json!({ "unit": "ops" }), "/eng"),
    ] {
        let mut world = self::world();
        world.provider.response.claims.insert(claim, Some(value));
        assert!(world.visit(path).passed(), "{path}");
    }
    for (claim, value, path) in [
        ("groups", json!(["team-a", "suspended"]), "/team"),
        ("groups", json!(["team-ab"]), "/team"),
        ("groups", json!(null), "/team"),
        ("email_verified", json!(false), "/ours"),
        ("email", json!("kim@example.com@evil.example"), "/ours"),
        ("email", json!("kim@sub.example.com"), "/ours"),
        ("org", json!({ "unit": ["eng"] }), "/eng"),
        ("org", json!("eng"), "/eng"),
        ("email", json!("kim@example.org"), "/either"),
    ] {
        let mut world = self::world();
        world.provider.response.claims.insert(claim, Some(value.clone()));
        assert_eq!(world.visit(path).said().0, 403, "{path} {value}");
        assert!(world.session().is_some(), "signed in all the same");
    }
}

// T-74
#[test]
fn a_person_reads_what_is_missing_and_may_sign_in_as_someone_else() {
    let mut world = world();
    world.provider.response.metadata["end_session_endpoint"] = json!("https://idp.example.net/end");
    let answer = world.visit("/admin/x?secret=1");
    assert_eq!(answer.said(), unmet());
    let body = answer.reply().body().to_owned();
    assert!(body.contains("Whoever comes in here must be in one of the groups admins or &lt;ops-*&gt;."), "{body}");
    assert!(body.contains(">Sign in as someone else</a>"), "{body}");
    for never in ["team-a", "kim@", "<ops", "<script"] {
        assert!(!body.contains(never), "{never}");
    }
    assert!(answer.header("www-authenticate").is_none() && answer.header("location").is_none());
    assert!(answer.cookies().is_empty() && world.session().is_some());
    // Where signing out ends no session at the provider, the provider is told to ask again who it is.
    assert_eq!(answer.link(), "/oauth2/sign-in?return_to=%2Fadmin%2Fx%3Fsecret%3D1&again=true");
    world.person = "lee@example.com".to_owned();
    world.provider.response.claims.insert("groups", Some(json!(["admins"])));
    let away = world.get(&answer.link());
    assert!(away.location().contains("&prompt=login"), "{}", away.location());
    assert_eq!(world.follow(away).got("kubeflow-userid"), ["lee@example.com"]);
}

#[test]
fn where_signing_out_ends_the_providers_session_someone_else_begins_with_that() {
    let mut world = World::configured(|tree| {
        *tree = configuration();
        tree["providers"][0]["logout"] = json!({ "kind": "rpInitiated" });
    });
    let body = world.visit("/admin").reply().body().to_owned();
    let button =
        "<form method=\"post\" action=\"/oauth2/sign-out\"><button class=\"go\">Sign in as someone else</button>";
    assert!(body.contains(button), "{body}");
}

#[test]
fn a_program_is_told_in_json_and_grpc_in_its_own_way() {
    let mut world = world();
    world.sign_in();
    for request in [Request::fetch("/admin"), Request::bare("/admin").by("DELETE"), Request::web_socket("/admin")] {
        let answer = world.send(&request);
        assert_eq!(answer.said(), unmet());
        let document: Value = serde_json::from_str(answer.reply().body()).unwrap();
        let expected = json!({
            "error": "requirement_unmet",
            "error_description": "Whoever comes in here must be in one of the groups admins or <ops-*>.",
        });
        assert_eq!(document, expected);
        assert!(answer.header("www-authenticate").is_none());
    }
    let grpc = Request::bare("/admin").by("POST").with("content-type", "application/grpc");
    assert_eq!(world.send(&grpc).reply().grpc_status().unwrap().code(), 7);
}

#[test]
fn where_scopes_alone_are_missing_they_are_named() {
    let mut world = world();
    world.sign_in();
    let answer = world.send(&Request::fetch("/paid"));
    assert_eq!(answer.said(), unmet());
    let challenge = "Bearer realm=\"app.example.com\", error=\"insufficient_scope\", scope=\"payments\"";
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    assert_eq!(world.get("/paid").said(), unmet());
    let mut world = self::world();
    world.provider.response.tokens.insert("scope", Some(json!("openid email payments")));
    assert!(world.visit("/paid").passed());
}

// T-154
#[test]
fn whoever_lost_a_group_is_refused_with_the_next_refresh_and_keeps_the_session() {
    let mut world = world();
    world.provider.response.claims.insert("groups", Some(json!(["team-a", "admins"])));
    world.sign_in();
    assert!(world.get("/admin").passed());
    world.provider.response.refreshed_claims.insert("groups", Some(json!(["team-a"])));
    assert!(world.get("/admin").passed(), "until the provider is asked");
    world.advance(OVER);
    let before = world.session().unwrap().to_owned();
    assert_eq!(world.get("/admin").said(), unmet());
    // The renewed session came with the refusal: the old refresh token may be spent.
    assert!(world.session().is_some_and(|session| *session != before));
    assert_eq!(world.provider.refreshed, 1);
    assert_eq!(world.get("/team").got("kubeflow-groups"), ["team-a"]);
    assert_eq!(world.send(&Request::fetch("/admin")).said(), unmet());
    world.provider.response.refreshed_claims.insert("groups", Some(json!(["team-a", "admins"])));
    world.advance(OVER);
    assert!(world.get("/admin").passed());
}

// T-154
#[test]
fn a_claim_that_a_refresh_takes_away_counts_no_longer() {
    let mut world = world();
    world.provider.response.claims.insert("org", Some(json!({ "unit": "eng" })));
    world.sign_in();
    assert!(world.get("/eng").passed());
    world.provider.response.refreshed_claims.insert("org", None);
    world.advance(OVER);
    assert_eq!(world.get("/eng").said(), unmet());
}

#[test]
fn a_requirement_that_becomes_stricter_counts_at_once() {
    let mut world = world();
    world.sign_in();
    assert!(world.get("/team").passed());
    let mut tree = configuration();
    asking(&mut tree, "/team", json!({ "groups": { "all": ["team-a", "team-z"] } }));
    world.restart(&tree);
    let answer = world.get("/team");
    assert_eq!(answer.said(), unmet());
    assert!(world.session().is_some() && world.get("/").passed());
}

#[test]
fn what_cannot_be_known_is_not_met() {
    let mut world = World::configured(|tree| {
        asking(tree, "/not", json!({ "not": { "claims": [{ "claim": "level", "oneOf": ["low"] }] } }));
        asking(tree, "/none", json!({ "groups": { "none": ["suspended"] } }));
    });
    world.provider.response.claims.insert("groups", Some(json!({ "suspended": true })));
    let answer = world.visit("/none");
    assert!(!answer.passed(), "groups of another type than groups have say nothing");
}
