//! Programs: requests with bearer tokens, the tokens themselves, and a world that takes them.

use edge_oidc::time::UnixTime;
use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    provider::OIDC,
    world::{CLIENT, PERSON, World},
};

/// The claims of an access token and nothing of a person.
pub const ROBOT: &str = "robot";
/// A Kubernetes service account.
pub const ACCOUNT: &str = "system:serviceaccount:kubeflow:pipeline-runner";
/// What every refusal of a token says.
pub const INVALID: &str = r#"Bearer realm="app.example.com", error="invalid_token""#;
/// What whoever brings nothing is told.
pub const PLAIN: &str = r#"Bearer realm="app.example.com""#;
/// What is said to whoever brings more or less than one token.
pub const MALFORMED: &str = r#"Bearer realm="app.example.com", error="invalid_request""#;

/// One entry for each kind of token.
pub fn every_kind() -> Value {
    json!([
        { "kind": "id_token", "audiences": [CLIENT, "kubelogin"] },
        { "kind": "access_token", "audiences": ["edge"] },
        { "kind": "service_account", "audiences": ["edge"], "identity": { "userId": { "claim": "sub", "prefix": "pods:" } } },
        { "kind": "introspection", "audiences": ["edge"], "clientIds": [ROBOT], "cache": "60s" },
    ])
}

/// The changes that make a configuration take every kind of token, for [`World::configured`] and [`tree`](crate::world).
pub fn taking_every_kind(tree: &mut Value) {
    tree["providers"][0]["bearer"] = every_kind();
}

/// A world that takes every kind of token, with more changes.
pub fn world(change: impl FnOnce(&mut Value)) -> World {
    World::configured(|tree| {
        taking_every_kind(tree);
        change(tree);
    })
}

/// The same, which has the provider's keys and has asked it nothing else yet.
pub fn warm(change: impl FnOnce(&mut Value)) -> World {
    let mut world = world(change);
    assert_eq!(world.send(&Request::bare("/")).status(), 401);
    world.advance(std::time::Duration::from_secs(4));
    assert_eq!(world.provider.asked, ["metadata", "keys"]);
    world
}

/// A rule for `/app` and all below.
pub fn rule(tree: &mut Value, members: &Value) {
    let mut rule = json!({ "match": { "path": { "prefix": "/app" } }, "action": "authenticate" });
    rule.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    tree["routes"].as_array_mut().unwrap().insert(0, rule);
}

/// A program's request with `token`.
pub fn program(path: &str, token: &str) -> Request {
    Request::bare(path).with("authorization", &format!("Bearer {token}"))
}

/// `claims` with `changes`; null takes one away.
pub fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// What every token says.
fn common(now: UnixTime) -> Value {
    json!({ "iss": OIDC, "iat": now.secs(), "exp": now.secs() + 3600, "jti": "1" })
}

/// An ID token that kubelogin sends.
pub fn id_token(world: &World, changes: &Value) -> String {
    let claims = json!({
        "sub": "sub of kim", "aud": "kubelogin", "email": PERSON, "email_verified": true, "groups": ["team-a", "b,c"], "nonce": "n",
    });
    world.provider.sign(None, &changed(changed(common(world.now), &claims), changes))
}

/// An access token of RFC 9068.
pub fn access_token(world: &World, changes: &Value) -> String {
    let claims =
        json!({ "sub": "sub of kim", "aud": "edge", "client_id": ROBOT, "email": PERSON, "scope": "read write" });
    world.provider.sign(Some("at+jwt"), &changed(changed(common(world.now), &claims), changes))
}

/// A token of a service account.
pub fn account_token(world: &World, changes: &Value) -> String {
    let claims = json!({
        "sub": ACCOUNT, "aud": ["edge"],
        "kubernetes.io": { "namespace": "kubeflow", "serviceaccount": { "name": "pipeline-runner" } },
    });
    world.provider.sign(None, &changed(changed(common(world.now), &claims), changes))
}

/// `token` with another signature.
pub fn forged(token: &str) -> String {
    format!("{}.{}", token.rsplit_once('.').unwrap().0, crate::signing::encode([1; 64]))
}

/// That a program is refused: status, code and challenge; nothing of it is a page, a redirect or a cookie.
pub fn refused(answer: &Answer, status: u16, code: &str, challenge: &str) {
    assert_eq!(answer.said(), (status, code.to_owned()));
    assert_eq!(answer.header("www-authenticate"), Some(challenge), "{code}");
    assert_eq!(answer.reply().headers().iter().filter(|(name, _)| *name == "www-authenticate").count(), 1);
    assert_eq!((answer.header("location"), answer.cookies()), (None, Vec::new()), "{code}");
}

/// That a refusal is a document.
pub fn told(answer: &Answer, status: u16, code: &str, challenge: &str) {
    refused(answer, status, code, challenge);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{code}");
}

/// That nobody could say anything about a token.
pub fn unavailable(answer: &Answer, code: &str) {
    assert_eq!(answer.said(), (503, code.to_owned()));
    assert_eq!((answer.header("retry-after"), answer.header("www-authenticate")), (Some("5"), None));
}
