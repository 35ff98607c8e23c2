//! The JWS algorithms we accept and how their signatures are verified (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1, RFC 9864 §2.2).
//!
//! Decides the closed list of algorithms, the form that a signature must have before any verifier sees it, and, in pure
//! Rust, whether it is good. Which algorithm and key a token may use is decided in `jwks`; the host's own verifier is
//! spoken to in `envoy_signature`.
//!
//! The primitives (`rsa`, `p256`, `p384`, `ed25519-compact`) are the ones that jwt-simple is made of. jwt-simple itself
//! verifies only whole tokens whose payload is its own claims type: published raw vectors could not be run against it,
//! and its reading of the claims would stand before ours.

use std::{error::Error, fmt, str::FromStr};

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::jwk::{Material, PublicKey};

/// A JWS algorithm (RFC 7518 §3.1, RFC 9864). Nothing symmetric, no `none`, no curve that the host or we lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 using SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 using SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 using SHA-512.
    Rs512,
    /// RSASSA-PSS using SHA-256 and a salt of its length.
    Ps256,
    /// RSASSA-PSS using SHA-384 and a salt of its length.
    Ps384,
    /// RSASSA-PSS using SHA-512 and a salt of its length.
    Ps512,
    /// ECDSA using P-256 and SHA-256.
    Es256,
    /// ECDSA using P-384 and SHA-384.
    Es384,
    /// EdDSA using Ed25519, called `Ed25519` or, older, `EdDSA`.
    Ed25519,
}

impl Algorithm {
    /// Every algorithm there is.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Ed25519,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Ed25519 => "Ed25519",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Names are compared exactly: RFC 7515 §4.1.1 makes them case-sensitive.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        match name {
            "EdDSA" => Ok(Self::Ed25519),
            _ => Self::ALL.into_iter().find(|a| a.name() == name).ok_or(UnknownAlgorithm),
        }
    }
}

/// The name is no algorithm that we accept: `none`, symmetric, obsolete or unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, Ed25519, EdDSA")
    }
}

impl Error for UnknownAlgorithm {}

/// Who computes whether a signature is good. Every implementation gives the same verdict on every input.
pub trait SignatureVerifier {
    /// Whether `signature` is `key`'s signature of `message` by `algorithm`.
    fn verify(&self, algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool;
}

/// Verifies inside this module's own code; needs no host.
#[derive(Clone, Copy, Debug, Default)]
pub struct PureRust;

impl SignatureVerifier for PureRust {
    fn verify(&self, algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        if !well_formed(algorithm, key, signature) {
            return false;
        }
        match (algorithm, key.material()) {
            (Algorithm::Rs256, Material::Rsa(rsa)) => pkcs1::<Sha256>(rsa, message, signature),
            (Algorithm::Rs384, Material::Rsa(rsa)) => pkcs1::<Sha384>(rsa, message, signature),
            (Algorithm::Rs512, Material::Rsa(rsa)) => pkcs1::<Sha512>(rsa, message, signature),
            (Algorithm::Ps256, Material::Rsa(rsa)) => {
                rsa.verify(Pss::new::<Sha256>(), &Sha256::digest(message), signature).is_ok()
            }
            (Algorithm::Ps384, Material::Rsa(rsa)) => {
                rsa.verify(Pss::new::<Sha384>(), &Sha384::digest(message), signature).is_ok()
            }
            (Algorithm::Ps512, Material::Rsa(rsa)) => {
                rsa.verify(Pss::new::<Sha512>(), &Sha512::digest(message), signature).is_ok()
            }
            (Algorithm::Es256, Material::P256(point)) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|s| point.verify_prehash(&Sha256::digest(message), &s).is_ok()),
            (Algorithm::Es384, Material::P384(point)) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|s| point.verify_prehash(&Sha384::digest(message), &s).is_ok()),
            (Algorithm::Ed25519, Material::Ed25519(point)) => {
                ed25519_compact::Signature::from_slice(signature).is_ok_and(|s| point.verify(message, &s).is_ok())
            }
            _ => false,
        }
    }
}

fn pkcs1<D: Digest + rsa::pkcs8::AssociatedOid>(key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify(Pkcs1v15Sign::new::<D>(), &D::digest(message), signature).is_ok()
}

/// Whether `signature` has the one form that `algorithm` and `key` allow. Every verifier asks this first, so that they
/// cannot differ in what they tolerate: RSA signatures are exactly as long as the modulus and smaller than it (the `rsa`
/// crate's PSS does not look), ECDSA ones are r ‖ s of full length (RFC 7518 §3.4) with both in 1 to n-1.
pub fn well_formed(algorithm: Algorithm, key: &PublicKey, signature: &[u8]) -> bool {
    key.fits(algorithm)
        && match key.material() {
            Material::Rsa(rsa) => below_modulus(rsa, signature),
            Material::P256(_) => p256::ecdsa::Signature::from_slice(signature).is_ok(),
            Material::P384(_) => p384::ecdsa::Signature::from_slice(signature).is_ok(),
            Material::Ed25519(_) => signature.len() == ed25519_compact::Signature::BYTES,
        }
}

fn below_modulus(key: &RsaPublicKey, signature: &[u8]) -> bool {
    use rsa::traits::PublicKeyParts;
    // Equal lengths of big-endian bytes compare as numbers.
    signature.len() == key.size() && signature < key.n().to_bytes_be().as_slice()
}
