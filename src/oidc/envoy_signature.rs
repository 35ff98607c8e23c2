//! Envoy's foreign function `verify_signature`: what to send it and how to read its answer
//! (Envoy `source/extensions/common/wasm/ext/verify_signature.proto`).
//!
//! Decides which signatures the host can verify, and from known vectors whether its function is to be relied on. The call
//! itself is the adapter's; where this module says no, [`PureRust`](super::signature::PureRust) verifies.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    json::{Limits, parse_object},
    jwk::{PublicKey, SEQUENCE, tlv, unsigned},
    signature::{Algorithm, well_formed},
};

/// The argument of the call; `None` where the host has no such algorithm or could differ from us in what it tolerates.
///
/// The host takes any hash, SHA-1 too, and any key: both are pinned here. Its ECDSA wants DER (RFC 3279 §2.2.3).
pub fn encode(algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let hash = match algorithm {
        Algorithm::Rs256 | Algorithm::Es256 => "sha256",
        Algorithm::Rs384 | Algorithm::Es384 => "sha384",
        Algorithm::Rs512 => "sha512",
        Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512 | Algorithm::Ed25519 => return None,
    };
    if !well_formed(algorithm, key, signature) {
        return None;
    }
    let signature = match algorithm {
        Algorithm::Es256 | Algorithm::Es384 => ecdsa_der(signature)?,
        _ => signature.to_vec(),
    };
    let mut argument = Vec::new();
    for (number, value) in [(1, hash.as_bytes()), (2, key.spki_der()), (3, &signature), (4, message)] {
        field(&mut argument, number, value);
    }
    Some(argument)
}

/// Whether the host found the signature good. A bad one is an answer too: success is exactly `result = true`.
pub fn accepted(answer: &[u8]) -> bool {
    answer == [0x08, 0x01]
}

/// Whether `call`, the host's function or `None` where it failed, gives the right verdict on every known vector.
pub fn is_reliable(mut call: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> bool {
    SELF_TESTS.iter().all(|test| {
        let verdict = test.argument().and_then(|argument| call(&argument)).map(|answer| accepted(&answer));
        verdict == Some(test.good)
    })
}

/// A signature whose verdict is known.
#[derive(Clone, Copy, Debug)]
pub struct SelfTest {
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The key, as a JWK.
    pub jwk: &'static str,
    /// What was signed.
    pub message: &'static str,
    /// The signature, in base64url.
    pub signature: &'static str,
    /// Whether it is good.
    pub good: bool,
}

impl SelfTest {
    /// The argument of the host's function.
    pub fn argument(&self) -> Option<Vec<u8>> {
        let signature = URL_SAFE_NO_PAD.decode(self.signature).ok()?;
        encode(self.algorithm, &self.key()?, self.message.as_bytes(), &signature)
    }

    fn key(&self) -> Option<PublicKey> {
        let jwk = parse_object(self.jwk.as_bytes(), Limits::DOCUMENT).ok()?;
        Some(PublicKey::from_jwk(&jwk).ok()?.key)
    }
}

/// `ECDSA-Sig-Value` of r ‖ s (RFC 7518 §3.4, RFC 3279 §2.2.3).
fn ecdsa_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(signature.len() / 2)?;
    Some(tlv(SEQUENCE, &[&unsigned(r), &unsigned(s)]))
}

/// One length-delimited protobuf field, with a number below 16.
fn field(message: &mut Vec<u8>, number: u8, value: &[u8]) {
    message.push(number << 3 | 2);
    let mut rest = value.len();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            message.push(low);
            break;
        }
        message.push(low | 0x80);
    }
    message.extend_from_slice(value);
}

/// What the host must get right before it is relied on: every algorithm that [`encode`] offers it, good and forged.
/// Keys and signatures are Wycheproof's (Apache-2.0).
pub const SELF_TESTS: [SelfTest; 10] = [
    RS256,
    SelfTest { message: FORGED, good: false, ..RS256 },
    RS384,
    SelfTest { message: FORGED, good: false, ..RS384 },
    RS512,
    SelfTest { message: FORGED, good: false, ..RS512 },
    ES256,
    SelfTest { message: FORGED, good: false, ..ES256 },
    ES384,
    SelfTest { message: FORGED, good: false, ..ES384 },
];

const FORGED: &str = "forged";

