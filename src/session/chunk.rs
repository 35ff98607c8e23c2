//! One sealed value over several cookies.
//!
//! Decides how a value is cut and what is accepted as its pieces: exactly the cut that was made. The number of pieces
//! and the length of the first are inside the seal, so a missing, extra, reordered, repeated or shifted piece is no
//! value at all. Joined by hand they are the sealed text itself, which needs no such care. Which cookie holds which piece is
//! left to `store`.

use crate::{secret::Secret, time::Entropy};

use super::seal::{Binding, Keyring, SealError, sealed_len};

/// A session has at most so many cookies: Envoy takes 60 KiB and 100 lines of request headers.
pub const MOST_CHUNKS: usize = 8;

/// What one cookie may have, its name and attributes included: some browsers count them all into their 4,096.
pub const LARGEST_COOKIE: usize = 4_000;

/// Seals `plaintext` into at most [`MOST_CHUNKS`] pieces of at most `room` characters.
pub(super) fn seal_chunks(
    keys: &Keyring,
    binding: &Binding<'_>,
    plaintext: &[u8],
    room: usize,
    entropy: &mut dyn Entropy,
) -> Result<Vec<String>, SealError> {
    let bytes = sealed_len(plaintext.len().saturating_add(LAYOUT_BYTES));
    let limit = room.saturating_mul(MOST_CHUNKS);
    if bytes > limit {
        return Err(SealError::TooLarge { bytes, limit });
    }
    let layout = layout(bytes.div_ceil(room.max(1)), bytes.min(room));
    let sealed = keys.seal(binding, &[&layout, plaintext].concat(), entropy)?;
    Ok(sealed.as_bytes().chunks(room.max(1)).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect())
}

/// What was sealed, if these are exactly its pieces, in order.
pub(super) fn open_chunks(keys: &Keyring, binding: &Binding<'_>, chunks: &[&[u8]]) -> Option<Secret<Vec<u8>>> {
    let (last, full) = chunks.split_last()?;
    let first = chunks.first()?.len();
    let as_cut = full.iter().all(|chunk| chunk.len() == first) && (1..=first).contains(&last.len());
    if !as_cut || first > LARGEST_COOKIE || chunks.len() > MOST_CHUNKS {
        return None;
    }
    let opened = keys.open(binding, &chunks.concat())?;
    let plaintext = opened.secret().strip_prefix(layout(chunks.len(), first).as_slice())?;
    Some(Secret::new(plaintext.to_vec()))
}

/// What was sealed, if this is the text of all its pieces, joined. What cannot be one is told by its length and letters.
pub(super) fn open_joined(keys: &Keyring, binding: &Binding<'_>, text: &[u8]) -> Option<Secret<Vec<u8>>> {
    if text.len() < sealed_len(LAYOUT_BYTES) || text.len() > LARGEST_COOKIE.saturating_mul(MOST_CHUNKS) {
        return None;
    }
    let opened = keys.open(binding, text)?;
    Some(Secret::new(opened.secret().get(LAYOUT_BYTES..)?.to_vec()))
}

/// The number of pieces and the length of the first. Both are small: [`MOST_CHUNKS`] and [`LARGEST_COOKIE`].
fn layout(count: usize, first: usize) -> [u8; LAYOUT_BYTES] {
    let [high, low] = u16::try_from(first).unwrap_or(u16::MAX).to_be_bytes();
    [u8::try_from(count).unwrap_or(u8::MAX), high, low]
}

const LAYOUT_BYTES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{session::Purpose, time::EntropyError};

    const BINDING: Binding<'_> =
        Binding { purpose: Purpose::Session, cookie_name: "s", host_scope: "h", client_id: "c" };

    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(7);
            Ok(())
        }
    }

    fn keys() -> Keyring {
        Keyring::new(&[Secret::new(String::from("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"))]).unwrap()
    }

    fn cut(plaintext: &[u8], room: usize) -> Result<Vec<String>, SealError> {
        seal_chunks(&keys(), &BINDING, plaintext, room, &mut Sevens)
    }

    fn join(chunks: &[&str]) -> Option<Vec<u8>> {
        let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_bytes()).collect();
        open_chunks(&keys(), &BINDING, &chunks).map(|opened| opened.secret().clone())
    }

    #[test]
    fn every_size_comes_back_exact_multiples_too() {
        let mut exact = 0;
        for size in 0..=557 {
            let plaintext = vec![b'x'; size];
            let chunks = cut(&plaintext, 100).unwrap();
            let (last, full) = chunks.split_last().unwrap();
            assert!(full.iter().all(|chunk| chunk.len() == 100) && (1..=100).contains(&last.len()));
            exact += usize::from(last.len() == 100);
            assert_eq!(join(&chunks.iter().map(String::as_str).collect::<Vec<_>>()), Some(plaintext), "{size}");
        }
        assert!(exact >= 6, "{exact}");
    }

    #[test]
    fn what_needs_a_ninth_piece_is_refused() {
        let largest = (0..).take_while(|size| cut(&vec![0; *size], 100).is_ok()).last().unwrap();
        assert_eq!(cut(&vec![0; largest], 100).unwrap().concat().len(), 800);
        let error = cut(&vec![0; largest + 1], 100).unwrap_err();
        assert_eq!(error, SealError::TooLarge { bytes: 802, limit: 800 });
        assert_eq!(cut(b"", 0), Err(SealError::TooLarge { bytes: 58, limit: 0 }));
    }

    #[test]
    fn joined_they_open_however_they_were_cut_and_nothing_else_does() {
        let joined = |text: &[u8]| open_joined(&keys(), &BINDING, text).map(|opened| opened.secret().clone());
        for size in [0, 1, 150, 500] {
            let plaintext = vec![b'x'; size];
            let text = cut(&plaintext, 100).unwrap().concat();
            assert_eq!(joined(text.as_bytes()), Some(plaintext), "{size}");
            let (front, back) = (text.split_at(text.len() - 1).0, text.split_at(1).1);
            for wrong in [front, back, &format!("{text}A"), &format!(" {text}")] {
                assert_eq!(joined(wrong.as_bytes()), None);
            }
        }
        let other = Binding { host_scope: "other", ..BINDING };
        let text = cut(b"x", 100).unwrap().concat();
        assert!(open_joined(&keys(), &other, text.as_bytes()).is_none());
        assert!(joined(b"").is_none() && joined(&[b'A'; LARGEST_COOKIE * MOST_CHUNKS + 4]).is_none());
    }

    #[test]
    fn nothing_but_the_cut_that_was_made_opens() {
        let chunks = cut(&[b'x'; 150], 100).unwrap();
        let [a, b, c] = [&chunks[0], &chunks[1], &chunks[2]].map(String::as_str);
        let (whole, pair) = (chunks.concat(), [a, b].concat());
        assert!(join(&[a, b, c]).is_some());
        let (front, back) = whole.split_at(130);
        let wrong: [&[&str]; 12] = [
            &[],
            &[""],
            &[a],
            &[a, b],
            &[a, c, b],
            &[b, a, c],
            &[a, b, b],
            &[a, b, c, c],
            &[a, b, c, ""],
            &[&whole],
            &[&pair, c],
            &[front, back],
        ];
        for chunks in wrong {
            assert_eq!(join(chunks), None, "{chunks:?}");
        }
    }
}
