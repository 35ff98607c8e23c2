//! The parameter files that projects published, in the folder that `EDGE_OIDC_DATA` names.
//!
//! They are not committed here. Without the folder these tests say that they were skipped, and fail where `CI=true`.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Value, json};

use super::given::{Migrated, migrate_in};

fn folder() -> Option<PathBuf> {
    match std::env::var_os("EDGE_OIDC_DATA") {
        Some(folder) => Some(PathBuf::from(folder).join("data/authservice")),
        None => {
            assert!(std::env::var_os("CI").is_none(), "EDGE_OIDC_DATA is not set");
            eprintln!("skipped: EDGE_OIDC_DATA is not set");
            None
        }
    }
}

const URL: &str = "--public-url=https://kubeflow.example.com";
const DEX: &str = "--issuer=http://dex.auth.svc.cluster.local:5556/dex";
const POOL: &str = "--issuer=https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";
const DOMAIN: &str = "--domain=demo.auth.us-east-1.amazoncognito.com";
const ID: &str = "--client-id=kubeflow-oidc-authservice";

/// As [`SETS`] has them.
type Set = (&'static [&'static str], &'static [&'static str], &'static str, &'static str, &'static [&'static str]);

/// Files, what fills their gaps, the dialect, and some of the configuration: the callback, and what is open.
const SETS: [Set; 9] = [
    (&["kubeflow-params-v1.8.1.env"], &[ID], "e236439", "/authservice/oidc/callback", &["/dex"]),
    (
        &["kubeflow-params-v1.8.1.env", "kubeflow-secret-params-v1.8.1.env"],
        &[],
        "e236439",
        "/authservice/oidc/callback",
        &["/dex"],
    ),
    (
        &["kubeflow-secret-params-v1.8.1.env"],
        &[DEX, "--url-prefix=/authservice/", "--dialect=e236439"],
        "e236439",
        "/authservice/oidc/callback",
        &[],
    ),
    (&["kubeflow-params-v1.3.0.env"], &[ID], "28c59ef", "/login/oidc", &["/dex"]),
    (&["kubeflow-params-v1.2.0.env"], &[DEX], "28c59ef", "/login/oidc", &[]),
    (
        &["arrikto-e2e-params-0c4ea9a.env", "arrikto-e2e-secret-params-0c4ea9a.env"],
        &["--dialect=0c4ea9a"],
        "0c4ea9a",
        "/authservice/oidc/callback",
        &["/dex"],
    ),
    (&["awslabs-oidc-authservice-chart-9a6b9e85.env"], &[ID], "e236439", "/authservice/oidc/callback", &["/dex"]),
    (&["awslabs-aws-authservice-params-9a6b9e85.env"], &[ID, POOL, DOMAIN], "load balancer", "/oauth2/callback", &[]),
    (&["awslabs-cognito-ingress-params-9a6b9e85.env"], &[ID, POOL, DOMAIN], "load balancer", "/oauth2/callback", &[]),
];

fn open(migrated: &Migrated) -> Vec<Value> {
    let rules = migrated.at("/routes");
    let rules = rules.as_array().cloned().unwrap_or_default();
    rules.iter().filter(|rule| rule["action"] == "allow").map(|rule| rule["match"]["path"]["prefix"].clone()).collect()
}

#[test]
fn every_published_file_migrates_and_passes_check() {
    let Some(folder) = folder() else { return };
    for (files, options, dialect, callback, allowed) in SETS {
        for target in ["istio", "envoy"] {
            let arguments: Vec<_> = [URL, "--target", target].iter().chain(options).copied().collect();
            let migrated = migrate_in(&folder, files, &arguments);
            assert_eq!(migrated.outcome.code, 0, "{files:?}: {}", migrated.said());
            assert!(migrated.said().split(", since").next().unwrap().contains(dialect), "{}", migrated.said());
            assert_eq!(migrated.at("/paths/callback"), callback, "{files:?}");
            assert_eq!(open(&migrated), allowed, "{files:?}");
            assert_eq!(migrated.at("/identity/userId/header"), "kubeflow-userid", "{files:?}");
            assert_eq!(migrated.at("/identity/userId/prefix"), json!(null), "{files:?}");
            let outcome = migrated.check();
            assert_eq!(outcome.code, 0, "{files:?}: {}{}", outcome.output, outcome.errors);
        }
    }
}

#[test]
fn the_table_names_every_file_there_is() {
    let Some(folder) = folder() else { return };
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<_> = files.filter(|name| name.ends_with(".env")).collect();
    let named: BTreeSet<_> = SETS.iter().flat_map(|set| set.0).map(|name| (*name).to_owned()).collect();
    assert_eq!(named, there);
}

/// What the files leave empty is named, with the option that fills it.
#[test]
fn gaps_of_the_published_files_are_named() {
    let Some(folder) = folder() else { return };
    for (file, gaps) in [
        ("kubeflow-params-v1.2.0.env", ["oidc_provider is empty", "`--issuer URL`"].as_slice()),
        ("kubeflow-params-v1.8.1.env", &["CLIENT_ID is empty, or in none of the files", "`--client-id ID`"]),
        (
            "awslabs-cognito-ingress-params-9a6b9e85.env",
            &["CognitoUserPoolArn is empty", "`--issuer URL`", "CognitoAppClientId is empty", "`--client-id ID`"],
        ),
    ] {
        let migrated = migrate_in(&folder, &[file], &[URL]);
        assert_eq!(migrated.outcome.code, 1);
        gaps.iter().for_each(|gap| migrated.says(gap));
        assert_eq!(migrated.files(), Vec::new());
    }
}

/// Every variable of every file is in a table: none is dropped in silence.
// M-5
#[test]
fn every_variable_is_accounted_for() {
    let Some(folder) = folder() else { return };
    let renamed = [
        ("client_id", "CLIENT_ID"),
        ("oidc_provider", "OIDC_PROVIDER"),
        ("oidc_redirect_uri", "REDIRECT_URL"),
        ("oidc_auth_url", "OIDC_AUTH_URL"),
        ("application_secret", "CLIENT_SECRET"),
        ("skip_auth_uri", "SKIP_AUTH_URI"),
        ("userid-header", "USERID_HEADER"),
        ("userid-prefix", "USERID_PREFIX"),
        ("CognitoUserPoolArn", "OIDC_PROVIDER"),
        ("CognitoAppClientId", "CLIENT_ID"),
        // Left empty, and filled in by an option.
        ("CLIENT_ID", "--client-id"),
        ("CognitoAppClientId", "--client-id"),
        ("CognitoUserPoolArn", "--issuer"),
        ("CognitoUserPoolDomain", "--domain"),
        ("oidc_provider", "--issuer"),
    ];
    for (files, options, ..) in SETS {
        let arguments: Vec<_> = [URL].iter().chain(options).copied().collect();
        let migrated = migrate_in(&folder, files, &arguments);
        let rows: BTreeSet<_> =
            migrated.outcome.output.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
        for file in files {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            for name in text.lines().filter_map(|line| Some(line.split_once('=')?.0)) {
                let mut others = renamed.iter().filter(|(old, _)| *old == name).map(|(_, new)| *new);
                let is_there = rows.contains(name) || others.any(|other| rows.contains(other));
                assert!(is_there, "{file}: {name} is nowhere in {}", migrated.outcome.output);
            }
        }
    }
}
