//! The commands that documents show are commands that there are.
//!
//! Ours are given to the very parser of the tool; those of `cargo xtask`, which is no library, are compared with its source.

use std::{collections::BTreeSet, fs};

use clap::{Parser, error::ErrorKind};
use edge_oidc::cli::Cli;

use crate::corpus::{documents, root};

/// Where a command ends for the shell.
const ENDS: [char; 7] = ['|', '>', '<', ';', '&', ')', '#'];

/// The words of a command as the shell splits them; it ends where the shell would, or where a sentence goes on.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for letter in text.trim().chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ' | '\n') => words.extend(word.take()),
            (None, letter) if ENDS.contains(&letter) => break,
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The words after `command` in fences and code spans, each with its document.
fn commands(command: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for document in documents() {
        let lines = document
            .fences()
            .into_iter()
            .filter(|fence| fence.language == "sh")
            .flat_map(|fence| fence.text.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
        for line in lines.chain(document.spans()) {
            for (at, _) in line.match_indices(command) {
                let before = line[..at].trim_start();
                let begins = before.is_empty() || before.ends_with('(');
                let rest = &line[at + command.len()..];
                if !begins || !(rest.is_empty() || rest.starts_with(' ')) {
                    continue;
                }
                found.push((document.name.clone(), words(rest)));
            }
        }
    }
    found
}

#[test]
fn every_command_of_the_tool_is_one_it_takes() {
    let commands = commands("edge-oidc");
    assert!(commands.len() > 10, "{commands:?}");
    let mut refused = Vec::new();
    for (document, arguments) in commands.into_iter().filter(|(_, arguments)| !arguments.is_empty()) {
        let parsed = Cli::try_parse_from(["edge-oidc".to_owned()].into_iter().chain(arguments.iter().cloned()));
        // `edge-oidc check` is a name in a sentence.
        if let Err(error) = parsed
            && error.kind() != ErrorKind::MissingRequiredArgument
        {
            refused.push(format!("{document}: edge-oidc {}: {}", arguments.join(" "), error.kind()));
        }
    }
    assert_eq!(refused, Vec::<String>::new());
}

/// The variants of the enum `name` as clap spells them.
fn variants(text: &str, name: &str) -> BTreeSet<String> {
    let body = text.split_once(&format!("enum {name} {{")).unwrap().1.split("\n}").next().unwrap();
    let lines = body.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    let names = lines.map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect::<String>());
    names.map(|name| kebab(&name)).collect()
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

/// The long options that a file of xtask declares.
fn options(text: &str) -> BTreeSet<String> {
    let fields = text.split("#[arg(long").skip(1);
    let names = fields.filter_map(|rest| rest.split_once("]\n")?.1.trim_start().split_once(':'));
    names.map(|(name, _)| format!("--{}", name.trim_start_matches("pub ").replace('_', "-"))).collect()
}

#[test]
fn every_command_of_xtask_is_one_it_has() {
    let source = |file: &str| fs::read_to_string(root().join("xtask/src").join(file)).unwrap();
    let subcommands = variants(&source("main.rs"), "Command");
    let tiers = variants(&source("tier.rs"), "Tier");
    let demo = options(&source("demo/mod.rs"));
    assert!(subcommands.contains("advisories") && tiers.contains("envoy") && demo.contains("--check"));
    let commands = commands("cargo xtask");
    assert!(commands.len() > 10, "{commands:?}");
    let mut unknown = Vec::new();
    for (document, words) in commands {
        let Some((subcommand, arguments)) = words.split_first() else { continue };
        let known = arguments.iter().take_while(|word| *word != "--").all(|word| match subcommand.as_str() {
            "test" => tiers.contains(word),
            "demo" => demo.contains(word),
            _ => false,
        });
        if !subcommands.contains(subcommand) || !known {
            unknown.push(format!("{document}: cargo xtask {}", words.join(" ")));
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn every_tier_is_explained() {
    let contributing = crate::corpus::document("CONTRIBUTING.md");
    let explained: BTreeSet<String> =
        contributing.rows("Tier").iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    let source = fs::read_to_string(root().join("xtask/src/tier.rs")).unwrap();
    assert_eq!(explained, variants(&source, "Tier"));
}

#[test]
fn every_folder_of_the_repository_is_explained() {
    let contributing = crate::corpus::document("CONTRIBUTING.md");
    let table: String = contributing.rows("Folder").into_iter().map(|row| row[0].clone()).collect();
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap());
    let manifests = top.filter(|entry| entry.path().join("Cargo.toml").exists()).map(|entry| entry.file_name());
    for folder in manifests {
        let folder = folder.into_string().unwrap();
        assert!(table.contains(&format!("`{folder}`")), "CONTRIBUTING.md does not say what {folder} is");
    }
}
