//! How the gateway reaches the hosts that the filter calls: a ServiceEntry for those outside the mesh, and a DestinationRule
//! for each that is called over TLS.
//!
//! Decides what is asked of their certificates. A webassembly module cannot see a certificate: what is not checked here, nobody
//! checks.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Artifact, hosts::Host, kubernetes::resource},
    Plan, Tree,
};

/// Services are called by the name that Istio has for them.
pub(super) fn name_services(configuration: &mut Tree, hosts: &[Host]) {
    for host in hosts.iter().filter(|host| is_istios(host)) {
        let Some(service) = host.service().filter(|service| *service != host.name) else { continue };
        let cluster = format!("outbound|{}||{service}", host.port);
        let place = match host.provider {
            Some(index) => configuration
                .member_mut("providers")
                .and_then(|providers| providers.elements_mut().nth(index))
                .and_then(clusters)
                .map(|clusters| (clusters, host.key())),
            None => configuration.member_mut("externalAuthorization").map(|block| (block, "cluster".to_owned())),
        };
        if let Some((tree, name)) = place {
            tree.set(&name, cluster);
        }
    }
}

/// The provider's `clusters`, made if there are none.
fn clusters(provider: &mut Tree) -> Option<&mut Tree> {
    if provider.member("clusters").is_none() {
        provider.set("clusters", Tree::map());
    }
    provider.member_mut("clusters")
}

/// The file, if there is anything to say.
pub(super) fn artifact(plan: &Plan<'_>) -> Result<Option<Artifact>, String> {
    let mut hosts = BTreeMap::new();
    for host in plan.hosts.iter().filter(|host| is_istios(host)) {
        if host.is_address() {
            return Err(format!("{}: Istio needs a name for a host, not an address", host.name));
        }
        let name = host.service().unwrap_or_else(|| host.name.clone());
        hosts.insert((name, host.port), host);
    }
    let outside: Vec<_> = hosts.values().copied().filter(|host| host.service().is_none()).collect();
    let mut documents = entries(plan, &outside);
    documents.extend(rules(plan, &hosts));
    let what = "How the gateway reaches the hosts that the filter calls, with certificates that are really checked.";
    Ok((!documents.is_empty()).then(|| plan.artifact("provider.yaml", what, &documents)))
}

/// Whether the configuration calls the host through the cluster that Istio makes for it.
fn is_istios(host: &Host) -> bool {
    host.cluster == format!("outbound|{}||{}", host.port, host.name)
}

/// A ServiceEntry for each port.
fn entries(plan: &Plan<'_>, hosts: &[&Host]) -> Vec<Tree> {
    let mut ports: BTreeMap<(u16, bool), Vec<&str>> = BTreeMap::new();
    for host in hosts {
        ports.entry((host.port, host.tls)).or_default().push(&host.name);
    }
    let several = ports.len() > 1;
    let entry = |((port, tls), names): (&(u16, bool), &Vec<&str>)| {
        let protocol = if *tls { "https" } else { "http" };
        let name =
            if several { format!("edge-oidc-provider-{protocol}-{port}") } else { "edge-oidc-provider".to_owned() };
        let port = Tree::map()
            .with("number", u64::from(*port))
            .with("name", protocol)
            .with("protocol", protocol.to_ascii_uppercase());
        let spec = Tree::map()
            .with("hosts", Tree::list(names.iter().map(|name| Tree::from(*name))))
            .with("location", "MESH_EXTERNAL")
            .with("resolution", "DNS")
            .with("exportTo", Tree::list([".".into()]))
            .with("ports", Tree::list([port]));
        let group = format!("networking.istio.io/{}", plan.release.version());
        resource(&group, "ServiceEntry", plan.metadata(&name)).with("spec", spec)
    };
    ports.iter().map(entry).collect()
}

/// A DestinationRule for each host; ports of one host are rules of their own inside it.
fn rules(plan: &Plan<'_>, hosts: &BTreeMap<(String, u16), &Host>) -> Vec<Tree> {
    let mut names: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    let mut clear: Vec<&str> = Vec::new();
    for ((name, port), host) in hosts {
        match host.tls {
            true => names.entry(name).or_default().push(*port),
            false => clear.push(name),
        }
    }
    let mut comment = CHECKED;
    let mut taken = BTreeSet::new();
    let mut rule = |(name, ports): (&str, Vec<u16>)| {
        let tls = tls(plan, name);
        let policy = match clear.contains(&name) {
            false => Tree::map().explained(std::mem::take(&mut comment), "tls", tls),
            // A port that is called in clear text must stay so.
            true => Tree::map().with(
                "portLevelSettings",
                Tree::list(ports.into_iter().map(|port| {
                    let number = Tree::map().with("number", u64::from(port));
                    Tree::map().with("port", number).with("tls", tls.clone())
                })),
            ),
        };
        let spec =
            Tree::map().with("host", name).with("exportTo", Tree::list([".".into()])).with("trafficPolicy", policy);
        let group = format!("networking.istio.io/{}", plan.release.version());
        let metadata = plan.metadata(&free_name(name, &mut taken));
        resource(&group, "DestinationRule", metadata).with("spec", spec)
    };
    names.into_iter().map(&mut rule).collect()
}

/// The name of a host's rule. Of two resources of one name only the last would be applied, and the other host be called in
/// clear text.
fn free_name(host: &str, taken: &mut BTreeSet<String>) -> String {
    let name = format!("edge-oidc-{}", host.replace('.', "-"));
    let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
    let free = free.unwrap_or(name);
    taken.insert(free.clone());
    free
}

fn tls(plan: &Plan<'_>, host: &str) -> Tree {
    let tls = Tree::map().with("mode", "SIMPLE");
    let own = (host == KUBERNETES).then_some(CLUSTER_CA);
    if plan.release.checks_certificates() {
        return tls.with_some("caCertificates", own);
    }
    tls.with("caCertificates", own.unwrap_or(SYSTEM_CA))
        .with("sni", host)
        .with("subjectAltNames", Tree::list([host.into()]))
}

const CHECKED: &str = "Without this a call would leave in clear text to port 443. Do not add `sni` alone: Istio then no longer\n\
                       compares the certificate with the host, and anyone on the way with any trusted certificate could pose\n\
                       as the provider.";
/// The API server, whose certificate is the cluster's own.
const KUBERNETES: &str = "kubernetes.default.svc.cluster.local";
const CLUSTER_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
/// Where the proxy's image has the system's roots.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";
