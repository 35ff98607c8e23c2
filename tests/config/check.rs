//! What `edge-oidc check` says, against golden files.
//!
//! `UPDATE_GOLDEN=1 cargo test --test config` rewrites `tests/golden/check/out` from `tests/golden/check/in`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Parser;
use edge_oidc::{
    cli::{Cli, Outcome, World, run},
    config::Config,
};

use crate::{Variables, good};

/// A machine with the golden inputs as its only files and no environment.
struct Golden(PathBuf);

impl World for Golden {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(self.0.join("in").join(path))
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn check(golden: &Golden, file: &str) -> Outcome {
    let text = golden.read(Path::new(file)).unwrap();
    let with = text.lines().find_map(|line| line.strip_prefix("# check with: ")).unwrap_or_default();
    let arguments = ["edge-oidc", "check", file].into_iter().chain(with.split_whitespace());
    run(&Cli::try_parse_from(arguments).unwrap(), golden)
}

fn shown(outcome: &Outcome) -> String {
    format!("{}{}exit {}\n", outcome.output, outcome.errors, outcome.code)
}

#[test]
fn check_says_what_the_golden_files_say() {
    let golden = Golden(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check"));
    let mut files: Vec<_> = fs::read_dir(golden.0.join("in")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    assert!(files.len() > 8, "{files:?}");
    let mut different = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let out = golden.0.join("out").join(name).with_extension("txt");
        let said = shown(&check(&golden, name));
        assert!(!said.contains("hunter2"), "{name} quotes a secret: {said}");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&out, &said).unwrap();
        } else if fs::read_to_string(&out).unwrap_or_default() != said {
            different.push(format!("--- {}\n{said}", out.display()));
        }
    }
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 rewrites:\n{}", different.join("\n"));
}

#[test]
fn five_mistakes_get_five_lines() {
    let golden = Golden(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check"));
    let outcome = check(&golden, "five-mistakes.yaml");
    let lines: Vec<_> = outcome.output.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    let places =
        ["providers[0].client_id", "providers[0].clientId", "providers[0].timeout", "publicUrls[0]", "session.keys[0]"];
    assert_eq!(lines, places, "{}", outcome.output);
    assert_eq!(outcome.code, 1);
}

#[test]
fn keygen_prints_a_key_that_check_takes() {
    let outcome = run(&Cli::try_parse_from(["edge-oidc", "keygen"]).unwrap(), &Golden(PathBuf::new()));
    let key = outcome.output.trim_end();
    assert_eq!((key.len(), outcome.code), (43, 0));
    let environment = Variables([("SESSION_KEY".to_owned(), key.to_owned())].into());
    assert!(Config::read(&good(), &environment).is_ok());
}
