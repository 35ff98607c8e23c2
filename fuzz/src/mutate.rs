//! Small, repeatable mutations of seeds: what a fuzzer does first, without one.
//!
//! Decides how the next input is made from a number. The same seed gives the same inputs on every machine.

/// Fragments that parsers treat specially.
const DICTIONARY: &[&[u8]] = &[
    b"%2f",
    b"%5c",
    b"%2e",
    b"%25",
    b"%00",
    b"..;",
    b"/../",
    b"//",
    b"\\",
    b";",
    b"=",
    b"&",
    b"#",
    b"?",
    b"\"",
    b"\0",
    b"\n",
    b"\r\n",
    b"\xff",
    b"\xe2\x80\xa8",
    b"{}",
    b"[]",
    b"null",
    b"1e300",
    b"-1",
    b"\\u0000",
    b"alg",
    b"none",
    b"kid",
    b"https://",
    b"http://127.0.0.1",
    b"__Host-edge_oidc",
    b"kubeflow_userid: x\n",
    b"authorization: Bearer a\n",
    b"sec-fetch-mode: navigate\n",
    b"/oauth2/callback",
    b"/healthz",
    b"OPTIONS",
    b"CONNECT",
    b"websocket",
];

/// A source of numbers (xorshift64*).
#[derive(Clone, Copy, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is not 0.
    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below a usize")]
    pub const fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// `seed` after one to eight changes.
pub fn mutated(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..=numbers.below(8) {
        change(&mut input, numbers);
    }
    input
}

fn change(input: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(input.len() + 1);
    match numbers.below(7) {
        0 if at < input.len() => input[at] ^= 1 << numbers.below(8),
        1 if at < input.len() => input[at] = numbers.next().to_le_bytes()[0],
        2 => input.truncate(at),
        3 => {
            let end = at + numbers.below(input.len() - at + 1);
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
        4 => {
            let end = at + numbers.below(input.len() - at + 1);
            input.drain(at..end);
        }
        _ => {
            let fragment = DICTIONARY[numbers.below(DICTIONARY.len())];
            input.splice(at..at, fragment.iter().copied());
        }
    }
    input.truncate(64 * 1024);
}
