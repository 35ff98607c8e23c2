//! Every way in which the discovery document can fail to come: people wait, are told, and are served once it is there.

use devkit::cognito::{Endpoint, Fault};
use e2e::World;

use crate::support::{impatient_with, mend, spoil, until_logged, while_people_wait};

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
        (Fault::ShortBody, "no answer: cut"),
        (Fault::Oversized { bytes: 2 << 20 }, "no answer: body_too_large"),
        (Fault::Oversized { bytes: 40 << 20 }, "no answer: cut"),
        (document("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_An0therP0", "https"), "issuer is not the configured issuer"),
        (document("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012", "http"), "authorization_endpoint is not an https URL"),
    ]
}

/// A document with this issuer whose endpoints have this scheme.
fn document(issuer: &str, scheme: &str) -> Fault {
    let host = format!("{scheme}://demo.auth.us-east-1.amazoncognito.com");
    let body = format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"{host}/oauth2/authorize","token_endpoint":"{host}/oauth2/token","jwks_uri":"{host}/k"}}"#
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
async fn metadata_that_cannot_be_fetched_again_is_kept() {
    let mut world = World::builder().workers(2).start().await;
    world.assert_all_workers_alive().await;
    spoil(&world, Endpoint::Discovery, Fault::HangUp);
    spoil(&world, Endpoint::Jwks, Fault::HangUp);
    world.assert_all_workers_alive().await;
}
