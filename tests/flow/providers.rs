//! Each of several providers by itself: its refreshes, its sign-outs, its logout tokens, and its outages.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use serde_json::{Value, json};

use crate::{
    choosing::{provider_now, sign_in_at, taking},
    message::{Answer, Request},
    neighbours::{PARTNER, PARTNERS_CLIENT},
    provider::{OIDC, Provider},
    world::{CALLBACK, CLIENT, Travel, World},
};

const BACK: &str = "/oauth2/back-channel-logout";
const FRONT: &str = "/oauth2/front-channel-logout";
const KIM: &str = "sub of kim@example.com";

fn configure(tree: &mut Value) {
    for provider in tree["providers"].as_array_mut().unwrap() {
        provider["logout"] = json!({ "kind": "rpInitiated" });
    }
    tree["paths"] = json!({ "backChannel": BACK, "frontChannel": FRONT });
    tree["session"]["cookie"] = json!({ "sameSite": "None" });
    taking(tree, "/for-partners", &["partner"]);
}

fn world() -> World {
    let mut world = World::two_providers(configure);
    for provider in [&mut world.provider, &mut world.neighbours.providers[0]] {
        let issuer = provider.response.metadata["issuer"].as_str().unwrap().to_owned();
        provider.response.metadata["end_session_endpoint"] = json!(format!("{issuer}/end"));
        provider.response.claims.insert("sid", Some(json!("sid-1")));
    }
    world
}

/// Browser 0 at `staff`, browser 1 at `partner`: the same `sub` and the same `sid`.
fn two_browsers() -> World {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    world.switch_to(1);
    sign_in_at(&mut world, "partner");
    world.advance(Duration::from_secs(1));
    world
}

fn signed_in(world: &mut World, browser: usize) -> bool {
    world.switch_to(browser);
    let kept = world.jar().clone();
    let passed = world.send(&Request::fetch("/api")).passed();
    *world.jar() = kept;
    passed
}

