//! Whole migrations: configurations, variables, and both ways of Kubernetes.

use crate::golden::Cases;

const CASES: Cases = Cases {
    product: "pomerium",
    cases: &[
        ("cognito", &["cognito.yaml"], &["--domain=demo.auth.us-east-1.amazoncognito.com"]),
        ("grafana", &["grafana.yaml"], &["--forward-id-token", "--target=envoy"]),
        (
            "kubernetes",
            &["kubernetes.yaml"],
            &["--domain=demo.auth.us-east-1.amazoncognito.com", "--session-per-host", "--allow-unverified-email"],
        ),
        ("controller", &["controller.yaml"], &["--groups-claim=groups"]),
        ("policies", &["policies.yaml"], &[]),
        ("settings", &["settings.env"], &[]),
        ("dangerous", &["dangerous.yaml"], &[]),
    ],
};

#[test]
fn migrations_come_to_what_the_golden_files_say() {
    CASES.hold();
}

#[test]
fn what_is_written_passes_check() {
    assert_eq!(CASES.checked(), 6);
}

#[test]
fn a_secret_stands_in_the_file_for_secrets_alone() {
    assert_eq!(CASES.keep_secrets(), 5);
}
