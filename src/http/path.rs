//! What a path can mean: to the servers behind us ([`RawPath`]) and to a browser that we redirect ([`ReturnPath`]).
//!
//! Decides the readings of a request's path and which paths are safe to redirect to. Which rule a reading selects is
//! `policy::route`'s; a raw `#`, NUL or control byte in `:path` never gets here, since `http::request` refuses it.
//!
//! Proxies and applications disagree on dot segments, `//`, `%2F`, `\`, `;params` and on how often a path is decoded.
//! Nobody can know which of them is behind us, so every sequence of those steps is taken, and policy must come to
//! one answer for all of them. Whatever Envoy did to the path before us is one of these steps: it can only make
//! the set of readings smaller, never add one.

use std::{borrow::Cow, collections::BTreeSet};

use super::origin::Origin;

/// The path of a request as it came, without its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPath<'a>(&'a [u8]);

/// One way to read a path: its segments after the leading `/`. A path that ends in `/` has an empty last segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading<'a>(Vec<Cow<'a, [u8]>>);

/// The path has no readings that could be compared: it does not begin with `/`, holds an encoded NUL, or can be read
/// in more ways than any honest path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// A path on our own origin, safe to redirect to: what a browser makes of it stays on this origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath(String);

impl<'a> RawPath<'a> {
    /// The path of `:path`: all before its query.
    pub fn new(path: &'a [u8]) -> Self {
        let end = path.iter().position(|byte| matches!(byte, b'?' | b'#'));
        Self(end.and_then(|end| path.get(..end)).unwrap_or(path))
    }

    /// The path as it came.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether all readings name the same place once they are decoded. An encoded slash inside a segment does no harm to that;
    /// dot segments, empty segments and parameters do.
    pub fn names_one_place(&self) -> bool {
        let place = |reading: &Reading<'_>| {
            let joined = reading.0.join(&b'/');
            (0..DECODE_LIMIT).fold(joined, |path, _| percent_decode(&path))
        };
        let Ok(readings) = self.readings() else { return false };
        let mut places = readings.iter().map(place);
        let first = places.next();
        places.all(|place| Some(place) == first)
    }

    /// Every way to read the path, each once; the first is the path as it came.
    ///
    /// # Errors
    /// [`Unreadable`] if it has no readings or too many.
    pub fn readings(&self) -> Result<Vec<Reading<'a>>, Unreadable> {
        let segments = self.0.strip_prefix(b"/").ok_or(Unreadable)?.split(|byte| *byte == b'/');
        if is_plain(self.0) {
            return Ok(vec![Reading(segments.map(Cow::Borrowed).collect())]);
        }
        let mut readings = Vec::new();
        for form in forms(segments.map(<[u8]>::to_vec).collect())? {
            let reading = form.reading()?;
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
        Ok(readings)
    }
}

impl Reading<'_> {
    /// The segments in order.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(AsRef::as_ref)
    }
}

/// Whether a path means the same to everyone, as nearly all do.
fn is_plain(path: &[u8]) -> bool {
    !path.iter().any(|byte| matches!(byte, b'%' | b'\\' | b';'))
        && !path.windows(2).any(|pair| matches!(pair, b"//" | b"/."))
        && !is_overlong(path)
}

/// A path between two steps: how often it has been decoded, and its segments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    decoded: u8,
    segments: Vec<Vec<u8>>,
}

/// All forms that the steps lead to from `segments`, in the order found.
fn forms(segments: Vec<Vec<u8>>) -> Result<Vec<Form>, Unreadable> {
    let start = Form { decoded: 0, segments };
    let mut seen = BTreeSet::from([start.clone()]);
    let mut found = vec![start];
    let mut work = WORK_LIMIT;
    let mut next = 0;
    while let Some(form) = found.get(next).cloned() {
        for step in STEPS {
            work = work.checked_sub(form.size()).ok_or(Unreadable)?;
            let Some(form) = step(&form) else { continue };
            if seen.insert(form.clone()) {
                found.push(form);
            }
        }
        if found.len() > FORM_LIMIT {
            return Err(Unreadable);
        }
        next = next.saturating_add(1);
    }
    Ok(found)
}

