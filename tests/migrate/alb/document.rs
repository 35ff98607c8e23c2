//! `docs/alb.md`, held against the command: it names every setting there is.

use std::{collections::BTreeSet, fs, path::Path};

/// The code spans of first cells of the tables whose header begins so.
fn cells(first: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alb.md")).unwrap();
    let tables = text.split("\n\n").filter(|block| block.starts_with(&format!("| {first} |")));
    let rows = tables.flat_map(|table| table.lines().skip(2)).filter_map(|row| row.split(" | ").next());
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// A list in a source file, by the line that begins it.
fn listed(file: &str, begins: &str) -> BTreeSet<String> {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/migrate/alb").join(file)).unwrap();
    let list = text.split_once(begins).unwrap().1.split_once("];").unwrap().0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_table_has_every_setting_and_no_other() {
    let settings = listed("provider.rs", "pub(super) const SETTINGS");
    assert!(settings.len() > 12, "{settings:?}");
    assert_eq!(cells("Setting"), settings);
}

#[test]
fn the_annotations_are_all_there() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alb.md")).unwrap();
    for name in listed("ingress.rs", "pub(super) const AUTH") {
        assert!(text.contains(&format!("`{name}`")) || text.contains(&format!("/{name}`")), "{name}");
    }
}

#[test]
fn each_kind_of_action_and_condition_is_there() {
    let rules = cells("Rule");
    for kind in ["forward", "authenticate-cognito", "authenticate-oidc", "fixed-response", "redirect", "jwt-validation"]
    {
        assert!(rules.contains(kind), "{kind}");
    }
    for field in ["host-header", "http-request-method", "path-pattern", "http-header", "query-string", "source-ip"] {
        assert!(rules.contains(field), "{field}");
    }
}
