//! What can be chosen about the files.
//!
//! Decides the options, their defaults, and that none of another target's is taken in silence. What they do is decided where they
//! are used.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum, error::ErrorKind, parser::ValueSource};

/// The gateway that files are for, and what was chosen about it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::enum_variant_names, reason = "that is what the product is called")]
pub(in crate::cli) enum Gateway<'a> {
    /// A plain Envoy.
    Envoy(&'a EnvoyArguments),
    /// A Gateway of Envoy Gateway's.
    EnvoyGateway(&'a EnvoyGatewayArguments),
    /// An ingress gateway of Istio's.
    Istio(&'a IstioArguments),
}

/// The options of a command that can write for each of them.
#[derive(Debug)]
pub(in crate::cli) struct GatewayArguments {
    target: Target,
    istio: IstioArguments,
    envoy: EnvoyArguments,
    envoy_gateway: EnvoyGatewayArguments,
}

/// All options. What Istio and Envoy Gateway both have is Istio's here.
#[derive(Debug, Args)]
struct All {
    /// What the files are for
    #[arg(long, value_enum, default_value_t = Target::Istio)]
    target: Target,
    #[command(flatten)]
    istio: IstioArguments,
    #[command(flatten)]
    envoy_gateway: FleetArguments,
    #[command(flatten)]
    envoy: EnvoyArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// A plain Envoy
    Envoy,
    /// A Gateway of Envoy Gateway's
    EnvoyGateway,
    /// An ingress gateway of Istio's
    Istio,
}

impl Target {
    /// In the order in which an option is looked for.
    const EACH: [Self; 3] = [Self::Istio, Self::EnvoyGateway, Self::Envoy];

    const fn name(self) -> &'static str {
        match self {
            Self::Envoy => "envoy",
            Self::EnvoyGateway => "envoy-gateway",
            Self::Istio => "istio",
        }
    }

    /// Its options on the command line.
    fn given(self, matches: &ArgMatches) -> Vec<String> {
        match self {
            Self::Envoy => given::<EnvoyArguments>(matches),
            Self::EnvoyGateway => given::<EnvoyGatewayArguments>(matches),
            Self::Istio => given::<IstioArguments>(matches),
        }
    }

    /// The options on the command line that belong to another target alone, and to which.
    fn foreign(self, matches: &ArgMatches) -> Option<(Self, Vec<String>)> {
        let own = self.given(matches);
        let others = Self::EACH.into_iter().map(|other| {
            let foreign = other.given(matches).into_iter().filter(|option| !own.contains(option));
            (other, foreign.collect::<Vec<_>>())
        });
        others.into_iter().find(|(_, foreign)| !foreign.is_empty())
    }
}

impl GatewayArguments {
    /// The one that was chosen.
    pub(in crate::cli) const fn gateway(&self) -> Gateway<'_> {
        match self.target {
            Target::Envoy => Gateway::Envoy(&self.envoy),
            Target::EnvoyGateway => Gateway::EnvoyGateway(&self.envoy_gateway),
            Target::Istio => Gateway::Istio(&self.istio),
        }
    }
}

impl Args for GatewayArguments {
    fn augment_args(command: Command) -> Command {
        All::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        All::augment_args_for_update(command)
    }
}

impl FromArgMatches for GatewayArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let All { target, istio, envoy_gateway: fleet, envoy } = All::from_arg_matches(matches)?;
        if let Some((theirs, foreign)) = target.foreign(matches) {
            let said = format!("only with --target {}: {}\n", theirs.name(), foreign.join(", "));
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, said));
        }
        // Their defaults are not Istio's.
        let or = |id: &str, given: &str, usual: &str| match matches.value_source(id) {
            Some(ValueSource::CommandLine) => given.to_owned(),
            _ => usual.to_owned(),
        };
        let envoy_gateway = EnvoyGatewayArguments {
            namespace: or("namespace", &istio.namespace, NAMESPACE),
            gateway: or("gateway", &istio.gateway, GATEWAY),
            fleet,
            module: istio.module.clone(),
        };
        Ok(Self { target, istio, envoy, envoy_gateway })
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

/// As Envoy Gateway's own first steps name them.
const NAMESPACE: &str = "default";
const GATEWAY: &str = "eg";

/// Where a gateway fetches the module.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct ModuleArguments {
    /// Where the gateway fetches the module: oci:// or https://, with Istio file://, too
    #[arg(long, value_name = "URL")]
    pub(super) image: Option<String>,
    /// The digest of the image's manifest, or the hash of the file
    #[arg(long, value_name = "HEX", conflicts_with = "dist")]
    pub(super) sha256: Option<String>,
    /// What `cargo xtask dist` wrote: the image's digest is read there
    #[arg(long, value_name = "FOLDER")]
    pub(super) dist: Option<PathBuf>,
}

/// A Gateway of Envoy Gateway's.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Envoy Gateway")]
pub(in crate::cli) struct EnvoyGatewayArguments {
    /// The Gateway's namespace
    #[arg(long, value_name = "NAMESPACE", default_value = NAMESPACE)]
    pub(super) namespace: String,
    /// The Gateway
    #[arg(long, value_name = "GATEWAY", default_value = GATEWAY)]
    pub(super) gateway: String,
    #[command(flatten)]
    pub(super) fleet: FleetArguments,
    #[command(flatten)]
    pub(super) module: ModuleArguments,
}

/// What only Envoy Gateway asks for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Envoy Gateway")]
pub(in crate::cli) struct FleetArguments {
    /// The namespace of Envoy's pods
    #[arg(long, value_name = "NAMESPACE", default_value = "envoy-gateway-system")]
    pub(super) proxy_namespace: String,
    /// Envoy's pods are a DaemonSet
    #[arg(long)]
    pub(super) daemon_set: bool,
    /// A listener of the Gateway to protect, in place of all, such as the one for https where plain http only leads there;
    /// can be given several times
    #[arg(long, value_name = "LISTENER", conflicts_with = "http_route")]
    pub(super) listener: Vec<String>,
    /// An HTTPRoute to protect, in place of all that the Gateway has; can be given several times
    #[arg(long, value_name = "ROUTE")]
    pub(super) http_route: Vec<String>,
    /// The namespace of those HTTPRoutes; the Gateway's, if nobody says
    #[arg(long, value_name = "NAMESPACE", requires = "http_route")]
    pub(super) route_namespace: Option<String>,
    /// Write an HTTPRoute for our own endpoints, too: for hosts none of whose HTTPRoutes matches every path
    #[arg(long)]
    pub(super) own_route: bool,
}

/// The gateway, and what stands behind it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Istio")]
pub(in crate::cli) struct IstioArguments {
    /// The gateway's namespace; of a Gateway of Envoy Gateway's `default`, if nobody says
    #[arg(long, value_name = "NAMESPACE", default_value = "istio-system")]
    pub(super) namespace: String,
    /// A label of the gateway's pods; can be given several times
    #[arg(long, value_name = "NAME=VALUE", default_value = "istio=ingressgateway")]
    pub(super) selector: Vec<String>,
    /// The gateway's Deployment; with Envoy Gateway the Gateway itself, `eg` if nobody says
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
    #[command(flatten)]
    pub(super) module: ModuleArguments,
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
