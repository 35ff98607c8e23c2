//! The seal: what is put into a browser's hands, so that it can neither be read nor changed nor used elsewhere.
//!
//! Decides the cipher (XChaCha20-Poly1305, a fresh random nonce each time), how keys come from the configured secrets
//! (HKDF-SHA256, one per purpose), and what a sealed value is bound to. A value that does not open says nothing about
//! why. What is inside is left to `session` and `attempt`, and how it is spread over cookies to `chunk`.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    secret::Secret,
    time::{Entropy, EntropyError, random},
};

use super::{
    key::{WeakKey, check},
    primitives::{KEY_BYTES, NONCE_BYTES, TAG_BYTES, decrypt, derive, encrypt},
};

/// The keys: the first seals, all open. Dropping one ends what it sealed at once.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<PurposeKeys>,
}

/// What a sealed value is for; each purpose has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A login that was started.
    Attempt,
    /// A refreshed session on its way to the other workers, through memory that other plugins can read.
    Handoff,
    /// A signed-in person's session.
    Session,
}

/// Where a sealed value is valid. It opens under exactly the binding it was sealed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The cookie it is kept in.
    pub cookie_name: &'a str,
    /// The lower-cased authority of the public URL, or the configured cookie domain.
    pub host_scope: &'a str,
    /// The client at the provider.
    pub client_id: &'a str,
}

/// Why a value could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// No nonce could be had.
    Entropy(EntropyError),
    /// It would not fit the cookies that are read again.
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
}

#[derive(Clone)]
struct PurposeKeys {
    attempt: [u8; KEY_BYTES],
    handoff: [u8; KEY_BYTES],
    session: [u8; KEY_BYTES],
}

impl Keyring {
    /// The keys of these secrets; else the position of the first that will not do, and why. A line end after a secret,
    /// as files have it, is not part of it.
    pub fn new(secrets: &[Secret<String>]) -> Result<Self, (usize, WeakKey)> {
        if secrets.is_empty() {
            return Err((0, WeakKey::Missing));
        }
        let key = |(index, secret): (usize, &Secret<String>)| {
            PurposeKeys::from_secret(secret.secret().trim_end_matches(['\r', '\n'])).map_err(|weak| (index, weak))
        };
        let keys = secrets.iter().enumerate().map(key).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// Seals `plaintext` with the first key, as base64url without padding: [`sealed_len`] characters.
    pub fn seal(&self, aad: &Binding<'_>, plaintext: &[u8], entropy: &mut dyn Entropy) -> Result<String, SealError> {
        let too_large = SealError::TooLarge { bytes: plaintext.len(), limit: LONGEST_PLAINTEXT };
        if plaintext.len() > LONGEST_PLAINTEXT {
            return Err(too_large);
        }
        let nonce = random::<NONCE_BYTES>(entropy)?;
        let key = self.keys.first().ok_or(too_large)?.of(aad.purpose);
        let ciphertext = encrypt(key, nonce.secret(), &aad.encode(), plaintext).ok_or(too_large)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.secret().as_slice(), &ciphertext].concat()))
    }

    /// What was sealed, if any key opens it under this binding.
    pub fn open(&self, aad: &Binding<'_>, sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        if sealed.len() > sealed_len(LONGEST_PLAINTEXT) {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let aad_bytes = aad.encode();
        let open = |keys: &PurposeKeys| decrypt(keys.of(aad.purpose), nonce, &aad_bytes, ciphertext);
        self.keys.iter().find_map(open).map(Secret::new)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys, redacted)", self.keys.len())
    }
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Attempt => b"attempt",
            Self::Handoff => b"handoff",
            Self::Session => b"session",
        }
    }
}

impl Binding<'_> {
    /// Every field with its length before it, so that no two bindings have the same bytes.
    fn encode(&self) -> Vec<u8> {
        let fields = [
            FORMAT,
            self.purpose.label(),
            self.cookie_name.as_bytes(),
            self.host_scope.as_bytes(),
            self.client_id.as_bytes(),
        ];
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(field);
        }
        bytes
    }
}

impl PurposeKeys {
    fn from_secret(secret: &str) -> Result<Self, WeakKey> {
        check(secret)?;
        let key = |purpose: Purpose| {
            let mut key = [0; KEY_BYTES];
            // HKDF always has 32 bytes to give; were it otherwise, the secret would be refused rather than its key be
            // zero.
            match derive(secret.as_bytes(), FORMAT, purpose.label(), &mut key) {
                Some(()) => Ok(key),
                None => Err(WeakKey::Short { bytes: secret.len() }),
            }
        };
        Ok(Self { attempt: key(Purpose::Attempt)?, handoff: key(Purpose::Handoff)?, session: key(Purpose::Session)? })
    }

    const fn of(&self, purpose: Purpose) -> &[u8; KEY_BYTES] {
        match purpose {
            Purpose::Attempt => &self.attempt,
            Purpose::Handoff => &self.handoff,
            Purpose::Session => &self.session,
        }
    }
}

/// How many characters `plaintext` bytes have when they are sealed.
pub const fn sealed_len(plaintext: usize) -> usize {
    plaintext.saturating_add(NONCE_BYTES).saturating_add(TAG_BYTES).saturating_mul(4).div_ceil(3)
}

impl From<EntropyError> for SealError {
    fn from(error: EntropyError) -> Self {
        Self::Entropy(error)
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entropy(error) => error.fmt(f),
            Self::TooLarge { bytes, limit } => {
                write!(f, "it has {bytes} bytes where {limit} fit; keep fewer claims or no tokens in the session")
            }
        }
    }
}

impl std::error::Error for SealError {}

