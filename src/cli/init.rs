//! `edge-oidc init cognito`: a configuration for a Cognito pool, and everything around it.
//!
//! Decides what AWS's identifiers look like, what is asked of the app client, and what a first configuration says. The files are
//! `render`'s.

mod cognito;

use clap::{Args, Subcommand};

use super::{
    Outcome, World,
    render::{self, Beforehand, Gateway, GatewayArguments, Material, OutputArguments, Refusals, SecretValue},
    yaml::Tree,
};
use crate::{config::Config, http::public_urls::PublicUrl, secret::Secret};
use cognito::{Domain, IssuerType, Pool};

/// What to begin with.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    provider: Provider,
}

#[derive(Debug, Subcommand)]
enum Provider {
    /// A user pool of Amazon Cognito's
    Cognito(Box<CognitoArguments>),
}

#[derive(Debug, Args)]
struct CognitoArguments {
    /// The user pool, such as us-east-1_AbCdEf012
    #[arg(long, value_name = "POOL")]
    pool_id: String,
    /// The app client
    #[arg(long, value_name = "CLIENT")]
    client_id: String,
    /// The pool's domain: the prefix of an amazoncognito.com name, or the whole name
    #[arg(long, value_name = "PREFIX|HOST")]
    domain: String,
    /// Where people reach the applications, such as https://kubeflow.example.com; can be given several times
    #[arg(long, value_name = "URL", required = true)]
    host: Vec<String>,
    /// The app client has no secret
    #[arg(long)]
    public_client: bool,
    /// The form of the pool's issuer
    #[arg(long, value_enum, default_value_t = IssuerType::Original)]
    issuer_type: IssuerType,
    #[command(flatten)]
    gateway: GatewayArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What the options say.
struct Choices<'a> {
    issuer: String,
    domain: Domain,
    client: &'a str,
    hosts: Vec<String>,
    /// Whether it is a trial on this machine, without TLS.
    is_trial: bool,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Outcome {
    let Provider::Cognito(arguments) = &arguments.provider;
    match init(arguments, world) {
        Ok(output) => Outcome { output, ..Outcome::default() },
        Err(error) => Outcome::failed(error),
    }
}

fn init(arguments: &CognitoArguments, world: &dyn World) -> Result<String, String> {
    let choices = choices(arguments, world)?;
    let gateway = arguments.gateway.gateway();
    let configuration = configuration(arguments, &choices);
    let mut secrets = vec![render::new_session_key()?];
    if !arguments.public_client {
        let value = world.variable(render::CLIENT_SECRET).filter(|value| !value.is_empty()).map(Secret::new);
        secrets.push(SecretValue { variable: render::CLIENT_SECRET.to_owned(), value });
    }
    let command = "edge-oidc init cognito".to_owned();
    let domain = choices.domain.host();
    let material = Material { command, configuration, secrets, provider_hosts: vec![domain.to_owned()] };
    let config = material.understand()?;
    let (source, again) = match gateway {
        Gateway::Envoy(_) => ("envoy/edge-oidc.yaml", "envoy"),
        Gateway::EnvoyGateway(_) => (render::SOURCE, "envoy-gateway"),
        Gateway::Istio(_) => (render::SOURCE, "istio"),
    };
    let mut steps = vec![format!(
        "read {source} once, above all `lowercase` and `transforms` in it; after a change, and with the same options as now: \
         edge-oidc render {again} {source} --provider-host {domain} --output . --replace"
    )];
    steps.extend(choices.is_trial.then(|| TRIAL.to_owned()));
    let mut files = render::files(&material, gateway, &Beforehand { steps: &steps, authservice: false }, world)?;
    if let Gateway::EnvoyGateway(_) | Gateway::Istio(_) = gateway {
        files.artifacts.insert(0, render::source(&material));
    }
    let report = render::report(&files, &arguments.output, world)?;
    Ok(format!("{}\n{report}", registration(&config, arguments)))
}

/// All options, or all that is wrong with them.
fn choices<'a>(arguments: &'a CognitoArguments, world: &dyn World) -> Result<Choices<'a>, String> {
    let mut refusals = Refusals::default();
    let pool = refusals.keep(Pool::parse(&arguments.pool_id));
    let client = refusals.keep(cognito::client_id(&arguments.client_id));
    let domain = pool.as_ref().and_then(|pool| refusals.keep(Domain::parse(&arguments.domain, pool)));
    let hosts: Vec<_> = arguments.host.iter().filter_map(|host| refusals.keep(public_url(host))).collect();
    let is_clear = |host: &&String| host.starts_with("http://");
    let is_trial = hosts.iter().all(|host| is_clear(&host));
    if !is_trial && let Some(host) = hosts.iter().find(is_clear) {
        refusals.keep::<()>(Err(format!(
            "--host {host}: is without TLS, for a trial on this machine, and other hosts are not; leave it out, or give it an \
             `init` and an --output of its own"
        )));
    }
    refusals.keep(render::judge(arguments.gateway.gateway(), world));
    let said = refusals.end();
    match (pool, client, domain) {
        (Some(pool), Some(client), Some(domain)) => {
            let issuer = pool.issuer(arguments.issuer_type);
            said.map(|()| Choices { issuer, domain, client, hosts, is_trial })
        }
        _ => Err(said.err().unwrap_or_default()),
    }
}

