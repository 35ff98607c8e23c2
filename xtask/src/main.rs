//! The door to the devkit: `cargo xtask build`, `demo`, `test`, `dist`, `deny`, `advisories`.
//!
//! It decides what each command is made of; how a tool is installed, or an Envoy started, is the devkit's matter.

mod build;
mod demo;
mod deny;
mod dist;
mod test;
mod tier;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Build, try and test edge-oidc.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile the filter to WebAssembly.
    Build,
    /// Start a local Cognito, an application and a real Envoy with the filter between them.
    Demo(demo::Demo),
    /// Run the tests, all of them or some tiers, and install what they need.
    Test(test::Test),
    /// Write what a release consists of: the module, its digest, and its image as an OCI layout.
    Dist,
    /// Check licences, sources and duplicates of what we depend on; needs no network once the crates are fetched.
    Deny,
    /// Look for known vulnerabilities in what we depend on; needs the network, and belongs to every release.
    Advisories,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Build => build::run().map(|_| ExitCode::SUCCESS),
        Command::Demo(demo) => demo::run(&demo),
        Command::Test(test) => test::run(&test),
        Command::Dist => dist::run(),
        Command::Deny => deny::offline(),
        Command::Advisories => deny::advisories(),
    }
}
