//! What strangers try beside the main road: links of other sites, other names for methods and places, crowds at the authorizer.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    choosing::{provider_now, rule, sign_in_at, world as two_providers},
    message::Request,
    neighbours::{AUTHORIZER, two_providers_config},
    world::{Travel, World},
};

fn asking() -> World {
    let mut world = World::configured(|tree| tree["externalAuthorization"] = json!({ "url": AUTHORIZER }));
    world.sign_in();
    world
}

#[test]
fn the_authorizer_is_asked_about_places_that_everyone_reads_alike() {
    let mut world = asking();
    for path in [
        "/reports/..%2fadmin",
        "/reports/x/..;/..;/admin",
        "/reports\\..\\admin",
        "/reports/%2e%2e%2fadmin",
        "/reports/%252e%252e%252fadmin",
        "/reports//admin",
    ] {
        let before = world.neighbours.authorizer.asked.len();
        assert_eq!(world.send(&Request::fetch(path)).said(), (400, "ambiguous_path".to_owned()), "{path}");
        assert_eq!(world.neighbours.authorizer.asked.len(), before, "{path}");
    }
    for path in ["/files/my%20notebook.ipynb", "/api/contents/a%2Fb", "/100%25"] {
        assert!(world.send(&Request::fetch(path)).passed(), "{path}");
    }
}

#[test]
fn the_authorizer_can_tell_one_providers_people_from_anothers() {
    let mut tree = two_providers_config();
    tree["externalAuthorization"] = json!({ "url": AUTHORIZER });
    let prefix = json!({ "prefix": "partner:" });
    tree["providers"][1]["identity"] = json!({ "userId": prefix, "groups": prefix });
    let told = |provider: &str| {
        let mut world = World::two_providers(|other| *other = tree.clone());
        sign_in_at(&mut world, provider);
        assert!(world.send(&Request::fetch("/")).passed());
        world.neighbours.authorizer.asked.last().unwrap()["user"].clone()
    };
    let (staff, partner): (Value, Value) = (told("staff"), told("partner"));
    assert_eq!((&staff["name"], &partner["name"]), (&json!("kim@example.com"), &json!("partner:kim@example.com")));
    assert_eq!((&staff["groups"][0], &partner["groups"][0]), (&json!("team-a"), &json!("partner:team-a")));
    assert_eq!((&staff["extra"]["provider"], &partner["extra"]["provider"]), (&json!(["staff"]), &json!(["partner"])));
}

#[test]
fn who_crowds_the_authorizer_takes_no_room_from_others() {
    let mut world = asking();
    world.switch_to(1);
    let callback = world.callback_for("/deep");
    world.switch_to(0);
    world.network = Box::new(|called| match called {
        "authorizer" => Travel::Answer(Duration::from_millis(1900)),
        _ => Travel::Answer(Duration::from_millis(20)),
    });
    let line = world.cookie_line();
    for _ in 0..1100 {
        world.open(&Request::fetch("/x").with("cookie", &line));
    }
    assert_eq!(world.send(&Request::fetch("/x").with("cookie", &line)).said().1, "too_many_waiting");
    world.switch_to(1);
    assert_eq!(world.go(&callback).reply().status(), 302);
}

#[test]
fn a_link_of_another_site_changes_nobody_into_somebody_else() {
    for path in ["/oauth2/sign-in?provider=partner", "/oauth2/sign-in?again=1&provider=partner", "/for-partners/x"] {
        let mut world = two_providers();
        sign_in_at(&mut world, "staff");
        let answer = world.send(&Request::navigation(path).set("sec-fetch-site", "cross-site"));
        assert_eq!(answer.said(), (401, "choose_provider".to_owned()), "{path}");
        assert!(answer.cookies().is_empty() && world.provider.revoked.is_empty());
        assert_eq!(provider_now(&mut world), "staff");
        // The person may want it.
        let chosen = world.get(&answer.link());
        assert!(world.follow(chosen).passed());
        assert_eq!(provider_now(&mut world), "partner");
    }
}

#[test]
fn another_name_for_the_method_falls_under_the_same_rule_or_under_none() {
    let mut world = World::configured(|tree| {
        rule(tree, json!({ "match": { "path": { "prefix": "/api" } }, "action": "allow" }));
        rule(tree, json!({ "match": { "path": { "prefix": "/api" }, "methods": ["DELETE"] }, "action": "deny" }));
    });
    let post = || Request::bare("/api/things").by("POST");
    assert!(world.send(&post()).passed());
    for name in ["x-http-method-override", "x-method-override", "X-HTTP-Method"] {
        for method in ["DELETE", " delete ", "\u{e9}"] {
            let answer = world.send(&post().with(&name.to_ascii_lowercase(), method));
            let passes = method == "\u{e9}";
            assert_eq!(answer.passed(), passes, "{name}: {method}");
        }
        assert!(world.send(&post().with(&name.to_ascii_lowercase(), "PATCH")).passed());
    }
    let many = (0..4).fold(post(), |request, _| request.with("x-http-method", "PATCH"));
    assert_eq!(world.send(&many).said(), (400, "ambiguous_path".to_owned()));
}

#[test]
fn a_web_socket_of_another_site_gets_no_verdict_however_little_a_proxy_leaves_of_it() {
    let mut world = World::configured(|tree| tree["paths"] = json!({ "verify": "/oauth2/verify" }));
    world.sign_in();
    let asked = |origin: &str| Request::bare("/oauth2/verify/ws").with("origin", origin);
    for (name, value) in [("sec-websocket-key", "x"), ("sec-fetch-mode", "websocket")] {
        assert_eq!(world.send(&asked("https://evil.example.com").with(name, value)).said().1, "cross_origin_upgrade");
        assert_eq!(world.send(&asked("https://app.example.com").with(name, value)).reply().status(), 204);
    }
}
