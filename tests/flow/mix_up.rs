//! What belongs to one provider is nothing to another: callbacks, tokens, cookies, people (RFC 9207; T-90, T-170, T-173).

use serde_json::{Value, json};
use url::Url;

use crate::{
    choosing::{provider_now, sign_in_at, taking, world},
    message::Request,
    neighbours::{PARTNER, PARTNERS_CLIENT, two_providers_config},
    provider::{OIDC, Provider},
    world::{CALLBACK, CLIENT, World},
};

const NAME: &str = "__Host-edge_oidc";

fn callback_of(world: &mut World, provider: &str) -> Url {
    world.callback_for(&format!("/oauth2/sign-in?provider={provider}&return_to=/{provider}&again=true"))
}

fn value(callback: &Url, name: &str) -> String {
    callback.query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned()
}

/// `address` with these members.
fn made_of(address: &Url, members: &[(&str, &str)]) -> Url {
    let mut made = address.clone();
    made.query_pairs_mut().clear().extend_pairs(members);
    made
}

fn token_calls(world: &mut World) -> (usize, usize) {
    (world.provider.times("token"), world.partner().times("token"))
}

fn says_iss(provider: &mut Provider, advertised: bool) {
    let issuer = provider.response.metadata["issuer"].as_str().unwrap().to_owned();
    provider.response.callback.push(("iss", issuer));
    if advertised {
        provider.response.metadata["authorization_response_iss_parameter_supported"] = json!(true);
    }
}

// T-170
#[test]
fn a_callback_of_another_issuer_than_its_attempts_reaches_no_token_endpoint() {
    for advertised in [false, true] {
        let mut world = world();
        says_iss(&mut world.provider, advertised);
        says_iss(world.partner(), advertised);
        let (staff, partner) = (callback_of(&mut world, "staff"), callback_of(&mut world, "partner"));
        // The partner sent the person on to the staff's page with its own state, to get at the code.
        for (state, other) in [(&partner, &staff), (&staff, &partner)] {
            let members =
                [("code", value(other, "code")), ("state", value(state, "state")), ("iss", value(other, "iss"))];
            let mixed = made_of(state, &members.each_ref().map(|(name, value)| (*name, value.as_str())));
            let answer = world.go(&mixed);
            assert_eq!(answer.said(), (400, "callback_iss_mismatch".to_owned()), "{advertised}");
            assert!(world.session().is_none());
        }
        assert_eq!(token_calls(&mut world), (0, 0));
    }
}

