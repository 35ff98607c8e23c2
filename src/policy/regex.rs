//! Regular expressions over a whole text, in time that is linear in it.
//!
//! Decides how large an expression may be and what matching it costs at most. What is matched, and how much of that one
//! request may cost, is decided by whoever asks.

use std::fmt;

use regex_lite::RegexBuilder;

/// An expression that a text matches as a whole or not at all. Two are equal if they are written alike.
#[derive(Clone, Debug)]
pub struct WholeRegex {
    source: String,
    regex: regex_lite::Regex,
    weight: usize,
}

/// Why a text is no [`WholeRegex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegexError {
    /// Nothing is written.
    Empty,
    /// It becomes too large, as by counted repetitions.
    Large,
    /// It is written with too many characters.
    Long,
    /// It is no expression of this syntax, which has no look-around, no back-references and no classes of Unicode.
    Malformed,
}

impl WholeRegex {
    /// Compiles `source`, anchored at both ends; `.` is any character, a line feed too.
    ///
    /// # Errors
    /// [`RegexError`] says what is wrong.
    pub fn parse(source: &str) -> Result<Self, RegexError> {
        if source.is_empty() {
            return Err(RegexError::Empty);
        }
        if source.len() > LONGEST_SOURCE {
            return Err(RegexError::Long);
        }
        // Alone first: `a)|(b` would otherwise end the parentheses that anchor it.
        build(source, SIZE_LIMIT)?;
        let anchored = format!("^(?:{source})$");
        let regex = build(&anchored, SIZE_LIMIT)?;
        Ok(Self { source: source.to_owned(), regex, weight: weight(&anchored) })
    }

    /// Whether all of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// What matching `text` costs at most, in steps of some nanoseconds.
    pub const fn steps(&self, text: &str) -> usize {
        self.weight.saturating_mul(text.len().saturating_add(1))
    }

    /// The expression as it is written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl PartialEq for WholeRegex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for WholeRegex {}

/// `.` takes a line feed, or `/admin/%0A` would not be `/admin/.*`.
fn build(source: &str, size: usize) -> Result<regex_lite::Regex, RegexError> {
    let built = RegexBuilder::new(source).dot_matches_new_line(true).size_limit(size).build();
    // The crate tells its errors apart in words only.
    built.map_err(|error| match error.to_string().contains("size limit") {
        true => RegexError::Large,
        false => RegexError::Malformed,
    })
}

/// The least size that `source` compiles in, counted in states: each is looked at once a character at most.
fn weight(source: &str) -> usize {
    let (mut low, mut high) = (0_usize, MOST_STATES);
    while low < high {
        let middle = low.midpoint(high);
        match build(source, middle.saturating_mul(STATE_SIZE)) {
            Ok(_) => high = middle,
            Err(_) => low = middle.saturating_add(1),
        }
    }
    high
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is an empty regular expression",
            Self::Large => "is a regular expression that becomes too large, as by counted repetitions",
            Self::Long => "is a regular expression of more than 1,024 characters",
            Self::Malformed => {
                "is not a regular expression of the syntax that has no look-around, no back-references and no `\\p` classes"
            }
        })
    }
}

impl std::error::Error for RegexError {}

const LONGEST_SOURCE: usize = 1024;
/// What a compiled expression may take.
const SIZE_LIMIT: usize = MOST_STATES * STATE_SIZE;
const MOST_STATES: usize = 1024;
/// About what a state takes.
const STATE_SIZE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(source: &str, text: &str) -> bool {
        WholeRegex::parse(source).unwrap().matches(text)
    }

    #[test]
    fn a_text_matches_as_a_whole() {
        for source in ["b", "^b", "b$", "^b$", "(?m)^b$", "(?m)b", "a|b|c"] {
            assert!(matches(source, "b"), "{source}");
            for text in ["ab", "bc", "abc", "b\n", "\nb", "b\nb", "a\nb\nc", ""] {
                assert!(!matches(source, text), "{source} {text:?}");
            }
        }
    }

    #[test]
    fn a_dot_is_any_character() {
        assert!(matches("/a/.*", "/a/\n") && matches("/a/.", "/a/é") && matches("/a/.", "/a/\r"));
    }

    #[test]
    fn classes_are_of_ascii() {
        assert!(matches("\\w+", "a_1") && matches("\\d", "7"));
        assert!(!matches("\\w", "é") && !matches("\\d", "\u{664}") && !matches("(?i)k", "\u{212a}"));
    }

    #[test]
    fn what_is_refused_is_refused_by_name() {
        for (source, error) in [
            ("".to_owned(), RegexError::Empty),
            ("a".repeat(1025), RegexError::Long),
            ("(a{100}){100}".to_owned(), RegexError::Large),
            ("(((a{1000}){1000}){1000}){1000}".to_owned(), RegexError::Large),
            ("(?:){4000000000}".to_owned(), RegexError::Large),
            ("a)|(?:b".to_owned(), RegexError::Malformed),
            ("(?x)a #".to_owned(), RegexError::Malformed),
            ("(?=a)".to_owned(), RegexError::Malformed),
            ("(?!a)b".to_owned(), RegexError::Malformed),
            ("(a)\\1".to_owned(), RegexError::Malformed),
            ("\\p{L}".to_owned(), RegexError::Malformed),
            ("(".to_owned(), RegexError::Malformed),
            ("[".to_owned(), RegexError::Malformed),
            ("*".to_owned(), RegexError::Malformed),
            ("(".repeat(500) + &")".repeat(500), RegexError::Malformed),
        ] {
            assert_eq!(WholeRegex::parse(&source), Err(error), "{source}");
        }
        assert!(WholeRegex::parse(&"a".repeat(500)).is_ok());
    }

    #[test]
    fn the_cost_grows_with_the_expression_and_the_text() {
        let steps = |source: &str, length: usize| WholeRegex::parse(source).unwrap().steps(&"a".repeat(length));
        assert!(steps("(a*)*b", 99) >= 400 && steps("(a*)*b", 99) < 4_000);
        assert_eq!(steps("a", 199), 2 * steps("a", 99));
        assert!(steps("[a-z]{100}", 9) > 10 * steps("[a-z]", 9) && steps("[a-z]{100}", 9) < 100 * steps("[a-z]", 9));
    }

    #[test]
    fn no_text_makes_an_expression_slow() {
        for source in ["(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*)(.*)(.*)(.*)(.*)b", "(a?){30}a{30}b"] {
            assert!(!matches(source, &"a".repeat(20_000)), "{source}");
        }
    }
}
