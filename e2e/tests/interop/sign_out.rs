//! Leaving: here, with the refresh token at the provider, and with the session there (OpenID Connect RP-Initiated Logout 1.0).

use std::time::Duration;

use devkit::oidc_provider::Client;
use e2e::{Answer, Person};
use serde_json::json;
use tokio::time::sleep;
use url::Url;

use crate::world::{METHODS, Shape, World};

const SOON: Duration = Duration::from_secs(5);
const SIGNED_OUT: &str = "https://app.example.com/oauth2/signed-out";

/// A world where signing out goes on at the provider, with the ID token in the address or without.
fn rp_initiated(hint: bool, change: impl FnOnce(Client) -> Client + 'static) -> Shape {
    let shape = World::shape("client_secret_basic", "ES256");
    let shape = shape.client(|client| change(client.with_post_logout_redirect_uris(&[SIGNED_OUT])));
    shape.plugin(move |plugin| {
        plugin["providers"][0]["logout"] = json!({ "kind": "rpInitiated", "idTokenHint": hint });
        plugin["providers"][0]["leeway"] = json!("0s");
    })
}

fn value(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

#[track_caller]
fn expect_signed_out(answer: &Answer) {
    assert!(answer.expect(200).expect_not_forwarded().text().contains("You are signed out of this site."), "{answer}");
}

/// Leaves by our sign-out; answers the address at the provider, once the provider has sent the browser back.
async fn leave(world: &World, person: &Person) -> Url {
    let answer = person.look("/oauth2/sign-out").await;
    let end_session = answer.expect(302).location();
    assert!(person.cookies().is_empty(), "{:?}", person.cookies());
    assert_eq!(end_session.origin().ascii_serialization(), world.provider.issuer());
    assert_eq!(value(&end_session, "post_logout_redirect_uri").as_deref(), Some(SIGNED_OUT));
    let back = world.leave(person, &end_session).await;
    let state = value(&end_session, "state").expect("a state");
    assert_eq!(back.as_str(), format!("{SIGNED_OUT}?state={state}"));
    expect_signed_out(&person.look(back.as_str()).await);
    world.until_counted("end_session.success", 1).await;
    end_session
}

#[tokio::test]
async fn leaving_here_ends_the_providers_session_with_an_id_token_for_a_hint_and_without() {
    for hint in [true, false] {
        let world = rp_initiated(hint, |client| client).start().await;
        let person = world.person();
        world.sign_in(&person, "ada", "/a").await.expect(200);
        let old = person.cookie_header();
        let end_session = leave(&world, &person).await;
        assert_eq!(value(&end_session, "id_token_hint").is_some(), hint, "{end_session}");
        assert_eq!(value(&end_session, "client_id").as_deref(), Some("edge-oidc:app+1"));
        for target in ["/oauth2/signed-out?state=another", "/oauth2/signed-out?state=", "/oauth2/signed-out"] {
            expect_signed_out(&person.look(target).await);
        }
        let thief = person.ask(http::Method::GET, "/a").header("cookie", old);
        thief.send().await.expect(401).expect_not_forwarded();
        assert!(world.asks_for_a_password(&person, "/b").await, "the provider still knows the person");
        let landed = world.sign_in(&person, "grace", "/b").await;
        assert_eq!(landed.forwarded().header("kubeflow-userid"), Some("grace@example.com"));
        // Who is in again, or never was out, is not told otherwise.
        assert_eq!(person.look("/oauth2/signed-out").await.expect(302).location().path(), "/");
    }
}

#[tokio::test]
async fn an_id_token_that_is_over_is_a_good_hint_still() {
    let (short, hour) = (Duration::from_secs(4), Duration::from_hours(1));
    let world = rp_initiated(true, move |client| client.with_lifetimes(short, hour, hour)).start().await;
    let person = world.person();
    world.sign_in(&person, "ada", "/a").await.expect(200);
    sleep(short).await;
    assert!(value(&leave(&world, &person).await, "id_token_hint").is_some());
    assert!(world.provider.happened("grant.revoked", SOON).await, "{:?}", world.provider.events());
    assert!(world.asks_for_a_password(&person, "/b").await);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_every_kind_of_client_revokes_the_refresh_token() {
    for method in METHODS {
        let world = World::start(method, "ES256").await;
        let person = world.person();
        world.sign_in(&person, "ada", "/a").await.expect(200);
        assert!(world.provider.events().iter().any(|event| event.event == "refresh_token.saved"), "{method}");
        let answer = person.look("/oauth2/sign-out").await;
        assert!(answer.expect(200).text().contains("You are signed out of this site."), "{answer}");
        assert!(person.cookies().is_empty(), "{:?}", person.cookies());
        person.look("/a").await.expect(302).expect_not_forwarded();
        assert!(world.provider.happened("grant.revoked", SOON).await, "{method}: {:?}", world.provider.events());
    }
}

#[tokio::test]
async fn after_a_sign_out_here_the_provider_still_knows_the_person() {
    let world = World::start("client_secret_basic", "ES256").await;
    let person = world.person();
    world.sign_in(&person, "ada", "/a").await.expect(200);
    person.look("/oauth2/sign-out").await.expect(200);
    // The revocation goes its own way, and ends all codes of the person's grant, those of a new sign-in too.
    assert!(world.provider.happened("grant.revoked", SOON).await, "{:?}", world.provider.events());
    let answer = world.sign_in(&person, "somebody who is never asked", "/b").await;
    assert_eq!(answer.expect(200).forwarded().header("kubeflow-userid"), Some("ada@example.com"));
}