/// What servers and proxies do to a path; `None` where it changes nothing by construction.
const STEPS: [fn(&Form) -> Option<Form>; 8] = [
    decode,
    |form| form.split(b"/"),
    |form| form.split(b"%2f"),
    |form| form.split(b"\\"),
    |form| form.split(b"%5c"),
    drop_parameters,
    remove_dot_segments,
    merge_slashes,
];

/// Decoding once is what a server should do; twice is what a proxy and a server do together.
fn decode(form: &Form) -> Option<Form> {
    let decoded = form.decoded.checked_add(1).filter(|decoded| *decoded <= DECODE_LIMIT)?;
    let encoded = form.segments.iter().any(|segment| segment.contains(&b'%'));
    encoded.then(|| Form { decoded, segments: form.segments.iter().map(|segment| percent_decode(segment)).collect() })
}

/// `;jsessionid=1` and `..;`: what servlet containers drop from each segment.
fn drop_parameters(form: &Form) -> Option<Form> {
    let cut = |segment: &Vec<u8>| segment.split(|byte| *byte == b';').next().unwrap_or_default().to_vec();
    Some(Form { segments: form.segments.iter().map(cut).collect(), ..*form })
}

/// RFC 3986 §5.2.4, with `%2e` taken as a dot as the WHATWG URL standard does.
fn remove_dot_segments(form: &Form) -> Option<Form> {
    let mut kept: Vec<Vec<u8>> = Vec::with_capacity(form.segments.len());
    let mut ends_in_dots = false;
    for segment in &form.segments {
        let dots = dots(segment);
        ends_in_dots = dots.is_some();
        match dots {
            Some(Dots::Stay) => {}
            Some(Dots::Up) => drop(kept.pop()),
            None => kept.push(segment.clone()),
        }
    }
    if ends_in_dots {
        kept.push(Vec::new());
    }
    Some(Form { segments: kept, ..*form })
}

/// Drops empty segments; an empty last one is the trailing slash and stays.
fn merge_slashes(form: &Form) -> Option<Form> {
    let (last, rest) = form.segments.split_last()?;
    let mut segments: Vec<_> = rest.iter().filter(|segment| !segment.is_empty()).cloned().collect();
    segments.push(last.clone());
    Some(Form { segments, ..*form })
}

enum Dots {
    Stay,
    Up,
}

fn dots(segment: &[u8]) -> Option<Dots> {
    if segment.len() > "%2e%2e".len() {
        return None;
    }
    match percent_decode(segment).as_slice() {
        b"." => Some(Dots::Stay),
        b".." => Some(Dots::Up),
        _ => None,
    }
}

impl Form {
    /// What a step over this form costs at most, memory included.
    fn size(&self) -> usize {
        self.segments.iter().fold(0, |size, segment| size.saturating_add(segment.len()).saturating_add(SEGMENT_COST))
    }

    /// Takes `separator`, in either case, as the end of a segment.
    fn split(&self, separator: &[u8]) -> Option<Self> {
        let mut segments = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            let mut current = Vec::new();
            let mut rest = segment.as_slice();
            while let Some((first, tail)) = rest.split_first() {
                match rest.split_at_checked(separator.len()) {
                    Some((start, after)) if start.eq_ignore_ascii_case(separator) => {
                        rest = after;
                        segments.push(std::mem::take(&mut current));
                    }
                    _ => {
                        rest = tail;
                        current.push(*first);
                    }
                }
            }
            segments.push(current);
        }
        (segments.len() > self.segments.len()).then_some(Self { segments, ..*self })
    }

    /// The segments as rules are compared with them.
    fn reading<'a>(self) -> Result<Reading<'a>, Unreadable> {
        let undecoded = self.decoded == 0;
        let segments = self.segments.into_iter().map(|segment| match undecoded {
            true => decode_where(&segment, must_be_encoded),
            false => segment,
        });
        let segments: Vec<Vec<u8>> = segments.collect();
        match segments.iter().any(|segment| segment.contains(&0) || is_overlong(segment)) {
            // Whoever reads C strings sees the path end at a NUL, and whoever decodes carelessly reads an overlong `.` or `/`;
            // nothing honest sends either.
            true => Err(Unreadable),
            false => Ok(Reading(segments.into_iter().map(Cow::Owned).collect())),
        }
    }
}

