//! What `edge-oidc explain` says, against golden files.
//!
//! `UPDATE_GOLDEN=1 cargo test --test config` rewrites `tests/golden/explain`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Parser;
use edge_oidc::cli::{Cli, Outcome, World, run};

/// A machine with the golden configurations as its only files and no environment.
struct Golden(PathBuf);

impl World for Golden {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(self.0.join("check/in").join(path))
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn golden() -> Golden {
    Golden(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"))
}

fn explain(arguments: &[&str]) -> Outcome {
    let all = ["edge-oidc", "explain"].into_iter().chain(arguments.iter().copied());
    run(&Cli::try_parse_from(all).unwrap(), &golden())
}

/// At the configuration with several providers.
fn at(url: &str, more: &[&str]) -> String {
    told("several-providers.yaml", url, more)
}

fn told(file: &str, url: &str, more: &[&str]) -> String {
    let arguments: Vec<_> = [file, "--url", url].into_iter().chain(more.iter().copied()).collect();
    let outcome = explain(&arguments);
    assert_eq!((outcome.errors.as_str(), outcome.code), ("", 0));
    outcome.output
}

const ADMIN: &str = "https://a.apps.example.com/admin/users";

/// Name, URL and what else is said.
const CASES: [(&str, &str, &[&str]); 26] = [
    ("open", "https://a.apps.example.com/healthz", &["--signed-out", "--header", "kubeflow-userid: root"]),
    ("anonymous", "https://example.com/", &["--signed-out"]),
    ("chooser", "https://a.apps.example.com/files?x=1", &["--signed-out"]),
    ("sent-to-sign-in", ADMIN, &["--signed-out"]),
    ("program-sent-to-sign-in", ADMIN, &["--signed-out", "--header", "accept: */*"]),
    ("program-told", ADMIN, &["--signed-out", "--method", "POST", "--header", "accept: */*"]),
    ("form-told", ADMIN, &["--signed-out", "--method", "POST"]),
    ("excluded", "https://a.apps.example.com/admin/jo/avatar", &["--groups", "admins"]),
    ("step-up", ADMIN, &["--groups", "admins"]),
    (
        "granted",
        ADMIN,
        &[
            "--method",
            "POST",
            "--groups",
            "team-a,others",
            "--claim",
            "acr=urn:mfa",
            "--claim",
            "scope=openid admin",
            "--claim",
            "department=eng",
            "--claim",
            "level:=3",
        ],
    ),
    (
        "lacking-group",
        ADMIN,
        &[
            "--method",
            "POST",
            "--claim",
            "acr=urn:mfa",
            "--claim",
            "scope=admin",
            "--claim",
            "employment:={\"kind\":\"staff\"}",
        ],
    ),
    ("other-provider", ADMIN, &["--method", "POST", "--provider", "partners", "--header", "accept: */*"]),
    ("partner", "https://a.apps.example.com/files", &["--provider", "partners", "--groups", "dev,x"]),
    ("machine", "https://a.apps.example.com/v1/jobs", &["--bearer", "--claim", "scope=read write"]),
    ("scope", "https://a.apps.example.com/v1/jobs", &["--bearer", "--claim", "scope=read"]),
    (
        "at-jwt",
        "https://a.apps.example.com/v1/jobs",
        &["--bearer", "--provider", "partners", "--claim", "scope=read write"],
    ),
    ("other-audience", "https://a.apps.example.com/x", &["--bearer", "--provider", "partners", "--claim", "aud=other"]),
    ("pod", "https://a.apps.example.com/files", &["--bearer", "--provider", "pods"]),
    ("id-token", "https://a.apps.example.com/files", &["--bearer", "--token", "id_token"]),
    ("opaque", "https://a.apps.example.com/files", &["--bearer", "--token", "introspection"]),
    ("no-token", "https://a.apps.example.com/v1/jobs", &[]),
    ("ambiguous", "https://a.apps.example.com/x%2f..%2fhealthz", &[]),
    ("verify", "https://a.apps.example.com/oauth2/verify/v1/jobs", &["--signed-out"]),
    ("whoami", "https://a.apps.example.com/oauth2/whoami", &[]),
    ("forged", "https://a.apps.example.com/files", &["--header", "Kubeflow_Userid: root"]),
    ("elsewhere", "https://elsewhere.example.org/", &[]),
];

/// The same, at the configuration of links and pages.
const LINKS: [(&str, &str, &[&str]); 5] = [
    ("sign-out-argument", "https://app.example.com/staff?x=1&logout", &[]),
    ("sign-out-argument-of-a-script", "https://app.example.com/staff?logout", &["--header", "accept: */*"]),
    ("refused-elsewhere", "https://app.example.com/payroll", &["--claim", "email=eve@example.com"]),
    (
        "handed-on",
        "https://app.example.com/oauth2/sign-in?rd=/x&login_hint=ada@example.com&lang=deu",
        &["--signed-out"],
    ),
    ("failed-elsewhere", "https://app.example.com/oauth2/callback?code=x&state=y", &["--signed-out"]),
];

#[test]
fn explain_says_what_the_golden_files_say() {
    let folder = golden().0.join("explain");
    let mut different = Vec::new();
    let several = CASES.map(|(name, url, more)| (name, at(url, more)));
    let links = LINKS.map(|(name, url, more)| (name, told("links-and-pages.yaml", url, more)));
    for (name, said) in several.into_iter().chain(links) {
        let out = folder.join(name).with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&out, &said).unwrap();
        } else if fs::read_to_string(&out).unwrap_or_default() != said {
            different.push(format!("--- {}\n{said}", out.display()));
        }
    }
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 rewrites:\n{}", different.join("\n"));
    assert_eq!(fs::read_dir(folder).unwrap().count(), CASES.len() + LINKS.len());
}

