//! What a place may ask the provider that is not ours for: a stronger sign-in (OpenID Connect Core 3.1.2.1, RFC 9470); and
//! claims from its UserInfo endpoint (5.3).

use e2e::Answer;
use http::Method;
use serde_json::{Value, json};

use crate::world::{Shape, World};

fn places(plugin: &mut Value) {
    for (path, acr) in [("/mfa", "mfa"), ("/key", "hardware")] {
        let sign_in = json!({ "acrValues": [acr] });
        let rule = json!({ "match": { "path": { "prefix": path } }, "action": "authenticate", "signIn": sign_in });
        plugin["routes"].as_array_mut().unwrap().insert(0, rule);
    }
}

/// A provider that knows two ways to sign in, and places that ask for the stronger, and for one that it does not know.
fn strong() -> Shape {
    let levels = vec!["password".to_owned(), "mfa".to_owned()];
    World::shape("client_secret_basic", "ES256").provider(|options| options.acr_values = levels).plugin(places)
}

#[track_caller]
fn is_ada(answer: &Answer) {
    assert_eq!(answer.expect(200).forwarded().all("kubeflow-userid"), ["ada@example.com"]);
}

fn parameter(answer: &Answer, name: &str) -> Option<String> {
    let to = answer.expect(302).location();
    to.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_weak_session_leads_to_one_stronger_sign_in_which_then_counts_everywhere() {
    let world = strong().workers(2).start().await;
    let ada = world.program();
    is_ada(&world.sign_in(&ada, "ada", "/").await);
    let told = ada.ask(Method::GET, "/mfa/api").send().await;
    let wanted = r#"Bearer realm="app.example.com", error="insufficient_user_authentication", acr_values="mfa""#;
    assert_eq!(told.expect(401).expect_not_forwarded().all("www-authenticate"), [wanted]);
    assert_eq!(told.json()["error"], "sign_in_too_weak");
    is_ada(&ada.get("/x").await);
    let sent = ada.look("/mfa/x?y=1").await;
    assert_eq!(parameter(&sent, "acr_values").as_deref(), Some("mfa"));
    let landing = world.sign_in(&ada, "ada", "/mfa/x?y=1").await;
    is_ada(&landing);
    assert_eq!((landing.url.path(), landing.url.query()), ("/mfa/x", Some("y=1")));
    for path in ["/mfa/api", "/x", "/mfa/api"] {
        is_ada(&ada.get(path).await);
    }
}

#[tokio::test]
async fn a_strength_that_the_provider_does_not_have_ends_on_a_page_and_costs_no_session() {
    let world = strong().start().await;
    let ada = world.person();
    is_ada(&world.sign_in(&ada, "ada", "/").await);
    let page = world.sign_in(&ada, "ada", "/key/x").await;
    assert!(matches!(page.status, 403 | 502), "{page}");
    page.expect_not_forwarded();
    assert!(page.text().contains("Code: id_token_acr") || page.text().contains("Code: sign_in_unmet"), "{page}");
    is_ada(&ada.get("/x").await);
    ada.get("/key/x").await.expect(401).expect_not_forwarded();
}

#[tokio::test]
async fn user_info_is_asked_once_for_a_sign_in_and_a_signed_answer_is_not_taken() {
    let asking = || {
        World::shape("client_secret_basic", "ES256").plugin(|plugin| plugin["providers"][0]["userInfo"] = json!(true))
    };
    let world = asking().start().await;
    let ada = world.person();
    is_ada(&world.sign_in(&ada, "ada", "/").await);
    is_ada(&ada.get("/x").await);
    assert_eq!(world.metric("provider_call.user_info.ok").await, 1);
    let world = asking().client(|client| client.with_signed_userinfo("ES256")).start().await;
    let ada = world.person();
    let page = world.sign_in(&ada, "ada", "/").await;
    assert!(page.expect(502).text().contains("user_info_signed"), "{page}");
    ada.get("/x").await.expect(401).expect_not_forwarded();
}
