//! Runs cargo-deny with `deny.toml`: what is decided there is not repeated here.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use devkit::install;

use crate::build::cargo;

/// Everything that can be judged without the network.
pub fn offline() -> Result<ExitCode> {
    // Crates for other systems too: cargo-deny reads the manifest of every one in the lock file.
    if !cargo().args(["fetch", "--locked", "--quiet"]).status().context("cannot run cargo")?.success() {
        bail!("cargo fetch failed");
    }
    deny(&["--offline", "--workspace", "check", "bans", "licenses", "sources"])
}

/// Known vulnerabilities, from the public database of advisories.
pub fn advisories() -> Result<ExitCode> {
    deny(&["--workspace", "check", "advisories"])
}

fn deny(args: &[&str]) -> Result<ExitCode> {
    let mut command = Command::new(install::cargo_deny()?);
    let status = command.current_dir(install::workspace()).args(args).status().context("cannot run cargo-deny")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
