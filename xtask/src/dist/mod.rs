//! `cargo xtask dist`: what a release consists of, in `target/dist`.
//!
//! It decides which files there are and that they are the same bytes wherever the same commit is built; what the image is made of
//! is `image`'s matter.

mod image;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use devkit::install;
use sha2::{Digest, Sha256};

use crate::build;

const MODULE: &str = "edge_oidc.wasm";

/// Builds the module, and writes it, its digest and its image.
pub fn run() -> Result<ExitCode> {
    let module = fs::read(build::run()?)?;
    let dist = install::target_dir().join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).with_context(|| format!("cannot empty {}", dist.display()))?;
    }
    let version = env!("CARGO_PKG_VERSION");
    let image = image::layout(&module, version)?;
    let sums = format!("{}  {MODULE}\n", hex(&module));
    let files = [(PathBuf::from(MODULE), module), (PathBuf::from(format!("{MODULE}.sha256")), sums.into_bytes())];
    for (name, bytes) in files {
        write(&dist.join(name), &bytes)?;
    }
    for (name, bytes) in &image.files {
        write(&dist.join("oci").join(name), bytes)?;
    }
    let shown = dist.strip_prefix(install::workspace()).unwrap_or(&dist).display();
    println!("{shown}/{MODULE}          the module");
    println!("{shown}/{MODULE}.sha256   its digest, for `sha256sum --check`");
    println!("{shown}/oci                     the image {version}, as an OCI layout");
    println!();
    println!("manifest: {}", image.manifest_digest);
    println!("`edge-oidc render istio --dist {shown}` pins it; docs/istio.md says how to push the image.");
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().context("no folder")?;
    fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes)).with_context(|| format!("{}", path.display()))
}

/// The SHA-256 of `bytes`, in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
