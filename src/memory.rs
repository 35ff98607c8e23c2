//! How the memory that all workers of a gateway share enters the core: as an argument.
//!
//! Decides its shape: values by name, each with a stamp that changes with every write, and writes that fail when another
//! worker was faster. The memory itself belongs to the adapter and to the tests. On Envoy it is shared by every plugin of
//! the same `vm_id`, so nothing in it may be believed unless it is sealed.

use std::fmt;

/// Which write a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub u32);

/// Memory that all workers of a gateway share. It has no end of life and no size limit: who writes must have both.
pub trait SharedMemory {
    /// The value of `name` and its stamp; `None` if it was never written, or there is no such memory.
    fn read(&self, name: &str) -> Option<(Vec<u8>, Stamp)>;

    /// Writes `value`, if `name` still has the stamp `expected`, or still is not there if that is `None`.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] is worth another read and another try.
    fn write(&mut self, name: &str, value: &[u8], expected: Option<Stamp>) -> Result<(), WriteError>;
}

/// Why a write did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// Another worker wrote in between.
    Conflict,
    /// This host has no such memory.
    Unavailable,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "another worker wrote in between",
            Self::Unavailable => "the host has no shared memory",
        })
    }
}

impl std::error::Error for WriteError {}
