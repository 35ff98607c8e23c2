//! What a world shall be like: the shipped file with places changed, and whatever else a test asks for.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use devkit::cognito::{Client, Options, User};
use devkit::envoy::Setup;
use devkit::envoy::local::{DOMAIN_CLUSTER, ISSUER_CLUSTER};
use devkit::install::{ENVOY_NEWEST, workspace};
use devkit::tls::TestCa;
use serde_json::{Value, json};

use crate::World;
use crate::beside::Neighbour;

/// The host of the application, as the shipped configuration names it.
pub const APP: &str = "app.example.com";
/// The provider's host for metadata and keys.
pub const ISSUER: &str = "cognito-idp.us-east-1.amazonaws.com";
/// The provider's host for people and tokens.
pub const DOMAIN: &str = "demo.auth.us-east-1.amazoncognito.com";
/// The client, as the shipped configuration names it.
pub const CLIENT_ID: &str = "304a12ktcc5djt9d7enj6dsjkg";
/// Its secret, with every character that differs between the ways to send one.
pub const CLIENT_SECRET: &str = "e2e+client/secret=of 32 bytes %&";
/// The registered callback.
pub const CALLBACK: &str = "https://app.example.com/oauth2/callback";
/// Everybody's password.
pub const PASSWORD: &str = "password";

const HTTP_MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

/// How Envoy treats paths before the filter sees them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PathHandling {
    /// Not at all, as an Envoy where nobody thought of it.
    Default,
    /// As in the shipped file.
    Hardened,
}

/// Whose configuration the filter gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Manifest {
    /// The one in `envoy/envoy.yaml`.
    Shipped,
    /// The `pluginConfig` of `istio/wasmplugin.yaml`, with clusters called as Istio calls them.
    Istio,
    /// The one in `envoy/rbac.yaml`, with all of that file.
    Rbac,
}

type Change<T> = Box<dyn FnOnce(T) -> T>;
type PluginChange = Box<dyn FnOnce(&mut Value)>;

/// A world to be.
pub struct Builder {
    pub(crate) workers: u32,
    pub(crate) version: String,
    pub(crate) log_level: String,
    pub(crate) extra_args: Vec<String>,
    pub(crate) options: Options,
    pub(crate) app: Option<SocketAddr>,
    pub(crate) authority: Option<TestCa>,
    pub(crate) hosts: Vec<String>,
    pub(crate) neighbours: Vec<Neighbour>,
    pub(crate) spki_sha256: Vec<String>,
    paths: PathHandling,
    manifest: Manifest,
    plugin: Vec<PluginChange>,
    setup: Vec<Change<Setup>>,
}

impl Default for Builder {
    fn default() -> Self {
        let urls = ([CALLBACK], ["https://app.example.com/"]);
        let client = Client::confidential(CLIENT_ID, CLIENT_SECRET).with_urls(&urls.0, &urls.1);
        let users = vec![
            User::new("ada", PASSWORD).with_groups(["admins", "data-science"]),
            User::new("grace", PASSWORD).with_groups(["data-science"]),
        ];
        Self {
            workers: 1,
            version: std::env::var("EDGE_OIDC_ENVOY").unwrap_or_else(|_| ENVOY_NEWEST.to_owned()),
            log_level: "info".to_owned(),
            extra_args: Vec::new(),
            options: Options { clients: vec![client], users, ..Options::default() },
            app: None,
            authority: None,
            hosts: Vec::new(),
            neighbours: Vec::new(),
            spki_sha256: Vec::new(),
            paths: PathHandling::Hardened,
            manifest: Manifest::Shipped,
            plugin: Vec::new(),
            setup: Vec::new(),
        }
    }
}

impl Builder {
    /// How many workers; one, if nobody says.
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// Which Envoy; the newest, if nobody says.
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// How Envoy treats paths; as shipped, if nobody says.
    pub fn path_handling(mut self, paths: PathHandling) -> Self {
        self.paths = paths;
        self
    }

    /// Whose configuration the filter gets.
    pub fn manifest(mut self, manifest: Manifest) -> Self {
        self.manifest = manifest;
        self
    }

    /// Changes the filter's own configuration.
    pub fn plugin(mut self, change: impl FnOnce(&mut Value) + 'static) -> Self {
        self.plugin.push(Box::new(change));
        self
    }

