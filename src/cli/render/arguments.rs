//! What can be chosen about the files.
//!
//! Decides the options, their defaults, and that none of another target's is taken in silence. What they do is decided where they
//! are used.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum, error::ErrorKind, parser::ValueSource};

/// The gateway that files are for, and what was chosen about it.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) enum Gateway<'a> {
    /// A plain Envoy.
    Envoy(&'a EnvoyArguments),
    /// An ingress gateway of Istio's.
    Istio(&'a IstioArguments),
}

/// The options of a command that can write for either.
#[derive(Debug)]
pub(in crate::cli) struct GatewayArguments(Either);

#[derive(Debug, Args)]
struct Either {
    /// What the files are for
    #[arg(long, value_enum, default_value_t = Target::Istio)]
    target: Target,
    #[command(flatten)]
    istio: IstioArguments,
    #[command(flatten)]
    envoy: EnvoyArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// A plain Envoy
    Envoy,
    /// An ingress gateway of Istio's
    Istio,
}

impl GatewayArguments {
    /// The one that was chosen.
    pub(in crate::cli) const fn gateway(&self) -> Gateway<'_> {
        match self.0.target {
            Target::Envoy => Gateway::Envoy(&self.0.envoy),
            Target::Istio => Gateway::Istio(&self.0.istio),
        }
    }
}

impl Args for GatewayArguments {
    fn augment_args(command: Command) -> Command {
        Either::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Either::augment_args_for_update(command)
    }
}

impl FromArgMatches for GatewayArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let either = Either::from_arg_matches(matches)?;
        let (foreign, theirs) = match either.target {
            Target::Envoy => (given::<IstioArguments>(matches), "istio"),
            Target::Istio => (given::<EnvoyArguments>(matches), "envoy"),
        };
        match foreign.is_empty() {
            true => Ok(Self(either)),
            false => {
                let said = format!("only with --target {theirs}: {}\n", foreign.join(", "));
                Err(clap::Error::raw(ErrorKind::ArgumentConflict, said))
            }
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Those of these options that stand on the command line.
fn given<A: Args>(matches: &ArgMatches) -> Vec<String> {
    let options = A::augment_args(Command::new(""));
    let options = options.get_arguments().filter_map(|option| Some((option.get_id().as_str(), option.get_long()?)));
    let given = options.filter(|(id, _)| matches.value_source(id) == Some(ValueSource::CommandLine));
    given.map(|(_, name)| format!("--{name}")).collect()
}

/// The gateway, and what stands behind it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Istio")]
pub(in crate::cli) struct IstioArguments {
    /// The gateway's namespace
    #[arg(long, value_name = "NAMESPACE", default_value = "istio-system")]
    pub(super) namespace: String,
    /// A label of the gateway's pods; can be given several times
    #[arg(long, value_name = "NAME=VALUE", default_value = "istio=ingressgateway")]
    pub(super) selector: Vec<String>,
    /// The gateway's Deployment
    #[arg(long, value_name = "DEPLOYMENT", default_value = "istio-ingressgateway")]
    pub(super) gateway: String,
    /// A service account whose word about identities the applications take, `NAME` of the gateway's namespace or
    /// `NAMESPACE/NAME`; can be given several times, the gateway's own first
    #[arg(long, value_name = "ACCOUNT", default_value = "istio-ingressgateway-service-account")]
    pub(super) service_account: Vec<String>,
    /// The mesh's trust domain
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    pub(super) trust_domain: String,
    /// The release of Istio, such as 1.28 or 1.28.3; older ones than 1.28 are written for, but never tested
    #[arg(long, value_name = "RELEASE", default_value = "1.28")]
    pub(super) istio: String,
    /// Where the gateway fetches the module: oci://, https:// or file://
    #[arg(long, value_name = "URL")]
    pub(super) image: Option<String>,
    /// The digest of the image's manifest, or the hash of the file
    #[arg(long, value_name = "HEX", conflicts_with = "dist")]
    pub(super) sha256: Option<String>,
    /// What `cargo xtask dist` wrote: the image's digest is read there
    #[arg(long, value_name = "FOLDER")]
    pub(super) dist: Option<PathBuf>,
    /// A namespace of applications that believe the identity headers; several can be given. In `kubeflow`, the word of the
    /// dashboard and of the pipelines' page counts, too
    #[arg(long, value_name = "NAMESPACE", num_args = 1..)]
    pub(super) applications: Vec<String>,
    /// Write a Kustomize component that takes the place of Kubeflow's authservice
    #[arg(long)]
    pub(super) kubeflow: bool,
    /// Let everybody reach Dex, below /dex
    #[arg(long)]
    pub(super) keep_dex_open: bool,
}

impl IstioArguments {
    /// Whether Kubeflow is behind it.
    pub(in crate::cli) fn is_for_kubeflow(&self) -> bool {
        self.kubeflow || self.applications.iter().any(|namespace| namespace == "kubeflow")
    }
}

/// The proxy, and what stands behind it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Envoy")]
pub(in crate::cli) struct EnvoyArguments {
    /// Where Envoy listens
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8443")]
    pub(super) listen: String,
    /// The application to protect
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub(super) upstream: String,
    /// The certificate that people see
    #[arg(long, value_name = "FILE", default_value = "/etc/envoy/tls.crt")]
    pub(super) tls_certificate: String,
    /// Its key
    #[arg(long, value_name = "FILE", default_value = "/etc/envoy/tls.key")]
    pub(super) tls_key: String,
    /// Listen in clear text, where another proxy in front takes TLS off
    #[arg(long, conflicts_with_all = ["tls_certificate", "tls_key"])]
    pub(super) plain: bool,
    /// The module
    #[arg(long, value_name = "FILE", default_value = "/etc/envoy/edge_oidc.wasm")]
    pub(super) wasm: String,
    /// The certificates of the authorities that vouch for the provider
    #[arg(long, value_name = "FILE", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    pub(super) trusted_ca: String,
}

/// Where files are written.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct OutputArguments {
    /// The folder for the files
    #[arg(long, value_name = "FOLDER", default_value = "edge-oidc")]
    pub(super) output: PathBuf,
    /// Replace files that are there already; those with secrets stay
    #[arg(long)]
    pub(super) replace: bool,
}
