//! The manifests for a Gateway of Envoy Gateway's.
//!
//! Decides which there are, and for which routes. They are for Envoy Gateway 1.6 and newer, whose Envoy is 1.36.
//!
//! | File | Decides |
//! |---|---|
//! | `bootstrap` | what Envoy has before it asks the controller for anything: the hosts that the filter calls, limits, labels |
//! | `policy` | the filter itself, and a route for our own endpoints |
//! | `proxy` | Envoy's pods: secrets, the order of filters, the access log |
//! | `steps` | what is to be done with all of it |
//! | `traffic` | how clients' requests are read before any filter sees them |

mod bootstrap;
mod policy;
mod proxy;
mod steps;
mod traffic;

use super::{
    super::{World, yaml::Tree},
    Artifact, Beforehand, EnvoyGatewayArguments, Files, Material, Refusals, SecretValue,
    envoy::clusters::name_clusters,
    hosts::{Host, hosts},
    kubernetes::{self, name},
    module::{Fetcher, Module},
};
use crate::config::Config;

/// Everything that manifests are made of.
pub(super) struct Plan<'a> {
    material: &'a Material,
    arguments: &'a EnvoyGatewayArguments,
    module: Module,
    configuration: Tree,
    config: Config,
    variables: Vec<SecretValue>,
    hosts: Vec<Host>,
}

/// Everything that is wrong with the options; the module, if nothing is.
pub(super) fn judge(arguments: &EnvoyGatewayArguments, world: &dyn World) -> Result<Module, String> {
    let fleet = &arguments.fleet;
    let names = [
        ("--namespace", &arguments.namespace),
        ("--gateway", &arguments.gateway),
        ("--proxy-namespace", &fleet.proxy_namespace),
    ];
    let routes = fleet.http_route.iter().map(|text| ("--http-route", text));
    let listeners = fleet.listener.iter().map(|text| ("--listener", text));
    let namespace = fleet.route_namespace.iter().map(|text| ("--route-namespace", text));
    let mut refusals = Refusals::default();
    for (option, text) in names.into_iter().chain(listeners).chain(routes).chain(namespace) {
        refusals.keep(name(option, text));
    }
    let module = refusals.keep(Module::read(&arguments.module, Fetcher::EnvoyGateway, world));
    let said = refusals.end();
    match module {
        Some(module) => said.map(|()| module),
        None => Err(said.err().unwrap_or_default()),
    }
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        material: &'a Material,
        arguments: &'a EnvoyGatewayArguments,
        world: &dyn World,
    ) -> Result<Self, String> {
        let module = judge(arguments, world)?;
        let config = material.understand()?;
        let hosts = hosts(&config, &material.provider_hosts)?;
        let mut configuration = material.configuration.clone();
        name_clusters(&mut configuration, &hosts);
        let variables = material.variables();
        Ok(Self { material, arguments, module, configuration, config, variables, hosts })
    }

    /// Every file, and what is to be done with it.
    pub(super) fn files(&self, beforehand: &Beforehand<'_>) -> Result<Files, String> {
        let secret = kubernetes::secret(self.material, &self.variables, &self.arguments.fleet.proxy_namespace);
        let secret = Artifact { secret: true, ..self.artifact("secret.yaml", kubernetes::SECRET, &[secret]) };
        let mut artifacts = vec![secret, proxy::artifact(self)?, traffic::artifact(self)];
        artifacts.extend(policy::own_route(self));
        artifacts.push(policy::artifact(self));
        let steps = steps::steps(self, &artifacts, beforehand);
        Ok(Files { artifacts, steps })
    }

    /// The metadata of something beside the Gateway.
    fn metadata(&self) -> Tree {
        kubernetes::metadata(NAME, &self.arguments.namespace)
    }

    /// Where the routes are that are protected.
    fn route_namespace(&self) -> &str {
        let fleet = &self.arguments.fleet;
        match fleet.http_route.is_empty() {
            true => &self.arguments.namespace,
            false => fleet.route_namespace.as_ref().unwrap_or(&self.arguments.namespace),
        }
    }

    /// The Gateway, for a policy in its namespace.
    fn gateway(&self) -> Tree {
        target("Gateway", &self.arguments.gateway)
    }

    /// A file of these documents.
    fn artifact(&self, file: &str, what: &str, documents: &[Tree]) -> Artifact {
        let documents: Vec<_> = documents.iter().map(Tree::to_yaml).collect();
        let text = format!("{}{}", super::heading(what, &self.material.command), documents.join("---\n"));
        Artifact { name: format!("{FOLDER}/{file}"), text, secret: false }
    }
}

/// What a policy is for.
fn target(kind: &str, name: &str) -> Tree {
    Tree::members([("group", "gateway.networking.k8s.io".into()), ("kind", kind.into()), ("name", name.into())])
}

/// Everything of ours is called so.
const NAME: &str = "edge-oidc";
const GROUP: &str = "gateway.envoyproxy.io/v1alpha1";
const FOLDER: &str = "envoy-gateway";
