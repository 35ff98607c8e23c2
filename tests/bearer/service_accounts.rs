//! Tokens of Kubernetes service accounts.

use edge_oidc::oidc::{
    bearer::{BearerError, TokenKind},
    provider::ProviderKind,
};
use serde_json::{Value, json};

use crate::world::{ISSUER, NOW, changed, judge, no_times, refusal, rule, settings, subject};

const SUB: &str = "system:serviceaccount:kubeflow:pipeline-runner";

/// A projected token, as `kubectl create token --audience edge` gives.
fn claims(changes: &Value) -> Value {
    let claims = json!({
        "aud": ["edge"], "exp": NOW + 3600, "iat": NOW, "iss": ISSUER, "jti": "8b1c", "nbf": NOW, "sub": SUB,
        "kubernetes.io": {"namespace": "kubeflow", "serviceaccount": {"name": "pipeline-runner", "uid": "14ee3fa4"}},
    });
    changed(claims, changes)
}

fn judged(changes: Value) -> Option<BearerError> {
    let settings = settings(ProviderKind::Oidc, &[rule(TokenKind::ServiceAccount, &["edge"], &[])]);
    refusal(&settings, None, &claims(&changes))
}

#[test]
fn a_projected_token_is_its_account() {
    let settings = settings(ProviderKind::Oidc, &[rule(TokenKind::ServiceAccount, &["edge"], &[])]);
    let token = judge(&settings, None, &claims(&json!({}))).unwrap();
    assert_eq!((subject(&token), token.kind()), (SUB, TokenKind::ServiceAccount));
    assert_eq!(judged(json!({"kubernetes.io": null, "aud": ["https://kubernetes.default.svc", "edge"]})), None);
}

// T-107
#[test]
fn the_clusters_own_audience_is_not_ours() {
    for aud in
        [json!(["https://kubernetes.default.svc"]), json!([]), json!("https://kubernetes.default.svc.cluster.local")]
    {
        assert_eq!(judged(json!({"aud": aud})), Some(BearerError::Audience), "{aud}");
    }
    assert_eq!(judged(json!({"aud": null})), Some(BearerError::Malformed("aud")));
    assert_eq!(judged(json!({"aud": [7]})), Some(BearerError::Malformed("aud")));
}

#[test]
fn sub_is_a_namespace_and_a_name() {
    let long = |length: usize| format!("system:serviceaccount:{}:a", "n".repeat(length));
    for sub in [
        "system:serviceaccount:",
        "system:serviceaccount::",
        "system:serviceaccount:kubeflow",
        "system:serviceaccount:kubeflow:",
        "system:serviceaccount::pipeline-runner",
        "system:serviceaccount:kubeflow:a:b",
        "system:serviceaccount:Kubeflow:a",
        "system:serviceaccount:kube.flow:a",
        "system:serviceaccount:kubeflow:a/b",
        "system:serviceaccount:kubeflow:a ",
        "system:serviceaccounts:kubeflow:a",
        "pipeline-runner",
        "",
        &long(64),
    ] {
        // What `kubernetes.io` says must be the reason for none of these.
        let other = json!({"sub": sub, "kubernetes.io": {"namespace": "kubeflow", "serviceaccount": {"name": "a"}}});
        assert_eq!(judged(other), Some(BearerError::Malformed("sub")), "{sub}");
    }
    assert_eq!(judged(json!({"sub": long(63), "kubernetes.io": null})), None);
    let named = |length: usize| {
        judged(json!({"sub": format!("system:serviceaccount:a:{}", "n".repeat(length)), "kubernetes.io": null}))
    };
    assert_eq!((named(253), named(254)), (None, Some(BearerError::Malformed("sub"))));
    assert_eq!(judged(json!({"sub": null})), Some(BearerError::Malformed("sub")));
    assert_eq!(judged(json!({"sub": [SUB]})), Some(BearerError::Malformed("sub")));
}

#[test]
fn what_kubernetes_says_beside_sub_is_the_same_account() {
    for other in [
        json!({"namespace": "default", "serviceaccount": {"name": "pipeline-runner"}}),
        json!({"namespace": "kubeflow", "serviceaccount": {"name": "admin"}}),
        json!({"namespace": "kubeflow", "serviceaccount": "pipeline-runner"}),
        json!({"namespace": ["kubeflow"], "serviceaccount": {"name": "pipeline-runner"}}),
        json!({"namespace": "kubeflow"}),
        json!({}),
        json!([]),
        json!("JSON null"),
    ] {
        assert_eq!(judged(json!({"kubernetes.io": other})), Some(BearerError::Malformed("kubernetes.io")), "{other}");
    }
}

// T-108. A token from a Secret has neither `exp` nor `aud`: it lives for ever, for everyone.
#[test]
fn it_ends_and_has_begun() {
    assert_eq!(judged(json!({"exp": null})), Some(BearerError::Malformed("exp")));
    assert_eq!(judged(json!({"exp": NOW - 60})), Some(BearerError::Expired));
    assert_eq!(judged(json!({"nbf": NOW + 61})), Some(BearerError::NotYetValid));
    for value in no_times() {
        for name in ["exp", "iat", "nbf"] {
            assert_eq!(judged(json!({name: value})), Some(BearerError::Malformed(name)), "{name} {value}");
        }
    }
}
