//! Whole migrations, each kind of file.

use crate::golden::Cases;

const CASES: Cases = Cases {
    product: "kong",
    cases: &[
        ("dev-portal", &["dev-portal.json"], &[APP, "--without-consumers"]),
        ("service", &["service.yaml"], &[APP, DOMAIN]),
        ("browser", &["browser.yaml"], &[APP, DOMAIN]),
        ("consumers", &["consumers.yaml"], &[APP, DOMAIN]),
        ("routes", &["routes.yaml"], &[APP, DOMAIN, "--public-url=https://*.example.com", "--open-routes"]),
        ("manager", &["kong.conf"], &["--public-url=https://manager.example.com", DOMAIN]),
        ("manager-environment", &["manager.env"], &["--public-url=https://manager.example.com", DOMAIN]),
        ("kubernetes", &["kubernetes.yaml"], &[APP, DOMAIN]),
        ("konnect", &["konnect.json"], &[APP, DOMAIN]),
        ("admin-api", &["admin-api.json"], &[APP, DOMAIN]),
        ("programs", &["programs.json"], &[APP]),
        ("dangerous", &["dangerous.yaml"], &[APP]),
    ],
};
const APP: &str = "--public-url=https://app.example.com";
const DOMAIN: &str = "--domain=demo.auth.us-east-1.amazoncognito.com";

#[test]
fn migrations_come_to_what_the_golden_files_say() {
    CASES.hold();
}

#[test]
fn what_is_written_passes_check() {
    assert_eq!(CASES.checked(), 11);
}

#[test]
fn a_secret_stands_in_the_file_for_secrets_alone() {
    assert!(CASES.keep_secrets() >= 8);
}
