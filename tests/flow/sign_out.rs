//! Signing out: every cookie of ours, the refresh token, the provider, and nobody else's wish (T-72, T-80, T-183, T-186).

use std::time::Duration;

use serde_json::json;

use crate::{
    message::{Answer, Request},
    world::{CLIENT, Travel, World, cognito_config, oidc_config},
};

/// A signed-in person with two more sign-ins under way.
fn signed_in(mut world: World) -> World {
    world.callback_for("/tab/1");
    world.callback_for("/tab/2");
    world.sign_in();
    world
}

fn is_clean(world: &World) -> bool {
    world.jars[world.browser].names(world.now).is_empty()
}

// F-9
#[test]
fn at_cognito_the_browser_is_sent_to_exactly_this_address() {
    let address = |logout_uri: &str| {
        format!("https://demo.auth.eu-west-1.amazoncognito.com/logout?client_id={CLIENT}&logout_uri={logout_uri}")
    };
    let mut world = signed_in(World::cognito());
    let answer = world.get("/oauth2/sign-out");
    assert_eq!((answer.status(), answer.location()), (302, address("https%3A%2F%2Fapp.example.com%2F").as_str()));
    assert!(is_clean(&world));
    let mut tree = crate::world::cognito_config();
    tree["providers"][0]["logout"] = json!({ "kind": "cognito", "logoutUri": "https://www.example.com/bye?x=1" });
    world.restart(&tree);
    let expected = address("https%3A%2F%2Fwww.example.com%2Fbye%3Fx%3D1");
    assert_eq!(world.get("/oauth2/sign-out").location(), expected);
}

#[test]
fn without_a_providers_page_a_page_of_ours_says_that_it_is_done() {
    let mut world = signed_in(World::oidc());
    let answer = world.get("/oauth2/sign-out");
    assert_eq!(answer.said(), (200, "signed_out".to_owned()));
    assert_eq!(answer.link(), "/oauth2/sign-in");
    assert!(is_clean(&world));
    assert_eq!(world.get("/").status(), 302);
}

#[test]
fn a_post_is_answered_303_and_a_program_with_a_document() {
    let mut world = signed_in(World::cognito());
    let post = Request::navigation("/oauth2/sign-out").by("POST").set("sec-fetch-site", "same-origin");
    assert_eq!(world.send(&post.with("origin", "https://app.example.com")).status(), 303);
    assert!(is_clean(&world));
    world.sign_in();
    let program = Request::fetch("/oauth2/sign-out").by("POST").with("sec-fetch-site", "same-origin");
    let answer = world.send(&program);
    let body: serde_json::Value = serde_json::from_str(answer.reply().body()).unwrap();
    assert_eq!((answer.status(), &body["signed_out"]), (200, &json!(true)));
    assert!(body["location"].as_str().unwrap().starts_with("https://demo.auth.eu-west-1.amazoncognito.com/logout?"));
    assert!(is_clean(&world));
}

/// Name and attributes of a Set-Cookie, without value and age.
fn shape(line: &str) -> String {
    let (pair, attributes) = line.split_once("; ").unwrap();
    let lasting = |part: &&str| !part.starts_with("Max-Age") && !part.starts_with("Expires");
    let attributes: Vec<&str> = attributes.split("; ").filter(lasting).collect();
    format!("{} {}", pair.split_once('=').unwrap().0, attributes.join("; "))
}

// T-80, T-183
#[test]
fn every_cookie_is_deleted_with_the_attributes_it_was_set_with() {
    let domain = |tree: &mut serde_json::Value| tree["session"]["cookie"] = json!({ "domain": "example.com" });
    for mut world in [signed_in(World::oidc()), signed_in(World::configured(domain))] {
        world.provider.response.tokens.insert("refresh_token", Some(json!("r".repeat(9000))));
        world.jar().cookies().retain(|cookie| cookie.name.contains("_a_"));
        world.visit("/large");
        assert_eq!(world.jars[0].names(world.now).len(), 6);
        let set: Vec<String> = world
            .replies
            .iter()
            .flat_map(|reply| reply.headers())
            .filter(|(name, _)| *name == "set-cookie")
            .filter(|(_, line)| !line.contains("Max-Age=0"))
            .map(|(_, line)| shape(line))
            .collect();
        let answer = world.get("/oauth2/sign-out");
        assert_eq!(answer.cookies().len(), 6);
        for line in answer.cookies() {
            assert!(line.contains("=; ") && line.contains("Max-Age=0"), "{line}");
            assert!(set.contains(&shape(line)), "{line} was never set so");
        }
        assert!(is_clean(&world));
    }
}

// T-72, T-186
#[test]
fn another_site_cannot_sign_anybody_out() {
    let foreign_origins = [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://sub.app.example.com",
        "null",
        "",
    ];
    let posts = foreign_origins
        .map(|origin| Request::bare("/oauth2/sign-out").by("POST").with("accept", "text/html").with("origin", origin));
    let get = Request::navigation("/oauth2/sign-out");
    let fetched = ["cross-site", "", "evil"].map(|site| get.clone().set("sec-fetch-site", site));
    let lying = get.clone().by("POST").set("sec-fetch-site", "same-origin").with("origin", "https://evil.example");
    let null_from_a_sibling = get.clone().by("POST").set("sec-fetch-site", "same-site").with("origin", "null");
    let refered = Request::bare("/oauth2/sign-out").with("accept", "text/html");
    let refered = ["https://evil.example/x", "https://app.example.com.evil.example/"]
        .map(|page| refered.clone().with("referer", page));
    let mut world = signed_in(World::oidc());
    for request in posts.into_iter().chain(fetched).chain(refered).chain([lying, null_from_a_sibling]) {
        let answer = world.send(&request);
        assert_eq!(answer.said(), (403, "cross_site_sign_out".to_owned()), "{:?}", request.fields);
        assert!(answer.cookies().is_empty() && world.session().is_some());
    }
    assert!(world.provider.revoked.is_empty());
}

