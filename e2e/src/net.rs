//! How names and certificates work in a world: which host is at which address, and whom a client trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use devkit::upstream::Upstream;
use h2::client::SendRequest;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The network that a [`crate::Person`] lives in.
#[derive(Clone)]
pub struct Net {
    /// The certificate of the only authority there is.
    pub ca_pem: String,
    /// Hosts, and where they really are.
    pub hosts: Vec<(String, SocketAddr)>,
    /// The application, which remembers what reached it.
    pub upstream: Arc<Upstream>,
}

impl Net {
    /// Where `host` is. Hosts that nobody named are at the first address: the gateway's.
    pub fn addr(&self, host: &str) -> SocketAddr {
        let found = self.hosts.iter().find(|(name, _)| name == host).or(self.hosts.first());
        found.expect("a network without hosts").1
    }

    /// The same network with the gateway, the first host and all that are where it is, at another address.
    pub fn with_gateway(&self, addr: SocketAddr) -> Net {
        let mut net = self.clone();
        let gateway = net.hosts.first().expect("a network without hosts").1;
        net.hosts.iter_mut().filter(|(_, host)| *host == gateway).for_each(|(_, host)| *host = addr);
        net
    }

    /// A TLS connection to `host` that offers one application protocol.
    pub async fn connect(&self, host: &str, alpn: &str) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca_pem.as_bytes()).expect("the CA")).expect("the CA");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        let tcp = TcpStream::connect(self.addr(host)).await.expect("the gateway accepts no connection");
        tcp.set_nodelay(true).expect("a TCP option");
        let name = ServerName::try_from(host.to_owned()).expect("a host name");
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.expect("a TLS handshake")
    }
}

/// A bare HTTP/2 connection to `host`, for what clients with manners never send. It lives as long as its streams.
pub async fn h2_connection(net: &Net, host: &str) -> SendRequest<Bytes> {
    let tls = net.connect(host, "h2").await;
    let (send, connection) = h2::client::handshake(tls).await.expect("an HTTP/2 handshake");
    tokio::spawn(async move {
        let _ = connection.await;
    });
    send.ready().await.expect("an HTTP/2 connection")
}
