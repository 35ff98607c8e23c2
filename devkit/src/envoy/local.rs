//! The shipped `envoy/envoy.yaml`, changed for a provider and an application on this machine.
//!
//! These are the four values that a user changes too, and what only a test may do: plain HTTP where a URL says `http:`,
//! and names that resolve to loopback addresses. Everything else is the file as it is shipped.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use url::Url;

use super::Setup;

/// The cluster of the issuer's host in the shipped file.
pub const ISSUER_CLUSTER: &str = "provider_issuer";
/// The cluster of the hosted UI's host in the shipped file.
pub const DOMAIN_CLUSTER: &str = "provider_domain";
/// The cluster of the application in the shipped file.
pub const APP_CLUSTER: &str = "app";

/// What a login on this machine consists of.
#[derive(Clone, Debug)]
pub struct Local {
    /// Where people reach the application: the origin that the listener stands for.
    pub public_url: String,
    /// Where the listener goes.
    pub listen: SocketAddr,
    /// What the provider is, since that is inferred from AWS's host names only: `cognito` or `oidc`.
    pub kind: String,
    /// The issuer, and where its host really is.
    pub issuer: (String, SocketAddr),
    /// The URL of the host with the sign-in page and the token endpoint, and where it really is.
    pub domain: (String, SocketAddr),
    /// The client id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: String,
    /// The application.
    pub app: SocketAddr,
}

impl Local {
    /// The setup, with a session key of its own.
    pub fn setup(&self) -> Result<Setup> {
        let setup = Setup::shipped()?
            .listen(self.listen)?
            .cluster_address(APP_CLUSTER, self.app)?
            .env("OIDC_CLIENT_SECRET", &self.client_secret)
            .env("SESSION_KEY", &session_key()?);
        let setup = provider(setup, ISSUER_CLUSTER, &self.issuer)?;
        let setup = provider(setup, DOMAIN_CLUSTER, &self.domain)?;
        let clusters = json!({
            authority(&self.issuer.0)?: ISSUER_CLUSTER,
            authority(&self.domain.0)?: DOMAIN_CLUSTER,
        });
        let plain = is_plain(&self.public_url);
        let setup = setup.plugin_config(|plugin| self.fill(plugin, &clusters, plain))?;
        Ok(if plain { setup.plain_listener() } else { setup })
    }

    fn fill(&self, plugin: &mut Value, clusters: &Value, plain: bool) {
        let provider = &mut plugin["providers"][0];
        provider["issuer"] = json!(self.issuer.0);
        provider["kind"] = json!(self.kind);
        provider["clientId"] = json!(self.client_id);
        provider["clusters"] = clusters.clone();
        plugin["publicUrls"] = json!([self.public_url]);
        if plain {
            plugin["session"]["cookie"] = json!({ "insecure": true });
        }
    }
}

/// A new session key.
pub fn session_key() -> Result<String> {
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).ok().context("no random numbers")?;
    Ok(STANDARD.encode(key))
}

fn provider(setup: Setup, cluster: &str, (url, addr): &(String, SocketAddr)) -> Result<Setup> {
    let setup = setup.cluster_address(cluster, *addr)?;
    if is_plain(url) { setup.plain_cluster(cluster) } else { Ok(setup) }
}

fn is_plain(url: &str) -> bool {
    url.starts_with("http:")
}

fn authority(url: &str) -> Result<String> {
    Ok(Url::parse(url).with_context(|| format!("{url} is no URL"))?.authority().to_owned())
}
