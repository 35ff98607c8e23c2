//! `edge-oidc migrate PRODUCT FILE...`: everything that takes another product's place, out of its own settings.
//!
//! Decides which products there are.
//!
//! | File | Decides |
//! |---|---|
//! | `authservice` and so on | what the files of that product say, and what becomes of each setting |
//! | `conclusion` | that nothing is written where something stands in the way |
//! | `ledger` | the tables that people read |
//! | `manifest` | what a Kubernetes manifest holds |
//! | `paths` | which paths a rule is for |
//! | `pool` | what AWS calls a user pool |
//! | `terms` | what is said alike in every configuration |

mod alb;
mod authservice;
mod conclusion;
mod kong;
mod ledger;
mod manifest;
mod oauth2_proxy;
mod paths;
mod pomerium;
mod pool;
mod terms;

use clap::{Args, Subcommand};

use super::{Outcome, World, render, yaml};

/// What is migrated from.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// Makes a configuration and all manifests out of the listener rules of an Application Load Balancer of AWS's
    Alb(Box<alb::Arguments>),
    /// Makes a configuration and all manifests out of the settings of oidc-authservice
    Authservice(Box<authservice::Arguments>),
    /// Makes a configuration and all manifests out of the `openid-connect` plugin of Kong's
    Kong(Box<kong::Arguments>),
    #[command(name = "oauth2-proxy")]
    /// Makes a configuration and all manifests out of the settings of oauth2-proxy
    Oauth2Proxy(Box<oauth2_proxy::Arguments>),
    /// Makes a configuration and all manifests out of the settings of Pomerium
    Pomerium(Box<pomerium::Arguments>),
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Outcome {
    let outcome = match &arguments.from {
        From::Alb(arguments) => alb::run(arguments, world),
        From::Authservice(arguments) => authservice::run(arguments, world),
        From::Kong(arguments) => kong::run(arguments, world),
        From::Oauth2Proxy(arguments) => oauth2_proxy::run(arguments, world),
        From::Pomerium(arguments) => pomerium::run(arguments, world),
    };
    outcome.unwrap_or_else(Outcome::failed)
}
