//! What goes into the log, and how often.
//!
//! Decides the level of a refusal's line by whose fault it is, and that one cause cannot flood the log: a line for each
//! code and second, with the number of those left out.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    flow::{
        event::LogLine,
        refusal::{Fault, Refusal},
    },
    time::UnixTime,
};

/// The pause between two lines of one code.
const PAUSE: Duration = Duration::from_secs(1);

/// When each code was last written, and how many lines were left out since. Codes are a closed list, so this is bounded.
#[derive(Debug, Default)]
pub struct Journal(BTreeMap<&'static str, (UnixTime, u64)>);

impl Journal {
    /// The line that says `refusal`, unless its code was written a moment ago.
    pub fn refusal(&mut self, request_id: &str, refusal: &Refusal, now: UnixTime) -> Option<LogLine> {
        let level = match (refusal, refusal.fault()) {
            (Refusal::Unauthenticated | Refusal::Denied, _) => log::Level::Debug,
            // Anyone can cause these two by what they send.
            (Refusal::HostUnknown | Refusal::SessionLost, _) | (_, Fault::Client) => log::Level::Info,
            (_, Fault::Configuration | Fault::Provider) => log::Level::Warn,
            (_, Fault::Us) => log::Level::Error,
        };
        let text = format!("{refusal} (fault: {})", refusal.fault().name());
        self.line(level, request_id, refusal.code(), text, now)
    }

    /// A line of `code`, unless one was written a moment ago.
    pub fn line(
        &mut self,
        level: log::Level,
        request_id: &str,
        code: &'static str,
        mut text: String,
        now: UnixTime,
    ) -> Option<LogLine> {
        let left_out = match self.0.get_mut(code) {
            Some((last, left_out)) if !last.is_older_than(PAUSE, now) => {
                *left_out = left_out.saturating_add(1);
                return None;
            }
            Some((_, left_out)) => *left_out,
            None => 0,
        };
        self.0.insert(code, (now, 0));
        if left_out > 0 {
            text.push_str(&format!("; {left_out} more like this since the last line"));
        }
        Some(LogLine { level, request_id: request_id.to_owned(), code, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_has_one_line_a_second_and_says_how_many_it_stands_for() {
        let (mut journal, start) = (Journal::default(), UnixTime::from_secs(10));
        let line = |journal: &mut Journal, now| journal.refusal("-", &Refusal::HostUnknown, now).map(|line| line.text);
        assert!(line(&mut journal, start).is_some());
        assert_eq!(line(&mut journal, start), None);
        assert_eq!(line(&mut journal, start.plus(Duration::from_millis(999))), None);
        let next = line(&mut journal, start.plus(PAUSE)).unwrap();
        assert!(next.ends_with("2 more like this since the last line"));
        assert!(journal.refusal("-", &Refusal::Denied, start).is_some());
    }
}
