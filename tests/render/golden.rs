//! Every file and every word, against golden files.
//!
//! `UPDATE_GOLDEN=1 cargo test --test render` rewrites `tests/golden/render/out`.

use std::fs;

use crate::world::{CASES, File, Machine, folder};

/// A new key is another one each time: its place is shown.
fn shown(file: &File) -> String {
    let mask = |line: &str| {
        let value = ["SESSION_KEY: ", "SESSION_KEY='"].iter().find_map(|name| line.trim_start().strip_prefix(name));
        match value.map(|value| value.trim_end_matches('\'')) {
            Some(key) if key.len() == 43 && !key.starts_with("C0l4") => line.replace(key, "A-NEW-KEY"),
            _ => line.to_owned(),
        }
    };
    let text: String = file.text.lines().map(|line| mask(line) + "\n").collect();
    let secret = if file.secret { ", for its owner's eyes only" } else { "" };
    format!("==== {}{secret}\n{text}\n", file.name)
}

#[test]
fn what_is_written_is_what_the_golden_files_say() {
    let mut different = Vec::new();
    for (name, command) in CASES {
        let machine = Machine::default();
        let outcome = machine.run(command);
        let files: String = machine.written().iter().map(shown).collect();
        let said =
            format!("$ edge-oidc {command}\n{}{}exit {}\n\n{files}", outcome.output, outcome.errors, outcome.code);
        let golden = folder().join("out").join(name).with_added_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &said).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != said {
            different.push(format!("--- {}\n{said}", golden.display()));
        }
    }
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 rewrites:\n{}", different.join("\n"));
}

#[test]
fn a_new_key_is_another_one_each_time() {
    let key = || {
        let machine = Machine::default();
        machine.run(CASES[0].1);
        let secret = machine.written().into_iter().find(|file| file.secret).unwrap();
        secret.documents()[0]["stringData"]["SESSION_KEY"].as_str().unwrap().to_owned()
    };
    let (one, two) = (key(), key());
    assert_eq!((one.len(), two.len()), (43, 43));
    assert_ne!(one, two);
}
