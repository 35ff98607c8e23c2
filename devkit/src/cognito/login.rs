//! Decides who is signed in: the form, its protection against forged posts and its time limit, the password, the SSO cookie.
//! A wrong password shows the same page again with status 200, as reported for the classic UI by people who script it; the
//! live status is not documented.

use std::fmt::Write;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::authorize::{error_page, process_authorization_request, redirect, respond_with_code};
use super::behaviour::LoginVersion;
use super::gate::form;
use super::ledger::{FormId, SsoSession};
use super::page::{escape, page};
use super::params::Params;
use super::pool::Pool;
use super::random::uuid;

/// What a post changes about the page.
struct Attempt<'a> {
    username: &'a str,
    problem: Option<&'static str>,
}

/// GET /login
pub(super) async fn show_login(
    State(pool): State<Arc<Pool>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    if let Err(refusal) = process_authorization_request(&pool, &query) {
        return refusal.respond(&pool);
    }
    let params = Params::parse(query.as_bytes());
    let managed = pool.behaviour().login_version == LoginVersion::Managed;
    let username = params.get("login_hint").filter(|_| managed).unwrap_or_default();
    // One token for all tabs of a browser: a new one for every page would break the form in the tab before.
    let xsrf = cookie(&headers, "XSRF-TOKEN").filter(|token| is_uuid(token)).map_or_else(uuid, str::to_owned);
    login_page(&pool, FormId { xsrf, query }, Attempt { username, problem: None })
}

/// POST /login
pub(super) async fn login(
    State(pool): State<Arc<Pool>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let request = match process_authorization_request(&pool, &query) {
        Ok(request) => request,
        Err(refusal) => return refusal.respond(&pool),
    };
    let (form, now, behaviour) = (form(&headers, &body), pool.now(), pool.behaviour());
    let xsrf = cookie(&headers, "XSRF-TOKEN").filter(|token| form.get("_csrf") == Some(*token));
    let Some(xsrf) = xsrf.map(str::to_owned) else {
        return redirect(&error_page(&pool, "invalid_csrf_token", Some(&request.client_id)));
    };
    let id = FormId { xsrf, query };
    if !pool.ledger().form_is_open(&id, now, behaviour.login_seconds) {
        return redirect(&error_page(&pool, "login_expired", Some(&request.client_id)));
    }
    let username = form.get("username").unwrap_or_default();
    let Some(user) = pool.authenticated(username, form.get("password").unwrap_or_default()) else {
        return login_page(&pool, id, Attempt { username, problem: Some("Incorrect username or password.") });
    };
    let session = pool.ledger().begin_session(&user.username, request.acr(), now, behaviour.sso_seconds);
    pool.log().counters.interactive_sign_ins += 1;
    let acr = request.acr();
    let mut response = respond_with_code(&pool, request, &user, now, acr);
    set_cookie(&pool, &mut response, &format!("cognito={session}; Max-Age={}", behaviour.sso_seconds));
    response
}

/// The living SSO session of a browser.
pub(super) fn sso_session(pool: &Pool, headers: &HeaderMap) -> Option<SsoSession> {
    let id = cookie(headers, "cognito")?;
    let now = pool.now();
    pool.ledger().session(id, now)
}

/// Ends the SSO session and removes its cookie.
pub(super) fn end_sso_session(pool: &Pool, headers: &HeaderMap, response: &mut Response) {
    if let Some(id) = cookie(headers, "cognito") {
        pool.ledger().end_session(id);
    }
    set_cookie(pool, response, "cognito=; Max-Age=0");
}

fn login_page(pool: &Pool, form: FormId, attempt: Attempt<'_>) -> Response {
    let (now, behaviour) = (pool.now(), pool.behaviour());
    let problem =
        attempt.problem.map(|problem| format!("<p class=\"problem\" role=\"alert\">{}</p>\n", escape(problem)));
    let users = if behaviour.show_users { users_hint(pool) } else { String::new() };
    let body = format!(
        "{problem}<form method=\"post\" action=\"/login?{action}\">\n\
         <input type=\"hidden\" name=\"_csrf\" value=\"{xsrf}\">\n\
         <label for=\"username\">Username</label>\n\
         <input id=\"username\" name=\"username\" value=\"{username}\" autocomplete=\"username\" autocapitalize=\"none\" required autofocus>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\n\
         <button type=\"submit\" name=\"signInSubmitButton\" value=\"Sign in\">Sign in</button>\n</form>\n{users}",
        problem = problem.unwrap_or_default(),
        action = escape(&form.query),
        xsrf = escape(&form.xsrf),
        username = escape(attempt.username),
    );
    let mut response = page(StatusCode::OK, &format!("Sign in to {}", pool.issuer.last_segment()), &body);
    set_cookie(pool, &mut response, &format!("XSRF-TOKEN={}", form.xsrf));
    pool.ledger().open_form(form, now, behaviour.login_seconds);
    response
}

fn users_hint(pool: &Pool) -> String {
    let mut rows = String::new();
    for user in pool.users().iter() {
        let _ = writeln!(
            rows,
            "<tr><td><code>{}</code></td><td><code>{}</code></td></tr>",
            escape(&user.username),
            escape(&user.password)
        );
    }
    format!(
        "<div class=\"hint\"><p>This is a local development server, not AWS. Its users:</p>\n\
         <table><tr><th>Username</th><th>Password</th></tr>\n{rows}</table></div>"
    )
}

/// Adds `Set-Cookie`; `Secure` wherever the public URL is https, because plain-HTTP clients drop such cookies.
fn set_cookie(pool: &Pool, response: &mut Response, cookie: &str) {
    let secure = if pool.domain.secure { "; Secure" } else { "" };
    if let Ok(value) = HeaderValue::from_str(&format!("{cookie}; Path=/; HttpOnly; SameSite=Lax{secure}")) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The first cookie of that name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(given, _)| *given == name).map(|(_, value)| value)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}
