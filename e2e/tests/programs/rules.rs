//! What a rule makes of programs and strangers: `unauthenticated` and `credentials`, in a real Envoy.

use e2e::{APP, CLIENT_ID, DOMAIN, Person};
use http::Method;
use serde_json::{Value, json};

use crate::{INVALID, PLAIN, first_rule, forged, programs, refused, user, with};

fn rule(path: &str, members: Value) -> impl FnOnce(&mut Value) + 'static {
    let mut rule = json!({ "match": { "path": { "prefix": path } }, "action": "authenticate" });
    rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    |plugin| first_rule(plugin, rule)
}

async fn bare(person: &Person, method: Method, path: &str) -> e2e::Answer {
    person.ask(method, path).send().await
}

#[tokio::test]
async fn pass_lets_strangers_through_as_nobody_and_people_as_themselves() {
    let mut world = programs().plugin(rule("/open", json!({ "unauthenticated": "pass" }))).start().await;
    let (stranger, ada) = (world.person(), world.person());
    let claimed =
        [("kubeflow-userid", "root@example.com"), ("kubeflow-groups", "admins"), ("cookie", "__Host-edge_oidc=x")];
    for person in [&stranger, &ada] {
        let page = person.look("/open/x").await;
        assert!(page.expect(200).forwarded().all("kubeflow-userid").is_empty());
        let answer = person.ask(Method::POST, "/open/x").headers(&claimed).body("x").send().await;
        let seen = answer.expect(200).forwarded();
        assert_eq!(
            (seen.all("kubeflow-userid"), seen.all("kubeflow-groups"), seen.all("cookie")),
            (vec![], vec![], vec![])
        );
        if person.cookies().is_empty() {
            ada.sign_in("ada", "/").await;
            break;
        }
    }
    assert_eq!(user(&ada.get("/open/x").await), ["ada@example.com"]);
    let token = world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    assert_eq!(user(&with(&stranger, "/open/x", &token).send().await), ["grace@example.com"]);
    refused(&with(&stranger, "/open/x", &forged(&token)).send().await, 401, "jwt_signature", INVALID);
    assert_eq!(bare(&stranger, Method::GET, "/x").await.status, 401, "other paths ask as ever");
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn challenge_sends_nobody_to_sign_in_and_login_everybody_who_reads() {
    let told = rule("/api", json!({ "unauthenticated": "challenge" }));
    let sent = rule("/files", json!({ "unauthenticated": "login" }));
    let mut world = programs().plugin(told).plugin(sent).start().await;
    let stranger = world.person();
    refused(&stranger.look("/api/x").await, 401, "login_required", PLAIN);
    refused(&bare(&stranger, Method::GET, "/api/x").await, 401, "login_required", PLAIN);
    for answer in [bare(&stranger, Method::GET, "/files/x").await, bare(&stranger, Method::HEAD, "/files/x").await] {
        assert_eq!(answer.expect(302).expect_not_forwarded().location().host_str(), Some(DOMAIN));
    }
    refused(&bare(&stranger, Method::POST, "/files/x").await, 401, "login_required", PLAIN);
    // What the redirect began, ends there.
    let authorize = bare(&stranger, Method::GET, "/files/x?y=1").await.location();
    let landing = stranger.navigate(stranger.approve("ada", &authorize).await.as_str()).await;
    assert_eq!(
        (user(&landing), landing.url.as_str()),
        (vec!["ada@example.com"], &*format!("https://{APP}/files/x?y=1"))
    );
    assert_eq!(user(&stranger.look("/api/x").await), ["ada@example.com"]);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_rule_for_programs_takes_no_session_and_one_for_people_no_token() {
    let tokens = rule("/api", json!({ "credentials": ["bearer"] }));
    let sessions = rule("/app", json!({ "credentials": ["session"] }));
    let mut world = programs().plugin(tokens).plugin(sessions).start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let cookies = ada.cookie_header();
    let token = world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    refused(&ada.get("/api/x").await, 401, "bearer_absent", PLAIN);
    ada.look("/api/x").await.expect(401).expect_not_forwarded();
    assert_eq!(user(&with(&ada, "/api/x", &token).send().await), ["grace@example.com"]);
    let answer = with(&ada, "/app/x", &token).send().await;
    assert_eq!(user(&answer), ["ada@example.com"]);
    assert_eq!(answer.forwarded().all("authorization"), [format!("Bearer {token}")], "it is the application's");
    refused(&with(&world.person(), "/app/x", &token).send().await, 401, "login_required", PLAIN);
    assert_eq!(ada.cookie_header(), cookies);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_rule_hands_on_other_tokens_than_the_rest_and_nothing_of_a_clients() {
    let forward =
        json!({ "forward": { "idToken": { "header": "authorization" }, "accessToken": { "header": "x-token" } } });
    let mut world =
        programs().plugin(rule("/mesh", forward)).plugin(rule("/plain", json!({ "forward": {} }))).start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let forged = [("authorization", "Basic eA=="), ("x-token", "forged")];
    let answer = ada.ask(Method::GET, "/mesh/x").headers(&forged).send().await;
    assert_eq!(user(&answer), ["ada@example.com"]);
    let seen = answer.forwarded();
    let ([id], [access]) = (&seen.all("authorization")[..], &seen.all("x-token")[..]) else { panic!("{seen:?}") };
    assert!(id.starts_with("Bearer ey") && access.starts_with("ey"), "{seen:?}");
    let plain = ada.ask(Method::GET, "/plain/x").header("x-token", "forged").send().await;
    assert_eq!(user(&plain), ["ada@example.com"]);
    let seen = plain.forwarded();
    assert_eq!((seen.all("authorization"), seen.all("x-token")), (vec![], vec![]), "no client may write that header");
    world.assert_all_workers_alive().await;
}
