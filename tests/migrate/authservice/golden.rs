//! Whole migrations, each dialect and each kind of input.

use crate::golden::Cases;

const CASES: Cases = Cases {
    product: "authservice",
    cases: &[
        ("kubeflow", &["kubeflow.env", "kubeflow-client.env"], &[KF, "--kubeflow"]),
        ("first", &["first.env"], &[KF]),
        (
            "parameters",
            &["parameters.env"],
            &[KF, "--issuer", DEX, "--authorization-url", "/dex/auth", "--open", "/dex"],
        ),
        ("parameters-left-empty", &["parameters.env"], &[KF]),
        ("last-everything", &["last-everything.env"], &[KF, "--public-url=https://*.apps.example.com"]),
        (
            "last-pods",
            &["last-pods.env"],
            &[KF, "--kubernetes-issuer=https://oidc.eks.us-east-1.amazonaws.com/id/0123ABCD"],
        ),
        ("last-at-cognito", &["last-at-cognito.env"], &[KF, "--domain=demo.auth.us-east-1.amazoncognito.com"]),
        ("load-balancer", &["load-balancer.env"], &[KF]),
        ("statefulset", &["statefulset.yaml"], &[KF, "--target=envoy"]),
        ("dangerous", &["dangerous.env"], &[KF]),
        ("malformed", &["malformed.env"], &[KF]),
    ],
};
const KF: &str = "--public-url=https://kubeflow.example.com";
const DEX: &str = "http://dex.auth.svc.cluster.local:5556/dex";

#[test]
fn migrations_come_to_what_the_golden_files_say() {
    CASES.hold();
}

#[test]
fn what_is_written_passes_check() {
    assert_eq!(CASES.checked(), 8);
}

// F-17
#[test]
fn a_secret_stands_in_the_file_for_secrets_alone() {
    assert!(CASES.keep_secrets() > 0);
}
