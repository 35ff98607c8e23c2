//! The configuration of a plain Envoy.
//!
//! Decides what of the shipped `envoy/envoy.yaml` becomes another value; all else, comments included, stays as it is there.
//!
//! | File | Decides |
//! |---|---|
//! | `clusters` | how Envoy reaches the application and the hosts that the filter calls |
//! | `template` | how parts of the shipped file are replaced |

pub(super) mod clusters;
mod template;

use std::{fmt::Write as _, net::SocketAddr};

use super::{
    super::yaml::Tree,
    Artifact, Beforehand, EnvoyArguments, Files, Material, Refusals, SecretValue, heading,
    hosts::{Host, hosts, missing},
    kubernetes::fill_in,
};
use crate::config::Config;
use clusters::Upstream;
use template::Template;

/// What turns parts of our metrics' names into labels, as the shipped file has it.
pub(super) fn stats_tags() -> Result<Tree, String> {
    let broken = || "this tool's own envoy.yaml has no `stats_tags`".to_owned();
    let file: Tree = serde_saphyr::from_str(template::SHIPPED).map_err(|_| broken())?;
    file.member("stats_config").and_then(|config| config.member("stats_tags")).cloned().ok_or_else(broken)
}

/// What the options say.
fn choices(arguments: &EnvoyArguments) -> Result<(SocketAddr, Upstream), String> {
    let mut refusals = Refusals::default();
    let refused = |_| format!("--listen {}: write ADDRESS:PORT, such as 0.0.0.0:8443", arguments.listen);
    let listen = refusals.keep(arguments.listen.parse().map_err(refused));
    let upstream = refusals.keep(Upstream::parse(&arguments.upstream));
    let said = refusals.end();
    match (listen, upstream) {
        (Some(listen), Some(upstream)) => Ok((listen, upstream)),
        _ => Err(said.err().unwrap_or_default()),
    }
}

/// Everything that is wrong with the options.
pub(super) fn judge(arguments: &EnvoyArguments) -> Result<(), String> {
    choices(arguments).map(drop)
}

/// Everything that the file is made of.
pub(super) struct Plan<'a> {
    material: &'a Material,
    arguments: &'a EnvoyArguments,
    listen: SocketAddr,
    upstream: Upstream,
    config: Config,
    configuration: Tree,
    variables: Vec<SecretValue>,
    hosts: Vec<Host>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(material: &'a Material, arguments: &'a EnvoyArguments) -> Result<Self, String> {
        let (listen, upstream) = choices(arguments)?;
        let config = material.understand()?;
        let hosts = hosts(&config, &material.provider_hosts)?;
        let mut configuration = material.configuration.clone();
        clusters::name_clusters(&mut configuration, &hosts);
        let variables = material.variables();
        Ok(Self { material, arguments, listen, upstream, config, configuration, variables, hosts })
    }

    /// Every file, and what is to be done with it.
    pub(super) fn files(&self, beforehand: &Beforehand<'_>) -> Result<Files, String> {
        let file = Artifact { name: "envoy/envoy.yaml".to_owned(), text: self.file()?, secret: false };
        let artifacts = vec![file, self.source(), self.environment()];
        let steps = beforehand.steps.iter().cloned().chain(self.steps());
        let last = beforehand.authservice.then(|| LAST.to_owned());
        Ok(Files { artifacts, steps: steps.chain(last).collect() })
    }

    /// The filter's configuration as people read it.
    fn source(&self) -> Artifact {
        let what = "The filter's own configuration, for people: envoy.yaml has it as JSON. Change it here and write envoy.yaml anew:\n  \
                    edge-oidc render envoy edge-oidc.yaml";
        let text = format!("{}\n{}", heading(what, &self.material.command), self.configuration.to_yaml());
        Artifact { name: "envoy/edge-oidc.yaml".to_owned(), text, secret: false }
    }

    fn file(&self) -> Result<String, String> {
        let what = "edge-oidc in front of one application, for a plain Envoy (1.36 or newer). The secrets come from Envoy's\n\
                    environment: envoy.env beside this file.";
        let arguments = self.arguments;
        // As a Struct it would reach the filter in protobuf's own form, which is no JSON.
        let json = serde_json::to_string_pretty(&self.configuration).map_err(|error| error.to_string())? + "\n";
        let filter = Tree::map().with("@type", "type.googleapis.com/google.protobuf.StringValue").with("value", json);
        let mut template = Template::shipped();
        template.heading(&heading(what, &self.material.command))?;
        template.listener(self.listen)?;
        match arguments.plain {
            true => template.without_tls()?,
            false => template.certificate(&arguments.tls_certificate, &arguments.tls_key)?,
        }
        template.module(&arguments.wasm)?;
        let names: Vec<_> = self.variables.iter().map(|secret| secret.variable.as_str()).collect();
        template.environment(&names)?;
        let clusters = clusters::clusters(&self.upstream, &self.hosts, &arguments.trusted_ca)?;
        template.clusters(&Tree::map().with("clusters", clusters))?;
        // Last: what is put in here may have lines that look like those of the file.
        template.configuration(&Tree::map().with("configuration", filter))?;
        Ok(template.text())
    }

    /// The secrets, as lines that a shell and systemd read.
    fn environment(&self) -> Artifact {
        let what = "The filter's secrets, for Envoy's environment. Keep this file out of repositories, and keep the session key:\n\
                    a new one signs everybody out.";
        let mut text = heading(what, &self.material.command);
        for SecretValue { variable, value } in &self.variables {
            let _ = match value {
                Some(value) => writeln!(text, "{variable}='{}'", value.secret().replace('\'', r"'\''")),
                None => writeln!(text, "# {}\n{variable}=", fill_in(self.material, variable)),
            };
        }
        Artifact { name: "envoy/envoy.env".to_owned(), text, secret: true }
    }

    /// What is to be done with them, in order, and what is still missing.
    fn steps(&self) -> Vec<String> {
        let mut steps = missing(&self.config, &self.hosts, "--provider-host HOST");
        let blank = self.variables.iter().filter(|secret| secret.value.is_none());
        let blank: Vec<_> = blank.map(|secret| secret.variable.as_str()).collect();
        if !blank.is_empty() {
            steps.push(format!("fill in {} in envoy/envoy.env", blank.join(", ")));
        }
        steps.push(format!("put the module where Envoy looks for it: {}", self.arguments.wasm));
        match self.arguments.plain {
            true => steps.push(
                "let the proxy in front pass Host unchanged, and say how many there are by `xff_num_trusted_hops`"
                    .to_owned(),
            ),
            false => steps.push(format!(
                "put the certificate and its key there, too: {} and {}",
                self.arguments.tls_certificate, self.arguments.tls_key
            )),
        }
        steps.push("set -a; . envoy/envoy.env; set +a".to_owned());
        steps.push("envoy --mode validate -c envoy/envoy.yaml".to_owned());
        steps.push("envoy -c envoy/envoy.yaml".to_owned());
        steps
    }
}

/// What is left to do where authservice signed people in.
const LAST: &str =
    "sign in yourself before everyone does, then stop authservice: docs/authservice.md says how to go back until then";
