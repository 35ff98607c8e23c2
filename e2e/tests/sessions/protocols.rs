//! The new cookie comes with whatever the request was answered with.

use e2e::{Person, WebSocket, World, health_client};
use http::Method;
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::support::{expect_unchanged, expired, get_with, given, refreshes, strict};

#[tokio::test]
async fn a_web_socket_opens_after_the_refresh_and_its_101_has_the_cookie() {
    let mut world = strict().workers(2).start().await;
    let [person] = expired(&world).await;
    let headers = [("cookie", &*person.cookie_header()), ("origin", "https://app.example.com")];
    let mut socket = WebSocket::open(&world.net, "/ws", &headers).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    let new = given(&socket.answer.all("set-cookie")).unwrap_or_else(|| panic!("{}", socket.answer.head));
    let seen: Value = serde_json::from_str(&socket.receive().await).unwrap();
    assert!(seen["headers"].as_array().unwrap().contains(&json!(["kubeflow-userid", "ada@example.com"])), "{seen}");
    socket.send("hello").await;
    assert_eq!(socket.receive().await, "hello");
    expect_unchanged(&get_with(&person, "/after", &new).await);
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_call_of_grpc_is_served_after_the_refresh_and_has_the_cookie_even_without_a_message() {
    let setup = strict()
        .workers(2)
        .setup(|setup| setup.copy_cluster("app", "app_grpc").unwrap().http2_cluster("app_grpc").unwrap());
    let route = json!({ "match": { "prefix": "/grpc.health.v1.Health/" }, "route": { "cluster": "app_grpc" } });
    let mut world = setup
        .http_manager(move |http| {
            let routes = &mut http["route_config"]["virtual_hosts"][0]["routes"];
            routes.as_array_mut().unwrap().insert(0, route);
        })
        .start()
        .await;
    let [one, two] = expired(&world).await;
    let mut client = health_client(&world.net).await;
    let answer = client.check(check(&one, "")).await.unwrap();
    assert_eq!(answer.get_ref().status(), ServingStatus::Serving);
    works(&one, answer.metadata()).await;
    // Nobody knows this service: the answer is trailers and nothing else.
    let status = client.check(check(&two, "nobody")).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status}");
    works(&two, status.metadata()).await;
    assert_eq!(refreshes(&world), (2, 2));
    world.assert_all_workers_alive().await;
}

async fn works(person: &Person, metadata: &MetadataMap) {
    let lines: Vec<_> = metadata.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let new = given(&lines).unwrap_or_else(|| panic!("no new session: {metadata:?}"));
    expect_unchanged(&get_with(person, "/after", &new).await);
}

fn check(person: &Person, service: &str) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest { service: service.to_owned() });
    request.metadata_mut().insert("cookie", person.cookie_header().parse().unwrap());
    request
}

/// A world with a path whose application is away.
async fn with_a_ruin() -> World {
    let nobody = ([127, 0, 0, 1], devkit::envoy::free_port()).into();
    let setup = strict().workers(2).setup(move |setup| {
        setup.copy_cluster("app", "app_down").unwrap().cluster_address("app_down", nobody).unwrap()
    });
    let route = json!({ "match": { "prefix": "/down" }, "route": { "cluster": "app_down" } });
    let direct = json!({ "match": { "prefix": "/direct" }, "direct_response": { "status": 418 } });
    setup
        .http_manager(move |http| {
            let routes = &mut http["route_config"]["virtual_hosts"][0]["routes"];
            routes.as_array_mut().unwrap().splice(0..0, [route, direct]);
        })
        .start()
        .await
}

#[tokio::test]
async fn any_status_of_anybodys_has_the_cookie() {
    let mut world = with_a_ruin().await;
    let people = expired::<6>(&world).await;
    let asked = [
        (Method::GET, "/down", 503),
        (Method::GET, "/direct", 418),
        (Method::HEAD, "/head", 200),
        (Method::GET, "/same?answer_status=304", 304),
        (Method::GET, "/none?answer_status=204", 204),
        (Method::GET, "/broken?answer_status=500", 500),
    ];
    for (person, (method, path, status)) in people.iter().zip(asked) {
        let answer = person.ask(method, path).header("accept", "*/*").send().await;
        let new = given(&answer.expect(status).all("set-cookie")).unwrap_or_else(|| panic!("no new session: {answer}"));
        assert_eq!(person.cookie_header(), new, "{path}");
        expect_unchanged(&person.get("/after").await);
    }
    assert_eq!(refreshes(&world), (6, 6));
    world.assert_all_workers_alive().await;
}
