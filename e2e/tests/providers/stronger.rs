//! What a place may ask a pool for: a stronger sign-in, or a recent one; and claims from UserInfo.

use std::time::Duration;

use devkit::cognito::{Endpoint, Fault, UserInfoSub};
use e2e::{Answer, Builder, DOMAIN, Person, World};
use http::Method;
use serde_json::json;
use url::Url;

use crate::user;

/// A pool that honours `max_age` and `acr_values`, and places that ask for them.
fn places() -> Builder {
    World::builder().cognito(|options| options.behaviour.step_up = true).plugin(|plugin| {
        for (path, sign_in) in [("/fresh", json!({ "maxAge": "15m" })), ("/mfa", json!({ "acrValues": ["mfa"] }))] {
            let rule = json!({ "match": { "path": { "prefix": path } }, "action": "authenticate", "signIn": sign_in });
            plugin["routes"].as_array_mut().unwrap().insert(0, rule);
        }
    })
}

fn parameter(to: &Url, name: &str) -> Option<String> {
    to.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// Opens a page, and signs in where that leads to the pool.
async fn stronger(person: &Person, path: &str) -> (Url, Answer) {
    let authorize = person.look(path).await.expect(302).location();
    assert_eq!(authorize.host_str(), Some(DOMAIN));
    let landing = person.navigate(person.approve("ada", &authorize).await.as_str()).await;
    (authorize, landing)
}

fn too_weak(answer: &Answer, what: &str) {
    let wanted = format!(r#"Bearer realm="app.example.com", error="insufficient_user_authentication", {what}"#);
    assert_eq!(answer.expect(401).expect_not_forwarded().all("www-authenticate"), [wanted]);
    assert_eq!(answer.json()["error"], "sign_in_too_weak");
}

// RFC 9470 3
#[tokio::test]
async fn a_place_that_asks_for_more_gets_one_stronger_sign_in_and_the_session_serves_everywhere() {
    let mut world = places().workers(2).start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    too_weak(&ada.get("/mfa/api").await, r#"acr_values="mfa""#);
    assert_eq!(user(&ada.get("/x").await), ["ada@example.com"], "it still serves elsewhere");
    let (authorize, landing) = stronger(&ada, "/mfa/x?y=1").await;
    assert_eq!(parameter(&authorize, "acr_values").as_deref(), Some("mfa"));
    assert_eq!((user(&landing), landing.url.query()), (vec!["ada@example.com"], Some("y=1")));
    for path in ["/mfa/api", "/x", "/mfa/api"] {
        assert_eq!(user(&ada.get(path).await), ["ada@example.com"]);
    }
    assert_eq!(world.control().counters().interactive_sign_ins, 2);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn an_old_sign_in_is_done_again_where_a_recent_one_is_asked_for() {
    let mut world = places().start().await;
    let (ada, control) = (world.person(), world.control());
    control.rewind(Duration::from_secs(20 * 60));
    ada.sign_in("ada", "/").await;
    control.advance(Duration::from_secs(20 * 60));
    too_weak(&ada.ask(Method::GET, "/fresh/api").send().await, r#"max_age="900""#);
    assert_eq!(user(&ada.get("/x").await), ["ada@example.com"]);
    let (authorize, landing) = stronger(&ada, "/fresh/x").await;
    assert_eq!(parameter(&authorize, "max_age").as_deref(), Some("900"));
    assert_eq!(user(&landing), ["ada@example.com"]);
    assert_eq!(user(&ada.get("/fresh/api").await), ["ada@example.com"]);
    assert_eq!(control.counters().interactive_sign_ins, 2);
    world.assert_all_workers_alive().await;
}

// A pool of the plan Lite ignores both: that must not become a loop, nor a way in.
#[tokio::test]
async fn a_pool_that_ignores_what_it_is_asked_for_lets_nobody_in_and_sends_nobody_in_circles() {
    let mut world = places().cognito(|options| options.behaviour.step_up = false).start().await;
    let (ada, control) = (world.person(), world.control());
    control.rewind(Duration::from_secs(20 * 60));
    ada.sign_in("ada", "/").await;
    control.advance(Duration::from_secs(20 * 60));
    for path in ["/mfa/x", "/fresh/x"] {
        let (_, page) = stronger(&ada, path).await;
        assert!(matches!(page.status, 403 | 502), "{path}: {page}");
        page.expect_not_forwarded();
        ada.get(path).await.expect(401).expect_not_forwarded();
        assert_eq!(user(&ada.get("/x").await), ["ada@example.com"], "the session stays");
    }
    world.assert_all_workers_alive().await;
}

/// A world that asks UserInfo and hands two of its claims on.
fn asking() -> Builder {
    World::builder().plugin(|plugin| {
        plugin["providers"][0]["userInfo"] = json!(true);
        plugin["providers"][0]["timeout"] = json!("1s");
        plugin["identity"]["headers"] = json!([
            { "header": "x-username", "claim": "username" },
            { "header": "x-team", "claim": "team" },
        ]);
    })
}

#[tokio::test]
async fn user_info_adds_what_the_id_token_does_not_say_and_changes_nothing_of_it() {
    let builder = asking().cognito(|options| {
        let claims = json!({ "team": "blue", "email": "root@example.com", "cognito:groups": ["root"] });
        options.behaviour.user_info.claims.extend(claims.as_object().unwrap().clone());
    });
    let mut world = builder.start().await;
    let ada = world.person();
    let seen = ada.sign_in("ada", "/").await.upstream;
    assert_eq!((seen.all("x-username"), seen.all("x-team")), (vec!["ada"], vec!["blue"]));
    assert_eq!(seen.all("kubeflow-userid"), ["ada@example.com"], "the ID token's word counts first");
    assert_eq!(seen.all("kubeflow-groups"), ["admins,data-science"]);
    for _ in 0..3 {
        assert_eq!(ada.get("/x").await.expect(200).forwarded().all("x-team"), ["blue"]);
    }
    assert_eq!(world.control().counters().userinfo, 1, "once for a sign-in");
    world.assert_no_vm_died().await;
}

// OpenID Connect Core 5.3.2: "The sub Claim in the UserInfo Response MUST be verified to exactly match".
#[tokio::test]
async fn an_answer_of_user_info_that_is_about_another_or_none_at_all_signs_nobody_in() {
    let mut world = asking().start().await;
    let control = world.control();
    let ends_with = async |status: u16, code: &str| {
        let ada = world.person();
        let authorize = ada.begin("/deep").await;
        let page = ada.navigate(ada.approve("ada", &authorize).await.as_str()).await;
        page.expect(status).expect_not_forwarded();
        assert!(page.text().contains(&format!("Code: {code}")), "{page}");
        assert!(ada.cookie("__Host-edge_oidc").is_none(), "{page}");
        ada.get("/x").await.expect(401).expect_not_forwarded();
    };
    for sub in [UserInfoSub::Other, UserInfoSub::Missing, UserInfoSub::Number] {
        control.set_behaviour(|behaviour| behaviour.user_info.sub = sub);
        ends_with(502, "user_info_sub").await;
    }
    control.set_behaviour(|behaviour| behaviour.user_info.sub = UserInfoSub::Own);
    let unauthorized = Fault::Reply { status: 401, content_type: "text/plain".to_owned(), body: String::new() };
    for (fault, status, code) in [
        (unauthorized, 502, "user_info_refused"),
        (Fault::HtmlOk, 502, "user_info_not_json"),
        (Fault::ServiceUnavailable, 503, "user_info_unavailable"),
    ] {
        control.set_behaviour(|behaviour| behaviour.set_fault(Endpoint::UserInfo, fault, 1));
        ends_with(status, code).await;
    }
    for fault in [Fault::NoAnswer, Fault::HangUp] {
        control.set_behaviour(|behaviour| behaviour.set_fault(Endpoint::UserInfo, fault, 1));
        ends_with(503, "user_info_unavailable").await;
    }
    assert_eq!(world.person().sign_in("ada", "/").await.upstream.all("x-username"), ["ada"]);
    world.assert_all_workers_alive().await;
}
