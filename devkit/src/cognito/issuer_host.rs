//! Decides what the issuer host serves: discovery, the JWK set, and, for a pool without a domain, endpoints that do not work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use super::gate::{authority, issuer_gate, not_here};
use super::pool::Pool;
use super::public_url::PublicUrl;

/// The routes below the issuer's path.
pub(super) fn router(pool: &Arc<Pool>) -> Router {
    let path = &pool.issuer.path;
    let mut router = Router::new()
        .route(&format!("{path}/.well-known/openid-configuration"), get(discovery))
        .route(&format!("{path}/.well-known/jwks.json"), get(jwks));
    for name in ["authorize", "token", "userInfo", "revoke", "logout"] {
        router = router.route(&format!("{path}/{name}"), any(no_domain));
    }
    router
        .fallback(not_here)
        .layer(middleware::from_fn_with_state(Arc::clone(pool), issuer_gate))
        .with_state(Arc::clone(pool))
}

/// Each issuer type has its own document; the Host header or `:authority` says which is asked for.
async fn discovery(State(pool): State<Arc<Pool>>, headers: HeaderMap, uri: Uri) -> Response {
    let issuer = if pool.issuer.answers_for(&authority(&uri, &headers)) { &pool.issuer } else { &pool.updated_issuer };
    metadata(&pool, document(&pool, issuer))
}

async fn jwks(State(pool): State<Arc<Pool>>) -> Response {
    let jwks = pool.keys().jwks();
    metadata(&pool, jwks)
}

async fn no_domain() -> Response {
    let body =
        json!({ "code": "BadRequest", "message": "The server did not understand the operation that was requested." });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn metadata(pool: &Pool, body: Value) -> Response {
    let mut response = Json(body).into_response();
    if let Some(value) = pool.behaviour().metadata_cache_control.and_then(|value| HeaderValue::from_str(&value).ok()) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}

fn document(pool: &Pool, issuer: &PublicUrl) -> Value {
    let variant = pool.behaviour().discovery;
    let issuer = &issuer.text;
    let (oauth, plain) = if variant.domain {
        (format!("{}/oauth2", pool.domain.text), pool.domain.text.clone())
    } else {
        (issuer.clone(), issuer.clone())
    };
    let mut document = json!({
        "authorization_endpoint": format!("{oauth}/authorize"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{oauth}/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": format!("{oauth}/userInfo"),
    });
    if variant.end_session_endpoint {
        document["end_session_endpoint"] = json!(format!("{plain}/logout"));
    }
    if variant.revocation_endpoint {
        document["revocation_endpoint"] = json!(format!("{oauth}/revoke"));
    }
    if variant.iss_parameter {
        document["authorization_response_iss_parameter_supported"] = json!(true);
    }
    if variant.unknown_member {
        document["x_unknown_object"] = json!({ "nested": [1, null, "text"] });
        document["x_unknown_null"] = Value::Null;
    }
    for (name, value) in pool.behaviour().metadata {
        document[name] = value;
    }
    document
}
