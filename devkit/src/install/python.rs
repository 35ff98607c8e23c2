//! Applications of PyPI: each in a virtual environment of its own, with versions that were tried together.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::run::run;

/// Installs `requirements` and what they need into the new environment `dir`. `constraints` says which version of each; what
/// it does not name is something that only another Python needs.
pub fn environment(dir: &Path, requirements: &[&str], constraints: &str) -> Result<()> {
    let python = dir.join("bin/python3");
    match run(Command::new("python3").args(["-m", "venv"]).arg(dir)) {
        Ok(()) => install(Command::new(&python).args(["-m", "pip"]), dir, requirements, constraints),
        // Debian leaves pip out of it, and may have its own.
        Err(no_pip) => run(Command::new("python3").args(["-m", "venv", "--clear", "--without-pip"]).arg(dir))
            .and_then(|()| {
                let mut pip = Command::new("python3");
                install(pip.args(["-m", "pip", "--python"]).arg(&python), dir, requirements, constraints)
            })
            .with_context(|| format!("and with pip in it: {no_pip:#}"))
            .context("install python3 with venv or pip (Debian: apt-get install python3-venv)"),
    }
}

fn install(pip: &mut Command, dir: &Path, requirements: &[&str], constraints: &str) -> Result<()> {
    let file = dir.join("constraints.txt");
    fs::write(&file, constraints)?;
    // Byte code is made of what is used. kfp is published as source only, which Python alone can build.
    let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--prefer-binary"];
    run(pip.args(quiet).arg("--constraint").arg(file).args(requirements))
}
