//! The command-line tool, native only: what can be asked of it and how it answers.
//!
//! Decides the commands and exit codes. Files, environment and terminal are reached through [`World`] alone, so that
//! every answer can be tested; `main` is its real implementation.

mod check;
mod describe;
mod document;
mod explain;
mod init;
mod keygen;
mod migrate;
mod render;
mod surroundings;
mod yaml;

use std::{io, path::Path};

use clap::{Parser, Subcommand};

/// What was asked.
#[derive(Debug, Parser)]
#[command(name = "edge-oidc", version, about = "Configures the edge-oidc filter for Envoy and Istio")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says everything that is wrong with a configuration, or what it means
    Check(check::Arguments),
    /// Says which rule decides on a request, why the earlier ones do not, and what happens
    Explain(Box<explain::Arguments>),
    /// Makes a first configuration for a provider, and writes everything around it
    Init(Box<init::Arguments>),
    /// Prints a new key for `session.keys`
    Keygen,
    /// Makes a configuration and all manifests out of the settings of what signed people in before
    Migrate(migrate::Arguments),
    /// Writes everything that a configuration needs around it, for Istio or for a plain Envoy
    Render(Box<render::Arguments>),
}

/// What the tool may see of the machine it runs on.
pub trait World {
    /// The text of a file; `-` is the standard input.
    ///
    /// # Errors
    /// As the file system says.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Writes a file and the folders above it. One that holds a secret is for its owner's eyes only. One that is there already is
    /// left as it is, unless `replace` says otherwise.
    ///
    /// # Errors
    /// As the file system says; `AlreadyExists` for a file that is left as it is. A world in which nothing is written says so.
    fn write(&self, path: &Path, text: &str, writing: Writing) -> io::Result<()> {
        let _ = (path, text, writing);
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    /// An environment variable of the tool's own.
    fn variable(&self, name: &str) -> Option<String>;
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// Whether it may take the place of another.
    pub replace: bool,
    /// Whether it holds a secret.
    pub secret: bool,
}

/// What the tool says in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For the standard output.
    pub output: String,
    /// For the standard error.
    pub errors: String,
    /// The exit code: 0 good, 1 problems in what was checked, 2 the tool could not do its work.
    pub code: u8,
}

/// Carries out what was asked.
pub fn run(cli: &Cli, world: &dyn World) -> Outcome {
    match &cli.command {
        Command::Check(arguments) => check::run(arguments, world),
        Command::Explain(arguments) => explain::run(arguments, world),
        Command::Init(arguments) => init::run(arguments, world),
        Command::Keygen => keygen::run(),
        Command::Migrate(arguments) => migrate::run(arguments, world),
        Command::Render(arguments) => render::run(arguments, world),
    }
}

impl Outcome {
    /// The tool could not do its work.
    fn failed(error: impl std::fmt::Display) -> Self {
        Self { errors: format!("edge-oidc: {error}\n"), code: 2, ..Self::default() }
    }
}
