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

/// Migrates the files of a folder.
pub fn migrate_in(folder: &Path, files: &[&str], arguments: &[&str]) -> Migrated {
    migrate_on(Machine { folder: Some(folder.to_owned()), ..Machine::default() }, files, arguments)
}

/// Migrates files with these texts, reached at one public URL.
pub fn migrate(files: &[(&str, &str)], arguments: &[&str]) -> Migrated {
    let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    let arguments: Vec<_> = ["--public-url", PUBLIC_URL].into_iter().chain(arguments.iter().copied()).collect();
    migrate_on(with_files(files), &names, &arguments)
}

/// Migrates a file with this text, reached at this public URL.
pub fn migrate_at(public_url: &str, text: &str) -> Migrated {
    migrate_on(with_files(&[("a.env", text)]), &["a.env"], &["--public-url", public_url])
}

fn with_files(files: &[(&str, &str)]) -> Machine {
    let files = files.iter().map(|(name, text)| (PathBuf::from(name), (*text).to_owned())).collect();
    Machine { files, ..Machine::default() }
}

fn migrate_on(machine: Machine, files: &[&str], arguments: &[&str]) -> Migrated {
    let words = ["edge-oidc", "migrate", "authservice"].iter().chain(files).chain(arguments);
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

/// Where people reach the gateway.
pub const PUBLIC_URL: &str = "https://kubeflow.example.com";

/// The least that each dialect needs.
pub const LAST: &str = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nCLIENT_SECRET=hunter2\n\
                        AUTHSERVICE_URL_PREFIX=/authservice/\nLOG_LEVEL=INFO\n";
pub const MIDDLE: &str = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nCLIENT_SECRET=hunter2\n\
                          AUTHSERVICE_URL_PREFIX=/authservice/\n";
pub const FIRST: &str = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nCLIENT_SECRET=hunter2\n\
                         OIDC_SCOPES=profile email\nREDIRECT_URL=/login/oidc\nSTORE_PATH=/var/lib/data.db\n";

/// The settings of `base` and one line more.
pub fn with(base: &str, line: &str) -> Migrated {
    migrate(&[("a.env", &format!("{base}{line}\n"))], &[])
}
