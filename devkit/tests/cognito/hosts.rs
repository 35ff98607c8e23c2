//! Hosts, discovery, keys, the admin port (E-1 to E-5, E-28).

use std::sync::Arc;

use devkit::cognito::{Behaviour, Cognito, IssuerType, Options};
use reqwest::Client;
use serde_json::{Value, json};

use crate::support::{browser, location, query, world, world_with};

#[tokio::test]
async fn each_host_answers_404_for_the_paths_of_the_other() {
    let world = world().await;
    let issuer = world.cognito.issuer();
    let origin = issuer.rsplit_once('/').unwrap().0;
    for path in ["/oauth2/authorize", "/login", "/logout", "/oauth2/token", "/oauth2/userInfo", "/error"] {
        assert_eq!(world.get(&format!("{origin}{path}")).await.status(), 404, "{path}");
        assert_ne!(world.get(path).await.status(), 404, "{path}");
    }
    for path in ["/us-east-1_DemoPool1/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        assert_eq!(world.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn another_authority_is_answered_404_with_the_reason() {
    let cognito = Cognito::start(Options::default()).await.unwrap();
    let url = format!("http://{}/us-east-1_AbCdEf012/.well-known/jwks.json", cognito.issuer_addr());
    let get = |host: &'static str| browser().get(&url).header("host", host).send();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wrong = get("127.0.0.1").await.unwrap();
    assert_eq!(wrong.status(), 404);
    assert!(
        wrong
            .text()
            .await
            .unwrap()
            .contains("\"cognito-idp.us-east-1.amazonaws.com\", the request named \"127.0.0.1\"")
    );
    assert_eq!(get("cognito-idp.us-east-1.amazonaws.com").await.unwrap().status(), 200);
    assert_eq!(get("Cognito-Idp.us-east-1.amazonaws.com:443").await.unwrap().status(), 200);
    assert_eq!(get("demo.auth.us-east-1.amazoncognito.com").await.unwrap().status(), 404);
    let login = browser().get(format!("http://{}/login", cognito.domain_addr()));
    let wrong = login.header("host", "cognito-idp.us-east-1.amazonaws.com").send().await.unwrap();
    assert_eq!(wrong.status(), 404);
}

#[tokio::test]
async fn discovery_names_the_issuer_and_the_endpoints_of_the_domain() {
    let world = world().await;
    let document = world.metadata("openid-configuration").await;
    assert_eq!(document["issuer"], world.cognito.issuer());
    assert_eq!(document["jwks_uri"], format!("{}/.well-known/jwks.json", world.cognito.issuer()));
    assert_eq!(document["authorization_endpoint"], world.url("/oauth2/authorize"));
    assert_eq!(document["userinfo_endpoint"], world.url("/oauth2/userInfo"));
    assert_eq!(document["end_session_endpoint"], world.url("/logout"));
    for absent in ["revocation_endpoint", "code_challenge_methods_supported", "grant_types_supported"] {
        assert_eq!(document.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn discovery_variants_are_switches() {
    let world = world().await;
    world.control.set_behaviour(|behaviour| {
        behaviour.discovery.revocation_endpoint = true;
        behaviour.discovery.end_session_endpoint = false;
        behaviour.discovery.unknown_member = true;
    });
    let document = world.metadata("openid-configuration").await;
    assert_eq!(document["revocation_endpoint"], world.url("/oauth2/revoke"));
    assert_eq!(document.get("end_session_endpoint"), None);
    assert!(document["x_unknown_object"].is_object());
}

#[tokio::test]
async fn a_pool_without_a_domain_names_endpoints_that_do_not_work() {
    let world = world_with(|behaviour| behaviour.discovery.domain = false).await;
    let document = world.metadata("openid-configuration").await;
    let endpoint = document["authorization_endpoint"].as_str().unwrap();
    assert_eq!(endpoint, format!("{}/authorize", world.cognito.issuer()));
    let answer = world.get(&format!("{endpoint}?{}", query(&[]))).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "BadRequest");
}

#[tokio::test]
async fn the_updated_issuer_has_its_own_host_and_document() {
    let cognito = Cognito::start(Options::default()).await.unwrap();
    cognito.control().set_behaviour(|behaviour| behaviour.issuer_type = IssuerType::Updated);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("http://{}/us-east-1_AbCdEf012/.well-known/openid-configuration", cognito.issuer_addr());
    let host = "issuer-cognito-idp.us-east-1.amazonaws.com";
    let document: Value = browser().get(url).header("host", host).send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], format!("https://{host}/us-east-1_AbCdEf012"));
    let token = cognito.control().claims(devkit::cognito::TokenKind::Id, "kim", "any", None);
    assert_eq!(token["iss"], document["issuer"]);
}

#[tokio::test]
async fn the_key_set_has_two_rsa_keys_with_awkward_kids() {
    let jwks = world().await.metadata("jwks.json").await;
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0]["n"], keys[1]["n"]);
    for key in keys {
        let kid = key["kid"].as_str().unwrap();
        assert!(kid.len() == 44 && kid.contains('+') && kid.contains('/') && kid.ends_with('='), "{kid}");
        assert_eq!((&key["alg"], &key["kty"], &key["use"]), (&json!("RS256"), &json!("RSA"), &json!("sig")));
        assert_eq!(key["n"].as_str().unwrap().len(), 342, "2048 bits");
    }
}

