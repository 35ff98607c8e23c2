//! How time and randomness enter the core: as arguments.
//!
//! Decides their types. The clock and the random source themselves belong to the adapter and to the tests.

use std::{fmt, time::Duration};

use crate::secret::Secret;

/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The moment `seconds` after the epoch.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The moment `milliseconds` after the epoch.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Whole seconds since the epoch, as `exp` and `iat` count them.
    pub const fn secs(self) -> u64 {
        self.0 / 1000
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// This moment plus `duration`, at most the end of time.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This moment less `duration`, at least the epoch.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// Whether `duration` has gone by at `now`. A clock that was set back to before this moment counts as gone by: else
    /// what waits for an age would wait for the clock to catch up.
    pub fn is_older_than(self, duration: Duration, now: Self) -> bool {
        now < self || now.since(self) >= duration
    }

    /// How long after `earlier` this is; zero if it is before.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// When a wait ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    from: UnixTime,
    after: Duration,
}

impl Deadline {
    /// `after` from `now`.
    pub const fn new(now: UnixTime, after: Duration) -> Self {
        Self { from: now, after }
    }

    /// Whether it is past at `now`; also if the clock was set back by more than a second, for nothing may wait for ever.
    pub fn is_past(self, now: UnixTime) -> bool {
        const JITTER: Duration = Duration::from_secs(1);
        now.plus(JITTER) < self.from || now.since(self.from) >= self.after
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A source of cryptographically secure random bytes.
pub trait Entropy {
    /// Fills `bytes`, or fails without a usable value in them.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// `N` fresh random bytes.
pub fn random<const N: usize>(entropy: &mut dyn Entropy) -> Result<Secret<[u8; N]>, EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(Secret::new(bytes))
}

/// The random source gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the random source gave no bytes")
    }
}

impl std::error::Error for EntropyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_ends_waits_and_ages() {
        let (noon, morning) = (UnixTime::from_secs(43_200), UnixTime::from_secs(28_800));
        assert!(noon.is_older_than(Duration::from_secs(60), morning));
        assert!(!noon.is_older_than(Duration::from_secs(60), noon.plus(Duration::from_secs(59))));
        let deadline = Deadline::new(noon, Duration::from_secs(5));
        assert!(deadline.is_past(morning) && deadline.is_past(noon.plus(Duration::from_secs(5))));
        assert!(!deadline.is_past(noon) && !deadline.is_past(noon.minus(Duration::from_millis(20))));
    }

    #[test]
    fn time_saturates_at_both_ends() {
        assert_eq!(UnixTime::from_secs(1).minus(Duration::from_secs(2)), UnixTime::default());
        assert_eq!(UnixTime::from_millis(u64::MAX).plus(Duration::from_secs(1)).millis(), u64::MAX);
        assert_eq!(UnixTime::from_secs(1).since(UnixTime::from_secs(2)), Duration::ZERO);
    }
}
