//! That the tests of applications can fail: each of these is run again before a front that does not do its work.
//!
//! Those that need a browser, a kernel or a database of their own are left to whoever asks, by `EDGE_OIDC_FRONT`: they take long.

use std::process::Command;

/// Tests that fail in a few seconds, one of each kind of application.
const QUICK: [&str; 5] = [
    "grpc::the_service_learns_who_calls_and_no_lie_arrives",
    "kube_web_view::each_sees_what_the_api_server_shows_them",
    "recipes::argo_cd",
    "recipes::grafana_by_a_header",
    "recipes::spinnaker",
];

/// Runs these tests before such a front; fails unless each fails.
fn each_fails(front: &str, tests: &[&str]) {
    let program = std::env::current_exe().expect("this program");
    for test in tests {
        let output = Command::new(&program).args(["--exact", test]).env("EDGE_OIDC_FRONT", front).output();
        let said = String::from_utf8_lossy(&output.expect("a test").stdout).into_owned();
        assert!(said.contains("0 passed; 1 failed"), "{test} does not notice that its front is {front}: {said}");
    }
}

#[test]
fn without_the_filter_the_tests_of_applications_fail() {
    each_fails("taken-out", &QUICK);
    // It reads no header; what it needs of the filter is that nobody else comes through.
    each_fails("taken-out", &["prometheus::strangers_get_health_and_nothing_else"]);
}

#[test]
fn with_somebody_elses_identity_the_tests_of_applications_fail() {
    each_fails("forged", &QUICK);
}
