//! `edge-oidc migrate alb FILE...`: everything that takes the sign-in of an Application Load Balancer's place, out of its rules.
//!
//! Decides the options.
//!
//! | File | Decides |
//! |---|---|
//! | `input` | which listener the files are about |
//! | `ingress` | which rules Ingresses amount to |
//! | `balancers` | which of them are one load balancer's |
//! | `actions` | who signs people in there |
//! | `rule` | what a rule says |
//! | `conditions` | when it applies, as far as a rule of ours can say it |
//! | `provider` | who signs people in |
//! | `routes` | who passes where |
//! | `translate` | everything else |

mod actions;
mod balancers;
mod conditions;
mod ingress;
mod input;
mod provider;
mod routes;
mod rule;
mod translate;

use std::path::PathBuf;

use clap::Args;

use super::{
    Outcome, World,
    conclusion::{Ending, Telling, Translation, conclude},
    ledger, manifest, paths, pool, render, terms, yaml,
};
use crate::http::{origin::Scheme, public_urls::PublicUrl};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What `aws elbv2 describe-rules` and `aws elbv2 describe-listeners` print, a CloudFormation template, or Ingresses; `-` is the
    /// standard input
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
    /// Where people reach the gateway, such as https://app.example.com; can be given several times
    #[arg(long = "public-url", value_name = "URL", required = true)]
    public_urls: Vec<String>,
    /// The path that sign-ins come back to. The load balancer's own needs no new registration; while the load balancer signs people in
    /// as well, it keeps that one to itself
    #[arg(long, value_name = "PATH", default_value = translate::LOAD_BALANCERS)]
    callback: String,
    /// The listener, by its ARN or the end of it, where several sign people in
    #[arg(long, value_name = "ARN")]
    listener_arn: Option<String>,
    /// A host that the provider's metadata names beside those of the rules; can be given several times
    #[arg(long = "provider-host", value_name = "HOST")]
    provider_hosts: Vec<String>,
    /// No application reads `x-amzn-oidc-data`
    #[arg(long)]
    without_data: bool,
    /// No application reads `x-amzn-oidc-accesstoken`
    #[arg(long)]
    without_access_token: bool,
}

impl Choices {
    /// The first public URL that is one host, without a `/` at its end.
    fn first_host(&self) -> Option<String> {
        let url = self.public_urls.iter().find(|url| !url.contains("//*."))?;
        Some(url.trim_end_matches('/').to_owned())
    }

    /// Where the provider sends people back to, below the callback.
    fn redirect_uri(&self, below: &str) -> String {
        let host = self.first_host().unwrap_or_else(|| "https://HOST".to_owned());
        format!("{host}{}{below}", self.callback)
    }

    /// Whether people come by http, which only their own machine may do.
    fn is_a_trial(&self) -> bool {
        let mut urls = self.public_urls.iter().filter_map(|url| PublicUrl::parse(url).ok());
        urls.any(|url| url.scheme() == Scheme::Http)
    }
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Result<Outcome, String> {
    let choices = &arguments.choices;
    terms::judge_public_urls(&choices.public_urls)?;
    let inputs = input::Inputs::read(&arguments.files, choices.listener_arn.as_deref(), world)?;
    let mut heading = String::new();
    if !inputs.listener.is_empty() {
        ledger::wrap("", &format!("From {} of an Application Load Balancer.", inputs.listener), &mut heading);
    }
    let translation = translate::translate(inputs, choices);
    let telling = Telling { heading, notes: "", authservice: false, last_steps: LAST };
    conclude(&translation, &telling, &arguments.ending, world)
}

/// What comes last. Until then people sign in twice, or with the balancer's own callback not at all; the other way round nobody would.
const LAST: &[&str] = &[
    "when the filter answers, and never before: take the actions `authenticate-cognito` and `authenticate-oidc` out of the rules \
     (`aws elbv2 modify-rule`, `modify-listener`; of an Ingress: the annotations `alb.ingress.kubernetes.io/auth-*`), so that the load \
     balancer only forwards to the gateway",
    "let nothing but the gateway reach the applications: security groups that let the load balancer in let others forge these headers",
    "sign in yourself before everyone does: docs/alb.md says how to go back",
];
