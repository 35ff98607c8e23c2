//! An application that learns who asks as real ones do: from a header that it believes, or from an ID token that it verifies.
//!
//! It answers everything: a page for a browser, JSON for a program, an event stream below `…/stream`, a WebSocket below `…/ws`. Whom
//! it does not know, it refuses by itself.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Json, Redirect, Response};
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::tokens::Tokens;

/// Where an application looks for who asks.
#[derive(Clone, Copy)]
pub enum Reads {
    /// In a header that it believes.
    Header(&'static str),
    /// In ID tokens in headers, of which the first that is there counts; `Bearer` before one is cut off.
    Tokens(&'static [&'static str]),
}

/// A running application.
pub struct Stub {
    /// Where it listens.
    pub addr: SocketAddr,
    state: Arc<Known>,
}

struct Known {
    reads: Reads,
    leave: Option<(&'static str, &'static str)>,
    tokens: OnceLock<Tokens>,
    seen: Mutex<Vec<HeaderMap>>,
}

impl Stub {
    /// Serves until the test ends. `leave` is a path of its own that leads elsewhere to sign out.
    pub async fn start(reads: Reads, leave: Option<(&'static str, &'static str)>) -> Stub {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let state = Arc::new(Known { reads, leave, tokens: OnceLock::new(), seen: Mutex::default() });
        let service = Router::new().fallback(answer).with_state(Arc::clone(&state));
        // Each event goes at once.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        tokio::spawn(async move { axum::serve(listener, service).await });
        Stub { addr, state }
    }

    /// Takes such ID tokens from now on.
    pub fn trusts(&self, tokens: Tokens) {
        assert!(self.state.tokens.set(tokens).is_ok(), "it trusts others already");
    }

    /// How many requests have arrived.
    pub fn arrived(&self) -> usize {
        self.state.seen.lock().expect("a list").len()
    }

    /// The headers of the latest request.
    pub fn last(&self) -> HeaderMap {
        self.state.seen.lock().expect("a list").last().cloned().unwrap_or_default()
    }
}

impl Known {
    fn who(&self, headers: &HeaderMap) -> Option<String> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match self.reads {
            Reads::Header(name) => text(name).map(str::to_owned),
            Reads::Tokens(names) => {
                let token = names.iter().find_map(|name| text(name))?;
                let claims = self.tokens.get()?.claims(token.strip_prefix("Bearer ").unwrap_or(token))?;
                claims["email"].as_str().map(str::to_owned)
            }
        }
    }
}

async fn answer(State(known): State<Arc<Known>>, request: Request) -> Response {
    known.seen.lock().expect("a list").push(request.headers().clone());
    let path = request.uri().path().to_owned();
    let who = known.who(request.headers());
    if let Some((_, to)) = known.leave.filter(|(from, _)| *from == path) {
        return Redirect::to(to).into_response();
    }
    let Some(who) = who else {
        // What everybody may see there shows nobody; all else is the application's own refusal.
        let lower = path.to_lowercase();
        let open = ["health", "settings", "version"].iter().any(|word| lower.contains(word));
        let status = if open { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        return (status, Json(json!({ "user": Value::Null }))).into_response();
    };
    match path.rsplit('/').next() {
        Some("stream") => events(who),
        Some("ws") => {
            let upgrade = WebSocketUpgrade::from_request_parts(&mut request.into_parts().0, &()).await;
            upgrade
                .map_or_else(|refusal| refusal.into_response(), |socket| socket.on_upgrade(|socket| talk(socket, who)))
        }
        _ if wants_html(request.headers()) => page(&who).into_response(),
        _ => Json(json!({ "user": who })).into_response(),
    }
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get("accept").and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

fn page(who: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><link rel=icon href='data:,'><title>A page</title><h1 id=user>{who}</h1>"
    ))
}

/// Six events in half a second, the first at once.
fn events(who: String) -> Response {
    let events = stream::iter(0..6).then(move |count| {
        let event = Bytes::from(format!("data: {who} {count}\n\n"));
        async move {
            tokio::time::sleep(Duration::from_millis(if count == 0 { 0 } else { 100 })).await;
            Ok::<_, std::convert::Infallible>(event)
        }
    });
    ([("content-type", "text/event-stream")], Body::from_stream(events.boxed())).into_response()
}

async fn talk(mut socket: WebSocket, who: String) {
    if socket.send(Message::text(who)).await.is_err() {
        return;
    }
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        if socket.send(Message::Text(text)).await.is_err() {
            return;
        }
    }
}
