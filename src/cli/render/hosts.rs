//! The hosts that the filter calls: the providers' and the external authorizer's.
//!
//! Decides which are known without asking a provider, and what is missing. How a proxy reaches them is decided by `istio` and
//! `envoy`.

use std::collections::BTreeMap;

use url::Url;

use crate::{
    cli::describe::{called, is_discovered},
    config::Config,
    http::cluster::cluster_name,
    oidc::provider::{ProviderKind, ProviderSettings},
};

/// A host that the filter calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// Its name.
    pub(super) name: String,
    /// The port.
    pub(super) port: u16,
    /// Whether it is called over TLS.
    pub(super) tls: bool,
    /// The cluster that the configuration calls it through.
    pub(super) cluster: String,
    /// Whose it is: a provider, by its place in the configuration; none is the external authorizer.
    pub(super) provider: Option<usize>,
}

impl Host {
    fn new(url: &Url, cluster: String, provider: Option<usize>) -> Self {
        Self {
            name: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            tls: url.scheme() == "https",
            cluster,
            provider,
        }
    }

    /// As `clusters` of a provider names it.
    pub(super) fn key(&self) -> String {
        if self.port == 443 { self.name.clone() } else { format!("{}:{}", self.name, self.port) }
    }

    /// Its name in Istio if it is a service of the cluster, however short it was written.
    pub(super) fn service(&self) -> Option<String> {
        let name = self.name.strip_suffix(".cluster.local").unwrap_or(&self.name);
        name.strip_suffix(".svc").filter(|name| name.contains('.')).map(|name| format!("{name}.svc.cluster.local"))
    }

    /// Whether its name is an address.
    pub(super) fn is_address(&self) -> bool {
        self.name.starts_with('[') || self.name.parse::<std::net::Ipv4Addr>().is_ok()
    }
}

/// Every host that is known: those of the configuration, and `others`, which the providers' metadata names.
pub(super) fn hosts(config: &Config, others: &[String]) -> Result<Vec<Host>, String> {
    let others = others.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let mut hosts: Vec<Host> = Vec::new();
    let mut add = |host: Host| {
        let same = |other: &Host| (&other.name, other.port, other.provider) == (&host.name, host.port, host.provider);
        if !hosts.iter().any(same) {
            hosts.push(host);
        }
    };
    for (index, provider) in config.providers().iter().enumerate() {
        let discovered = is_discovered(provider);
        let named = provider.clusters.keys().filter_map(|key| parse(key).ok());
        let further = others.iter().filter(|_| discovered).cloned();
        for url in called(provider).into_iter().chain(named).chain(further) {
            add(Host::new(&url, cluster_name(&provider.clusters, &url), Some(index)));
        }
    }
    if let Some(authorizer) = &config.external_authorization {
        add(Host::new(&authorizer.url, authorizer.cluster.clone(), None));
    }
    Ok(hosts)
}

/// What is not known of the providers' hosts, and how it can be told.
pub(super) fn missing(config: &Config, hosts: &[Host], option: &str) -> Vec<String> {
    let mut known = BTreeMap::<_, usize>::new();
    for host in hosts {
        let count = known.entry(host.provider).or_default();
        *count = count.saturating_add(1);
    }
    let lacks = |(index, provider): (usize, &ProviderSettings)| {
        let alone = known.get(&Some(index)).is_none_or(|count| *count < 2);
        let issuer = &provider.issuer;
        (is_discovered(provider) && alone && !is_all_told(provider)).then(|| match provider.kind {
            ProviderKind::Cognito => format!(
                "nobody can sign in at {issuer} yet: the host of the pool's domain is not known here; add {option}"
            ),
            ProviderKind::Oidc => format!(
                "if {}/.well-known/openid-configuration names other hosts than the issuer's, add them with {option}",
                issuer.trim_end_matches('/')
            ),
        })
    };
    config.providers().iter().enumerate().filter_map(lacks).collect()
}

/// Whether all that is called is told apart from the metadata. A service of the cluster whose sign-in page is told apart, as that
/// of Kubeflow's Dex is, has everything else at its own name.
fn is_all_told(provider: &ProviderSettings) -> bool {
    let endpoints = &provider.endpoints;
    let issuer = Url::parse(&provider.issuer).ok();
    let is_service = issuer.is_some_and(|url| Host::new(&url, String::new(), None).service().is_some());
    (endpoints.token.is_some() && endpoints.jwks.is_some()) || (endpoints.authorization.is_some() && is_service)
}

/// `HOST`, `HOST:PORT` or an address whose path says nothing.
fn parse(text: &str) -> Result<Url, String> {
    let refused = || format!("{text}: is no host of a provider; write HOST or HOST:PORT");
    let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&address).map_err(|_| refused())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let good = bare && url.password().is_none() && url.scheme() == "https" && url.host_str().is_some();
    if good { Ok(url) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(url: &str) -> Host {
        Host::new(&Url::parse(url).unwrap(), String::new(), None)
    }

    #[test]
    fn a_service_has_one_name_however_short_it_was_written() {
        let service = |url: &str| host(url).service();
        assert_eq!(service("http://dex.auth.svc:5556/dex").as_deref(), Some("dex.auth.svc.cluster.local"));
        assert_eq!(service("http://dex.auth.svc.cluster.local/").as_deref(), Some("dex.auth.svc.cluster.local"));
        for other in ["https://auth.example.com", "https://svc", "https://x.svc", "https://evilsvc.example.com"] {
            assert_eq!(service(other), None, "{other}");
        }
    }

    #[test]
    fn a_host_is_named_with_its_port_where_it_is_not_the_usual_one() {
        assert_eq!(host("https://idp.example.com/token").key(), "idp.example.com");
        assert_eq!(host("https://idp.example.com:8443/token").key(), "idp.example.com:8443");
        assert_eq!(host("http://idp.example.com/token").key(), "idp.example.com:80");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        assert!(parse("https://auth.example.com/").is_ok() && parse("auth.example.com:8443").is_ok());
        for bad in
            ["", "a b", "http://auth.example.com", "auth.example.com/login", "x@y", "auth.example.com?x", "a:99999"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
