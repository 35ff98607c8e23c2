//! The host's shared data as the core's memory.
//!
//! Decides how "only if nobody wrote in between" is said to a host whose own rules are these (proxy-wasm-cpp-host, measured
//! on Envoy 1.40): a name that is not there is created whatever stamp comes with the write; a name that is there is written
//! if the stamp is its own, or is 0. Names never go away while a VM of the same `vm_id` lives, and ours does.

use super::abi::{self, HostError};
use crate::memory::{SharedMemory, Stamp, WriteError};

/// Creates and never replaces. Stamps count the writes of all plugins of the proxy from 1 up: one of four thousand million
/// has this one.
const STAMP_OF_NO_WRITE: u32 = u32::MAX;

/// To the host this is no stamp but the order to replace whatever is there. No write has it: the count leaves it out.
const STAMP_OF_ANY_WRITE: u32 = 0;

/// The memory that all VMs of the same `vm_id` share.
pub struct HostMemory;

impl SharedMemory for HostMemory {
    fn read(&self, name: &str) -> Option<(Vec<u8>, Stamp)> {
        abi::shared_data(name).ok().map(|(value, stamp)| (value, Stamp(stamp)))
    }

    fn write(&mut self, name: &str, value: &[u8], expected: Option<Stamp>) -> Result<(), WriteError> {
        let stamp = match expected {
            None => STAMP_OF_NO_WRITE,
            // No write has this stamp, so `name` cannot still have it. Passed on, it would replace a write that the caller
            // never saw.
            Some(Stamp(STAMP_OF_ANY_WRITE)) => return Err(WriteError::Conflict),
            Some(Stamp(stamp)) => stamp,
        };
        abi::set_shared_data(name, value, stamp).map_err(|error| match error {
            HostError::CAS_MISMATCH => WriteError::Conflict,
            _ => WriteError::Unavailable,
        })
    }
}