// T-170, T-173, RFC 9700 §4.4.2.2: each provider has an address of its own.
#[test]
fn a_code_that_comes_to_another_providers_address_reaches_no_token_endpoint() {
    let mut world = world();
    let (staff, partner) = (callback_of(&mut world, "staff"), callback_of(&mut world, "partner"));
    assert_eq!((staff.path(), partner.path()), ("/oauth2/callback", "/oauth2/callback/partner"));
    for (state, other) in [(&partner, &staff), (&staff, &partner)] {
        let members = [("code", value(other, "code")), ("state", value(state, "state"))];
        let mixed = made_of(other, &members.each_ref().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(world.go(&mixed).said(), (400, "attempt_absent".to_owned()));
    }
    assert_eq!(token_calls(&mut world), (0, 0));
    assert!(world.go(&partner).reply().status() == 302 && world.go(&staff).reply().status() == 302);
}

// A hostile provider sends its victim on to the other one, with what it began there itself.
#[test]
fn a_code_that_a_provider_caught_for_itself_signs_nobody_in_as_its_victim() {
    let mut world = world();
    world.switch_to(1);
    let mallorys = crate::world::url(world.get("/oauth2/sign-in?provider=staff").location());
    world.switch_to(0);
    let kims = crate::world::url(world.get("/oauth2/sign-in?provider=partner").location());
    let members: Vec<(String, String)> = mallorys
        .query_pairs()
        .map(|(name, old)| (name.to_string(), if name == "state" { value(&kims, "state") } else { old.into_owned() }))
        .collect();
    let mut mixed = mallorys.clone();
    mixed.query_pairs_mut().clear().extend_pairs(members);
    let callback = world.authorize(&mixed);
    assert_eq!(world.go(&callback).said(), (400, "attempt_absent".to_owned()));
    assert_eq!(token_calls(&mut world), (0, 0), "staff's code went nowhere");
}

// T-170
#[test]
fn whoever_says_iss_always_must_say_it_and_the_others_need_not() {
    let mut world = world();
    says_iss(&mut world.provider, true);
    world.provider.response.callback.clear();
    let staff = callback_of(&mut world, "staff");
    assert_eq!(world.go(&staff).said(), (400, "callback_iss_absent".to_owned()));
    assert_eq!(token_calls(&mut world), (0, 0));
    sign_in_at(&mut world, "partner");
}

// T-173
#[test]
fn a_code_goes_to_the_provider_of_its_attempt_and_to_no_other() {
    let mut world = world();
    let (staff, partner) = (callback_of(&mut world, "staff"), callback_of(&mut world, "partner"));
    let mixed = made_of(&staff, &[("code", &value(&partner, "code")), ("state", &value(&staff, "state"))]);
    assert_eq!(world.go(&mixed).said(), (400, "token_invalid_grant".to_owned()));
    assert_eq!((token_calls(&mut world), world.session()), ((1, 0), None));
    // Neither the code nor its verifier is spoilt by that.
    assert_eq!(world.go(&partner).location(), "https://app.example.com/partner");
    assert_eq!(token_calls(&mut world), (1, 1));
    assert_eq!(provider_now(&mut world), "partner");
}

// T-170
#[test]
fn a_token_of_one_provider_is_none_from_another() {
    type Change = fn(&mut Provider);
    let changes: [(Change, &str); 3] = [
        (|provider| drop(provider.response.claims.insert("iss", Some(json!(PARTNER)))), "id_token_iss"),
        (|provider| drop(provider.response.claims.insert("aud", Some(json!(PARTNERS_CLIENT)))), "id_token_aud"),
        // The partner's key is not among the staff's, and nobody looks for it at the partner's.
        (|provider| provider.response.header["kid"] = json!("partner-1"), "jwt_unknown_kid"),
    ];
    for (change, code) in changes {
        let mut world = world();
        change(&mut world.provider);
        let before = world.partner().times("keys");
        let answer = world.visit("/oauth2/sign-in?provider=staff");
        assert_eq!(answer.said(), (502, code.to_owned()));
        assert!(world.session().is_none() && world.attempts().is_empty());
        assert!(world.partner().times("keys") <= before + 1 && world.partner().times("token") == 0);
        sign_in_at(&mut world, "partner");
    }
}

// T-170
#[test]
fn cookies_are_bound_to_the_client_and_the_issuer_that_their_provider_was_when_they_were_made() {
    let renamed = |tree: &mut Value| {
        tree["providers"][0]["name"] = json!("partner");
        tree["providers"][1]["name"] = json!("staff");
    };
    let another_client = |tree: &mut Value| tree["providers"][1]["clientId"] = json!("another");
    let another_issuer = |tree: &mut Value| tree["providers"][1]["issuer"] = json!("https://other.example.org");
    let removed = |tree: &mut Value| drop(tree["providers"].as_array_mut().unwrap().remove(1));
    let changes: [&dyn Fn(&mut Value); 4] = [&renamed, &another_client, &another_issuer, &removed];
    for (number, change) in changes.into_iter().enumerate() {
        let mut world = World::two_providers(|_| {});
        sign_in_at(&mut world, "partner");
        let callback = callback_of(&mut world, "partner");
        let mut tree = two_providers_config();
        change(&mut tree);
        if number == 1 {
            world.partner().want.client_id = "another".to_owned();
        }
        if number == 2 {
            world.partner().response.metadata["issuer"] = json!("https://other.example.org");
        }
        world.restart(&tree);
        assert_eq!(world.send(&Request::fetch("/api").with("cookie", &world.cookie_line())).status(), 401, "{number}");
        // An attempt is for a name and a client; the issuer is told by its answer.
        if number != 2 {
            let answer = world.go(&callback);
            // Under another name, or none, its address is no callback any more.
            assert!(number != 1 || answer.said() == (400, "attempt_absent".to_owned()), "{number}");
            assert_eq!((token_calls(&mut world), world.session()), ((0, 1), None), "{number}");
        }
    }
}

// T-90
#[test]
fn two_sessions_in_one_request_are_none_whichever_providers_they_are_of() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let staff = world.session().unwrap().to_owned();
    world.switch_to(1);
    sign_in_at(&mut world, "partner");
    let partner = world.session().unwrap().to_owned();
    let mut sent = |line: String| world.send(&Request::fetch("/api").with("cookie", &line));
    for (one, other) in [(&staff, &partner), (&partner, &staff)] {
        let answer = sent(format!("{NAME}={one}; {NAME}={other}"));
        assert_eq!(answer.said(), (401, "login_required".to_owned()));
        assert!(answer.cookies()[0].starts_with(&format!("{NAME}=; ")));
    }
    for session in [&staff, &partner] {
        assert!(sent(format!("{NAME}={session}; {NAME}=tossed")).passed());
        assert!(sent(format!("{NAME}=tossed; {NAME}={session}; {NAME}={session}")).passed());
    }
}

