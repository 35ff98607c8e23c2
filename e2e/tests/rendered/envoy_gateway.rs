//! The manifests for Envoy Gateway, as its controller makes an Envoy of them.

use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use e2e::envoy_gateway::{self, ALL, FRIEND, Route, SEEN};
use e2e::{APP, CLIENT_ID, CLIENT_SECRET, DOMAIN, Rendered, Tool};
use http::Method;

use crate::render::{POOL, REST, stranger_at_the_provider};
use crate::{APPLICATION, signs_in};

/// The Gateway of what the tool wrote, with these routes to the application.
fn gateway(tool: &Tool, routes: &[Route<'_>]) -> Rendered {
    let own = |name: &String| name.starts_with("edge-oidc/envoy-gateway/") && name.ends_with(".yaml");
    let files: Vec<_> = tool.files().into_iter().filter(own).collect();
    envoy_gateway::apply(tool, &files, routes, APP).env("OIDC_CLIENT_SECRET", CLIENT_SECRET)
}

/// Renders the configuration with a pool.
fn rendered(options: &[&str]) -> Tool {
    let tool = Tool::new();
    tool.put("config.yaml", &format!("{POOL}{REST}"));
    let command = ["render", "envoy-gateway", "config.yaml", "--provider-host", DOMAIN];
    tool.expect(&[&command[..], options].concat());
    tool
}

async fn a_pool_signs_in(version: &str) {
    let tool = rendered(&[]);
    let (rendered, _pool) = gateway(&tool, &[ALL]).version(version).with_pool(|_| {}).await;
    let mut gateway = rendered.start(APPLICATION).await;
    let answer = signs_in(&tool, &mut gateway).await;
    assert_eq!(
        answer.forwarded().all(SEEN),
        ["ada@example.com"],
        "whoever judges by identity does so after the filter"
    );
}

#[tokio::test]
async fn a_pool_signs_people_in() {
    a_pool_signs_in(ENVOY_NEWEST).await;
}

#[tokio::test]
async fn a_pool_signs_people_in_in_the_oldest_envoy() {
    a_pool_signs_in(ENVOY_OLDEST).await;
}

#[tokio::test]
async fn what_init_writes_for_envoy_gateway_signs_people_in() {
    let tool = Tool::new();
    let host = format!("https://{APP}");
    let pool = ["--pool-id", "us-east-1_AbCdEf012", "--client-id", CLIENT_ID, "--domain", "demo", "--host", &host];
    let arguments: Vec<_> = ["init", "cognito", "--target", "envoy-gateway"].iter().chain(&pool).copied().collect();
    tool.expect(&arguments);
    let (rendered, _pool) = gateway(&tool, &[ALL]).with_pool(|_| {}).await;
    let mut gateway = rendered.start(APPLICATION).await;
    signs_in(&tool, &mut gateway).await;
}

#[tokio::test]
async fn a_stranger_at_the_provider_is_refused() {
    let (rendered, _pool) = gateway(&rendered(&[]), &[ALL]).with_pool_called(&["elsewhere.example.com"], |_| {}).await;
    stranger_at_the_provider(&rendered.start(APPLICATION).await).await;
}

/// A policy of its own makes a route open, as the document says. Nobody is believed there.
#[tokio::test]
async fn on_a_route_that_the_filter_does_not_run_on_nobody_poses_as_somebody() {
    let open = Route { name: "metrics", prefix: "/metrics", overridden: true };
    let (rendered, _pool) = gateway(&rendered(&[]), &[open, ALL]).with_pool(|_| {}).await;
    let gateway = rendered.start(APPLICATION).await;
    let forged = [("kubeflow-userid", "root@example.com"), ("kubeflow-groups", "admins"), ("x-other", "stays")];
    let person = gateway.person();
    let answer = person.ask(Method::GET, "/metrics/x").headers(&forged).send().await;
    let seen = answer.expect(200).forwarded();
    assert_eq!((seen.header("kubeflow-userid"), seen.header("kubeflow-groups")), (None, None));
    assert_eq!((seen.header("x-other"), seen.header(SEEN)), (Some("stays"), Some("nobody")));
    person.ask(Method::GET, "/metricsx").headers(&forged).send().await.expect(401).expect_not_forwarded();
}

/// Where a policy is for some routes alone, the others are as they were, and our endpoints need a route.
#[tokio::test]
async fn a_policy_for_a_route_guards_that_route_and_our_own_endpoints() {
    let tool = rendered(&["--http-route", "notebooks", "--own-route"]);
    let notebooks = Route { name: "notebooks", prefix: "/notebooks", overridden: false };
    let (rendered, _pool) = gateway(&tool, &[notebooks, ALL]).with_pool(|_| {}).await;
    let gateway = rendered.start(APPLICATION).await;
    let ada = gateway.person();
    ada.ask(Method::GET, "/elsewhere").send().await.expect(200).forwarded();
    ada.ask(Method::GET, "/notebooks/x").send().await.expect(401).expect_not_forwarded();
    let landing = ada.sign_in("ada", "/notebooks/lab").await;
    assert_eq!(landing.path, "/notebooks/lab");
    assert_eq!(landing.upstream.all("kubeflow-userid"), ["ada@example.com"]);
    assert_eq!(ada.ask(Method::GET, "/oauth2/whoami").send().await.expect_not_forwarded().status, 200);
}

#[tokio::test]
async fn without_a_route_for_it_a_callback_is_nobodys() {
    let tool = rendered(&["--http-route", "notebooks"]);
    let notebooks = Route { name: "notebooks", prefix: "/notebooks", overridden: false };
    let (rendered, _pool) = gateway(&tool, &[notebooks]).with_pool(|_| {}).await;
    let gateway = rendered.start(APPLICATION).await;
    let person = gateway.person();
    let authorize = person.begin("/notebooks/lab").await;
    let callback = person.approve("ada", &authorize).await;
    assert_eq!(person.navigate(callback.as_str()).await.expect_not_forwarded().status, 404, "say --own-route");
}

/// CORS is before the filter: it answers preflights, and pages of a friend's can read what the filter says.
#[tokio::test]
async fn a_preflight_is_answered_before_sign_in_and_a_friends_page_reads_the_refusal() {
    let (rendered, _pool) = gateway(&rendered(&[]), &[ALL]).with_pool(|_| {}).await;
    let gateway = rendered.start(APPLICATION).await;
    let person = gateway.person();
    let asked = [("origin", FRIEND), ("access-control-request-method", "GET")];
    let preflight = person.ask(Method::OPTIONS, "/api").headers(&asked).send().await;
    assert_eq!(preflight.expect(200).expect_not_forwarded().all("access-control-allow-origin"), [FRIEND]);
    let refused = person.ask(Method::GET, "/api").header("origin", FRIEND).send().await;
    assert_eq!(refused.expect(401).expect_not_forwarded().all("access-control-allow-origin"), [FRIEND]);
    let stranger = person.ask(Method::GET, "/api").header("origin", "https://evil.example").send().await;
    assert_eq!(stranger.expect(401).all("access-control-allow-origin"), [""; 0]);
}

/// What no resource has a field for is in the bootstrap: more headers than Envoy takes by itself, and more of them.
#[tokio::test]
async fn a_large_session_fits_beside_other_cookies_in_each_envoy() {
    for version in [ENVOY_NEWEST, ENVOY_OLDEST] {
        let (rendered, _pool) = gateway(&rendered(&[]), &[ALL]).version(version).with_pool(|_| {}).await;
        let gateway = rendered.start(APPLICATION).await;
        let ada = gateway.person();
        ada.sign_in("ada", "/").await;
        let large = "x".repeat(80 * 1024);
        ada.ask(Method::GET, "/x").header("x-large", &large).send().await.expect(200).forwarded();
        // The application of these tests takes no more than a hundred: the filter itself answers these.
        let (stranger, numbers) = (gateway.person(), 0..150);
        let ask = numbers.fold(stranger.ask(Method::GET, "/x"), |ask, number| ask.header(&format!("x-{number}"), "1"));
        ask.send().await.expect(401).expect_not_forwarded();
        let larger = "x".repeat(100 * 1024);
        assert_eq!(ada.ask(Method::GET, "/x").header("x-large", &larger).send().await.status, 431, "{version}");
    }
}

#[tokio::test]
async fn an_escaped_slash_arrives_as_it_was_sent_and_the_log_has_no_query() {
    let (rendered, _pool) = gateway(&rendered(&[]), &[ALL]).with_pool(|_| {}).await;
    let gateway = rendered.start(APPLICATION).await;
    let ada = gateway.person();
    let authorize = ada.begin("/files/a%2Fb?q=of-a-person").await;
    let callback = ada.approve("ada", &authorize).await;
    ada.navigate(callback.as_str()).await;
    let answer = ada.ask(Method::GET, "/files/a%2Fb").send().await;
    assert_eq!(answer.expect(200).forwarded().path, "/files/a%2Fb");
    assert!(gateway.envoy.logged("/oauth2/callback", std::time::Duration::from_secs(20)).await, "no line for it");
    let log = gateway.envoy.log();
    let code = callback.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    assert!(!log.contains(&code) && !log.contains("of-a-person"), "{log}");
}
