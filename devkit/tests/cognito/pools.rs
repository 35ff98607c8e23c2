//! Two pools at once, one of them hostile or down; and UserInfo as other providers answer it.

use devkit::cognito::{CallbackIssuer, Cognito, Endpoint, Fault, MixUp, Options, UserInfoSub};
use serde_json::{Value, json};

use crate::support::{CALLBACK, CLIENT, World, jwt_header, location, member, query, world, world_of, world_with};

const PARTNERS_CLIENT: &str = "5p2a3r4t5n6e7r8s9c0l1i2e3n";

/// The second pool, over plain HTTP on free ports.
async fn partners() -> World {
    world_of(|options| {
        let local = Options { listen: options.listen, ..Options::partners() };
        let issuer = "http://localhost:0/eu-west-1_Partners1".to_owned();
        *options = Options { issuer, domain: options.domain.clone(), ..local };
    })
    .await
}

#[tokio::test]
async fn two_pools_share_no_key_no_kid_no_person_and_no_client() {
    let (first, second) = (world().await, partners().await);
    let (a, b) = (first.metadata("jwks.json").await, second.metadata("jwks.json").await);
    for member in ["n", "kid"] {
        for key in a["keys"].as_array().unwrap() {
            assert!(b["keys"].as_array().unwrap().iter().all(|other| other[member] != key[member]), "{member}");
        }
    }
    let token = second.control.mint_id_token("kim", PARTNERS_CLIENT, None, |_| {});
    assert!(second.verifies(&token).await && !first.verifies(&token).await);
    let sub = |world: &World, client| world.control.mint_id_token("kim", client, None, |_| {});
    assert_ne!(claim(&sub(&first, CLIENT), "sub"), claim(&sub(&second, PARTNERS_CLIENT), "sub"));
    assert_ne!(claim(&sub(&first, CLIENT), "iss"), claim(&sub(&second, PARTNERS_CLIENT), "iss"));
    let page = second.get(&format!("/oauth2/authorize?{}", query(&[]))).await;
    assert!(location(&page).contains("/error?error=invalid_request"), "the first pool's client is nobody here");
}

#[tokio::test]
async fn the_second_pool_has_names_of_its_own() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (first, second) = (Options::default(), Options::partners());
    assert_ne!(first.domain, second.domain);
    let pools = [Cognito::start(first).await.unwrap(), Cognito::start(second).await.unwrap()];
    assert_ne!(pools[0].issuer(), pools[1].issuer());
    assert_ne!(pools[0].issuer_addr(), pools[1].issuer_addr());
}

#[tokio::test]
async fn one_pool_down_leaves_the_other_up() {
    let (first, second) = (world().await, partners().await);
    second.control.set_behaviour(|behaviour| behaviour.set_fault_everywhere(&Fault::HangUp));
    let document = |world: &World| format!("{}/.well-known/openid-configuration", world.cognito.issuer());
    for url in [document(&second), second.url("/oauth2/authorize"), second.url("/oauth2/userInfo")] {
        assert!(second.browser.get(&url).send().await.is_err(), "{url}");
    }
    assert!(second.browser.post(second.url("/oauth2/token")).send().await.is_err());
    assert_eq!(first.get(&document(&first)).await.status(), 200);
    second.control.set_behaviour(|behaviour| behaviour.faults.clear());
    assert_eq!(second.get(&document(&second)).await.status(), 200);
}

// RFC 9700 4.4.1
#[tokio::test]
async fn a_hostile_pool_gets_the_honest_ones_code_sent_to_the_callback() {
    let (honest, hostile) = (world().await, partners().await);
    let (endpoint, client_id) = (honest.url("/oauth2/authorize"), CLIENT.to_owned());
    hostile.control.set_behaviour(|behaviour| {
        behaviour.mix_up = Some(MixUp { authorization_endpoint: endpoint.clone(), client_id, redirect_uri: None });
    });
    let sent_on = hostile.authorize(&[("client_id", PARTNERS_CLIENT)]).await;
    assert!(sent_on.starts_with(&endpoint) && sent_on.contains("state=st4te"), "{sent_on}");
    assert!(!sent_on.contains(PARTNERS_CLIENT), "{sent_on}");
    let login = location(&honest.get(&sent_on).await);
    assert!(login.starts_with(&honest.url("/login?")), "{login}");
    honest.sign_in("kim", &[]).await;
    let callback = location(&honest.get(&sent_on).await);
    assert!(callback.starts_with(CALLBACK) && callback.contains("state=st4te"), "{callback}");
    let code = member(&callback.parse().unwrap(), "code").unwrap();
    assert_eq!(honest.redeem(&code).await.0, 200, "it is the honest pool's code");
    // Where each provider has an address of its own, the hostile one has to name the honest one's.
    hostile.control.set_behaviour(|behaviour| {
        behaviour.mix_up.as_mut().unwrap().redirect_uri = Some("https://app.example.com/a?b&c".to_owned());
    });
    let sent_on = hostile.authorize(&[("client_id", PARTNERS_CLIENT)]).await.parse().unwrap();
    assert_eq!(member(&sent_on, "redirect_uri").as_deref(), Some("https://app.example.com/a?b&c"));
    assert_eq!(sent_on.query_pairs().filter(|(name, _)| name == "redirect_uri").count(), 1);
}

