//! Compiles the filter: release profile, `wasm32-wasip1`, into `target/` whatever the environment says.
//!
//! It decides that the module is the same bytes wherever a commit is built: no folder of the machine stands in it, and no flags of
//! the environment count.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use devkit::install;
use serde_json::Value;

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
        .env("CARGO_ENCODED_RUSTFLAGS", flags()?)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("{package} does not compile");
    }
    Ok(install::target_dir().join("wasm32-wasip1/release").join(file))
}

/// The compiler's flags: messages of panics name files, and those shall begin alike everywhere.
fn flags() -> Result<String> {
    let answer =
        cargo().args(["metadata", "--format-version", "1", "--locked"]).output().context("cannot run cargo")?;
    let metadata: Value = serde_json::from_slice(&answer.stdout).context("cargo metadata said nothing")?;
    let manifests =
        metadata["packages"].as_array().into_iter().flatten().filter_map(|one| one["manifest_path"].as_str());
    let workspace = install::workspace();
    let folder = |manifest| Path::new(manifest).parent()?.parent().filter(|folder| !folder.starts_with(workspace));
    let crates: BTreeSet<_> = manifests.filter_map(folder).filter(|folder| *folder != Path::new("/")).collect();
    let crates = crates.into_iter().map(|folder| (folder, "crates"));
    let remap = |(folder, name): (&Path, &str)| format!("--remap-path-prefix={}={name}", folder.display());
    Ok([(workspace, "edge-oidc")].into_iter().chain(crates).map(remap).collect::<Vec<_>>().join("\u{1f}"))
}

/// The cargo that runs us, in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(install::workspace());
    command
}
