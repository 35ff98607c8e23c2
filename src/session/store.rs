//! A session in the cookies of a request and of a response.
//!
//! Decides which cookies of a request are a session, and what a response says so that the browser has exactly the new
//! one, or none. When a session is read, written or deleted is left to `flow`, and so is whether an opened one is still
//! in force.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    http::cookie::{CookieAttributes, Cookies, delete_cookie, set_cookie},
    secret::Secret,
    time::{Entropy, UnixTime},
};

use super::{
    chunk::{LARGEST_COOKIE, MOST_CHUNKS, open_chunks, open_joined, seal_chunks},
    record::Session,
    seal::{Binding, Purpose, SealError},
    settings::{CookieSettings, Kind, SessionSettings},
};

/// What a request's cookies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionCookie {
    /// No cookie of a session's name is there.
    None,
    /// This session.
    Open(Box<Session>),
    /// Cookies of that name are there and make no session, for whatever reason.
    Bad,
    /// They make different sessions, of which none counts.
    Several,
}

/// The pieces that a request brought.
enum Brought<'a> {
    Nothing,
    /// Values of the first name, each a whole session if it is one.
    Whole(Vec<&'a [u8]>),
    /// One session in pieces, in order.
    Pieces(Vec<&'a [u8]>),
    /// Pieces that are no session.
    Confused,
}

/// The session that a request brought.
///
/// Of several cookies with the first name, as a sibling host can set them, the one that opens counts; if two different
/// ones open, none does. A session in pieces allows no such doubt: each piece once, and nothing else.
pub fn read_session(settings: &SessionSettings, cookies: &Cookies, host_scope: &str, client_id: &str) -> SessionCookie {
    let name = settings.cookie.session_name();
    let binding = Binding { purpose: Purpose::Session, cookie_name: &name, host_scope, client_id };
    let session = match brought(&settings.cookie, cookies) {
        Brought::Nothing => return SessionCookie::None,
        Brought::Whole(values) => return only_one(settings, &binding, &values),
        Brought::Pieces(chunks) => open(settings, &binding, &chunks),
        Brought::Confused => None,
    };
    session.map_or(SessionCookie::Bad, |session| SessionCookie::Open(Box::new(session)))
}

/// The session whose cookies have this text, joined if there are several: what a program sends in a header.
pub fn read_text(settings: &SessionSettings, text: &[u8], host_scope: &str, client_id: &str) -> Option<Session> {
    let name = settings.cookie.session_name();
    let binding = Binding { purpose: Purpose::Session, cookie_name: &name, host_scope, client_id };
    decode(settings, &open_joined(&settings.keys, &binding, text)?)
}

/// The Set-Cookie values after which the browser has `session` and no piece of an earlier, larger one.
pub fn write_session(
    settings: &SessionSettings,
    cookies_brought: &Cookies,
    session: &Session,
    host_scope: &str,
    client_id: &str,
    entropy: &mut dyn Entropy,
    now: UnixTime,
) -> Result<Vec<String>, SealError> {
    let cookie = &settings.cookie;
    let name = cookie.session_name();
    let binding = Binding { purpose: Purpose::Session, cookie_name: &name, host_scope, client_id };
    let attributes = cookie.attributes();
    let lasts = session.expires.since(now);
    let max_age = settings.idle.map_or(lasts, |idle| idle.min(lasts));
    let frame = set_cookie(&cookie.chunk_name(MOST_CHUNKS.saturating_sub(1)), "", &attributes, max_age).len();
    let room = LARGEST_COOKIE.saturating_sub(frame);
    let chunks = seal_chunks(&settings.keys, &binding, &session.encode(), room, entropy)?;
    let set = |(index, value): (usize, &String)| set_cookie(&cookie.chunk_name(index), value, &attributes, max_age);
    let mut lines: Vec<String> = chunks.iter().enumerate().map(set).collect();
    let stale = |kind| match kind {
        Kind::Chunk(index) => index >= chunks.len(),
        Kind::Stray => true,
        Kind::Attempt | Kind::Landed => false,
    };
    lines.extend(deletions(cookie, cookies_brought, &attributes, stale));
    Ok(lines)
}

/// The Set-Cookie value that marks a sign-in as just completed. It only ever stops a redirect, so it needs no seal: a browser
/// that sends it without what the sign-in gave has lost that. `mark` says what the sign-in was for.
pub fn landed_cookie(settings: &SessionSettings, mark: &str) -> String {
    let attributes = settings.cookie.attributes();
    set_cookie(&settings.cookie.landed_name(), mark, &attributes, LANDED_LIFETIME)
}

/// Whether a sign-in has just completed in this browser; with `mark`, one that was for this.
pub fn has_landed(settings: &SessionSettings, cookies: &Cookies, mark: Option<&str>) -> bool {
    let mut landed = cookies.pairs().filter(|(name, _)| settings.cookie.kind(name) == Some(Kind::Landed));
    landed.any(|(_, value)| mark.is_none_or(|mark| mark.as_bytes() == value))
}

/// The Set-Cookie values that delete every session cookie that the request brought.
pub fn delete_session(settings: &SessionSettings, cookies_brought: &Cookies) -> Vec<String> {
    let attributes = settings.cookie.attributes();
    deletions(&settings.cookie, cookies_brought, &attributes, |kind| kind != Kind::Attempt)
}

/// Deletes those of the cookies brought that are of a `kind`, each name once and not more than a response can carry.
pub(super) fn deletions(
    settings: &CookieSettings,
    brought: &Cookies,
    attributes: &CookieAttributes,
    kind: impl Fn(Kind) -> bool,
) -> Vec<String> {
    let ours = brought.pairs().map(|(name, _)| name).filter(|name| settings.kind(name).is_some_and(&kind));
    let names: BTreeSet<String> = ours.filter_map(|name| settings.deletable(name)).collect();
    names.iter().take(MOST_DELETIONS).map(|name| delete_cookie(name, attributes)).collect()
}

fn brought<'a>(settings: &CookieSettings, cookies: &'a Cookies) -> Brought<'a> {
    let mut chunks: Vec<(usize, &[u8])> = Vec::new();
    for (name, value) in cookies.pairs() {
        match settings.kind(name) {
            Some(Kind::Chunk(index)) => chunks.push((index, value)),
            Some(Kind::Stray) => return Brought::Confused,
            Some(Kind::Attempt | Kind::Landed) | None => {}
        }
    }
    if chunks.is_empty() {
        return Brought::Nothing;
    }
    if chunks.iter().all(|(index, _)| *index == 0) {
        return Brought::Whole(chunks.into_iter().map(|(_, value)| value).collect());
    }
    chunks.sort_by_key(|(index, _)| *index);
    if chunks.iter().map(|(index, _)| *index).eq(0..chunks.len()) {
        Brought::Pieces(chunks.into_iter().map(|(_, value)| value).collect())
    } else {
        Brought::Confused
    }
}

