//! Bearer tokens of the provider that is not ours: JWT access tokens (RFC 9068), and opaque ones that only it can read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use devkit::oidc_provider::{Client, Options, Resource};
use e2e::{Answer, Person};
use http::Method;
use serde_json::{Value, json};

use crate::world::{CLIENT_ID, Shape, World};

const API: &str = "https://api.example.com/";
const OTHER_API: &str = "https://other.example.com/";
const OPAQUE: &str = "https://opaque.example.com/";
const INVALID: &str = r#"Bearer realm="app.example.com", error="invalid_token""#;

fn machines(options: &mut Options) {
    for name in ["machine", "stranger"] {
        options.clients.push(Client::machine(name, "machine-secret", "ES256", "orders:read orders:write"));
    }
    for (indicator, algorithm) in [(API, Some("ES256")), (OTHER_API, Some("ES256")), (OPAQUE, None)] {
        let scope = "orders:read orders:write".to_owned();
        options.resources.insert(indicator.to_owned(), Resource { scope, algorithm: algorithm.map(str::to_owned) });
    }
}

/// A world with machines, that takes tokens by these entries.
fn taking(bearer: Value) -> Shape {
    World::shape("client_secret_basic", "ES256").provider(machines).plugin(move |plugin| {
        plugin["providers"][0]["bearer"] = bearer.clone();
        plugin["identity"]["userId"] = json!({ "claim": "sub", "header": "kubeflow-userid" });
        plugin["identity"]["forward"] = json!({ "accessToken": { "header": "x-token" } });
        let rule = json!({ "match": { "path": { "prefix": "/write" } }, "action": "authenticate", "require": { "scopes": ["orders:write"] } });
        plugin["routes"].as_array_mut().unwrap().insert(0, rule);
    })
}

fn at_the_provider<'a>(world: &World, person: &'a Person, path: &str, client: &str, secret: &str) -> e2e::Ask<'a> {
    let form = person.ask(Method::POST, &format!("{}{path}", world.provider.issuer()));
    let basic = STANDARD.encode(format!("{client}:{secret}"));
    form.header("authorization", format!("Basic {basic}")).header("content-type", "application/x-www-form-urlencoded")
}

/// A token of a machine for a resource.
async fn token(world: &World, client: &str, resource: &str, scope: &str) -> String {
    let program = world.person();
    let fields = [("grant_type", "client_credentials"), ("resource", resource), ("scope", scope)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let answer = at_the_provider(world, &program, "/token", client, "machine-secret").body(form).send().await;
    answer.expect(200).json()["access_token"].as_str().expect("a token").to_owned()
}

async fn bring(world: &World, path: &str, token: &str) -> Answer {
    world.program().ask(Method::GET, path).header("authorization", format!("Bearer {token}")).send().await
}

#[track_caller]
fn is(answer: &Answer, name: &str) {
    assert_eq!(answer.expect(200).forwarded().all("kubeflow-userid"), [name]);
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.expect(401).expect_not_forwarded().json()["error"], code, "{answer}");
    assert_eq!(answer.all("www-authenticate"), [INVALID]);
}

// RFC 9068 4
#[tokio::test]
async fn an_at_jwt_for_this_resource_opens_it_and_one_for_another_does_not() {
    let bearer = json!([{ "kind": "access_token", "audiences": [API], "clientIds": ["machine"] }]);
    let world = taking(bearer).workers(2).start().await;
    let good = token(&world, "machine", API, "orders:read").await;
    for _ in 0..4 {
        is(&bring(&world, "/x", &good).await, "machine");
    }
    refused(&bring(&world, "/x", &token(&world, "machine", OTHER_API, "orders:read").await).await, "bearer_aud");
    refused(&bring(&world, "/x", &token(&world, "stranger", API, "orders:read").await).await, "bearer_client");
    refused(&bring(&world, "/x", &token(&world, "machine", OPAQUE, "orders:read").await).await, "bearer_unaccepted");
    is(&bring(&world, "/write/x", &token(&world, "machine", API, "orders:read orders:write").await).await, "machine");
    let told = bring(&world, "/write/x", &good).await;
    let wanted = r#"Bearer realm="app.example.com", error="insufficient_scope", scope="orders:write""#;
    assert_eq!((told.expect(403).expect_not_forwarded().all("www-authenticate")), [wanted]);
}