// RFC 9207 2
#[tokio::test]
async fn iss_comes_to_the_callback_as_told_with_a_code_and_with_an_error() {
    let world = world().await;
    let own = world.cognito.issuer().to_owned();
    for (issuer, expected) in [
        (CallbackIssuer::Absent, None),
        (CallbackIssuer::Own, Some(own.clone())),
        (CallbackIssuer::Other("https://a.example/?b&c".to_owned()), Some("https://a.example/?b&c".to_owned())),
    ] {
        world.control.set_behaviour(|behaviour| behaviour.callback_issuer = issuer);
        let callback = world.sign_in("kim", &[("prompt", "login")]).await;
        assert!(member(&callback, "code").is_some());
        assert_eq!(member(&callback, "iss"), expected);
        let refused = world.authorize(&[("scope", "openid offline_access")]).await.parse().unwrap();
        assert!(member(&refused, "error").is_some());
        assert_eq!(member(&refused, "iss"), expected);
    }
}

#[tokio::test]
async fn metadata_can_promise_iss_and_name_what_is_not_its_own() {
    let world = world_with(|behaviour| {
        behaviour.discovery.iss_parameter = true;
        behaviour.metadata.insert("token_endpoint".to_owned(), json!("https://elsewhere.example/token"));
    })
    .await;
    let document = world.metadata("openid-configuration").await;
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["token_endpoint"], "https://elsewhere.example/token");
    assert_eq!(document["issuer"], world.cognito.issuer());
    let plain = world_with(|_| {}).await.metadata("openid-configuration").await;
    assert_eq!(plain.get("authorization_response_iss_parameter_supported"), None);
}

#[tokio::test]
async fn userinfo_answers_the_sub_and_the_claims_that_it_is_told() {
    let world = world().await;
    let token = world.control.mint_access_token("kim", CLIENT, |_| {});
    let own = world.userinfo(&token).await.json::<Value>().await.unwrap()["sub"].clone();
    for sub in [UserInfoSub::Own, UserInfoSub::Missing, UserInfoSub::Other, UserInfoSub::Number] {
        world.control.set_behaviour(|behaviour| {
            behaviour.user_info.sub = sub;
            behaviour.user_info.claims.insert("groups".to_owned(), json!(["a", "b"]));
        });
        let claims: Value = world.userinfo(&token).await.json().await.unwrap();
        assert_eq!((&claims["groups"], &claims["username"]), (&json!(["a", "b"]), &json!("kim")));
        let given = claims.get("sub");
        let right = match sub {
            UserInfoSub::Missing => given.is_none(),
            UserInfoSub::Number => given.is_some_and(Value::is_number),
            UserInfoSub::Other => given.is_some_and(|given| given.is_string() && *given != own),
            UserInfoSub::Own => given == Some(&own),
        };
        assert!(right, "{sub:?}: {claims}");
    }
    assert_eq!(world.control.counters().userinfo, 5);
}

// OpenID Connect Core 5.3.2
#[tokio::test]
async fn userinfo_can_be_a_signed_jwt() {
    let world = world_with(|behaviour| behaviour.user_info.signed = true).await;
    let answer = world.userinfo(&world.control.mint_access_token("kim", CLIENT, |_| {})).await;
    assert_eq!(answer.headers()["content-type"], "application/jwt");
    let token = answer.text().await.unwrap();
    assert!(world.verifies(&token).await);
    assert_eq!(jwt_header(&token)["alg"], "RS256");
    assert_eq!((claim(&token, "aud"), claim(&token, "username")), (json!(CLIENT), json!("kim")));
}

#[tokio::test]
async fn userinfo_fails_on_demand_and_counts_it() {
    let world = world().await;
    let token = world.control.mint_access_token("kim", CLIENT, |_| {});
    let refused = Fault::Reply { status: 401, content_type: "text/plain".to_owned(), body: String::new() };
    for (fault, status) in
        [(refused, 401), (Fault::ServiceUnavailable, 503), (Fault::Oversized { bytes: 2 << 20 }, 200)]
    {
        world.control.set_behaviour(|behaviour| behaviour.set_fault(Endpoint::UserInfo, fault, 1));
        assert_eq!(world.userinfo(&token).await.status(), status);
    }
    assert_eq!(world.userinfo(&token).await.status(), 200);
    assert_eq!(world.control.counters().userinfo, 4);
}

fn claim(token: &str, name: &str) -> Value {
    crate::support::claims(&json!({ "token": token }), "token")[name].clone()
}
