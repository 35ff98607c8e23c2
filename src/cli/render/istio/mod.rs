//! The manifests for an ingress gateway of Istio's.
//!
//! Decides which there are, for which gateway and which release.
//!
//! | File | Decides |
//! |---|---|
//! | `plugin` | the filter itself |
//! | `provider` | how the gateway reaches the hosts that the filter calls |
//! | `gateway` | the gateway's secrets, environment and limits |
//! | `applications` | what the applications believe, and from whom |
//! | `kubeflow` | what takes the place of Kubeflow's authservice |
//! | `steps` | what is to be done with all of it |

mod applications;
mod gateway;
mod kubeflow;
mod plugin;
mod provider;
mod steps;

pub(super) use kubeflow::keep_dex_open;

use super::{
    super::{World, yaml::Tree},
    Artifact, Beforehand, Files, IstioArguments, Material, Refusals, SecretValue,
    hosts::{Host, hosts},
    kubernetes::{self, name},
    module::{Fetcher, Module},
    release::Release,
};
use crate::config::Config;

/// Everything that manifests are made of.
pub(super) struct Plan<'a> {
    material: &'a Material,
    arguments: &'a IstioArguments,
    release: Release,
    labels: Vec<(&'a str, &'a str)>,
    principals: Vec<String>,
    module: Module,
    configuration: Tree,
    config: Config,
    variables: Vec<SecretValue>,
    hosts: Vec<Host>,
}

/// What the options say.
struct Choices<'a> {
    release: Release,
    labels: Vec<(&'a str, &'a str)>,
    principals: Vec<String>,
    module: Module,
}

impl<'a> Choices<'a> {
    fn read(arguments: &'a IstioArguments, world: &dyn World) -> Result<Self, String> {
        let mut refusals = Refusals::default();
        let release = refusals.keep(Release::parse(&arguments.istio));
        let module = refusals.keep(Module::read(&arguments.module, Fetcher::Istio, world));
        let names = [("--namespace", &arguments.namespace), ("--gateway", &arguments.gateway)].into_iter();
        for (option, text) in names.chain(arguments.applications.iter().map(|text| ("--applications", text))) {
            refusals.keep(name(option, text));
        }
        let labels: Vec<_> = arguments.selector.iter().filter_map(|label| refusals.keep(self::label(label))).collect();
        let principals = refusals.keep(applications::principals(arguments));
        let said = refusals.end();
        match (release, module, principals) {
            (Some(release), Some(module), Some(principals)) => {
                said.map(|()| Self { release, labels, principals, module })
            }
            _ => Err(said.err().unwrap_or_default()),
        }
    }
}

/// Everything that is wrong with the options.
pub(super) fn judge(arguments: &IstioArguments, world: &dyn World) -> Result<(), String> {
    Choices::read(arguments, world).map(drop)
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        material: &'a Material,
        arguments: &'a IstioArguments,
        world: &dyn World,
    ) -> Result<Self, String> {
        let Choices { release, labels, principals, module } = Choices::read(arguments, world)?;
        let mut material_with = material.clone();
        if arguments.keep_dex_open {
            keep_dex_open(&mut material_with.configuration);
        }
        let config = material_with.understand()?;
        let hosts = hosts(&config, &material.provider_hosts)?;
        provider::name_services(&mut material_with.configuration, &hosts);
        let variables = material_with.variables();
        let configuration = material_with.configuration;
        Ok(Self { material, arguments, release, labels, principals, module, configuration, config, variables, hosts })
    }

    /// Every file, and what is to be done with it.
    pub(super) fn files(&self, beforehand: &Beforehand<'_>) -> Result<Files, String> {
        let artifacts = self.artifacts()?;
        let steps = steps::steps(self, &artifacts, beforehand);
        Ok(Files { artifacts, steps })
    }

    fn artifacts(&self) -> Result<Vec<Artifact>, String> {
        let mut artifacts = vec![gateway::secret(self), gateway::environment(self), gateway::values(self)];
        artifacts.extend(provider::artifact(self)?);
        artifacts.push(gateway::limits(self));
        artifacts.extend(applications::identity_headers(self));
        artifacts.extend(applications::authorization(self));
        artifacts.push(plugin::artifact(self));
        if self.arguments.kubeflow {
            artifacts.push(kubeflow::component(self, &artifacts));
        }
        Ok(artifacts)
    }

    /// The metadata of something in the gateway's namespace.
    fn metadata(&self, name: &str) -> Tree {
        kubernetes::metadata(name, &self.arguments.namespace)
    }

    fn labels(&self) -> Tree {
        Tree::members(self.labels.iter().map(|(name, value)| (*name, (*value).into())))
    }

    /// A file of these documents.
    fn artifact(&self, file: &str, what: &str, documents: &[Tree]) -> Artifact {
        let documents: Vec<_> = documents.iter().map(Tree::to_yaml).collect();
        let text = format!("{}{}", self.heading(what), documents.join("---\n"));
        Artifact { name: format!("istio/{file}"), text, secret: false }
    }

    fn heading(&self, what: &str) -> String {
        super::heading(what, &self.material.command)
    }
}

fn label(text: &str) -> Result<(&str, &str), String> {
    let refused = || format!("--selector {text}: write a label as NAME=VALUE, such as istio=ingressgateway");
    let (name, value) = text.split_once('=').ok_or_else(refused)?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let good = |text: &str| !text.is_empty() && text.len() <= 63 && text.bytes().all(letter);
    let key = name.rsplit_once('/').map_or(name, |(_, key)| key);
    let whole = name.bytes().all(|byte| letter(byte) || byte == b'/') && name.len() <= 253;
    if good(key) && good(value) && whole { Ok((name, value)) } else { Err(refused()) }
}
