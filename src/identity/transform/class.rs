//! Sets of characters as Go's regular expressions have them.
//!
//! Decides what the named classes hold, which are of ASCII, and which other cases of a letter `(?i)` adds. Where Go's
//! tables for that would have to be at hand, it refuses.

use super::PatternError;

/// Characters, as ranges of code points in order, none touching another; both ends belong to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class(Vec<(u32, u32)>);

/// The last code point.
const LAST: u32 = 0x0010_FFFF;
/// The last letter whose other cases are known here.
const LAST_FOLDED: u32 = 0xFF;

impl Class {
    /// The characters from `low` to `high`.
    pub(super) fn range(low: u32, high: u32) -> Self {
        Self(vec![(low, high)])
    }

    /// `.`: any character, a line feed only if `line_feed`.
    pub(super) fn dot(line_feed: bool) -> Self {
        if line_feed { Self::range(0, LAST) } else { Self(vec![(0, 9), (0xB, LAST)]) }
    }

    /// `\d`, `\s` or `\w` by its letter in lower case.
    pub(super) fn perl(letter: char) -> Option<Self> {
        Some(match letter {
            'd' => Self::named("digit")?,
            // Without the vertical tab, which `[:space:]` has.
            's' => Self(vec![(0x9, 0xA), (0xC, 0xD), (0x20, 0x20)]),
            'w' => Self::named("word")?,
            _ => return None,
        })
    }

    /// The class that stands as `[:name:]`.
    pub(super) fn named(name: &str) -> Option<Self> {
        const DIGIT: (u8, u8) = (b'0', b'9');
        const LOWER: (u8, u8) = (b'a', b'z');
        const UPPER: (u8, u8) = (b'A', b'Z');
        let ranges: &[(u8, u8)] = match name {
            "alnum" => &[DIGIT, UPPER, LOWER],
            "alpha" => &[UPPER, LOWER],
            "ascii" => &[(0, 0x7F)],
            "blank" => &[(b'\t', b'\t'), (b' ', b' ')],
            "cntrl" => &[(0, 0x1F), (0x7F, 0x7F)],
            "digit" => &[DIGIT],
            "graph" => &[(b'!', b'~')],
            "lower" => &[LOWER],
            "print" => &[(b' ', b'~')],
            "punct" => &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
            "space" => &[(b'\t', b'\r'), (b' ', b' ')],
            "upper" => &[UPPER],
            "word" => &[DIGIT, UPPER, (b'_', b'_'), LOWER],
            "xdigit" => &[DIGIT, (b'A', b'F'), (b'a', b'f')],
            _ => return None,
        };
        // As they stand above, they are in order.
        Some(Self(ranges.iter().map(|(low, high)| (u32::from(*low), u32::from(*high))).collect()))
    }

    /// These and `others`.
    pub(super) fn add(&mut self, others: Self) {
        others.0.into_iter().for_each(|range| self.insert(range));
    }

    fn insert(&mut self, (mut low, mut high): (u32, u32)) {
        self.0.retain(|(from, to)| {
            let touches = *from <= high.saturating_add(1) && low <= to.saturating_add(1);
            if touches {
                (low, high) = (low.min(*from), high.max(*to));
            }
            !touches
        });
        let place = self.0.partition_point(|(from, _)| *from < low);
        self.0.insert(place, (low, high));
    }

    /// These with every other case of each letter, as Go's simple folding has it: `k` is also the Kelvin sign.
    ///
    /// # Errors
    /// [`PatternError::Folding`] for characters beyond Latin-1, unless it is all of them.
    pub(super) fn folded(mut self) -> Result<Self, PatternError> {
        for (low, high) in self.0.clone() {
            if (low, high) == (0, LAST) {
                continue;
            }
            if high > LAST_FOLDED {
                return Err(PatternError::Folding);
            }
            let others = (low..=high).flat_map(other_cases).flatten();
            others.for_each(|point| self.insert((point, point)));
        }
        Ok(self)
    }

    /// All other characters.
    pub(super) fn negated(self) -> Self {
        let (mut others, mut next) = (Vec::new(), 0);
        for (low, high) in self.0 {
            if let Some(before) = low.checked_sub(1).filter(|before| *before >= next) {
                others.push((next, before));
            }
            next = high.saturating_add(1);
        }
        if next <= LAST {
            others.push((next, LAST));
        }
        Self(others)
    }

    /// The ranges in order, none touching another.
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }
}

/// The other cases of a character of Latin-1.
fn other_cases(point: u32) -> [Option<u32>; 2] {
    let other = match point {
        0x41..=0x5A | 0x61..=0x7A | 0xC0..=0xD6 | 0xD8..=0xDE | 0xE0..=0xF6 | 0xF8..=0xFE => Some(point ^ 0x20),
        0xB5 => Some(0x39C),
        0xDF => Some(0x1E9E),
        0xFF => Some(0x178),
        _ => None,
    };
    let further = match point {
        0x4B | 0x6B => Some(0x212A),
        0x53 | 0x73 => Some(0x17F),
        0xB5 => Some(0x3BC),
        0xC5 | 0xE5 => Some(0x212B),
        _ => None,
    };
    [other, further]
}

/// For advice, which is given where a configuration is checked.
#[cfg(not(target_arch = "wasm32"))]
impl Class {
    /// The character, if it is only one.
    pub(super) fn single(&self) -> Option<char> {
        match self.0.as_slice() {
            [(low, high)] if low == high => char::from_u32(*low),
            _ => None,
        }
    }

    /// Whether it has every printable character but for `others`.
    pub(super) fn is_wide(&self, others: &[char]) -> bool {
        let has = |letter: char| self.0.iter().any(|(low, high)| (*low..=*high).contains(&u32::from(letter)));
        (' '..='~').chain(['\u{E9}', '\u{10FFFF}']).all(|letter| others.contains(&letter) || has(letter))
    }
}
