//! Who is signed in, as the person may see it and nobody else (T-74, T-191).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    world::{START, World},
};

const WHOAMI: &str = "/oauth2/whoami";

fn document(answer: &Answer) -> Value {
    assert_eq!((answer.status(), answer.header("content-type")), (200, Some("application/json")));
    serde_json::from_str(answer.reply().body()).unwrap()
}

fn own(path: &str) -> Request {
    Request::fetch(path).with("sec-fetch-site", "same-origin")
}

#[test]
fn a_program_gets_a_document_with_exactly_these_members() {
    let mut world = World::oidc();
    world.sign_in();
    let start = START.secs();
    let expected = |renewed: bool| {
        json!({
            "provider": "default",
            "issuer": "https://idp.example.net",
            "headers": {
                "kubeflow-userid": "kim@example.com", "kubeflow-groups": "team-a,b%2Cc", "x-user-name": "Kim Park",
            },
            "signed_in_at": start,
            "tokens_expire_at": start + 3600,
            "tokens_are_renewed": renewed,
            "session_expires_at": if renewed { start + 12 * 3600 } else { start + 3600 },
        })
    };
    assert_eq!(document(&world.send(&own(WHOAMI))), expected(true));
    assert_eq!(document(&world.send(&Request::bare(WHOAMI))), expected(true));
    let mut world = World::oidc();
    world.provider.response.tokens.insert("refresh_token", None);
    world.sign_in();
    assert_eq!(document(&world.send(&own(WHOAMI))), expected(false));
}

#[test]
fn the_end_of_the_session_is_whichever_end_comes_first() {
    let ends = |session: Value, wait: u64| {
        let mut world = World::configured(|tree| {
            tree["session"]["lifetime"] = session["lifetime"].clone();
            tree["session"]["idle"] = session["idle"].clone();
        });
        world.sign_in();
        world.advance(Duration::from_secs(wait));
        document(&world.send(&own(WHOAMI)))["session_expires_at"].as_u64().unwrap() - START.secs()
    };
    assert_eq!(ends(json!({ "lifetime": "10h", "idle": "30m" }), 0), 1800);
    assert_eq!(ends(json!({ "lifetime": "10h", "idle": "30m" }), 100), 1800, "it is not given out again yet");
    assert_eq!(ends(json!({ "lifetime": "10h", "idle": "30m" }), 180), 1980, "it is used");
    assert_eq!(ends(json!({ "lifetime": "20m", "idle": "15m" }), 600), 1200);
}

#[test]
fn a_person_gets_a_page_that_tells_the_same_and_offers_to_sign_out() {
    let mut world = World::oidc();
    world.sign_in();
    let answer = world.get(WHOAMI);
    assert_eq!(answer.said(), (200, "whoami".to_owned()));
    let told = [
        ("kubeflow-userid", "kim@example.com"),
        ("kubeflow-groups", "team-a,b%2Cc"),
        ("x-user-name", "Kim Park"),
        ("Provider", "https://idp.example.net"),
        ("Signed in", "2026-11-20 13:06 UTC"),
        ("Tokens end", "2026-11-20 14:06 UTC, renewed before"),
        ("Session ends", "2026-11-21 01:06 UTC"),
    ];
    let list: String = told.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>")).collect();
    assert!(answer.reply().body().contains(&format!("<dl>{list}</dl>")), "{}", answer.reply().body());
    assert!(answer.reply().body().contains("<form method=\"post\" action=\"/oauth2/sign-out\">"));
    let frame = Request::navigation(WHOAMI).set("sec-fetch-dest", "iframe").set("sec-fetch-site", "same-origin");
    assert_eq!(world.send(&frame).reply().body(), answer.reply().body(), "in a frame of our own too");
    world.provider.response.tokens.insert("refresh_token", None);
    world.get("/oauth2/sign-out");
    world.sign_in();
    assert!(world.get(WHOAMI).reply().body().contains("<dd>2026-11-20 14:06 UTC</dd>"), "without renewal");
}

