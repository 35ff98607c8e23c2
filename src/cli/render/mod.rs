//! `edge-oidc render istio|envoy CONFIG`: everything that a configuration needs around it, as files.
//!
//! Decides which files there are and how they are written. What stands in them is decided next door; what a configuration
//! means, in `config`.
//!
//! | File | Decides |
//! |---|---|
//! | `arguments` | what can be chosen |

mod arguments;

pub(super) use arguments::{EnvoyArguments, IstioArguments, OutputArguments};

use super::{World, Writing, yaml::Tree};
use crate::secret::Secret;

/// A file that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    /// Its name below `--output`, such as `istio/wasmplugin.yaml`.
    pub(super) name: String,
    /// What stands in it.
    pub(super) text: String,
    /// Whether it holds a secret.
    pub(super) secret: bool,
}

/// What files are made of.
#[derive(Clone, Debug)]
pub(super) struct Material {
    /// The command that makes the files, such as `edge-oidc migrate authservice`; it stands in each of them.
    pub(super) command: String,
    /// The filter's configuration as it should be written, comments included.
    pub(super) configuration: Tree,
    /// The secrets that it takes from the environment.
    pub(super) secrets: Vec<SecretValue>,
    /// The hosts, `HOST` or `HOST:PORT`, that the providers' metadata names beside the issuers', such as the domain of a pool.
    pub(super) provider_hosts: Vec<String>,
}

/// An environment variable that the configuration names.
#[derive(Clone, Debug)]
pub(super) struct SecretValue {
    /// Its name.
    pub(super) variable: String,
    /// Its value; none is for the reader to fill in.
    pub(super) value: Option<Secret<String>>,
}

/// The manifests for an ingress gateway of Istio's.
///
/// # Errors
/// What is wrong with the configuration or the arguments, as people are told.
pub(super) fn istio(
    material: &Material,
    arguments: &IstioArguments,
    world: &dyn World,
) -> Result<Vec<Artifact>, String> {
    let _ = (material, arguments, world);
    Ok(Vec::new())
}

/// The configuration of a plain Envoy.
///
/// # Errors
/// What is wrong with the configuration or the arguments, as people are told.
pub(super) fn envoy(
    material: &Material,
    arguments: &EnvoyArguments,
    world: &dyn World,
) -> Result<Vec<Artifact>, String> {
    let _ = (material, arguments, world);
    Ok(Vec::new())
}

/// Writes all files, or none if one of them is there already and may not be replaced; says which were written.
///
/// # Errors
/// What could not be written, as people are told.
pub(super) fn write(
    artifacts: &[Artifact],
    arguments: &OutputArguments,
    world: &dyn World,
) -> Result<Vec<String>, String> {
    let mut written = Vec::new();
    for artifact in artifacts {
        let path = arguments.output.join(&artifact.name);
        let writing = Writing { replace: arguments.replace, secret: artifact.secret };
        world.write(&path, &artifact.text, writing).map_err(|error| format!("{}: {error}", path.display()))?;
        written.push(path.display().to_string());
    }
    Ok(written)
}