/// Whether a segment spells a character in more bytes than UTF-8 allows (RFC 3629 §3), as `%c0%ae` does for a dot.
fn is_overlong(segment: &[u8]) -> bool {
    segment
        .windows(2)
        .any(|pair| matches!(pair, [0xc0 | 0xc1, 0x80..=0xbf] | [0xe0, 0x80..=0x9f] | [0xf0, 0x80..=0x8f]))
}

/// Whether a path can carry `byte` only as `%XX` (RFC 3986 §3.3), so that its encoding is not a choice of the client's.
/// `/%61dmin` is thus not `/admin` to a server that compares undecoded paths, while `/my%20docs` is `/my docs` to all.
fn must_be_encoded(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !b"-._~!$&'()*+,;=:@/\\".contains(&byte)
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    decode_where(text, |_| true)
}

/// Decodes each `%XX` whose byte `chosen` takes; all else stays as it is.
fn decode_where(text: &[u8], chosen: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let byte = tail.split_first_chunk().filter(|_| *first == b'%').and_then(|(digits, tail)| {
            let byte = hex_byte(*digits).filter(|byte| chosen(*byte))?;
            rest = tail;
            Some(byte)
        });
        decoded.push(byte.unwrap_or(*first));
    }
    decoded
}

fn hex_byte(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high?.checked_shl(4)? | low?).ok()
}

impl ReturnPath {
    /// Takes `text` if a redirect to it cannot leave `origin`, whoever decodes it on the way, once or twice.
    ///
    /// In the path part, control characters, U+00A0, U+2028, U+2029 and `\` are refused in every encoding, and so is a
    /// space that begins or ends a segment: these are the bytes that browsers and servers strip or fold, which is
    /// how `/%09/evil.com` becomes `//evil.com`. A space inside a segment (`/My%20Notebook.ipynb`) and
    /// whatever the query encodes (`?q=a%20b`) is data. Raw bytes from 0x80 are percent-encoded.
    pub fn parse(text: &[u8], origin: &Origin) -> Option<Self> {
        let path = ascii(text);
        let stripped = |byte| byte <= b' ' || byte == b'\\' || byte == 0x7f;
        if path.len() > RETURN_LIMIT || path.bytes().any(stripped) {
            return None;
        }
        let mut reading = path.split(['?', '#']).next()?.as_bytes().to_vec();
        for _ in 0..=DECODE_LIMIT {
            if !stays_on(&reading, origin) {
                return None;
            }
            reading = percent_decode(&reading);
        }
        resolves_on(&path, origin).then_some(Self(path))
    }

    /// `/`, the fall-back for every path that is refused.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Path, query and fragment, in ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Short enough for a login attempt's cookie: without its query, or `/`, if it is over 1,024 bytes.
    #[must_use]
    pub fn shortened(self) -> Self {
        if self.0.len() <= STORED_LIMIT {
            return self;
        }
        match self.0.split(['?', '#']).next() {
            Some(path) if path.len() <= STORED_LIMIT => Self(path.to_owned()),
            _ => Self::root(),
        }
    }
}

