//! Decides what `/logout` and `/error` do. `/logout` is not RP-initiated logout: `id_token_hint` and
//! `post_logout_redirect_uri` lead to the error page, and no `state` comes back.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::form_urlencoded;

use super::authorize::{error_page, redirect};
use super::login::end_sso_session;
use super::page::{escape, page};
use super::params::Params;
use super::pool::Pool;

/// GET /logout
pub(super) async fn logout(State(pool): State<Arc<Pool>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let location = match destination(&pool, &params) {
        Ok(location) => location,
        Err(missing) => {
            let error = format!("Required String parameter '{missing}' is not present");
            return redirect(&error_page(&pool, &error, params.get("client_id")));
        }
    };
    let mut response = redirect(&location);
    end_sso_session(&pool, &headers, &mut response);
    response
}

/// GET /error
pub(super) async fn error(RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let error = escape(params.get("error").unwrap_or("unknown error"));
    let client =
        params.get("client_id").map(|id| format!("<p class=\"hint\">App client <code>{}</code></p>", escape(id)));
    let body = format!(
        "<p class=\"problem\" role=\"alert\">An error was encountered with the requested page: {error}</p>\n\
         <p>Go back to the application and sign in again.</p>\n{}",
        client.unwrap_or_default()
    );
    page(StatusCode::BAD_REQUEST, "Something went wrong", &body)
}

/// Where to go; or the parameter that the real error page would miss.
fn destination(pool: &Pool, params: &Params) -> Result<String, &'static str> {
    let client = params.get("client_id").and_then(|id| pool.client(id)).ok_or("client_id")?;
    if let Some(logout_uri) = params.get("logout_uri") {
        return client.logout_urls.iter().find(|url| *url == logout_uri).cloned().ok_or("redirect_uri");
    }
    let redirect_uri = params.get("redirect_uri").ok_or("redirect_uri")?;
    params.get("response_type").ok_or("response_type")?;
    if !client.callback_urls.iter().any(|url| url == redirect_uri) {
        return Err("redirect_uri");
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params.clone().into_vec()).finish();
    Ok(format!("{}/login?{query}", pool.domain.text))
}
