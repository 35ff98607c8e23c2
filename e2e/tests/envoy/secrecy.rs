//! T-200: whatever happens, no log holds what would let its reader in.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use devkit::cognito::{Endpoint, Fault, TokenFault};
use e2e::{CLIENT_ID, CLIENT_SECRET, Habits, Person, World, until};

/// Everything that was secret in a run.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn add(&mut self, secret: impl Into<String>) {
        self.0.insert(secret.into());
    }

    fn query(&mut self, url: &url::Url) {
        for (name, value) in url.query_pairs() {
            if ["state", "nonce", "code", "code_challenge"].contains(&name.as_ref()) {
                self.add(value);
            }
        }
    }

    fn cookies(&mut self, person: &Person) {
        person.cookies().iter().for_each(|cookie| self.add(cookie.text()));
    }

    /// What the provider was sent: verifiers, refresh tokens, credentials.
    fn provider(&mut self, world: &World) {
        for request in world.control().requests() {
            for (name, value) in request.form.iter().chain(&request.query) {
                if ["code", "code_verifier", "client_secret", "token", "refresh_token", "state", "nonce", "password"]
                    .contains(&name.as_str())
                    && value != "password"
                {
                    self.add(value);
                }
            }
            request.header("authorization").into_iter().for_each(|value| self.add(value));
        }
    }
}

async fn one_visit(world: &World, person: &Person, secrets: &mut Secrets) {
    let authorize = person.begin("/deep?x=query-of-a-person").await;
    secrets.query(&authorize);
    secrets.cookies(person);
    let callback = person.approve("ada", &authorize).await;
    secrets.query(&callback);
    person.navigate(callback.as_str()).await;
    secrets.cookies(person);
    person.look(callback.as_str()).await;
    person.post("/x?y=query-of-a-person", "body").await;
    let mut raw = world.raw().await;
    let cookie = person.cookie_header();
    raw.ask(format!(
        "GET /x HTTP/1.1\r\nhost: evil.example\r\ncookie: {cookie}\r\nauthorization: Bearer a.bearer.token\r\n\r\n"
    ))
    .await;
    raw.ask(format!("GET /x HTTP/1.1\r\nhost: app.example.com\r\ncookie: {cookie}x\r\nauthorization: Basic a\r\nauthorization: a.bearer.token\r\n\r\n")).await;
}

#[tokio::test]
async fn no_log_holds_a_code_a_state_a_cookie_a_token_or_a_secret() {
    let mut world = World::builder()
        .workers(2)
        .args(&["--component-log-level", "wasm:trace"])
        .cognito(|options| options.behaviour.discovery.revocation_endpoint = true)
        .start()
        .await;
    let mut secrets = Secrets::default();
    world.secrets.iter().for_each(|secret| secrets.add(secret));
    secrets.add(STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    secrets.add("a.bearer.token");
    let faults = [
        Fault::InternalServerError,
        Fault::HangUp,
        Fault::HtmlOk,
        Fault::TruncatedJson,
        Fault::TooManyRequestsJson,
        Fault::ShortBody,
    ];
    for (round, habits) in [Habits::default(), Habits::default().http2()].into_iter().cycle().take(10).enumerate() {
        let person = world.person_with(habits.fresh_connections());
        if let Some(fault) = faults.get(round) {
            world.control().set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Token, fault.clone(), 1));
        } else if round == 6 {
            world.control().set_behaviour(|behaviour| behaviour.set_id_token_fault(TokenFault::Garbage, 1));
        } else if round == 7 {
            world.control().rotate_keys();
        }
        one_visit(&world, &person, &mut secrets).await;
        person.look("/oauth2/sign-out").await;
    }
    until("a revocation", || async { (world.control().counters().revoke > 0).then_some(()) }).await;
    secrets.provider(&world);
    let log = world.envoy.log();
    assert!(
        log.contains("attempt_absent")
            && log.contains("\"path\":\"/oauth2/callback\"")
            && log.contains("[trace][wasm]"),
        "the log tells nothing"
    );
    assert!(secrets.0.len() > 60, "{}", secrets.0.len());
    for secret in secrets.0.iter().filter(|secret| secret.len() > 5) {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "in the log");
    }
    for word in ["eyJ", "query-of-a-person", "ada@example.com", "code=", "state="] {
        assert_eq!(log.lines().find(|line| line.contains(word)), None, "in the log");
    }
    world.assert_all_workers_alive().await;
}
