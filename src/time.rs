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

    /// In the form of RFC 3339: `2026-11-21T18:54:07Z`.
    pub fn rfc3339(self) -> String {
        let ((year, month, day), second) = (civil(self.secs() / 60 / 60 / 24), self.secs() % 60);
        let (hour, minute) = (self.secs() / 60 / 60 % 24, self.secs() / 60 % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// How long after `earlier` this is; zero if it is before.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// For people: `2026-11-21 18:54 UTC`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.secs() / 60;
        let (hour, minute) = (minutes / 60 % 24, minutes % 60);
        let (year, month, day) = civil(minutes / 60 / 24);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar: years begin in March, so that the leap
/// day is their last (Howard Hinnant, `civil_from_days`).
#[allow(clippy::arithmetic_side_effects, reason = "a day of 64-bit milliseconds is far from any limit")]
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
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
    fn people_read_times_in_utc() {
        let shown = |seconds| UnixTime::from_secs(seconds).to_string();
        assert_eq!(shown(0), "1970-01-01 00:00 UTC");
        assert_eq!(shown(951_782_399), "2000-02-28 23:59 UTC");
        assert_eq!(shown(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(shown(1_795_180_000), "2026-11-20 13:06 UTC");
        assert_eq!(shown(4_107_542_400), "2100-03-01 00:00 UTC");
    }

    #[test]
    fn time_saturates_at_both_ends() {
        assert_eq!(UnixTime::from_secs(1).minus(Duration::from_secs(2)), UnixTime::default());
        assert_eq!(UnixTime::from_millis(u64::MAX).plus(Duration::from_secs(1)).millis(), u64::MAX);
        assert_eq!(UnixTime::from_secs(1).since(UnixTime::from_secs(2)), Duration::ZERO);
    }
}
