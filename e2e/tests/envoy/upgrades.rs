//! WebSockets and CONNECT.

use e2e::{APP, WebSocket, World, h2_connection};
use serde_json::{Value, json};

const COOKIE: &str = "theme=dark";

fn all<'a>(seen: &'a Value, name: &str) -> Vec<&'a str> {
    let pairs = seen["headers"].as_array().unwrap().iter();
    pairs.filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_web_socket_opens_with_a_session_and_carries_identity() {
    let mut world = World::builder().workers(2).start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let cookie = format!("{COOKIE}; {}", ada.cookie_header());
    let own = ("origin", "https://app.example.com");
    for headers in [vec![("cookie", cookie.as_str()), own], vec![("cookie", cookie.as_str())]] {
        let mut socket =
            WebSocket::open(&world.net, "/ws", &headers).await.unwrap_or_else(|answer| panic!("{answer:?}"));
        let seen: Value = serde_json::from_str(&socket.receive().await).unwrap();
        assert_eq!(all(&seen, "kubeflow-userid"), ["ada@example.com"]);
        assert_eq!(all(&seen, "cookie"), [COOKIE]);
        socket.send("hello").await;
        assert_eq!(socket.receive().await, "hello");
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_web_socket_without_a_session_is_401() {
    let mut world = World::start().await;
    for cookie in [COOKIE, "__Host-edge_oidc=x"] {
        let answer = WebSocket::open(&world.net, "/ws", &[("cookie", cookie)]).await.err().unwrap();
        assert_eq!((answer.status, world.upstream.hits()), (401, 0), "{answer:?}");
        assert!(answer.header("location").is_none());
    }
    world.assert_all_workers_alive().await;
}

// T-190: cross-site WebSocket hijacking
#[tokio::test]
async fn a_web_socket_that_another_sites_page_opens_is_403() {
    let mut world = World::start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let (cookie, hits) = (ada.cookie_header(), world.upstream.hits());
    for origin in ["https://evil.example", "null", "http://app.example.com", "https://app.example.com.evil.example", ""]
    {
        let headers = [("cookie", cookie.as_str()), ("origin", origin)];
        let answer =
            WebSocket::open(&world.net, "/ws", &headers).await.err().unwrap_or_else(|| panic!("{origin:?} may"));
        assert_eq!((answer.status, world.upstream.hits()), (403, hits), "{origin:?}: {answer:?}");
    }
    world.assert_all_workers_alive().await;
}

// T-40 by way of `Connection`: the next hop must not be told to drop our header.
#[tokio::test]
async fn connection_cannot_name_an_identity_header() {
    let mut world = World::start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let (cookie, key) = (ada.cookie_header(), "dGhlIHNhbXBsZSBub25jZQ==");
    for members in
        ["Upgrade, kubeflow-userid", "kubeflow-groups , Upgrade,cookie", "upgrade, x-request-id, Kubeflow_Userid"]
    {
        let mut raw = world.raw().await;
        let head = format!(
            "GET /ws HTTP/1.1\r\nhost: {APP}\r\nupgrade: websocket\r\nconnection: {members}\r\ncookie: {cookie}\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n"
        );
        raw.send(head).await;
        assert_eq!(raw.head().await.unwrap().status, 101, "{members}");
        let seen = world.upstream.last().unwrap();
        assert_eq!(seen.all("connection").join(",").to_ascii_lowercase(), "upgrade", "{members}");
        assert_eq!(seen.all("kubeflow-userid"), ["ada@example.com"]);
    }
    world.assert_all_workers_alive().await;
}

async fn with_connect() -> World {
    let http = |http: &mut Value| {
        http["upgrade_configs"].as_array_mut().unwrap().push(json!({ "upgrade_type": "CONNECT" }));
        let routes = &mut http["route_config"]["virtual_hosts"][0]["routes"];
        let connect = json!({ "match": { "connect_matcher": {} }, "route": { "cluster": "app" } });
        routes.as_array_mut().unwrap().insert(0, connect);
    };
    World::builder().workers(2).http_manager(http).start().await
}

#[tokio::test]
async fn connect_is_400_and_reaches_nothing() {
    let mut world = with_connect().await;
    for _ in 0..4 {
        let mut raw = world.raw().await;
        let answer = raw.ask(format!("CONNECT {APP}:443 HTTP/1.1\r\nhost: {APP}:443\r\n\r\n")).await;
        assert_eq!(answer.status, 400, "{}", answer.head);
        let mut h2 = h2_connection(&world.net, APP).await;
        let request = http::Request::connect(format!("{APP}:443")).body(()).unwrap();
        let (answer, _body) = h2.send_request(request, false).unwrap();
        assert_eq!(answer.await.unwrap().status(), 400);
    }
    assert_eq!(world.upstream.hits(), 0);
    world.assert_all_workers_alive().await;
}
