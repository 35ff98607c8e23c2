//! Made-up key names by the thousand.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use devkit::cognito::TokenKind;
use e2e::{CLIENT_ID, Habits, World, until};
use serde_json::{Value, json};

use crate::{INVALID, programs, refused, user, with};

const PROGRAMS: usize = 8;
const TOKENS: usize = 1250;

/// A token that names a key which nobody has; all else is as it should be.
fn stray(claims: &Value, number: usize) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "RS256", "kid": format!("key-{number}") });
    format!("{}.{}.{}", part(&header), part(claims), URL_SAFE_NO_PAD.encode([1; 256]))
}

async fn storm(world: &World, claims: &Value, first: usize) {
    let program = world.person_with(Habits::default().http2());
    for number in first..first + TOKENS {
        let answer = with(&program, "/x", &stray(claims, number)).send().await;
        refused(&answer, 401, "jwt_unknown_kid", INVALID);
    }
}

// T-205
#[tokio::test]
async fn ten_thousand_tokens_of_unknown_keys_cost_a_handful_of_fetches_and_nobody_else_notices() {
    let mut world = programs().workers(2).start().await;
    let control = world.control();
    let (ada, program) = (world.person(), world.person());
    ada.sign_in("ada", "/").await;
    let good = control.mint_id_token("grace", CLIENT_ID, None, |_| {});
    let knows_the_keys = async || {
        let program = world.person_with(Habits::default().fresh_connections());
        assert_eq!(user(&with(&program, "/x", &good).send().await), ["grace@example.com"]);
    };
    world.on_every_worker(knows_the_keys).await;
    // Envoy's main thread has a VM, too, which fetches the keys for nobody.
    until("each VM has the keys", || async { (control.counters().jwks == 3).then_some(()) }).await;
    let begin = std::time::Instant::now();
    let before = control.counters().jwks;
    let claims = Value::Object(control.claims(TokenKind::Id, "ada", CLIENT_ID, None));
    let storms = futures_util::future::join_all((0..PROGRAMS).map(|index| storm(&world, &claims, index * TOKENS)));
    let others = async {
        for round in 0..10 {
            assert_eq!(user(&ada.get("/x").await), ["ada@example.com"]);
            assert_eq!(user(&with(&program, "/x", &good).send().await), ["grace@example.com"]);
            let newcomer = world.person();
            newcomer.sign_in("grace", &format!("/round/{round}")).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::join!(storms, others);
    // Each of the two workers fetches at the first stray token, and then once in half a minute.
    let allowed = 2 * (1 + begin.elapsed().as_secs() / 30);
    let fetched = control.counters().jwks - before;
    assert!((1..=allowed).contains(&fetched), "{fetched} fetches, {allowed} allowed");
    world.assert_all_workers_alive().await;
}
