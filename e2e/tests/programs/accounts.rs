//! Service accounts of a cluster: an issuer that nobody signs in at, with keys and outages of its own.

use std::time::Duration;

use devkit::cognito::Fault;
use devkit::kubernetes::{Document, Kubernetes};
use e2e::{World, service_accounts};
use serde_json::{Map, Value, json};

use crate::{INVALID, PLAIN, programs, refused, user, with};

const ACCOUNT: &str = "system:serviceaccount:kubeflow:pipeline-runner";

/// A world that takes service accounts of a cluster, beside the pool.
async fn world() -> (World, Kubernetes) {
    let (builder, cluster) = programs().with_kubernetes().await;
    let mut entry = service_accounts(&cluster, "edge");
    entry["identity"] = json!({ "userId": { "claim": "sub" } });
    let builder = builder.plugin(move |plugin| plugin["providers"].as_array_mut().unwrap().push(entry));
    (builder.workers(2).start().await, cluster)
}

#[tokio::test]
async fn a_service_account_comes_in_by_its_name_in_the_cluster() {
    let (mut world, cluster) = world().await;
    let program = world.person();
    for audiences in [&["edge"][..], &["https://kubernetes.default.svc", "edge"]] {
        let token = cluster.token("kubeflow", "pipeline-runner", audiences);
        assert_eq!(user(&with(&program, "/x", &token).send().await), [ACCOUNT]);
    }
    let ada = world.person();
    let landing = ada.sign_in("ada", "/x").await;
    assert_eq!(landing.upstream.header("kubeflow-userid"), Some("ada@example.com"), "one sign-in, no page to choose");
    world.assert_all_workers_alive().await;
}

fn as_of_a_person(claims: &mut Map<String, Value>) {
    claims.remove("kubernetes.io");
    claims.extend([("sub".to_owned(), json!("ada")), ("nonce".to_owned(), json!("n"))]);
}

// T-165: a token for the API server is not one for this gateway.
#[tokio::test]
async fn a_service_account_token_for_others_or_of_another_make_opens_nothing() {
    let (mut world, cluster) = world().await;
    let program = world.person();
    let mint = |change: fn(&mut Map<String, Value>)| cluster.mint("kubeflow", "pipeline-runner", &["edge"], change);
    for (code, token) in [
        ("bearer_aud", cluster.token("kubeflow", "pipeline-runner", &["https://kubernetes.default.svc"])),
        ("bearer_aud", cluster.token("kubeflow", "pipeline-runner", &[])),
        ("bearer_expired", mint(|claims| drop(claims.insert("exp".into(), json!(1_700_000_000))))),
        ("bearer_kind", mint(as_of_a_person)),
    ] {
        let answer = with(&program, "/x", &token).send().await;
        refused(&answer, 401, code, INVALID);
    }
    world.assert_all_workers_alive().await;
}

// T-207
#[tokio::test]
async fn new_keys_of_the_cluster_are_found_at_once_and_sessions_do_not_notice() {
    let (mut world, cluster) = world().await;
    let (program, ada) = (world.person(), world.person());
    ada.sign_in("ada", "/").await;
    let before = cluster.token("kubeflow", "pipeline-runner", &["edge"]);
    assert_eq!(user(&with(&program, "/x", &before).send().await), [ACCOUNT]);
    cluster.rotate_keys();
    let after = cluster.token("kubeflow", "pipeline-runner", &["edge"]);
    assert_eq!(user(&with(&program, "/x", &after).send().await), [ACCOUNT]);
    assert_eq!(user(&with(&program, "/x", &before).send().await), [ACCOUNT], "the old key is still published");
    assert_eq!(user(&ada.get("/x").await), ["ada@example.com"]);
    world.assert_all_workers_alive().await;
}

// T-32
#[tokio::test]
async fn a_cluster_that_does_not_answer_costs_its_own_programs_only() {
    let (builder, cluster) = programs().with_kubernetes().await;
    cluster.set_fault(Document::Discovery, Fault::NoAnswer, None);
    let entry = service_accounts(&cluster, "edge");
    let mut world = builder.plugin(move |plugin| plugin["providers"].as_array_mut().unwrap().push(entry)).start().await;
    let (program, ada) = (world.person(), world.person());
    let token = cluster.token("kubeflow", "pipeline-runner", &["edge"]);
    let waits = with(&program, "/x", &token);
    let others = async {
        ada.sign_in("ada", "/").await;
        let robot = world.control().mint_machine_token(crate::ROBOT, |_| {});
        assert_eq!(user(&with(&world.person(), "/x", &robot).send().await), [format!("sub:{}", crate::ROBOT)]);
    };
    let others = tokio::time::timeout(Duration::from_secs(5), others);
    let (answer, others) = tokio::join!(waits.send(), others);
    others.expect("others waited for the cluster");
    answer.expect(503).expect_not_forwarded();
    assert_eq!((&answer.json()["error"], answer.all("retry-after")), (&json!("provider_unavailable"), vec!["5"]));
    assert!(answer.all("www-authenticate").is_empty(), "{answer}");
    refused(&world.person().get("/x").await, 401, "login_required", PLAIN);
    world.assert_all_workers_alive().await;
}
