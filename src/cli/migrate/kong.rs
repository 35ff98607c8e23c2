//! `edge-oidc migrate kong FILE...`: everything that takes the place of Kong's `openid-connect` plugin, out of its own settings.
//!
//! Decides the options.
//!
//! | File | Decides |
//! |---|---|
//! | `input` | what the files say |
//! | `fields` | which settings there are, and which have no counterpart |
//! | `translate` | what becomes of each setting |

mod fields;
mod input;
mod translate;

use std::path::PathBuf;

use clap::Args;

use self::input::Inputs;
use super::{
    Outcome, World,
    conclusion::{Ending, Telling, Translation, conclude, refused},
    ledger, manifest, render, terms, yaml,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// kong.yml as decK writes it, a plugin as the Admin API shows it, KongPlugin objects with their Secrets, kong.conf or an
    /// environment file, the identity provider of Konnect's Dev Portal; `-` is the standard input
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
    /// Only the plugin of this instance, route or service; can be given several times
    #[arg(long = "plugin", value_name = "NAME")]
    plugins: Vec<String>,
    /// The issuer, in place of `issuer`
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The client's id, in place of `client_id`
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The domain of a Cognito pool; of several pools POOL_ID=HOST for each
    #[arg(long = "domain", value_name = "HOST")]
    domains: Vec<String>,
    /// A host that the provider's metadata names beside the issuer's; can be given several times
    #[arg(long = "provider-host", value_name = "HOST")]
    provider_hosts: Vec<String>,
    /// The path that the provider sends browsers back to, in place of the path of `redirect_uri`
    #[arg(long, value_name = "PATH")]
    callback: Option<String>,
    /// An audience for which bearer tokens may be, beside `audience_required`; can be given several times
    #[arg(long = "audience", value_name = "AUDIENCE")]
    audiences: Vec<String>,
    /// A client of a Cognito pool whose access tokens count, beside `client_id`; can be given several times
    #[arg(long = "bearer-client", value_name = "ID")]
    bearer_clients: Vec<String>,
    /// Somebody whom Kong knows as a consumer, beside those of the files; can be given several times
    #[arg(long = "consumer", value_name = "NAME")]
    consumers: Vec<String>,
    /// Let everybody in whom the provider signs in, where Kong let its consumers in only
    #[arg(long, conflicts_with = "consumers")]
    without_consumers: bool,
    /// Let everyone pass on routes of the files that have no plugin of Kong's which may decide who passes
    #[arg(long)]
    open_routes: bool,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Result<Outcome, String> {
    let choices = &arguments.choices;
    terms::judge_public_urls(&choices.public_urls)?;
    let mut inputs = Inputs::read(&arguments.files, world)?;
    if !choices.plugins.is_empty() {
        let all = std::mem::take(&mut inputs.plugins);
        (inputs.plugins, inputs.left_out) = all.into_iter().partition(|plugin| choices.plugins.contains(&plugin.label));
    }
    let Some(first) = inputs.plugins.first().cloned() else {
        let refusals: Vec<_> = inputs.problems.into_iter().chain([none_there(choices)]).collect();
        return Ok(refused(String::new(), &refusals));
    };
    let heading = heading(&inputs);
    let translation = translate::translate(&first, inputs, choices);
    let telling = Telling { heading, notes: NOTES, authservice: false, last_steps: LAST };
    conclude(&translation, &telling, &arguments.ending, world)
}

/// What was read.
fn heading(inputs: &Inputs) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (plugins, routes) = (inputs.plugins.len(), inputs.declared.routes.len());
    format!("Kong's openid-connect: {}, {}.\n", count(plugins, "plugin"), count(routes, "route"))
}

fn none_there(choices: &Choices) -> String {
    match choices.plugins.as_slice() {
        [] => "no `openid-connect` plugin is in these files: add the file that has it".to_owned(),
        names => format!("--plugin {}: no `openid-connect` plugin of that name is in these files", names.join(", ")),
    }
}

const NOTES: &str = "\ndocs/kong.md says more about each.\n";
/// What comes last: until then people sign in at Kong.
const LAST: &[&str] = &[
    "sign in yourself at a host that nobody uses yet, then lead the hosts to this gateway; Kong's plugin stays as it is until \
     nobody comes there any more, so that going back is leading the hosts back",
];
