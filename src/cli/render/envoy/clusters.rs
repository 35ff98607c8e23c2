//! How Envoy reaches the application and the hosts that the filter calls.
//!
//! Decides names and addresses; how certificates are checked stands in the shipped file, whose clusters these are made of.

use std::net::IpAddr;

use super::{super::hosts::Host, Tree, template::SHIPPED};

/// The application.
pub(super) struct Upstream {
    host: String,
    port: u16,
}

impl Upstream {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("--upstream {text}: write HOST:PORT, such as 127.0.0.1:8080");
        let (host, port) = text.rsplit_once(':').ok_or_else(refused)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(refused)?;
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let good = match inner {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(letter),
        };
        if good { Ok(Self { host: inner.unwrap_or(host).to_owned(), port }) } else { Err(refused()) }
    }
}

/// The cluster of a host.
fn name(host: &Host) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let role = if host.provider.is_some() { "provider" } else { "authorizer" };
    format!("{role}_{}", host.key().chars().map(plain).collect::<String>())
}

/// The filter calls each host through the cluster that is made for it here.
pub(in crate::cli::render) fn name_clusters(configuration: &mut Tree, hosts: &[Host]) {
    let providers = configuration.member_mut("providers").into_iter().flat_map(Tree::elements_mut);
    for (index, provider) in providers.enumerate() {
        let own = hosts.iter().filter(|host| host.provider == Some(index));
        let clusters = own.fold(Tree::map(), |map, host| map.with(&host.key(), name(host)));
        if clusters.is_empty() {
            provider.remove("clusters");
        } else {
            provider.set("clusters", clusters);
        }
    }
    let authorizer = hosts.iter().find(|host| host.provider.is_none());
    if let (Some(host), Some(block)) = (authorizer, configuration.member_mut("externalAuthorization")) {
        block.set("cluster", name(host));
    }
}

/// All of them.
pub(super) fn clusters(upstream: &Upstream, hosts: &[Host], trusted_ca: &str) -> Result<Tree, String> {
    let own = "The application to protect. Nothing else may reach it: it believes the identity headers it is sent.";
    let checked = "The hosts that the filter calls. auto_sni and auto_san_validation together ask for, and insist on, a certificate\n\
                   for the very host that is called; a name typed into `sni` alone would not be checked at all.";
    let [app, _] = shipped()?;
    let mut list = Tree::list([]);
    let mut outside = outside(hosts, |_| trusted_ca)?;
    let first = (!outside.is_empty()).then(|| outside.remove(0));
    outside.into_iter().rev().for_each(|cluster| list.insert_first("", cluster));
    first.into_iter().for_each(|cluster| list.insert_first(checked, cluster));
    list.insert_first(own, application(app, upstream));
    Ok(list)
}

/// Those of the hosts that the filter calls, each once; `trusted_ca` says where the authorities are that vouch for a host.
pub(in crate::cli::render) fn outside<'a>(
    hosts: &[Host],
    trusted_ca: impl Fn(&Host) -> &'a str,
) -> Result<Vec<Tree>, String> {
    let [_, model] = shipped()?;
    let mut names = Vec::new();
    let mut clusters = Vec::new();
    for host in hosts {
        let name = name(host);
        if !names.contains(&name) {
            clusters.push(cluster(model.clone(), host, &name, trusted_ca(host)));
            names.push(name);
        }
    }
    Ok(clusters)
}

fn application(mut cluster: Tree, upstream: &Upstream) -> Tree {
    if upstream.host.parse::<IpAddr>().is_err() {
        cluster.set("type", "LOGICAL_DNS");
        cluster.set("dns_lookup_family", "V4_PREFERRED");
    }
    address(&mut cluster, "app", &upstream.host, upstream.port);
    cluster
}

fn cluster(mut cluster: Tree, host: &Host, name: &str, trusted_ca: &str) -> Tree {
    cluster.set("name", name);
    let bare = host.name.trim_start_matches('[').trim_end_matches(']');
    address(&mut cluster, name, bare, host.port);
    if host.is_address() {
        cluster.set("type", "STATIC");
        cluster.remove("dns_lookup_family");
    }
    if !host.tls {
        cluster.remove("typed_extension_protocol_options");
        cluster.remove("transport_socket");
    }
    let path = ["transport_socket", "typed_config", "common_tls_context", "validation_context", "trusted_ca"];
    if let Some(trusted) = path.iter().try_fold(&mut cluster, |tree, name| tree.member_mut(name)) {
        trusted.set("filename", trusted_ca);
    }
    cluster
}

fn address(cluster: &mut Tree, name: &str, host: &str, port: u16) {
    let socket = Tree::map().with("address", host).with("port_value", u64::from(port));
    let endpoint =
        Tree::map().with("endpoint", Tree::map().with("address", Tree::map().with("socket_address", socket)));
    let endpoints = Tree::map().with("lb_endpoints", Tree::list([endpoint]));
    let assignment = Tree::map().with("cluster_name", name).with("endpoints", Tree::list([endpoints]));
    cluster.set("load_assignment", assignment);
}

/// The clusters `app` and `provider_issuer` of the shipped file.
fn shipped() -> Result<[Tree; 2], String> {
    let broken = || "this tool's own envoy.yaml does not have the clusters `app` and `provider_issuer`".to_owned();
    let file: Tree = serde_saphyr::from_str(SHIPPED).map_err(|_| broken())?;
    let clusters = file.member("static_resources").and_then(|resources| resources.member("clusters"));
    let named = |name: &str| {
        let mut clusters = clusters.into_iter().flat_map(Tree::elements);
        clusters.find(|cluster| cluster.member("name").and_then(Tree::text) == Some(name)).cloned().ok_or_else(broken)
    };
    Ok([named("app")?, named("provider_issuer")?])
}