fn deliver(world: &mut World, provider: usize, changes: &Value) -> Answer {
    let now = world.now.secs();
    let signer = if provider == 0 { &world.provider } else { &world.neighbours.providers[provider - 1] };
    let mut claims = json!({
        "iss": signer.response.metadata["issuer"], "aud": signer.want.client_id, "sub": KIM, "iat": now, "exp": now + 120,
        "jti": format!("{} {}", world.now.millis(), world.last),
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let token = signer.sign(Some("logout+jwt"), &claims);
    world.send(&Request::bare(BACK).posting(&format!("logout_token={token}")).with("cookie", ""))
}

/// Counts every call; those to the partner fail while `down`.
fn counted(world: &mut World, down: bool) -> Rc<RefCell<BTreeMap<String, usize>>> {
    let counts = Rc::new(RefCell::new(BTreeMap::new()));
    let shared = Rc::clone(&counts);
    world.network = Box::new(move |called| {
        *shared.borrow_mut().entry(called.to_owned()).or_insert(0) += 1;
        match down && called.starts_with("1:") {
            true => Travel::Status(Duration::from_millis(5), 503),
            false => Travel::Answer(Duration::from_millis(20)),
        }
    });
    counts
}

#[test]
fn a_session_is_renewed_at_its_own_provider() {
    let mut world = two_browsers();
    world.advance(Duration::from_secs(4000));
    world.partner().response.refreshed_claims.insert("name", Some(json!("Kim of the partners")));
    assert_eq!(world.get("/").got("x-user-name"), ["Kim of the partners"]);
    assert_eq!((world.provider.refreshed, world.partner().refreshed), (0, 1));
    assert!(signed_in(&mut world, 0));
    assert_eq!((world.provider.refreshed, world.partner().refreshed), (1, 1));
}

#[test]
fn signing_out_leads_to_the_sessions_own_provider_and_ends_nobody_elses() {
    for (browser, issuer, other) in [(0, OIDC, 1), (1, PARTNER, 0)] {
        let mut world = two_browsers();
        world.switch_to(browser);
        let answer = world.get("/oauth2/sign-out");
        assert!(answer.location().starts_with(&format!("{issuer}/end?")), "{}", answer.location());
        let client = if browser == 0 { CLIENT } else { PARTNERS_CLIENT };
        assert!(answer.location().contains("id_token_hint=") || answer.location().contains(client));
        assert!(world.session().is_none() && signed_in(&mut world, other));
        world.advance(Duration::from_secs(1));
        assert_eq!((world.provider.revoked.len(), world.partner().revoked.len()), (other, browser));
    }
}

#[test]
fn whoever_is_not_signed_in_is_sent_to_nobody_of_several() {
    let mut world = world();
    let answer = world.get("/oauth2/sign-out");
    assert_eq!(answer.said(), (200, "signed_out".to_owned()));
    let answer = world.send(&Request::navigation("/oauth2/sign-out").with("cookie", "__Host-edge_oidc=x"));
    assert_eq!(answer.said(), (200, "signed_out".to_owned()));
    assert_eq!(answer.cookies().len(), 1);
}

#[test]
fn whoami_names_the_sessions_provider_and_issuer() {
    let mut world = two_browsers();
    for (browser, provider, issuer) in [(0, "staff", OIDC), (1, "partner", PARTNER)] {
        world.switch_to(browser);
        let answer = world.send(&Request::bare("/oauth2/whoami"));
        let document: Value = serde_json::from_str(answer.reply().body()).unwrap();
        assert_eq!((&document["provider"], &document["issuer"]), (&json!(provider), &json!(issuer)));
        assert!(world.get("/oauth2/whoami").reply().body().contains(&format!("<dd>{issuer}</dd>")));
    }
}

// T-153, T-187
#[test]
fn a_logout_token_ends_sessions_of_its_own_issuer_only() {
    for by in [json!({}), json!({ "sid": "sid-1" }), json!({ "sub": null, "sid": "sid-1" })] {
        let by = by.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
        let by: Value = by.map(|(name, value)| (name.clone(), value.clone())).collect();
        for (provider, other) in [(1, 0), (0, 1)] {
            let mut world = two_browsers();
            assert_eq!(deliver(&mut world, provider, &by).status(), 200);
            assert!(!signed_in(&mut world, provider) && signed_in(&mut world, other), "{provider} {by}");
        }
    }
}

// T-153, T-187
#[test]
fn a_logout_token_names_its_issuers_own_client_and_is_signed_by_its_issuers_own_key() {
    let mut world = two_browsers();
    let said = |answer: &Answer| answer.reply().body().to_owned();
    let refused = [
        (deliver(&mut world, 1, &json!({ "aud": CLIENT })), "logout_token_aud"),
        (deliver(&mut world, 0, &json!({ "aud": PARTNERS_CLIENT })), "logout_token_aud"),
        (deliver(&mut world, 1, &json!({ "iss": OIDC, "aud": CLIENT })), "jwt_unknown_kid"),
        (deliver(&mut world, 0, &json!({ "iss": PARTNER, "aud": PARTNERS_CLIENT })), "jwt_unknown_kid"),
        (deliver(&mut world, 0, &json!({ "iss": "https://third.example.net" })), "logout_token_iss"),
    ];
    for (answer, code) in &refused {
        assert!(answer.status() == 400 && said(answer).contains(code), "{code}: {}", said(answer));
    }
    assert!(signed_in(&mut world, 0) && signed_in(&mut world, 1));
}

// T-153
#[test]
fn a_logout_token_for_any_client_of_its_issuer_is_taken() {
    let mut world = World::two_providers(|tree| {
        let algorithms = tree["providers"][0]["algorithms"].clone();
        tree["providers"][1] = json!({
            "name": "partner", "issuer": OIDC, "clientId": "second", "clientSecret": "s", "algorithms": algorithms,
        });
        configure(tree);
    });
    world.neighbours.providers = vec![Provider::at(OIDC, "key-1", ("second", "s"), &format!("{CALLBACK}/partner"))];
    for provider in [&mut world.provider, &mut world.neighbours.providers[0]] {
        provider.response.metadata["end_session_endpoint"] = json!(format!("{OIDC}/end"));
    }
    world.provider.response.claims.insert("sid", Some(json!("sid-1")));
    world.partner().response.claims.insert("sid", Some(json!("sid-2")));
    sign_in_at(&mut world, "staff");
    world.switch_to(1);
    sign_in_at(&mut world, "partner");
    world.advance(Duration::from_secs(1));
    assert_eq!(deliver(&mut world, 1, &json!({ "sid": "sid-2" })).status(), 200);
    assert!(signed_in(&mut world, 0) && !signed_in(&mut world, 1));
    assert_eq!(deliver(&mut world, 0, &json!({ "sid": "sid-1" })).status(), 200);
    assert!(!signed_in(&mut world, 0));
    assert_eq!(deliver(&mut world, 0, &json!({ "aud": "third" })).status(), 400);
}

#[test]
fn a_frame_ends_the_session_of_the_issuer_that_it_names() {
    let mut world = two_browsers();
    let frame = |issuer: &str| {
        let iss: String = url::form_urlencoded::byte_serialize(issuer.as_bytes()).collect();
        Request::navigation(&format!("{FRONT}?iss={iss}&sid=sid-1")).set("sec-fetch-dest", "iframe")
    };
    for (browser, issuer, other) in [(0, OIDC, PARTNER), (1, PARTNER, OIDC)] {
        world.switch_to(browser);
        let answer = world.send(&frame(other));
        assert!(answer.status() == 200 && answer.cookies().is_empty());
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.ends_with(&format!("frame-ancestors {OIDC} {PARTNER}")), "{policy}");
        assert!(signed_in(&mut world, browser));
        let copy = world.cookie_line();
        assert_eq!(world.send(&frame(issuer)).status(), 200);
        assert!(world.session().is_none());
        assert_eq!(world.send(&Request::fetch("/api").with("cookie", &copy)).status(), 401);
    }
}

#[test]
fn one_provider_that_is_down_hurts_nobody_of_the_other() {
    let mut world = world();
    let counts = counted(&mut world, true);
    let (before, lost) = (world.now, world.get("/for-partners"));
    assert_eq!(lost.said(), (503, "provider_unavailable".to_owned()));
    assert!(world.now.since(before) <= Duration::from_secs(6));
    let before = world.now;
    sign_in_at(&mut world, "staff");
    assert!(world.now.since(before) < Duration::from_secs(1), "nobody waits for the other one");
    world.advance(Duration::from_secs(4000));
    let before = world.now;
    assert!(world.get("/").passed() && world.provider.refreshed == 1);
    assert!(world.now.since(before) < Duration::from_secs(1));
    assert_eq!(world.get("/for-partners").status(), 503, "and the session stays");
    assert!(world.get("/oauth2/sign-out").location().starts_with(&format!("{OIDC}/end?")));
    assert!(counts.borrow().keys().all(|called| called != "1:token"));
    // It comes back, and is found again.
    let _counts = counted(&mut world, false);
    sign_in_at(&mut world, "partner");
}

#[test]
fn people_of_one_provider_ask_nothing_more_of_another_that_is_down() {
    let calls = |busy: bool| {
        let mut world = world();
        let counts = counted(&mut world, true);
        for _ in 0..120 {
            if busy {
                world.visit("/oauth2/sign-in?provider=staff&again=true");
                world.get("/oauth2/sign-out");
                world.get("/");
                assert_eq!(deliver(&mut world, 0, &json!({ "aud": "another" })).status(), 400);
            }
            // Both worlds last equally long, whatever happens in them.
            world.advance(Duration::from_secs(30 - world.now.secs() % 30));
        }
        let of_partner =
            counts.borrow().iter().filter(|(called, _)| called.starts_with("1:")).map(|(_, count)| *count).sum();
        let keys = counts.borrow().get("keys").copied().unwrap_or_default();
        (of_partner, keys)
    };
    let ((idle, keys), (busy, busy_keys)): ((usize, usize), (usize, usize)) = (calls(false), calls(true));
    assert!((100..=121).contains(&idle), "about one in 30 s: {idle}");
    assert!(busy <= idle + 1 && busy_keys <= keys + 1, "{idle} {busy} {keys} {busy_keys}");
}

#[test]
fn a_refresh_that_its_provider_cannot_do_leaves_the_other_alone() {
    let mut world = two_browsers();
    let _counts = counted(&mut world, true);
    world.advance(Duration::from_secs(4000));
    assert_eq!(world.get("/").said(), (503, "provider_unavailable".to_owned()));
    assert!(world.session().is_some() && signed_in(&mut world, 0));
    let _counts = counted(&mut world, false);
    world.advance(Duration::from_secs(60));
    world.switch_to(1);
    assert!(world.get("/").passed());
    assert_eq!(provider_now(&mut world), "partner");
}
