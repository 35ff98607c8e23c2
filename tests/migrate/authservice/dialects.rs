//! Whose settings they are: told by names or by the image, and said.

use super::given::{FIRST, LAST, MIDDLE, migrate, with};

#[track_caller]
fn dialect(text: &str) -> String {
    let said = migrate(&[("a.env", text)], &[]).said();
    let told = said.strip_prefix("Settings of ").unwrap_or_else(|| panic!("{said}"));
    told.split(". ").next().unwrap().to_owned()
}

#[test]
fn names_tell_the_dialect_and_why() {
    for (text, told) in [
        (LAST, "authservice 0c4ea9a, the last release, since `LOG_LEVEL` is set, which only that one reads"),
        (FIRST, "authservice 28c59ef, of Kubeflow 1.0 to 1.6, since `STORE_PATH` is set, which only that one reads"),
        (
            "client_id=a\nnamespace=b",
            "the Kustomize parameters of Kubeflow 1.0 to 1.2, for authservice 28c59ef, since `client_id` is set",
        ),
        ("LOGOUT_URL=", "a load balancer of AWS that signs people in at Cognito, since `LOGOUT_URL` is set"),
        (
            "CLIENT_ID=a\nREDIRECT_URL=/login/oidc",
            "authservice 28c59ef, of Kubeflow 1.0 to 1.6, since `REDIRECT_URL` is set and `AUTHSERVICE_URL_PREFIX` is not",
        ),
    ] {
        assert_eq!(dialect(text), told);
    }
    assert!(dialect(MIDDLE).starts_with(
        "authservice e236439, of Kubeflow 1.7 to 1.9.0, since `AUTHSERVICE_URL_PREFIX` is set, and nothing"
    ));
}

/// The stock file of Kubeflow 1.8 has a variable of the first release.
#[test]
fn a_leftover_of_an_older_dialect_does_not_tell() {
    assert!(dialect(&format!("{MIDDLE}STORE_PATH=/x\nSKIP_AUTH_URI=/dex")).starts_with("authservice e236439"));
    assert!(dialect(&format!("{MIDDLE}LOGOUT_URL=/authservice/logout")).starts_with("authservice e236439"));
    assert!(dialect(&format!("{FIRST}client_id=x")).starts_with("authservice 28c59ef"));
}

#[test]
fn the_image_outweighs_names_and_an_unknown_one_does_not() {
    let pod = |image: &str| {
        format!(
            "kind: Pod\nmetadata: {{ name: a }}\nspec:\n  containers: [{{ name: authservice, image: '{image}' }}]\n"
        )
    };
    let told = |image: &str| migrate(&[("a.env", MIDDLE), ("p.yaml", &pod(image))], &[]).said();
    assert!(
        told("r.example:5000/oidc-authservice:0c4ea9a@sha256:0123")
            .contains("since the image of p.yaml, Pod a is `0c4ea9a`")
    );
    assert!(told("r.example/oidc-authservice:0c4ea9aa5e96").starts_with("Settings of authservice 0c4ea9a"));
    for unknown in ["r.example:5000/oidc-authservice", "r.example/oidc-authservice:ckf-1.10"] {
        assert!(told(unknown).starts_with("Settings of authservice e236439"), "{unknown}");
    }
}

#[test]
fn an_option_outweighs_everything() {
    let migrated = migrate(&[("a.env", MIDDLE)], &["--dialect", "0c4ea9a"]);
    migrated.says("Settings of authservice 0c4ea9a, the last release, since `--dialect` says so");
    assert_eq!(migrated.at("/identity/authMethod/header"), "auth-method");
}

#[test]
fn nothing_that_tells_is_an_error() {
    let migrated = migrate(&[("a.env", "CLIENT_ID=a\nCLIENT_SECRET=hunter2")], &[]);
    assert_eq!(migrated.outcome.code, 1);
    migrated.says("nothing in these files tells which authservice they were for");
}

/// Options count instead of what the files say, and say so.
#[test]
fn options_count_instead_of_the_files() {
    let migrated = migrate(&[("a.env", MIDDLE)], &["--issuer", "https://new.example.com"]);
    assert_eq!(migrated.at("/providers/0/issuer"), "https://new.example.com");
    migrated.says("OIDC_PROVIDER `--issuer` says otherwise than a.env:1, and counts");
    let same = migrate(&[("a.env", MIDDLE)], &["--issuer", "https://idp.example.com"]);
    assert!(!same.said().contains("says otherwise"));
}

// M-5
#[test]
fn dead_variables_are_named_with_what_was_meant() {
    for (line, said) in [
        ("PORT=\"8080\"", "PORT dead: no authservice ever read it"),
        ("STORE_PATH=/x", "STORE_PATH dead: only 28c59ef read it"),
        ("VERIFY=x", "VERIFY dead: no authservice ever read it"),
        ("SKIP_AUTH_URL=/x", "SKIP_AUTH_URL dead: no authservice read it; `SKIP_AUTH_URLS` was meant"),
        ("DISABLE_USERINFO=1", "DISABLE_USERINFO dead"),
        ("STATIC_DESTINATION_URL=/x", "STATIC_DESTINATION_URL dead: only 28c59ef read it"),
    ] {
        with(MIDDLE, line).says(said);
    }
    with(FIRST, "GROUPS_ALLOWLIST=a").says("GROUPS_ALLOWLIST dead: only 0c4ea9a and e236439 read it");
}
