//! `edge-oidc migrate authservice FILE...`: everything that takes authservice's place, out of its own settings.
//!
//! Decides the options, and that nothing is written where something stands in the way.
//!
//! | File | Decides |
//! |---|---|
//! | `input` | what the files say |
//! | `dialect`, `names` | which authservice they were for, and what that one read |
//! | `go` | booleans, integers, lists and URLs as it read them |
//! | `translate` | what becomes of each setting |
//! | `ledger` | the tables that people read |

mod dialect;
mod go;
mod input;
mod ledger;
mod names;
mod translate;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::{
    dialect::{Detected, Dialect},
    input::Inputs,
    translate::{Given, Translation},
};
use super::{
    Outcome, World,
    render::{self, Beforehand, GatewayArguments, Material, OutputArguments},
};
use crate::{
    config::{Config, Environment, Problem},
    http::public_urls::PublicUrl,
};

/// What is migrated from.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// Makes a configuration and all manifests out of the settings of oidc-authservice
    Authservice(Box<Authservice>),
}

#[derive(Debug, Args)]
struct Authservice {
    /// Env files, or Kubernetes YAML: ConfigMaps, Secrets, the StatefulSet; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    gateway: GatewayArguments,
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

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Outcome {
    let From::Authservice(arguments) = &arguments.from;
    authservice(arguments, world).unwrap_or_else(Outcome::failed)
}

fn authservice(arguments: &Authservice, world: &dyn World) -> Result<Outcome, String> {
    let choices = &arguments.choices;
    for url in &choices.public_urls {
        PublicUrl::parse(url)
            .map_err(|error| format!("--public-url {error}: write it as https://kubeflow.example.com"))?;
    }
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
    let warnings = match check(&translation) {
        Ok(warnings) => warnings,
        Err(refusals) => return Ok(refused(heading + "\n", &refusals)),
    };
    let Translation { material, ledger } = translation;
    let is_balanced = dialect == Dialect::LoadBalancer;
    let beforehand = Beforehand { steps: ledger.steps(), authservice: !is_balanced };
    let mut files = render::files(&material, arguments.gateway.gateway(), &beforehand, world)?;
    files.artifacts.insert(0, render::source(&material));
    files.steps.extend(LAST.iter().filter(|_| is_balanced).map(|step| (*step).to_owned()));
    let files = render::report(&files, &arguments.output, world)?;
    let mut output = heading + &ledger.tables();
    output.push_str(NUMBERS);
    list("Warnings of the new configuration", &warnings, &mut output);
    Ok(Outcome { output: format!("{output}\n{files}"), ..Outcome::default() })
}

fn chosen(choices: &Choices) -> Option<Detected> {
    Some(Detected { dialect: choices.dialect?, why: "`--dialect` says so".to_owned() })
}

/// What stands in the way, all of it, and nothing else.
fn refused(heading: String, refusals: &[String]) -> Outcome {
    let count = match refusals.len() {
        1 => "1 thing stands in the way".to_owned(),
        count => format!("{count} things stand in the way"),
    };
    let mut output = format!("{heading}Nothing was written: {count}.\n");
    refusals.iter().for_each(|refusal| ledger::wrap("  - ", refusal, &mut output));
    Outcome { output, code: 1, ..Outcome::default() }
}

/// The configuration as the filter will read it: its warnings, or all that stands in the way. A problem of the configuration
/// is said of the setting that it comes from; one that comes from none is ours, if nothing else is wrong.
fn check(translation: &Translation) -> Result<Vec<String>, Vec<String>> {
    let ledger = &translation.ledger;
    let tree = translation.material.configuration.to_value();
    let read = Config::read(&tree, &Secrets(&translation.material));
    let refusals = ledger.refusals();
    match &read {
        Ok(config) if refusals.is_empty() => return Ok(config.warnings().iter().map(Problem::to_string).collect()),
        _ => {}
    }
    let problems = read.err().unwrap_or_default();
    let said = |problem: &Problem| match ledger.source_of(problem) {
        Some(source) if refusals.iter().any(|refusal| refusal.starts_with(source)) => None,
        Some(source) => Some(ledger.with_quotes(format!("{source}: {problem}"))),
        None if refusals.is_empty() => {
            Some(format!("{problem}. This is a mistake of edge-oidc's own; please report it"))
        }
        None => None,
    };
    Err(refusals.iter().cloned().chain(problems.iter().filter_map(said)).collect())
}

/// The secrets that are known here; one that is not stands for any that would do.
struct Secrets<'a>(&'a Material);

impl Environment for Secrets<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let secret = self.0.secrets.iter().find(|secret| secret.variable == name)?;
        let value = secret.value.as_ref().map(|value| value.secret().clone());
        Some(value.unwrap_or_else(|| "to-be-filled-in".to_owned()))
    }
}

fn list(title: &str, lines: &[String], output: &mut String) {
    if !lines.is_empty() {
        output.extend(["\n", title, "\n"]);
        lines.iter().for_each(|line| ledger::wrap("  - ", line, output));
    }
}

/// Where there is more to read.
const NUMBERS: &str = "\nF-1 and the like are numbers in docs/authservice.md.\n";
const UNKNOWN: &str = "nothing in these files tells which authservice they were for: add the file that has \
                       AUTHSERVICE_URL_PREFIX or SKIP_AUTH_URI, or say it by \
                       `--dialect`";
/// What comes last where a load balancer signed people in. Until then people sign in twice; the other way round nobody would.
const LAST: [&str; 2] = [
    "when the plugin answers, and never before: take the action `authenticate-cognito` away from the load balancer's listener (of \
     the Ingress: the annotations `alb.ingress.kubernetes.io/auth-*`), and the EnvoyFilter that reads `x-amzn-oidc-data`",
    "sign in yourself before everyone does: docs/authservice.md says how to go back",
];
