//! A service of gRPC that tells each caller what metadata it got of the call: in one answer, in a stream of them, and in a talk.
//!
//! Messages are plain text, so nothing has to be generated: gRPC itself asks for no encoding. It believes what it is sent.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::{Buf as _, BufMut as _};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::server::Grpc;
use tonic::{Response, Status, Streaming};
use tower::service_fn;

/// One answer.
pub const WHO: &str = "/people.Directory/Who";
/// An answer, and as many more as the caller asks for, ten in a second.
pub const WATCH: &str = "/people.Directory/Watch";
/// An answer, and what the caller says in capital letters, until that is `refuse`.
pub const TALK: &str = "/people.Directory/Talk";
/// What only some may call.
pub const REMOVE: &str = "/people.Directory/Remove";
/// What whoever checks its health calls, with no more than the path of the real one.
pub const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// Serves until the test ends; `pages` are beside it.
pub async fn start(pages: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let service = Router::new()
        .route(WHO, post(who))
        .route(REMOVE, post(who))
        .route(HEALTH, post(who))
        .route(WATCH, post(watch))
        .route(TALK, post(talk))
        .route("/", get(async || "a page"));
    let service = service.merge(pages);
    tokio::spawn(async move { axum::serve(listener, service).await });
    addr
}

async fn who(call: Request) -> impl IntoResponse {
    let answer = service_fn(async |call: tonic::Request<String>| Ok(Response::new(metadata(call.metadata()))));
    Grpc::new(Text).unary(answer, call).await
}

async fn watch(call: Request) -> impl IntoResponse {
    let answers = service_fn(async |call: tonic::Request<String>| {
        let more: u32 = call.get_ref().parse().map_err(|_| Status::invalid_argument("not a number"))?;
        let first = stream::iter([Ok(metadata(call.metadata()))]);
        let rest = stream::iter(1..=more).then(async |count| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(count.to_string())
        });
        Ok(Response::new(first.chain(rest).boxed()))
    });
    Grpc::new(Text).server_streaming(answers, call).await
}

async fn talk(call: Request) -> impl IntoResponse {
    let answers = service_fn(async |call: tonic::Request<Streaming<String>>| {
        let first = stream::iter([Ok(metadata(call.metadata()))]);
        Ok(Response::new(first.chain(replies(call.into_inner())).boxed()))
    });
    Grpc::new(Text).streaming(answers, call).await
}

fn replies(said: Streaming<String>) -> impl Stream<Item = Result<String, Status>> {
    said.map(|said| match said?.as_str() {
        "refuse" => Err(Status::permission_denied("as the service says")),
        said => Ok(said.to_uppercase()),
    })
}

fn metadata(metadata: &MetadataMap) -> String {
    let mut seen = Map::new();
    for name in metadata.clone().into_headers().keys() {
        let values = metadata.get_all(name.as_str()).iter().filter_map(|value| value.to_str().ok());
        seen.insert(name.to_string(), json!(values.collect::<Vec<_>>()));
    }
    Value::Object(seen).to_string()
}

/// Text as it is, on both sides.
#[derive(Clone, Copy, Default)]
pub struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Text;
    type Decoder = Text;

    fn encoder(&mut self) -> Text {
        Text
    }

    fn decoder(&mut self) -> Text {
        Text
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        Ok(Some(String::from_utf8(bytes.into()).map_err(|_| Status::internal("not text"))?))
    }
}
