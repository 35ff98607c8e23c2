//! Makes tokens that really are signed, with fixed keys that protect nothing.
//!
//! Decides nothing: what a token says, its header included, is the test's.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use edge_oidc::oidc::signature::Algorithm;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::{
    BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey,
    rand_core::{CryptoRng, Error, RngCore},
    traits::PublicKeyParts,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A token with this header and payload, signed as `algorithm` whatever the header says.
pub fn sign(algorithm: Algorithm, header: &Value, payload: &Value) -> String {
    let input = format!("{}.{}", encode(header.to_string()), encode(payload.to_string()));
    let signature = signature(algorithm, input.as_bytes());
    format!("{input}.{}", encode(signature))
}

/// The signature of `message` with the key for `algorithm`.
pub fn signature(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    let (sha256, sha384, sha512) = (Sha256::digest(message), Sha384::digest(message), Sha512::digest(message));
    match algorithm {
        Algorithm::Rs256 => rsa_key().sign(Pkcs1v15Sign::new::<Sha256>(), &sha256).unwrap(),
        Algorithm::Rs384 => rsa_key().sign(Pkcs1v15Sign::new::<Sha384>(), &sha384).unwrap(),
        Algorithm::Rs512 => rsa_key().sign(Pkcs1v15Sign::new::<Sha512>(), &sha512).unwrap(),
        Algorithm::Ps256 => rsa_key().sign_with_rng(&mut FixedSalt, Pss::new::<Sha256>(), &sha256).unwrap(),
        Algorithm::Ps384 => rsa_key().sign_with_rng(&mut FixedSalt, Pss::new::<Sha384>(), &sha384).unwrap(),
        Algorithm::Ps512 => rsa_key().sign_with_rng(&mut FixedSalt, Pss::new::<Sha512>(), &sha512).unwrap(),
        Algorithm::Es256 => {
            let signature: p256::ecdsa::Signature = p256_key().sign_prehash(&sha256).unwrap();
            signature.to_bytes().to_vec()
        }
        Algorithm::Es384 => {
            let signature: p384::ecdsa::Signature = p384_key().sign_prehash(&sha384).unwrap();
            signature.to_bytes().to_vec()
        }
        Algorithm::Ed25519 => ed25519_key().sk.sign(message, None).to_vec(),
    }
}

/// The public half of the key for `algorithm`: the same one for all of RSA.
pub fn jwk(algorithm: Algorithm, kid: &str) -> Value {
    match algorithm {
        Algorithm::Es256 => {
            let point = p256_key().verifying_key().to_sec1_point(false);
            json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": encode(&point.as_bytes()[1..33]), "y": encode(&point.as_bytes()[33..])})
        }
        Algorithm::Es384 => {
            let point = p384_key().verifying_key().to_sec1_point(false);
            json!({"kty": "EC", "crv": "P-384", "kid": kid, "x": encode(&point.as_bytes()[1..49]), "y": encode(&point.as_bytes()[49..])})
        }
        Algorithm::Ed25519 => json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(*ed25519_key().pk)}),
        _ => json!({"kty": "RSA", "kid": kid, "n": encode(rsa_key().n().to_bytes_be()), "e": "AQAB"}),
    }
}

/// Base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa_key() -> RsaPrivateKey {
    let prime = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap();
    RsaPrivateKey::from_p_q(prime(P), prime(Q), BigUint::from(65537_u32)).unwrap()
}

fn p256_key() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()
}

fn p384_key() -> p384::ecdsa::SigningKey {
    p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap()
}

fn ed25519_key() -> ed25519_compact::KeyPair {
    ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([7; 32]))
}

/// PSS asks for a random salt; a fixed one makes tests repeatable.
struct FixedSalt;

impl RngCore for FixedSalt {
    fn next_u32(&mut self) -> u32 {
        7
    }

    fn next_u64(&mut self) -> u64 {
        7
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(7);
        Ok(())
    }
}

impl CryptoRng for FixedSalt {}

const P: &str = "f193ac85f69106011816bef41e068ca56f122c783ba2d1666bb4951e204050459f4928ead745c06d6a7e0b9423833b01a9012e5c6ea6\
    32f1d82491bdbf86ec043b3dc0fe7c42755786f6f5b5a525d7a1fa23cd4ecd71a45f7a0f73503b8e0a5e3d7a889334e30b2428543abc\
    98c66e0242356318e06bea19b28f7de8d81f192f";
const Q: &str = "e68965db6ceb73d0e8d548b3f409379ae49354241fee01d00b553fe8cefd36d5177440d863a82d0dc793f2d0746b3ae1831beb338e4a\
    967b3fc7a009832a729dc83cae3b769c728226f7e8b97ebbebeef6736b0d86c84f7704f769e1183e8084992d46c413501eea30eaa003\
    707284d0a64d2d73da64e20fc70135961d13abe7";