/// A name alone is meant with https.
fn public_url(text: &str) -> Result<String, String> {
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = url.trim_end_matches('/').to_owned();
    if url.contains('*') {
        return Err(format!("--host {text}: Cognito registers no wildcards; name each host with a --host of its own"));
    }
    match PublicUrl::parse(&url) {
        Ok(_) => Ok(url),
        Err(error) => Err(format!("--host {text}: {error}; write an origin such as https://kubeflow.example.com")),
    }
}

fn configuration(arguments: &CognitoArguments, choices: &Choices<'_>) -> Tree {
    let variable = |name: &str| Tree::map().with("env", name);
    let provider = Tree::map().with("issuer", choices.issuer.as_str()).with("clientId", choices.client);
    let provider = match arguments.public_client {
        true => provider,
        false => provider.with("clientSecret", variable(render::CLIENT_SECRET)),
    };
    let user_id = Tree::map().with("claim", "email").explained(USER_ID, "header", "kubeflow-userid");
    let groups = Tree::map().with("claim", "cognito:groups").with("header", "kubeflow-groups");
    let tree = Tree::map().explained(PROVIDER, "providers", Tree::list([provider])).explained(
        PUBLIC_URLS,
        "publicUrls",
        Tree::list(choices.hosts.iter().map(|host| Tree::from(host.as_str()))),
    );
    let tree = match arguments.gateway.gateway() {
        Gateway::Istio(istio) if istio.is_for_kubeflow() => {
            tree.explained(PATHS, "paths", Tree::map().with("signOut", "/oauth2/sign_out"))
        }
        _ => tree,
    };
    let session = Tree::map().explained(KEYS, "keys", Tree::list([variable(render::SESSION_KEY)]));
    let session = match choices.is_trial {
        true => session.explained(INSECURE, "cookie", Tree::map().with("insecure", true)),
        false => session,
    };
    tree.with("session", session).explained(
        IDENTITY,
        "identity",
        Tree::map().with("userId", user_id).with("groups", groups),
    )
}

/// What must be registered at the app client, and how the AWS command line does it.
fn registration(config: &Config, arguments: &CognitoArguments) -> String {
    let callbacks: Vec<_> = config.providers().iter().map(|provider| config.callback_path(provider)).collect();
    let urls = |paths: &[String]| -> Vec<String> {
        let of = |path: &String| config.public_urls.iter().map(move |url| format!("{url}{path}")).collect::<Vec<_>>();
        paths.iter().flat_map(of).collect()
    };
    let (callbacks, sign_outs) = (urls(&callbacks), urls(&["/".to_owned()]));
    let lines = |what: &str, urls: &[String]| urls.iter().map(|url| format!("  {what} {url}\n")).collect::<String>();
    let client = format!("--user-pool-id {} --client-id {}", arguments.pool_id, arguments.client_id);
    let secret = match arguments.public_client {
        true => String::new(),
        false => format!(
            "\nIts secret; in the variable {} of this command it goes into the file for secrets\n  aws cognito-idp \
             describe-user-pool-client {client} --query UserPoolClient.ClientSecret --output text\n",
            render::CLIENT_SECRET
        ),
    };
    format!(
        "At the app client, register\n{}{}\nThe command for it; it sets back every setting of the app client that it leaves out\n  \
         aws cognito-idp update-user-pool-client {client} \\\n{SETTINGS}    --callback-urls '{}' --logout-urls '{}'\n{secret}",
        lines("callback URL", &callbacks),
        lines("sign-out URL", &sign_outs),
        serde_json::Value::from(callbacks),
        serde_json::Value::from(sign_outs),
    )
}

const SETTINGS: &str = concat!(
    "    --allowed-o-auth-flows-user-pool-client --allowed-o-auth-flows code --allowed-o-auth-scopes openid email profile \\\n",
    "    --supported-identity-providers COGNITO --explicit-auth-flows ALLOW_USER_SRP_AUTH \\\n",
    "    --enable-token-revocation --prevent-user-existence-errors ENABLED \\\n",
    "    --access-token-validity 60 --id-token-validity 60 --refresh-token-validity 1 \\\n",
    "    --token-validity-units AccessToken=minutes,IdToken=minutes,RefreshToken=days \\\n",
    "    --refresh-token-rotation Feature=ENABLED,RetryGracePeriodSeconds=30 \\\n",
);
const PROVIDER: &str = "Who signs people in.";
const PUBLIC_URLS: &str =
    "Where people reach the applications. <this>/oauth2/callback and <this>/ are registered at the app client.";
const PATHS: &str = "Where the dashboard of Kubeflow 1.9.2 and newer signs people out.";
const KEYS: &str = "32 bytes or more each. The first seals, all of them open.";
const IDENTITY: &str = "The headers that the applications get, and that no client can bring.";
const USER_ID: &str = "Kubeflow compares user ids letter by letter. To have them in small letters, and profiles likewise:\n  \
                       lowercase: true\nTo cut a domain off, where profiles have short names:\n  \
                       transforms: [{ matches: '@example\\.com$', replaces: '' }]";
const INSECURE: &str =
    "Cookies without `Secure`: for a trial on this machine, never for anything that others can reach.";
const TRIAL: &str =
    "without TLS this is a trial on this machine: cookies are not `Secure`; give an https --host for anything else";
