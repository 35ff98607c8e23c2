//! Bodies: whole and once with a session, nowhere without.

use bytes::Bytes;
use devkit::cognito::{Endpoint, Fault};
use e2e::{APP, Habits, Http, Person, World, h2_connection, until};
use http::{HeaderMap, Method};

const LARGE: usize = 3 * 1024 * 1024;
const LARGE_SHA256: &str = "a588dc6a4320586d9363c40a5ed9dc085f2a9c4c54151e63d59c2887eb8cd19f";

fn large() -> Vec<u8> {
    (0..LARGE).map(|at| (at * 31 % 251) as u8).collect()
}

async fn both(world: &World) -> [Person; 2] {
    let one = world.person();
    one.sign_in("ada", "/").await;
    let two = one.with(Habits::default().http(Http::Two));
    [one, two]
}

#[tokio::test]
async fn a_large_body_arrives_whole_and_once_with_a_session() {
    let mut world = World::builder().workers(2).start().await;
    for person in both(&world).await {
        let answer = person.post("/upload?x=1", large()).await;
        let seen = answer.expect(200).forwarded();
        assert_eq!((seen.body_length, seen.header("kubeflow-userid")), (LARGE as u64, Some("ada@example.com")));
        assert_eq!(seen.body_sha256.as_deref(), Some(LARGE_SHA256));
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_large_body_without_a_session_gets_its_401_and_goes_nowhere() {
    let mut world = World::builder().workers(2).start().await;
    for http in [Http::One, Http::Two] {
        let person = world.person_with(Habits::default().http(http));
        // Over HTTP/1.1 the gateway may answer and hang up before all is sent; what counts is that it neither waits nor forwards.
        let ask = person.ask(Method::POST, "/upload").body(large());
        if let Ok(answer) = ask.try_send().await {
            answer.expect(401);
        }
    }
    assert_eq!(world.upstream.hits(), 0);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_form_without_a_session_gets_a_page_and_goes_nowhere() {
    let mut world = World::start().await;
    for http in [Http::One, Http::Two] {
        let person = world.person_with(Habits::default().http(http));
        let answer = person.submit("/form", &[("text".into(), "typed for an hour".into())]).await;
        answer.expect(401).expect_not_forwarded();
        assert!(
            answer.header("content-type").starts_with("text/html") && answer.text().contains("session ended"),
            "{answer}"
        );
        person.post("/api", "{}").await.expect(401).expect_not_forwarded();
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn expect_100_continue_is_kept_up_with_a_session() {
    let mut world = World::start().await;
    let [one, two] = both(&world).await;
    let mut raw = world.raw().await;
    let cookie = one.cookie_header();
    let head = format!(
        "POST /upload HTTP/1.1\r\nhost: {APP}\r\ncookie: {cookie}\r\nexpect: 100-continue\r\ncontent-length: {LARGE}\r\n\r\n"
    );
    raw.send(head).await;
    assert_eq!(raw.head().await.unwrap().status, 100);
    assert_eq!(raw.ask(large()).await.status, 200);
    assert_eq!(world.upstream.last().unwrap().body_length, LARGE as u64);
    let answer = two.ask(Method::POST, "/upload").header("expect", "100-continue").body(large()).send().await;
    assert_eq!(answer.expect(200).forwarded().body_length, LARGE as u64);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn expect_100_continue_without_a_session_gets_its_401_and_nothing_is_asked_for() {
    let mut world = World::start().await;
    let mut raw = world.raw().await;
    raw.send(format!(
        "POST /upload HTTP/1.1\r\nhost: {APP}\r\nexpect: 100-continue\r\ncontent-length: {LARGE}\r\n\r\n"
    ))
    .await;
    let status = raw.head().await.unwrap().status;
    // Envoy may invite the body before it asks the filter; the answer is 401 all the same.
    let status = if status == 100 { raw.ask(large()).await.status } else { status };
    assert_eq!((status, world.upstream.hits()), (401, 0));
    world.assert_all_workers_alive().await;
}

/// A host that lets bodies run ahead of paused headers; here the sign-in's redirect waits for metadata meanwhile.
#[tokio::test]
async fn a_body_never_overtakes_the_decision() {
    let mut world =
        World::builder().filter(|filter| filter["allow_on_headers_stop_iteration"] = true.into()).start().await;
    let slow = Fault::Slow { milliseconds: 700 };
    world.control().set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Discovery, slow, None));
    let mut h2 = h2_connection(&world.net, APP).await;
    // A GET that waits may have a body too.
    let navigation = http::Request::get(format!("https://{APP}/x")).header("accept", "text/html");
    let (answer, mut body) = h2.send_request(navigation.body(()).unwrap(), false).unwrap();
    body.send_data(Bytes::from(vec![b'x'; 40_000]), false).unwrap();
    until("metadata is asked for", || async { (world.control().counters().discovery > 0).then_some(()) }).await;
    body.send_data(Bytes::from_static(b"more"), false).unwrap();
    body.send_trailers(HeaderMap::from_iter([(http::HeaderName::from_static("x-end"), "1".parse().unwrap())])).unwrap();
    assert_eq!((answer.await.unwrap().status().as_u16(), world.upstream.hits()), (302, 0));
    let ada = world.person();
    ada.post("/x", large()).await.expect(401).expect_not_forwarded();
    ada.sign_in("ada", "/").await;
    assert_eq!(ada.post("/x", "whole").await.expect(200).forwarded().body_length, 5);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_in_the_middle_harms_nobody() {
    let mut world = World::builder().workers(2).start().await;
    let cookie = both(&world).await[0].cookie_header();
    for cut in 0..6 {
        let mut raw = world.raw().await;
        let body = "x".repeat(cut * 1000);
        raw.send(format!(
            "POST /half HTTP/1.1\r\nhost: {APP}\r\ncookie: {cookie}\r\ncontent-length: 9999\r\n\r\n{body}"
        ))
        .await;
        let mut stranger = world.raw().await;
        stranger.send(format!("POST /half HTTP/1.1\r\nhost: {APP}\r\ncontent-length: 9999\r\n\r\n{body}")).await;
        assert_eq!(stranger.head().await.map(|head| head.status), Some(401));
    }
    world.assert_all_workers_alive().await;
}
