//! Whole migrations: what AWS prints, what people write for it, and Ingresses.

use crate::golden::Cases;

const CASES: Cases = Cases {
    product: "alb",
    cases: &[
        ("rules", &["listeners.json", "rules.json"], &[APP]),
        ("actions", &["actions.json"], &[APP, "--target=envoy"]),
        ("login-page", &["login-page.json"], &[APP, "--without-data", "--without-access-token"]),
        ("ingress", &["ingress.yaml"], &[APP]),
        ("ingresses", &["ingresses.yaml"], &[APP, "--callback=/oauth2/callback"]),
        (
            "template",
            &["template.yaml"],
            &["--public-url=https://staff.example.com", "--public-url=https://*.partners.example.com"],
        ),
        ("dangerous", &["dangerous.json"], &[APP]),
    ],
};
const APP: &str = "--public-url=https://app.example.com";

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
    assert_eq!(CASES.keep_secrets(), 2);
}
