//! Opaque bearer tokens that a provider was asked about.
//!
//! Decides for how long a verdict is believed, and which go when there is no room. A verdict says whose token it is and no
//! more: which rule it comes to is asked anew for each request (T-31).

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::{
    flow::{event::Endpoint, provider::ProviderId},
    oidc::bearer::{BearerClaims, BearerError},
    time::UnixTime,
};

/// Which token was judged how: a digest of all that the verdict hangs on, each with its length before it (T-156).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenDigest {
    digest: [u8; 32],
    endpoint: Endpoint,
}

/// A verdict on a token.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// At whose word.
    pub provider: ProviderId,
    /// What it says, or why it is refused.
    pub claims: Result<BearerClaims, BearerError>,
    /// When it is believed no longer.
    pub until: UnixTime,
}

/// The verdicts of one worker.
#[derive(Debug, Default)]
pub struct TokenCache {
    verdicts: BTreeMap<TokenDigest, (Verdict, usize)>,
    order: VecDeque<TokenDigest>,
    bytes: usize,
}

impl TokenDigest {
    /// The digest of `token` as judged by the `rule`th rule of `provider`, which asks at `endpoint`.
    pub fn new(provider: ProviderId, rule: usize, endpoint: Endpoint, token: &str) -> Self {
        let mut hash = Sha256::new();
        for number in [provider.index(), rule, token.len()] {
            hash.update(u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
        }
        hash.update(endpoint.name());
        hash.update(token);
        Self { digest: hash.finalize().into(), endpoint }
    }

    /// The endpoint that is asked.
    pub const fn endpoint(self) -> Endpoint {
        self.endpoint
    }
}

impl TokenCache {
    /// The verdict on the token of this digest, if it is still believed.
    pub fn get(&self, digest: &TokenDigest, now: UnixTime) -> Option<&Verdict> {
        self.verdicts.get(digest).map(|(verdict, _)| verdict).filter(|verdict| now < verdict.until)
    }

    /// Remembers a verdict of about so many bytes; the oldest go where there is no room.
    pub fn put(&mut self, digest: TokenDigest, verdict: Verdict, bytes: usize) {
        let bytes = bytes.saturating_add(ENTRY);
        if bytes > MAX_BYTES {
            return;
        }
        match self.verdicts.insert(digest, (verdict, bytes)) {
            Some((_, before)) => self.bytes = self.bytes.saturating_sub(before),
            None => self.order.push_back(digest),
        }
        self.bytes = self.bytes.saturating_add(bytes);
        while self.bytes > MAX_BYTES || self.order.len() > MAX_VERDICTS {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some((_, bytes)) = self.verdicts.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(bytes);
            }
        }
    }
}

/// How many verdicts a worker remembers.
const MAX_VERDICTS: usize = 4096;
/// How many bytes they may take, about.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What one takes beyond its claims.
const ENTRY: usize = 256;
