//! Signing out as three generations of Kubeflow's dashboard and its scripts do it (T-72, T-183, T-184).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    authservice::{SIGN_OUT, config, is_refused, script, signed_in, text, world, world_with},
    message::{Answer, Request},
    world::{CLIENT, ORIGIN, Travel, World, cognito_config},
};

/// The dashboard's own script, 1.7 to 1.9.1. It finds no cookie that it could read, and browsers trim what it sends then.
fn dashboard(value: &str) -> Request {
    let post = Request::fetch(SIGN_OUT).by("POST").with("sec-fetch-site", "same-origin").with("origin", ORIGIN);
    post.with("authorization", value)
}

fn at(path: &str, request: Request) -> Request {
    Request { path: path.to_owned(), ..request }
}

/// Where it sends the person then.
fn next(answer: &Answer) -> String {
    assert_eq!((answer.status(), answer.header("content-type")), (201, Some("application/json")));
    let body: Value = serde_json::from_str(answer.reply().body()).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["afterLogoutURL"].as_str().unwrap().to_owned()
}

/// That nobody is signed in here any more, and no copy of the cookies is worth anything.
fn is_over(world: &mut World, copy: &str) {
    assert!(world.jars[world.browser].names(world.now).is_empty());
    assert_eq!(world.send(&Request::fetch("/api").with("cookie", copy)).said(), (401, "login_required".to_owned()));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.provider.revoked.len(), 1);
}

const SIGNED_OUT: &str = "https://app.example.com/authservice/site/after_logout";

// M-7
#[test]
fn a_dashboards_script_ends_the_session_of_the_cookie_that_it_cannot_read() {
    for value in ["Bearer", "Bearer ", "", "Bearer x", "Basic a2ltOnB3"] {
        let mut world = signed_in(world("authorization"));
        let copy = world.cookie_line();
        assert_eq!(next(&world.send(&dashboard(value))), SIGNED_OUT, "{value}");
        is_over(&mut world, &copy);
        assert_eq!(world.get("/authservice/site/after_logout").said(), (200, "signed_out".to_owned()));
    }
}

// M-7
#[test]
fn a_script_with_the_text_of_the_cookie_ends_its_session() {
    for header in ["authorization", "x-auth-token"] {
        for form in ["Bearer TEXT", "TEXT"] {
            let mut world = signed_in(world(header));
            let (text, copy) = (text(&world), world.cookie_line());
            world.jar().cookies().clear();
            let request = script(SIGN_OUT, header, &form.replace("TEXT", &text)).by("POST");
            assert_eq!(next(&world.send(&request)), SIGNED_OUT);
            is_over(&mut world, &copy);
            is_refused(&world.send(&script("/api", header, &text)));
            // As often as it is asked.
            assert_eq!(next(&world.send(&request)), SIGNED_OUT);
            world.advance(Duration::from_secs(1));
            assert_eq!(world.provider.revoked.len(), 1);
        }
    }
}

// M-7
#[test]
fn a_top_level_get_leads_on() {
    let mut local = signed_in(world_with("authorization", |tree| {
        tree["providers"][0]["logout"] = json!({ "kind": "local", "returnUrl": "/bye?x=1" });
    }));
    let copy = local.cookie_line();
    let answer = local.get(SIGN_OUT);
    assert_eq!((answer.status(), answer.location()), (302, "https://app.example.com/bye?x=1"));
    is_over(&mut local, &copy);
    let answer = signed_in(world("authorization")).get(SIGN_OUT);
    assert_eq!(answer.said(), (200, "signed_out".to_owned()));
}

#[test]
fn without_any_session_it_is_done_already() {
    let mut world = world("x-auth-token");
    for value in ["", "Bearer", "x", "x, y", &"A".repeat(80)] {
        let answer = world.send(&script(SIGN_OUT, "x-auth-token", value).by("POST"));
        assert_eq!((next(&answer).as_str(), answer.cookies()), (SIGNED_OUT, Vec::new()), "{value}");
    }
    assert!(world.provider.revoked.is_empty());
}

