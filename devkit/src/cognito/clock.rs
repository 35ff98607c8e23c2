//! Decides what time it is for the local issuers: the real time plus an offset of [`super::Behaviour`]. The only file that
//! asks the system for the time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, moved by `offset_seconds`; never before 1970.
pub(crate) fn now(offset_seconds: i64) -> u64 {
    let real = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    real.saturating_add_signed(offset_seconds)
}
