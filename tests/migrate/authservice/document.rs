//! `docs/authservice.md`, held against the command: it names every setting there is, and every number that the screen shows.

use std::{collections::BTreeSet, fs, path::Path};

use super::given::{FIRST, LAST, MIDDLE, migrate, with};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first cells of the rows of tables whose header begins with `first`.
fn cells(first: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/authservice.md")).unwrap();
    let mut wanted = None;
    let mut cells = Vec::new();
    for line in text.lines() {
        let cell = line.strip_prefix("| ").and_then(|row| Some(row.split_once(" |")?.0));
        match (cell, wanted) {
            (None, _) if line.starts_with("|---") => {}
            (None, _) => wanted = None,
            (Some(cell), None) => wanted = Some(cell == first),
            (Some(cell), Some(true)) => cells.push(cell.to_owned()),
            (Some(_), Some(false)) => {}
        }
    }
    cells
}

/// The code spans of cells.
fn spans(cells: &[String]) -> BTreeSet<String> {
    cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn the_table_has_every_setting_and_no_other() {
    let text = fs::read_to_string(root().join("tests/golden/migrate/authservice/in/last-everything.env")).unwrap();
    let made_up = ["FAVOURITE_COLOUR", "SKIP_AUTH_URL"];
    let names = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).filter(|name| !made_up.contains(name));
    let known: BTreeSet<_> = names.map(str::to_owned).collect();
    assert_eq!(known.len(), 51);
    let named = spans(&cells("Setting"));
    assert_eq!(known.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new());
    // The others are of older dialects, or dead; each is one that the command knows or calls dead.
    for name in named.difference(&known).filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')) {
        let line = format!("{name}=x");
        let said = [with(LAST, &line), with(MIDDLE, &line), with(FIRST, &line)].map(|migrated| migrated.said());
        assert!(said.iter().any(|said| said.contains(name.as_str())), "{name}: {}", said[0]);
    }
}

#[test]
fn every_number_is_explained() {
    let explained: BTreeSet<_> = cells("No.").into_iter().collect();
    let numbers = (1..=18).map(|number| format!("F-{number}")).chain((1..=6).map(|number| format!("N-{number}")));
    assert_eq!(explained, numbers.collect::<BTreeSet<_>>());
}

#[test]
fn every_dialect_is_explained() {
    let said = migrate(&[("a.env", "X=1")], &["--dialect", "0c4ea9a"]).said();
    assert!(said.starts_with("Settings of authservice 0c4ea9a"));
    let dialects = spans(&cells("`--dialect`"));
    assert_eq!(dialects.len(), 5);
    for dialect in dialects {
        assert!(migrate(&[("a.env", "X=1")], &["--dialect", &dialect]).said().contains("since `--dialect` says so"));
    }
}
