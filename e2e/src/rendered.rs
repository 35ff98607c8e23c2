//! A gateway that is started from what the tool wrote: the file as it is, but for what a machine without a network needs.
//!
//! That is: where names lead, which authority is trusted, the listener's port and certificate, the module. Whom a cluster must
//! be, and whether it speaks TLS, is as it was written. Secrets come from the file that was written for them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use devkit::cognito::{Cognito, Options};
use devkit::envoy::{Envoy, Setup, wasm_module};
use devkit::install::ENVOY_NEWEST;
use devkit::tls::{self, TestCa};
use devkit::upstream::Upstream;
use serde_json::{Value, json};

use crate::world::Files;
use crate::{Builder, DOMAIN, Habits, ISSUER, Net, Person};

const ROUTES: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes";

/// A gateway to be.
pub struct Rendered {
    setup: Setup,
    host: String,
    places: Vec<(String, SocketAddr)>,
    people: Vec<(String, SocketAddr)>,
    authority: TestCa,
}

/// A running gateway, with an application behind it.
pub struct Gateway {
    /// The proxy.
    pub envoy: Envoy,
    /// The application.
    pub upstream: Arc<Upstream>,
    /// How clients get there.
    pub net: Net,
    /// The proxy's environment: the secrets.
    pub environment: BTreeMap<String, String>,
    _files: Files,
}

impl Rendered {
    /// From files that the tool wrote: Envoy's configuration, and its environment, which a shell reads.
    pub fn new(config: &Path, environment: &Path, host: &str) -> Rendered {
        let setup = Setup::from_file(config).unwrap_or_else(|error| panic!("{error:#}"));
        let variables = sourced(environment);
        variables.iter().fold(Self::of(setup, host), |rendered, (name, value)| rendered.env(name, value))
    }

    /// From a configuration that was read already.
    pub fn of(setup: Setup, host: &str) -> Rendered {
        tls::use_ring();
        let version = std::env::var("EDGE_OIDC_ENVOY").unwrap_or_else(|_| ENVOY_NEWEST.to_owned());
        Rendered {
            setup: setup.wasm(wasm_module()).version(&version),
            host: host.to_owned(),
            places: Vec::new(),
            people: Vec::new(),
            authority: TestCa::new().expect("an authority"),
        }
    }

    /// A variable of the environment, in place of what was written.
    pub fn env(self, name: &str, value: &str) -> Rendered {
        self.setup(|setup| setup.env(name, value))
    }

    /// Which Envoy; the newest, if nobody says.
    pub fn version(self, version: &str) -> Rendered {
        self.setup(|setup| setup.version(version))
    }

    /// Starts a pool, that of [`crate::World`] but for `change`, where the gateway and people look for it.
    pub async fn with_pool(self, change: impl FnOnce(&mut Options)) -> (Rendered, Cognito) {
        self.with_pool_called(&[ISSUER, DOMAIN], change).await
    }

    /// The same, with these names on its certificate.
    pub async fn with_pool_called(self, names: &[&str], change: impl FnOnce(&mut Options)) -> (Rendered, Cognito) {
        let mut options = Builder::default().options;
        options.tls = Some(self.authority.server(names).expect("a certificate").config);
        change(&mut options);
        let pool = Cognito::start(options).await.expect("the pool");
        let (issuer, domain) = (pool.issuer_addr(), pool.domain_addr());
        let rendered = self.place(&format!("{ISSUER}:443"), issuer).place(&format!("{DOMAIN}:443"), domain);
        (rendered.known(ISSUER, issuer).known(DOMAIN, domain), pool)
    }

    /// Certificates that the gateway will trust are this one's.
    pub fn authority(&self) -> &TestCa {
        &self.authority
    }

    /// `HOST:PORT` is really here, for the gateway.
    pub fn place(mut self, authority: &str, addr: SocketAddr) -> Rendered {
        self.places.push((authority.to_owned(), addr));
        self
    }

    /// `HOST` is really here, for people.
    pub fn known(mut self, host: &str, addr: SocketAddr) -> Rendered {
        self.people.push((host.to_owned(), addr));
        self
    }

