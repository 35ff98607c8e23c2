//! Decides which RSA-2048 keys exist and what they are called: one pair of keys (ID, access) at a time, kids of 44 characters
//! of standard base64 that contain `+`, `/` and `=`. The key material is fixed TEST material; a rotation takes the next pair
//! and always new kids, so that no verifier that looks a key up by `kid` finds an old one again.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::jwt::TokenKind;
use crate::rsa_key::RsaKey;

/// A key and its name.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The key id.
    pub(super) kid: String,
    key: Option<RsaKey>,
}

/// The keys of a pool.
#[derive(Debug)]
pub(super) struct KeyRing {
    seed: String,
    first: usize,
    generation: usize,
    id: Key,
    access: Key,
    past: Vec<Key>,
}

/// How many rotations back userInfo still recognises an access token.
const PAST_KEYS: usize = 16;

static TEST_KEYS: LazyLock<Vec<RsaKey>> = LazyLock::new(|| RsaKey::read_pem(include_str!("test-keys.pem")));

impl KeyRing {
    /// Begins with the pair `first`; `seed` (the issuer) makes the kids differ from pool to pool.
    pub(super) fn new(seed: &str, first: usize) -> KeyRing {
        let [id, access] = pair(seed, first, 0);
        KeyRing { seed: seed.to_owned(), first, generation: 0, id, access, past: Vec::new() }
    }

    /// The key that signs now.
    pub(super) fn signing(&self, kind: TokenKind) -> Key {
        match kind {
            TokenKind::Access => self.access.clone(),
            TokenKind::Id => self.id.clone(),
        }
    }

    /// New keys; the old ones leave the JWKS.
    pub(super) fn rotate(&mut self) {
        self.generation += 1;
        let [id, access] = pair(&self.seed, self.first, self.generation);
        self.id = id;
        self.past.push(std::mem::replace(&mut self.access, access));
        let surplus = self.past.len().saturating_sub(PAST_KEYS);
        self.past.drain(..surplus);
    }

    /// The JWK set.
    pub(super) fn jwks(&self) -> Value {
        json!({ "keys": [self.id.jwk(), self.access.jwk()] })
    }

    /// The access-token key of that name, current or past.
    pub(super) fn access_key(&self, kid: &str) -> Option<&Key> {
        std::iter::once(&self.access).chain(&self.past).find(|key| key.kid == kid)
    }
}

impl Key {
    /// A key under a name that no JWK set has: of a pair that is never published.
    pub(super) fn stranger() -> Key {
        Key { kid: kid("nobody", 0, TokenKind::Id), key: TEST_KEYS.last().cloned() }
    }

    /// An RS256 signature.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.as_ref().map(|key| key.sign(message)).unwrap_or_default()
    }

    /// Whether an RS256 signature is this key's.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.as_ref().is_some_and(|key| key.verifies(message, signature))
    }

    /// The public key as PEM: what an algorithm-confusion attack takes for an HMAC secret.
    pub(super) fn public_pem(&self) -> String {
        self.key.as_ref().map(RsaKey::public_pem).unwrap_or_default()
    }

    fn jwk(&self) -> Value {
        self.key.as_ref().map(|key| key.jwk(&self.kid)).unwrap_or_default()
    }
}

fn pair(seed: &str, first: usize, generation: usize) -> [Key; 2] {
    // The last key is the stranger's.
    let pairs = (TEST_KEYS.len().saturating_sub(1) / 2).max(1);
    let first = first.wrapping_add(generation) % pairs * 2;
    [(TokenKind::Id, first), (TokenKind::Access, first + 1)]
        .map(|(kind, at)| Key { kid: kid(seed, generation, kind), key: TEST_KEYS.get(at).cloned() })
}

/// The first hash of the key's place in the pool whose base64 has every awkward character.
fn kid(seed: &str, generation: usize, kind: TokenKind) -> String {
    (0..u32::MAX)
        .map(|attempt| digest(&SHA256, format!("{seed} {generation} {kind:?} {attempt}").as_bytes()))
        .map(|hash| STANDARD.encode(hash))
        .find(|kid| kid.contains('+') && kid.contains('/'))
        .unwrap_or_default()
}
