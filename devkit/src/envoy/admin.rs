//! Envoy's admin interface: readiness, the listener's address, statistics.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Envoy;
use crate::tls;

const VM_FAILURES: &[&str] = &["vm_reload_success", "vm_reload_backoff", "vm_reload_failure", "vm_reload"];

#[derive(Clone, Debug)]
pub(super) struct Admin {
    addr: SocketAddr,
    client: reqwest::Client,
}

impl Admin {
    pub(super) fn at(addr: SocketAddr) -> Self {
        tls::use_ring();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap_or_default();
        Self { addr, client }
    }

    pub(super) async fn ready(&self) -> bool {
        self.text("/ready").await.is_ok()
    }

    pub(super) async fn first_listener(&self) -> Option<SocketAddr> {
        let listeners: Value = serde_json::from_str(&self.text("/listeners?format=json").await.ok()?).ok()?;
        let address = listeners.pointer("/listener_statuses/0/local_address/socket_address")?;
        let port = u16::try_from(address["port_value"].as_u64()?).ok()?;
        let addr = SocketAddr::new(address["address"].as_str()?.parse().ok()?, port);
        // A listener on every address of the machine is reached on this one.
        Some(if addr.ip().is_unspecified() { ([127, 0, 0, 1], port).into() } else { addr })
    }

    pub(super) async fn quit(&self) {
        let _ = self.client.post(self.url("/quitquitquit")).send().await;
    }

    async fn text(&self, path: &str) -> Result<String> {
        Ok(self.client.get(self.url(path)).send().await?.error_for_status()?.text().await?)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

impl Envoy {
    /// Where the admin interface listens.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr
    }

    /// The answer of any page of the admin interface.
    pub async fn admin(&self, path: &str) -> Result<String> {
        self.admin.text(path).await
    }

    /// One counter or gauge; none where Envoy has not met it yet.
    pub async fn stat(&self, name: &str) -> Option<u64> {
        self.stats(name).await.ok()?.remove(name)
    }

    /// All counters and gauges whose name begins with `prefix`.
    pub async fn stats(&self, prefix: &str) -> Result<BTreeMap<String, u64>> {
        let all = self.admin.text("/stats").await?;
        let pair = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(all.lines().filter(|line| line.starts_with(prefix)).filter_map(pair).collect())
    }

    /// Fails unless the process lives and no VM of the filter has ever died in it, in any worker.
    pub async fn assert_alive(&mut self) -> Result<()> {
        if !self.is_running() {
            bail!("Envoy ended:\n{}", self.log_tail());
        }
        if self.stat("server.live").await != Some(1) {
            bail!("Envoy does not say that it is live");
        }
        for (name, count) in self.stats("wasm.").await.context("no statistics")? {
            if count > 0 && VM_FAILURES.iter().any(|failure| name.ends_with(failure)) {
                bail!("{name} is {count}: a VM died");
            }
        }
        let log = self.log();
        // Envoy's own words for a trap in a VM, which no statistic shows before the next request.
        match log.lines().find(|line| line.contains("][wasm]") && line.contains("Function: proxy_on_")) {
            Some(line) => bail!("a VM died: {line}"),
            None => Ok(()),
        }
    }
}
