//! The two ends of a sign-in: the redirect to the provider, and the session that a completed one becomes.
//!
//! Decides what an attempt and a session hold. When they are due is the engine's; how they are sealed is `session`'s.

use crate::{
    config::Config,
    flow::{
        cookies::session_cookies,
        event::Event,
        exchange::SignedIn,
        inbound::{Inbound, host_scope},
        refusal::Refusal,
    },
    http::{origin::Origin, path::ReturnPath, reply::Reply},
    oidc::{
        authorization::{Transaction, authorization_request, redirect_uri},
        discovery::SignInEndpoints,
        pkce::random_token,
    },
    session::{
        LoginAttempt, SealError, Session, SessionId, delete_attempt, delete_session, landed_cookie, write_attempt,
    },
    time::{Entropy, EntropyError, UnixTime},
};

/// The redirect that starts a sign-in, with the attempt's cookie. Session cookies that stand for nothing are deleted with it.
///
/// # Errors
/// The random source gave nothing: no sign-in without unguessable values.
pub fn redirect_to_provider(
    config: &Config,
    metadata: &SignInEndpoints,
    inbound: &Inbound,
    origin: &Origin,
    return_path: ReturnPath,
    now: UnixTime,
    entropy: &mut dyn Entropy,
) -> Result<Reply, Refusal> {
    let provider = config.provider();
    let attempt = LoginAttempt {
        provider: provider.name.clone(),
        state: random_token(entropy)?,
        nonce: random_token(entropy)?,
        code_verifier: random_token(entropy)?,
        return_path: return_path.shortened().as_str().to_owned(),
        created: now,
    };
    let LoginAttempt { state, nonce, code_verifier, .. } = &attempt;
    let redirect_uri = redirect_uri(origin, &config.paths.callback);
    let url = authorization_request(provider, metadata, &redirect_uri, Transaction { state, nonce, code_verifier });
    let scope = host_scope(config, origin);
    let cookies = write_attempt(&config.session, &inbound.cookies, &attempt, scope, &provider.client_id, entropy, now)?;
    let void = delete_session(&config.session, &inbound.cookies);
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
    let mut session = Session {
        id: SessionId::random(entropy)?,
        provider: config.provider().name.clone(),
        claims: signed_in.claims.into_map(),
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
    };
    let (cookies, event) = session_cookies(config, inbound, origin, &mut session, now, entropy)?;
    // The path was judged when the attempt was made, and sealed; it is judged again because a redirect hangs on it.
    let target = ReturnPath::parse(signed_in.return_path.as_bytes(), origin).unwrap_or_else(ReturnPath::root);
    let reply = Reply::redirect(&format!("{origin}{}", target.as_str()))
        .with_cookies(cookies)
        .with_cookies([landed_cookie(&config.session), delete_attempt(&config.session, state)]);
    Ok((reply, event))
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
