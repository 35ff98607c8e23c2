//! Every way in which the discovery document can fail to come: people wait, are told, and are served once it is there.

use devkit::cognito::{Endpoint, Fault};
use e2e::{World, until};
use serde_json::json;

use crate::support::{expect_session_deleted, impatient, impatient_with, mend, spoil, until_logged, while_people_wait};

/// What goes wrong, and what the log says about it.
fn faults() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::Slow { milliseconds: 2500 }, "was answered 504"),
        (Fault::NoAnswer, "was answered 504"),
        (Fault::HangUp, "was answered 503"),
        (Fault::InternalServerError, "was answered 500"),
        (Fault::ServiceUnavailable, "was answered 503"),
        (Fault::TooManyRequestsJson, "was answered 429"),
        (Fault::ThrottledJson, "was answered 400"),
        (Fault::ForbiddenHtml, "was answered 403"),
        (Fault::HtmlOk, "the metadata is not a JSON object"),
        (Fault::TruncatedJson, "the metadata is not a JSON object"),
        (Fault::ShortBody, "no answer: the connection ended"),
        (Fault::Oversized { bytes: 2 << 20 }, "no answer: the body is larger"),
        (Fault::Oversized { bytes: 40 << 20 }, "no answer: the connection ended"),
        (
            document("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_An0therP0", "https"),
            "issuer is not the configured issuer",
        ),
        (
            document("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012", "http"),
            "authorization_endpoint is not an https URL",
        ),
    ]
}

/// A document with this issuer whose authorization endpoint has this scheme.
fn document(issuer: &str, scheme: &str) -> Fault {
    let host = "demo.auth.us-east-1.amazoncognito.com";
    let body = format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"{scheme}://{host}/oauth2/authorize","token_endpoint":"https://{host}/oauth2/token","jwks_uri":"https://{host}/k"}}"#
    );
    Fault::Reply { status: 200, content_type: "application/json".to_owned(), body }
}

/// Puts one fault after the other in the way, each until the log has said so.
async fn one_after_the_other(world: &World) {
    for (fault, said) in faults() {
        let from = world.envoy.log().len();
        spoil(world, Endpoint::Discovery, fault);
        until_logged(world, from, said).await;
    }
}

// T-32
#[tokio::test]
async fn whatever_becomes_of_discovery_people_are_told_to_come_back_and_then_served() {
    let mut world = impatient_with(Endpoint::Discovery, Fault::NoAnswer).start().await;
    while_people_wait(&world, one_after_the_other(&world)).await;
    let person = world.person();
    let (answer, ()) = tokio::join!(person.look("/deep"), async { mend(&world, Endpoint::Discovery) });
    answer.expect(302);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn an_issuer_that_goes_away_is_not_missed_while_its_documents_are_fresh() {
    let mut world = World::builder().workers(2).start().await;
    world.assert_all_workers_alive().await;
    spoil(&world, Endpoint::Discovery, Fault::HangUp);
    spoil(&world, Endpoint::Jwks, Fault::HangUp);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn without_any_metadata_sessions_are_good_and_signing_out_ends_them_here() {
    let key = |plugin: &mut serde_json::Value| {
        plugin["session"]["keys"] = json!(["C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c"])
    };
    let mut up = impatient().plugin(key).start().await;
    let mut down = impatient_with(Endpoint::Discovery, Fault::NoAnswer).plugin(key).start().await;
    let ada = up.person();
    ada.sign_in("ada", "/").await;
    let there = down.person();
    ada.cookies().iter().for_each(|cookie| there.set_cookie(&cookie.name, &cookie.value));
    there.get("/who").await.expect(200);
    let out = there.look("/oauth2/sign-out").await;
    expect_session_deleted(out.expect(200), &there);
    there.get("/who").await.expect(401);
    mend(&down, Endpoint::Discovery);
    up.assert_all_workers_alive().await;
    down.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_revocation_that_fails_holds_up_no_sign_out() {
    let mut world = impatient().workers(2).start().await;
    for fault in [
        Fault::NoAnswer,
        Fault::HangUp,
        Fault::InternalServerError,
        Fault::ShortBody,
        Fault::Oversized { bytes: 2 << 20 },
    ] {
        let person = world.person();
        person.sign_in("ada", "/").await;
        let revoked = world.control().counters().revoke;
        spoil(&world, Endpoint::Revoke, fault.clone());
        let began = std::time::Instant::now();
        let out = person.look("/oauth2/sign-out").await;
        assert!(began.elapsed().as_millis() < 900, "{fault:?} held it up for {:?}", began.elapsed());
        expect_session_deleted(out.expect(302), &person);
        until("the token is revoked", || async { (world.control().counters().revoke > revoked).then_some(()) }).await;
    }
    mend(&world, Endpoint::Revoke);
    world.assert_all_workers_alive().await;
}