const RS256: SelfTest = SelfTest {
    algorithm: Algorithm::Rs256,
    jwk: concat!(
        r#"{"kty":"RSA","n":"kqGboBfAWttWPCA-0cGRgsY6SaYoIARt0B_PkaEcIq9HPYNdu9n6UuWHuuTHrjF_ZoQW97r5HaAorN"#,
        r#"vrMEGTGdxCHZdEtkHvNVVmrtxTBLiQCbCozXhFoIrVcr3qUBrdGnNn_M3jJi7Wg7p_-x62nS5gNG875oyheRkutHsQXikFZw"#,
        r#"sN3q_TsPNOVlCiHy8mxzaFTUQGm-X8UYexFyAivlDSjgDJLAZSWfxd7k9Gxuwa3AUfQqQcVcegmgKGCaErQ3qQbh1x7WB6io"#,
        r#"pE3_-GZ8HMAVtR9AmrVscqYsnjhaCehfAI0iKKs8zXr8tISc0ORbaalrkk03H1ZrsEnDKEWQ","e":"AQAB"}"#,
    ),
    message: "eyJhbGciOiJSUzI1NiIsImtpZCI6ImtpZC1yc2Etc2lnbiJ9.Zm9v",
    signature: "HUwxI1-cZrZgcuOgBQ7G7NE-GrqK79l6GV1KT4DKXnSMFwC8pfZCzE7pmLE7mYpLCIvzC87yuOjuhT0uW5oe6aaAEtR978cm-q8d\
        fly45flqMrd_ifhi9GCsMlyi8dpQ42Ou1etZljFZuWjfyk8CN1c5DaHRwhqjScAPIFp6xmzKIRUJ_xdQfUSfSlujLaixtScU518E\
        oNP4oo1v7E8RAz6ZO4g2N4Xqs8OvSxYydcoTEg42QnLHe9JnXgI37Q5gSwinwaPsG3Ry56UYiLoL8mCUa74S51y02VsIgVmmGWga\
        XjM-i_lCiKQDBiBnvWlka4XhVuvd6ZWibM9cbCPtPg",
    good: true,
};

const RS384: SelfTest = SelfTest {
    algorithm: Algorithm::Rs384,
    jwk: concat!(
        r#"{"kty":"RSA","n":"zab6XKdr_gSS7Ffgo7__cnLcjR4lrR-zOKoFDwLBBOYxM9a1t8SYXruumsA2pbnAMHTWCuyOJbrzkq"#,
        r#"DEMP8FuI6UiAXT3XRRHYiFJQp7V0IVraAVxVkHZobiU8zJbAgVsSke54fMM2O0932TDrmY18WCskzqnOId6XInkZiYY6J-vI"#,
        r#"CgDeW9L5Iod15aTOsFTVjJvjagVDNpcaE2Qt2VEN1paqJo2zqrIpnV2I-OViQ00UJwlNPfjnLR72m07TTRK6w3UiOyolzyJ_"#,
        r#"c1-BboXhcjkwR2mmCCFUzRWJn8Hq77abdIo-XtJNODcll94-TionuVHWrH2xgtaAnY_1Ebfw","e":"AQAB"}"#,
    ),
    message: "eyJhbGciOiJSUzM4NCIsImtpZCI6IlJTMzg0XzIwNDgifQ.",
    signature: "rt0lnhnnFpKZ6Zt3drRAVctLkyFNLBsTRGBpr2ZYWiZ2VhNkCgd5ZIjkrNkTzyCVr3sQucE9jLxg_SbnlK4uUH0teJ-XyoxR1rcO\
        ubbrNV6nAfil38db-f3qEDAIJ0zTv_FVd14kpvh2oovJQNa-Nkau_Ba31Ud6a-2tK7PzBPK1aMB1fSv21cqMEZ8XhsB2xobDcQ5f\
        YnoBbkSJWuKaoBLst2N6pfRlFiNfjinGf0ZoDzb07nSM-SefEzuWyyHj5-JncRz-oz3-pg_Vd51OeQdbRoFzmmSwmvVJ1j1edMdx\
        BrFGyVTeVXHuXynH0vX7TsBtwl2cRDk3zQluHeZjuQ",
    good: true,
};

const RS512: SelfTest = SelfTest {
    algorithm: Algorithm::Rs512,
    jwk: concat!(
        r#"{"kty":"RSA","n":"wsSoYCNtPJCWoHbWulEH4Pe9geG6kW9zdXJL0rCwtjlWgTcVo0V6sEWLcfs1pFsn-e96w-V53qRd-_"#,
        r#"0HgZ7WtwIapTNsWEQqrdlsqe6dMkc-nZJ4VitNECWK3mqY-xx8_cOzcW713sWM9zs1nziVmbS1hlqYY1GesAHDJDh9p1VFDb"#,
        r#"NBMJNg44B8BWW44sRPvV5ujQTQBtfudouOhDYIKpD6DoN_MvRgh6tKDZviiqfaF5TOsBcqf1DtIPbfZB77y_0qrIl3XHYacx"#,
        r#"AJPGccl3-hiw1uAfsl96QytCxlNZeExokgVxnBz246Zdri2kNMMm3egbtv__vb9t5cFrunSQ","e":"AQAB"}"#,
    ),
    message: "eyJhbGciOiJSUzUxMiIsImtpZCI6IlJTNTEyXzIwNDgifQ.",
    signature: "uBmOhR9H37yhb6KLOLuVxSD2oZgalv8VvXi1S0R7Np8SofVr11_iNZXRT-wTCl-ExEl6R3XgXjN1kTQdT7StkWWl5dlMsKS0_BAR\
        pYEB-qC8jRWXzEslUcMCnnJy-Ag-1BPLiQ9mBMHASqCY5X1X87K1JB-8d6cfft0Rr3g-vaEHAYzYPRVpo6DXl58M6rbp0OD3VxhY\
        NUNXGpd5Rc_JDgzS4diERwJT8bhGPH0wqdEJnA0uSj_S8_k6x2p9q85d4N_ZAxIObi2zy1zYFogabef3yrDQfJCGQYWy2RxP5gxC\
        OhsgzW9fvIgl0qlA6fQrIsIrmVHv9oliDteqluNsUA",
    good: true,
};

