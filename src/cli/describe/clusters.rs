//! The clusters that Envoy must have.
//!
//! Decides the words, and what is known of them without asking the provider.

use std::collections::BTreeMap;

use url::Url;

use crate::{
    config::Config,
    http::cluster::cluster_name,
    oidc::provider::{ProviderKind, ProviderSettings},
};

/// Each cluster and the host it leads to.
pub(super) fn clusters(config: &Config) -> Vec<String> {
    let mut clusters = BTreeMap::new();
    let mut rest = Vec::new();
    for provider in config.providers() {
        clusters.extend(known(provider));
        if is_discovered(provider) {
            let whose = match provider.kind {
                ProviderKind::Cognito => " (the pool's domain)",
                ProviderKind::Oidc => "",
            };
            let line = format!(
                "outbound|PORT||HOST for every other host that discovery names{whose}, unless `clusters` has it"
            );
            if !rest.contains(&line) {
                rest.push(line);
            }
        }
    }
    if let Some(authorizer) = &config.external_authorization {
        clusters.insert(host_of(&authorizer.url), authorizer.cluster.clone());
    }
    clusters.iter().map(|(host, cluster)| format!("{cluster} to {host}")).chain(rest).collect()
}

fn known(provider: &ProviderSettings) -> BTreeMap<String, String> {
    let mut clusters = BTreeMap::new();
    for url in called(provider) {
        clusters.insert(host_of(&url), cluster_name(&provider.clusters, &url));
    }
    for (host, cluster) in &provider.clusters {
        let named = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let host = if named { host.clone() } else { format!("{host}:443") };
        clusters.entry(host).or_insert_with(|| cluster.clone());
    }
    clusters
}

/// The addresses that are called as far as they are known without asking the provider; the paths say nothing.
pub(in crate::cli) fn called(provider: &ProviderSettings) -> Vec<Url> {
    let endpoints = &provider.endpoints;
    let issuer = Url::parse(&provider.issuer).ok().filter(|_| is_discovered(provider));
    let called =
        [&endpoints.token, &endpoints.jwks, &endpoints.revocation, &endpoints.user_info, &endpoints.introspection];
    issuer.into_iter().chain(called.into_iter().flatten().cloned()).collect()
}

/// Whether the provider's metadata is asked for.
pub(in crate::cli) fn is_discovered(provider: &ProviderSettings) -> bool {
    let endpoints = &provider.endpoints;
    let people = provider.signs_in && (endpoints.authorization.is_none() || endpoints.token.is_none());
    people || endpoints.jwks.is_none()
}

fn host_of(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}