/// `text` with bytes from 0x80 percent-encoded, as browsers send them.
fn ascii(text: &[u8]) -> String {
    let text = text.get(..=RETURN_LIMIT).unwrap_or(text);
    let mut path = String::with_capacity(text.len());
    for byte in text {
        match byte.is_ascii() {
            true => path.push(char::from(*byte)),
            false => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// Whether one decoding of a path begins with exactly one slash, holds nothing that browsers strip or fold, and
/// resolves to `origin`.
fn stays_on(path: &[u8], origin: &Origin) -> bool {
    let one_slash = path.starts_with(b"/") && !matches!(path, [_, b'/' | b'\\', ..]);
    one_slash && !has_stripped_bytes(path) && resolves_on(&String::from_utf8_lossy(path), origin)
}

fn has_stripped_bytes(path: &[u8]) -> bool {
    let stripped = |c: char| c.is_control() || matches!(c, '\\' | '\u{a0}' | '\u{2028}' | '\u{2029}');
    // What is not UTF-8 may be Latin-1, where these are the C1 controls and the no-break space.
    let latin = |byte: &u8| matches!(byte, 0x80..=0xa0);
    let edge = |segment: &[u8]| segment.starts_with(b" ") || segment.ends_with(b" ");
    path.split(|byte| *byte == b'/').any(edge)
        || path.utf8_chunks().any(|chunk| chunk.valid().contains(stripped) || chunk.invalid().iter().any(latin))
}

/// Whether a browser at `origin` (WHATWG URL) stays there when sent to `path`, on a path with one leading slash.
fn resolves_on(path: &str, origin: &Origin) -> bool {
    let resolved = url::Url::parse(&origin.to_string()).and_then(|base| base.join(path));
    resolved.is_ok_and(|url| {
        Origin::of(&url).as_ref() == Ok(origin)
            && url.username().is_empty()
            && url.password().is_none()
            && !url.path().starts_with("//")
    })
}

/// How often a path is decoded: by a proxy, and once more by the server.
const DECODE_LIMIT: u8 = 2;
/// More forms than this come from no honest path: one with an escape, `%2F`, `;` and `//` at once has 24.
const FORM_LIMIT: usize = 48;
/// Bytes that the steps may go through for one path, about half a millisecond's worth; a longer search is worth nobody's
/// time but an attacker's.
const WORK_LIMIT: usize = 1 << 17;
/// What a segment costs beside its bytes.
const SEGMENT_COST: usize = 32;
/// The longest return path.
const RETURN_LIMIT: usize = 2048;
/// The longest return path that an attempt's cookie keeps with its query.
const STORED_LIMIT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(path: &str) -> Vec<String> {
        let readings = RawPath::new(path.as_bytes()).readings().unwrap();
        let joined =
            |reading: &Reading<'_>| reading.segments().map(String::from_utf8_lossy).collect::<Vec<_>>().join("|");
        readings.iter().map(joined).collect()
    }

    #[test]
    fn a_plain_path_has_one_reading() {
        assert_eq!(readings("/a/b.txt?x=/../c"), ["a|b.txt"]);
        assert_eq!(readings("/"), [""]);
        assert_eq!(readings("/a/"), ["a|"]);
    }

    #[test]
    fn the_first_reading_is_the_path_as_it_came() {
        assert_eq!(readings("/a%2Fb"), ["a%2Fb", "a/b", "a|b"]);
        assert_eq!(readings("/a//b"), ["a||b", "a|b"]);
        assert_eq!(readings("/a/../b"), ["a|..|b", "b"]);
    }

    #[test]
    fn what_must_be_encoded_is_the_same_to_all_readings() {
        assert_eq!(readings("/my%20docs/caf%C3%A9"), ["my docs|café"]);
        assert_eq!(readings("/%61dmin"), ["%61dmin", "admin"]);
    }

    #[test]
    fn steps_combine_in_every_order() {
        let all = readings("/x/y/%252e%252e/%252e%252e/../c");
        for reading in ["c", "x|c", "x|y|%2e%2e|c"] {
            assert!(all.iter().any(|found| found == reading), "{reading} in {all:?}");
        }
        let dots = readings("/public/..;/admin");
        assert!(dots.contains(&"admin".to_owned()), "{dots:?}");
    }

    #[test]
    fn a_path_with_every_honest_oddity_is_readable() {
        let count = readings("/lab/api/contents/a%2Fb;v=1//c%20d%25.ipynb").len();
        assert!((2..=FORM_LIMIT).contains(&count), "{count}");
    }

    #[test]
    fn an_encoded_nul_an_overlong_dot_and_a_missing_slash_are_unreadable() {
        for path in ["/a%00b", "/a%2500b", "/a/%c0%ae%c0%ae/b", "/a/%25c0%25ae/b", "/a%e0%80%afb", "*", "", "a/b", "?x"]
        {
            assert_eq!(RawPath::new(path.as_bytes()).readings(), Err(Unreadable), "{path}");
        }
    }

    #[test]
    fn work_is_bounded_for_any_path() {
        let long = format!("/{}", "a/..%2f%255c;x//".repeat(4_000));
        assert_eq!(RawPath::new(long.as_bytes()).readings(), Err(Unreadable));
        let long_but_simple = format!("/{}/a%20b", "x".repeat(4_000));
        assert_eq!(RawPath::new(long_but_simple.as_bytes()).readings().unwrap().len(), 1);
    }
}
