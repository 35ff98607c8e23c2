//! Decides which RSA-2048 keys exist and what they are called: one pair of keys (ID, access) at a time, kids of 44 characters
//! of standard base64 that contain `+`, `/` and `=`. The key material is fixed TEST material; a rotation takes the next pair
//! and always new kids, so that no verifier that looks a key up by `kid` finds an old one again.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::jwt::TokenKind;

/// A key and its name.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The key id.
    pub(super) kid: String,
    pair: Option<Arc<RsaKeyPair>>,
}

/// The keys of a pool.
#[derive(Debug)]
pub(super) struct KeyRing {
    seed: String,
    generation: usize,
    id: Key,
    access: Key,
    past: Vec<Key>,
}

/// How many rotations back userInfo still recognises an access token.
const PAST_KEYS: usize = 16;

/// Everything in front of the PKCS#1 key in the SubjectPublicKeyInfo of an RSA-2048 key.
const SPKI_PREFIX: [u8; 24] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00,
];

static TEST_KEYS: LazyLock<Vec<Arc<RsaKeyPair>>> = LazyLock::new(|| read_pem(include_str!("test-keys.pem")));

impl KeyRing {
    /// The first pair; `seed` (the issuer) makes the kids differ from pool to pool.
    pub(super) fn new(seed: &str) -> KeyRing {
        let [id, access] = pair(seed, 0);
        KeyRing { seed: seed.to_owned(), generation: 0, id, access, past: Vec::new() }
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
        let [id, access] = pair(&self.seed, self.generation);
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
        Key { kid: kid("nobody", 0, TokenKind::Id), pair: TEST_KEYS.last().cloned() }
    }

    /// An RS256 signature.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let Some(pair) = &self.pair else { return Vec::new() };
        let mut signature = vec![0; pair.public().modulus_len()];
        let _ = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signature
    }

    /// Whether an RS256 signature is this key's.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some(pair) = &self.pair else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).verify(message, signature).is_ok()
    }

    /// The public key as PEM: what an algorithm-confusion attack takes for an HMAC secret.
    pub(super) fn public_pem(&self) -> String {
        let Some(pair) = &self.pair else { return String::new() };
        let der = [&SPKI_PREFIX, pair.public_key().as_ref()].concat();
        let text = STANDARD.encode(der);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    fn jwk(&self) -> Value {
        let public = self.pair.as_ref().map(|pair| RsaPublicKeyComponents::<Vec<u8>>::from(pair.public()));
        let n = URL_SAFE_NO_PAD.encode(public.map(|public| public.n).unwrap_or_default());
        json!({ "alg": "RS256", "e": "AQAB", "kid": self.kid, "kty": "RSA", "n": n, "use": "sig" })
    }
}

fn pair(seed: &str, generation: usize) -> [Key; 2] {
    // The last key is the stranger's.
    let pairs = (TEST_KEYS.len().saturating_sub(1) / 2).max(1);
    let first = generation % pairs * 2;
    [(TokenKind::Id, first), (TokenKind::Access, first + 1)]
        .map(|(kind, at)| Key { kid: kid(seed, generation, kind), pair: TEST_KEYS.get(at).cloned() })
}

/// The first hash of the key's place in the pool whose base64 has every awkward character.
fn kid(seed: &str, generation: usize, kind: TokenKind) -> String {
    (0..u32::MAX)
        .map(|attempt| digest(&SHA256, format!("{seed} {generation} {kind:?} {attempt}").as_bytes()))
        .map(|hash| STANDARD.encode(hash))
        .find(|kid| kid.contains('+') && kid.contains('/'))
        .unwrap_or_default()
}

fn read_pem(pem: &str) -> Vec<Arc<RsaKeyPair>> {
    pem.split("-----BEGIN PRIVATE KEY-----")
        .skip(1)
        .filter_map(|part| part.split_once("-----END"))
        .filter_map(|(text, _)| STANDARD.decode(text.split_whitespace().collect::<String>()).ok())
        .filter_map(|der| RsaKeyPair::from_pkcs8(&der).ok())
        .map(Arc::new)
        .collect()
}
