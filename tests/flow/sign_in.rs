//! Signing in, from the first click to the page that was wanted.

use std::{collections::BTreeSet, time::Duration};

use edge_oidc::time::{Entropy, EntropyError};
use serde_json::json;
use url::Url;

use crate::{
    message::Request,
    provider::Proof,
    world::{CLIENT, SECRET, World},
};

/// A random source that is broken.
struct Broken;

impl Entropy for Broken {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

/// `url` with its random values named.
pub fn masked(url: &str) -> String {
    let mut masked = Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = masked.query_pairs().into_owned().collect();
    let random = |name: &str| matches!(name, "state" | "nonce" | "code_challenge");
    let pairs = pairs.into_iter().map(|(name, value)| if random(&name) { (name.clone(), name) } else { (name, value) });
    masked.query_pairs_mut().clear().extend_pairs(pairs);
    masked.into()
}

fn value(url: &str, name: &str) -> String {
    Url::parse(url).unwrap().query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned()
}

#[test]
fn a_person_signs_in_at_cognito_and_lands_where_they_wanted() {
    let mut world = World::cognito();
    let answer = world.visit("/deep?x=1&y=a%20b");
    assert_eq!(answer.got(":path"), ["/deep?x=1&y=a%20b"]);
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(answer.got("kubeflow-groups"), ["team-a,b%2Cc"]);
    assert_eq!(world.provider.asked, ["metadata", "keys", "token"]);
}

#[test]
fn a_person_signs_in_at_any_provider_and_lands_where_they_wanted() {
    let mut world = World::oidc();
    let answer = world.visit("/deep?x=1&y=a%20b");
    assert_eq!(answer.got(":path"), ["/deep?x=1&y=a%20b"]);
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(answer.got("x-user-name"), ["Kim Park"]);
}

#[test]
fn the_next_request_needs_no_provider() {
    let mut world = World::oidc();
    world.sign_in();
    let asked = world.provider.asked.len();
    assert_eq!(world.get("/other").got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(world.send(&Request::fetch("/api")).got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(world.provider.asked.len(), asked);
}

// T-143, T-69
#[test]
fn the_authorization_request_is_exactly_this() {
    let tail = format!(
        "response_type=code&client_id={CLIENT}&redirect_uri=https%3A%2F%2Fapp.example.com%2Foauth2%2Fcallback\
         &scope=openid+email&state=state&nonce=nonce&code_challenge=code_challenge&code_challenge_method=S256"
    );
    let at = |mut world: World| masked(world.get("/deep?x=1").location());
    assert_eq!(at(World::cognito()), format!("https://demo.auth.eu-west-1.amazoncognito.com/oauth2/authorize?{tail}"));
    assert_eq!(at(World::oidc()), format!("https://idp.example.net/authorize?tenant=1&{tail}"));
    let more = |tree: &mut serde_json::Value| {
        tree["providers"][0]["authorizationParameters"] = json!({"identity_provider": "Corp & Co"});
        tree["providers"][0]["scopes"] = json!(["openid", "groups"]);
    };
    let tail = tail.replace("openid+email", "openid+groups");
    let expected = format!("https://idp.example.net/authorize?tenant=1&{tail}&identity_provider=Corp+%26+Co");
    assert_eq!(at(World::configured(more)), expected);
}

// T-71
#[test]
fn nothing_in_an_incoming_query_changes_the_authorization_request() {
    let usual = masked(World::oidc().get("/").location());
    let query = "scope=admin&prompt=none&client_id=x&redirect_uri=https://evil.example&state=s&nonce=n&response_mode=form_post\
                 &login_hint=a&acr_values=b&iss=https://evil.example&target_link_uri=https://evil.example&code_challenge=c";
    for path in ["/oauth2/sign-in", "/"] {
        assert_eq!(masked(World::oidc().get(&format!("{path}?{query}")).location()), usual, "{path}");
    }
}

// T-62
#[test]
fn every_sign_in_has_values_of_its_own() {
    let mut world = World::oidc();
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let answer = world.get("/");
        for name in ["state", "nonce", "code_challenge"] {
            assert!(seen.insert(value(answer.location(), name)), "{name} came twice");
        }
    }
}

#[test]
fn without_randomness_nobody_is_sent_to_the_provider() {
    let mut world = World::oidc();
    world.sign_in();
    world.switch_to(1);
    world.entropy = Box::new(Broken);
    let answer = world.get("/");
    assert_eq!(answer.said(), (500, "no_entropy".to_owned()));
    assert!(answer.cookies().is_empty() && answer.header("location").is_none());
}

#[test]
fn each_kind_of_client_proves_itself_in_its_own_way() {
    let proofs = [
        ("client_secret_post", Proof::Post(SECRET)),
        ("client_secret_basic", Proof::Basic(SECRET)),
        ("none", Proof::None),
    ];
    for (method, proof) in proofs {
        let mut world = World::configured(|tree| {
            tree["providers"][0]["clientAuthentication"] = json!(method);
            if method == "none" {
                tree["providers"][0].as_object_mut().unwrap().remove("clientSecret");
            }
        });
        world.provider.want.proof = proof;
        world.sign_in();
    }
}

// T-64
#[test]
fn a_sign_in_never_takes_up_a_session_that_the_browser_brought() {
    let mut world = World::oidc();
    let now = world.now;
    world.jar().take("app.example.com", "__Host-edge_oidc=attackers-choice; Secure; Path=/", now);
    world.sign_in();
    let first = world.session().unwrap().to_owned();
    assert_ne!(first, "attackers-choice");
    world.jar().cookies().clear();
    world.sign_in();
    assert_ne!(world.session().unwrap(), first);
}

#[test]
fn a_session_that_no_cookie_holds_is_refused_and_says_why() {
    let mut world = World::oidc();
    world.provider.response.claims.insert("name", Some(json!("n".repeat(23_900))));
    assert_eq!(world.failed_sign_in(), (500, "session_too_large".to_owned()));
}

#[test]
fn a_refresh_token_that_no_cookie_holds_is_left_out() {
    let mut world = World::oidc();
    world.provider.response.tokens.insert("refresh_token", Some(json!("r".repeat(60_000))));
    world.sign_in();
    world.get("/oauth2/sign-out");
    world.advance(Duration::from_secs(1));
    assert!(world.provider.revoked.is_empty());
}

#[test]
fn a_browser_that_does_not_keep_its_session_is_told_so_and_not_sent_round() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    world.go(&callback);
    world.jar().cookies().retain(|cookie| !cookie.name.ends_with("edge_oidc"));
    let answer = world.get("/deep");
    assert_eq!(answer.said(), (401, "session_lost".to_owned()));
    assert_eq!(answer.link(), "/oauth2/sign-in?return_to=%2Fdeep");
    assert!(world.visit(&answer.link()).passed());
    world.jar().cookies().retain(|cookie| !cookie.name.ends_with("edge_oidc"));
    world.advance(Duration::from_secs(31));
    assert!(world.visit("/deep").passed());
}

#[test]
fn a_person_without_a_usable_name_is_told_so_and_not_sent_round_again() {
    let mut world = World::oidc();
    world.provider.response.claims.insert("email_verified", Some(json!(false)));
    let answer = world.visit("/deep");
    assert_eq!(answer.said(), (403, "email_unverified".to_owned()));
    assert_eq!(answer.link(), "/oauth2/sign-in?return_to=%2Fdeep&again=true");
    assert_eq!(world.send(&Request::fetch("/api")).said(), (403, "email_unverified".to_owned()));
}
