//! Runs the tests of the chosen tiers in a single run of cargo, so that one summary covers everything.
//!
//! A tier whose needs cannot be met is left out with a line that says so; where `CI` is set, it fails instead.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use devkit::envoy::wasm_module;
use devkit::install;

use crate::build::cargo;
use crate::tier::{Target, Tier, targets};

/// What to run.
#[derive(Args)]
pub struct Test {
    /// Which tiers; none named means all.
    #[arg(value_enum)]
    tiers: Vec<Tier>,
    /// Arguments for the test runner, a name to filter by for example.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs it; the exit code is the runner's.
pub fn run(test: &Test) -> Result<ExitCode> {
    let chosen = if test.tiers.is_empty() { Tier::value_variants().to_vec() } else { test.tiers.clone() };
    let present = targets(&metadata()?);
    let tiers = able(chosen.into_iter().filter(|tier| present.iter().any(|target| target.tier == *tier)))?;
    let selected: Vec<_> = present.iter().filter(|target| tiers.contains(&target.tier)).collect();
    if selected.is_empty() {
        bail!("there are no tests of these tiers");
    }
    let mut command = runner();
    command.args(selection(&selected)).args(&test.arguments).envs(environment());
    let status = command.status().context("cannot run the tests")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn metadata() -> Result<serde_json::Value> {
    let output = cargo().args(["metadata", "--no-deps", "--format-version", "1"]).stderr(Stdio::inherit()).output()?;
    serde_json::from_slice(&output.stdout).context("cargo metadata did not answer JSON")
}

/// Prepares the tiers and answers those that can run.
fn able(tiers: impl Iterator<Item = Tier>) -> Result<Vec<Tier>> {
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1");
    let mut able = Vec::new();
    for tier in tiers {
        match tier.prepare() {
            Ok(()) => able.push(tier),
            Err(error) if ci => return Err(error.context(format!("the tier {} cannot run", tier.name()))),
            Err(error) => eprintln!("xtask: SKIPPED: the tier {} cannot run: {error:#}", tier.name()),
        }
    }
    Ok(able)
}

/// cargo-nextest where it is installed: it runs each test in a process of its own and sums up once.
fn runner() -> Command {
    let nextest = cargo().args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let mut command = cargo();
    if nextest.is_ok_and(|status| status.success()) {
        command.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        command.args(["test", "--no-fail-fast"]);
    }
    command
}

/// Both runners understand these.
fn selection(selected: &[&Target]) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut add = |argument: [&str; 2]| {
        let argument: Vec<String> = argument.iter().filter(|part| !part.is_empty()).map(ToString::to_string).collect();
        if !arguments.contains(&argument) {
            arguments.push(argument);
        }
    };
    for target in selected {
        add(["--package", &target.package]);
        match target.kind {
            "lib" => add(["--lib", ""]),
            "bin" => add(["--bins", ""]),
            _ => add(["--test", &target.name]),
        }
    }
    arguments.concat()
}

/// Where the tests find the filter and the published vectors.
fn environment() -> Vec<(&'static str, PathBuf)> {
    // Absolute, because each test runs in the folder of its package.
    let data = std::env::var_os("EDGE_OIDC_DATA").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let data = install::workspace().join(data).canonicalize().ok().map(|data| ("EDGE_OIDC_DATA", data));
    [("EDGE_OIDC_WASM", wasm_module())].into_iter().chain(data).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_and_target_is_named_once() {
        let target = |kind, name: &str| Target { package: "p".into(), kind, name: name.into(), tier: Tier::Unit };
        let all = [target("lib", "p"), target("bin", "a"), target("bin", "b"), target("test", "t")];
        let arguments = selection(&all.iter().collect::<Vec<_>>());
        assert_eq!(arguments, ["--package", "p", "--lib", "--bins", "--test", "t"]);
    }
}
