//! A real Envoy, started from the very files that users copy.
//!
//! [`Setup`] loads such a file and changes what must differ on this machine (`edit`); [`Envoy`] is the process that came
//! of it (`process`), with its statistics and its log (`admin`). [`local`] is the one set of changes that a login against
//! a local provider needs. Nothing here knows what the filter answers.

mod admin;
mod edit;
pub mod local;
mod process;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::install;

pub use process::Envoy;

/// What an Envoy shall be started with. Each change answers the changed setup, or what the file lacks for it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The configuration; handed to Envoy as JSON, which is YAML.
    pub config: Value,
    /// The whole environment of the process: nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// How many workers.
    pub concurrency: u32,
    /// Which Envoy. Unless `EDGE_OIDC_ENVOY` names another: the newest.
    pub version: String,
    /// Further arguments.
    pub extra_args: Vec<String>,
    /// From `trace` to `off`.
    pub log_level: String,
}

impl Setup {
    /// Loads a YAML file. Its listener moves to a free port of this machine, its admin port likewise.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let config = serde_saphyr::from_str(&text).with_context(|| format!("{} is no YAML", path.display()))?;
        Self::from_value(config)?.listen(([127, 0, 0, 1], 0).into())
    }

    /// The file that is shipped for a plain Envoy, with the module that was built last.
    pub fn shipped() -> Result<Self> {
        Self::from_file(install::workspace().join("envoy/envoy.yaml")).map(|setup| setup.wasm(wasm_module()))
    }

    /// The example with RBAC, with the same module.
    pub fn shipped_with_rbac() -> Result<Self> {
        Self::from_file(install::workspace().join("envoy/rbac.yaml")).map(|setup| setup.wasm(wasm_module()))
    }

    /// Takes a configuration that a caller made; only its admin port is moved.
    pub fn from_value(mut config: Value) -> Result<Self> {
        edit::admin(&mut config)?;
        Ok(Self {
            config,
            env: BTreeMap::new(),
            concurrency: 1,
            version: setting("EDGE_OIDC_ENVOY").unwrap_or_else(|| install::ENVOY_NEWEST.to_owned()),
            extra_args: Vec::new(),
            log_level: "info".to_owned(),
        })
    }

    /// Replaces the module of every wasm filter.
    pub fn wasm(mut self, module: impl AsRef<Path>) -> Self {
        edit::wasm(&mut self.config, module.as_ref());
        self
    }

    /// Lets a cluster reach `addr`; its TLS context, with the names it demands, stays untouched.
    pub fn cluster_address(mut self, cluster: &str, addr: SocketAddr) -> Result<Self> {
        edit::cluster_address(&mut self.config, cluster, addr)?;
        Ok(self)
    }

    /// Takes TLS from a cluster.
    pub fn plain_cluster(mut self, cluster: &str) -> Result<Self> {
        edit::plain_cluster(&mut self.config, cluster)?;
        Ok(self)
    }

    /// Speaks HTTP/2 to a cluster, as gRPC needs.
    pub fn http2_cluster(mut self, cluster: &str) -> Result<Self> {
        edit::http2_cluster(&mut self.config, cluster)?;
        Ok(self)
    }

    /// Adds a cluster `name` that is like the cluster `of`.
    pub fn copy_cluster(mut self, of: &str, name: &str) -> Result<Self> {
        edit::copy_cluster(&mut self.config, of, name)?;
        Ok(self)
    }

    /// Replaces the authorities that every upstream TLS context trusts.
    pub fn trusted_ca(mut self, pem: impl AsRef<Path>) -> Self {
        edit::trusted_ca(&mut self.config, pem.as_ref());
        self
    }

    /// Replaces the certificate that the listener shows.
    pub fn downstream_tls(mut self, certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Self {
        edit::downstream_tls(&mut self.config, certificate.as_ref(), key.as_ref());
        self
    }

    /// Takes TLS from the listener.
    pub fn plain_listener(mut self) -> Self {
        edit::plain_listeners(&mut self.config);
        self
    }

    /// Moves the listener.
    pub fn listen(mut self, addr: SocketAddr) -> Result<Self> {
        edit::listen(&mut self.config, addr)?;
        Ok(self)
    }

    /// Edits the filter's own configuration.
    pub fn plugin_config(mut self, change: impl FnMut(&mut Value)) -> Result<Self> {
        edit::plugin_config(&mut self.config, change)?;
        Ok(self)
    }

    /// Edits anything else.
    pub fn patch(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets one variable of Envoy's environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets the number of workers.
    pub fn workers(mut self, concurrency: u32) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Chooses another Envoy.
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Starts it and waits until it serves. Where it ends instead, the error holds the end of its log.
    pub async fn start(self) -> Result<Envoy> {
        process::start(self).await
    }

    /// Lets Envoy check the configuration, filter included, without serving.
    pub async fn validate(self) -> Result<Output> {
        process::validate(self).await
    }
}

/// The compiled filter: what `EDGE_OIDC_WASM` names, else where `cargo xtask build` leaves it.
pub fn wasm_module() -> PathBuf {
    setting("EDGE_OIDC_WASM")
        .map_or_else(|| install::target_dir().join("wasm32-wasip1/release/edge_oidc.wasm"), PathBuf::from)
}

/// A port of this machine that is free now, outside of the range that outgoing connections take theirs from.
pub fn free_port() -> u16 {
    use std::collections::hash_map::RandomState;
    use std::hash::BuildHasher as _;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let random = || 12_000 + u16::try_from(RandomState::new().hash_one(0) % 18_000).unwrap_or_default();
    std::iter::repeat_with(random).find(free).unwrap_or_default()
}

fn setting(name: &str) -> Option<String> {
    env::var_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}
