//! An application as people know them, where the devkit's upstream is not enough: a form, a page that is made of a frame, a
//! page that says it must not be kept, one that says it may be, and links. Each shows who the filter says is there.

use std::net::SocketAddr;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use tokio::net::TcpListener;

/// Serves until the test ends.
pub async fn start() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let site = Router::new()
        .route("/form", get(form).post(sent))
        .route("/dashboard", get(dashboard))
        .route("/kept", get(kept))
        .route("/private", get(private))
        .fallback(other);
    tokio::spawn(async move { axum::serve(listener, site).await });
    addr
}

async fn form(headers: HeaderMap) -> impl IntoResponse {
    page(&headers, "<form method=post action=/form><textarea name=text></textarea><button>Send</button></form>")
}

async fn sent(headers: HeaderMap, body: String) -> impl IntoResponse {
    page(&headers, &format!("<p id=sent>{}</p>", body.replace(['<', '&'], "")))
}

async fn dashboard(headers: HeaderMap) -> impl IntoResponse {
    page(&headers, "<iframe src='/inner' width=640 height=420></iframe>")
}

async fn private(headers: HeaderMap) -> impl IntoResponse {
    ([("cache-control", "no-store")], page(&headers, ""))
}

async fn kept(headers: HeaderMap) -> impl IntoResponse {
    ([("cache-control", "public, max-age=600")], page(&headers, ""))
}

async fn other(headers: HeaderMap) -> impl IntoResponse {
    page(&headers, "<a id=next href=/next>Next</a>")
}

fn page(headers: &HeaderMap, content: &str) -> Html<String> {
    let user = headers.get("kubeflow-userid").and_then(|user| user.to_str().ok()).unwrap_or("nobody");
    // So that no request for an icon comes at a time of its own.
    let icon = "<link rel=icon href='data:,'>";
    Html(format!("<!doctype html><html lang=en><title>Site</title>{icon}<h1 id=user>{user}</h1>{content}"))
}
