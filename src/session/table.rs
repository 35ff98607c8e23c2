//! Sealed values in the memory that all workers share, in a fixed number of places.
//!
//! Decides names, sealing and the turns in which workers write. Other plugins can read and write the same memory: what does
//! not open is nobody's and is written over. What the values hold is left to `handoff` and `revoked`.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::{
    memory::{SharedMemory, Stamp, WriteError},
    time::{Entropy, UnixTime},
};

use super::{
    record::DIGEST_BYTES,
    seal::{Binding, Keyring, Purpose},
};

/// What a worker needs to take part in a table.
pub struct Shared<'a> {
    /// What seals the values.
    pub keys: &'a Keyring,
    /// The memory.
    pub memory: &'a mut dyn SharedMemory,
    /// For the seals.
    pub entropy: &'a mut dyn Entropy,
    /// The present.
    pub now: UnixTime,
}

/// Whose tables these are: those of the filters that read one cookie. Others share none with them, for they may have other
/// keys, and would write over what they cannot open. Which providers there are makes no difference: a session that was ended
/// stays so when one is added.
#[derive(Clone, Copy, Debug)]
pub struct Namespace<'a> {
    /// The session cookie's name.
    pub cookie_name: &'a str,
    /// What the cookies are for: their domain, or the first of the public URLs.
    pub scope: &'a str,
}

/// A table: `edge_oidc.<namespace>.<kind>.<number>` in the shared memory.
#[derive(Debug)]
pub(super) struct Table {
    prefix: String,
    places: u16,
}

/// Nothing was written: the memory is not there, or other workers were faster again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwritten;

impl Table {
    /// A table of `kind` with so many places.
    pub(super) fn new(kind: &str, places: u16, namespace: &Namespace<'_>) -> Self {
        let Namespace { cookie_name, scope } = *namespace;
        let digest = digest(&[cookie_name.as_bytes(), scope.as_bytes()]);
        let namespace: String = digest.iter().take(NAMESPACE_BYTES).map(|byte| format!("{byte:02x}")).collect();
        Self { prefix: format!("edge_oidc.{namespace}.{kind}"), places }
    }

    /// The number of the place for `digest`.
    pub(super) fn place(&self, digest: &[u8; DIGEST_BYTES]) -> u16 {
        let [high, low, ..] = *digest;
        u16::from_be_bytes([high, low]).checked_rem(self.places).unwrap_or_default()
    }

    /// What stands at `place`, opened; nothing if it was never written or does not open.
    pub(super) fn read(&self, place: u16, keys: &Keyring, memory: &dyn SharedMemory) -> Option<(Vec<u8>, Stamp)> {
        let name = self.name(place);
        let (sealed, stamp) = memory.read(&name)?;
        let opened = keys.open(&Self::binding(&name), &sealed);
        Some((opened.map(|opened| opened.secret().clone()).unwrap_or_default(), stamp))
    }

    /// Which write stands at `place`.
    pub(super) fn stamp(&self, place: u16, memory: &dyn SharedMemory) -> Option<Stamp> {
        memory.read(&self.name(place)).map(|(_, stamp)| stamp)
    }

    /// Puts in the place of what stands there what `change` makes of it and of its stamp, with no other worker's write in
    /// between; `None` leaves it.
    pub(super) fn update<T>(
        &self,
        place: u16,
        shared: &mut Shared<'_>,
        mut change: impl FnMut(&[u8], Option<Stamp>) -> (Option<Vec<u8>>, T),
    ) -> Result<T, Unwritten> {
        let name = self.name(place);
        for _ in 0..TRIES {
            let read = self.read(place, shared.keys, shared.memory);
            let (before, stamp) = read.map_or((Vec::new(), None), |(bytes, stamp)| (bytes, Some(stamp)));
            let (after, result) = change(&before, stamp);
            let Some(after) = after else { return Ok(result) };
            let sealed = shared.keys.seal(&Self::binding(&name), &after, shared.entropy).map_err(|_| Unwritten)?;
            match shared.memory.write(&name, sealed.as_bytes(), stamp) {
                Ok(()) => return Ok(result),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Unavailable) => return Err(Unwritten),
            }
        }
        Err(Unwritten)
    }

    fn name(&self, place: u16) -> String {
        format!("{}.{place}", self.prefix)
    }

    /// A value opens only in the place that it was written for.
    fn binding(name: &str) -> Binding<'_> {
        Binding { purpose: Purpose::Handoff, cookie_name: name, host_scope: "", client_id: "" }
    }
}

/// A digest of `parts`, each with its length before it.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; DIGEST_BYTES] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let whole: [u8; 32] = hash.finalize().into();
    whole.first_chunk().copied().unwrap_or_default()
}

impl fmt::Debug for Shared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("now", &self.now).finish_non_exhaustive()
    }
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the memory that workers share could not be written")
    }
}

impl std::error::Error for Unwritten {}

const NAMESPACE_BYTES: usize = 8;

/// Between a worker's read and its write, each other worker can write once or twice.
const TRIES: usize = 64;
