//! gRPC: a real client gets a status it understands, or the answer of the application.

use e2e::{World, health_client};
use serde_json::json;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;

const METHOD: &str = "/grpc.health.v1.Health/Check";

/// A world whose application is reached over HTTP/2 where a service of gRPC is called.
async fn world() -> World {
    let setup = World::builder()
        .workers(2)
        .setup(|setup| setup.copy_cluster("app", "app_grpc").unwrap().http2_cluster("app_grpc").unwrap());
    let route = json!({ "match": { "prefix": "/grpc.health.v1.Health/" }, "route": { "cluster": "app_grpc" } });
    setup
        .http_manager(move |http| {
            let routes = &mut http["route_config"]["virtual_hosts"][0]["routes"];
            routes.as_array_mut().unwrap().insert(0, route);
        })
        .start()
        .await
}

fn check(headers: &[(&'static str, &str)]) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest::default());
    for (name, value) in headers {
        request.metadata_mut().append(*name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_call_without_a_session_is_unauthenticated_and_goes_nowhere() {
    let mut world = world().await;
    let mut client = health_client(&world.net).await;
    for headers in [&[][..], &[("cookie", "__Host-edge_oidc=x")], &[("kubeflow-userid", "mallory@example.com")]] {
        let status = client.check(check(headers)).await.unwrap_err();
        assert_eq!((status.code(), world.upstream.hits()), (Code::Unauthenticated, 0), "{status}");
        assert!(status.metadata().get("location").is_none());
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_call_with_a_session_is_served_and_carries_identity() {
    let mut world = world().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let mut client = health_client(&world.net).await;
    let cookie = format!("theme=dark; {}", ada.cookie_header());
    let headers =
        [("cookie", cookie.as_str()), ("kubeflow-userid", "mallory@example.com"), ("kubeflow_groups", "admins")];
    let answer = client.check(check(&headers)).await.unwrap();
    assert_eq!(answer.get_ref().status(), ServingStatus::Serving);
    let seen = world.upstream.last().unwrap();
    assert_eq!((seen.path.as_str(), seen.version.as_str()), (METHOD, "HTTP/2.0"));
    assert_eq!(seen.all("kubeflow-userid"), ["ada@example.com"]);
    assert_eq!((seen.all("kubeflow_groups").len(), seen.all("kubeflow-groups")), (0, vec!["admins,data-science"]));
    assert_eq!(seen.all("cookie"), ["theme=dark"]);
    world.assert_all_workers_alive().await;
}
