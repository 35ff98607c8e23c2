//! Signing out over the wire, there and back.

use devkit::cognito::{Endpoint, Fault};
use e2e::{Builder, CLIENT_ID, CLIENT_SECRET, DOMAIN, Habits, Person, World, until};
use http::Method;

const SIGN_OUT: &str = "/oauth2/sign-out";
const SESSION: &str = "__Host-edge_oidc";

fn with_revocation() -> Builder {
    World::builder().cognito(|options| options.behaviour.discovery.revocation_endpoint = true)
}

async fn signed_in(world: &World) -> Person {
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    ada
}

// T-183
#[tokio::test]
async fn signing_out_ends_the_session_here_and_at_the_provider() {
    let mut world = with_revocation().workers(2).start().await;
    let ada = world.person_with(Habits::default().fresh_connections());
    ada.sign_in("ada", "/").await;
    ada.set_cookie("theme", "dark");
    ada.set_cookie(&format!("{SESSION}_a_AAAAAAAAAAAAAAAA"), "left");
    let answer = ada.look(SIGN_OUT).await;
    let to = answer.expect(302).expect_not_forwarded().location();
    assert_eq!((to.host_str(), to.path()), (Some(DOMAIN), "/logout"));
    let asked: Vec<_> = to.query_pairs().into_owned().collect();
    let wanted = [("client_id", CLIENT_ID), ("logout_uri", "https://app.example.com/")];
    assert_eq!(asked, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(ada.cookies().into_iter().map(|cookie| cookie.name).collect::<Vec<_>>(), ["theme"]);
    let end = ada.navigate(to.as_str()).await;
    assert_eq!(end.url.host_str(), Some(DOMAIN), "{end}");
    assert!(end.expect(200).text().contains("name=\"password\""), "the provider asks for the password again: {end}");
    assert_eq!(world.control().counters().logout, 1);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn signing_out_revokes_the_refresh_token_with_the_clients_credentials() {
    let mut world = with_revocation().start().await;
    let ada = signed_in(&world).await;
    ada.look(SIGN_OUT).await.expect(302);
    until("revocation", || async { (world.control().counters().revoke == 1).then_some(()) }).await;
    let requests = world.control().requests();
    let revoked = requests.iter().find(|request| request.endpoint == Endpoint::Revoke).unwrap();
    assert_eq!((revoked.form("client_id"), revoked.form("client_secret")), (Some(CLIENT_ID), Some(CLIENT_SECRET)));
    assert!(revoked.form("token").is_some_and(|token| token.len() > 20));
    let name = "wasmcustom.edge_oidc.provider_call.revocation.ok";
    until(name, || async { (world.envoy.stat(name).await == Some(1)).then_some(()) }).await;
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_provider_that_cannot_revoke_holds_nobody_up() {
    let mut world = with_revocation().start().await;
    for fault in [Fault::NoAnswer, Fault::InternalServerError, Fault::HangUp] {
        let ada = signed_in(&world).await;
        world.control().set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Revoke, fault, None));
        let began = std::time::Instant::now();
        ada.look(SIGN_OUT).await.expect(302);
        assert!(began.elapsed().as_millis() < 1500, "{:?}", began.elapsed());
        ada.get("/api").await.expect(401).expect_not_forwarded();
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_form_and_a_script_may_sign_out_too() {
    let mut world = World::start().await;
    let ada = signed_in(&world).await;
    let answer = ada.submit(SIGN_OUT, &[]).await;
    assert_eq!(answer.expect(303).location().path(), "/logout");
    ada.get("/api").await.expect(401);
    let grace = signed_in(&world).await;
    let answer = grace.ask(Method::POST, SIGN_OUT).header("origin", "https://app.example.com").send().await;
    let body = answer.expect(200).json();
    assert!(body["signed_out"] == true && body["location"].as_str().unwrap().contains("/logout?"), "{body}");
    grace.get("/api").await.expect(401);
    world.assert_all_workers_alive().await;
}

// T-72, T-186
#[tokio::test]
async fn another_site_or_another_method_signs_nobody_out() {
    let mut world = World::start().await;
    let ada = signed_in(&world).await;
    let cross = ada.ask(Method::GET, SIGN_OUT).navigation().header("sec-fetch-site", "cross-site").send().await;
    cross.expect(403);
    for origin in ["https://evil.example", "null", "http://app.example.com", "https://app.example.com:8443"] {
        ada.ask(Method::POST, SIGN_OUT).navigation().header("origin", origin).send().await.expect(403);
    }
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        ada.ask(method, SIGN_OUT).send().await.expect(405).expect_not_forwarded();
    }
    for path in ["/oauth2/sign-out/", "/oauth2/Sign-Out", "/x?/oauth2/sign-out"] {
        ada.look(path).await.expect(200).forwarded();
    }
    ada.get("/api").await.expect(200).forwarded();
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn signing_out_twice_or_without_a_session_is_no_error() {
    let mut world = World::start().await;
    let ada = signed_in(&world).await;
    for _ in 0..2 {
        assert_eq!(ada.look(SIGN_OUT).await.expect(302).location().path(), "/logout");
    }
    assert_eq!(world.person().look(SIGN_OUT).await.expect(302).location().path(), "/logout");
    world.assert_all_workers_alive().await;
}
