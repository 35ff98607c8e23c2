//! The bytes inside a seal: numbers as LEB128, strings with their length before them, tokens without their base64.
//!
//! Decides how single values are written and read; the order of the fields is left to `record` and `attempt`. Reading
//! is total: it allocates no more than its input has bytes (times 4/3 for tokens).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::time::UnixTime;

/// Collects fields.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

/// Takes fields off the front.
pub(super) struct Reader<'a>(&'a [u8]);

impl Writer {
    pub(super) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(low_bits(number) | 0x80);
            number >>= 7;
        }
        self.0.push(low_bits(number));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(bytes);
    }

    /// 0 for none, 1 and its text, or 1 + n and the n decoded segments of a JWT, a JWE or a random value.
    pub(super) fn token(&mut self, token: Option<&str>) {
        let Some(token) = token else { return self.number(0) };
        match decoded_segments(token) {
            Some(segments) => {
                self.number(u64::try_from(segments.len()).unwrap_or(u64::MAX).saturating_add(1));
                segments.iter().for_each(|segment| self.bytes(segment));
            }
            None => {
                self.number(1);
                self.bytes(token.as_bytes());
            }
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in 0..10_u32 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let low = u64::from(byte & 0x7f);
            let shift = place.checked_mul(7)?;
            let shifted = low.checked_shl(shift)?;
            if shifted.checked_shr(shift)? != low {
                return None;
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    pub(super) fn time(&mut self) -> Option<UnixTime> {
        self.number().map(UnixTime::from_millis)
    }

    /// The outer `None`: not readable. The inner: none was written.
    pub(super) fn token(&mut self) -> Option<Option<String>> {
        let segments = match self.number()? {
            0 => return Some(None),
            1 => return self.text().map(Some),
            form => usize::try_from(form.checked_sub(1)?).ok().filter(|count| *count <= MOST_SEGMENTS)?,
        };
        let segment = |_| Some(BASE64_URL_SAFE_NO_PAD.encode(self.bytes()?));
        let segments: Vec<String> = (0..segments).map(segment).collect::<Option<_>>()?;
        Some(Some(segments.join(".")))
    }

    /// Whether all was read.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn low_bits(number: u64) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or(0x7f)
}

/// The bytes of every segment, if each is base64url as its own encoding writes it and so comes back exactly.
fn decoded_segments(token: &str) -> Option<Vec<Vec<u8>>> {
    if token.split('.').nth(MOST_SEGMENTS).is_some() {
        return None;
    }
    // The engine refuses padding and stray bits in the last character, so what it decodes has one spelling.
    token.split('.').map(|segment| BASE64_URL_SAFE_NO_PAD.decode(segment).ok()).collect()
}

/// A JWE has five.
const MOST_SEGMENTS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn token_size(token: &str) -> usize {
        let mut writer = Writer::default();
        writer.token(Some(token));
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.token(), Some(Some(token.to_owned())));
        assert_eq!(reader.finish(), Some(()));
        bytes.len()
    }

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, 1 << 35, u64::MAX - 1, u64::MAX] {
            let mut writer = Writer::default();
            writer.number(number);
            assert_eq!(Reader::new(&writer.finish()).number(), Some(number));
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        assert_eq!(Reader::new(&[0xff; 11]).number(), None);
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number(), None);
    }

    #[test]
    fn canonical_segments_lose_their_base64_and_all_else_stays_text() {
        assert_eq!(token_size("AAAA.AAAA.AAAA"), 1 + 3 * 4);
        assert_eq!(token_size("AAAA"), 1 + 4);
        assert_eq!(token_size("AA..AA"), 1 + 2 + 1 + 2);
        assert_eq!(token_size(""), 2);
        for text in ["AB", "AA==", "a b", "AA.A", "AAAA.AAAA.AAAA.AAAA.AAAA.AAAA", "+/+/", "é"] {
            assert_eq!(token_size(text), 2 + text.len(), "{text}");
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(Reader::new(&[5, 1, 2]).bytes(), None);
        assert_eq!(Reader::new(&[7]).token(), None);
        assert_eq!(Reader::new(&[1, 1, 0xff]).token(), None);
        assert_eq!(Reader::new(&[]).token(), None);
        assert_eq!(Reader::new(&[0]).finish(), None);
    }
}
