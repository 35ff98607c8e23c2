//! Which Envoy cluster a provider call goes through.
//!
//! Decides the name only; that the cluster exists and checks certificates is the deployment's part.

use std::collections::BTreeMap;

use url::Url;

/// The cluster for `url`: the configured one for its `host:port` or `host`, else Istio's `outbound|PORT||HOST`.
pub fn cluster_name(clusters: &BTreeMap<String, String>, url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    clusters
        .get(&format!("{host}:{port}"))
        .or_else(|| clusters.get(host))
        .cloned()
        .unwrap_or_else(|| format!("outbound|{port}||{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(url: &str) -> String {
        let clusters = [("idp.example.com", "idp"), ("idp.example.com:8443", "idp-alt")];
        let clusters = clusters.map(|(host, cluster)| (host.to_owned(), cluster.to_owned())).into();
        cluster_name(&clusters, &Url::parse(url).unwrap())
    }

    #[test]
    fn host_with_port_precedes_host() {
        assert_eq!(name("https://idp.example.com:8443/token"), "idp-alt");
        assert_eq!(name("https://IDP.example.com/token"), "idp");
    }

    #[test]
    fn other_hosts_have_the_name_that_istio_gives_a_service_entry() {
        assert_eq!(name("https://auth.example.com/token"), "outbound|443||auth.example.com");
        assert_eq!(name("http://dex.auth.svc:5556/dex"), "outbound|5556||dex.auth.svc");
        assert_eq!(name("http://dex.auth.svc/dex"), "outbound|80||dex.auth.svc");
    }
}