#[tokio::test]
async fn a_rotation_replaces_both_keys_every_time() {
    let world = world().await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        let jwks = world.metadata("jwks.json").await;
        seen.extend(jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].to_string()));
        let old = world.control.mint_id_token("kim", "any", None, |_| {});
        assert!(world.verifies(&old).await);
        world.control.rotate_keys();
        assert!(!world.verifies(&old).await);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 16);
}

#[tokio::test]
async fn metadata_requests_are_counted() {
    let world = world().await;
    world.metadata("openid-configuration").await;
    world.metadata("jwks.json").await;
    world.metadata("jwks.json").await;
    let counters = world.control.counters();
    assert_eq!((counters.discovery, counters.jwks), (1, 2));
}

#[tokio::test]
async fn cors_is_for_token_revoke_and_userinfo_only() {
    let world = world().await;
    let allowed = |response: &reqwest::Response| response.headers().contains_key("access-control-allow-origin");
    for path in ["/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"] {
        assert!(allowed(&world.browser.post(world.url(path)).send().await.unwrap()), "{path}");
    }
    for path in ["/oauth2/authorize", "/login", "/logout", "/error"] {
        assert!(!allowed(&world.get(path).await), "{path}");
    }
}

#[tokio::test]
async fn the_admin_port_reads_and_changes_switches() {
    let world = world().await;
    let admin = format!("http://{}", world.cognito.admin_addr());
    let send = |method: fn(&Client, String) -> reqwest::RequestBuilder, path: &str, body: &'static str| {
        method(&world.browser, format!("{admin}{path}")).body(body).send()
    };
    let patch = |client: &Client, url: String| client.patch(url);
    let put = |client: &Client, url: String| client.put(url);
    let body = r#"{"atHash":false,"discovery":{"domain":false},"faults":{"token":{"fault":{"slow":{"milliseconds":5}},"remaining":2}}}"#;
    assert_eq!(send(patch, "/behaviour", body).await.unwrap().status(), 200);
    let behaviour = world.control.behaviour();
    assert!(!behaviour.at_hash && !behaviour.discovery.domain && behaviour.discovery.end_session_endpoint);
    assert_eq!(behaviour.faults.len(), 1);
    assert_eq!(send(patch, "/behaviour", r#"{"faults":{"token":null}}"#).await.unwrap().status(), 200);
    assert!(world.control.behaviour().faults.is_empty());
    assert_eq!(send(patch, "/behaviour", r#"{"noSuchSwitch":1}"#).await.unwrap().status(), 400);
    assert_eq!(send(put, "/behaviour", r#"{"extraClaims":{"x":null}}"#).await.unwrap().status(), 200);
    let expected =
        Behaviour { extra_claims: [("x".to_owned(), Value::Null)].into_iter().collect(), ..Behaviour::default() };
    assert_eq!(world.control.behaviour(), expected);
    let page = send(|client, url| client.get(url), "/", "").await.unwrap().text().await.unwrap();
    assert!(page.contains("&quot;scopeError&quot;"));
}

#[tokio::test]
async fn a_dropped_pool_stops_listening() {
    let world = world().await;
    let addr = world.cognito.domain_addr();
    assert!(tokio::net::TcpStream::connect(addr).await.is_ok());
    drop(world.cognito);
    // The runtime drops the aborted task at its next turn.
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn tls_listeners_serve_the_public_names() {
    let key = rcgen::generate_simple_self_signed(["demo.auth.us-east-1.amazoncognito.com".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], key.signing_key.serialize_der().try_into().unwrap())
        .unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let cognito = Cognito::start(Options { tls: Some(Arc::new(tls)), ..Options::default() }).await.unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .resolve("demo.auth.us-east-1.amazoncognito.com", cognito.domain_addr())
        .tls_certs_only([reqwest::Certificate::from_der(key.cert.der()).unwrap()])
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    // `resolve` supplies the port of the socket, so that the authority has none, as behind Envoy.
    let url = format!("https://demo.auth.us-east-1.amazoncognito.com/oauth2/authorize?{}", query(&[]));
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert!(location(&answer).starts_with("https://demo.auth.us-east-1.amazoncognito.com/login?"));
    assert!(answer.headers().contains_key("strict-transport-security"));
}
