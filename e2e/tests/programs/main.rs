//! Programs, which come with a bearer token instead of a session (RFC 6750).
//!
//! | File | Fact |
//! |---|---|
//! | `pool` | which tokens of a user pool are taken, as whom, and which never |
//! | `accounts` | service accounts of a cluster, whose issuer may rotate its keys and be down |
//! | `answers` | what a program is told, to the letter; what it gets where a request is more or less than one token |
//! | `rules` | what a rule makes of programs and strangers: `unauthenticated`, `credentials`, `require` |
//! | `storm` | made-up key names by the thousand, while others go on |
//!
//! Opaque tokens, and JWTs of RFC 9068, are another provider's: they are in the target `interop`.

mod accounts;
mod answers;
mod pool;
mod rules;
mod storm;

use devkit::cognito::Client;
use e2e::{Answer, Ask, Builder, CLIENT_ID, Person, World};
use http::Method;
use serde_json::{Value, json};

/// A client of people whose ID tokens are taken here, though they are made for it: a command line tool.
const TOOL: &str = "0kubelogin0client0of0pool0";
/// A client of a machine.
const ROBOT: &str = "0robot0client0of0the0pool0";
const ROBOT_SECRET: &str = "robot0secret0with0many0characters";
/// A client of the same pool that has no business here.
const OTHER: &str = "0other0client0of0the0pool0";
/// What whoever brings nothing is told.
const PLAIN: &str = r#"Bearer realm="app.example.com""#;
/// What every refusal of a token says.
const INVALID: &str = r#"Bearer realm="app.example.com", error="invalid_token""#;
/// What is said to whoever brings more or less than one token.
const MALFORMED: &str = r#"Bearer realm="app.example.com", error="invalid_request""#;

/// A world that takes ID tokens of its own client and of the tool, and access tokens of its own client and of the machine.
fn programs() -> Builder {
    let clients = [
        Client::public(TOOL),
        Client::public(OTHER),
        Client::machine(ROBOT, ROBOT_SECRET, &["edge/read", "edge/write"]),
    ];
    World::builder().cognito(|options| options.clients.extend(clients)).plugin(|plugin| {
        let by_sub = json!({ "userId": { "claim": "sub", "prefix": "sub:" } });
        plugin["providers"][0]["name"] = json!("staff");
        plugin["providers"][0]["bearer"] = json!([
            { "kind": "id_token", "audiences": [CLIENT_ID, TOOL] },
            { "kind": "access_token", "clientIds": [CLIENT_ID, ROBOT], "identity": by_sub },
            // Bound to a resource (RFC 8707): to this one.
            { "kind": "access_token", "clientIds": [ROBOT], "audiences": ["https://app.example.com"], "identity": by_sub },
        ]);
    })
}

/// Adds a rule before all others.
fn first_rule(plugin: &mut Value, rule: Value) {
    plugin["routes"].as_array_mut().unwrap().insert(0, rule);
}

/// A program's request.
fn with<'a>(person: &'a Person, path: &str, token: &str) -> Ask<'a> {
    person.ask(Method::GET, path).header("authorization", format!("Bearer {token}"))
}

/// The token with another signature.
fn forged(token: &str) -> String {
    format!("{}.{}", token.rsplit_once('.').expect("a JWT").0, "A".repeat(342))
}

/// As whom the application took it.
#[track_caller]
fn user(answer: &Answer) -> Vec<&str> {
    answer.expect(200).forwarded().all("kubeflow-userid")
}

/// That a program is refused, to the letter: status, code and challenge; and nothing that a browser would act upon.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, challenge: &str) {
    answer.expect(status).expect_not_forwarded();
    assert_eq!(answer.json()["error"], code, "{answer}");
    let challenges = if challenge.is_empty() { vec![] } else { vec![challenge] };
    assert_eq!(answer.all("www-authenticate"), challenges, "{answer}");
    assert_eq!(answer.all("content-type"), ["application/json"], "{answer}");
    assert_eq!(answer.all("cache-control"), ["no-store"], "{answer}");
    assert_eq!((answer.all("location"), answer.all("set-cookie")), (vec![], vec![]), "{answer}");
}
