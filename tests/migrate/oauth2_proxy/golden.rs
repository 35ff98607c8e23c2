//! Whole migrations, each kind of input.

use crate::golden::Cases;

const CASES: Cases = Cases {
    product: "oauth2-proxy",
    cases: &[
        ("cognito", &["cognito.cfg"], &[DOMAIN]),
        ("okta", &["okta.cfg"], &["--target=envoy"]),
        ("keycloak", &["keycloak.env"], &[]),
        ("alpha", &["alpha.yaml", "alpha-core.cfg"], &["--target=envoy"]),
        ("alpha-complete", &["alpha.yaml", "alpha-core.cfg", "alpha.env"], &[DOMAIN, "--target=envoy"]),
        ("deployment", &["deployment.yaml"], &[DOMAIN, "--public-url=https://*.example.com"]),
        ("google", &["google.cfg", "emails.txt"], &[]),
        ("kubeflow", &["kubeflow.yaml"], &["--public-url=https://kubeflow.example.com", "--applications=kubeflow"]),
        ("everything", &["everything.cfg", "emails.txt"], &["--open=/docs"]),
        ("dangerous", &["dangerous.cfg"], &[]),
        ("malformed", &["malformed.cfg"], &[]),
    ],
};
const DOMAIN: &str = "--domain=demo.auth.us-east-1.amazoncognito.com";

#[test]
fn migrations_come_to_what_the_golden_files_say() {
    CASES.hold();
}

#[test]
fn what_is_written_passes_check() {
    assert_eq!(CASES.checked(), 8);
}

#[test]
fn a_secret_stands_in_the_file_for_secrets_alone() {
    assert!(CASES.keep_secrets() > 0);
}