    /// Anything else about Envoy.
    pub fn setup(mut self, change: impl FnOnce(Setup) -> Setup) -> Rendered {
        self.setup = change(self.setup);
        self
    }

    /// A route of the gateway's, before all others: what Kubeflow's own VirtualServices do.
    pub fn route(self, prefix: &str, cluster: &str) -> Rendered {
        let route = json!({ "match": { "path_separated_prefix": prefix }, "route": { "cluster": cluster } });
        self.setup(|setup| {
            setup.patch(|config| {
                let routes = config.pointer_mut(ROUTES).and_then(Value::as_array_mut);
                routes.expect("routes").insert(0, route);
            })
        })
    }

    /// The cluster that reaches `HOST:PORT`.
    pub fn cluster_of(&self, authority: &str) -> String {
        let found = clusters(&self.setup.config).into_iter().find(|(_, place)| place == authority);
        found.unwrap_or_else(|| panic!("no cluster reaches {authority}: {:?}", clusters(&self.setup.config))).0
    }

    /// Starts it, and the application at `application`, which is `HOST:PORT` as it was written. Panics where that fails.
    pub async fn start(self, application: &str) -> Gateway {
        self.try_start(application).await.expect("the gateway did not start")
    }

    /// The same, where Envoy may refuse.
    pub async fn try_start(self, application: &str) -> Result<Gateway> {
        let upstream = Arc::new(Upstream::start(([127, 0, 0, 1], 0).into()).await.context("the application")?);
        let (setup, files) = self.placed(application, upstream.addr())?;
        let checked = setup.clone().validate().await?;
        ensure!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let environment = setup.env.clone();
        let envoy = setup.start().await?;
        let hosts = [(self.host, envoy.addr())].into_iter().chain(self.people).collect();
        let net = Net { ca_pem: self.authority.pem().to_owned(), hosts, upstream: Arc::clone(&upstream) };
        Ok(Gateway { envoy, upstream, net, environment, _files: files })
    }

    fn placed(&self, application: &str, upstream: SocketAddr) -> Result<(Setup, Files)> {
        let files = Files::new();
        let (certificate, key) = self.authority.server(&[&self.host])?.write_to(&files.0)?;
        let places: BTreeMap<_, _> = self.places.iter().cloned().chain([(application.to_owned(), upstream)]).collect();
        let setup = self.setup.clone().downstream_tls(certificate, key).trusted_ca(self.authority.write_to(&files.0)?);
        let setup = clusters(&setup.config).into_iter().try_fold(setup, |setup, (name, authority)| {
            let addr =
                places.get(&authority).with_context(|| format!("nobody said where {authority} is, for {name}"))?;
            setup.cluster_address(&name, *addr)
        })?;
        Ok((setup, files))
    }
}

impl Gateway {
    /// A person with a browser of their own.
    pub fn person(&self) -> Person {
        Person::new(&self.net, Habits::default())
    }
}

/// What a shell makes of a file with variables, as the tool says that it should be read.
fn sourced(file: &Path) -> BTreeMap<String, String> {
    let script = "set -a; . \"$1\"; env -0";
    let mut shell = Command::new("/bin/sh");
    let output = shell.env_clear().env("PATH", "/usr/bin:/bin").args(["-c", script, "sh"]).arg(file).output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let variables = text.split('\0').filter_map(|line| line.split_once('='));
    let own = variables.filter(|(name, _)| !["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Names of clusters and the one address that each has.
fn clusters(config: &Value) -> Vec<(String, String)> {
    let clusters = config.pointer("/static_resources/clusters").and_then(Value::as_array).expect("clusters");
    let address = |cluster: &Value| {
        let at = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
        let socket = cluster.pointer(at).unwrap_or_else(|| panic!("a cluster without an address: {cluster}"));
        let host = socket["address"].as_str().expect("an address");
        (cluster["name"].as_str().expect("a name").to_owned(), format!("{host}:{}", socket["port_value"]))
    };
    clusters.iter().map(address).collect()
}
