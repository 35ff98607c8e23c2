//! Somebody leaves the provider, and the provider tells the gateway (OpenID Connect Back-Channel Logout 1.0): the logout tokens
//! are its own, and come on its own connection.

use e2e::{Answer, Person};
use http::Method;
use serde_json::json;

use crate::world::World;

const SIGNED_OUT: &str = "https://app.example.com/oauth2/signed-out";
/// So that each of two workers gets some.
const OFTEN: usize = 12;

async fn world(session_required: bool) -> World {
    let shape = World::shape("client_secret_basic", "ES256").workers(2).back_channel(session_required);
    let shape = shape.client(|client| client.with_post_logout_redirect_uris(&[SIGNED_OUT]));
    shape.plugin(|plugin| plugin["providers"][0]["logout"] = json!({ "kind": "rpInitiated" })).start().await
}

/// The cookies of a new session of this person's.
async fn session(world: &World, person: &Person, user: &str) -> String {
    person.forget_cookies();
    world.sign_in(person, user, "/a").await.expect(200);
    person.forget_cookie("__Host-edge_oidc_landed");
    person.cookie_header()
}

/// What each of some requests with these cookies gets, at both workers.
async fn answers(world: &World, cookies: &str) -> Vec<Answer> {
    let program = world.program();
    let mut answers = Vec::new();
    for _ in 0..OFTEN {
        let ask = program.ask(Method::GET, "/who").header("accept", "application/json");
        answers.push(ask.without_cookies().header("cookie", cookies).send().await);
    }
    answers
}

async fn expect_served(world: &World, cookies: &str, user: &str) {
    for answer in answers(world, cookies).await {
        assert_eq!(
            answer.expect(200).forwarded().header("kubeflow-userid"),
            Some(format!("{user}@example.com").as_str())
        );
    }
}

async fn expect_over(world: &World, cookies: &str) {
    for answer in answers(world, cookies).await {
        answer.expect(401).expect_not_forwarded();
        assert_eq!(answer.deleted_cookies(), ["__Host-edge_oidc"], "{answer}");
    }
}

/// Two browsers of ada's with one session at the provider, a third with another, and grace. Ada leaves by the second.
async fn the_provider_ends(session_required: bool) {
    let world = world(session_required).await;
    let [ada, also_ada, grace] = [world.person(), world.person(), world.person()];
    let first = session(&world, &ada, "ada").await;
    let second = session(&world, &ada, "nobody is asked").await;
    let third = session(&world, &also_ada, "ada").await;
    let hers = session(&world, &grace, "grace").await;
    for cookies in [&first, &second, &third] {
        expect_served(&world, cookies, "ada").await;
    }
    let end_session = ada.look("/oauth2/sign-out").await.expect(302).location();
    expect_served(&world, &first, "ada").await;
    world.leave(&ada, &end_session).await;
    world.until_counted("backchannel.success", 1).await;
    expect_over(&world, &first).await;
    expect_over(&world, &second).await;
    match session_required {
        true => expect_served(&world, &third, "ada").await,
        false => expect_over(&world, &third).await,
    }
    expect_served(&world, &hers, "grace").await;
    assert_eq!((world.metric("logout_token.accepted").await, world.metric("logout_token.refused").await), (1, 0));
    assert_eq!(world.count("backchannel.error"), 0);
    // It ends what there was, not what comes.
    let new = session(&world, &ada, "ada").await;
    expect_served(&world, &new, "ada").await;
}

#[tokio::test]
async fn a_logout_token_with_sid_ends_the_sessions_of_one_session_at_the_provider() {
    the_provider_ends(true).await;
}

#[tokio::test]
async fn a_logout_token_without_sid_ends_all_sessions_of_a_person() {
    the_provider_ends(false).await;
}
