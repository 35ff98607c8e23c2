//! Compiles the filter: release profile, `wasm32-wasip1`, into `target/` whatever the environment says.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use devkit::install;

/// Builds the module, says how large it is, and answers where it is.
pub fn run() -> Result<PathBuf> {
    let module = compile("edge-oidc", "edge_oidc.wasm")?;
    let size = fs::metadata(&module).with_context(|| format!("there is no {}", module.display()))?.len();
    let shown = module.strip_prefix(install::workspace()).unwrap_or(&module);
    eprintln!("xtask: {} is {} KiB", shown.display(), size.div_ceil(1024));
    Ok(module)
}

/// Builds the test-only filter that compares signature checks; its test finds it there.
pub fn sigcheck() -> Result<PathBuf> {
    compile("sigcheck", "sigcheck.wasm")
}

fn compile(package: &str, file: &str) -> Result<PathBuf> {
    install::wasm_target()?;
    let status = cargo()
        .args(["build", "--release", "--target", "wasm32-wasip1", "-p", package, "--lib", "--target-dir"])
        .arg(install::target_dir())
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("{package} does not compile");
    }
    Ok(install::target_dir().join("wasm32-wasip1/release").join(file))
}

/// The cargo that runs us, in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(install::workspace());
    command
}
