//! Every deployment whose settings are published, moved: what the dashboard is told of who is there is what authservice would
//! have told it, but for the differences that stand in the guide.

use devkit::dex;
use http::Method;

use crate::world::{FORGED, Kubeflow, Settings, expect_identity};

const SECRET: &str = "kubeflow-secret-params-v1.8.1.env";

/// What is the same in every move to Dex; `groups` are those of ada. The filters that stock Kubeflow put in front dropped them,
/// and the first authservice knew none: that they arrive is what the tool says about `groups`.
async fn as_before(kubeflow: &mut Kubeflow, groups: &str) {
    assert!(kubeflow.said.contains("`kubeflow-groups` reaches the applications"), "{}", kubeflow.said);
    let ada = kubeflow.person();
    // A page leads to the provider by the gateway's own host, and back to the page.
    let landed = kubeflow.sign_in(&ada, "ada", "/_/?ns=ada&x=a%20b").await;
    assert_eq!((landed.url.path(), landed.url.query()), ("/_/", Some("ns=ada&x=a%20b")));
    expect_identity(&landed, "ada@example.com", groups);
    // M-1: replaced, never appended.
    for method in [Method::GET, Method::POST, Method::PUT, Method::OPTIONS] {
        let answer = ada.ask(method, "/pipeline/apis").headers(&FORGED).also("kubeflow-userid", "b").send().await;
        expect_identity(&answer, "ada@example.com", groups);
    }
    // F-1, F-2
    let stranger = kubeflow.person();
    for method in [Method::GET, Method::POST, Method::OPTIONS] {
        let answer = stranger.ask(method, "/pipeline/apis").headers(&FORGED).send().await;
        answer.expect(401).expect_not_forwarded();
    }
    // The address is taken as it is written: case is another person's.
    let capital = kubeflow.signed_in("capital").await;
    expect_identity(&capital.get("/").await, "Ada@Example.com", "b");
    // Somebody without groups: authservice sent an empty header, here there is none.
    if kubeflow.said.contains("GROUPS_ALLOWLIST") {
        return;
    }
    let user = kubeflow.signed_in("user").await;
    expect_identity(&user.ask(Method::GET, "/").headers(&FORGED).send().await, "user@example.com", "");
    kubeflow.assert_alive().await;
}

#[tokio::test]
async fn kubeflow_1_8_1() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    as_before(&mut kubeflow, "a,data-science").await;
}

#[tokio::test]
async fn kubeflow_1_8_1_in_istio() {
    let Some(mut kubeflow) = Settings::stock("").start_in_istio().await else { return };
    as_before(&mut kubeflow, "a,data-science").await;
}

#[tokio::test]
async fn kubeflow_1_3_0() {
    let settings = Settings::published(&["kubeflow-params-v1.3.0.env", SECRET]).callback("/login/oidc");
    let Some(mut kubeflow) = settings.start().await else { return };
    as_before(&mut kubeflow, "a,data-science").await;
}

#[tokio::test]
async fn kubeflow_1_2_0() {
    let settings = Settings::published(&["kubeflow-params-v1.2.0.env"])
        .client("ldapdexapp", "placeholder-client-secret")
        .callback("/login/oidc")
        .option("--issuer", dex::ISSUER)
        .option("--authorization-url", "http://dex.example.com/dex/auth")
        .dex_at("dex.example.com");
    let Some(mut kubeflow) = settings.start().await else { return };
    as_before(&mut kubeflow, "a,data-science").await;
}

#[tokio::test]
async fn the_chart_of_aws() {
    let files = ["awslabs-oidc-authservice-chart-9a6b9e85.env", SECRET];
    let Some(mut kubeflow) = Settings::published(&files).start().await else { return };
    as_before(&mut kubeflow, "a,data-science").await;
}

// M-14, F-18
#[tokio::test]
async fn arriktos_own_tests_with_their_allowlist() {
    let files = ["arrikto-e2e-params-0c4ea9a.env", "arrikto-e2e-secret-params-0c4ea9a.env"];
    let settings = Settings::published(&files).client("authservice", "longrandomvalue");
    let Some(mut kubeflow) = settings.start().await else { return };
    let ada = kubeflow.person();
    let landed = kubeflow.sign_in(&ada, "ada", "/").await;
    expect_identity(&landed, "ada@example.com", "a,data-science");
    // `data-science` is not `d`, no group is none of them.
    for user in ["grace", "user"] {
        let other = kubeflow.person();
        kubeflow.sign_in(&other, user, "/").await.expect(403).expect_not_forwarded();
        other.get("/x").await.expect(403).expect_not_forwarded();
    }
    kubeflow.assert_alive().await;
}
