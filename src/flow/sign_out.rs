//! Signing out: our cookies end here, the provider's session ends where the browser goes next.
//!
//! Decides who may ask for it and where the browser goes. Revocation is a call of the engine's that never holds this up.

use serde_json::json;

use crate::{
    config::Config,
    flow::{
        answer,
        inbound::{Inbound, Wish},
        refusal::Refusal,
    },
    http::{
        origin::Origin,
        path::ReturnPath,
        reply::Reply,
        request::{Client, RequestView},
    },
    oidc::{
        discovery::SignInEndpoints,
        logout::{LogoutTarget, logout_request},
        pkce::random_token,
        provider::{LogoutKind, ProviderSettings},
    },
    secret::Secret,
    session::{delete_attempts, delete_session},
    time::Entropy,
};

/// Whether this request for an application's path is one to sign out, by the argument in its query: a person's GET or a POST.
/// Others go on by the rules.
pub fn is_asked_for(config: &Config, inbound: &Inbound) -> bool {
    let ours = inbound.origin.is_some() && inbound.wish == Wish::Forward;
    let taken = matches!((inbound.view.method(), inbound.client), ("GET", Client::Navigation) | ("POST", _));
    ours && taken && config.paths.signs_out_by(inbound.view.query().unwrap_or_default())
}

/// Whether this request may end the session: a page of another site may not do it behind the person's back, and neither
/// may an image or a speculative load (T-72, T-186). A person's GET, any POST of our own site and the GET of a script there may.
///
/// # Errors
/// A method that signs nobody out, or a request that another site caused.
pub fn permit(view: &RequestView, client: Client, origin: &Origin) -> Result<(), Refusal> {
    match (view.method(), client) {
        ("GET", Client::Navigation) | ("POST", _) => {}
        // Whatever script can do that could POST as well.
        ("GET", Client::Program) if is_own_script(view) => {}
        _ => return Err(Refusal::MethodNotAllowed),
    }
    let own = origin.to_string();
    let every = |name, expected: &str| view.values(name).all(|value| value == expected.as_bytes());
    let permitted = match view.text("sec-fetch-site") {
        // Our pages send `Origin: null` with their forms, since their referrer policy is `no-referrer` (Fetch §3.2.5).
        Some("same-origin") => every("origin", &own) || every("origin", "null"),
        Some("same-site" | "none") => every("origin", &own),
        Some(_) => false,
        None => view.values("sec-fetch-site").next().is_none() && every("origin", &own) && has_own_referer(view, &own),
    };
    if permitted { Ok(()) } else { Err(Refusal::CrossSiteSignOut) }
}

/// Whether a script of our own origin asks, by what no script can forge; an image has another destination.
fn is_own_script(view: &RequestView) -> bool {
    view.text("sec-fetch-site") == Some("same-origin") && view.text("sec-fetch-dest") == Some("empty")
}

/// Whether `Referer`, where a browser without Fetch metadata sends it, names a page of our own.
fn has_own_referer(view: &RequestView, own: &str) -> bool {
    view.values("referer").all(|value| {
        let rest = value.strip_prefix(own.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    })
}

/// The answer: every cookie of ours deleted, and on to the provider if it has a sign-out and is known.
///
/// # Errors
/// The random source gave nothing.
pub fn answer(
    config: &Config,
    (provider, endpoints): (Option<&ProviderSettings>, Option<&SignInEndpoints>),
    inbound: &Inbound,
    origin: &Origin,
    id_token_hint: Option<&Secret<String>>,
    entropy: &mut dyn Entropy,
) -> Result<Reply, Refusal> {
    let wish = wish(config, provider, inbound, origin);
    let state = random_token(entropy)?;
    // Cognito's guides register the start page, RP-initiated logout has a page of ours.
    let return_url = match provider.map(|provider| &provider.logout) {
        Some(LogoutKind::RpInitiated { .. }) => format!("{origin}{}", config.paths.signed_out),
        Some(LogoutKind::Cognito { .. } | LogoutKind::Local { .. }) | None => format!("{origin}/"),
    };
    let chosen = wish.as_deref().filter(|wish| listed(provider, wish).is_some());
    // A script in a page may read what we answer it, and no token is for it.
    let id_token_hint = id_token_hint.filter(|_| !inbound.client.is_program());
    let target = LogoutTarget { chosen, return_url: &return_url, id_token_hint, state: state.secret() };
    let known = provider.zip(endpoints);
    let away = known.and_then(|(provider, endpoints)| logout_request(provider, endpoints, target)).map(String::from);
    let next = away.or(wish).or_else(|| local_landing(provider, origin));
    let reply = match (inbound.client, next) {
        // What authservice answers. A dashboard's script that cannot read the cookie sends the header empty.
        (client, next) if client.is_program() && inbound.carried.is_present() => {
            let next = next.unwrap_or_else(|| format!("{origin}{}", config.paths.signed_out));
            Reply::json(201, &json!({ "afterLogoutURL": next }))
        }
        (client, next) if client.is_program() => Reply::json(200, &json!({ "signed_out": true, "location": next })),
        (_, Some(url)) if inbound.view.method() == "POST" => Reply::see_other(&url),
        (_, Some(url)) => Reply::redirect(&url),
        (_, None) => answer::signed_out(config),
    };
    let cookies = delete_session(&config.session, &inbound.cookies);
    Ok(reply.with_cookies(cookies).with_cookies(delete_attempts(&config.session, &inbound.cookies)))
}

/// Where a sign-out ends that does not go on at the provider, if that is configured.
fn local_landing(provider: Option<&ProviderSettings>, origin: &Origin) -> Option<String> {
    let LogoutKind::Local { return_url } = &provider?.logout else { return None };
    let url = return_url.as_ref()?;
    Some(if url.starts_with('/') { format!("{origin}{url}") } else { url.clone() })
}

/// Where the person asks to land: a path of this site, or one of the configured addresses to the letter
/// (T-5, T-7).
fn wish(config: &Config, provider: Option<&ProviderSettings>, inbound: &Inbound, origin: &Origin) -> Option<String> {
    let asked = inbound.return_to(config)?;
    let listed = listed(provider, &asked);
    let own = || ReturnPath::parse(asked.as_bytes(), origin).map(|path| format!("{origin}{}", path.as_str()));
    listed.cloned().or_else(own)
}

fn listed<'a>(provider: Option<&'a ProviderSettings>, asked: &str) -> Option<&'a String> {
    provider?.logout_return_urls.iter().find(|url| *url == asked)
}
