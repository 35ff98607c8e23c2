//! Decides what the unguessable identifiers look like: UUIDs, and refresh tokens in the shape of Cognito's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes; zeros if the system has none, which no test server has to survive.
pub(super) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

/// A version 4 UUID.
pub(crate) fn uuid() -> String {
    let number = u128::from_be_bytes(bytes());
    let number = (number & !(0xf << 76) | 0x4 << 76) & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{number:032x}");
    [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| &hex[from..to]).join("-")
}

/// Shaped like a five-part JWE with an RSA-2048 encrypted key, about 1,750 characters; it means nothing.
pub(super) fn refresh_token() -> String {
    [
        URL_SAFE_NO_PAD.encode(r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#),
        URL_SAFE_NO_PAD.encode(bytes::<256>()),
        URL_SAFE_NO_PAD.encode(bytes::<12>()),
        URL_SAFE_NO_PAD.encode(bytes::<979>()),
        URL_SAFE_NO_PAD.encode(bytes::<16>()),
    ]
    .join(".")
}
