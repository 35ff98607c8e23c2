//! A certificate authority to throw away: server certificates for any host name a test wants to be.
//!
//! It decides nothing about who must trust what: `envoy` and the tests place the authority's certificate where a client
//! looks for it. Keys live for one process and are written only where `write_to` is told to.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData,
};
use rustls::ServerConfig;
use rustls::crypto::ring as provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate authority that lives as long as this value.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl TestCa {
    /// Makes a new authority with a key of its own.
    pub fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "edge-oidc throw-away test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// The authority's certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes `ca.pem` into `dir` and answers its path.
    pub fn write_to(&self, dir: &Path) -> Result<PathBuf> {
        write(dir, "ca.pem", &self.pem)
    }

    /// A certificate for all of `names`: DNS names or IP addresses.
    pub fn server(&self, names: &[&str]) -> Result<ServerIdentity> {
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("nobody"));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let cert_pem = params.signed_by(&key, &self.issuer)?.pem();
        let key_pem = key.serialize_pem();
        Ok(ServerIdentity {
            config: Arc::new(server_config(&cert_pem, &key_pem)?),
            spki_sha256: sha256_base64(&key.subject_public_key_info()),
            cert_pem,
            key_pem,
        })
    }
}

/// What a server needs to be one of the hosts in its certificate.
pub struct ServerIdentity {
    /// The certificate.
    pub cert_pem: String,
    /// Its private key, PKCS#8.
    pub key_pem: String,
    /// Both, ready for a rustls server that speaks HTTP/2 and HTTP/1.1.
    pub config: Arc<ServerConfig>,
    /// The base64 SHA-256 of the public key, as Chromium's `--ignore-certificate-errors-spki-list` wants it.
    pub spki_sha256: String,
}

impl ServerIdentity {
    /// Writes `tls.crt` and `tls.key` into `dir` and answers their paths.
    pub fn write_to(&self, dir: &Path) -> Result<(PathBuf, PathBuf)> {
        Ok((write(dir, "tls.crt", &self.cert_pem)?, write(dir, "tls.key", &self.key_pem)?))
    }
}

/// Makes ring this process's TLS implementation. Every client of `reqwest` here needs it; any number of calls is fine.
pub fn use_ring() {
    // An error only says that one is installed already.
    let _ = provider::default_provider().install_default();
}

fn server_config(cert_pem: &str, key_pem: &str) -> Result<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(cert_pem.as_bytes())?],
            PrivateKeyDer::from_pem_slice(key_pem.as_bytes())?,
        )?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn sha256_base64(bytes: &[u8]) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}

fn write(dir: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn a_server_identity_is_complete() {
        let ca = TestCa::new().unwrap();
        let server = ca.server(&["cognito-idp.us-east-1.amazonaws.com", "127.0.0.1"]).unwrap();
        assert!(server.cert_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(server.key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));
        assert_eq!(STANDARD.decode(&server.spki_sha256).unwrap().len(), 32);
        assert_eq!(server.config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[tokio::test]
    async fn a_client_that_trusts_the_ca_accepts_the_named_host_and_no_other() {
        use_ring();
        let ca = TestCa::new().unwrap();
        let addr = accept_forever(&ca.server(&["right.example.com"]).unwrap()).await;
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(ca.pem().as_bytes()).unwrap()])
            .resolve("right.example.com", addr)
            .resolve("wrong.example.com", addr)
            .no_proxy()
            .build()
            .unwrap();
        assert_eq!(client.get("https://right.example.com/").send().await.unwrap().status(), 204);
        assert!(client.get("https://wrong.example.com/").send().await.is_err());
    }

    async fn accept_forever(identity: &ServerIdentity) -> SocketAddr {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut config = (*identity.config).clone();
        config.alpn_protocols.clear();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                if let Ok(mut tls) = acceptor.accept(tcp).await {
                    let _ = tls.read(&mut [0; 1024]).await;
                    let _ = tls.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
                    let _ = tls.shutdown().await;
                }
            }
        });
        addr
    }
}
