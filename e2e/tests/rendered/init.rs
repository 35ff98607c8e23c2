//! `edge-oidc init cognito --target envoy`: from the values of a pool to a gateway that signs people in.

use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use e2e::{APP, CLIENT_ID, CLIENT_SECRET, DOMAIN, Rendered, Tool};

use crate::{APPLICATION, signs_in};

async fn runs(version: &str, domain: &str) {
    let tool = Tool::new();
    let host = format!("https://{APP}");
    let pool = ["--pool-id", "us-east-1_AbCdEf012", "--client-id", CLIENT_ID, "--domain", domain, "--host", &host];
    let arguments: Vec<_> = ["init", "cognito"].iter().chain(&pool).chain(&["--target", "envoy"]).copied().collect();
    let said = tool.expect(&arguments);
    for address in ["https://app.example.com/oauth2/callback", "https://app.example.com/"] {
        assert!(said.contains(address), "to be registered: {address}\n{said}");
    }
    let files = ["edge-oidc/envoy/envoy.yaml", "edge-oidc/envoy/envoy.env"].map(|name| tool.path(name));
    let rendered = Rendered::new(&files[0], &files[1], APP).env("OIDC_CLIENT_SECRET", CLIENT_SECRET).version(version);
    let (rendered, pool) = rendered.with_pool(|_| {}).await;
    let mut gateway = rendered.start(APPLICATION).await;
    signs_in(&tool, &mut gateway).await;
    // Signing out ends the session at the pool, which knows where to send people then.
    let ada = gateway.person();
    ada.sign_in("ada", "/").await;
    let away = ada.look("/oauth2/sign-out").await.expect(302).location();
    assert_eq!((away.host_str(), away.path()), (Some(DOMAIN), "/logout"));
    let back = ada.look(away.as_str()).await;
    assert_eq!(back.expect(302).location().host_str(), Some(APP), "{back}");
    assert!(pool.control().counters().interactive_sign_ins >= 1);
}

#[tokio::test]
async fn a_pool_with_a_prefix_domain_signs_people_in() {
    runs(ENVOY_NEWEST, "demo").await;
}

#[tokio::test]
async fn a_pool_signs_people_in_in_the_oldest_envoy() {
    runs(ENVOY_OLDEST, DOMAIN).await;
}