// T-90
#[test]
fn three_sessions_are_none_either() {
    let mut tree = two_providers_config();
    let (issuer, id, secret) = ("https://third.example.org", "edge-at-third", "x+y");
    tree["providers"].as_array_mut().unwrap().push(json!({
        "name": "third", "issuer": issuer, "clientId": id, "clientSecret": secret, "algorithms": ["ES256"],
    }));
    let mut world = World::two_providers(|other| *other = tree);
    let third = Provider::at(issuer, "third-1", (id, secret), &format!("{CALLBACK}/third"));
    world.neighbours.providers.push(third);
    let mut sessions = Vec::new();
    for (browser, name) in ["staff", "partner", "third", "staff"].into_iter().enumerate() {
        world.switch_to(browser);
        sign_in_at(&mut world, name);
        sessions.push(format!("{NAME}={}", world.session().unwrap()));
    }
    let mut sent = |order: &[usize]| {
        let line: Vec<_> = order.iter().map(|place| sessions[*place].as_str()).collect();
        world.send(&Request::fetch("/api").with("cookie", &line.join("; "))).passed()
    };
    // Two of one provider leave no room for a third of another: whose is it?
    for several in [[0, 1, 2], [2, 1, 0], [0, 3, 1], [1, 0, 3], [3, 2, 0]] {
        assert!(!sent(&several), "{several:?}");
    }
    assert!((0..4).all(|one| sent(&[one])));
}

#[test]
fn the_same_sub_at_another_issuer_is_another_person() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let copy = world.cookie_line();
    let alive = |world: &mut World, line: &str| {
        let kept = world.jar().clone();
        let passed = world.send(&Request::fetch("/api").with("cookie", line)).passed();
        *world.jar() = kept;
        passed
    };
    // Who signs in again as themselves ends nothing.
    assert!(world.visit("/oauth2/sign-in?provider=staff&again=true").passed());
    assert!(alive(&mut world, &copy));
    let second = world.cookie_line();
    sign_in_at(&mut world, "partner");
    assert!(!alive(&mut world, &second) && world.provider.revoked.len() == 1);
    assert!(world.get("/").passed());
    assert_eq!(provider_now(&mut world), "partner");
}

/// Two clients at one issuer: `staff` and, for `/admin`, `admins`.
fn two_clients() -> World {
    let mut world = World::two_providers(|tree| {
        let (issuer, algorithms) = (json!(OIDC), tree["providers"][0]["algorithms"].clone());
        tree["providers"][1] = json!({
            "name": "admins", "issuer": issuer, "clientId": "admin-client", "clientSecret": "s", "algorithms": algorithms,
        });
        taking(tree, "/admin", &["admins"]);
    });
    world.neighbours.providers =
        vec![Provider::at(OIDC, "key-1", ("admin-client", "s"), &format!("{CALLBACK}/admins"))];
    world
}

#[test]
fn two_clients_of_one_issuer_have_each_their_own_sign_ins() {
    let mut world = two_clients();
    sign_in_at(&mut world, "staff");
    let copy = world.cookie_line();
    let answer = world.get("/admin/x");
    assert!(answer.location().contains("client_id=admin-client"));
    assert!(world.follow(answer).passed());
    assert_eq!(provider_now(&mut world), "admins");
    assert_eq!((world.provider.times("token"), world.partner().times("token")), (1, 1));
    // It is the same person, whose session at the other client nothing ends.
    assert!(world.send(&Request::fetch("/api").with("cookie", &copy)).passed());
    // It does for all that takes any provider, and no longer where it was replaced.
    assert!(world.get("/").passed());
    assert_eq!(world.send(&Request::fetch("/admin").with("cookie", &copy)).said(), (401, "other_provider".to_owned()));
}

#[test]
fn a_token_for_one_client_is_none_for_another_of_the_same_issuer() {
    let mut world = two_clients();
    world.partner().response.claims.insert("aud", Some(json!(CLIENT)));
    assert_eq!(world.visit("/admin").said(), (502, "id_token_aud".to_owned()));
    world.partner().response.claims.insert("aud", Some(json!([CLIENT, "admin-client"])));
    let answer = world.visit("/admin");
    assert_eq!(answer.status(), 502);
    assert!(world.session().is_none());
}

#[test]
fn the_same_client_id_at_two_issuers_is_two_clients() {
    let mut world = World::two_providers(|tree| {
        tree["providers"][1]["clientId"] = json!(CLIENT);
        taking(tree, "/for-partners", &["partner"]);
    });
    world.partner().want.client_id = CLIENT.to_owned();
    sign_in_at(&mut world, "staff");
    assert!(world.get("/for-partners").location().starts_with(PARTNER));
    let (staff, partner) = (callback_of(&mut world, "staff"), callback_of(&mut world, "partner"));
    assert_eq!(world.go(&partner).location(), "https://app.example.com/partner");
    assert_eq!(provider_now(&mut world), "partner");
    assert!(world.get("/for-partners").passed());
    assert_eq!(world.go(&staff).location(), "https://app.example.com/staff");
    assert_eq!(provider_now(&mut world), "staff");
    assert_eq!(token_calls(&mut world), (2, 1));
}
