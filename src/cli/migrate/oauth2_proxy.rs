//! `edge-oidc migrate oauth2-proxy FILE...`: everything that takes oauth2-proxy's place, out of its own settings.
//!
//! Decides the options.
//!
//! | File | Decides |
//! |---|---|
//! | `input` | what the files say |
//! | `names`, `values` | which settings there are, and what their texts are worth |
//! | `pattern` | which paths an expression opens |
//! | `translate` | what becomes of each setting |

mod input;
mod names;
mod pattern;
mod translate;
mod values;

use std::path::PathBuf;

use clap::Args;

use self::{input::Inputs, translate::Given};
use super::{
    Outcome, World,
    conclusion::{Ending, Telling, Translation, conclude, refused},
    ledger, manifest, render, terms, yaml,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration files, command lines with flags, env files, files of Docker Compose, the alpha configuration, the file of e-mail
    /// addresses, or Kubernetes YAML: the Deployment, its ConfigMaps and Secrets, Istio's objects around it; `-` is the standard input
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
    /// Where people reach the gateway, such as https://app.example.com; can be given several times. Without it the host of
    /// `redirect_url` counts
    #[arg(long = "public-url", value_name = "URL")]
    public_urls: Vec<String>,
    /// The issuer, in place of oidc_issuer_url
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The domain of a Cognito pool
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// A host that the provider's metadata names beside the issuer's; can be given several times
    #[arg(long = "provider-host", value_name = "HOST")]
    provider_hosts: Vec<String>,
    /// Where browsers sign in, in place of login_url: absolute, or a path at the public URL
    #[arg(long, value_name = "URL")]
    authorization_url: Option<String>,
    /// A path that everyone may see, with all below it, beside those of the settings; can be given several times
    #[arg(long, value_name = "PATH")]
    open: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Result<Outcome, String> {
    terms::judge_public_urls(&arguments.choices.public_urls)?;
    let inputs = Inputs::read(&arguments.files, world)?;
    let mut heading = String::new();
    ledger::wrap("", "Settings of oauth2-proxy 7.", &mut heading);
    // What such a file says is not known, so nothing else would be true.
    if !inputs.unread.is_empty() {
        return Ok(refused(format!("{heading}\n"), &inputs.unread));
    }
    let (translation, last) = translate::translate(Given::new(inputs, &arguments.choices));
    let last: Vec<_> = last.iter().map(String::as_str).collect();
    let telling = Telling { heading, notes: NOTES, last_steps: &last, ..Telling::default() };
    conclude(&translation, &telling, &arguments.ending, world)
}

/// Where there is more to read.
const NOTES: &str = "\nMore on each: docs/oauth2-proxy.md.\n";
