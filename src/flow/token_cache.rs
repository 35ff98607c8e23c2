//! Bearer tokens that were here before: signatures that were verified, and opaque tokens that a provider was asked about.
//!
//! Decides how long each is believed, and which go when there is no room: what somebody made up takes none from good tokens. What
//! is remembered says whose token it is and no more: which rule it comes to, and whether its time is over, is asked anew for
//! each request (T-31).

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::{
    flow::provider::ProviderId,
    oidc::{
        bearer::{BearerClaims, BearerError, Lookup},
        jwt::VerifiedJwt,
    },
    time::UnixTime,
};

/// Which token was judged how: a digest of all that the verdict hangs on, each with its length before it (T-156).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

/// A verdict on a token.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What it says, or why it is refused.
    pub claims: Result<BearerClaims, BearerError>,
    /// When it is believed no longer.
    pub until: UnixTime,
}

/// A token whose signature was verified.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What it says.
    pub jwt: VerifiedJwt,
    /// The number of the key set that verified it: it dies with that (T-207).
    pub key_set: u64,
}

/// What one worker remembers of tokens.
#[derive(Debug)]
pub struct TokenCache<T> {
    known: BTreeMap<TokenDigest, (T, usize)>,
    order: VecDeque<TokenDigest>,
    bytes: usize,
    most: usize,
}

/// What one worker remembers of answers about opaque tokens. Anyone can make up tokens that are refused, as many as they like;
/// a good one comes of the provider.
#[derive(Debug)]
pub struct Answers {
    good: TokenCache<Verdict>,
    refused: TokenCache<Verdict>,
}

impl TokenDigest {
    /// The digest of an opaque `token` of which `lookup` is asked for the `rule`th rule of `provider`.
    pub fn of_opaque(provider: ProviderId, rule: usize, lookup: Lookup, token: &str) -> Self {
        let kind = match lookup {
            Lookup::Introspection => 1,
            Lookup::UserInfo => 2,
        };
        Self::of([provider.index(), rule, kind], token)
    }

    /// The digest of a `token` whose signature the keys of `provider` verify, whichever rule takes it then.
    pub fn of_signed(provider: ProviderId, token: &str) -> Self {
        Self::of([provider.index(), 0, 0], token)
    }

    fn of(numbers: [usize; 3], token: &str) -> Self {
        let mut hash = Sha256::new();
        for number in numbers.into_iter().chain([token.len()]) {
            hash.update(u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
        }
        hash.update(token);
        Self(hash.finalize().into())
    }
}

impl Answers {
    /// The verdict on the token of this digest, if it is still believed.
    pub fn believed(&self, digest: &TokenDigest, now: UnixTime) -> Option<&Verdict> {
        let mut known = [&self.good, &self.refused].into_iter().filter_map(|answers| answers.get(digest));
        known.find(|verdict| now < verdict.until)
    }

    /// Remembers a verdict out of an answer of so many bytes.
    pub fn put(&mut self, digest: TokenDigest, verdict: Verdict, bytes: usize) {
        match verdict.claims {
            Ok(_) => self.good.put(digest, verdict, bytes),
            Err(_) => self.refused.put(digest, verdict, 0),
        }
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self { good: TokenCache::default(), refused: TokenCache::of_at_most(MAX_REFUSED) }
    }
}

impl<T> TokenCache<T> {
    const fn of_at_most(most: usize) -> Self {
        Self { known: BTreeMap::new(), order: VecDeque::new(), bytes: 0, most }
    }

    /// What is remembered of the token of this digest.
    pub fn get(&self, digest: &TokenDigest) -> Option<&T> {
        self.known.get(digest).map(|(known, _)| known)
    }

    /// Remembers something of about so many bytes; the oldest go where there is no room.
    pub fn put(&mut self, digest: TokenDigest, known: T, bytes: usize) {
        let bytes = bytes.saturating_add(ENTRY);
        if bytes > MAX_BYTES {
            return;
        }
        match self.known.insert(digest, (known, bytes)) {
            Some((_, before)) => self.bytes = self.bytes.saturating_sub(before),
            None => self.order.push_back(digest),
        }
        self.bytes = self.bytes.saturating_add(bytes);
        while self.bytes > MAX_BYTES || self.order.len() > self.most {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some((_, bytes)) = self.known.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(bytes);
            }
        }
    }
}

impl<T> Default for TokenCache<T> {
    fn default() -> Self {
        Self::of_at_most(MAX_KNOWN)
    }
}

/// How many good tokens a worker remembers, of either sort.
const MAX_KNOWN: usize = 4096;
/// How many that were refused.
const MAX_REFUSED: usize = 512;
/// How many bytes they may take, about.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What one takes beyond what it says.
const ENTRY: usize = 256;
