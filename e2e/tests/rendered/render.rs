//! `edge-oidc render envoy`: each configuration in a real Envoy, with everything around it that the tool has added.

use devkit::dex;
use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use devkit::oidc_provider::OidcProvider;
use devkit::tls::TestCa;
use e2e::{APP, CLIENT_ID, CLIENT_SECRET, DOMAIN, Gateway, ISSUER, Rendered, Tool};
use http::Method;

use crate::{APPLICATION, signs_in};

pub const POOL: &str = r#"providers:
  - name: staff
    issuer: https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012
    clientId: 304a12ktcc5djt9d7enj6dsjkg
    clientSecret: { env: OIDC_CLIENT_SECRET }
"#;
const DEX: &str = r#"  - name: dex
    issuer: http://dex.auth.svc.cluster.local:5556/dex
    clientId: edge
    clientSecret: { env: DEX_SECRET }
    clientAuthentication: client_secret_basic
    insecureHttp: true
    endpoints: { authorization: "https://app.example.com/dex/auth" }
    scopes: [openid, email, groups]
    identity: { userId: { prefix: "dex:" }, groups: { claim: groups, prefix: "dex:" } }
    logout: { kind: local, returnUrl: / }
"#;
pub const REST: &str = r#"publicUrls: [https://app.example.com]
session:
  keys: [{ env: SESSION_KEY }]
identity:
  userId: { claim: email, header: kubeflow-userid }
  groups: { claim: "cognito:groups", header: kubeflow-groups }
routes:
  - { match: { path: { prefix: /dex } }, action: allow }
"#;

/// Renders it and hands it over to be run. The secret of the client is filled in, as the tool asks for.
fn rendered(tool: &Tool, config: &str, options: &[&str]) -> Rendered {
    tool.put("config.yaml", config);
    let arguments: Vec<_> = ["render", "envoy", "config.yaml"].iter().chain(options).copied().collect();
    let said = tool.expect(&arguments);
    assert!(said.contains("OIDC_CLIENT_SECRET"), "it says what is to be filled in: {said}");
    let rendered =
        Rendered::new(&tool.path("edge-oidc/envoy/envoy.yaml"), &tool.path("edge-oidc/envoy/envoy.env"), APP);
    rendered.env("OIDC_CLIENT_SECRET", CLIENT_SECRET)
}

async fn a_pool_signs_in(version: &str) {
    let tool = Tool::new();
    let rendered = rendered(&tool, &format!("{POOL}{REST}"), &["--provider-host", DOMAIN]).version(version);
    let (rendered, _pool) = rendered.with_pool(|_| {}).await;
    let mut gateway = rendered.start(APPLICATION).await;
    signs_in(&tool, &mut gateway).await;
}

#[tokio::test]
async fn a_pool_signs_people_in() {
    a_pool_signs_in(ENVOY_NEWEST).await;
}

#[tokio::test]
async fn a_pool_signs_people_in_in_the_oldest_envoy() {
    a_pool_signs_in(ENVOY_OLDEST).await;
}

/// What is checked about a configuration holds for the file that is made of it.
#[tokio::test]
async fn what_is_rendered_passes_its_own_check() {
    let tool = Tool::new();
    tool.put("config.yaml", &format!("{POOL}{REST}"));
    tool.expect(&["render", "envoy", "config.yaml", "--provider-host", DOMAIN]);
    let environment =
        tool.read("edge-oidc/envoy/envoy.env").replace("OIDC_CLIENT_SECRET=", "OIDC_CLIENT_SECRET=filled-in");
    tool.put("filled.env", &environment);
    for file in ["edge-oidc/envoy/envoy.yaml", "edge-oidc/envoy/edge-oidc.yaml"] {
        tool.expect(&["check", file, "--env-file", "filled.env"]);
    }
}

