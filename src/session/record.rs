//! What a session holds, and its bytes.
//!
//! Decides what is kept of a sign-in, how it is written as few bytes, and when it is over. What is worth keeping is
//! left to `flow`, which knows the configuration; sealing is left to `seal`.

use std::fmt;

use serde_json::{Map, Value};

use crate::{secret::Secret, time::UnixTime};

use super::codec::{Reader, Writer};

/// A signed-in person, as the session cookie remembers them.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The configured provider that vouched for them.
    pub provider: String,
    /// The claims that the configuration needs, `iss` and `sub` among them.
    pub claims: Map<String, Value>,
    /// What renews the tokens.
    pub refresh_token: Option<Secret<String>>,
    /// The raw ID token, only where it is forwarded or needed at sign-out.
    pub id_token: Option<Secret<String>>,
    /// When they signed in. A refresh leaves it as it is.
    pub created: UnixTime,
    /// When the tokens behind it expire.
    pub token_expires: UnixTime,
    /// The absolute end. A refresh leaves it as it is.
    pub expires: UnixTime,
}

/// Why a session that opened is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its absolute lifetime: the person must sign in again.
    Lifetime,
    /// Its tokens: a refresh may renew it.
    Tokens,
}

impl Session {
    /// Whether it is in force at `now`. The end of its lifetime counts before the end of its tokens.
    pub fn valid_at(&self, now: UnixTime) -> Result<(), Ended> {
        if now >= self.expires {
            Err(Ended::Lifetime)
        } else if now >= self.token_expires {
            Err(Ended::Tokens)
        } else {
            Ok(())
        }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.number(VERSION);
        writer.bytes(self.provider.as_bytes());
        // A map with text for keys always has its JSON; were it otherwise, the empty text would be refused when it is
        // read.
        writer.bytes(&serde_json::to_vec(&self.claims).unwrap_or_default());
        writer.token(self.refresh_token.as_ref().map(|token| token.secret().as_str()));
        writer.token(self.id_token.as_ref().map(|token| token.secret().as_str()));
        for time in [self.created, self.token_expires, self.expires] {
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
            provider: reader.text()?,
            claims: serde_json::from_slice(reader.bytes()?).ok()?,
            refresh_token: reader.token()?.map(Secret::new),
            id_token: reader.token()?.map(Secret::new),
            created: UnixTime::from_millis(reader.number()?),
            token_expires: UnixTime::from_millis(reader.number()?),
            expires: UnixTime::from_millis(reader.number()?),
        };
        reader.finish()?;
        Some(session)
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
            .field("created", &self.created)
            .field("token_expires", &self.token_expires)
            .field("expires", &self.expires)
            .finish()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lifetime => "the session's lifetime is over",
            Self::Tokens => "the session's tokens have expired",
        })
    }
}

impl std::error::Error for Ended {}

const VERSION: u64 = 1;
