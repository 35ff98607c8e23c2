//! `edge-oidc render istio|envoy|envoy-gateway CONFIG`.
//!
//! Decides which configuration is written, where its secrets come from, and what is said in the end.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    super::{
        Outcome, World,
        document::{self, Content, Found, Visible},
        surroundings::{Surroundings, list_problems},
        yaml::Tree,
    },
    Beforehand, EnvoyArguments, EnvoyGatewayArguments, Files, Gateway, IstioArguments, Material, OutputArguments,
    SecretValue, files,
    istio::keep_dex_open,
    material, new_session_key, write,
};
use crate::secret::Secret;

/// What to write, and for what.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Target {
    /// All manifests that an ingress gateway of Istio's needs for this configuration
    Istio {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        istio: IstioArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// All manifests that a Gateway of Envoy Gateway's needs for this configuration
    EnvoyGateway {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        envoy_gateway: EnvoyGatewayArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// The whole configuration of a plain Envoy
    Envoy {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        envoy: EnvoyArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
}

#[derive(Debug, Args)]
struct Source {
    /// A configuration, a WasmPlugin, TrafficExtension or EnvoyExtensionPolicy, or an Envoy configuration, in YAML or JSON; `-` is the standard input
    file: PathBuf,
    /// A host that the provider's metadata names beside the issuer's, such as the domain of a Cognito pool; can be given
    /// several times
    #[arg(long, value_name = "HOST")]
    provider_host: Vec<String>,
    #[command(flatten)]
    surroundings: Surroundings,
}

/// Why nothing is written.
enum Refused {
    /// The configuration has problems, which are these.
    Problems(String),
    /// The tool cannot do its work.
    Failed(String),
}

impl From<String> for Refused {
    fn from(error: String) -> Self {
        Self::Failed(error)
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, world: &dyn World) -> Outcome {
    match render(&arguments.target, world) {
        Ok(output) => Outcome { output, ..Outcome::default() },
        Err(Refused::Problems(output)) => Outcome { output, code: 1, ..Outcome::default() },
        Err(Refused::Failed(error)) => Outcome::failed(error),
    }
}

fn render(target: &Target, world: &dyn World) -> Result<String, Refused> {
    let (material, gateway, output) = match target {
        Target::Istio { source, istio, output } => {
            (source.material("edge-oidc render istio", istio.keep_dex_open, world)?, Gateway::Istio(istio), output)
        }
        Target::EnvoyGateway { source, envoy_gateway, output } => (
            source.material("edge-oidc render envoy-gateway", false, world)?,
            Gateway::EnvoyGateway(envoy_gateway),
            output,
        ),
        Target::Envoy { source, envoy, output } => {
            (source.material("edge-oidc render envoy", false, world)?, Gateway::Envoy(envoy), output)
        }
    };
    let files = files(&material, gateway, &Beforehand::default(), world)?;
    Ok(report(&files, output, world)?)
}

/// Writes the files and says so, and what comes next.
///
/// # Errors
/// As [`write`].
pub(in crate::cli) fn report(files: &Files, output: &OutputArguments, world: &dyn World) -> Result<String, String> {
    let written: String = write(&files.artifacts, output, world)?.iter().map(|file| format!("  {file}\n")).collect();
    let numbered = (1_usize..).zip(&files.steps).map(|(number, step)| format!("  {number}. {step}\n"));
    let steps: String = numbered.collect();
    Ok(format!("Written\n{written}\nWhat comes next, in {}\n{steps}", output.output.display()))
}

impl Source {
    /// What is to be written. With `opens_dex` a rule for Dex is part of it, before anything is judged.
    fn material(&self, command: &str, opens_dex: bool, world: &dyn World) -> Result<Material, Refused> {
        let name = self.file.display().to_string();
        let text = world.read(&self.file).map_err(|error| format!("{name}: {error}"))?;
        let mut found = document::find(&text).map_err(|error| format!("{name} {error}"))?;
        let [found] = found.as_mut_slice() else {
            return Err(Refused::Failed(format!(
                "{name} has several configurations; write one of them into a file of its own"
            )));
        };
        let mut configuration = in_order(&text, &found.content);
        if opens_dex {
            keep_dex_open(&mut configuration);
            found.content = Content::Tree(configuration.to_value());
        }
        let read = self.surroundings.read_found(&name, found, world)?;
        read.config.as_ref().map_err(|problems| Refused::Problems(list_problems(&read.heading, problems)))?;
        let secrets = material::lift(&mut configuration);
        let command = format!("{command} {name}");
        let mut material = Material { command, configuration, secrets, provider_hosts: self.provider_host.clone() };
        let given = self.surroundings.given(world)?;
        let known =
            |name: &str| inline(found, name).or_else(|| given.get(name).cloned()).or_else(|| world.variable(name));
        for secret in material.variables().into_iter().filter(|secret| secret.value.is_none()) {
            let value = match known(&secret.variable) {
                Some(value) => Some(Secret::new(value)),
                None if material.is_key(&secret.variable) => new_session_key()?.value,
                None => None,
            };
            material.secrets.push(SecretValue { variable: secret.variable, value });
        }
        Ok(material)
    }
}

/// The value that stands beside the configuration.
fn inline(found: &Found, name: &str) -> Option<String> {
    match &found.visible {
        Visible::Unknown => None,
        Visible::Only(variables) => variables.get(name).cloned().flatten(),
    }
}

/// The configuration in the order in which it is written.
fn in_order(text: &str, content: &Content) -> Tree {
    let value = match content {
        Content::Json(json) => match serde_json::from_str(json) {
            Ok(tree) => return tree,
            Err(_) => return Tree::map(),
        },
        Content::Tree(value) => value,
    };
    let documents: Vec<Tree> = serde_saphyr::from_multiple(text).unwrap_or_default();
    let ordered = documents.iter().find_map(|document| same(document, value)).cloned();
    ordered.unwrap_or_else(|| value.clone().into())
}

fn same<'a>(tree: &'a Tree, value: &serde_json::Value) -> Option<&'a Tree> {
    if tree.to_value() == *value {
        return Some(tree);
    }
    match tree {
        Tree::Scalar(_) => None,
        Tree::List(items) => items.iter().find_map(|item| same(&item.tree, value)),
        Tree::Map(members) => members.iter().find_map(|member| same(&member.tree, value)),
    }
}
