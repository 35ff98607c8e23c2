//! Signing out: every cookie of ours, the refresh token, the provider, and nobody else's wish (T-72, T-80, T-183, T-186).

use std::time::Duration;

use serde_json::json;

use url::form_urlencoded::byte_serialize;

use crate::{
    message::{Answer, Request},
    returns::{assert_ours, decoded, payloads},
    world::{CLIENT, ORIGIN, Travel, World, cognito_config, oidc_config, url},
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

/// The three kinds of sign-out, each with one more place to land.
fn kinds() -> [World; 3] {
    let listed = json!([LISTED, "https://app.example.com/bye"]);
    let logout = |kind: &str| json!({ "kind": kind, "returnUrls": listed });
    let mut cognito = cognito_config();
    cognito["providers"][0]["logout"] = logout("cognito");
    let mut rp_initiated = World::configured(|tree| tree["providers"][0]["logout"] = logout("rpInitiated"));
    rp_initiated.provider.response.metadata["end_session_endpoint"] = json!("https://idp.example.net/logout");
    let mut world = World::cognito();
    world.restart(&cognito);
    [World::configured(|tree| tree["providers"][0]["logout"] = logout("local")), world, rp_initiated]
}

const LISTED: &str = "https://www.example.com/bye?x=1";

fn sign_out_for(target: &[u8]) -> String {
    format!("/oauth2/sign-out?return_to={}", byte_serialize(target).collect::<String>())
}

/// Where the browser lands in the end: told to the provider, or by ourselves; nothing where a page of ours says it.
fn lands(answer: &Answer) -> Option<String> {
    let address = url(answer.header("location")?);
    let named =
        |name: &str| address.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned());
    Some(named("logout_uri").or(named("post_logout_redirect_uri")).unwrap_or_else(|| answer.location().to_owned()))
}

/// Where it lands if nobody asks for anything.
const USUAL: [Option<&str>; 3] =
    [None, Some("https://app.example.com/"), Some("https://app.example.com/oauth2/signed-out")];

#[test]
fn a_person_may_land_on_a_path_of_ours_where_no_provider_takes_over() {
    let [mut local, ..] = kinds();
    for path in ["/", "/bye", "/bye?x=1&y=2#top", "/My%20Notebook.ipynb"] {
        local.sign_in();
        let answer = local.get(&sign_out_for(path.as_bytes()));
        assert_eq!((answer.status(), answer.location()), (302, format!("{ORIGIN}{path}").as_str()));
        assert!(is_clean(&local));
    }
    let post = Request::navigation("/oauth2/sign-out?return_to=/bye").by("POST").set("sec-fetch-site", "same-origin");
    let answer = local.send(&post);
    assert_eq!((answer.status(), answer.location()), (303, "https://app.example.com/bye"));
    let program =
        local.send(&Request::fetch("/oauth2/sign-out?return_to=/bye").by("POST").with("sec-fetch-site", "same-origin"));
    let body: serde_json::Value = serde_json::from_str(program.reply().body()).unwrap();
    assert_eq!(body, json!({ "signed_out": true, "location": "https://app.example.com/bye" }));
}

#[test]
fn a_provider_is_told_no_place_that_is_not_listed_not_even_of_ours() {
    for (mut world, usual) in kinds().into_iter().zip(USUAL).skip(1) {
        for path in
            ["/", "/elsewhere", "/oauth2/signed-out", "https://app.example.com/", "https://app.example.com/bye/"]
        {
            let landing = lands(&world.get(&sign_out_for(path.as_bytes())));
            assert_eq!(landing.as_deref(), usual, "{path}");
        }
        assert_eq!(
            lands(&world.get(&sign_out_for(b"https://app.example.com/bye"))).unwrap(),
            "https://app.example.com/bye"
        );
    }
}

// T-4, T-5
#[test]
fn a_listed_place_is_taken_to_the_letter_and_nothing_like_it() {
    let near = [
        "https://www.example.com/bye",
        "https://www.example.com/bye?x=1#",
        "https://www.example.com/bye?x=1&y=2",
        "https://www.example.com/bye?x=11",
        "https://www.example.com/bye?x=1 ",
        " https://www.example.com/bye?x=1",
        "https://www.example.com/bye?x=1\0",
        "https://www.example.com/bye/?x=1",
        "https://www.example.com//bye?x=1",
        "https://www.example.com/./bye?x=1",
        "https://www.example.com\\bye?x=1",
        "https://www.example.com:443/bye?x=1",
        "https://www.example.com./bye?x=1",
        "https://WWW.example.com/bye?x=1",
        "HTTPS://www.example.com/bye?x=1",
        "http://www.example.com/bye?x=1",
        "//www.example.com/bye?x=1",
        "https:/www.example.com/bye?x=1",
        "https:www.example.com/bye?x=1",
        "https://evilwww.example.com/bye?x=1",
        "https://evil.example/www.example.com/bye?x=1",
        "https://www.example.com.evil.example/bye?x=1",
        "https://www.example.com@evil.example/bye?x=1",
        "https://www.example.com:evil@x/bye?x=1",
        "https://evil.example#https://www.example.com/bye?x=1",
        "https://evil.example\\.www.example.com/bye?x=1",
        "https://user@www.example.com/bye?x=1",
        "javascript:https://www.example.com/bye?x=1",
    ];
    for (mut world, usual) in kinds().into_iter().zip(USUAL) {
        for target in near {
            let landing = lands(&world.get(&sign_out_for(target.as_bytes())));
            assert_eq!(landing.as_deref(), usual, "{target}");
        }
        assert_eq!(lands(&world.get(&sign_out_for(LISTED.as_bytes()))).as_deref(), Some(LISTED));
        let twice = format!("{}&return_to=/", sign_out_for(LISTED.as_bytes()));
        assert_eq!(lands(&world.get(&twice)).as_deref(), usual, "twice is not once");
        for name in ["rd", "logout_uri", "post_logout_redirect_uri", "redirect_uri", "Return_To"] {
            let path = sign_out_for(LISTED.as_bytes()).replace("return_to", name);
            assert_eq!(lands(&world.get(&path)).as_deref(), usual, "{name}");
        }
    }
}

// T-5, T-7
#[test]
fn no_payload_of_any_list_leads_a_sign_out_away_from_our_origin() {
    let lists = [("oauth2-proxy-openredirects.txt", 379), ("mod_auth_openidc-open-redirect-payload-list.txt", 551)];
    let (mut listing, mut plain) = (kinds(), [World::oidc(), World::cognito()]);
    let usual = [USUAL[0], USUAL[1], USUAL[2], USUAL[0], USUAL[1]];
    for (file, at_least) in lists {
        let Some(payloads) = payloads(file) else { return };
        assert!(payloads.len() >= at_least, "{file} has {} lines", payloads.len());
        for payload in payloads {
            for tried in [payload.clone(), decoded(&payload), decoded(&decoded(&payload))] {
                let path = sign_out_for(&tried);
                for (number, world) in listing.iter_mut().chain(&mut plain).enumerate() {
                    let answer = world.get(&path);
                    let shown = String::from_utf8_lossy(&tried);
                    match (usual[number], lands(&answer)) {
                        (None, Some(_)) => assert_ours(&answer, &payload),
                        (usual, landing) => assert_eq!(landing.as_deref(), usual, "{shown}"),
                    }
                }
            }
        }
    }
}
