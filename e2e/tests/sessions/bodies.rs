//! Bodies of requests whose session must be refreshed first: they wait, and arrive whole and once.

use bytes::Bytes;
use devkit::cognito::Fault;
use devkit::upstream::Received;
use e2e::{APP, Builder, Habits, World, h2_connection};
use http::{HeaderMap, HeaderName, Request};
use serde_json::json;

use crate::support::{expect_renewed, expired, given, refreshes, spoil_refreshes, strict};

const LARGE: usize = 3 * 1024 * 1024;
const LARGE_SHA256: &str = "a588dc6a4320586d9363c40a5ed9dc085f2a9c4c54151e63d59c2887eb8cd19f";
const TRAILERS: [&str; 3] = ["kubeflow-userid", "kubeflow_groups", "x-checksum"];

fn large() -> Vec<u8> {
    (0..LARGE).map(|at| (at * 31 % 251) as u8).collect()
}

/// A slow provider, so that the body is there long before the decision.
async fn world(shape: Builder) -> World {
    let world = shape.workers(2).start().await;
    spoil_refreshes(&world, Fault::Slow { milliseconds: 600 }, None);
    world
}

/// Trailers on both sides: HTTP/1.1 clients may send some, and the application gets them by HTTP/2.
fn with_trailers() -> Builder {
    strict()
        .setup(|setup| setup.http2_cluster("app").unwrap())
        .http_manager(|manager| manager["http_protocol_options"] = json!({ "enable_trailers": true }))
}

#[track_caller]
fn expect_whole(seen: &Received) {
    assert_eq!((seen.body_length, seen.body_sha256.as_deref()), (LARGE as u64, Some(LARGE_SHA256)));
    assert_eq!(seen.all("kubeflow-userid"), ["ada@example.com"]);
}

#[tokio::test]
async fn a_large_body_waits_for_the_refresh_and_arrives_whole_and_once() {
    let mut world = world(strict()).await;
    let [one, two] = expired(&world).await;
    for (person, version) in [(one, "HTTP/1.1"), (two.with(Habits::default().http2()), "HTTP/2.0")] {
        let answer = person.post("/upload?x=1", large()).await;
        expect_renewed(&answer);
        expect_whole(answer.forwarded());
        assert_eq!(answer.version, version);
    }
    assert_eq!((refreshes(&world), world.upstream.hits()), ((2, 2), 2));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn expect_100_continue_is_kept_up_while_the_session_is_refreshed() {
    let mut world = world(strict()).await;
    let [person] = expired(&world).await;
    let mut raw = world.raw().await;
    let cookie = person.cookie_header();
    raw.send(format!(
        "POST /upload HTTP/1.1\r\nhost: {APP}\r\ncookie: {cookie}\r\nexpect: 100-continue\r\ncontent-length: {LARGE}\r\n\r\n"
    ))
    .await;
    assert_eq!(raw.head().await.unwrap().status, 100);
    let answer = raw.ask(large()).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert!(given(&answer.all("set-cookie")).is_some(), "{}", answer.head);
    assert_eq!((refreshes(&world), world.upstream.hits()), ((1, 1), 1));
    expect_whole(&world.upstream.last().unwrap());
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn chunks_and_trailers_arrive_after_the_refresh_and_no_forged_trailer_does() {
    let mut world = world(with_trailers()).await;
    let [person] = expired(&world).await;
    let mut raw = world.raw().await;
    raw.send(format!(
        "POST /upload HTTP/1.1\r\nhost: {APP}\r\ncookie: {}\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum\r\n\r\n",
        person.cookie_header()
    ))
    .await;
    for chunk in large().chunks(100_000) {
        raw.send([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).await;
    }
    let trailers: String = TRAILERS.iter().map(|name| format!("{name}: mallory\r\n")).collect();
    let answer = raw.ask(format!("0\r\n{trailers}\r\n")).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert!(given(&answer.all("set-cookie")).is_some(), "{}", answer.head);
    expect_arrived_once(&world);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn data_and_trailers_of_http_2_arrive_after_the_refresh_and_no_forged_trailer_does() {
    let mut world = world(with_trailers()).await;
    let [person] = expired(&world).await;
    let mut h2 = h2_connection(&world.net, APP).await;
    let request = Request::post(format!("https://{APP}/upload")).header("cookie", person.cookie_header());
    let (answer, mut body) = h2.send_request(request.body(()).unwrap(), false).unwrap();
    body.send_data(Bytes::from(large()), false).unwrap();
    let trailers = TRAILERS.map(|name| (HeaderName::from_static(name), "mallory".parse().unwrap()));
    body.send_trailers(HeaderMap::from_iter(trailers)).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
    let lines: Vec<_> = answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    assert!(given(&lines).is_some(), "{lines:?}");
    expect_arrived_once(&world);
    world.assert_all_workers_alive().await;
}

#[track_caller]
fn expect_arrived_once(world: &World) {
    assert_eq!((refreshes(world), world.upstream.hits()), ((1, 1), 1));
    let seen = world.upstream.last().unwrap();
    expect_whole(&seen);
    assert_eq!(seen.trailers, [("x-checksum".to_owned(), "mallory".to_owned())]);
}
