//! A machine that has these files and keeps what is written.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Parser;
use edge_oidc::cli::{Cli, Outcome, World, Writing, run};
use serde_json::Value;

/// The machine.
#[derive(Default)]
pub struct Machine {
    files: BTreeMap<PathBuf, String>,
    folder: Option<PathBuf>,
    written: RefCell<BTreeMap<PathBuf, (String, Writing)>>,
}

/// A migration that was carried out.
pub struct Migrated {
    /// What was said.
    pub outcome: Outcome,
    machine: Machine,
}

impl World for Machine {
    fn read(&self, path: &Path) -> io::Result<String> {
        if let Some((text, _)) = self.written.borrow().get(path) {
            return Ok(text.clone());
        }
        match (self.files.get(path), &self.folder) {
            (Some(text), _) => Ok(text.clone()),
            (None, Some(folder)) => fs::read_to_string(folder.join(path)),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn write(&self, path: &Path, text: &str, writing: Writing) -> io::Result<()> {
        self.written.borrow_mut().insert(path.to_owned(), (text.to_owned(), writing));
        Ok(())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// Migrates the files of a folder from a product, such as `authservice`.
pub fn migrate_in(product: &str, folder: &Path, files: &[&str], arguments: &[&str]) -> Migrated {
    migrate_on(Machine { folder: Some(folder.to_owned()), ..Machine::default() }, product, files, arguments)
}

/// Migrates files with these texts.
pub fn migrate(product: &str, files: &[(&str, &str)], arguments: &[&str]) -> Migrated {
    let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    migrate_on(with_files(files), product, &names, arguments)
}

fn with_files(files: &[(&str, &str)]) -> Machine {
    let files = files.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())).collect();
    Machine { files, ..Machine::default() }
}

fn migrate_on(machine: Machine, product: &str, files: &[&str], arguments: &[&str]) -> Migrated {
    let command = ["edge-oidc", "migrate", product];
    let words = command.iter().chain(files).chain(arguments);
    let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
    Migrated { outcome: run(&cli, &machine), machine }
}

impl Migrated {
    /// The configuration; what was said instead if there is none.
    #[track_caller]
    pub fn configuration(&self) -> Value {
        let text = self.written("edge-oidc/edge-oidc.yaml").unwrap_or_else(|| panic!("{}", self.said()));
        serde_saphyr::from_str(&text).unwrap()
    }

    /// What stands at a JSON pointer of the configuration; null if nothing does.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        self.configuration().pointer(pointer).cloned().unwrap_or_default()
    }

    /// A file that was written.
    pub fn written(&self, file: &str) -> Option<String> {
        self.machine.written.borrow().get(Path::new(file)).map(|(text, _)| text.clone())
    }

    /// Every file that was written, its text, and whether it is for its owner only.
    pub fn files(&self) -> Vec<(String, String, bool)> {
        let written = self.machine.written.borrow();
        let file = |(path, (text, writing)): (&PathBuf, &(String, Writing))| {
            (path.display().to_string(), text.clone(), writing.secret)
        };
        written.iter().map(file).collect()
    }

    /// Everything on the screen, without line ends inside of rows.
    pub fn said(&self) -> String {
        let text = format!("{}{}", self.outcome.output, self.outcome.errors);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What `edge-oidc check` says about the configuration.
    pub fn check(&self) -> Outcome {
        run(&Cli::try_parse_from(["edge-oidc", "check", "edge-oidc/edge-oidc.yaml"]).unwrap(), &self.machine)
    }

    /// Fails unless `text` is on the screen.
    #[track_caller]
    pub fn says(&self, text: &str) {
        assert!(self.said().contains(text), "{text:?} is not in: {}{}", self.outcome.output, self.outcome.errors);
    }
}
