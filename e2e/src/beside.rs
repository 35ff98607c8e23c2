//! What else runs beside a world: a second pool, a Kubernetes-like issuer, any server that Envoy is to reach. Each is started
//! by a test, which keeps it; the world only learns where it is.

use std::net::SocketAddr;

use anyhow::Result;
use devkit::cognito::{Cognito, Options};
use devkit::envoy::Setup;
use devkit::envoy::local::ISSUER_CLUSTER;
use devkit::kubernetes::{self, Kubernetes};
use devkit::tls::{self, ServerIdentity, TestCa};
use serde_json::{Value, json};

use crate::Builder;

/// The second pool's host for metadata and keys.
pub const PARTNERS_ISSUER: &str = "cognito-idp.eu-west-1.amazonaws.com";
/// The second pool's host for people and tokens.
pub const PARTNERS_DOMAIN: &str = "partners.auth.eu-west-1.amazoncognito.com";
/// The host of the Kubernetes-like issuer.
pub const KUBERNETES: &str = "oidc.eks.us-east-1.amazonaws.com";

/// A host that Envoy reaches by a cluster of its own.
pub(crate) struct Neighbour {
    cluster: String,
    /// Where it is reached by name and over TLS; else the cluster is plain.
    pub(crate) host: Option<String>,
    pub(crate) addr: SocketAddr,
}

impl Builder {
    /// More names of the gateway, for its certificate and for people: `https://<host>/` leads to it.
    pub fn hosts(mut self, hosts: &[&str]) -> Self {
        self.hosts.extend(hosts.iter().map(ToString::to_string));
        self
    }

    /// Lets Envoy reach `host` by `cluster`, over TLS that is checked as that of the provider, and people by name.
    pub fn beside(mut self, cluster: &str, host: &str, addr: SocketAddr) -> Self {
        self.neighbours.push(Neighbour { cluster: cluster.to_owned(), host: Some(host.to_owned()), addr });
        self
    }

    /// Lets Envoy reach an address by `cluster`, in plain text.
    pub fn beside_plain(mut self, cluster: &str, addr: SocketAddr) -> Self {
        self.neighbours.push(Neighbour { cluster: cluster.to_owned(), host: None, addr });
        self
    }

    /// Starts the second pool, [`Options::partners`] but for `change`, by the clusters that [`partners`] names.
    pub async fn with_partners(mut self, change: impl FnOnce(&mut Options)) -> (Builder, Cognito) {
        let mut options = Options::partners();
        options.tls = Some(self.certificate(&[PARTNERS_ISSUER, PARTNERS_DOMAIN]).config);
        change(&mut options);
        let pool = Cognito::start(options).await.expect("the second pool");
        let builder = self.beside("partners_issuer", PARTNERS_ISSUER, pool.issuer_addr());
        (builder.beside("partners_domain", PARTNERS_DOMAIN, pool.domain_addr()), pool)
    }

    /// Starts a Kubernetes-like issuer; [`service_accounts`] is the provider's entry for it.
    pub async fn with_kubernetes(mut self) -> (Builder, Kubernetes) {
        let tls = Some(self.certificate(&[KUBERNETES]).config);
        let issuer = format!("https://{KUBERNETES}/id/0123456789ABCDEF0123456789ABCDEF");
        let options = kubernetes::Options { issuer, tls, ..kubernetes::Options::default() };
        let issuer = Kubernetes::start(options).await.expect("the issuer of service accounts");
        (self.beside("kubernetes", KUBERNETES, issuer.addr()), issuer)
    }

    /// Signed by the authority that the world will trust.
    fn certificate(&mut self, names: &[&str]) -> ServerIdentity {
        tls::use_ring();
        let authority = self.authority.get_or_insert_with(|| TestCa::new().expect("an authority"));
        let server = authority.server(names).expect("a certificate");
        self.spki_sha256.push(server.spki_sha256.clone());
        server
    }
}

impl Neighbour {
    /// Adds its cluster to Envoy's configuration.
    pub(crate) fn join(&self, setup: Setup) -> Result<Setup> {
        let setup = setup.copy_cluster(ISSUER_CLUSTER, &self.cluster)?.cluster_address(&self.cluster, self.addr)?;
        if self.host.is_some() { Ok(setup) } else { setup.plain_cluster(&self.cluster) }
    }
}

/// The entry of `providers` for the second pool and its first client.
pub fn partners(pool: &Cognito) -> Value {
    let clients = Options::partners().clients;
    let client = clients.first().expect("a client");
    json!({
        "name": "partners",
        "issuer": pool.issuer(),
        "clientId": client.client_id,
        "clientSecret": client.client_secrets.first(),
        "clusters": { PARTNERS_ISSUER: "partners_issuer", PARTNERS_DOMAIN: "partners_domain" },
    })
}

/// The entry of `providers` for service accounts whose tokens have this audience.
pub fn service_accounts(issuer: &Kubernetes, audience: &str) -> Value {
    json!({
        "name": "cluster",
        "issuer": issuer.issuer(),
        "bearer": [{ "kind": "service_account", "audiences": [audience] }],
        "clusters": { KUBERNETES: "kubernetes" },
    })
}
