//! Whole migrations, against golden files.
//!
//! `UPDATE_GOLDEN=1 cargo test --test migrate` rewrites `tests/golden/migrate/out`: what is on the screen, and the configuration.

use std::{fs, path::PathBuf};

use crate::world::{Migrated, migrate_in};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/migrate")
}

/// Name, files, and what was chosen.
const CASES: [(&str, &[&str], &[&str]); 11] = [
    ("kubeflow", &["kubeflow.env", "kubeflow-client.env"], &[KF, "--kubeflow"]),
    ("first", &["first.env"], &[KF]),
    ("parameters", &["parameters.env"], &[KF, "--issuer", DEX, "--authorization-url", "/dex/auth", "--open", "/dex"]),
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
];
const KF: &str = "--public-url=https://kubeflow.example.com";
const DEX: &str = "http://dex.auth.svc.cluster.local:5556/dex";

fn shown(migrated: &Migrated) -> String {
    let outcome = &migrated.outcome;
    format!("{}{}exit {}\n", outcome.output, outcome.errors, outcome.code)
}

#[test]
fn migrations_come_to_what_the_golden_files_say() {
    let mut different = Vec::new();
    for (name, files, arguments) in CASES {
        let migrated = migrate_in(&folder().join("in"), files, arguments);
        let configuration = migrated.written("edge-oidc/edge-oidc.yaml");
        let screen = ("txt", Some(shown(&migrated)));
        for (extension, text) in [screen, ("yaml", configuration)] {
            let out = folder().join("out").join(name).with_extension(extension);
            let golden = fs::read_to_string(&out).ok();
            match text {
                Some(text) if std::env::var_os("UPDATE_GOLDEN").is_some() => fs::write(&out, text).unwrap(),
                text if text != golden => {
                    different.push(format!("--- {}\n{}", out.display(), text.unwrap_or_default()))
                }
                _ => {}
            }
        }
    }
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 rewrites:\n{}", different.join("\n"));
}

#[test]
fn what_is_written_passes_check() {
    let mut checked = 0;
    for (name, files, arguments) in CASES {
        let migrated = migrate_in(&folder().join("in"), files, arguments);
        if migrated.outcome.code == 0 {
            let outcome = migrated.check();
            assert_eq!(outcome.code, 0, "{name}: {}{}", outcome.output, outcome.errors);
            checked += 1;
        }
    }
    assert_eq!(checked, 8);
}

// F-17
#[test]
fn a_secret_stands_in_the_file_for_secrets_alone() {
    for (name, files, arguments) in CASES {
        let migrated = migrate_in(&folder().join("in"), files, arguments);
        assert!(!shown(&migrated).contains("hunter2"), "{name}: {}", shown(&migrated));
        for (file, text, secret) in migrated.files() {
            assert!(secret || !text.contains("hunter2"), "{name}: {file}");
        }
    }
    let kubeflow = migrate_in(&folder().join("in"), CASES[0].1, CASES[0].2);
    assert!(kubeflow.files().iter().any(|(_, text, secret)| *secret && text.contains("hunter2")));
}