#[tokio::test]
async fn two_providers_one_of_them_inside_the_cluster_and_an_authorizer_sign_people_in() {
    let tool = Tool::new();
    let authorizer = devkit::authorizer::Authorizer::start().await.expect("the authorizer");
    let asked = "externalAuthorization: { url: \"https://authz.example.com/check\" }\n";
    let rendered = rendered(
        &tool,
        &format!("{POOL}{DEX}{REST}{asked}"),
        &["--provider-host", DOMAIN, "--upstream", "app.internal:9000"],
    );
    let callback = "https://app.example.com/oauth2/callback/dex";
    let dex = OidcProvider::start(dex::options("edge", "dex secret", callback)).await.expect("the provider");
    let cluster = rendered.cluster_of(dex::HOST);
    let rendered = rendered.env("DEX_SECRET", "dex secret").route(dex::PATH, &cluster).place(dex::HOST, dex.addr());
    // The authorizer of this test speaks no TLS: Envoy, which was told https, gets no answer from it.
    let rendered = rendered.place("authz.example.com:443", authorizer.addr());
    let (rendered, _pool) = rendered.with_pool(|_| {}).await;
    let gateway = rendered.start("app.internal:9000").await;
    let person = gateway.person();
    let page = person.look("/x").await;
    assert!(page.expect(401).expect_not_forwarded().text().contains("dex"), "the choice of two: {page}");
    let authorize = person.look("/oauth2/sign-in?provider=staff&return_to=%2Fx").await.expect(302).location();
    let callback = person.approve("ada", &authorize).await;
    // She is known; whether she may pass, nobody can say.
    let landed = person.navigate(callback.as_str()).await;
    assert_eq!(landed.expect_not_forwarded().status, 503, "{landed}");
    assert_eq!(authorizer.asked(), 0, "a question in clear text to whom TLS was asked for");
    let at_dex = gateway.person().look("/oauth2/sign-in?provider=dex&return_to=%2Fx").await;
    assert_eq!(at_dex.expect(302).location().path(), "/dex/auth");
}

/// Somebody else answers at the provider's address.
pub async fn stranger_at_the_provider(gateway: &Gateway) {
    for path in ["/x", "/oauth2/sign-in?return_to=%2Fx"] {
        let page = gateway.person().look(path).await;
        page.expect(503).expect_not_forwarded();
        assert!(page.all("location").is_empty(), "{page}");
    }
    let stat = |name: &'static str| async move {
        gateway
            .envoy
            .stats("cluster.")
            .await
            .expect("statistics")
            .into_iter()
            .filter(|(stat, _)| stat.ends_with(name))
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    assert!(
        stat("ssl.fail_verify_san").await + stat("ssl.fail_verify_error").await > 0,
        "Envoy has refused a certificate"
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    for version in [ENVOY_NEWEST, ENVOY_OLDEST] {
        let tool = Tool::new();
        let rendered = rendered(&tool, &format!("{POOL}{REST}"), &["--provider-host", DOMAIN]).version(version);
        let names = ["elsewhere.example.com", DOMAIN];
        let (rendered, _pool) = rendered.with_pool_called(&names, |_| {}).await;
        let gateway = rendered.start(APPLICATION).await;
        stranger_at_the_provider(&gateway).await;
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let tool = Tool::new();
    let rendered = rendered(&tool, &format!("{POOL}{REST}"), &["--provider-host", DOMAIN]);
    let other = TestCa::new().expect("an authority").server(&[ISSUER, DOMAIN]).expect("a certificate");
    let (rendered, _pool) = rendered.with_pool(|options| options.tls = Some(other.config)).await;
    let gateway = rendered.start(APPLICATION).await;
    stranger_at_the_provider(&gateway).await;
}

/// Behind a proxy that takes TLS off.
#[tokio::test]
async fn in_clear_text_it_listens_without_a_certificate() {
    let tool = Tool::new();
    let rendered = rendered(&tool, &format!("{POOL}{REST}"), &["--provider-host", DOMAIN, "--plain"]);
    let (rendered, _pool) = rendered.with_pool(|_| {}).await;
    let gateway = rendered.start(APPLICATION).await;
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let ask = client.request(Method::GET, format!("http://{}/x", gateway.envoy.addr())).header("host", APP);
    let ask =
        ask.header("accept", "text/html").header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
    let answer = ask.send().await.expect("an answer");
    assert_eq!(answer.status(), 302);
    let to = answer.headers()["location"].to_str().expect("text");
    assert!(to.starts_with(&format!("https://{DOMAIN}/oauth2/authorize?")) && to.contains(CLIENT_ID), "{to}");
}
