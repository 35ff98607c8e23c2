//! What of a person goes on to the application and to the filters after us, rule by rule (T-45, T-46, T-48).

use std::time::Duration;

use edge_oidc::http::header_edits::HeaderEdit;
use serde_json::{Value, json};

use crate::{
    choosing::{rule, sign_in_at},
    message::{Answer, Request, fields},
    programs::{access_token, id_token},
    world::{World, oidc_config},
};

fn configure(tree: &mut Value) {
    tree["identity"]["forward"] = json!({ "accessToken": { "header": "x-access" } });
    tree["providers"][0]["bearer"] = json!([
        { "kind": "id_token", "audiences": ["kubelogin"] },
        { "kind": "access_token", "audiences": ["edge"] },
    ]);
    let path = |path: &str| json!({ "path": { "prefix": path } });
    for (prefix, forward) in [
        ("/id", json!({ "idToken": { "header": "authorization" } })),
        ("/both", json!({ "idToken": { "header": "x-id" }, "accessToken": { "header": "authorization" } })),
        ("/none", json!({})),
    ] {
        rule(tree, json!({ "match": path(prefix), "action": "authenticate", "forward": forward }));
    }
    let open = json!({ "match": path("/open"), "action": "authenticate", "unauthenticated": "pass" });
    rule(tree, open);
    let id_token = json!({ "idToken": { "header": "authorization" } });
    rule(
        tree,
        json!({ "match": path("/open/id"), "action": "authenticate", "unauthenticated": "pass", "forward": id_token }),
    );
}

fn world() -> World {
    World::configured(configure)
}

const NAMES: [&str; 3] = ["authorization", "x-access", "x-id"];

/// What went on under each of [`NAMES`].
fn tokens(answer: &Answer) -> [Vec<String>; 3] {
    NAMES.map(|name| answer.got(name))
}

fn one(value: &str) -> Vec<String> {
    vec![value.to_owned()]
}

/// The latest ID token and access token that the provider gave.
fn latest(world: &World) -> (String, String) {
    let id_token = (*world.provider.id_tokens().last().unwrap()).to_owned();
    let access = world
        .provider
        .access
        .keys()
        .find(|token| world.provider.secrets.iter().rev().take(3).any(|other| other == *token));
    (id_token, access.unwrap().clone())
}

#[test]
fn each_rule_hands_on_what_it_says_in_place_of_what_all_do() {
    let mut world = world();
    world.sign_in();
    let (id, access) = latest(&world);
    for (path, expected) in [
        ("/", [vec![], one(&access), vec![]]),
        ("/id/x", [one(&format!("Bearer {id}")), vec![], vec![]]),
        ("/both", [one(&format!("Bearer {access}")), vec![], one(&id)]),
        ("/none", [vec![], vec![], vec![]]),
        ("/open", [vec![], one(&access), vec![]]),
        ("/public", [vec![], vec![], vec![]]),
    ] {
        assert_eq!(tokens(&world.get(path)), expected, "{path}");
    }
}

#[test]
fn a_rule_alone_is_reason_enough_for_a_session_to_keep_a_token() {
    let mut world = World::configured(|tree| {
        configure(tree);
        tree["identity"].as_object_mut().unwrap().remove("forward");
    });
    world.sign_in();
    assert_eq!(tokens(&world.get("/")), NAMES.map(|_| Vec::<String>::new()));
    assert_eq!(tokens(&world.get("/id")), [one(&format!("Bearer {}", latest(&world).0)), vec![], vec![]]);
}

// T-46, T-48
#[test]
fn no_client_brings_a_field_that_is_ours_at_any_rule() {
    let mut world = world();
    for signed_in in [false, true] {
        if signed_in {
            world.sign_in();
        }
        for path in ["/", "/id", "/both", "/none", "/open", "/open/id", "/public"] {
            for name in ["x-id", "X-Access", "x_id", "kubeflow-userid"] {
                let answer = world.send(&Request::fetch(path).with(name, "forged"));
                let forged =
                    answer.passed() && format!("{:?}", answer.upstream()).contains("102, 111, 114, 103, 101, 100");
                assert!(!forged, "{path} {name}");
            }
        }
    }
}

// T-45
#[test]
fn where_a_token_of_ours_belongs_no_other_authorization_stays() {
    let mut world = world();
    let basic = |path: &str| Request::fetch(path).with("authorization", "Basic cm9vdDpyb290");
    assert_eq!(tokens(&world.send(&basic("/open")))[0], one("Basic cm9vdDpyb290"), "it is the application's here");
    assert_eq!(tokens(&world.send(&basic("/open/id")))[0], Vec::<String>::new());
    world.sign_in();
    let (id, access) = latest(&world);
    for (path, value) in
        [("/id", format!("Bearer {id}")), ("/both", format!("Bearer {access}")), ("/open/id", format!("Bearer {id}"))]
    {
        assert_eq!(tokens(&world.send(&basic(path)))[0], one(&value), "{path}");
    }
    assert_eq!(tokens(&world.send(&basic("/none")))[0], one("Basic cm9vdDpyb290"));
    assert_eq!(tokens(&world.send(&basic("/public")))[0], one("Basic cm9vdDpyb290"));
}

// T-45
#[test]
fn nor_does_it_where_there_is_no_such_token() {
    let mut world = World::oidc();
    world.sign_in();
    let mut tree = oidc_config();
    configure(&mut tree);
    tree["bearer"] = json!({ "header": "x-api-token" });
    world.restart(&tree);
    // The session is older than the wish to hand on its tokens; a program's access token is no ID token.
    let basic = |path: &str| Request::fetch(path).with("authorization", "Basic cm9vdDpyb290");
    let token = format!("Bearer {}", access_token(&world, &json!({})));
    for path in ["/id", "/open/id"] {
        assert_eq!(tokens(&world.send(&basic(path)))[0], Vec::<String>::new(), "{path}");
        let program = basic(path).with("cookie", "").with("x-api-token", &token);
        assert_eq!(tokens(&world.send(&program))[0], Vec::<String>::new(), "{path}");
    }
    assert_eq!(tokens(&world.send(&basic("/none")))[0], one("Basic cm9vdDpyb290"));
}

