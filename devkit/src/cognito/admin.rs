//! Decides what the admin port offers: the same as `Control`, as JSON, and one page for people. It has no authentication
//! and shows secrets: it belongs on the loopback interface of a development machine.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::Behaviour;
use super::gate::not_here;
use super::merge_patch::patched;
use super::page::{escape, wide_page};
use super::pool::Pool;

/// The routes.
pub(super) fn router(pool: &Arc<Pool>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/behaviour", get(behaviour).put(put_behaviour).patch(patch_behaviour))
        .route("/rotate-keys", post(rotate_keys))
        .route("/counters", get(counters))
        .route("/requests", get(requests))
        .route("/users", get(users))
        .route("/users/{username}", patch(patch_user))
        .route("/users/{username}/global-sign-out", post(global_sign_out))
        .fallback(not_here)
        .with_state(Arc::clone(pool))
}

async fn behaviour(State(pool): State<Arc<Pool>>) -> Json<Behaviour> {
    Json(pool.behaviour())
}

/// Absent members return to their defaults.
async fn put_behaviour(State(pool): State<Arc<Pool>>, body: Bytes) -> Response {
    change(&pool, |_| serde_json::from_slice(&body))
}

/// RFC 7396 merge patch.
async fn patch_behaviour(State(pool): State<Arc<Pool>>, body: Bytes) -> Response {
    change(&pool, |behaviour| behaviour.patched(&serde_json::from_slice::<Value>(&body)?))
}

async fn rotate_keys(State(pool): State<Arc<Pool>>) -> Response {
    let mut keys = pool.keys();
    keys.rotate();
    Json(keys.jwks()).into_response()
}

async fn counters(State(pool): State<Arc<Pool>>) -> Response {
    Json(&pool.log().counters).into_response()
}

async fn requests(State(pool): State<Arc<Pool>>) -> Response {
    Json(pool.log().requests()).into_response()
}

async fn users(State(pool): State<Arc<Pool>>) -> Response {
    Json(&*pool.users()).into_response()
}

/// RFC 7396 merge patch.
async fn patch_user(State(pool): State<Arc<Pool>>, Path(username): Path<String>, body: Bytes) -> Response {
    let mut users = pool.users();
    let Some(user) = users.iter_mut().find(|user| user.username == username) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match serde_json::from_slice::<Value>(&body).and_then(|patch| patched(user, &patch)) {
        Ok(new) => {
            *user = new;
            Json(&*user).into_response()
        }
        Err(error) => refused(&error),
    }
}

async fn global_sign_out(State(pool): State<Arc<Pool>>, Path(username): Path<String>) -> StatusCode {
    if pool.global_sign_out(&username) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn home(State(pool): State<Arc<Pool>>) -> Response {
    let body = format!(
        "<p>Issuer <code>{issuer}</code><br>Domain <code>{domain}</code></p>\n\
         <p>Change a switch with <code>curl -X PATCH -d '{{\"atHash\":false}}' ADMIN/behaviour</code>, and make the next token request\n\
         fail with <code>curl -X PATCH -d '{{\"faults\":{{\"token\":{{\"fault\":\"serviceUnavailable\",\"remaining\":1}}}}}}' ADMIN/behaviour</code>;\n\
         <code>null</code> returns a switch to its default. <code>curl -X POST ADMIN/rotate-keys</code> makes new keys.</p>\n\
         <p><a href=\"/behaviour\">/behaviour</a> <a href=\"/counters\">/counters</a> <a href=\"/requests\">/requests</a>\n\
         <a href=\"/users\">/users</a></p>\n\
         <h2>Switches</h2>\n<pre>{behaviour}</pre>\n<h2>Counters</h2>\n<pre>{counters}</pre>\n<h2>Clients</h2>\n<pre>{clients}</pre>",
        issuer = escape(&pool.issuer.text),
        domain = escape(&pool.domain.text),
        behaviour = pretty(&pool.behaviour()),
        counters = pretty(&pool.log().counters),
        clients = pretty(&pool.clients),
    );
    wide_page("Local Cognito", &body)
}

fn change(pool: &Pool, new: impl FnOnce(&Behaviour) -> serde_json::Result<Behaviour>) -> Response {
    let mut behaviour = pool.behaviour_mut();
    match new(&behaviour) {
        Ok(new) => {
            *behaviour = new;
            Json(&*behaviour).into_response()
        }
        Err(error) => refused(&error),
    }
}

fn refused(error: &serde_json::Error) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response()
}

fn pretty(value: &impl Serialize) -> String {
    escape(&serde_json::to_string_pretty(value).unwrap_or_default())
}
