//! Which tests belong to which tier, and what a tier needs before it can run.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use clap::ValueEnum;
use devkit::install;
use serde_json::Value;

use crate::build;

/// What tests need, from nothing at all to a browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Tier {
    /// Value rules, beside the code; and the command-line tool.
    Unit,
    /// Whole exchanges through the core, in virtual time.
    Flow,
    /// Published test vectors.
    Vectors,
    /// The compiled filter: its imports, its size; and the layers of the source.
    Artifact,
    /// What the tests themselves stand on: the local Cognito, the upstream, the runner.
    Devkit,
    /// A real Envoy with the shipped files.
    Envoy,
    /// The same against a certified provider that is not ours; manifests against types of Istio's resources that are not.
    Interop,
    /// A person's day in a real browser, and real applications with their programs.
    Browser,
    /// What is promised for any input, on mutated seeds.
    Fuzz,
}

impl Tier {
    /// The tier of one target of `cargo metadata`; none where it holds no tests.
    pub fn of(package: &str, kind: &str, target: &str) -> Option<Self> {
        if !matches!(kind, "lib" | "cdylib" | "rlib" | "bin" | "test") {
            return None;
        }
        Some(match (package, target) {
            ("e2e", "interop" | "kubeflow" | "manifests" | "rendered") | ("devkit", "oidc_provider") => Self::Interop,
            ("e2e", "applications" | "browser") => Self::Browser,
            ("e2e", _) => Self::Envoy,
            ("fuzz", _) => Self::Fuzz,
            ("devkit" | "xtask", _) => Self::Devkit,
            (_, name) if name.starts_with("flow") => Self::Flow,
            (_, name) if name.starts_with("vectors") => Self::Vectors,
            (_, "artifact" | "architecture") => Self::Artifact,
            _ => Self::Unit,
        })
    }

    /// Installs and builds what its tests need.
    pub fn prepare(self) -> Result<()> {
        match self {
            Self::Unit | Self::Flow | Self::Vectors | Self::Fuzz => Ok(()),
            Self::Artifact => built(),
            Self::Devkit => envoys(),
            Self::Envoy => built().and_then(|()| envoys()).and_then(|()| build::sigcheck().map(drop)),
            Self::Interop => {
                Self::Envoy.prepare()?;
                install::oidc_provider()?;
                install::istio_models()?;
                install::envoy_gateway_models()?;
                install::terraform_cognito().map(drop)
            }
            Self::Browser => {
                Self::Envoy.prepare()?;
                install::chromium()?;
                install::applications()?;
                install::services()
            }
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// One target that cargo can run the tests of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// The package it is in.
    pub package: String,
    /// `lib`, `bin` or `test`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The tier it belongs to.
    pub tier: Tier,
}

/// All targets with tests in the answer of `cargo metadata`.
pub fn targets(metadata: &Value) -> Vec<Target> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages.flat_map(|package| targets_of(package).collect::<Vec<_>>()).collect()
}

fn targets_of(package: &Value) -> impl Iterator<Item = Target> + '_ {
    let name = package["name"].as_str().unwrap_or_default();
    package["targets"].as_array().into_iter().flatten().filter_map(move |target| {
        let kind = target["kind"][0].as_str()?;
        let target_name = target["name"].as_str()?;
        Some(Target {
            tier: Tier::of(name, kind, target_name).filter(|_| target["test"] != false)?,
            package: name.to_owned(),
            kind: match kind {
                "bin" => "bin",
                "test" => "test",
                _ => "lib",
            },
            name: target_name.to_owned(),
        })
    })
}

/// Builds the filter, once however many tiers need it.
fn built() -> Result<()> {
    static BUILT: Mutex<bool> = Mutex::new(false);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !*built {
        build::run()?;
        *built = true;
    }
    Ok(())
}

fn envoys() -> Result<()> {
    install::envoy(install::ENVOY_NEWEST)?;
    install::envoy(install::ENVOY_OLDEST).map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_target_with_tests_has_a_tier() {
        let target = |kind: &str, name: &str| json!({ "kind": [kind], "name": name, "test": true });
        let metadata = json!({ "packages": [
            { "name": "edge-oidc", "targets": [target("cdylib", "edge_oidc"), target("test", "flow"), target("test", "new")] },
            { "name": "e2e", "targets": [target("test", "faults"), target("custom-build", "build"),
                                         { "kind": ["bin"], "name": "b", "test": false }] },
        ] });
        let found: Vec<_> = targets(&metadata).into_iter().map(|target| (target.kind, target.tier)).collect();
        assert_eq!(found, [("lib", Tier::Unit), ("test", Tier::Flow), ("test", Tier::Unit), ("test", Tier::Envoy)]);
    }
}
