//! The mark of RSA moduli made by Infineon's library (ROCA, CVE-2017-15361), which can be factored.
//!
//! Decides only whether a modulus bears it. Its primes have the form k·M + (65537^a mod M) with M the product of the first
//! primes, so modulo each of these the modulus is a power of 65537. For the sizes we accept M has at least the primes up to
//! 701 (Nemec et al., "The Return of Coppersmith's Attack", table 1); an honest modulus fits them all with chance 2^-167.

/// Whether `modulus`, big-endian, bears the mark. An honest one is usually cleared by the first few primes.
pub fn is_marked(modulus: &[u8]) -> bool {
    (3..=LARGEST_PRIME).filter(|n| is_prime(*n)).all(|prime| is_power_of_65537(remainder(modulus, prime), prime))
}

/// `prime` is below 2^10 and an octet below 2^8, so nothing here leaves its type.
fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, octet| (rest << 8 | u32::from(*octet)).checked_rem(prime).unwrap_or(0))
}

fn is_power_of_65537(rest: u32, prime: u32) -> bool {
    let mut power = 1;
    // The powers repeat after at most prime - 1 steps.
    (1..prime).any(|_| {
        let found = power == rest;
        power = 65537_u32.wrapping_mul(power).checked_rem(prime).unwrap_or(0);
        found
    })
}

fn is_prime(n: u32) -> bool {
    (2..n).take_while(|d| d.saturating_mul(*d) <= n).all(|d| n.checked_rem(d) != Some(0))
}

const LARGEST_PRIME: u32 = 701;

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    // T-117: the key of Wycheproof's JWK vector 7; its 2049 bits are refused for their number already.
    #[test]
    fn a_modulus_of_the_weak_generator_is_marked() {
        assert!(is_marked(&URL_SAFE_NO_PAD.decode(MARKED).unwrap()));
    }

    #[test]
    fn an_honest_modulus_is_not_marked() {
        let mut modulus = URL_SAFE_NO_PAD.decode(MARKED).unwrap();
        modulus[9] ^= 1;
        assert!(!is_marked(&modulus));
    }

    const MARKED: &str = "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7fe4r11CqR\
        w09yBFuW79V8sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9\
        OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaFka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtKUsNSGCT7OZg0\
        hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE";
}
