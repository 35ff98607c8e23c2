//! Places that ask for more than being signed in: a stronger or more recent sign-in, once, and what if it does not come
//! (OpenID Connect Core §3.1.2.1 and §3.1.3.7 steps 12 and 13, RFC 9470).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    choosing::{links, provider_now, rule, sign_in_at},
    message::{Answer, Request},
    neighbours::PARTNER,
    world::{World, url},
};

const MINUTE: Duration = Duration::from_secs(60);
const PLACES: [&str; 3] = ["/fresh", "/mfa", "/scoped"];

fn places(tree: &mut Value) {
    for (path, sign_in) in [
        ("/fresh", json!({ "maxAge": "15m" })),
        ("/mfa", json!({ "acrValues": ["mfa", "phr"] })),
        ("/scoped", json!({ "scopes": ["payments", "pool/admin"] })),
    ] {
        rule(tree, json!({ "match": { "path": { "prefix": path } }, "action": "authenticate", "signIn": sign_in }));
    }
}

fn able(mut world: World) -> World {
    world.provider.want.more_scopes = vec!["payments pool/admin"];
    world
}

fn world() -> World {
    able(World::configured(places))
}

/// What an authorization request asks for beyond the ordinary.
fn asked(answer: &Answer) -> (String, Option<String>, Option<String>) {
    let url = url(answer.location());
    let value = |name: &str| url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned());
    (value("scope").unwrap(), value("acr_values"), value("max_age"))
}

fn demand(place: &str) -> (String, Option<String>, Option<String>) {
    match place {
        "/fresh" => ("openid email".into(), None, Some("900".into())),
        "/mfa" => ("openid email".into(), Some("mfa phr".into()), None),
        _ => ("openid email payments pool/admin".into(), None, None),
    }
}

/// Signed in as usual, a while ago, at a provider that can do more.
fn signed_in() -> World {
    let mut world = world();
    world.sign_in();
    world.provider.response.claims.insert("acr", Some(json!("mfa")));
    world.advance(17 * MINUTE);
    world
}

#[test]
fn whoever_is_not_signed_in_is_asked_for_it_at_once() {
    for place in PLACES {
        for path in [place.to_owned(), format!("/oauth2/sign-in?return_to={place}/x")] {
            let mut world = world();
            world.provider.response.claims.insert("acr", Some(json!("phr")));
            let answer = world.get(&path);
            assert_eq!(asked(&answer), demand(place), "{path}");
            assert!(world.follow(answer).passed());
            assert!(world.get(place).passed() && world.provider.times("token") == 1);
        }
    }
    assert_eq!(asked(&world().get("/")), ("openid email".into(), None, None));
    assert_eq!(
        asked(&world().get("/oauth2/sign-in?return_to=/&acr_values=low&max_age=1&scope=x")),
        ("openid email".into(), None, None)
    );
}

#[test]
fn a_session_that_is_too_weak_leads_to_one_stronger_sign_in_and_back() {
    for place in PLACES {
        let mut world = signed_in();
        let before = world.session().unwrap().to_owned();
        let path = format!("{place}/x?y=1");
        let answer = world.get(&path);
        assert_eq!(asked(&answer), demand(place));
        assert!(world.session() == Some(&before) && world.get("/").passed(), "the old session serves till then");
        assert_eq!(world.follow(answer).got(":path"), [path]);
        assert_eq!(world.provider.times("token"), 2);
        for _ in 0..3 {
            assert!(world.get(place).passed() && world.get("/").passed());
        }
    }
}

#[test]
fn an_ordinary_sign_in_a_moment_ago_does_not_stand_in_the_way() {
    let mut world = world();
    world.sign_in();
    world.provider.response.claims.insert("acr", Some(json!("mfa")));
    assert!(world.visit("/mfa").passed() && world.visit("/scoped").passed() && world.visit("/mfa").passed());
    assert!(world.get("/fresh").passed(), "who has just signed in has done so recently");
    assert_eq!(world.provider.times("token"), 3);
}

