//! Which tokens of a user pool are taken, and as whom.

use devkit::cognito::{Cognito, Options, TokenFault, TokenKind};
use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use e2e::{CLIENT_ID, DOMAIN, Habits, World};
use http::Method;
use serde_json::json;

use crate::{INVALID, OTHER, ROBOT, ROBOT_SECRET, TOOL, programs, refused, user, with};

#[tokio::test]
async fn each_kind_of_token_lets_its_program_through_as_whom_it_says() {
    each_kind_lets_through(ENVOY_NEWEST).await;
}

#[tokio::test]
async fn each_kind_of_token_lets_its_program_through_in_the_oldest_envoy() {
    each_kind_lets_through(ENVOY_OLDEST).await;
}

async fn each_kind_lets_through(version: &str) {
    let mut world = programs().version(version).workers(2).start().await;
    let control = world.control();
    let ada = control.claims(TokenKind::Id, "ada", CLIENT_ID, None)["sub"].as_str().unwrap().to_owned();
    let cases = [
        (control.mint_id_token("ada", CLIENT_ID, None, |_| {}), "ada@example.com".to_owned(), "admins,data-science"),
        (control.mint_id_token("grace", TOOL, None, |_| {}), "grace@example.com".to_owned(), "data-science"),
        (control.mint_access_token("ada", CLIENT_ID, |_| {}), format!("sub:{ada}"), "admins,data-science"),
        (control.mint_machine_token(ROBOT, |_| {}), format!("sub:{ROBOT}"), ""),
    ];
    for habits in [Habits::default().fresh_connections(), Habits::default().http2()] {
        let program = world.person_with(habits);
        for (token, name, groups) in &cases {
            let forged =
                [("kubeflow-userid", "root@example.com"), ("kubeflow-groups", "admins"), ("accept", "text/html")];
            let answer = with(&program, "/x?y=1", token).headers(&forged).send().await;
            assert_eq!(user(&answer), [name.as_str()]);
            let seen = answer.forwarded();
            assert_eq!(seen.all("kubeflow-groups"), if groups.is_empty() { vec![] } else { vec![*groups] });
            assert_eq!(seen.all("authorization"), [format!("Bearer {token}")]);
            assert!(answer.all("set-cookie").is_empty() && program.cookies().is_empty());
        }
        let other = control.mint_id_token("ada", OTHER, None, |_| {});
        refused(&with(&program, "/x", &other).send().await, 401, "bearer_aud", INVALID);
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_machine_gets_its_token_at_the_pool_and_comes_in_with_it() {
    let mut world = programs().start().await;
    let program = world.person();
    let form =
        format!("grant_type=client_credentials&client_id={ROBOT}&client_secret={ROBOT_SECRET}&scope=edge%2Fread");
    let ask = program.ask(Method::POST, &format!("https://{DOMAIN}/oauth2/token")).body(form);
    let answer = ask.header("content-type", "application/x-www-form-urlencoded").send().await;
    let token = answer.expect(200).json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(user(&with(&program, "/x", &token).send().await), [format!("sub:{ROBOT}")]);
    world.assert_all_workers_alive().await;
}

// T-165, and RFC 8707: a token for a resource is for that resource only.
#[tokio::test]
async fn tokens_of_the_same_pool_for_others_open_nothing() {
    let mut world = programs().start().await;
    let (program, control) = (world.person(), world.control());
    let bound =
        |aud: &'static str| control.mint_machine_token(ROBOT, |claims| drop(claims.insert("aud".into(), json!(aud))));
    assert_eq!(user(&with(&program, "/x", &bound("https://app.example.com")).send().await), [format!("sub:{ROBOT}")]);
    for (code, token) in [
        ("bearer_aud", control.mint_id_token("ada", OTHER, None, |_| {})),
        ("bearer_client", control.mint_access_token("ada", OTHER, |_| {})),
        ("bearer_client", control.mint_access_token("ada", TOOL, |_| {})),
        ("bearer_aud", bound("https://elsewhere.example.com")),
    ] {
        refused(&with(&program, "/x", &token).send().await, 401, code, INVALID);
    }
    world.assert_all_workers_alive().await;
}

// T-100 and its neighbours: as for ID tokens of a sign-in.
#[tokio::test]
async fn a_token_with_one_thing_wrong_is_refused_for_that() {
    let mut world = programs().start().await;
    let (program, control) = (world.person(), world.control());
    for (fault, code) in [
        (TokenFault::AccessTokenUse, "bearer_claim"),
        (TokenFault::BadSignature, "jwt_signature"),
        (TokenFault::Expired, "bearer_expired"),
        (TokenFault::IssuedInFuture, "bearer_iat"),
        (TokenFault::MissingAudience, "bearer_claim"),
        (TokenFault::MissingExp, "bearer_claim"),
        (TokenFault::MissingTokenUse, "bearer_token_use"),
        (TokenFault::NotYetValid, "bearer_nbf"),
        (TokenFault::OtherClient, "bearer_aud"),
        (TokenFault::UnknownKey, "jwt_unknown_kid"),
        (TokenFault::WrongIssuer, "bearer_iss"),
    ] {
        let claims = control.claims(TokenKind::Id, "ada", CLIENT_ID, None);
        let answer = with(&program, "/x", &control.sign(TokenKind::Id, claims, Some(fault))).send().await;
        refused(&answer, 401, code, INVALID);
    }
    // No JWTs that we would read any further.
    for fault in [TokenFault::AlgNone, TokenFault::Crit, TokenFault::Garbage, TokenFault::Hs256WithPublicKey] {
        let claims = control.claims(TokenKind::Id, "ada", CLIENT_ID, None);
        let answer = with(&program, "/x", &control.sign(TokenKind::Id, claims, Some(fault))).send().await;
        assert_eq!(
            (answer.expect_not_forwarded().status, answer.all("www-authenticate")),
            (401, vec![INVALID]),
            "{fault:?}"
        );
    }
    for token in ["x", "x.y.z", "ey.ey.", "..", ".", "a".repeat(9000).as_str()] {
        let answer = with(&program, "/x", token).send().await;
        assert_eq!((answer.status, answer.all("www-authenticate")), (401, vec![INVALID]), "{answer}");
    }
    world.assert_all_workers_alive().await;
}

// T-36
#[tokio::test]
async fn a_token_of_an_unknown_issuer_is_wrong_not_absent() {
    let elsewhere = Cognito::start(Options::partners()).await.unwrap();
    let builder = programs().plugin(|plugin| {
        let rule =
            json!({ "match": { "path": { "prefix": "/open" } }, "action": "authenticate", "unauthenticated": "pass" });
        crate::first_rule(plugin, rule);
    });
    let mut world: World = builder.start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let token = elsewhere.control().mint_id_token("quinn", CLIENT_ID, None, |_| {});
    for person in [&world.person(), &ada] {
        for path in ["/x", "/open"] {
            refused(&with(person, path, &token).send().await, 401, "bearer_iss", INVALID);
        }
    }
    assert!(world.person().get("/open").await.expect(200).forwarded().all("kubeflow-userid").is_empty());
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn of_a_session_and_a_token_the_token_decides() {
    let mut world = programs().start().await;
    let (ada, control) = (world.person(), world.control());
    ada.sign_in("ada", "/").await;
    let cookies = ada.cookie_header();
    let grace = control.mint_id_token("grace", TOOL, None, |_| {});
    assert_eq!(user(&with(&ada, "/x", &grace).send().await), ["grace@example.com"]);
    let claims = control.claims(TokenKind::Id, "ada", CLIENT_ID, None);
    let forged = control.sign(TokenKind::Id, claims, Some(TokenFault::BadSignature));
    refused(&with(&ada, "/x", &forged).send().await, 401, "jwt_signature", INVALID);
    let page = with(&ada, "/x", &forged).navigation().send().await;
    assert_eq!((page.status, page.all("www-authenticate"), page.all("location")), (401, vec![INVALID], vec![]));
    assert_eq!(ada.cookie_header(), cookies, "a bad token takes no session away");
    assert_eq!(user(&ada.get("/x").await), ["ada@example.com"]);
    world.assert_all_workers_alive().await;
}