/// The format's version: part of every key and of every binding.
const FORMAT: &[u8] = b"edge-oidc 1";

/// Well over what eight cookies hold, and over a slot of the shared table.
const LONGEST_PLAINTEXT: usize = 65_536;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const OLD: &str = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
    const NEW: &str = "Yk9dVb3qLrT0uHc2ZxJmE7wSgPn5oAiKfRt8yQ1vCDU";
    const BINDING: Binding<'_> =
        Binding { purpose: Purpose::Session, cookie_name: "name", host_scope: "host", client_id: "client" };

    struct Counter(u64);

    impl Entropy for Counter {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            self.0 = self.0.wrapping_add(1);
            bytes.fill(0);
            bytes[..8].clone_from_slice(&self.0.to_be_bytes());
            Ok(())
        }
    }

    struct Dry;

    impl Entropy for Dry {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }

    fn keyring(secrets: &[&str]) -> Keyring {
        Keyring::new(&secrets.iter().map(|secret| Secret::new(secret.to_string())).collect::<Vec<_>>()).unwrap()
    }

    fn sealed(keys: &Keyring) -> String {
        keys.seal(&BINDING, b"content", &mut Counter(0)).unwrap()
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let before = sealed(&keyring(&[OLD]));
        let rotated = keyring(&[NEW, OLD]);
        assert_eq!(rotated.open(&BINDING, before.as_bytes()).unwrap().secret(), b"content");
        let after = sealed(&rotated);
        assert!(keyring(&[NEW]).open(&BINDING, after.as_bytes()).is_some());
        assert!(keyring(&[OLD]).open(&BINDING, after.as_bytes()).is_none());
        assert!(keyring(&[NEW]).open(&BINDING, before.as_bytes()).is_none());
    }

    // T-86
    #[test]
    fn a_value_opens_under_its_own_binding_only() {
        let keys = keyring(&[OLD]);
        let sealed = sealed(&keys);
        let others = [
            Binding { purpose: Purpose::Attempt, ..BINDING },
            Binding { purpose: Purpose::Handoff, ..BINDING },
            Binding { cookie_name: "namE", ..BINDING },
            Binding { host_scope: "", ..BINDING },
            Binding { client_id: "clien", ..BINDING },
            Binding { cookie_name: "nameh", host_scope: "ost", ..BINDING },
            Binding { host_scope: "hostc", client_id: "lient", ..BINDING },
            Binding { cookie_name: "", host_scope: "namehost", ..BINDING },
        ];
        for other in others {
            assert!(keys.open(&other, sealed.as_bytes()).is_none(), "{other:?}");
        }
    }

    #[test]
    fn each_purpose_has_its_own_key() {
        let keys = PurposeKeys::from_secret(OLD).unwrap();
        assert_eq!(BTreeSet::from([keys.attempt, keys.handoff, keys.session]).len(), 3);
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        let keys = keyring(&[NEW, OLD]);
        let sealed = sealed(&keys).into_bytes();
        for place in 0..sealed.len() {
            for change in [1, 2, 0x20, 0x80] {
                let mut tampered = sealed.clone();
                tampered[place] ^= change;
                assert!(keys.open(&BINDING, &tampered).is_none(), "{place}");
            }
            assert!(keys.open(&BINDING, &sealed[..place]).is_none());
            assert!(keys.open(&BINDING, &sealed[place + 1..]).is_none());
        }
        assert!(keys.open(&BINDING, &[&sealed[..], b"="].concat()).is_none());
    }

    // T-88
    #[test]
    fn the_same_content_is_never_sealed_alike() {
        let (keys, mut entropy) = (keyring(&[OLD]), Counter(0));
        let seals: BTreeSet<String> = (0..100_000).map(|_| keys.seal(&BINDING, b"", &mut entropy).unwrap()).collect();
        assert_eq!(seals.len(), 100_000);
        assert_eq!(seals.first().unwrap().len(), sealed_len(0));
    }

    #[test]
    fn without_a_nonce_nothing_is_sealed() {
        let keys = keyring(&[OLD]);
        assert_eq!(keys.seal(&BINDING, b"", &mut Dry), Err(SealError::Entropy(EntropyError)));
    }

    #[test]
    fn the_size_is_bounded_both_ways() {
        let keys = keyring(&[OLD]);
        let largest = keys.seal(&BINDING, &vec![0; LONGEST_PLAINTEXT], &mut Counter(0)).unwrap();
        assert!(keys.open(&BINDING, largest.as_bytes()).is_some());
        assert_eq!(
            keys.seal(&BINDING, &vec![0; LONGEST_PLAINTEXT + 1], &mut Counter(0)),
            Err(SealError::TooLarge { bytes: 65_537, limit: 65_536 })
        );
        assert!(keys.open(&BINDING, &vec![b'A'; largest.len() + 1]).is_none());
    }

    #[test]
    fn a_weak_secret_is_named_by_its_position() {
        let secrets = [OLD, "short"].map(|secret| Secret::new(secret.to_owned()));
        assert_eq!(Keyring::new(&secrets).unwrap_err(), (1, WeakKey::Short { bytes: 5 }));
        assert_eq!(Keyring::new(&[]).unwrap_err(), (0, WeakKey::Missing));
    }

    #[test]
    fn a_line_end_after_a_secret_is_not_part_of_it() {
        let sealed = sealed(&keyring(&[OLD]));
        assert!(keyring(&[&format!("{OLD}\r\n")]).open(&BINDING, sealed.as_bytes()).is_some());
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", keyring(&[OLD, NEW])), "Keyring(2 keys, redacted)");
    }
}
