//! The way to the provider: clusters that do not exist or come later, connections that are refused, certificates of others.

use std::time::Instant;

use devkit::cognito::{Cognito, Options};
use devkit::envoy::local::{DOMAIN_CLUSTER, ISSUER_CLUSTER};
use devkit::tls::TestCa;
use e2e::{DOMAIN, Dynamic, ISSUER, World};
use serde_json::json;

use crate::support::{
    PROVIDER_WAIT, callback, expect_session, expect_try_later, impatient, metric, until_logged, until_metric,
    while_people_wait,
};
use crate::wire::Wire;

/// A person waits, is told to come back, and the log says which cluster is missing.
async fn expect_unreachable(world: &World, cluster: &str) {
    let began = Instant::now();
    expect_try_later(&world.person().look("/deep").await, "provider_unavailable");
    assert!(began.elapsed() < PROVIDER_WAIT, "it took {:?}", began.elapsed());
    assert!(
        world.envoy.log().contains(&format!("by cluster {cluster:?} gave no answer")),
        "{}",
        world.envoy.log_tail()
    );
}

#[tokio::test]
async fn an_issuer_whose_cluster_comes_after_the_filter_is_used_without_a_restart() {
    for workers in [1, 2] {
        let clusters = Dynamic::clusters(ISSUER_CLUSTER);
        let mut world = clusters.install(impatient().workers(workers)).start().await;
        expect_unreachable(&world, ISSUER_CLUSTER).await;
        let waiting = world.person();
        let (answer, ()) = tokio::join!(waiting.look("/deep"), async {
            until_metric(&world, "open_waits", 1).await;
            clusters.publish(|_| {});
        });
        answer.expect(302);
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn an_unknown_cluster_for_tokens_fails_the_sign_in_and_nothing_else() {
    let wrong = |plugin: &mut serde_json::Value| plugin["providers"][0]["clusters"][DOMAIN] = json!("no_such_cluster");
    let mut world = impatient().workers(2).plugin(wrong).start().await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    expect_try_later(&person.look(&callback).await, "provider_unavailable");
    assert!(world.envoy.log().contains("by cluster \"no_such_cluster\" gave no answer"), "{}", world.envoy.log_tail());
    assert_eq!(world.control().counters().token_grant("authorization_code"), 0);
    world.person().get("/healthz").await.expect(200);
    world.assert_no_vm_died().await;
}

// T-32
#[tokio::test]
async fn a_provider_that_is_down_at_the_start_is_used_as_soon_as_it_is_up() {
    for workers in [1, 2] {
        let mut wire = Wire::new();
        let issuer = wire.addr();
        let moved = move |setup: devkit::envoy::Setup| setup.cluster_address(ISSUER_CLUSTER, issuer).unwrap();
        let mut world = impatient().workers(workers).setup(moved).start().await;
        let work = until_logged(&world, 0, "the metadata request was answered 503");
        while_people_wait(&world, work).await;
        let waiting = world.person();
        let (answer, ()) = tokio::join!(waiting.look("/deep"), async {
            until_metric(&world, "open_waits", 1).await;
            wire.plug(world.cognito.issuer_addr()).await;
        });
        answer.expect(302);
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn a_provider_that_goes_down_before_the_exchange_costs_that_sign_in_only() {
    let mut wire = Wire::new();
    let domain = wire.addr();
    let moved = move |setup: devkit::envoy::Setup| setup.cluster_address(DOMAIN_CLUSTER, domain).unwrap();
    let mut world = impatient().workers(2).setup(moved).start().await;
    wire.plug(world.cognito.domain_addr()).await;
    let ada = world.person();
    let first = callback(&ada, "/first").await;
    expect_session(&ada.look(&first).await, "/first");
    let grace = world.person();
    let second = callback(&grace, "/second").await;
    wire.unplug().await;
    expect_try_later(&grace.look(&second).await, "token_unavailable");
    ada.get("/still").await.expect(200);
    wire.plug(world.cognito.domain_addr()).await;
    let landing = grace.sign_in("ada", "/second").await;
    assert_eq!(landing.path, "/second");
    world.assert_all_workers_alive().await;
}

/// Someone on the way who has a certificate of a trusted authority, but not for the provider's hosts.
async fn impostor(authority: &TestCa) -> Cognito {
    let tls = Some(authority.server(&["evil.example.com"]).unwrap().config);
    Cognito::start(Options { tls, ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn metadata_under_a_certificate_for_another_name_is_never_used() {
    let authority = TestCa::new().unwrap();
    let impostor = impostor(&authority).await;
    let issuer = impostor.issuer_addr();
    let moved = move |setup: devkit::envoy::Setup| setup.cluster_address(ISSUER_CLUSTER, issuer).unwrap();
    let mut world = impatient().authority(authority).setup(moved).start().await;
    expect_try_later(&world.person().look("/deep").await, "provider_unavailable");
    assert_eq!(impostor.control().counters().discovery, 0);
    assert!(metric(&world, "provider_call.metadata.unavailable").await > 0);
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn a_code_and_the_secret_are_never_sent_to_a_certificate_for_another_name() {
    let authority = TestCa::new().unwrap();
    let impostor = impostor(&authority).await;
    let domain = impostor.domain_addr();
    let moved = move |setup: devkit::envoy::Setup| setup.cluster_address(DOMAIN_CLUSTER, domain).unwrap();
    let mut world = impatient().workers(2).authority(authority).setup(moved).start().await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    expect_try_later(&person.look(&callback).await, "token_unavailable");
    assert!(impostor.control().requests().is_empty(), "{:?}", impostor.control().requests());
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_never_accepted() {
    let stranger = TestCa::new().unwrap();
    let folder = std::env::temp_dir().join(format!("edge-oidc-stranger-{}", std::process::id()));
    let trusted = stranger.write_to(&folder).unwrap();
    let mut world = impatient().setup(move |setup| setup.trusted_ca(trusted)).start().await;
    std::fs::remove_dir_all(&folder).unwrap();
    expect_try_later(&world.person().look("/deep").await, "provider_unavailable");
    assert_eq!(world.control().counters().discovery, 0);
    assert!(!world.envoy.log().contains(ISSUER) || world.envoy.log().contains("metadata_unavailable"));
    world.assert_no_vm_died().await;
}
