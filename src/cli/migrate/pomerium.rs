//! `edge-oidc migrate pomerium FILE...`: everything that takes Pomerium's place, out of its own settings.
//!
//! Decides the options.
//!
//! | File | Decides |
//! |---|---|
//! | `input`, `kubernetes` | what the files say |
//! | `names` | which settings there are, and what becomes of those that are not about sign-ins |
//! | `policy`, `criteria` | what a policy says |
//! | `translate` | what becomes of each setting |

mod criteria;
mod input;
mod kubernetes;
mod names;
mod policy;
mod translate;

use std::path::PathBuf;

use clap::Args;

use super::{
    Outcome, World,
    conclusion::{Ending, Telling, Translation, conclude},
    ledger, manifest, paths, render, terms, yaml,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// `config.yaml`, env files, or Kubernetes YAML: ConfigMaps, Secrets, the Deployment, `Pomerium` and Ingresses; `-` is the standard
    /// input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    ending: Ending,
}

/// What the files leave open.
#[derive(Debug, Args)]
struct Choices {
    /// Where people reach the gateway, beside the hosts of the routes; can be given several times
    #[arg(long = "public-url", value_name = "URL")]
    public_urls: Vec<String>,
    /// The domain of a Cognito pool
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// A host that the provider's metadata names beside the issuer's; can be given several times
    #[arg(long = "provider-host", value_name = "HOST")]
    provider_hosts: Vec<String>,
    /// Each host has a session and a callback of its own, in place of one for all
    #[arg(long)]
    session_per_host: bool,
    /// Hand the provider's ID token on as `X-Pomerium-Jwt-Assertion`
    #[arg(long)]
    forward_id_token: bool,
    /// The claim that holds the groups which `groups` of a policy and of `jwt_claims_headers` mean
    #[arg(long, value_name = "CLAIM")]
    groups_claim: Option<String>,
    /// Believe an e-mail address that the provider does not call verified, as Pomerium did
    #[arg(long)]
    allow_unverified_email: bool,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Result<Outcome, String> {
    let choices = &arguments.choices;
    terms::judge_public_urls(&choices.public_urls)?;
    let inputs = input::Inputs::read(&arguments.files, world)?;
    let mut heading = String::new();
    let routes = match inputs.routes.len() {
        1 => "1 route".to_owned(),
        count => format!("{count} routes"),
    };
    ledger::wrap("", &format!("Settings of Pomerium, with {routes}."), &mut heading);
    let translation = translate::translate(inputs, choices);
    let telling = Telling { heading, notes: "", authservice: false, last_steps: LAST };
    conclude(&translation, &telling, &arguments.ending, world)
}

/// What comes last: the gateway routes, and Pomerium did.
const LAST: &[&str] = &[
    "write the routing of Pomerium (`to`, rewrites, timeouts, TLS to the applications) into the gateway's own routes",
    "when the filter answers, and never before: let the names of the hosts lead to the gateway, and let nothing else reach the \
     applications: until then Pomerium asks, and nobody has noticed anything",
    "sign in yourself before everyone does: docs/pomerium.md says how to go back",
];
