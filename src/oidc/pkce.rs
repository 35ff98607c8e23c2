//! Proof Key for Code Exchange (RFC 7636) and the other random values of a sign-in.
//!
//! Decides their size and alphabet: 256 bits each, unpadded base64url, nothing structured, since Cognito undoes the
//! encoding of `=`, `+` and `/` in `state`. Where they are kept is `session::attempt`'s.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{
    secret::Secret,
    time::{Entropy, EntropyError, random},
};

/// The one `code_challenge_method` that we send; `plain` would put the verifier into the address bar.
pub const CODE_CHALLENGE_METHOD: &str = "S256";

/// A fresh value of 256 bits in 43 characters: `state`, `nonce` or `code_verifier` (RFC 7636 §4.1).
///
/// # Errors
/// The random source gave nothing; no sign-in may start.
pub fn random_token(entropy: &mut dyn Entropy) -> Result<Secret<String>, EntropyError> {
    random::<32>(entropy).map(|bytes| Secret::new(URL_SAFE_NO_PAD.encode(bytes.secret())))
}

/// `BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))` (RFC 7636 §4.2).
pub fn code_challenge(code_verifier: &Secret<String>) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    struct System;

    impl Entropy for System {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            getrandom::fill(bytes).map_err(|_| EntropyError)
        }
    }

    struct Broken;

    impl Entropy for Broken {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }

    #[test]
    fn challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(code_challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    // T-62
    #[test]
    fn ten_thousand_values_differ_and_hold_256_bits() {
        let values: BTreeSet<_> = (0..10_000).map(|_| random_token(&mut System).unwrap().secret().clone()).collect();
        assert_eq!(values.len(), 10_000);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(values.iter().all(|value| value.len() == 43 && value.bytes().all(plain)));
    }

    #[test]
    fn no_randomness_means_no_value() {
        assert!(random_token(&mut Broken).is_err());
    }
}