const ES256: SelfTest = SelfTest {
    algorithm: Algorithm::Es256,
    jwk: concat!(
        r#"{"kty":"EC","crv":"P-256","x":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY","y":"UI8exy-C06a7DUn"#,
        r#"jIdENkxeFtHM4-l_41LqEw9nVgmw"}"#,
    ),
    message: "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIn0.Zm9v",
    signature: "5cA0OHyMP7ezamUd5c9kV-FrGxdx4hbGXOdplQkutrqWrte5P-pAvsE3Ve6xSyU3YDQwUHjVVOtvcrEbbnZ8yA",
    good: true,
};

const ES384: SelfTest = SelfTest {
    algorithm: Algorithm::Es384,
    jwk: concat!(
        r#"{"kty":"EC","crv":"P-384","x":"LaV92hCJJ2pUP5_9rAv_DZdsrXHrcoDn2b_Z_uS9svIPR_-IgnQ4l3LZjMV1ITiq""#,
        r#","y":"S20FTWnc8-JexJ34cHFeNIg7GDYZfXb4rZYuePZXG7x0B7DWCR-eTYjwFCdEBhdP"}"#,
    ),
    message: "123400",
    signature: "ErMKvva1R2_mthKuVXwEJWYeJrRLG_4Z2vLKKOMRMIO6jkrkzEWgMgq9M5TxxUjXGEDan8HS-PiQDPSF1UE7jCV07jqNTKA5lcow\
        JA4JUTgFv2IJtYrHqpz_VO7Ngrnx",
    good: true,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::signature::{PureRust, SignatureVerifier};

    #[test]
    fn self_tests_have_the_verdict_of_pure_rust() {
        for test in SELF_TESTS {
            let signature = URL_SAFE_NO_PAD.decode(test.signature).unwrap();
            let verdict = PureRust.verify(test.algorithm, &test.key().unwrap(), test.message.as_bytes(), &signature);
            assert_eq!(verdict, test.good, "{test:?}");
        }
    }

    #[test]
    fn a_host_that_knows_good_from_bad_is_reliable() {
        assert!(is_reliable(|argument| Some(honest(argument))));
    }

    #[test]
    fn a_host_without_the_function_or_with_a_wrong_verdict_is_not_reliable() {
        assert!(!is_reliable(|_| None));
        assert!(!is_reliable(|_| Some(vec![0x08, 0x01])));
        assert!(!is_reliable(|_| Some(Vec::new())));
        assert!(!is_reliable(|argument| Some(if argument[2..8] == *b"sha512" { vec![] } else { honest(argument) })));
    }

    #[test]
    fn only_result_true_and_nothing_else_is_accepted() {
        assert!(accepted(&[8, 1]));
        for answer in [&b""[..], b"\x08\x00", b"\x08\x01\x12\x00", b"\x12\x02no", b"\x08", b"\x01", b"\x08\x02"] {
            assert!(!accepted(answer), "{answer:?}");
        }
    }

    #[test]
    fn the_argument_has_hash_key_signature_and_message_in_order() {
        let argument = ES256.argument().unwrap();
        let key = ES256.key().unwrap();
        assert_eq!(argument[..10], *b"\x0a\x06sha256\x12\x5b");
        assert_eq!(argument[10..101], *key.spki_der());
        assert_eq!(argument[101], 0x1a);
        assert_eq!(argument[103], SEQUENCE);
        assert!(argument.ends_with(ES256.message.as_bytes()));
    }

    #[test]
    fn lengths_over_127_take_two_bytes() {
        let mut message = Vec::new();
        field(&mut message, 4, &[7; 300]);
        assert_eq!(message[..3], [0x22, 0xac, 0x02]);
        assert_eq!(message.len(), 303);
    }

    #[test]
    fn what_the_host_lacks_or_reads_otherwise_is_not_offered() {
        let rsa = RS256.key().unwrap();
        for algorithm in [Algorithm::Ps256, Algorithm::Ps384, Algorithm::Ps512, Algorithm::Ed25519, Algorithm::Es256] {
            assert_eq!(encode(algorithm, &rsa, b"", &[1; 256]), None, "{algorithm}");
        }
        assert_eq!(encode(Algorithm::Rs256, &rsa, b"", &[1; 255]), None);
        assert_eq!(encode(Algorithm::Rs256, &rsa, b"", &[0xff; 256]), None);
        assert_eq!(encode(Algorithm::Es256, &ES256.key().unwrap(), b"", &[0; 64]), None);
    }

    /// Answers as Envoy 1.40 does.
    fn honest(argument: &[u8]) -> Vec<u8> {
        let good = SELF_TESTS.iter().any(|t| t.good && t.argument().unwrap() == argument);
        if good { vec![0x08, 0x01] } else { b"\x12\x26Failed to verify digest. Error code: 0".to_vec() }
    }
}
