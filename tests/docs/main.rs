//! The documents, held against the code: what they show works, what they name exists, and nothing is left out.
//!
//! | File | Holds |
//! |---|---|
//! | `corpus` | the documents themselves: fences, tables, code spans |
//! | `configurations` | every configuration that is shown, and the shipped files |
//! | `keys` | the keys, defaults and bounds of `docs/configuration.md` and `docs/routes.md` |
//! | `rules` | what rules match, what `explain` says, what programs are told |
//! | `codes` | the codes and metrics of `docs/operations.md` |
//! | `metrics` | the labels that Envoy makes of them |
//! | `links` | links and paths |
//! | `commands` | `cargo xtask …` and `edge-oidc …`: that there are such |
//! | `guides`, `machine` | `edge-oidc …`, run on a machine that has the files; where the guides to Kubeflow lead |

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

mod codes;
mod commands;
mod configurations;
mod corpus;
mod guides;
mod keys;
mod links;
mod machine;
mod metrics;
mod rules;

use corpus::{documents, root};

#[test]
fn the_readme_fits_on_three_screens() {
    let lines = std::fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "{lines} lines");
}

#[test]
fn no_document_needs_what_a_reader_does_not_have() {
    let mut found = Vec::new();
    for document in documents() {
        for (number, line) in document.text.lines().enumerate() {
            let lower = line.to_ascii_lowercase();
            let elsewhere = ["../shared", "issue #", "/home/", "/users/", "localhost:3000"];
            let machine =
                |folder: &str| lower.split(folder).skip(1).any(|rest| !rest.starts_with(char::is_alphanumeric));
            if elsewhere.iter().any(|text| lower.contains(text)) || machine("/work") || machine("/root") {
                found.push(format!("{}:{}: {line}", document.name, number + 1));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
