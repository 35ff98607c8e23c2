//! `edge-oidc render istio|envoy|envoy-gateway CONFIG`: everything that a configuration needs around it, as files.
//!
//! Decides which files there are and how they are written. What stands in them is decided next door; what a configuration
//! means, in `config`.
//!
//! | File | Decides |
//! |---|---|
//! | `arguments` | what can be chosen |
//! | `command` | which configuration is written, and what is said in the end |
//! | `envoy` | the configuration of a plain Envoy |
//! | `envoy_gateway` | the manifests for a Gateway of Envoy Gateway's |
//! | `hosts` | which hosts the filter calls |
//! | `istio` | the manifests for a gateway of Istio's |
//! | `kubernetes` | what manifests have in common |
//! | `material` | which secrets a configuration names |
//! | `module` | where a gateway fetches the module |
//! | `release` | what is written differently for which release of Istio |

mod arguments;
mod command;
mod envoy;
mod envoy_gateway;
mod hosts;
mod istio;
mod kubernetes;
mod material;
mod module;
mod release;

use std::io::ErrorKind;

pub(super) use arguments::{
    EnvoyArguments, EnvoyGatewayArguments, Gateway, GatewayArguments, IstioArguments, ModuleArguments, OutputArguments,
};
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

/// Files, and what is to be done with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// The files.
    pub(super) artifacts: Vec<Artifact>,
    /// What is to be done with them, in order; what is still missing comes first.
    pub(super) steps: Vec<String>,
}

/// What is known of the place that files are for, beside the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beforehand<'a> {
    /// What must be done before anything is applied.
    pub(super) steps: &'a [String],
    /// Whether authservice signs people in there, so far.
    pub(super) authservice: bool,
}

/// Everything that a gateway needs for a configuration.
///
/// # Errors
/// What is wrong with the configuration or the arguments, as people are told.
pub(super) fn files(
    material: &Material,
    gateway: Gateway<'_>,
    beforehand: &Beforehand<'_>,
    world: &dyn World,
) -> Result<Files, String> {
    match gateway {
        Gateway::Envoy(arguments) => envoy::Plan::new(material, arguments)?.files(beforehand),
        Gateway::EnvoyGateway(arguments) => envoy_gateway::Plan::new(material, arguments, world)?.files(beforehand),
        Gateway::Istio(arguments) => istio::Plan::new(material, arguments, world)?.files(beforehand),
    }
}

/// The configuration by itself, for `check`, `explain` and `render`.
pub(super) fn source(material: &Material) -> Artifact {
    let heading = format!(
        "# The filter's configuration, made by `{}`. `edge-oidc check` says what it means.\n",
        material.command
    );
    Artifact { name: SOURCE.to_owned(), text: heading + &material.configuration.to_yaml(), secret: false }
}

/// The name of the configuration by itself.
pub(super) const SOURCE: &str = "edge-oidc.yaml";

/// Whether what was chosen about a gateway can be.
///
/// # Errors
/// All that cannot, as people are told.
pub(super) fn judge(gateway: Gateway<'_>, world: &dyn World) -> Result<(), String> {
    match gateway {
        Gateway::Envoy(arguments) => envoy::judge(arguments),
        Gateway::EnvoyGateway(arguments) => envoy_gateway::judge(arguments, world).map(drop),
        Gateway::Istio(arguments) => istio::judge(arguments, world),
    }
}

/// What is wrong with several options: all of it is said at once.
#[derive(Debug, Default)]
pub(super) struct Refusals(Vec<String>);

impl Refusals {
    /// The value, or none of what is refused.
    pub(super) fn keep<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|refusal| self.0.push(refusal)).ok()
    }

    /// # Errors
    /// All that was refused, a line each.
    pub(super) fn end(self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.join("\nedge-oidc: ")) }
    }
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
