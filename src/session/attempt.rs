//! Sign-ins that were started: one sealed cookie for each, so that every tab can finish its own.
//!
//! Decides how an attempt is kept, for how long, how many there may be, and which goes when there are too many. What is
//! in one, and what its callback must prove, is left to `flow` and `oidc`.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use crate::{
    http::cookie::{Cookies, delete_cookie, set_cookie},
    oidc::assurance::Assurance,
    secret::{Secret, constant_time_eq},
    time::{Entropy, UnixTime},
};

use super::{
    chunk::LARGEST_COOKIE,
    codec::{Reader, Writer},
    seal::{Binding, Keyring, Purpose, SealError},
    settings::{CookieSettings, Kind, SessionSettings},
    store::deletions,
};

/// How long a sign-in may take.
pub const ATTEMPT_LIFETIME: Duration = Duration::from_secs(600);

/// A sign-in that was started and whose callback is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginAttempt {
    /// The configured provider that was asked.
    pub provider: String,
    /// What the callback must bring.
    pub state: Secret<String>,
    /// What the ID token must name.
    pub nonce: Secret<String>,
    /// What the token request proves PKCE with.
    pub code_verifier: Secret<String>,
    /// What the sign-in must give beyond the ordinary.
    pub assurance: Assurance,
    /// Where the person wanted to go.
    pub return_path: String,
    /// On which host, if not the one that the callback comes to.
    pub authority: Option<String>,
    /// When it was started.
    pub created: UnixTime,
}

/// An attempt that a request brought: when it was started, if it can still be finished, and the bytes it takes.
#[derive(Clone, Copy, Default)]
struct Brought {
    started: Option<UnixTime>,
    bytes: usize,
}

/// The Set-Cookie values that add `attempt`, and take away what is then too much.
///
/// Of those brought, the newest stay, up to [`MOST_ATTEMPTS`] and [`MOST_BYTES`] with the new one. The first to go are
/// those past their time and those that do not open; the latter may be another provider's, so they stay while there is
/// room.
pub fn write_attempt(
    settings: &SessionSettings,
    cookies_brought: &Cookies,
    attempt: &LoginAttempt,
    host_scope: &str,
    client_id: &str,
    entropy: &mut dyn Entropy,
    now: UnixTime,
) -> Result<Vec<String>, SealError> {
    let name = settings.cookie.attempt_name(attempt.state.secret());
    let binding = Binding { purpose: Purpose::Attempt, cookie_name: &name, host_scope, client_id };
    let attributes = settings.cookie.attempt_attributes();
    let sealed = settings.keys.seal(&binding, &attempt.encode(), entropy)?;
    let line = set_cookie(&name, &sealed, &attributes, ATTEMPT_LIFETIME);
    if line.len() > LARGEST_COOKIE {
        return Err(SealError::TooLarge { bytes: line.len(), limit: LARGEST_COOKIE });
    }
    let mut brought = brought(settings, cookies_brought, &binding, now);
    brought.remove(&name);
    let surplus = surplus(brought, header_bytes(name.len(), sealed.len()));
    Ok([line].into_iter().chain(surplus.iter().map(|name| delete_cookie(name, &attributes))).collect())
}

/// The attempt with this `state`, if this browser started it and its time is not over.
pub fn read_attempt(
    settings: &SessionSettings,
    cookies: &Cookies,
    state: &str,
    host_scope: &str,
    client_id: &str,
    now: UnixTime,
) -> Option<LoginAttempt> {
    let name = settings.cookie.attempt_name(state);
    let binding = Binding { purpose: Purpose::Attempt, cookie_name: &name, host_scope, client_id };
    let attempt = cookies.named(&name).find_map(|sealed| open(&settings.keys, &binding, sealed))?;
    let same_state = constant_time_eq(attempt.state.secret().as_bytes(), state.as_bytes());
    (same_state && attempt.is_open(now)).then_some(attempt)
}

/// The Set-Cookie value that deletes the attempt with this `state`.
pub fn delete_attempt(settings: &SessionSettings, state: &str) -> String {
    delete_cookie(&settings.cookie.attempt_name(state), &settings.cookie.attempt_attributes())
}

/// The Set-Cookie values that delete every attempt that the request brought, for sign-out.
pub fn delete_attempts(settings: &SessionSettings, cookies_brought: &Cookies) -> Vec<String> {
    let attributes = settings.cookie.attempt_attributes();
    deletions(&settings.cookie, cookies_brought, &attributes, |kind| kind == Kind::Attempt)
}