#[test]
fn a_sign_in_that_does_not_give_what_was_asked_for_ends_at_the_callback_and_costs_nothing() {
    let now = crate::world::START.secs();
    type Change = fn(&mut World);
    let cases: [(&str, Change, u16, &str); 10] = [
        ("/mfa", |world| drop(world.provider.response.claims.insert("acr", Some(json!("pwd")))), 502, "id_token_acr"),
        (
            "/mfa",
            |world| drop(world.provider.response.claims.insert("acr", Some(json!("mfa phr")))),
            502,
            "id_token_acr",
        ),
        ("/mfa", |world| drop(world.provider.response.claims.insert("acr", None)), 502, "id_token_acr"),
        ("/fresh", |world| drop(world.provider.response.claims.insert("auth_time", None)), 502, "id_token_max_age"),
        (
            "/fresh",
            |world| drop(world.provider.response.claims.insert("auth_time", Some(json!("now")))),
            502,
            "id_token_malformed",
        ),
        (
            "/fresh",
            |world| drop(world.provider.response.claims.insert("auth_time", Some(json!(world.now.secs() - 961)))),
            502,
            "id_token_max_age",
        ),
        (
            "/fresh",
            |world| drop(world.provider.response.claims.insert("auth_time", Some(json!(world.now.secs() + 3600)))),
            502,
            "id_token_max_age",
        ),
        (
            "/scoped",
            |world| drop(world.provider.response.tokens.insert("scope", Some(json!("payments-view pool/admin")))),
            403,
            "scope_not_granted",
        ),
        (
            "/scoped",
            |world| drop(world.provider.response.tokens.insert("scope", Some(json!("openid email payments")))),
            403,
            "scope_not_granted",
        ),
        (
            "/scoped",
            |world| drop(world.provider.response.tokens.insert("scope", Some(json!("")))),
            403,
            "scope_not_granted",
        ),
    ];
    for (place, change, status, code) in cases {
        let mut world = signed_in();
        assert!(world.now.secs() > now);
        let before = world.session().unwrap().to_owned();
        change(&mut world);
        let answer = world.visit(place);
        let (said, what) = answer.said();
        assert!(said == status && what == code, "{place}: {said} {what}");
        assert_eq!(links(&answer).len(), 1, "{place}");
        assert!(world.session() == Some(&before) && world.attempts().is_empty(), "{place}");
        assert!(world.get("/").passed(), "{place}");
        // The person may try again; nothing does so by itself.
        assert_eq!(asked(&world.get(place)), demand(place));
    }
}

#[test]
fn a_browser_that_drops_the_stronger_session_is_told_and_not_sent_round() {
    for place in PLACES {
        let mut world = signed_in();
        let before = world.session().unwrap().to_owned();
        assert!(world.visit(place).passed());
        let is_session = |name: &str| name.ends_with("edge_oidc");
        let old = |world: &mut World| {
            world.jar().cookies().iter_mut().filter(|cookie| is_session(&cookie.name)).for_each(|cookie| {
                cookie.value.clone_from(&before);
            });
        };
        old(&mut world);
        for _ in 0..3 {
            let answer = world.get(&format!("{place}/x"));
            assert_eq!(answer.said(), (403, "sign_in_unmet".to_owned()), "{place}");
            let back = place.replace('/', "%2F");
            assert_eq!(links(&answer), [format!("/oauth2/sign-in?return_to={back}%2Fx&again=true")]);
            assert!(answer.cookies().is_empty());
        }
        assert!(world.get("/").passed(), "{place}");
        // Another place asks for something else, and has not been tried.
        let other = if place == "/mfa" { "/scoped" } else { "/mfa" };
        assert_eq!(asked(&world.get(other)), demand(other));
        let again = world.get(&format!("/oauth2/sign-in?return_to={place}&again=true"));
        assert_eq!(asked(&again), demand(place));
        world.advance(Duration::from_secs(31));
        assert_eq!(asked(&world.get(place)), demand(place));
    }
}

#[test]
fn a_program_is_told_what_would_do() {
    let mut world = signed_in();
    let realm = "Bearer realm=\"app.example.com\"";
    let unauthenticated = format!("{realm}, error=\"insufficient_user_authentication\"");
    for (place, status, challenge) in [
        ("/fresh", 401, format!("{unauthenticated}, max_age=\"900\"")),
        ("/mfa", 401, format!("{unauthenticated}, acr_values=\"mfa phr\"")),
        ("/scoped", 403, format!("{realm}, error=\"insufficient_scope\", scope=\"payments pool/admin\"")),
    ] {
        for request in [Request::fetch(place), Request::bare(place).by("POST"), Request::web_socket(place)] {
            let answer = world.send(&request);
            assert_eq!(answer.said(), (status, "sign_in_too_weak".to_owned()), "{place}");
            assert_eq!(answer.header("www-authenticate").map(str::to_owned), Some(challenge.clone()));
            assert!(answer.cookies().is_empty());
        }
        let grpc = Request::bare(place).by("POST").with("content-type", "application/grpc");
        let code = if status == 401 { 16 } else { 7 };
        assert_eq!(world.send(&grpc).reply().grpc_status().unwrap().code(), code, "{place}");
        let page = Request::navigation(place);
        for (request, target) in [
            (page.clone().set("sec-fetch-dest", "iframe"), "target=\"_top\""),
            (page.clone().posting("a=1"), "target=\"_blank\""),
            (page.clone().with("sec-purpose", "prefetch"), "Sign in again"),
        ] {
            let answer = world.send(&request);
            assert_eq!(answer.said(), (status, "sign_in_too_weak".to_owned()));
            assert!(answer.reply().body().contains(target) && answer.link().ends_with("&again=true"));
        }
    }
    assert!(world.session().is_some() && world.attempts().is_empty());
}