#[test]
fn a_wrong_argument_is_named() {
    for (arguments, named) in [
        (&["--url", "app.example.com"][..], "--url"),
        (&["--url", "ftp://app.example.com/"], "--url"),
        (&["--url", "https:///x"], "--url"),
        (&["--url", "https://me@app.example.com/"], "--url"),
        (&["--url", "https://app.example.com/#x"], "--url"),
        (&["--url", "https://a.apps.example.com/", "--header", "accept"], "--header"),
        (&["--url", "https://a.apps.example.com/", "--header", ":path: /x"], "--header"),
        (&["--url", "https://a.apps.example.com/", "--header", "Host: x"], "--header"),
        (&["--url", "https://a.apps.example.com/", "--claim", "x"], "--claim"),
        (&["--url", "https://a.apps.example.com/", "--claim", "=x"], "--claim"),
        (&["--url", "https://a.apps.example.com/", "--claim", "x:={"], "--claim"),
        (&["--url", "https://a.apps.example.com/", "--provider", "nobody"], "--provider"),
        (&["--url", "https://a.apps.example.com/", "--provider", "pods"], "--provider"),
        (&["--url", "https://a.apps.example.com/", "--env", "x"], "--env"),
        (&["--url", "https://a.apps.example.com/", "--bearer", "--token", "opaque"], "--token"),
        (&["--url", "https://a.apps.example.com/", "--bearer", "--token", "user_info"], "--token"),
        (&["--url", "https://a.apps.example.com/", "--bearer", "--provider", "pods", "--token", "id_token"], "--token"),
    ] {
        let all: Vec<_> = std::iter::once("several-providers.yaml").chain(arguments.iter().copied()).collect();
        let outcome = explain(&all);
        let expected = format!("edge-oidc: {named}: ");
        assert!(outcome.errors.starts_with(&expected) && outcome.code == 2, "{arguments:?}: {}", outcome.errors);
    }
    let bearer = explain(&["shortest.yaml", "--url", "https://kubeflow.example.com/", "--bearer"]);
    assert_eq!((bearer.code, bearer.errors.contains("--bearer: ")), (2, true));
    let groups = explain(&["shortest.yaml", "--url", "https://kubeflow.example.com/", "--groups", "a"]);
    assert_eq!((groups.code, groups.errors.contains("--groups: ")), (2, true));
}

#[test]
fn an_application_that_learns_of_nobody_is_said_to() {
    let outcome = explain(&["shortest.yaml", "--url", "https://kubeflow.example.com/"]);
    assert!(
        outcome.output.ends_with("it goes on to the application, and no header tells it who asks\n"),
        "{outcome:?}"
    );
}

#[test]
fn a_configuration_that_is_not_good_is_not_explained() {
    let outcome = explain(&["five-mistakes.yaml", "--url", "https://app.example.com/"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.output.starts_with("five-mistakes.yaml has 5 problems:\n"), "{}", outcome.output);
}

#[test]
fn who_is_signed_out_cannot_have_claims() {
    for more in [&["--groups", "a"][..], &["--claim", "a=b"], &["--provider", "staff"], &["--bearer"]] {
        let base = ["edge-oidc", "explain", "x.yaml", "--url", "https://a/", "--signed-out"];
        assert!(Cli::try_parse_from(base.iter().chain(more)).is_err(), "{more:?}");
    }
}

/// A configuration of its own.
struct Text(&'static str);

impl World for Text {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(self.0.to_owned())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

const SECOND_PROVIDER: &str = r#"
providers:
  - { name: staff, issuer: https://staff.example.com, clientId: edge }
  - { name: partner, issuer: https://partner.example.com, clientId: edge }
publicUrls: [https://app.example.com]
paths: { verify: /oauth2/verify }
session: { keys: [{ env: SESSION_KEY }] }
routes:
  - { match: { path: { prefix: /partner } }, action: authenticate, providers: [partner] }
"#;

#[test]
fn whoever_asks_is_of_a_provider_that_the_deciding_rule_takes() {
    for (path, provider) in [
        ("/", "staff"),
        ("/partner/x?y", "partner"),
        ("/oauth2/verify/partner/x", "partner"),
        ("/oauth2/verify/x", "staff"),
        ("/oauth2/verifypartner", "staff"),
    ] {
        let url = format!("https://app.example.com{path}");
        let arguments = Cli::try_parse_from(["edge-oidc", "explain", "x.yaml", "--url", &url]).unwrap();
        let said = run(&arguments, &Text(SECOND_PROVIDER)).output;
        assert!(said.contains(&format!("  of somebody who has just signed in at {provider}\n")), "{said}");
        assert!(!said.contains("401"), "{said}");
    }
}

#[test]
fn each_kind_of_token_that_a_provider_takes_can_be_explained() {
    for (provider, kind) in [
        ("staff", "access_token"),
        ("staff", "id_token"),
        ("partners", "access_token"),
        ("partners", "introspection"),
        ("pods", "service_account"),
    ] {
        let url = "https://a.apps.example.com/files";
        let said = at(url, &["--bearer", "--token", kind, "--provider", provider]);
        assert!(said.contains("if it lets the request pass:\n  it goes on to the application, with"), "{said}");
    }
    let without_bearer = ["edge-oidc", "explain", "x.yaml", "--url", "https://a/", "--token", "id_token"];
    assert!(Cli::try_parse_from(without_bearer).is_err());
}
