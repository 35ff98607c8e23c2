//! Decides which paths the domain host has.

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};

use super::authorize::authorize;
use super::gate::{domain_gate, not_here};
use super::login::{login, show_login};
use super::logout::{error, logout};
use super::pool::Pool;
use super::token::token;
use super::userinfo::{revoke, userinfo};

/// The routes.
pub(super) fn router(pool: &Arc<Pool>) -> Router {
    Router::new()
        .route("/oauth2/authorize", get(authorize))
        .route("/oauth2/token", post(token))
        .route("/oauth2/userInfo", get(userinfo).post(userinfo))
        .route("/oauth2/revoke", post(revoke))
        .route("/login", get(show_login).post(login))
        .route("/logout", get(logout))
        .route("/error", get(error))
        .fallback(not_here)
        .layer(middleware::from_fn_with_state(Arc::clone(pool), domain_gate))
        .with_state(Arc::clone(pool))
}
