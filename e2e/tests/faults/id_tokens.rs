//! Faulty ID tokens, each wrong in exactly one way, from a token endpoint that is otherwise right.

use devkit::cognito::TokenFault::{self, *};
use e2e::{Person, World};

use crate::support::{callback, expect_failed, expect_session};

/// Every fault that must end the sign-in, and the code that says which check it failed.
const REFUSED: &[(TokenFault, &str)] = &[
    (AccessTokenUse, "id_token_token_use"),
    (AlgNone, "jwt_algorithm_unsupported"),
    (AudienceArray, "id_token_aud_untrusted"),
    (BadSignature, "jwt_signature"),
    (Crit, "jwt_critical"),
    (Expired, "id_token_expired"),
    (Garbage, "jwt_segments"),
    (Hs256WithPublicKey, "jwt_algorithm_unsupported"),
    (IssuedInFuture, "id_token_iat"),
    (MissingAudience, "id_token_malformed"),
    (MissingExp, "id_token_malformed"),
    (MissingIat, "id_token_malformed"),
    (MissingNonce, "id_token_nonce"),
    (MissingSub, "id_token_malformed"),
    (MissingTokenUse, "id_token_token_use"),
    (NotYetValid, "id_token_nbf"),
    (OtherClient, "id_token_aud"),
    (UnknownKey, "jwt_unknown_kid"),
    (WrongAtHash, "id_token_at_hash"),
    (WrongIssuer, "id_token_iss"),
    (WrongNonce, "id_token_nonce"),
];

/// What the faulty tokens say and no page may repeat.
const ECHOES: &[&str] = &["another-client", "An0therP0", "bm9uY2Ut", "AAAAAAAA", "must-understand", "ada@example.com"];

async fn refused(world: &World, person: &Person, fault: TokenFault, code: &str) {
    let callback = callback(person, "/deep").await;
    world.control().set_behaviour(|behaviour| behaviour.set_id_token_fault(fault, 1));
    let hits = world.upstream.hits();
    let answer = person.look(&callback).await;
    assert_eq!(answer.status, 502, "{fault:?}: {answer}");
    expect_failed(&answer, code);
    assert_eq!(world.upstream.hits(), hits, "{fault:?} reached the application");
    let echo = ECHOES.iter().find(|words| answer.text().contains(**words));
    assert_eq!(echo, None, "{fault:?} is quoted: {}", answer.text());
    assert!(person.cookies().is_empty(), "cookies are left after {fault:?}: {:?}", person.cookies());
}

#[tokio::test]
async fn no_faulty_id_token_makes_a_session() {
    for workers in [1, 2] {
        let mut world = World::builder().workers(workers).start().await;
        let person = world.person();
        for (fault, code) in REFUSED {
            refused(&world, &person, *fault, code).await;
        }
        let log = world.envoy.log();
        for (fault, code) in REFUSED {
            assert!(log.contains(&format!("] {code}: ")), "{fault:?} is not in the log");
        }
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn a_token_without_kid_is_tried_with_every_key() {
    let mut world = World::start().await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    world.control().set_behaviour(|behaviour| behaviour.set_id_token_fault(MissingKid, 1));
    expect_session(&person.look(&callback).await, "/deep");
    world.assert_all_workers_alive().await;
}
