//! What tests put behind the filter beside PyPI's large applications: Debian's Prometheus, Kubernetes Web View, and the client by
//! which pages call gRPC services.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::run::{output, run};
use super::{found, node, npm_install, once, python};

const GRPC_WEB: &str = "2.1.1";
const KUBE_WEB_VIEW: &str = "21.2.0";

/// All of them.
pub fn services() -> Result<()> {
    [grpc_web, kube_web_view, prometheus].into_iter().try_for_each(|service| service().map(drop))
}

/// The folder whose `node_modules` holds `grpc-web`.
pub fn grpc_web() -> Result<PathBuf> {
    node()?;
    once(&format!("grpc-web-{GRPC_WEB}"), |dir| npm_install(dir, &format!("grpc-web@{GRPC_WEB}")))
        .context("by hand: npm install grpc-web")
}

/// The Python that has Kubernetes Web View.
pub fn kube_web_view() -> Result<PathBuf> {
    let constraints = include_str!("constraints/kube-web-view.txt");
    let wanted = format!("kube-web-view=={KUBE_WEB_VIEW}");
    let dir = once(&format!("kube-web-view-{KUBE_WEB_VIEW}"), |dir| python::environment(dir, &[&wanted], constraints))
        .with_context(|| format!("by hand: pip install {wanted}, into a virtual environment"))?;
    found(dir.join("bin/python3"))
}

/// Debian's Prometheus, which needs nothing but libc. It is unpacked and not installed, so no service of the machine starts.
pub fn prometheus() -> Result<PathBuf> {
    let dir = once("prometheus-debian", |dir| unpack(dir, "prometheus"))
        .context("by hand: apt-get download prometheus, and dpkg-deb -x below target/tools/prometheus-debian")?;
    found(dir.join("usr/bin/prometheus"))
}

/// Unpacks the newest package of this name that the machine's sources have.
fn unpack(dir: &Path, package: &str) -> Result<()> {
    std::fs::create_dir_all(dir)?;
    // The lists may be as old as the machine; where they cannot be made anew, what they have may do.
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.arg("-qq").current_dir(dir);
        apt
    };
    if run(apt().args(["download", package])).is_err() {
        run(apt().arg("update"))?;
        run(apt().args(["download", package]))?;
    }
    let mut packages = output(Command::new("find").arg(dir).args(["-maxdepth", "1", "-name", "*.deb"]))?;
    packages.truncate(packages.trim_end().len());
    if packages.is_empty() || packages.contains('\n') {
        bail!("apt-get downloaded {packages:?} for {package}");
    }
    run(Command::new("dpkg-deb").arg("-x").args([&packages, "."]).current_dir(dir))?;
    Ok(std::fs::remove_file(packages)?)
}
