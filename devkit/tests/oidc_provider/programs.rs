//! What programs can have at the provider that is not ours: JWT access tokens for a resource server, opaque ones, tokens of
//! their own, and answers about tokens.

use devkit::oidc_provider::{Client, Options, Resource};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{World, claims, text, world, world_of};

const API: &str = "https://api.example.com/";
const OPAQUE: &str = "https://opaque.example.com/";

/// A world with a machine and two resource servers.
async fn programs(client: impl FnOnce(Client) -> Client) -> World {
    let resource = |scope: &str, algorithm: Option<&str>| Resource {
        scope: scope.to_owned(),
        algorithm: algorithm.map(str::to_owned),
    };
    let add = |options: &mut Options| {
        options.clients.push(Client::machine("machine", "machine-secret", "ES256", "orders:read orders:write"));
        options.resources.insert(API.to_owned(), resource("orders:read orders:write", Some("ES256")));
        options.resources.insert(OPAQUE.to_owned(), resource("orders:read", None));
    };
    world_of(client, add).await
}

async fn machine(world: &World, more: &[(&str, &str)]) -> (StatusCode, Value) {
    let form = [&[("grant_type", "client_credentials")], more].concat();
    let request = world.browser.post(world.url("/token")).basic_auth("machine", Some("machine-secret"));
    let answer = request.form(&form).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn introspect(world: &World, token: &str) -> Value {
    let form = [("token", token), ("client_id", "app"), ("client_secret", "secret")];
    let answer = world.browser.post(world.url("/token/introspection")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn userinfo(world: &World, token: &str) -> Response {
    world.browser.get(world.url("/me")).bearer_auth(token).send().await.unwrap()
}

fn header(token: &str) -> Value {
    claims(&format!(".{}", token.split('.').next().unwrap()))
}

// RFC 9068 2
#[tokio::test]
async fn a_machine_gets_an_at_jwt_for_a_resource_and_an_opaque_token_for_another() {
    let world = programs(|client| client).await;
    let (status, answer) = machine(&world, &[("resource", API), ("scope", "orders:read")]).await;
    assert_eq!(status, 200, "{answer}");
    let token = text(&answer, "access_token");
    assert_eq!((&header(token)["typ"], &header(token)["alg"]), (&json!("at+jwt"), &json!("ES256")));
    let token = claims(token);
    assert_eq!((&token["aud"], &token["scope"]), (&json!(API), &json!("orders:read")));
    assert_eq!((&token["sub"], &token["client_id"]), (&json!("machine"), &json!("machine")));
    assert_eq!(token["iss"], world.provider.issuer());
    let (_, opaque) = machine(&world, &[("resource", OPAQUE), ("scope", "orders:read")]).await;
    assert!(!text(&opaque, "access_token").contains('.'));
    let (status, refused) = machine(&world, &[("resource", "https://nobody.example.com/")]).await;
    assert_eq!((status.as_u16(), &refused["error"]), (400, &json!("invalid_target")));
}

// RFC 7662 2.2
#[tokio::test]
async fn introspection_tells_an_opaque_tokens_client_audience_scope_and_end() {
    let world = programs(|client| client).await;
    let (_, answer) = machine(&world, &[("resource", OPAQUE), ("scope", "orders:read")]).await;
    let about = introspect(&world, text(&answer, "access_token")).await;
    assert_eq!((&about["active"], &about["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!(
        (&about["client_id"], &about["aud"], &about["scope"]),
        (&json!("machine"), &json!(OPAQUE), &json!("orders:read"))
    );
    assert_eq!(about["exp"].as_u64().unwrap() - about["iat"].as_u64().unwrap(), 3600);
    assert_eq!(introspect(&world, "nobody's").await, json!({ "active": false }));
    let form = [("token", "x"), ("client_id", "app"), ("client_secret", "wrong")];
    let refused = world.browser.post(world.url("/token/introspection")).form(&form).send().await.unwrap();
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn its_metadata_names_where_to_ask_about_tokens() {
    let world = world(|client| client).await;
    let url = world.url("/.well-known/openid-configuration");
    let document: Value = world.browser.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(document["introspection_endpoint"], world.url("/token/introspection").as_str());
    assert_eq!(document["userinfo_endpoint"], world.url("/me").as_str());
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
}

// OpenID Connect Core 5.3
#[tokio::test]
async fn a_persons_opaque_token_opens_userinfo_and_introspection() {
    let world = world(Client::with_rich_access_tokens).await;
    let tokens = world.sign_in().await;
    let token = text(&tokens, "access_token");
    assert!(!token.contains('.'));
    let answer: Value = userinfo(&world, token).await.json().await.unwrap();
    assert_eq!(answer, json!({ "sub": "ada", "groups": ["admins"] }));
    let about = introspect(&world, token).await;
    assert_eq!((&about["active"], &about["sub"], &about["client_id"]), (&json!(true), &json!("ada"), &json!("app")));
    assert_eq!((&about["groups"], about.get("aud")), (&json!(["admins"]), None));
    let refused = userinfo(&world, "nobody's").await;
    assert_eq!(refused.status(), 401);
    assert!(refused.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
}

#[tokio::test]
async fn a_revoked_token_is_not_active_and_opens_nothing() {
    let world = world(|client| client).await;
    let tokens = world.sign_in().await;
    let token = text(&tokens, "access_token");
    let form = [("token", token), ("client_id", "app"), ("client_secret", "secret")];
    assert_eq!(world.browser.post(world.url("/token/revocation")).form(&form).send().await.unwrap().status(), 200);
    assert_eq!(introspect(&world, token).await, json!({ "active": false }));
    assert_eq!(userinfo(&world, token).await.status(), 401);
}

// RFC 8707 2
#[tokio::test]
async fn a_person_gets_an_at_jwt_for_a_resource_with_their_claims_where_it_is_rich() {
    for rich in [false, true] {
        let change = |client: Client| if rich { client.with_rich_access_tokens() } else { client };
        let world = programs(|client| change(client.with_scopes("orders:read"))).await;
        let tokens = world.sign_in_with(&[("scope", "openid groups orders:read"), ("resource", API)]).await;
        let token = claims(text(&tokens, "access_token"));
        assert_eq!(
            (&token["sub"], &token["aud"], &token["scope"]),
            (&json!("ada"), &json!(API), &json!("orders:read"))
        );
        assert_eq!(token.get("groups"), rich.then_some(&json!(["admins"])));
        assert_eq!(userinfo(&world, text(&tokens, "access_token")).await.status(), 401, "it is for the resource");
    }
}

// OpenID Connect Core 5.3.2
#[tokio::test]
async fn userinfo_can_be_a_signed_jwt() {
    let world = world(|client| client.with_signed_userinfo("ES256")).await;
    let answer = userinfo(&world, text(&world.sign_in().await, "access_token")).await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/jwt"));
    let token = claims(&answer.text().await.unwrap());
    assert_eq!((&token["sub"], &token["aud"], &token["groups"]), (&json!("ada"), &json!("app"), &json!(["admins"])));
}
