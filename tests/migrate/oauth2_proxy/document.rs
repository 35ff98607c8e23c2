//! `docs/oauth2-proxy.md`, held against the command: it names every setting there is.

use std::{collections::BTreeSet, fs, path::Path};

use super::given::{migrate, with};

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The code spans of a text's tables.
fn spans(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Settings that stand in the way, and so in no file that is migrated.
const REFUSED: [&str; 8] = [
    "entra_id_allowed_tenants",
    "gitlab_groups",
    "gitlab_projects",
    "google_group",
    "google_groups",
    "keycloak_groups",
    "oidc_public_key_files",
    "trusted_ips",
];

#[test]
fn the_page_has_every_setting_and_no_other() {
    let everything = text("tests/golden/migrate/oauth2-proxy/in/everything.cfg");
    let known = everything.lines().filter_map(|line| Some(line.split_once(" = ")?.0.to_owned()));
    let known: BTreeSet<_> = known.chain(REFUSED.map(str::to_owned)).collect();
    assert_eq!(known.len(), 168);
    let named = spans(&text("docs/oauth2-proxy.md"));
    assert_eq!(known.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new());
    // A name that looks like a setting is one.
    let is_like =
        |name: &&String| name.contains('_') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let ours = [
        "access_token",
        "client_secret_basic",
        "client_secret_post",
        "email_verified",
        "end_session_endpoint",
        "id_token",
        "preferred_username",
        "login_hint",
        "service_account",
        "auth_request",
        "realm_access",
        "resource_access",
    ];
    let made_up: Vec<_> =
        named.iter().filter(is_like).filter(|name| !known.contains(*name) && !ours.contains(&name.as_str())).collect();
    assert_eq!(made_up, Vec::<&String>::new());
}

#[test]
fn every_setting_of_the_list_is_one_that_the_command_knows() {
    for name in REFUSED {
        assert!(!with(&format!("{name} = \"x\"")).said().contains("is no setting"), "{name}");
    }
    let all = migrate(
        &[
            ("everything.cfg", &text("tests/golden/migrate/oauth2-proxy/in/everything.cfg")),
            ("emails", "ada@example.com\n"),
        ],
        &[],
    );
    assert_eq!(all.outcome.code, 0, "{}", all.outcome.output);
    let said = all.said();
    for line in text("tests/golden/migrate/oauth2-proxy/in/everything.cfg").lines().filter(|line| line.contains(" = "))
    {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(said.contains(name), "{name} is in no table");
    }
}
