//! What the shipped files say about a filter that fails: fail closed, heal, and why.

use std::fs;

use devkit::install::workspace;

/// The setting's line, and the comment right above it as one text.
fn setting(file: &str, name: &str) -> (String, String) {
    let text = fs::read_to_string(workspace().join(file)).unwrap();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let settings: Vec<_> = (0..lines.len()).filter(|at| lines[*at].starts_with(name)).collect();
    let [at] = settings[..] else { panic!("{file} has {name} {} times", settings.len()) };
    let comment = lines[..at].iter().rev().take_while(|line| line.starts_with('#'));
    let mut comment: Vec<_> = comment.map(|line| line.trim_start_matches(['#', ' '])).collect();
    comment.reverse();
    (lines[at].to_owned(), comment.join(" "))
}

#[test]
fn a_filter_that_failed_is_closed_and_built_anew_and_the_files_say_why() {
    for (file, name) in [("envoy/envoy.yaml", "failure_policy:"), ("istio/wasmplugin.yaml", "failStrategy:")] {
        let (line, why) = setting(file, name);
        assert_eq!(line, format!("{name} FAIL_RELOAD"), "{file}");
        for said in
            ["never let through", "built anew", "503 until", "FAIL_OPEN would let everybody in without signing in"]
        {
            assert!(why.contains(said), "{file} does not say \"{said}\" beside {name} but: {why}");
        }
    }
}

#[test]
fn a_request_that_nobody_would_wake_is_ended_by_the_idle_timeout_and_the_files_say_why() {
    for file in ["envoy/envoy.yaml", "istio/gateway-limits.yaml"] {
        let (line, why) = setting(file, "stream_idle_timeout:");
        assert!(!line.ends_with(": 0s") && line.ends_with('s'), "{file}: {line}");
        assert!(why.contains("VM"), "{file} does not say why: {why}");
    }
}

// T-32
#[test]
fn no_shipped_file_lets_requests_pass_when_the_filter_fails() {
    for folder in ["envoy", "istio"] {
        for entry in fs::read_dir(workspace().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let settings = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
            let open: Vec<_> =
                settings.filter(|line| line.contains(": FAIL_OPEN") || line.contains("fail_open: true")).collect();
            assert!(open.is_empty(), "{}: {open:?}", path.display());
        }
    }
}
