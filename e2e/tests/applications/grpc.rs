//! A gRPC service behind the filter, called as programs call it: one answer, a stream of them, a talk in both directions.

pub mod service;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use devkit::cognito::{Client, TokenFault, TokenKind};
use e2e::{Builder, CLIENT_ID, World, grpc_channel};
use futures_util::{StreamExt as _, stream};
use http::uri::PathAndQuery;
use serde_json::{Map, Value, json};
use tokio::time::sleep;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::page::Page;
use crate::people::signed_in;
use crate::world::{MALLORY, in_front_of, lies, without_filter};
use service::{HEALTH, REMOVE, TALK, Text, WATCH, WHO};

/// The machine that the page names.
const ROBOT: &str = "6h9kq2v0s4m1c3b5n7x8z0a2d4";
const ROBOT_SECRET: &str = "hunter2robot0with0many0characters";

/// The page's configuration in front of a service that speaks HTTP/2 and nothing else.
pub fn in_front(service: SocketAddr) -> Builder {
    let machine = Client::machine(ROBOT, ROBOT_SECRET, &["people/read"]);
    in_front_of(service, Page::of("grpc").configuration())
        .cognito(|options| options.clients.push(machine))
        .setup(|setup| setup.http2_cluster("app").expect("a cluster"))
}

async fn world() -> World {
    in_front(service::start(Router::new()).await).workers(2).start().await
}

