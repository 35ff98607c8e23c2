//! The application behind the filter: it shows whoever asks what arrived, and remembers it for a test.
//!
//! One port speaks HTTP/1.1 and HTTP/2 without TLS. Every path answers with what was received (`page` for a person, JSON
//! for a test), or as the query asks (`wish`); `/ws` is a WebSocket that begins with the same JSON and then echoes,
//! `grpc.health.v1.Health` is there for gRPC. It believes whatever it is sent: keeping lies away is what the filter is tested
//! for.

mod page;
mod received;
mod wish;

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, Request, State};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic_health::pb::health_server::{Health, HealthServer};

pub use received::{Received, Recorder};

/// A running upstream; it stops when this value is dropped.
pub struct Upstream {
    addr: SocketAddr,
    recorder: Recorder,
    _stop: oneshot::Sender<()>,
}

impl Upstream {
    /// Starts on `addr`, whose port may be 0.
    pub async fn start(addr: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(addr).await.with_context(|| format!("cannot listen on {addr}"))?;
        let addr = listener.local_addr()?;
        let recorder = Recorder::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = app(recorder.clone()).await;
        tokio::spawn(async move {
            axum::serve(listener, app)
                .with_graceful_shutdown(async {
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Self { addr, recorder, _stop: stop })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many requests have begun to arrive since the start or the last `clear`.
    pub fn hits(&self) -> u64 {
        self.recorder.hits()
    }

    /// The latest requests, oldest first; beyond a thousand the oldest are forgotten.
    pub fn requests(&self) -> Vec<Received> {
        self.recorder.requests()
    }

    /// The latest request of all.
    pub fn last(&self) -> Option<Received> {
        self.requests().pop()
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        self.recorder.clear();
    }
}

async fn app(recorder: Recorder) -> Router {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    Router::new()
        .merge(grpc(health))
        .route("/ws", any(websocket))
        .fallback(show)
        .layer(middleware::from_fn_with_state(recorder, record))
}

fn grpc(health: HealthServer<impl Health>) -> Router {
    // Its own fallback answers "unimplemented" to every path: only the service's routes are wanted here.
    Routes::new(health).into_axum_router().reset_fallback()
}

/// Takes down every request. A body is read to its end here, except where a peer may keep it open for long.
async fn record(State(recorder): State<Recorder>, request: Request, next: Next) -> Response {
    recorder.hit();
    let (parts, body) = request.into_parts();
    let mut received = Received::of(&parts);
    let body = if received.is_stream() { body } else { received.drain(body).await };
    recorder.push(received.clone());
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(received);
    next.run(request).await
}

async fn show(Extension(received): Extension<Received>) -> Response {
    let query = received.query.clone();
    let answer = match received.wants_json() {
        true => Json(received).into_response(),
        false => Html(page::render(&received)).into_response(),
    };
    tokio::time::sleep(wish::pause(&query)).await;
    wish::grant(&query, answer)
}

async fn websocket(Extension(received): Extension<Received>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| echo(socket, received))
}

async fn echo(mut socket: WebSocket, received: Received) {
    let hello = serde_json::to_string(&received).unwrap_or_default();
    if socket.send(Message::text(hello)).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.recv().await {
        let reply = match message {
            Message::Text(_) | Message::Binary(_) => message,
            Message::Close(_) => return,
            Message::Ping(_) | Message::Pong(_) => continue,
        };
        if socket.send(reply).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::tls;

    async fn start() -> Upstream {
        tls::use_ring();
        Upstream::start(([127, 0, 0, 1], 0).into()).await.unwrap()
    }

    fn h2() -> reqwest::Client {
        reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap()
    }

    #[tokio::test]
    async fn it_shows_what_it_received_on_http_1_and_http_2() {
        let upstream = start().await;
        let url = format!("http://{}/a/b?c=d&format=json", upstream.addr());
        for client in [reqwest::Client::new(), h2()] {
            let request = client.post(&url).header("x-twice", "1").header("x-twice", "2").body("hello");
            let seen: Value = request.send().await.unwrap().json().await.unwrap();
            assert_eq!(
                (&seen["method"], &seen["path"], &seen["query"]),
                (&"POST".into(), &"/a/b".into(), &"c=d&format=json".into())
            );
            assert_eq!(seen["body_length"], 5);
            assert_eq!(seen["body_sha256"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        }
        assert_eq!(upstream.hits(), 2);
        assert_eq!(upstream.last().unwrap().all("x-twice"), ["1", "2"]);
        upstream.clear();
        assert!(upstream.requests().is_empty());
    }

    #[tokio::test]
    async fn a_person_gets_a_page_without_anything_unescaped() {
        let upstream = start().await;
        let request = reqwest::Client::new().get(format!("http://{}/x", upstream.addr()));
        let page = request.header("kubeflow-userid", "<b>mallory</b>").send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Signed in as"));
        assert!(page.contains("&lt;b&gt;mallory&lt;/b&gt;") && !page.contains("<b>mallory"));
    }

    #[tokio::test]
    async fn grpc_health_serves_and_its_metadata_is_recorded() {
        let upstream = start().await;
        let request = h2()
            .post(format!("http://{}/grpc.health.v1.Health/Check", upstream.addr()))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("kubeflow-userid", "ada@example.com")
            .body(vec![0; 5]);
        let answer = request.send().await.unwrap().bytes().await.unwrap();
        assert_eq!(answer.as_ref(), [0, 0, 0, 0, 2, 8, 1]);
        assert_eq!(upstream.last().unwrap().header("kubeflow-userid"), Some("ada@example.com"));
    }
}
