//! What a session holds, and its bytes.
//!
//! Decides what is kept of a sign-in, how it is written as few bytes, and when it is over. What is worth keeping is
//! left to `flow`, which knows the configuration; sealing is left to `seal`.

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use crate::{
    secret::Secret,
    time::{Entropy, EntropyError, UnixTime, random},
};

use super::codec::{Reader, Writer};

/// A signed-in person, as the session cookie remembers them.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Which session it is, from sign-in to sign-out.
    pub id: SessionId,
    /// The configured provider that vouched for them.
    pub provider: String,
    /// The claims that the configuration needs, `iss` and `sub` among them.
    pub claims: Map<String, Value>,
    /// What renews the tokens.
    pub refresh_token: Option<Secret<String>>,
    /// The raw ID token, only where it is forwarded or needed at sign-out.
    pub id_token: Option<Secret<String>>,
    /// The access token, only where it is forwarded.
    pub access_token: Option<Secret<String>>,
    /// A digest of the sign-in's `nonce`, which a refreshed ID token may repeat (OpenID Connect Core §12.2).
    pub nonce_digest: Option<[u8; DIGEST_BYTES]>,
    /// `auth_time` of the sign-in in seconds, which a refreshed ID token may not change.
    pub auth_time: Option<u64>,
    /// When they signed in. A refresh leaves it as it is.
    pub created: UnixTime,
    /// When the tokens were last renewed, or [`Session::created`]. It only grows, so that of two copies the newer is known.
    pub refreshed: UnixTime,
    /// When the cookie was last given out: what the idle time is counted from.
    pub seen: UnixTime,
    /// When the tokens behind it end, mostly `exp` of the ID token.
    pub token_expires: UnixTime,
    /// The absolute end. A refresh leaves it as it is.
    pub expires: UnixTime,
}

/// Which session it is: 128 random bits that stay the same while its cookie and its tokens change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId([u8; DIGEST_BYTES]);

/// What a session must keep to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may go unused, if that is limited.
    pub idle: Option<Duration>,
    /// What the validation of its tokens forgave, the session must forgive too: else it would end as it begins, in a loop.
    pub leeway: Duration,
}

/// Why a session that opened is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nobody used it for too long: the person must sign in again.
    Idle,
    /// Its absolute lifetime: the person must sign in again.
    Lifetime,
    /// Its tokens: a refresh may renew it.
    Tokens,
}

impl SessionId {
    /// A new one.
    ///
    /// # Errors
    /// The random source gave nothing.
    pub fn random(entropy: &mut dyn Entropy) -> Result<Self, EntropyError> {
        random(entropy).map(|bytes| Self(*bytes.secret()))
    }

    pub(super) const fn bytes(&self) -> &[u8; DIGEST_BYTES] {
        &self.0
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl Session {
    /// Whether it is in force at `now`. What nothing can renew counts before the end of its tokens.
    ///
    /// # Errors
    /// Why it is over.
    pub fn valid_at(&self, now: UnixTime, limits: Limits) -> Result<(), Ended> {
        if now >= self.expires {
            Err(Ended::Lifetime)
        } else if limits.idle.is_some_and(|idle| now.since(self.seen) >= idle) {
            Err(Ended::Idle)
        } else if now >= self.token_expires.plus(limits.leeway) {
            Err(Ended::Tokens)
        } else {
            Ok(())
        }
    }

    /// Whether its tokens should be renewed, ahead of their end: in the last fifth of their time or the last minute,
    /// whichever is longer, but never in the first half, and never just after they were.
    pub fn is_due(&self, now: UnixTime) -> bool {
        let time = self.token_expires.since(self.refreshed);
        let part = |parts| time.checked_div(parts).unwrap_or_default();
        let ahead = part(5).max(LEAST_AHEAD).min(part(2));
        let rested = self.refreshed.is_older_than(LEAST_BETWEEN, now);
        self.refresh_token.is_some() && rested && now >= self.token_expires.minus(ahead)
    }

    /// Whether the cookie should be given out again because it was used: once in a tenth of the idle time.
    pub fn is_worn(&self, now: UnixTime, idle: Option<Duration>) -> bool {
        let tenth = idle.and_then(|idle| idle.checked_div(10));
        tenth.is_some_and(|tenth| now.since(self.seen) >= tenth)
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.number(VERSION);
        writer.bytes(&self.id.0);
        writer.bytes(self.provider.as_bytes());
        // A map with text for keys always has its JSON; were it otherwise, the empty text would be refused when it is
        // read.
        writer.bytes(&serde_json::to_vec(&self.claims).unwrap_or_default());
        for token in [&self.refresh_token, &self.id_token, &self.access_token] {
            writer.token(token.as_ref().map(|token| token.secret().as_str()));
        }
        writer.bytes(self.nonce_digest.as_ref().map_or(&[], <[u8; DIGEST_BYTES]>::as_slice));
        // 0 for none, else one more than it is.
        writer.number(self.auth_time.map_or(0, |time| time.saturating_add(1)));
        for time in [self.created, self.refreshed, self.seen, self.token_expires, self.expires] {
            writer.number(time.millis());
        }
        writer.finish()
    }

    /// The session of these bytes, if they are exactly one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.number()? != VERSION {
            return None;
        }
        let session = Self {
            id: SessionId::read(reader.bytes()?)?,
            provider: reader.text()?,
            claims: serde_json::from_slice(reader.bytes()?).ok()?,
            refresh_token: reader.token()?.map(Secret::new),
            id_token: reader.token()?.map(Secret::new),
            access_token: reader.token()?.map(Secret::new),
            nonce_digest: match reader.bytes()? {
                [] => None,
                digest => Some(digest.try_into().ok()?),
            },
            auth_time: reader.number()?.checked_sub(1),
            created: reader.time()?,
            refreshed: reader.time()?,
            seen: reader.time()?,
            token_expires: reader.time()?,
            expires: reader.time()?,
        };
        reader.finish()?;
        Some(session)
    }
}

/// It names a person's session, so it is not shown.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[session]")
    }
}

/// Without the values of claims: they are personal.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("provider", &self.provider)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .field("refresh_token", &self.refresh_token)
            .field("id_token", &self.id_token)
            .field("access_token", &self.access_token)
            .field("created", &self.created)
            .field("refreshed", &self.refreshed)
            .field("seen", &self.seen)
            .field("token_expires", &self.token_expires)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "the session was not used for too long",
            Self::Lifetime => "the session's lifetime is over",
            Self::Tokens => "the session's tokens have expired",
        })
    }
}

impl std::error::Error for Ended {}

const VERSION: u64 = 2;

/// Bytes of a session's id and of a digest: enough that nobody finds two alike.
pub const DIGEST_BYTES: usize = 16;

const LEAST_AHEAD: Duration = Duration::from_mins(1);

const LEAST_BETWEEN: Duration = Duration::from_secs(10);
