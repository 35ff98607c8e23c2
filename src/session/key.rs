//! What text will do as a session secret, and how a good one is made.
//!
//! Decides which configured secrets are refused, as too short or too easily guessed. A refusal is a configuration
//! error: nothing is stretched or padded to fit. Where secrets come from is left to `config`.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    secret::Secret,
    time::{Entropy, EntropyError, random},
};

use super::primitives::KEY_BYTES;

/// Why a secret cannot be a session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakKey {
    /// Too few different characters.
    FewCharacters {
        /// How many there are.
        distinct: usize,
    },
    /// No secret at all is configured.
    Missing,
    /// Hexadecimal with an odd number of digits: one was lost.
    OddHex {
        /// How many digits there are.
        digits: usize,
    },
    /// It holds a word from examples and templates.
    Placeholder {
        /// The word.
        word: &'static str,
    },
    /// A short pattern, again and again.
    Repeats {
        /// The pattern's length.
        period: usize,
    },
    /// Most characters are the neighbour of the one before, as in `abcdef`.
    Sequence,
    /// Shorter than 32 bytes.
    Short {
        /// Its length.
        bytes: usize,
    },
    /// Hexadecimal that decodes to less than 32 bytes.
    ShortHex {
        /// What it decodes to.
        bytes: usize,
    },
}

/// What `edge-oidc keygen` prints: 32 random bytes, base64url.
pub fn generate_key(entropy: &mut dyn Entropy) -> Result<Secret<String>, EntropyError> {
    let bytes = random::<KEY_BYTES>(entropy)?;
    Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes.secret())))
}

/// Refuses a secret that is short or easily guessed.
pub(super) fn check(secret: &str) -> Result<(), WeakKey> {
    let text = secret.as_bytes();
    if text.len() < KEY_BYTES {
        return Err(WeakKey::Short { bytes: text.len() });
    }
    check_hex(text)?;
    check_guessable(text)?;
    check_placeholder(secret)
}

fn check_hex(text: &[u8]) -> Result<(), WeakKey> {
    if !text.iter().all(u8::is_ascii_hexdigit) {
        return Ok(());
    }
    let digits = text.len();
    let bytes = digits / 2;
    if !digits.is_multiple_of(2) {
        Err(WeakKey::OddHex { digits })
    } else if bytes < KEY_BYTES {
        Err(WeakKey::ShortHex { bytes })
    } else {
        Ok(())
    }
}

fn check_guessable(text: &[u8]) -> Result<(), WeakKey> {
    if let Some(period) = (1..=LONGEST_PATTERN.min(text.len() / 2)).find(|period| repeats(text, *period)) {
        return Err(WeakKey::Repeats { period });
    }
    let mut seen = [false; 256];
    for byte in text {
        if let Some(seen) = seen.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    if distinct < FEWEST_CHARACTERS {
        return Err(WeakKey::FewCharacters { distinct });
    }
    let steps = text.iter().zip(text.iter().skip(1)).filter(|(a, b)| a.abs_diff(**b) <= 1).count();
    let most = text.len().saturating_sub(text.len() / 4);
    if steps > most { Err(WeakKey::Sequence) } else { Ok(()) }
}

fn repeats(text: &[u8], period: usize) -> bool {
    text.iter().zip(text.iter().skip(period)).all(|(a, b)| a == b)
}

fn check_placeholder(secret: &str) -> Result<(), WeakKey> {
    let lower = secret.to_ascii_lowercase();
    match PLACEHOLDERS.iter().find(|word| lower.contains(**word)) {
        Some(word) => Err(WeakKey::Placeholder { word }),
        None => Ok(()),
    }
}

impl fmt::Display for WeakKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewCharacters { distinct } => write!(f, "the secret is made of only {distinct} different characters"),
            Self::Missing => f.write_str("there is no secret"),
            Self::OddHex { digits } => write!(f, "the secret is hexadecimal with an odd number of digits ({digits})"),
            Self::Placeholder { word } => write!(f, "the secret holds the placeholder word `{word}`"),
            Self::Repeats { period } => write!(f, "the secret repeats a pattern of {period} bytes"),
            Self::Sequence => f.write_str("the secret runs through the alphabet or the digits"),
            Self::Short { bytes } => write!(f, "the secret has {bytes} bytes, it needs at least {KEY_BYTES}"),
            Self::ShortHex { bytes } => {
                write!(f, "the secret is hexadecimal for {bytes} bytes, it needs at least {KEY_BYTES}")
            }
        }?;
        f.write_str("; `edge-oidc keygen` makes a good one")
    }
}

impl std::error::Error for WeakKey {}

/// 64 random hexadecimal digits have fewer only once in 10^16.
const FEWEST_CHARACTERS: usize = 8;

const LONGEST_PATTERN: usize = 32;

/// Words of six letters and more, so that a random secret holds none (once in ten million).
const PLACEHOLDERS: [&str; 16] = [
    "change-me",
    "change-this",
    "change_me",
    "changeit",
    "changeme",
    "changethis",
    "cookie",
    "deadbeef",
    "example",
    "insert",
    "password",
    "placeholder",
    "qwerty",
    "replace",
    "secret",
    "session",
];

#[cfg(test)]
mod tests {
    use super::*;

    struct Steps(u64);

    impl Entropy for Steps {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            for byte in bytes {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (self.0 >> 56) as u8;
            }
            Ok(())
        }
    }

    #[test]
    fn every_generated_key_is_good_and_none_repeats() {
        let mut entropy = Steps(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..10_000 {
            let key = generate_key(&mut entropy).unwrap();
            assert_eq!(key.secret().len(), 43);
            assert_eq!(check(key.secret()), Ok(()), "{}", key.secret());
            assert!(seen.insert(key.secret().clone()));
        }
    }

    #[test]
    fn what_openssl_prints_is_good() {
        assert_eq!(check("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"), Ok(()));
        assert_eq!(check("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="), Ok(()));
    }

    // T-96
    #[test]
    fn each_weakness_has_its_name() {
        assert_eq!(check(""), Err(WeakKey::Short { bytes: 0 }));
        assert_eq!(check("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4I"), Err(WeakKey::Short { bytes: 31 }));
        assert_eq!(check("9f86d081884c7d659a2feaa0c55ad015"), Err(WeakKey::ShortHex { bytes: 16 }));
        assert_eq!(
            check("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0"),
            Err(WeakKey::OddHex { digits: 63 })
        );
        assert_eq!(check(&"z".repeat(32)), Err(WeakKey::Repeats { period: 1 }));
        assert_eq!(check(&"0123456789abcdef".repeat(4)), Err(WeakKey::Repeats { period: 16 }));
        assert_eq!(check("zaabbazzbzabazbazbbzabzabzzabzazbbza"), Err(WeakKey::FewCharacters { distinct: 3 }));
        assert_eq!(check("abcdefghijklmnopqrstuvwxyz0123456789"), Err(WeakKey::Sequence));
        assert_eq!(check("MyVerySecretKeyThatIsLongEnough!!"), Err(WeakKey::Placeholder { word: "secret" }));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        assert_eq!(
            WeakKey::Short { bytes: 5 }.to_string(),
            "the secret has 5 bytes, it needs at least 32; `edge-oidc keygen` makes a good one"
        );
    }
}