fn only_one(settings: &SessionSettings, binding: &Binding<'_>, values: &[&[u8]]) -> SessionCookie {
    let mut found: Option<(&[u8], Session)> = None;
    for value in values {
        if found.as_ref().is_some_and(|(opened, _)| opened == value) {
            continue;
        }
        if let Some(session) = open(settings, binding, &[value]) {
            if found.is_some() {
                return SessionCookie::Several;
            }
            found = Some((value, session));
        }
    }
    found.map_or(SessionCookie::Bad, |(_, session)| SessionCookie::Open(Box::new(session)))
}

fn open(settings: &SessionSettings, binding: &Binding<'_>, chunks: &[&[u8]]) -> Option<Session> {
    decode(settings, &open_chunks(&settings.keys, binding, chunks)?)
}

/// A lifetime that was shortened since holds for sessions that are there, too.
fn decode(settings: &SessionSettings, bytes: &Secret<Vec<u8>>) -> Option<Session> {
    let session = Session::decode(bytes.secret())?;
    let expires = session.expires.min(session.created.plus(settings.lifetime));
    Some(Session { expires, ..session })
}

/// How long a completed sign-in is remembered: long enough for a redirect loop to come round.
const LANDED_LIFETIME: Duration = Duration::from_secs(30);
/// Envoy and browsers take 100 response headers; what is left over goes with the next response.
const MOST_DELETIONS: usize = 32;
