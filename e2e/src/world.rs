//! Everything that runs, joined by the shipped file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use devkit::cognito::{Cognito, Control};
use devkit::envoy::local::{APP_CLUSTER, DOMAIN_CLUSTER, ISSUER_CLUSTER, session_key};
use devkit::envoy::{Envoy, Setup};
use devkit::tls::{self, TestCa};
use devkit::upstream::Upstream;

use crate::shape::{APP, CLIENT_SECRET, DOMAIN, ISSUER};
use crate::{Builder, Habits, Net, Person, Raw};

/// A local Cognito, an application, and Envoy with the filter between them and the people.
pub struct World {
    /// The proxy.
    pub envoy: Envoy,
    /// The application.
    pub upstream: Arc<Upstream>,
    /// The provider.
    pub cognito: Arc<Cognito>,
    /// How clients get there.
    pub net: Net,
    /// The secrets that the filter was given: client secret and session key. No log may ever show them.
    pub secrets: Vec<String>,
    /// For a browser's `--ignore-certificate-errors-spki-list`: the keys of the gateway and of all providers.
    pub spki_sha256: Vec<String>,
    setup: Setup,
    files: Arc<Files>,
}

impl World {
    /// A world with one worker and the shipped files.
    pub async fn start() -> World {
        Self::builder().start().await
    }

    /// A world of another shape.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A person with a browser of their own, that speaks HTTP/1.1 and keeps its connections.
    pub fn person(&self) -> Person {
        self.person_with(Habits::default())
    }

    /// A person with other habits.
    pub fn person_with(&self, habits: Habits) -> Person {
        Person::new(&self.net, habits)
    }

    /// A socket to the gateway.
    pub async fn raw(&self) -> Raw {
        Raw::connect(&self.net, APP).await
    }

    /// A hand on the provider.
    pub fn control(&self) -> Control {
        self.cognito.control()
    }

    /// Another Envoy of the same shape but for `change`, between the same people, provider and application: a replica.
    pub async fn replica(&self, change: impl FnOnce(Setup) -> Setup) -> World {
        let setup = change(self.setup.clone());
        let envoy = setup.clone().start().await.expect("the replica did not start");
        World {
            net: self.net.with_gateway(envoy.addr()),
            envoy,
            upstream: Arc::clone(&self.upstream),
            cognito: Arc::clone(&self.cognito),
            secrets: self.secrets.clone(),
            spki_sha256: self.spki_sha256.clone(),
            setup,
            files: Arc::clone(&self.files),
        }
    }

    pub(crate) async fn of(mut shape: Builder) -> Result<World> {
        tls::use_ring();
        let ca = shape.authority.take().map_or_else(TestCa::new, Ok)?;
        let files = Arc::new(Files::new());
        let (gateway, provider) = (ca.server(&gateway_names(&shape))?, ca.server(&[ISSUER, DOMAIN])?);
        shape.options.tls = Some(Arc::clone(&provider.config));
        let cognito = Cognito::start(std::mem::take(&mut shape.options)).await.context("the local Cognito")?;
        let cognito = Arc::new(cognito);
        let upstream = Arc::new(Upstream::start(([127, 0, 0, 1], 0).into()).await.context("the application")?);
        let (certificate, key) = gateway.write_to(&files.0)?;
        let secrets = vec![CLIENT_SECRET.to_owned(), session_key()?];
        let setup = shape
            .neighbours
            .iter()
            .try_fold(shape.file()?, |setup, neighbour| neighbour.join(setup))?
            .cluster_address(APP_CLUSTER, shape.app.unwrap_or(upstream.addr()))?
            .cluster_address(ISSUER_CLUSTER, cognito.issuer_addr())?
            .cluster_address(DOMAIN_CLUSTER, cognito.domain_addr())?
            .trusted_ca(ca.write_to(&files.0)?)
            .downstream_tls(certificate, key)
            .env("OIDC_CLIENT_SECRET", &secrets[0])
            .env("SESSION_KEY", &secrets[1])
            .workers(shape.workers)
            .version(&shape.version);
        let mut setup = shape.shaped(setup)?;
        setup.log_level.clone_from(&shape.log_level);
        setup.extra_args.append(&mut shape.extra_args);
        let envoy = setup.clone().start().await?;
        let hosts = hosts(&shape, envoy.addr(), &cognito);
        let net = Net { ca_pem: ca.pem().to_owned(), hosts, upstream: Arc::clone(&upstream) };
        let spki_sha256 = [gateway.spki_sha256, provider.spki_sha256].into_iter().chain(shape.spki_sha256).collect();
        Ok(World { envoy, upstream, cognito, net, secrets, spki_sha256, setup, files })
    }
}

fn gateway_names(shape: &Builder) -> Vec<&str> {
    [APP].into_iter().chain(shape.hosts.iter().map(String::as_str)).collect()
}

/// Who is where, the gateway first.
fn hosts(shape: &Builder, gateway: SocketAddr, cognito: &Cognito) -> Vec<(String, SocketAddr)> {
    let gateways = gateway_names(shape).into_iter().map(|name| (name.to_owned(), gateway));
    let provider = [(ISSUER, cognito.issuer_addr()), (DOMAIN, cognito.domain_addr())];
    let provider = provider.map(|(name, addr)| (name.to_owned(), addr));
    let neighbours = shape.neighbours.iter().filter_map(|neighbour| Some((neighbour.host.clone()?, neighbour.addr)));
    gateways.chain(provider).chain(neighbours).collect()
}

/// A folder for certificates that goes with the world.
pub(crate) struct Files(pub(crate) PathBuf);

impl Files {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("edge-oidc-e2e-{}-{count}", std::process::id())))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
