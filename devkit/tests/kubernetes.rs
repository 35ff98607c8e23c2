//! That the Kubernetes-like issuer is one: metadata without a token endpoint, keys that rotate, tokens that its keys verify.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use devkit::cognito::Fault;
use devkit::kubernetes::{Document, Kubernetes, Options};
use devkit::tls::{self, TestCa};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

async fn start() -> Kubernetes {
    tls::use_ring();
    Kubernetes::start(Options::default()).await.unwrap()
}

async fn get(url: &str) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

async fn jwks(issuer: &Kubernetes) -> Value {
    get(&format!("{}/openid/v1/jwks", issuer.issuer())).await
}

fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

fn verifies(jwks: &Value, token: &str) -> bool {
    let kid = &part(token, 0)["kid"];
    let Some(key) = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid) else { return false };
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).is_ok()
}

#[tokio::test]
async fn its_metadata_names_keys_and_no_way_to_sign_in() {
    let issuer = start().await;
    let document = get(&format!("{}/.well-known/openid-configuration", issuer.issuer())).await;
    let members: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "id_token_signing_alg_values_supported",
        "issuer",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
    ];
    assert_eq!(members, expected);
    assert_eq!(document["issuer"], issuer.issuer());
    assert_eq!(get(document["jwks_uri"].as_str().unwrap()).await["keys"].as_array().unwrap().len(), 1);
    assert_eq!((issuer.fetched(Document::Discovery), issuer.fetched(Document::Jwks)), (1, 1));
}

#[tokio::test]
async fn a_token_is_of_a_service_account_and_verifies() {
    let issuer = start().await;
    let token = issuer.token("pipelines", "runner", &["edge", "other"]);
    assert!(verifies(&jwks(&issuer).await, &token));
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!((&header["alg"], header.get("typ")), (&json!("RS256"), None));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(issuer.issuer()), &json!(["edge", "other"])));
    assert_eq!(claims["sub"], "system:serviceaccount:pipelines:runner");
    assert_eq!(claims["kubernetes.io"]["namespace"], "pipelines");
    assert_eq!(claims["kubernetes.io"]["serviceaccount"]["name"], "runner");
    assert_eq!(
        (claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), &claims["nbf"]),
        (3600, &claims["iat"])
    );
    assert_ne!(part(&issuer.token("pipelines", "runner", &["edge"]), 1)["jti"], claims["jti"]);
    let changed = issuer.mint("a", "b", &[], |claims| _ = claims.remove("exp"));
    assert!(verifies(&jwks(&issuer).await, &changed) && part(&changed, 1).get("exp").is_none());
}

#[tokio::test]
async fn its_clock_makes_tokens_of_another_time() {
    let issuer = start().await;
    let iat = |token: String| part(&token, 1)["iat"].as_u64().unwrap();
    let now = iat(issuer.token("a", "b", &["edge"]));
    issuer.set_clock_offset(-7200);
    let then = iat(issuer.token("a", "b", &["edge"]));
    assert!((7190..=7200).contains(&(now - then)), "{}", now - then);
}

#[tokio::test]
async fn after_a_rotation_the_old_key_stays_until_it_is_retired() {
    let issuer = start().await;
    let old = issuer.token("a", "b", &["edge"]);
    issuer.rotate_keys();
    let new = issuer.token("a", "b", &["edge"]);
    assert_ne!(part(&old, 0)["kid"], part(&new, 0)["kid"]);
    let keys = jwks(&issuer).await;
    assert!(verifies(&keys, &old) && verifies(&keys, &new));
    issuer.retire_keys();
    let keys = jwks(&issuer).await;
    assert!(!verifies(&keys, &old) && verifies(&keys, &new));
    for _ in 0..4 {
        let before = issuer.token("a", "b", &["edge"]);
        issuer.rotate_keys();
        let after = issuer.token("a", "b", &["edge"]);
        assert_ne!(part(&before, 0)["kid"], part(&after, 0)["kid"]);
        assert!(verifies(&jwks(&issuer).await, &before) && verifies(&jwks(&issuer).await, &after));
    }
}

#[tokio::test]
async fn it_fails_on_demand() {
    let issuer = start().await;
    let url = format!("{}/.well-known/openid-configuration", issuer.issuer());
    // As a cluster answers anybody who has no token of its own.
    issuer.set_fault(Document::Discovery, Fault::ForbiddenHtml, 1);
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 403);
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    issuer.set_fault(Document::Jwks, Fault::HangUp, None);
    assert!(reqwest::get(format!("{}/openid/v1/jwks", issuer.issuer())).await.is_err());
    issuer.clear_faults();
    assert_eq!(jwks(&issuer).await["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn it_has_the_name_and_the_certificate_that_it_is_given() {
    tls::use_ring();
    let ca = TestCa::new().unwrap();
    let name = "oidc.eks.us-east-1.amazonaws.com";
    let options = Options {
        issuer: format!("https://{name}/id/0123456789ABCDEF"),
        tls: Some(ca.server(&[name]).unwrap().config),
        jwks_uri: Some("https://172.18.0.3:6443/openid/v1/jwks".to_owned()),
        ..Options::default()
    };
    let issuer = Kubernetes::start(options).await.unwrap();
    let ca = reqwest::Certificate::from_pem(ca.pem().as_bytes()).unwrap();
    let client =
        reqwest::Client::builder().tls_certs_only([ca]).resolve(name, issuer.addr()).no_proxy().build().unwrap();
    let at = |path: &str| format!("https://{name}:{}/id/0123456789ABCDEF{path}", issuer.addr().port());
    let answer = client.get(at("/.well-known/openid-configuration")).send().await.unwrap();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["issuer"], format!("https://{name}/id/0123456789ABCDEF"));
    assert_eq!(document["jwks_uri"], "https://172.18.0.3:6443/openid/v1/jwks");
    assert_eq!(
        client.get(at("/openid/v1/jwks")).send().await.unwrap().headers()["content-type"],
        "application/jwk-set+json"
    );
}
