//! The few DER forms that keys and signatures take for the host (X.690; RFC 5280 §4.1.2.7, RFC 8410 §4).
//!
//! Decides nothing: the contents were checked before. Only encodes, never reads.

/// Tag of SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// `AlgorithmIdentifier` rsaEncryption with NULL parameters (RFC 3279 §2.3.1).
pub const RSA_ENCRYPTION: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
/// `AlgorithmIdentifier` id-ecPublicKey on secp256r1 (RFC 5480 §2.1.1).
pub const EC_P256: &[u8] =
    &[0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// `AlgorithmIdentifier` id-ecPublicKey on secp384r1 (RFC 5480 §2.1.1).
pub const EC_P384: &[u8] = &[0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22];
/// `AlgorithmIdentifier` id-Ed25519 (RFC 8410 §3).
pub const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];

/// `SubjectPublicKeyInfo` of an encoded `AlgorithmIdentifier` and the bits of the key.
pub fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[algorithm, &tlv(BIT_STRING, &[&[0], key])])
}

/// INTEGER of a big-endian number without sign; leading zeros are dropped.
pub fn unsigned(octets: &[u8]) -> Vec<u8> {
    let start = octets.iter().position(|o| *o != 0).unwrap_or(octets.len());
    let minimal = octets.get(start..).unwrap_or_default();
    match minimal.first() {
        Some(first) if *first < 0x80 => tlv(INTEGER, &[minimal]),
        // A zero octet keeps a set top bit from reading as a minus, and is the number when nothing is left.
        _ => tlv(INTEGER, &[&[0], minimal]),
    }
}

/// One element: tag, definite length, the parts of its content.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let digits = length.get(content.len().leading_zeros() as usize / 8..).unwrap_or_default();
    let mut element = vec![tag];
    match digits {
        [] => element.push(0),
        [short @ 0..=0x7f] => element.push(*short),
        long => {
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(0));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(&content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(tlv(4, &[]), [4, 0]);
        assert_eq!(tlv(4, &[&[9; 127]])[..2], [4, 127]);
        assert_eq!(tlv(4, &[&[9; 128]])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[&[9; 255]])[..3], [4, 0x81, 255]);
        assert_eq!(tlv(4, &[&[9; 256]])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn integers_are_minimal_and_never_negative() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0, 0x80, 0]), [2, 3, 0, 0x80, 0]);
    }
}
