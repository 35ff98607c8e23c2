//! Without the filter: what Istio's policy refuses to those who come by another way than the gateway.

use devkit::cognito::{Client, TokenFault, TokenKind};
use e2e::{Answer, CLIENT_ID, World};
use http::Method;
use serde_json::json;

use crate::istio;

const OTHER: &str = "other0client0of0the0pool00";

/// The world's applications, reached without passing the filter.
async fn around() -> World {
    let builder = istio().cognito(|options| options.clients.push(Client::public(OTHER)));
    let builder = builder.http_manager(|http| {
        let filters = http["http_filters"].as_array_mut().unwrap();
        assert_eq!(filters.remove(0)["name"], "edge-oidc");
    });
    builder.start().await
}

async fn ask(world: &World, method: Method, token: &str) -> Answer {
    world.person().ask(method, "/x").header("authorization", format!("Bearer {token}")).send().await
}

#[tokio::test]
async fn identity_headers_alone_get_nowhere() {
    let world = around().await;
    let person = world.person();
    person.ask(Method::GET, "/x").send().await.expect(403).expect_not_forwarded();
    let forged = [("kubeflow-userid", "ada@example.com"), ("kubeflow-groups", "admins")];
    person.ask(Method::GET, "/x").headers(&forged).send().await.expect(403).expect_not_forwarded();
    person.ask(Method::GET, "/healthz").send().await.expect(200).forwarded();
}

#[tokio::test]
async fn an_id_token_of_our_client_passes_and_its_groups_decide() {
    let world = around().await;
    let control = world.control();
    for (user, writes) in [("ada", 200), ("grace", 403)] {
        let token = control.mint_id_token(user, CLIENT_ID, None, |_| {});
        let answer = ask(&world, Method::GET, &token).await;
        assert_eq!(answer.expect(200).forwarded().all("authorization"), [format!("Bearer {token}")]);
        ask(&world, Method::POST, &token).await.expect(writes);
    }
    for (groups, writes) in [
        (json!(["a", "admins"]), 200),
        (json!("admins"), 200),
        (json!(["a,admins"]), 403),
        (json!(["Admins", "admins-not"]), 403),
        (json!({ "admins": true }), 403),
    ] {
        let token = control.mint_id_token("grace", CLIENT_ID, None, |claims| {
            claims.insert("cognito:groups".to_owned(), groups.clone());
        });
        assert_eq!(ask(&world, Method::POST, &token).await.status, writes, "{groups}");
    }
}

// T-100, T-165
#[tokio::test]
async fn no_other_token_passes() {
    let world = around().await;
    let control = world.control();
    let claims = control.claims(TokenKind::Id, "ada", CLIENT_ID, None);
    let faulty = |fault| control.sign(TokenKind::Id, claims.clone(), Some(fault));
    for (name, token) in [
        ("another client's", control.mint_id_token("ada", OTHER, None, |_| {})),
        ("an access token", control.mint_access_token("ada", CLIENT_ID, |_| {})),
        ("expired", faulty(TokenFault::Expired)),
        ("another issuer's", faulty(TokenFault::WrongIssuer)),
        ("a stranger's", faulty(TokenFault::UnknownKey)),
        ("with a broken signature", faulty(TokenFault::BadSignature)),
        ("without a signature", faulty(TokenFault::AlgNone)),
        ("signed with the public key", faulty(TokenFault::Hs256WithPublicKey)),
        ("no token", "x".to_owned()),
    ] {
        let answer = ask(&world, Method::GET, &token).await;
        assert!(matches!(answer.status, 401 | 403), "{name}: {answer}");
        answer.expect_not_forwarded();
    }
}

#[tokio::test]
async fn a_token_elsewhere_than_in_the_header_does_not_count() {
    let world = around().await;
    let token = world.control().mint_id_token("ada", CLIENT_ID, None, |_| {});
    let query = world.person().ask(Method::GET, &format!("/x?access_token={token}")).send().await;
    query.expect(403).expect_not_forwarded();
    let bare = world.person().ask(Method::GET, "/x").header("authorization", &token).send().await;
    assert!(matches!(bare.status, 401 | 403), "{bare}");
    bare.expect_not_forwarded();
}