#[test]
fn a_sign_in_grows_old_to_the_second_and_no_refresh_makes_it_young() {
    let mut world = world();
    world.sign_in();
    let signed_in = world.now;
    let at = |world: &mut World, seconds: u64| {
        world.now = signed_in.plus(Duration::from_secs(seconds));
        world.get("/fresh").passed()
    };
    // The clocks may differ by a minute.
    assert!(at(&mut world, 0) && at(&mut world, 900) && at(&mut world, 950) && !at(&mut world, 961));
    world.advance(Duration::from_secs(4000));
    assert!(world.get("/").passed() && world.provider.refreshed > 0);
    let answer = world.get("/fresh");
    assert_eq!(asked(&answer), demand("/fresh"));
    assert!(world.follow(answer).passed());
}

#[test]
fn a_refresh_keeps_the_strength_of_the_sign_in_where_it_says_nothing_of_it() {
    let mut world = signed_in();
    world.provider.response.tokens.insert("scope", Some(json!("openid email payments pool/admin")));
    assert!(world.visit("/mfa").passed() && world.get("/scoped").passed());
    for (claim, says) in [("acr", None), ("scope", None)] {
        world.provider.response.refreshed_claims.insert(claim, says);
    }
    world.provider.response.refreshed_tokens.insert("scope", None);
    for round in 1..4 {
        world.advance(Duration::from_secs(3500));
        assert!(world.get("/mfa").passed() && world.get("/scoped").passed(), "{round}");
    }
    assert!(world.provider.refreshed >= 3);
    // What it does say counts.
    world.provider.response.refreshed_claims.insert("acr", Some(json!("pwd")));
    world.provider.response.refreshed_tokens.insert("scope", Some(json!("openid email")));
    world.advance(Duration::from_secs(3500));
    world.get("/");
    assert_eq!(asked(&world.get("/mfa")), demand("/mfa"));
    assert_eq!(asked(&world.get("/scoped")), demand("/scoped"));
}

#[test]
fn it_is_the_sessions_own_provider_that_asks_for_more() {
    let mut world = able(World::two_providers(places));
    sign_in_at(&mut world, "partner");
    let answer = world.get("/mfa");
    assert!(answer.location().starts_with(PARTNER));
    world.partner().response.claims.insert("acr", Some(json!("phr")));
    assert!(world.follow(answer).passed());
    assert_eq!(provider_now(&mut world), "partner");
    // Nobody's provider is the person's choice, and the demand goes with it.
    world.switch_to(1);
    let choice = world.get("/mfa/x");
    assert_eq!(choice.said(), (401, "choose_provider".to_owned()));
    for link in links(&choice) {
        assert_eq!(asked(&world.get(&link)), demand("/mfa"));
    }
}

#[test]
fn where_everyone_is_only_told_nobody_is_sent_to_sign_in_again() {
    let mut world = World::configured(|tree| {
        let path = json!({ "path": { "prefix": "/told" } });
        let sign_in = json!({ "acrValues": ["mfa"] });
        rule(
            tree,
            json!({ "match": path, "action": "authenticate", "signIn": sign_in, "unauthenticated": "challenge" }),
        );
    });
    world.sign_in();
    let answer = world.get("/told");
    assert_eq!(answer.said(), (401, "sign_in_too_weak".to_owned()));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn where_everyone_is_sent_to_sign_in_so_are_programs_that_read() {
    let mut world = World::configured(|tree| {
        let path = json!({ "path": { "prefix": "/mfa" } });
        let sign_in = json!({ "acrValues": ["mfa", "phr"] });
        rule(tree, json!({ "match": path, "action": "authenticate", "signIn": sign_in, "unauthenticated": "login" }));
        tree["paths"] = json!({ "verify": "/oauth2/verify" });
    });
    world.sign_in();
    let line = world.cookie_line();
    let by = |method: &str| Request::bare("/mfa").by(method).with("cookie", &line);
    for method in ["GET", "HEAD"] {
        assert_eq!(asked(&world.send(&by(method))), demand("/mfa"), "{method}");
    }
    let verdict = Request::bare("/oauth2/verify/mfa").with("cookie", &line);
    for told in [by("POST"), verdict, Request::web_socket("/mfa").with("cookie", &line)] {
        assert_eq!(world.send(&told).said(), (401, "sign_in_too_weak".to_owned()));
    }
    world.provider.response.claims.insert("acr", Some(json!("mfa")));
    assert!(world.visit("/mfa").passed());
}

#[test]
fn strength_comes_before_the_requirement_and_both_are_asked_for() {
    let mut world = World::configured(|tree| {
        let path = json!({ "path": { "prefix": "/both" } });
        let require = json!({ "groups": { "any": ["admins"] } });
        let sign_in = json!({ "acrValues": ["mfa"] });
        rule(tree, json!({ "match": path, "action": "authenticate", "signIn": sign_in, "require": require }));
    });
    world.sign_in();
    world.provider.response.claims.insert("acr", Some(json!("mfa")));
    assert_eq!(world.visit("/both").said(), (403, "requirement_unmet".to_owned()));
    world.provider.response.claims.insert("groups", Some(json!(["admins"])));
    assert!(world.visit("/oauth2/sign-in?return_to=/both&again=true").passed());
}
