//! `edge-oidc render istio|envoy CONFIG`: everything that a configuration needs around it, as files.
//!
//! Decides which files there are and how they are written. What stands in them is decided next door; what a configuration
//! means, in `config`.
//!
//! | File | Decides |
//! |---|---|
//! | `arguments` | what can be chosen |
//! | `command` | which configuration is written, and what is said in the end |
//! | `envoy` | the configuration of a plain Envoy |
//! | `hosts` | which hosts the filter calls |
//! | `istio` | the manifests for a gateway of Istio's |
//! | `material` | which secrets a configuration names |
//! | `module` | where a gateway fetches the module |
//! | `release` | what is written differently for which release of Istio |

mod arguments;
mod command;
mod envoy;
mod hosts;
mod istio;
mod material;
mod module;
mod release;

use std::io::ErrorKind;

pub(super) use arguments::{EnvoyArguments, IstioArguments, OutputArguments};
pub(super) use command::{Arguments, report, run};
pub(super) use material::{CLIENT_SECRET, SESSION_KEY, new_session_key};

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
    istio::Plan::new(material, arguments, world)?.artifacts()
}

/// What is to be done with the manifests, in order; what is still missing comes first.
///
/// # Errors
/// As [`istio`].
pub(super) fn istio_steps(
    material: &Material,
    arguments: &IstioArguments,
    world: &dyn World,
) -> Result<Vec<String>, String> {
    Ok(istio::Plan::new(material, arguments, world)?.steps())
}

/// The configuration of a plain Envoy.
///
/// # Errors
/// What is wrong with the configuration or the arguments, as people are told.
pub(super) fn envoy(material: &Material, arguments: &EnvoyArguments, _: &dyn World) -> Result<Vec<Artifact>, String> {
    envoy::Plan::new(material, arguments)?.artifacts()
}

/// What is to be done with Envoy's files, in order; what is still missing comes first.
///
/// # Errors
/// As [`envoy`].
pub(super) fn envoy_steps(material: &Material, arguments: &EnvoyArguments) -> Result<Vec<String>, String> {
    Ok(envoy::Plan::new(material, arguments)?.steps())
}

/// Writes all files, or none if one of them is there already and may not be replaced; says what became of each. A file with
/// secrets is never replaced: its session key would sign everybody out.
///
/// # Errors
/// What could not be written, as people are told.
pub(super) fn write(
    artifacts: &[Artifact],
    arguments: &OutputArguments,
    world: &dyn World,
) -> Result<Vec<String>, String> {
    let path = |artifact: &Artifact| arguments.output.join(&artifact.name);
    let exists = |artifact: &&Artifact| match world.read(&path(artifact)) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::NotFound,
    };
    if let Some(file) = artifacts.iter().filter(|_| !arguments.replace).find(exists) {
        return Err(format!("{}: is there already; say --replace, or another --output", path(file).display()));
    }
    let mut written = Vec::new();
    for artifact in artifacts {
        let path = path(artifact);
        let name = path.display();
        if artifact.secret && exists(&artifact) {
            written.push(format!("{name} (left as it is: it holds secrets; remove it to have it made anew)"));
            continue;
        }
        let writing = Writing { replace: arguments.replace, secret: artifact.secret };
        world.write(&path, &artifact.text, writing).map_err(|error| format!("{name}: {error}"))?;
        written.push(name.to_string());
    }
    Ok(written)
}

/// What a file begins with.
fn heading(what: &str, command: &str) -> String {
    // A file's name may hold anything.
    let command = command.replace(char::is_control, " ");
    let lines: String = what.lines().map(|line| format!("# {line}\n")).collect();
    format!("{lines}#\n# Made by `{command}`.\n")
}