#[test]
fn a_programs_own_token_is_handed_on_as_what_it_is() {
    let mut world = world();
    let sent = |world: &mut World, path: &str, token: &String| {
        world.send(&Request::bare(path).with("authorization", &format!("Bearer {token}")))
    };
    let (id, access) = (id_token(&world, &json!({})), access_token(&world, &json!({})));
    for (path, token, expected) in [
        ("/", &access, [one(&format!("Bearer {access}")), one(&access), vec![]]),
        ("/", &id, [one(&format!("Bearer {id}")), vec![], vec![]]),
        ("/id", &id, [one(&format!("Bearer {id}")), vec![], vec![]]),
        ("/both", &id, [one(&format!("Bearer {id}")), vec![], one(&id)]),
        ("/both", &access, [one(&format!("Bearer {access}")), vec![], vec![]]),
        ("/none", &id, [one(&format!("Bearer {id}")), vec![], vec![]]),
    ] {
        assert_eq!(tokens(&sent(&mut world, path, token)), expected, "{path}");
    }
}

#[test]
fn after_a_refresh_the_new_tokens_go_on() {
    let mut world = world();
    world.sign_in();
    let before = latest(&world);
    world.advance(Duration::from_secs(4000));
    let answer = world.get("/both");
    let (id, access) = latest(&world);
    assert!(id != before.0 && access != before.1);
    assert_eq!(tokens(&answer), [one(&format!("Bearer {access}")), vec![], one(&id)]);
}

#[test]
fn trailers_bring_nothing_that_is_ours() {
    let removed = |world: &World| {
        let names = ["x-id", "x-access", "kubeflow-userid", "authorization", "x-other", "grpc-status"];
        let trailers = fields(&names.map(|name| (name, "forged")));
        let edits = world.engine().handle_trailers(&trailers);
        let removed = edits.iter().map(|edit| match edit {
            HeaderEdit::Remove(name) => name.to_ascii_lowercase(),
            other => panic!("{other:?}"),
        });
        let mut removed: Vec<String> = removed.collect();
        removed.sort();
        removed
    };
    assert_eq!(removed(&world()), ["authorization", "kubeflow-userid", "x-access", "x-id"]);
    assert_eq!(removed(&World::oidc()), ["kubeflow-userid"]);
}

/// What the filters after us can read, as text.
fn known(world: &World) -> Vec<(&'static str, String)> {
    world.properties.iter().map(|(name, value)| (*name, String::from_utf8(value.clone()).unwrap())).collect()
}

fn of(values: [(&'static str, &str); 4]) -> Vec<(&'static str, String)> {
    values.map(|(name, value)| (name, value.to_owned())).into()
}

#[test]
fn the_filters_after_us_read_who_it_is_where_somebody_is_known() {
    let mut world = World::two_providers(|tree| {
        tree["identity"]["filterState"] = json!(true);
        tree["providers"][1]["identity"] = json!({ "userId": { "claim": "email", "prefix": "partner:" } });
        tree["providers"][0]["bearer"] = json!([{ "kind": "access_token", "audiences": ["edge"] }]);
        let path = json!({ "path": { "prefix": "/open" } });
        rule(tree, json!({ "match": path, "action": "authenticate", "unauthenticated": "pass" }));
    });
    let kim = |user: &'static str, provider: &'static str| {
        of([
            ("edge_oidc_user", user),
            ("edge_oidc_groups", "team-a,b%2Cc"),
            ("edge_oidc_provider", provider),
            ("edge_oidc_subject", "sub of kim@example.com"),
        ])
    };
    sign_in_at(&mut world, "staff");
    assert!(world.get("/x").passed());
    assert_eq!(known(&world), kim("kim@example.com", "staff"));
    for nobody in ["/public", "/open"] {
        assert!(world.send(&Request::fetch(nobody).with("cookie", "a=1")).passed());
        assert_eq!(known(&world), [], "{nobody}");
    }
    assert!(world.get("/public").passed());
    assert_eq!(known(&world), [], "nobody has looked who it is");
    sign_in_at(&mut world, "partner");
    assert!(world.get("/open").passed());
    assert_eq!(known(&world), kim("partner:kim@example.com", "partner"));
    // A token without groups names none, rather than an empty one.
    let token = access_token(&world, &json!({}));
    world.send(&Request::bare("/x").with("authorization", &format!("Bearer {token}")));
    let names: Vec<_> = world.properties.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["edge_oidc_user", "edge_oidc_provider", "edge_oidc_subject"]);
}

#[test]
fn a_subject_breaks_no_line_of_a_log() {
    for sub in ["x\" 200\n127.0.0.1 - \"GET /admin", "kim\r", "\u{1b}[2J", "kim\u{0}", "kim\u{7f}"] {
        let mut world = World::configured(|tree| tree["identity"]["filterState"] = json!(true));
        world.provider.response.claims.insert("sub", Some(json!(sub)));
        assert_eq!(world.visit("/").said(), (502, "id_token_malformed".to_owned()), "{sub:?}");
        assert!(world.session().is_none() && world.properties.is_empty());
    }
}

#[test]
fn without_the_setting_they_read_nothing() {
    let mut world = World::oidc();
    world.sign_in();
    assert!(world.get("/").passed() && world.properties.is_empty());
}
