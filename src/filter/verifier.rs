//! Signatures through the host.
//!
//! Decides whether the host's `verify_signature` may be trusted: it must give the right verdict on known vectors, good and
//! bad, when the filter is configured. What it does not know is verified by our own code.

use super::abi;
use crate::oidc::{
    envoy_signature::{accepted, encode, is_reliable},
    jwk::PublicKey,
    signature::{Algorithm, PureRust, SignatureVerifier},
};

const FUNCTION: &str = "verify_signature";

/// The host's verifier where it passes its self-test, else our own.
pub fn best() -> Box<dyn SignatureVerifier> {
    let reliable = is_reliable(|argument| abi::call_foreign_function(FUNCTION, argument).ok());
    if reliable {
        return Box::new(Host);
    }
    log::warn!(
        "[-] native_signatures_unavailable: this host cannot verify signatures for us; our own code does, more slowly"
    );
    Box::new(PureRust)
}

struct Host;

impl SignatureVerifier for Host {
    fn verify(&self, algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        match encode(algorithm, key, message, signature) {
            Some(argument) => abi::call_foreign_function(FUNCTION, &argument).is_ok_and(|answer| accepted(&answer)),
            None => PureRust.verify(algorithm, key, message, signature),
        }
    }
}
