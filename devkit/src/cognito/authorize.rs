//! Decides whether an authorization request is right (`/oauth2/authorize` and `/login` take the same one), how a wrong one is
//! answered, and what the answer with a code looks like. Who is signed in is decided in `login`.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::behaviour::{CallbackError, ErrorOrder, LoginVersion, ScopeError};
use super::ledger::{Code, Grant, SsoSession};
use super::login::sso_session;
use super::params::{Params, encode, with_query};
use super::pool::Pool;
use super::random::uuid;
use super::{Behaviour, Client, User};

/// A request that may get a code.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    redirect_uri: String,
    state: Option<String>,
    scopes: Scopes,
    nonce: Option<String>,
    code_challenge: Option<String>,
    resource: Option<String>,
    prompt: Prompt,
    max_age: Option<u64>,
    acr_values: Vec<String>,
}

/// Why there is no code, and where that is said.
#[derive(Debug)]
pub(super) enum Refusal {
    /// At the client's callback.
    Callback { redirect_uri: String, error: String, error_description: Option<String>, state: Option<String> },
    /// Nowhere: 400 without a body.
    Empty,
    /// On the domain's error page.
    Page { error: &'static str, client_id: Option<String> },
}

/// The granted scopes; or a sign-in that fails in the end because of them.
#[derive(Clone, Debug)]
enum Scopes {
    Fail,
    Grant(Vec<String>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Prompt {
    Absent,
    Login,
    None,
}

/// GET /oauth2/authorize
pub(super) async fn authorize(
    State(pool): State<Arc<Pool>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    if let Some(mix_up) = pool.behaviour().mix_up {
        return redirect(&mix_up.target(&query));
    }
    let request = match process_authorization_request(&pool, &query) {
        Ok(request) => request,
        Err(refusal) => return refusal.respond(&pool),
    };
    let session = sso_session(&pool, &headers).filter(|session| request.is_met_by(session, pool.now()));
    match session.and_then(|session| Some((pool.user(&session.username)?, session.auth_time, session.acr))) {
        Some((user, auth_time, acr)) => {
            pool.log().counters.silent_sign_ins += 1;
            respond_with_code(&pool, request, &user, auth_time, acr)
        }
        None if request.prompt == Prompt::None => request.refuse("login_required", None).respond(&pool),
        None => redirect(&with_query(&format!("{}/login", pool.domain.text), &query)),
    }
}

/// Checks the request in the order in which a wrong one can still be reported to someone.
pub(super) fn process_authorization_request(pool: &Pool, query: &str) -> Result<AuthorizationRequest, Refusal> {
    let params = Params::parse(query.as_bytes());
    let behaviour = pool.behaviour();
    let client_id = params.get("client_id").map(str::to_owned);
    let page = |error| Refusal::Page { error, client_id: client_id.clone() };
    if params.repeats() {
        return Err(page("invalid_request"));
    }
    let client = client_id.as_deref().and_then(|id| pool.client(id)).ok_or_else(|| page("invalid_request"))?;
    let redirect_uri = redirect_uri(&params, client).map_err(&page)?;
    if behaviour.empty_on_json_state && params.get("state").is_some_and(is_json) {
        return Err(Refusal::Empty);
    }
    let request = AuthorizationRequest {
        client_id: client.client_id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        state: params.get("state").map(str::to_owned),
        scopes: Scopes::Fail,
        nonce: params.get("nonce").map(str::to_owned),
        code_challenge: params.get("code_challenge").map(str::to_owned),
        resource: params.get("resource").map(str::to_owned),
        prompt: prompt(&params, &behaviour),
        max_age: params.get("max_age").filter(|_| behaviour.step_up).and_then(|seconds| seconds.parse().ok()),
        acr_values: acr_values(&params, &behaviour),
    };
    check_flow(&params, client).map_err(|error| request.refuse(error, None))?;
    if let Some(CallbackError { error, error_description }) = &behaviour.callback_error {
        return Err(request.refuse(error, error_description.as_deref()));
    }
    match (scopes(&params, client), behaviour.scope_error) {
        (Ok(scopes), _) | (Err(scopes), ScopeError::Ignored) => {
            Ok(AuthorizationRequest { scopes: Scopes::Grant(scopes), ..request })
        }
        (Err(_), ScopeError::Failed) => Ok(request),
        (Err(_), ScopeError::Callback) => Err(request.refuse("invalid_request", Some("invalid_scope"))),
        (Err(_), ScopeError::Documented) => Err(request.refuse("invalid_scope", None)),
        (Err(_), ScopeError::Page) => Err(page("invalid_scope")),
    }
}

/// Ends a sign-in: back to the client with `code`, then `state`.
pub(super) fn respond_with_code(
    pool: &Pool,
    request: AuthorizationRequest,
    user: &User,
    auth_time: u64,
    acr: Option<String>,
) -> Response {
    let (now, behaviour) = (pool.now(), pool.behaviour());
    let Scopes::Grant(scopes) = request.scopes else {
        return Refusal::Page { error: "invalid_scope", client_id: Some(request.client_id) }.respond(pool);
    };
    let grant = Grant {
        client_id: request.client_id,
        username: user.username.clone(),
        scopes,
        // Cognito talks to the other provider with a nonce of its own, and that one ends up in the ID token.
        nonce: request.nonce.or_else(|| user.federated.as_ref().map(|_| uuid())),
        resource: request.resource,
        auth_time,
        acr,
        origin_jti: uuid(),
        event_id: uuid(),
    };
    let expires = now.saturating_add(behaviour.code_seconds);
    let code =
        Code { grant, redirect_uri: request.redirect_uri.clone(), code_challenge: request.code_challenge, expires };
    let code = pool.ledger().issue_code(code, now);
    let state = request.state.map(|state| format!("state={}", encoded_state(&state, &behaviour)));
    let issuer = behaviour.callback_issuer.member(&pool.issuer_in_effect().text);
    let members = [Some(format!("code={code}")), state, issuer];
    redirect(&with_query(&request.redirect_uri, &members.into_iter().flatten().collect::<Vec<_>>().join("&")))
}

/// 302 to `location`; 400 if that cannot be a header.
pub(super) fn redirect(location: &str) -> Response {
    match HeaderValue::from_bytes(location.as_bytes()) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

impl AuthorizationRequest {
    /// How somebody has signed in who signs in for this request now.
    pub(super) fn acr(&self) -> Option<String> {
        self.acr_values.first().cloned()
    }

    /// Whether it may be answered without a form.
    fn is_met_by(&self, session: &SsoSession, now: u64) -> bool {
        let young = self.max_age.is_none_or(|max_age| now <= session.auth_time.saturating_add(max_age));
        let strong =
            self.acr_values.is_empty() || session.acr.as_ref().is_some_and(|acr| self.acr_values.contains(acr));
        self.prompt != Prompt::Login && young && strong
    }

    fn refuse(&self, error: &str, error_description: Option<&str>) -> Refusal {
        Refusal::Callback {
            redirect_uri: self.redirect_uri.clone(),
            error: error.to_owned(),
            error_description: error_description.map(str::to_owned),
            state: self.state.clone(),
        }
    }
}

impl Refusal {
    /// The answer.
    pub(super) fn respond(self, pool: &Pool) -> Response {
        let behaviour = pool.behaviour();
        match self {
            Refusal::Callback { redirect_uri, error, error_description, state } => {
                let error = format!("error={}", encode(&error));
                let description = error_description.map(|text| format!("error_description={}", encode(&text)));
                let state = state
                    .filter(|_| behaviour.error_state)
                    .map(|state| format!("state={}", encoded_state(&state, &behaviour)));
                let issuer = behaviour.callback_issuer.member(&pool.issuer_in_effect().text);
                let members = match behaviour.error_order {
                    ErrorOrder::DescriptionFirst => [description, state, Some(error)],
                    ErrorOrder::ErrorFirst => [Some(error), description, state],
                };
                redirect(&with_query(
                    &redirect_uri,
                    &members.into_iter().chain([issuer]).flatten().collect::<Vec<_>>().join("&"),
                ))
            }
            Refusal::Empty => StatusCode::BAD_REQUEST.into_response(),
            Refusal::Page { error, client_id } => redirect(&error_page(pool, error, client_id.as_deref())),
        }
    }
}

/// The URL of the error page.
pub(super) fn error_page(pool: &Pool, error: &str, client_id: Option<&str>) -> String {
    let client_id = client_id.map(|id| format!("&client_id={}", encode(id))).unwrap_or_default();
    format!("{}/error?error={}{client_id}", pool.domain.text, encode(error))
}

/// The registered URL that is asked for, compared exactly; the only one if none is asked for.
fn redirect_uri<'a>(params: &Params, client: &'a Client) -> Result<&'a str, &'static str> {
    match (params.get("redirect_uri"), client.callback_urls.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err("invalid_request"),
        (Some(given), urls) => urls.iter().find(|url| *url == given).map(String::as_str).ok_or("redirect_mismatch"),
    }
}

fn check_flow(params: &Params, client: &Client) -> Result<(), &'static str> {
    match params.get("response_type") {
        Some("code") if client.code_grant => {}
        // The implicit grant is on for no client of this pool.
        Some("code" | "token") => return Err("unauthorized_client"),
        _ => return Err("invalid_request"),
    }
    match (params.get("code_challenge"), params.get("code_challenge_method")) {
        (None, None) | (Some(_), Some("S256")) => Ok(()),
        _ => Err("invalid_request"),
    }
}

/// The scopes to grant; or, as the error, those that are left when the wrong ones are dropped.
fn scopes(params: &Params, client: &Client) -> Result<Vec<String>, Vec<String>> {
    let Some(wanted) = params.get("scope") else {
        return Ok(client.scopes.clone());
    };
    let wanted: Vec<_> = wanted.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let has_openid = wanted.iter().any(|scope| scope == "openid");
    let right = |scope: &String| {
        let needs_openid = matches!(scope.as_str(), "email" | "phone" | "profile");
        client.scopes.contains(scope) && scope != "offline_access" && (has_openid || !needs_openid)
    };
    if wanted.iter().all(right) { Ok(wanted) } else { Err(wanted.into_iter().filter(right).collect()) }
}

fn prompt(params: &Params, behaviour: &Behaviour) -> Prompt {
    let prompts = params.get("prompt").filter(|_| behaviour.login_version == LoginVersion::Managed).unwrap_or_default();
    if prompts.split(' ').any(|prompt| prompt == "login" || prompt == "select_account") {
        Prompt::Login
    } else if prompts == "none" {
        Prompt::None
    } else {
        Prompt::Absent
    }
}

fn acr_values(params: &Params, behaviour: &Behaviour) -> Vec<String> {
    let wanted = params.get("acr_values").filter(|_| behaviour.step_up).unwrap_or_default();
    wanted.split(' ').filter(|acr| !acr.is_empty()).map(str::to_owned).collect()
}

fn is_json(state: &str) -> bool {
    state.starts_with(['{', '[', '"']) && serde_json::from_str::<serde_json::Value>(state).is_ok()
}

/// Percent-encoded, unless Cognito's undoing of `=`, `+` and `/` is on.
fn encoded_state(state: &str, behaviour: &Behaviour) -> String {
    let encoded = encode(state);
    if behaviour.mangle_state { encoded.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/") } else { encoded }
}
