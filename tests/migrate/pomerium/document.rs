//! `docs/pomerium.md`, held against the command: it names every setting there is.

use std::{collections::BTreeSet, fs, path::Path};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The code spans of first cells of the tables whose header begins so.
fn cells(first: &str) -> BTreeSet<String> {
    let text = read("docs/pomerium.md");
    let tables = text.split("\n\n").filter(|block| block.starts_with(&format!("| {first} |")));
    let rows = tables.flat_map(|table| table.lines().skip(2)).filter_map(|row| row.split(" | ").next());
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// A list in a source file, by the line that begins it.
fn listed(file: &str, begins: &str) -> BTreeSet<String> {
    let text = read(&format!("src/cli/migrate/pomerium/{file}"));
    let list = text.split_once(begins).unwrap().1.split_once("];").unwrap().0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_table_has_every_setting() {
    let settings = listed("names.rs", "pub(super) const TAKEN");
    assert!(settings.len() > 25, "{settings:?}");
    let named = cells("Setting");
    assert_eq!(settings.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_table_has_what_routes_say_of_who_may_pass() {
    let named = cells("Of a route");
    let elsewhere = ["bearer_token_format", "identity_providers", "pass_identity_headers", "policy", "sub_policies"];
    for name in listed("names.rs", "pub(super) const OF_ROUTES") {
        assert!(named.contains(&name) || elsewhere.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_criterion_is_there() {
    let named = cells("Criterion of a policy");
    let refused = listed("criteria.rs", "const REFUSED").into_iter().filter(|name| !name.contains(' '));
    let taken = [
        "accept",
        "authenticated_user",
        "claim/NAME",
        "cors_preflight",
        "domain",
        "email",
        "groups",
        "http_method",
        "http_path",
        "pomerium_routes",
        "reject",
        "user",
    ];
    for name in refused.chain(taken.map(str::to_owned)) {
        assert!(named.contains(&name), "{name}");
    }
}

#[test]
fn every_option_is_there() {
    let text = read("src/cli/migrate/pomerium.rs");
    let choices = text.split_once("struct Choices {").unwrap().1.split_once("\n}").unwrap().0;
    let fields = choices
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(name, _)| name)
        .filter(|name| !name.contains(' '));
    let named = cells("Option");
    for field in fields {
        let option = field.trim_end_matches('s').replace('_', "-");
        let is = |name: &String| name.trim_start_matches("--") == option;
        assert!(named.iter().any(is), "{field}");
    }
}