    /// Changes Envoy's configuration, last of all.
    pub fn patch(self, change: impl FnOnce(&mut Value) + 'static) -> Self {
        self.setup(|setup| setup.patch(change))
    }

    /// Changes the HTTP connection manager.
    pub fn http_manager(self, change: impl FnOnce(&mut Value) + 'static) -> Self {
        self.patch(|config| change(config.pointer_mut(HTTP_MANAGER).expect("an HTTP connection manager")))
    }

    /// Changes the filter's place in Envoy: `vm_config`, `failure_policy` and their kin.
    pub fn filter(self, change: impl FnOnce(&mut Value) + 'static) -> Self {
        self.http_manager(|manager| change(&mut manager["http_filters"][0]["typed_config"]["config"]))
    }

    /// Changes anything about Envoy, last of all.
    pub fn setup(mut self, change: impl FnOnce(Setup) -> Setup + 'static) -> Self {
        self.setup.push(Box::new(change));
        self
    }

    /// Changes the local Cognito before it starts: clients, users, behaviour.
    pub fn cognito(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Puts something else in the application's place.
    pub fn app(mut self, addr: SocketAddr) -> Self {
        self.app = Some(addr);
        self
    }

    /// Signs the certificates of this world with an authority that the test has too, to make others with.
    pub fn authority(mut self, authority: TestCa) -> Self {
        self.authority = Some(authority);
        self
    }

    /// From `trace` to `off`; `info`, if nobody says.
    pub fn log_level(mut self, level: &str) -> Self {
        level.clone_into(&mut self.log_level);
        self
    }

    /// Further arguments for Envoy.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.extra_args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Starts it all. Panics, with Envoy's log, where that fails.
    pub async fn start(self) -> World {
        self.try_start().await.expect("the world did not start")
    }

    /// Starts it all, for a test that expects Envoy to refuse.
    pub async fn try_start(self) -> Result<World> {
        World::of(self).await
    }

    /// The file to begin with.
    pub(crate) fn file(&self) -> Result<Setup> {
        match self.manifest {
            Manifest::Shipped | Manifest::Istio => Setup::shipped(),
            Manifest::Rbac => Setup::shipped_with_rbac(),
        }
    }

    /// The shipped file with what the test wants changed; places are filled in already.
    pub(crate) fn shaped(&mut self, setup: Setup) -> Result<Setup> {
        let mut setup = match self.manifest {
            Manifest::Shipped | Manifest::Rbac => setup,
            Manifest::Istio => as_in_istio(setup)?,
        };
        if self.paths == PathHandling::Default {
            setup = setup.patch(without_path_handling);
        }
        for change in self.plugin.drain(..) {
            let mut change = Some(change);
            setup = setup.plugin_config(|plugin| change.take().expect("one filter")(plugin))?;
        }
        Ok(self.setup.drain(..).fold(setup, |setup, change| change(setup)))
    }
}

fn without_path_handling(config: &mut Value) {
    let manager = config.pointer_mut(HTTP_MANAGER).and_then(Value::as_object_mut).expect("an HTTP connection manager");
    for setting in ["normalize_path", "merge_slashes", "path_with_escaped_slashes_action"] {
        manager.remove(setting).unwrap_or_else(|| panic!("{setting} is not in the shipped file any more"));
    }
}

fn as_in_istio(setup: Setup) -> Result<Setup> {
    let text = std::fs::read_to_string(workspace().join("istio/wasmplugin.yaml"))?;
    let manifest: Value = serde_saphyr::from_str(&text)?;
    let plugin = manifest.pointer("/spec/pluginConfig").context("no pluginConfig")?.clone();
    let setup = setup.plugin_config(|config| config.clone_from(&plugin))?;
    Ok(setup.patch(|config| {
        for (old, host) in [(ISSUER_CLUSTER, ISSUER), (DOMAIN_CLUSTER, DOMAIN)] {
            rename_cluster(config, old, &format!("outbound|443||{host}"));
        }
    }))
}

fn rename_cluster(config: &mut Value, old: &str, new: &str) {
    let clusters = config.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut).expect("clusters");
    let cluster = clusters.iter_mut().find(|cluster| cluster["name"] == old).expect("a cluster of that name");
    cluster["name"] = json!(new);
    cluster["load_assignment"]["cluster_name"] = json!(new);
}
