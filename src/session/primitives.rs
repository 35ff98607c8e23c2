//! The two primitives under the seal: XChaCha20-Poly1305 and HKDF-SHA256 (RFC 5869).
//!
//! Decides nothing: fixed sizes in, bytes out. They are public so that `tests/vectors_aead.rs` puts the known vectors
//! to exactly the functions that `seal` uses; everything else takes [`super::Keyring`].

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;

/// Bytes of an AEAD key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce; so many that random ones do not repeat.
pub const NONCE_BYTES: usize = 24;
/// Bytes of an authentication tag, which ends the ciphertext.
pub const TAG_BYTES: usize = 16;

/// Ciphertext and tag; `None` only for a plaintext of hundreds of gigabytes.
pub fn encrypt(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    XChaCha20Poly1305::new(key.into()).encrypt(nonce.into(), Payload { msg: plaintext, aad }).ok()
}

/// The plaintext, if `ciphertext` with its tag was made with this key, nonce and associated data.
pub fn decrypt(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], aad: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    XChaCha20Poly1305::new(key.into()).decrypt(nonce.into(), Payload { msg: ciphertext, aad }).ok()
}

/// Fills `okm` with key material from `ikm`; `None` if that is more than HKDF can give (8,160 bytes).
pub fn derive(ikm: &[u8], salt: &[u8], info: &[u8], okm: &mut [u8]) -> Option<()> {
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, okm).ok()
}