/// What a program sends with a call.
fn call<T>(message: T, metadata: &[(String, String)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in metadata {
        let name = tonic::metadata::AsciiMetadataKey::from_bytes(name.as_bytes()).expect("a name");
        request.metadata_mut().append(name, value.parse().expect("a value"));
    }
    request
}

fn bearer(token: &str) -> Vec<(String, String)> {
    vec![("authorization".to_owned(), format!("Bearer {token}"))]
}

async fn client(world: &World) -> tonic::client::Grpc<Channel> {
    let mut client = tonic::client::Grpc::new(grpc_channel(&world.net).await);
    client.ready().await.expect("a connection");
    client
}

/// Calls a method with one answer; the metadata that the service got.
async fn ask(world: &World, method: &'static str, metadata: &[(String, String)]) -> Result<Value, Status> {
    let path = PathAndQuery::from_static(method);
    let answer = client(world).await.unary(call("who am I".to_owned(), metadata), path, Text).await?;
    Ok(serde_json::from_str(answer.get_ref()).expect("JSON"))
}

#[tokio::test]
async fn the_service_learns_who_calls_and_no_lie_arrives() {
    let mut world = world().await;
    let control = world.control();
    let (ada, robot) =
        (control.mint_id_token("ada", CLIENT_ID, None, |_| {}), control.mint_machine_token(ROBOT, |_| {}));
    let (person, _) = signed_in(&world, "ada", "/").await;
    let cookie = vec![("cookie".to_owned(), format!("theme=dark; {}", person.cookie_header()))];
    let cases = [
        (bearer(&ada), "ada@example.com", Some("admins,data-science")),
        (bearer(&robot), "client:6h9kq2v0s4m1c3b5n7x8z0a2d4", None),
        (cookie, "ada@example.com", Some("admins,data-science")),
    ];
    for (credentials, user, groups) in cases {
        let metadata = [credentials, lies(&Page::of("grpc").configuration())].concat();
        let seen = ask(&world, WHO, &metadata).await.expect("an answer");
        assert_eq!(seen["x-user"], json!([user]), "{seen}");
        assert_eq!(seen["x-groups"].as_array().and_then(|all| all[0].as_str()), groups, "{seen}");
        assert!(!seen.to_string().contains("mallory") && !seen.to_string().contains("edge_oidc"), "{seen}");
    }
    world.assert_no_vm_died().await;
    let open = without_filter(&world).await;
    let seen = ask(&open, WHO, &lies(&Page::of("grpc").configuration())).await.expect("an answer");
    assert_eq!(seen["x-user"], json!([MALLORY]), "the service itself believes what it is sent");
}

#[tokio::test]
async fn a_refusal_is_a_status_with_its_code_and_nothing_reaches_the_service() {
    let mut world = world().await;
    let control = world.control();
    let claims = || control.claims(TokenKind::Id, "ada", CLIENT_ID, None);
    let expired = control.sign(TokenKind::Id, claims(), Some(TokenFault::Expired));
    let unsigned = control.sign(TokenKind::Id, claims(), Some(TokenFault::AlgNone));
    let grace = control.mint_id_token("grace", CLIENT_ID, None, |_| {});
    let twice = [bearer(&grace), bearer(&grace)].concat();
    let cases = [
        (WHO, vec![], Code::Unauthenticated, "login_required"),
        (WHO, lies(&Page::of("grpc").configuration()), Code::Unauthenticated, "login_required"),
        (WHO, bearer(&expired), Code::Unauthenticated, "bearer_expired"),
        (WHO, bearer(&unsigned), Code::Unauthenticated, "jwt_algorithm_unsupported"),
        (REMOVE, bearer(&grace), Code::PermissionDenied, "requirement_unmet"),
        (WHO, twice, Code::InvalidArgument, "bearer_malformed"),
    ];
    for (method, metadata, code, message) in cases {
        let status = ask(&world, method, &metadata).await.expect_err("a refusal");
        assert_eq!((status.code(), status.message()), (code, message), "{method} {status}");
        assert!(status.metadata().get("location").is_none() && status.metadata().get("set-cookie").is_none());
    }
    let ada = control.mint_id_token("ada", CLIENT_ID, None, |_| {});
    ask(&world, REMOVE, &bearer(&ada)).await.expect("ada is an admin");
    let health = ask(&world, HEALTH, &lies(&Page::of("grpc").configuration())).await.expect("health is open to all");
    assert_eq!((health.get("x-user"), health.get("x-groups")), (None, None), "{health}");
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn a_stream_of_answers_comes_one_by_one() {
    let mut world = world().await;
    let robot = bearer(&world.control().mint_machine_token(ROBOT, |_| {}));
    let path = || PathAndQuery::from_static(WATCH);
    let begun = Instant::now();
    let watch = client(&world).await.server_streaming(call("20".to_owned(), &robot), path(), Text).await;
    let mut watch = watch.expect("a stream").into_inner();
    let first: Value = serde_json::from_str(&watch.message().await.unwrap().unwrap()).unwrap();
    assert_eq!(first["x-user"], json!([format!("client:{ROBOT}")]));
    assert!(begun.elapsed() < Duration::from_millis(1500), "nothing waits for the end of the stream");
    let rest: Vec<_> = watch.map(|message| message.expect("a message")).collect().await;
    assert_eq!(rest, (1..=20).map(|count| count.to_string()).collect::<Vec<_>>());
    let refused = client(&world).await.server_streaming(call("20".to_owned(), &[]), path(), Text).await;
    assert_eq!(refused.expect_err("a refusal").code(), Code::Unauthenticated);
    world.assert_no_vm_died().await;
}

/// Both sides speak while the other does, for longer than the token is good.
#[tokio::test]
async fn a_talk_goes_on_in_both_directions_and_ends_as_the_service_says() {
    let builder = in_front(service::start(Router::new()).await);
    let mut world = builder.plugin(|plugin| plugin["providers"][0]["leeway"] = "0s".into()).start().await;
    let brief = |claims: &mut Map<String, Value>| {
        let issued = claims["iat"].as_u64().expect("a time");
        claims.insert("exp".to_owned(), (issued + 2).into());
    };
    let robot = bearer(&world.control().mint_machine_token(ROBOT, brief));
    let path = || PathAndQuery::from_static(TALK);
    let (say, said) = tokio::sync::mpsc::unbounded_channel::<String>();
    let said = stream::unfold(said, async |mut said| said.recv().await.map(|text| (text, said)));
    let talk = client(&world).await.streaming(call(said.boxed(), &robot), path(), Text).await;
    let mut talk = talk.expect("a talk").into_inner();
    let first: Value = serde_json::from_str(&talk.message().await.unwrap().unwrap()).unwrap();
    assert_eq!(first["x-user"], json!([format!("client:{ROBOT}")]));
    for count in 0..12 {
        sleep(Duration::from_millis(250)).await;
        say.send(format!("word {count}")).unwrap();
        assert_eq!(talk.message().await.unwrap(), Some(format!("WORD {count}")));
    }
    say.send("refuse".to_owned()).unwrap();
    let status = talk.message().await.expect_err("a status");
    assert_eq!((status.code(), status.message()), (Code::PermissionDenied, "as the service says"));
    let said = stream::iter(["hello".to_owned()]);
    let refused = client(&world).await.streaming(call(said, &robot), path(), Text).await;
    assert_eq!(refused.expect_err("a refusal").message(), "bearer_expired", "it was judged when the talk began");
    world.assert_no_vm_died().await;
}
