//! A session on its way to the browser: as cookies of an answer of ours, or of a response that passes.
//!
//! Decides what such a response may no longer be: kept by any cache. When a session is given out is the engine's; how it is
//! sealed and cut is `session`'s.

use crate::{
    config::Config,
    flow::{
        event::Event,
        inbound::{Inbound, host_scope},
        refusal::Refusal,
    },
    http::{header_edits::HeaderEdits, origin::Origin},
    session::{SealError, Session, write_session},
    time::{Entropy, UnixTime},
};

/// The Set-Cookie values that give `session` to the browser of `inbound`, as used now.
///
/// # Errors
/// It does not fit into cookies, or the random source gave nothing.
pub fn session_cookies(
    config: &Config,
    inbound: &Inbound,
    origin: &Origin,
    session: &mut Session,
    now: UnixTime,
    entropy: &mut dyn Entropy,
) -> Result<(Vec<String>, Event), Refusal> {
    session.seen = now;
    let scope = host_scope(config, origin);
    let client_id = config.provider_named(&session.provider).map_or("", |provider| &provider.client_id);
    let mut write =
        |session: &Session| write_session(&config.session, &inbound.cookies, session, scope, client_id, entropy, now);
    let cookies = match write(session) {
        // Better a session that must be renewed by signing in than none.
        Err(SealError::TooLarge { .. }) if session.refresh_token.take().is_some() => write(session)?,
        written => written?,
    };
    let event = Event::SessionWritten(cookies.iter().map(String::len).sum());
    Ok((cookies, event))
}

/// What gives `cookies` with a response that is not ours. No cache may keep one person's session for another: what the
/// application said of caches is taken away (T-93).
pub fn with_response(cookies: Vec<String>) -> HeaderEdits {
    let mut edits = HeaderEdits::default();
    if cookies.is_empty() {
        return edits;
    }
    edits.set("cache-control", "private, no-store");
    for name in CACHE_HEADERS {
        edits.remove(name);
    }
    for cookie in cookies {
        edits.add("set-cookie", cookie);
    }
    edits
}

/// What caches on the way obey before `Cache-Control`.
const CACHE_HEADERS: [&str; 6] = [
    "expires",
    "surrogate-control",
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "edge-control",
    "x-accel-expires",
];
