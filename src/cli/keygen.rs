//! `edge-oidc keygen`: a new key for `session.keys`.
//!
//! Decides where its random bytes come from: the operating system. What a key is made of is decided in `session`.

use super::Outcome;
use crate::{
    session::generate_key,
    time::{Entropy, EntropyError},
};

/// The operating system's random source.
pub(super) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// The key alone goes to the standard output, so that it can be piped into a secret.
pub(super) fn run() -> Outcome {
    match generate_key(&mut SystemEntropy) {
        Ok(key) => Outcome { output: format!("{}\n", key.secret()), errors: format!("{ROTATION}\n"), code: 0 },
        Err(error) => Outcome::failed(error),
    }
}

/// How keys change without anyone noticing.
pub(super) const ROTATION: &str = "To change a key, roll out `keys` three times: [old, new], then [new, old], then [new]. \
                                   Dropping a key ends the sessions that it sealed.";
