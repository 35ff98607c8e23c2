//! `edge-oidc migrate authservice FILE...`: everything that takes authservice's place, out of its own settings.
//!
//! Decides the options.
//!
//! | File | Decides |
//! |---|---|
//! | `input` | what the files say |
//! | `dialect`, `names` | which authservice they were for, and what that one read |
//! | `go` | booleans, integers, lists and URLs as it read them |
//! | `translate` | what becomes of each setting |

mod dialect;
mod go;
mod input;
mod names;
mod translate;

use std::path::PathBuf;

use clap::Args;

use self::{
    dialect::{Detected, Dialect},
    input::Inputs,
    translate::Given,
};
use super::{
    Outcome, World,
    conclusion::{Ending, Telling, Translation, conclude, refused},
    ledger, manifest, pool, render, terms, yaml,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Env files, or Kubernetes YAML: ConfigMaps, Secrets, the StatefulSet; `-` is the standard input
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
    /// Where people reach the gateway, such as https://kubeflow.example.com; can be given several times. authservice took any
    /// host; a sign-in that begins at one nobody named would be anyone's
    #[arg(long = "public-url", value_name = "URL", required = true)]
    public_urls: Vec<String>,
    /// Whose settings they are, if their names and the image do not tell
    #[arg(long, value_enum)]
    dialect: Option<Dialect>,
    /// The issuer, in place of OIDC_PROVIDER
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The client's id, in place of CLIENT_ID
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The domain of a Cognito pool
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// A host that the provider's metadata names beside the issuer's; can be given several times
    #[arg(long = "provider-host", value_name = "HOST")]
    provider_hosts: Vec<String>,
    /// The path of authservice's endpoints, in place of AUTHSERVICE_URL_PREFIX
    #[arg(long, value_name = "PATH")]
    url_prefix: Option<String>,
    /// Where browsers sign in, in place of OIDC_AUTH_URL: absolute, or a path at the public URL
    #[arg(long, value_name = "URL")]
    authorization_url: Option<String>,
    /// The header of the user id, in place of USERID_HEADER
    #[arg(long, value_name = "NAME")]
    user_id_header: Option<String>,
    /// The issuer of the cluster's service accounts' tokens, to take those
    #[arg(long, value_name = "URL")]
    kubernetes_issuer: Option<String>,
    /// A path that everyone may see, with all below it, beside those of the settings; can be given several times
    #[arg(long, value_name = "PATH")]
    open: Vec<String>,
    /// Ask the provider for a refresh token by the scope `offline_access`
    #[arg(long)]
    offline_access: bool,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Result<Outcome, String> {
    let choices = &arguments.choices;
    terms::judge_public_urls(&choices.public_urls)?;
    let inputs = Inputs::read(&arguments.files, world)?;
    if !inputs.unclear.is_empty() {
        return Ok(refused(String::new(), &inputs.unclear));
    }
    let Some(Detected { dialect, why }) = chosen(choices).or_else(|| dialect::detect(&inputs)) else {
        let refusals: Vec<_> = inputs.problems.into_iter().chain([UNKNOWN.to_owned()]).collect();
        return Ok(refused(String::new(), &refusals));
    };
    let mut heading = String::new();
    ledger::wrap("", &format!("Settings of {dialect}, since {why}."), &mut heading);
    let translation = translate::translate(Given::new(dialect, inputs, choices));
    let is_balanced = dialect == Dialect::LoadBalancer;
    let telling = Telling {
        heading,
        notes: NUMBERS,
        authservice: !is_balanced,
        last_steps: if is_balanced { LAST } else { &[] },
    };
    conclude(&translation, &telling, &arguments.ending, world)
}

fn chosen(choices: &Choices) -> Option<Detected> {
    Some(Detected { dialect: choices.dialect?, why: "`--dialect` says so".to_owned() })
}

/// Where there is more to read.
const NUMBERS: &str = "\nF-1 and the like are numbers in docs/authservice.md.\n";
const UNKNOWN: &str = "nothing in these files tells which authservice they were for: add the file that has \
                       AUTHSERVICE_URL_PREFIX or SKIP_AUTH_URI, or say it by \
                       `--dialect`";
/// What comes last where a load balancer signed people in. Until then people sign in twice; the other way round nobody would.
const LAST: &[&str] = &[
    "when the plugin answers, and never before: take the action `authenticate-cognito` away from the load balancer's listener (of \
     the Ingress: the annotations `alb.ingress.kubernetes.io/auth-*`), and the EnvoyFilter that reads `x-amzn-oidc-data`",
    "sign in yourself before everyone does: docs/authservice.md says how to go back",
];