// T-186
#[test]
fn neither_an_image_nor_a_frame_nor_a_speculative_load_signs_anybody_out() {
    let mut world = signed_in(World::oidc());
    let get = Request::navigation("/oauth2/sign-out").set("sec-fetch-site", "same-origin");
    let image = get.clone().set("sec-fetch-mode", "no-cors").set("sec-fetch-dest", "image");
    for request in [get.clone().with("sec-purpose", "prefetch"), get.set("sec-fetch-dest", "iframe"), image] {
        let answer = world.send(&request);
        assert_eq!(
            (answer.said(), answer.header("allow")),
            ((405, "method_not_allowed".to_owned()), Some("GET, POST"))
        );
        assert!(answer.cookies().is_empty() && world.session().is_some());
    }
}

#[test]
fn the_confirmation_that_another_site_leads_to_works_in_a_browser() {
    let mut world = signed_in(World::oidc());
    let page = world.send(&Request::navigation("/oauth2/sign-out").set("sec-fetch-site", "cross-site"));
    assert!(page.reply().body().contains("<form method=\"post\" action=\"/oauth2/sign-out\">"));
    // Fetch §3.2.5: under `referrer-policy: no-referrer`, a form's Origin is `null` even to its own origin.
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let button =
        Request::navigation(&page.link()).by("POST").set("sec-fetch-site", "same-origin").with("origin", "null");
    assert_eq!(world.send(&button).said(), (200, "signed_out".to_owned()));
    assert!(is_clean(&world));
}

#[test]
fn other_methods_sign_nobody_out() {
    let mut world = signed_in(World::oidc());
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(world.send(&Request::navigation("/oauth2/sign-out").by(method)).status(), 405);
        assert!(world.session().is_some());
    }
}

// T-183
#[test]
fn the_refresh_token_is_revoked_with_the_clients_proof() {
    for mut world in [signed_in(World::oidc()), signed_in(World::cognito())] {
        let refresh = world.provider.secrets.clone();
        world.get("/oauth2/sign-out");
        world.advance(Duration::from_secs(1));
        assert_eq!(world.provider.revoked.len(), 1);
        assert!(refresh.contains(&world.provider.revoked[0]));
        world.get("/oauth2/sign-out");
        world.advance(Duration::from_secs(1));
        assert_eq!(world.provider.times("revocation"), 1, "without a session there is nothing to revoke");
    }
}

#[test]
fn a_session_whose_time_is_over_is_revoked_all_the_same() {
    let mut world = signed_in(World::oidc());
    world.advance(Duration::from_secs(7200));
    assert_eq!(world.send(&Request::fetch("/api").with("cookie", "")).status(), 401);
    world.get("/oauth2/sign-out");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.provider.revoked.len(), 1);
}

#[test]
fn a_revocation_that_fails_or_never_ends_holds_nobody_up() {
    let outages: [fn() -> Travel; 2] = [|| Travel::Lose, || Travel::Status(Duration::from_secs(4), 503)];
    for outage in outages {
        let mut world = signed_in(World::oidc());
        world.network = Box::new(move |_| outage());
        let start = world.now;
        assert_eq!(world.get("/oauth2/sign-out").status(), 200);
        assert!(world.now == start && is_clean(&world));
    }
}

#[test]
fn a_provider_that_cannot_be_reached_does_not_keep_anybody_signed_in() {
    let mut world = signed_in(World::cognito());
    world.restart(&crate::world::cognito_config());
    world.network = Box::new(|_| Travel::Status(Duration::from_millis(10), 503));
    assert_eq!(world.get("/oauth2/sign-out").said(), (200, "signed_out".to_owned()));
    assert!(is_clean(&world));
}

#[test]
fn a_configured_revocation_endpoint_is_used() {
    let mut world = World::oidc();
    world.provider.response.metadata.as_object_mut().unwrap().remove("revocation_endpoint");
    let mut signed = signed_in(world);
    signed.get("/oauth2/sign-out");
    assert!(signed.provider.revoked.is_empty());
    let mut tree = oidc_config();
    tree["providers"][0]["endpoints"] = json!({ "revocation": "https://idp.example.net/revoke" });
    signed.restart(&tree);
    signed.sign_in();
    let answer: Answer = signed.get("/oauth2/sign-out");
    signed.advance(Duration::from_secs(1));
    assert_eq!((answer.status(), signed.provider.revoked.len()), (200, 1));
}

#[test]
fn signing_out_ends_the_session_here_even_when_no_more_may_wait() {
    let mut world = World::cognito();
    world.sign_in();
    world.restart(&cognito_config());
    world.network = Box::new(|_| Travel::Lose);
    world.switch_to(1);
    for _ in 0..4096 {
        let stranger = world.open(&Request::navigation("/deep"));
        assert!(world.waits(stranger));
    }
    world.switch_to(0);
    let answer = world.get("/oauth2/sign-out");
    assert_eq!(answer.status(), 200);
    assert!(world.session().is_none());
}
