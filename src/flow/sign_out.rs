//! Signing out: our cookies end here, the provider's session ends where the browser goes next.
//!
//! Decides who may ask for it and where the browser goes. Revocation is a call of the engine's that never holds this up.

use serde_json::json;

use crate::{
    config::Config,
    flow::{answer, inbound::Inbound, refusal::Refusal},
    http::{
        origin::Origin,
        reply::Reply,
        request::{Client, RequestView},
    },
    oidc::{discovery::ProviderMetadata, logout::logout_request},
    session::{delete_attempts, delete_session},
};

/// Whether this request may end the session: a page of another site may not do it behind the person's back (T-72, T-186).
///
/// # Errors
/// A method that signs nobody out, or a request that another site caused.
pub fn permit(view: &RequestView, origin: &Origin) -> Result<(), Refusal> {
    if !matches!(view.method(), "GET" | "POST") {
        return Err(Refusal::MethodNotAllowed);
    }
    let own_origin = view.values("origin").all(|value| value == origin.to_string().as_bytes());
    let own_site = match view.text("sec-fetch-site") {
        Some(site) => matches!(site, "same-origin" | "same-site" | "none"),
        None => view.values("sec-fetch-site").next().is_none(),
    };
    if own_origin && own_site { Ok(()) } else { Err(Refusal::CrossSiteSignOut) }
}

/// The answer: every cookie of ours deleted, and on to the provider if it has a sign-out and is known.
pub fn answer(config: &Config, metadata: Option<&ProviderMetadata>, inbound: &Inbound, origin: &Origin) -> Reply {
    let next = metadata.and_then(|metadata| logout_request(config.provider(), metadata, origin));
    let reply = match (inbound.client, next) {
        (Client::Grpc | Client::Program | Client::WebSocket, next) => {
            Reply::json(200, &json!({ "signed_out": true, "location": next.map(|url| url.to_string()) }))
        }
        (_, Some(url)) if inbound.view.method() == "POST" => Reply::see_other(url.as_str()),
        (_, Some(url)) => Reply::redirect(url.as_str()),
        (_, None) => answer::signed_out(config),
    };
    let cookies = delete_session(&config.session, &inbound.cookies);
    reply.with_cookies(cookies).with_cookies(delete_attempts(&config.session, &inbound.cookies))
}
