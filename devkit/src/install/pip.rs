//! Python packages that carry a program: one package into one folder, by pip.
//!
//! A virtual environment gives a pip that no distribution has locked; where Debian left out the part of Python that
//! makes one (`python3-venv`), the machine's own pip does it. Both lay the folder out in the same way.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::run::run;

/// Installs `requirement`, and only it, into `dir`.
pub fn install(dir: &Path, requirement: &str) -> Result<()> {
    fs::create_dir_all(dir)?;
    let venv = dir.join(".venv");
    match run(Command::new("python3").args(["-m", "venv"]).arg(&venv)) {
        Ok(()) => run(&mut pip(&venv.join("bin/python3"), dir, requirement)),
        Err(no_venv) => run(&mut pip(Path::new("python3"), dir, requirement))
            .with_context(|| format!("and without a virtual environment: {no_venv:#}"))
            .context("install python3 with venv or pip (Debian: apt-get install python3-venv)"),
    }?;
    if fs::read_dir(dir)?.count() < 2 {
        bail!("pip installed nothing for {requirement}");
    }
    Ok(())
}

fn pip(python: &Path, dir: &Path, requirement: &str) -> Command {
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"])
        .arg(dir)
        .arg(requirement);
    command
}
