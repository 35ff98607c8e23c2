//! The two ends of a sign-in: the redirect to the provider, and the session that a completed one becomes.
//!
//! Decides what an attempt and a session hold. When they are due is the engine's; how they are sealed is `session`'s.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{
    config::Config,
    flow::{
        cookies::session_cookies,
        event::Event,
        exchange::SignedIn,
        inbound::{Inbound, host_scope},
        provider::ProviderId,
        refusal::Refusal,
    },
    http::{origin::Origin, path::ReturnPath, reply::Reply},
    oidc::{
        assurance::Assurance,
        authorization::{Transaction, authorization_request, redirect_uri},
        discovery::SignInEndpoints,
        pkce::random_token,
        provider::ProviderSettings,
    },
    session::{
        LoginAttempt, SealError, Session, SessionId, delete_attempt, delete_session, landed_cookie, write_attempt,
    },
    time::{Entropy, EntropyError, UnixTime},
};

/// A sign-in that is to be started.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// At which provider.
    pub provider: ProviderId,
    /// What it must give beyond the ordinary.
    pub assurance: Assurance,
    /// Where the person wants to go, on the host that they asked.
    pub return_path: ReturnPath,
    /// Whether the person says anew who they are, whatever the provider remembers.
    pub again: bool,
    /// Whether there is a session that serves until the new one is there.
    pub keeps_session: bool,
}

/// The redirect that starts a sign-in, with the attempt's cookie and what the person's link asks the provider for. Session cookies that stand for nothing are deleted with it.
///
/// # Errors
/// The random source gave nothing: no sign-in without unguessable values. Or the provider's page would lead back here.
pub fn redirect_to_provider(
    config: &Config,
    (provider, endpoints): (&ProviderSettings, &SignInEndpoints),
    inbound: &Inbound,
    origin: &Origin,
    (sign_in, asked): (SignIn, &[(String, String)]),
    now: UnixTime,
    entropy: &mut dyn Entropy,
) -> Result<Reply, Refusal> {
    if config.is_behind_itself(&endpoints.authorization_endpoint) {
        return Err(Refusal::SignInPageClosed);
    }
    let SignIn { assurance, return_path, again, keeps_session, .. } = sign_in;
    let callback_origin = config.callback_origin.as_ref().unwrap_or(origin);
    let elsewhere = (callback_origin != origin).then(|| origin.authority().to_owned());
    let attempt = LoginAttempt {
        provider: provider.name.clone(),
        state: random_token(entropy)?,
        nonce: random_token(entropy)?,
        code_verifier: random_token(entropy)?,
        assurance,
        return_path: return_path.shortened().as_str().to_owned(),
        authority: elsewhere,
        created: now,
    };
    let LoginAttempt { state, nonce, code_verifier, assurance, .. } = &attempt;
    let redirect_uri = redirect_uri(callback_origin, &config.callback_path(provider));
    let transaction = Transaction { state, nonce, code_verifier, prompt_login: again, asked };
    let url = authorization_request(provider, endpoints, &redirect_uri, transaction, assurance);
    let scope = host_scope(config, origin);
    let cookies = write_attempt(&config.session, &inbound.cookies, &attempt, scope, &provider.client_id, entropy, now)?;
    let void = if keeps_session { Vec::new() } else { delete_session(&config.session, &inbound.cookies) };
    Ok(Reply::redirect(url.as_str()).with_cookies(cookies).with_cookies(void))
}

/// The redirect that ends a sign-in: to where the person wanted to go, with the session's cookie.
///
/// # Errors
/// The session does not fit into cookies, or the random source gave nothing.
pub fn redirect_with_session(
    config: &Config,
    inbound: &Inbound,
    origin: &Origin,
    state: &str,
    signed_in: SignedIn,
    now: UnixTime,
    entropy: &mut dyn Entropy,
) -> Result<(Reply, Event), Refusal> {
    let (landing, target) = landing(config, origin, &signed_in);
    let mark = landed_mark(&signed_in.provider, &signed_in.assurance);
    let mut session = session(config, signed_in, now, SessionId::random(entropy)?);
    let (cookies, event) = session_cookies(config, inbound, origin, &mut session, now, entropy)?;
    // The path was judged when the attempt was made, and sealed; it is judged again because a redirect hangs on it.
    let location = match &config.after_sign_in {
        Some(page) => page.location(&landing, &target),
        None => format!("{landing}{}", target.as_str()),
    };
    let reply = Reply::redirect(&location)
        .with_cookies(cookies)
        .with_cookies([landed_cookie(&config.session, &mark), delete_attempt(&config.session, state)]);
    Ok((reply, event))
}

fn session(config: &Config, signed_in: SignedIn, now: UnixTime, id: SessionId) -> Session {
    let mut claims = signed_in.claims.into_map();
    if let Some(scope) = claims.get_mut("scope") {
        *scope = signed_in.scope.into();
    }
    Session {
        id,
        provider: signed_in.provider,
        claims,
        refresh_token: signed_in.refresh_token,
        id_token: signed_in.id_token,
        access_token: signed_in.access_token,
        nonce_digest: Some(signed_in.nonce_digest),
        auth_time: signed_in.auth_time,
        created: signed_in.began,
        refreshed: now,
        seen: now,
        token_expires: signed_in.token_expires,
        expires: signed_in.began.plus(config.session.lifetime),
    }
}

/// Where the person was when the sign-in began. A host that is none of ours any more is gone, and its paths mean nothing
/// where the callback came.
fn landing(config: &Config, callback: &Origin, signed_in: &SignedIn) -> (Origin, ReturnPath) {
    let SignedIn { authority, return_path, .. } = signed_in;
    let origin = match authority {
        None => Some(callback.clone()),
        Some(authority) => config.public_urls.origin_for(authority),
    };
    let path = origin.as_ref().and_then(|origin| ReturnPath::parse(return_path.as_bytes(), origin));
    (origin.unwrap_or_else(|| callback.clone()), path.unwrap_or_else(ReturnPath::root))
}

/// What the mark of a completed sign-in says of it: the same for the same demand.
pub fn landed_mark(provider: &str, assurance: &Assurance) -> String {
    let Assurance { scopes, acr_values, max_age } = assurance;
    let text = format!("{provider}\n{}\n{}\n{max_age:?}", scopes.join(" "), acr_values.join(" "));
    let digest = Sha256::digest(text);
    URL_SAFE_NO_PAD.encode(digest.first_chunk::<9>().map(<[u8; 9]>::as_slice).unwrap_or_default())
}

impl From<EntropyError> for Refusal {
    fn from(_: EntropyError) -> Self {
        Self::NoEntropy
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        match error {
            SealError::TooLarge { .. } => Self::SessionTooLarge,
            _ => Self::NoEntropy,
        }
    }
}
