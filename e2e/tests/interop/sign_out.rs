//! Leaving: here, and with the refresh token at the provider.

use std::time::Duration;

use crate::world::{METHODS, World};

const SOON: Duration = Duration::from_secs(5);

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