// T-191
#[test]
fn no_token_and_no_cookie_stands_in_any_answer_and_no_other_site_may_hold_it() {
    let mut world = World::configured(|tree| {
        tree["identity"]["forward"] = json!({ "idToken": { "header": "authorization" }, "accessToken": { "header": "x-forwarded-access-token" } });
        tree["providers"][0]["logout"] = json!({ "kind": "rpInitiated" });
    });
    world.sign_in();
    let session = world.session().unwrap().to_owned();
    for request in
        [Request::navigation(WHOAMI), own(WHOAMI), Request::navigation(WHOAMI).set("sec-fetch-dest", "iframe")]
    {
        let answer = world.send(&request.set("sec-fetch-site", "same-origin"));
        for secret in world.provider.secrets.iter().chain([&session]) {
            assert!(!format!("{:?}", answer.reply()).contains(secret.as_str()), "{secret}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert!(answer.header("access-control-allow-origin").is_none() && answer.cookies().is_empty());
    }
    assert_eq!(world.get(WHOAMI).header("x-frame-options"), Some("DENY"));
}

// T-191
#[test]
fn a_page_of_another_site_is_told_nothing() {
    let mut world = World::oidc();
    world.sign_in();
    let frame = Request::navigation(WHOAMI).set("sec-fetch-dest", "iframe");
    let image = Request::fetch(WHOAMI).set("sec-fetch-mode", "no-cors").set("sec-fetch-dest", "image");
    let ahead = Request::navigation(WHOAMI).with("sec-purpose", "prefetch");
    for request in [Request::fetch(WHOAMI), frame, image, ahead] {
        for site in ["cross-site", "same-site", "", "other"] {
            let answer = world.send(&request.clone().set("sec-fetch-site", site));
            assert_eq!(answer.said(), (403, "whoami_foreign".to_owned()), "{site}");
            assert!(!answer.reply().body().contains("kim") && answer.cookies().is_empty());
        }
    }
    assert!(world.session().is_some());
    // An extension, or the browser itself for the person.
    assert_eq!(document(&world.send(&Request::fetch(WHOAMI).with("sec-fetch-site", "none")))["provider"], "default");
    // A link on another site leads the person here, and shows it to nobody else.
    assert_eq!(world.send(&Request::navigation(WHOAMI).set("sec-fetch-site", "cross-site")).status(), 200);
}

#[test]
fn whoever_is_not_signed_in_is_told_so_and_not_sent_away() {
    let mut world = World::oidc();
    let person = world.get(WHOAMI);
    assert_eq!(person.said(), (401, "login_required".to_owned()));
    assert_eq!(person.link(), "/oauth2/sign-in?return_to=%2Foauth2%2Fwhoami");
    assert!(person.header("location").is_none() && person.cookies().is_empty());
    let program = world.send(&own(WHOAMI));
    let body: Value = serde_json::from_str(program.reply().body()).unwrap();
    assert_eq!((program.status(), &body["sign_in"]), (401, &json!("https://app.example.com/oauth2/sign-in")));
    let answer = world.visit(&person.link());
    assert_eq!(answer.said(), (200, "whoami".to_owned()));
    world.get("/oauth2/sign-out");
    assert_eq!(world.send(&own(WHOAMI)).status(), 401);
}

#[test]
fn a_session_whose_tokens_are_over_is_renewed_first_and_given_with_the_answer() {
    let mut world = World::oidc();
    world.sign_in();
    let before = world.session().unwrap().to_owned();
    world.advance(Duration::from_secs(4000));
    world.provider.response.refreshed_claims.insert("name", Some(json!("Kim P. Park")));
    let answer = world.send(&own(WHOAMI));
    let body = document(&answer);
    assert_eq!(body["headers"]["x-user-name"], "Kim P. Park");
    assert_eq!(body["signed_in_at"], START.secs());
    assert!(body["tokens_expire_at"].as_u64().unwrap() >= START.secs() + 7600);
    assert!(!answer.cookies().is_empty() && world.session().unwrap() != before);
    assert_eq!(world.get("/").got("x-user-name"), ["Kim P. Park"]);
    assert_eq!(world.provider.refreshed, 1);
    world.provider.end_all();
    world.advance(Duration::from_secs(4000));
    let refused = world.get(WHOAMI);
    assert_eq!((refused.said(), refused.header("location")), ((401, "login_required".to_owned()), None));
    assert!(world.session().is_none());
}

#[test]
fn only_a_get_asks() {
    let mut world = World::oidc();
    world.sign_in();
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = world.send(&own(WHOAMI).by(method));
        assert_eq!((answer.said(), answer.header("allow")), ((405, "method_not_allowed".to_owned()), Some("GET")));
        assert!(!answer.reply().body().contains("kim"));
    }
}

// T-74
#[test]
fn nothing_of_a_claim_is_markup() {
    let mut world = World::oidc();
    let name = "<script>alert('x')</script>\"&";
    world.provider.response.claims.insert("name", Some(json!(name)));
    world.sign_in();
    let page = world.get(WHOAMI);
    let escaped = "<dd>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;</dd>";
    assert!(page.reply().body().contains(escaped) && !page.reply().body().contains("<script"));
    assert_eq!(document(&world.send(&own(WHOAMI)))["headers"]["x-user-name"], name);
}

#[test]
fn a_person_without_a_usable_name_is_told_the_rest() {
    let mut world = World::oidc();
    world.provider.response.claims.insert("email_verified", Some(json!(false)));
    assert_eq!(world.visit("/").said(), (403, "email_unverified".to_owned()));
    let body = document(&world.send(&own(WHOAMI)));
    assert_eq!((&body["headers"], &body["issuer"]), (&json!({}), &json!("https://idp.example.net")));
}