impl LoginAttempt {
    fn is_open(&self, now: UnixTime) -> bool {
        now.since(self.created) < ATTEMPT_LIFETIME
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.number(VERSION);
        writer.bytes(self.provider.as_bytes());
        for secret in [&self.state, &self.nonce, &self.code_verifier] {
            writer.token(Some(secret.secret()));
        }
        let Assurance { scopes, acr_values, max_age } = &self.assurance;
        writer.bytes(scopes.join(" ").as_bytes());
        writer.bytes(acr_values.join(" ").as_bytes());
        // 0 for none, else one more than it is.
        writer.number(max_age.map_or(0, |age| age.as_secs().saturating_add(1)));
        writer.bytes(short_path(&self.return_path).as_bytes());
        writer.bytes(self.authority.as_deref().unwrap_or_default().as_bytes());
        writer.number(self.created.millis());
        writer.finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.number()? != VERSION {
            return None;
        }
        let attempt = Self {
            provider: reader.text()?,
            state: Secret::new(reader.token()??),
            nonce: Secret::new(reader.token()??),
            code_verifier: Secret::new(reader.token()??),
            assurance: Assurance {
                scopes: words(&reader.text()?),
                acr_values: words(&reader.text()?),
                max_age: reader.number()?.checked_sub(1).map(Duration::from_secs),
            },
            return_path: reader.text()?,
            authority: Some(reader.text()?).filter(|authority| !authority.is_empty()),
            created: UnixTime::from_millis(reader.number()?),
        };
        reader.finish()?;
        Some(attempt)
    }
}

fn open(keys: &Keyring, binding: &Binding<'_>, sealed: &[u8]) -> Option<LoginAttempt> {
    if sealed.len() > LARGEST_COOKIE {
        return None;
    }
    LoginAttempt::decode(keys.open(binding, sealed)?.secret())
}

fn brought(
    settings: &SessionSettings,
    cookies: &Cookies,
    binding: &Binding<'_>,
    now: UnixTime,
) -> BTreeMap<String, Brought> {
    let mut attempts = BTreeMap::<String, Brought>::new();
    for (name, value) in cookies.pairs() {
        let Some(text) = attempt_name(&settings.cookie, name) else { continue };
        let opened = open(&settings.keys, &Binding { cookie_name: &text, ..*binding }, value);
        let entry = attempts.entry(text).or_default();
        entry.bytes = entry.bytes.saturating_add(header_bytes(name.len(), value.len()));
        entry.started = entry.started.max(opened.filter(|attempt| attempt.is_open(now)).map(|attempt| attempt.created));
    }
    attempts
}

fn attempt_name(settings: &CookieSettings, name: &[u8]) -> Option<String> {
    match settings.kind(name)? {
        Kind::Attempt => settings.deletable(name),
        Kind::Chunk(_) | Kind::Landed | Kind::Stray => None,
    }
}

/// The names that must go so that the rest and a new attempt of `bytes` are within the limits.
fn surplus(brought: BTreeMap<String, Brought>, bytes: usize) -> Vec<String> {
    let mut newest_first: Vec<(String, Brought)> = brought.into_iter().collect();
    newest_first.sort_by_key(|(_, attempt)| Reverse(attempt.started));
    let mut total = bytes;
    let beyond = |(position, (_, attempt)): &(usize, (String, Brought))| {
        total = total.saturating_add(attempt.bytes);
        position.saturating_add(2) > MOST_ATTEMPTS || total > MOST_BYTES
    };
    let beyond: Vec<_> = newest_first.into_iter().enumerate().filter(beyond).collect();
    beyond.into_iter().take(MOST_ATTEMPTS).map(|(_, (name, _))| name).collect()
}

/// What a cookie takes in a request: `name=value; `.
fn header_bytes(name: usize, value: usize) -> usize {
    name.saturating_add(value).saturating_add(3)
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Where a path is too long to keep, the page is, without its query, or the start page.
fn short_path(path: &str) -> &str {
    let page = path.split(['?', '#']).next().unwrap_or_default();
    [path, page].into_iter().find(|path| path.len() <= LONGEST_PATH).unwrap_or("/")
}

const VERSION: u64 = 2;

/// How many attempts a browser keeps.
pub const MOST_ATTEMPTS: usize = 16;

/// How many bytes of a request they take together.
pub const MOST_BYTES: usize = 8_192;

const LONGEST_PATH: usize = 1_024;
