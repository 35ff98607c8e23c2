//! An RSA-2048 key of a local issuer: how it signs (RS256), and how its public half is written down. Key material is fixed
//! TEST material that its owners keep; which key signs, and under what name, is theirs to decide.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// Everything in front of the PKCS#1 key in the SubjectPublicKeyInfo of an RSA-2048 key.
const SPKI_PREFIX: [u8; 24] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00,
];

/// A key.
#[derive(Clone, Debug)]
pub(crate) struct RsaKey(Arc<RsaKeyPair>);

impl RsaKey {
    /// All keys of a PEM file (PKCS#8).
    pub(crate) fn read_pem(pem: &str) -> Vec<RsaKey> {
        pem.split("-----BEGIN PRIVATE KEY-----")
            .skip(1)
            .filter_map(|part| part.split_once("-----END"))
            .filter_map(|(text, _)| STANDARD.decode(text.split_whitespace().collect::<String>()).ok())
            .filter_map(|der| RsaKeyPair::from_pkcs8(&der).ok())
            .map(|pair| RsaKey(Arc::new(pair)))
            .collect()
    }

    /// An RS256 signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let _ = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signature
    }

    /// Whether an RS256 signature is this key's.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.public_key()).verify(message, signature).is_ok()
    }

    /// The SubjectPublicKeyInfo.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        [&SPKI_PREFIX, self.0.public_key().as_ref()].concat()
    }

    /// The public key as PEM: what an algorithm-confusion attack takes for an HMAC secret.
    pub(crate) fn public_pem(&self) -> String {
        let text = STANDARD.encode(self.public_der());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// The public key as a JWK of this name.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let n = URL_SAFE_NO_PAD.encode(RsaPublicKeyComponents::<Vec<u8>>::from(self.0.public()).n);
        json!({ "alg": "RS256", "e": "AQAB", "kid": kid, "kty": "RSA", "n": n, "use": "sig" })
    }
}