#[test]
fn without_the_header_a_program_is_answered_as_ever() {
    let mut world = signed_in(world("x-auth-token"));
    let answer = world.send(&Request::fetch(SIGN_OUT).by("POST").with("authorization", "Bearer x"));
    assert_eq!((answer.status(), answer.reply().body()), (200, r#"{"location":null,"signed_out":true}"#));
}

#[test]
fn a_persons_form_gets_a_page_whatever_the_browser_adds() {
    let mut world = signed_in(world("authorization"));
    let form = Request::navigation(SIGN_OUT).by("POST").set("sec-fetch-site", "same-origin").with("origin", ORIGIN);
    let answer = world.send(&form.with("authorization", "Basic a2ltOnB3"));
    assert_eq!(answer.said(), (200, "signed_out".to_owned()));
    assert!(world.jars[0].names(world.now).is_empty());
}

// M-9
#[test]
fn here_alone_a_bad_value_falls_back_to_the_cookie() {
    for header in ["authorization", "x-auth-token"] {
        let mut world = signed_in(world(header));
        let (kim, kims) = (text(&world), world.cookie_line());
        let joined = format!("{kim},{kim}");
        assert_eq!(next(&world.send(&Request::fetch(SIGN_OUT).by("POST").with(header, &joined))), SIGNED_OUT);
        is_over(&mut world, &kims);
        // What the header has, it has: the cookie's session only leaves the browser.
        world.sign_in();
        let (first, copy) = (text(&world), world.cookie_line());
        world.switch_to(1);
        world.sign_in();
        world.advance(Duration::from_secs(31));
        let second = world.cookie_line();
        assert_eq!(next(&world.send(&Request::fetch(SIGN_OUT).by("POST").with(header, &first))), SIGNED_OUT);
        assert!(world.jars[1].names(world.now).is_empty());
        assert_eq!(world.send(&Request::fetch("/api").with("cookie", &copy)).status(), 401);
        assert!(world.send(&Request::fetch("/api").with("cookie", &second)).passed());
        // Not even if it is over.
        let over = Request::fetch(SIGN_OUT).by("POST").with(header, &first).with("cookie", &second);
        assert_eq!(next(&world.send(&over)), SIGNED_OUT);
        assert!(world.send(&Request::fetch("/api").with("cookie", &second)).passed());
    }
}

// F-9
#[test]
fn the_script_is_told_the_providers_sign_out_and_never_an_id_token() {
    let mut tree = cognito_config();
    tree["session"]["header"] = json!("authorization");
    let mut cognito = World::cognito();
    cognito.restart(&tree);
    cognito.sign_in();
    let answer = cognito.send(&at("/oauth2/sign-out", dashboard("Bearer")));
    let address = "https://demo.auth.eu-west-1.amazoncognito.com/logout";
    assert_eq!(next(&answer), format!("{address}?client_id={CLIENT}&logout_uri=https%3A%2F%2Fapp.example.com%2F"));

    let rp_initiated = |tree: &mut Value| tree["providers"][0]["logout"] = json!({ "kind": "rpInitiated" });
    let mut world = world_with("authorization", rp_initiated);
    world.provider.response.metadata["end_session_endpoint"] = json!("https://idp.example.net/logout");
    let mut world = signed_in(world);
    let to = next(&world.send(&dashboard("Bearer")));
    assert!(to.starts_with("https://idp.example.net/logout?client_id="), "{to}");
    assert!(to.contains("after_logout") && !to.contains("id_token_hint"), "{to}");
}

#[test]
fn a_local_sign_out_names_its_own_place_or_the_one_that_is_asked_for() {
    for (url, lands) in [
        ("/", "https://app.example.com/"),
        ("/bye?x=1", "https://app.example.com/bye?x=1"),
        ("https://www.example.com/bye", "https://www.example.com/bye"),
    ] {
        let logout = json!({ "kind": "local", "returnUrl": url });
        let mut world = signed_in(world_with("authorization", |tree| tree["providers"][0]["logout"] = logout));
        assert_eq!(next(&world.send(&dashboard("Bearer"))), lands);
        world.sign_in();
        let program = Request::fetch(SIGN_OUT).by("POST").with("sec-fetch-site", "same-origin");
        let body: Value = serde_json::from_str(world.send(&program).reply().body()).unwrap();
        assert_eq!(body["location"], lands);
        for (asked, lands) in [("/there", "https://app.example.com/there"), ("https://evil.example/", lands)] {
            world.sign_in();
            let path = format!("{SIGN_OUT}?return_to={asked}");
            assert_eq!(next(&world.send(&at(&path, dashboard("Bearer")))), lands);
            assert_eq!(world.get(&path).location(), lands);
        }
    }
}

// T-72, T-186
#[test]
fn another_sites_page_ends_nothing_with_any_header() {
    let mut world = signed_in(world("authorization"));
    let text = text(&world);
    for value in ["Bearer".to_owned(), format!("Bearer {text}")] {
        let foreign = [
            dashboard(&value).set("sec-fetch-site", "cross-site"),
            dashboard(&value).set("origin", "https://evil.example"),
            dashboard(&value).set("sec-fetch-site", "same-site").set("origin", "https://evil.app.example.com"),
        ];
        for request in foreign {
            assert_eq!(world.send(&request).said(), (403, "cross_site_sign_out".to_owned()));
        }
        for method in ["PUT", "DELETE", "OPTIONS", "HEAD"] {
            assert_eq!(world.send(&dashboard(&value).by(method)).status(), 405, "{method}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(world.send(&dashboard(&value).by("GET").set("sec-fetch-site", site)).status(), 405, "{site}");
        }
    }
    assert!(world.get("/").passed() && world.provider.revoked.is_empty());
}

#[test]
fn a_revocation_that_fails_or_never_ends_holds_nobody_up() {
    let outages: [fn() -> Travel; 2] = [|| Travel::Lose, || Travel::Status(Duration::from_secs(4), 503)];
    for outage in outages {
        let mut world = signed_in(world("authorization"));
        let (text, start) = (text(&world), world.now);
        world.network = Box::new(move |_| outage());
        assert_eq!(next(&world.send(&dashboard("Bearer"))), SIGNED_OUT);
        assert_eq!(world.now, start);
        is_refused(&world.send(&script("/", "authorization", &text)));
    }
}

#[test]
fn what_the_header_said_is_remembered_while_the_provider_is_asked_where_it_signs_people_out() {
    let mut world = signed_in(world("x-auth-token"));
    let (text, copy) = (text(&world), world.cookie_line());
    world.jar().cookies().clear();
    world.restart(&config("x-auth-token"));
    let start = world.now;
    assert_eq!(next(&world.send(&script(SIGN_OUT, "x-auth-token", &text).by("POST"))), SIGNED_OUT);
    assert!(world.now > start);
    is_over(&mut world, &copy);
}