// RFC 7662
#[tokio::test]
async fn an_opaque_token_is_good_as_long_as_the_provider_says_so() {
    let machines = json!([{ "kind": "introspection", "audiences": [OPAQUE], "clientIds": ["machine"], "cache": "0s" }]);
    let world = taking(machines).start().await;
    let good = token(&world, "machine", OPAQUE, "orders:read orders:write").await;
    is(&bring(&world, "/x", &good).await, "machine");
    is(&bring(&world, "/write/x", &good).await, "machine");
    refused(&bring(&world, "/x", &token(&world, "stranger", OPAQUE, "orders:read").await).await, "bearer_client");
    refused(&bring(&world, "/x", "nobodys-token").await, "bearer_inactive");
}

#[tokio::test]
async fn a_persons_opaque_token_is_good_until_it_is_revoked() {
    let bearer = json!([{ "kind": "introspection", "clientIds": [CLIENT_ID], "cache": "0s" }]);
    let world = taking(bearer).start().await;
    // A person's own opaque access token, and what becomes of it when it is revoked.
    let ada = world.person();
    let seen = world.sign_in(&ada, "ada", "/").await;
    let theirs = seen.expect(200).forwarded().header("x-token").expect("a token").to_owned();
    assert!(!theirs.contains('.'));
    is(&bring(&world, "/x", &theirs).await, "ada");
    let program = world.person();
    let client: String = url::form_urlencoded::byte_serialize(CLIENT_ID.as_bytes()).collect();
    let secret: String = url::form_urlencoded::byte_serialize(e2e::CLIENT_SECRET.as_bytes()).collect();
    let revoke =
        at_the_provider(&world, &program, "/token/revocation", &client, &secret).body(format!("token={theirs}"));
    revoke.send().await.expect(200);
    refused(&bring(&world, "/x", &theirs).await, "bearer_inactive");
}

#[tokio::test]
async fn an_answer_about_a_token_is_remembered_and_never_for_another_token() {
    let bearer = json!([{ "kind": "introspection", "audiences": [OPAQUE], "clientIds": ["machine", "stranger"], "cache": "60s" }]);
    let world = taking(bearer).start().await;
    let good = token(&world, "machine", OPAQUE, "orders:read").await;
    for _ in 0..5 {
        is(&bring(&world, "/x", &good).await, "machine");
    }
    assert_eq!(world.metric("provider_call.introspection.ok").await, 1);
    let other = token(&world, "stranger", OPAQUE, "orders:read").await;
    is(&bring(&world, "/x", &other).await, "stranger");
    assert_eq!(world.metric("provider_call.introspection.ok").await, 2);
    // T-31: what is remembered is who it is, not that every rule lets them in.
    assert_eq!(bring(&world, "/write/x", &good).await.expect(403).json()["error"], "requirement_unmet");
    for _ in 0..3 {
        refused(&bring(&world, "/x", "nobodys-token").await, "bearer_inactive");
    }
    assert_eq!(world.metric("provider_call.introspection.refused").await, 1, "a no is remembered, too");
}

#[tokio::test]
async fn user_info_vouches_for_people_and_for_no_machine() {
    let bearer = json!([{ "kind": "user_info", "anyClient": true, "cache": "60s" }]);
    let world = taking(bearer).start().await;
    let seen = world.sign_in(&world.person(), "ada", "/").await;
    let theirs = seen.expect(200).forwarded().header("x-token").expect("a token").to_owned();
    for _ in 0..3 {
        let answer = bring(&world, "/x", &theirs).await;
        is(&answer, "ada");
        assert_eq!(answer.forwarded().all("kubeflow-groups"), ["admins,data-science"]);
    }
    assert_eq!(world.metric("provider_call.user_info.ok").await, 1);
    refused(&bring(&world, "/x", &token(&world, "machine", OPAQUE, "orders:read").await).await, "bearer_inactive");
    refused(&bring(&world, "/x", "nobodys-token").await, "bearer_inactive");
}
