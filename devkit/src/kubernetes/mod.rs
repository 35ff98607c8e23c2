//! A Kubernetes-like issuer of service-account tokens: discovery, a JWK set, and tokens as the TokenRequest API mints them.
//! There is no token endpoint and nobody signs in. What edge-oidc has to make of such a token is its tests' matter.
//!
//! As in a cluster: RS256, a header without `typ`, `kid` the SHA-256 of the public key, `aud` always an array, `sub`
//! `system:serviceaccount:NAMESPACE:NAME`, the claim `kubernetes.io`; after a rotation the old key stays published until it
//! is retired.

mod token;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rustls::ServerConfig;
use serde_json::{Map, Value, json};

use crate::cognito::{Fault, FaultRule, PublicUrl, Server, bind};
use token::{Key, claims, jwt, keys};

/// What the issuer is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The exact `iss`. Port 0 in it stands for the port that gets bound.
    pub issuer: String,
    /// TLS; `None` = plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// `jwks_uri`, where it is not below the issuer: a cluster's own issuer names an address of its API server.
    pub jwks_uri: Option<String>,
}

/// What a fault can be set for, and what is counted.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Document {
    /// `/.well-known/openid-configuration`
    Discovery,
    /// `/openid/v1/jwks`
    Jwks,
}

/// A running issuer; it stops when this is dropped.
#[derive(Debug)]
pub struct Kubernetes {
    cluster: Arc<Cluster>,
    server: Server,
}

#[derive(Debug)]
struct Cluster {
    issuer: String,
    jwks_uri: String,
    state: Mutex<Mutable>,
}

#[derive(Debug)]
struct Mutable {
    /// The signing key, then those that still are published.
    keys: Vec<Key>,
    spare: Vec<Key>,
    clock_offset_seconds: i64,
    counts: BTreeMap<Document, u64>,
    faults: BTreeMap<Document, FaultRule>,
}

impl Default for Options {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { issuer: "http://127.0.0.1:0".to_owned(), tls: None, listen, jwks_uri: None }
    }
}

impl Kubernetes {
    /// Binds and serves.
    pub async fn start(options: Options) -> Result<Kubernetes> {
        let Options { issuer, tls, listen, jwks_uri } = options;
        let listener = bind(listen).await?;
        let PublicUrl { text, path, .. } = PublicUrl::parse(&issuer, listener.local_addr()?.port())?;
        let mut spare = keys();
        let state = Mutable {
            keys: vec![spare.remove(0)],
            spare,
            clock_offset_seconds: 0,
            counts: BTreeMap::new(),
            faults: BTreeMap::new(),
        };
        let jwks_uri = jwks_uri.unwrap_or_else(|| format!("{text}/openid/v1/jwks"));
        let cluster = Arc::new(Cluster { issuer: text, jwks_uri, state: Mutex::new(state) });
        let router = Router::new()
            .route(&format!("{path}/.well-known/openid-configuration"), get(discovery))
            .route(&format!("{path}/openid/v1/jwks"), get(jwks))
            .with_state(Arc::clone(&cluster));
        Ok(Kubernetes { cluster, server: Server::start(listener, tls, router)? })
    }

    /// The exact `iss`.
    pub fn issuer(&self) -> &str {
        &self.cluster.issuer
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// A token of a service account, good for an hour.
    pub fn token(&self, namespace: &str, name: &str, audiences: &[&str]) -> String {
        self.mint(namespace, name, audiences, |_| {})
    }

    /// The same with `changes` to its claims.
    pub fn mint(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[&str],
        changes: impl FnOnce(&mut Map<String, Value>),
    ) -> String {
        let state = self.cluster.state();
        let mut claims = claims(&self.cluster.issuer, namespace, name, audiences, state.clock_offset_seconds);
        changes(&mut claims);
        state.keys.first().map(|key| jwt(key, claims)).unwrap_or_default()
    }

    /// Signs with another key from now on; the old one stays published. There are three: the fourth is the first again.
    pub fn rotate_keys(&self) {
        let mut state = self.cluster.state();
        let next = if state.spare.is_empty() { state.keys.pop() } else { Some(state.spare.remove(0)) };
        state.keys.splice(..0, next);
    }

    /// Takes every key but the signing one out of the JWK set.
    pub fn retire_keys(&self) {
        let mut state = self.cluster.state();
        let old = state.keys.split_off(1);
        state.spare.extend(old);
    }

    /// Mints tokens as if it were this many seconds later; earlier, where negative.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.cluster.state().clock_offset_seconds = seconds;
    }

    /// Answers with `fault`: `times` times, or until changed.
    pub fn set_fault(&self, document: Document, fault: Fault, times: impl Into<Option<u32>>) {
        let rule = FaultRule { fault, remaining: times.into() };
        self.cluster.state().faults.insert(document, rule);
    }

    /// Answers rightly again.
    pub fn clear_faults(&self) {
        self.cluster.state().faults.clear();
    }

    /// How often a document was asked for, faulty answers included.
    pub fn fetched(&self, document: Document) -> u64 {
        self.cluster.state().counts.get(&document).copied().unwrap_or_default()
    }
}

impl Cluster {
    fn state(&self) -> MutexGuard<'_, Mutable> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, document: Document, content_type: &'static str, body: Value) -> Response {
        let fault = {
            let mut state = self.state();
            *state.counts.entry(document).or_default() += 1;
            let (fault, left) = state.faults.remove(&document).map(FaultRule::take).unwrap_or_default();
            state.faults.extend(left.map(|left| (document, left)));
            fault
        };
        let answer = async { ([(header::CONTENT_TYPE, content_type)], body.to_string()).into_response() };
        match fault {
            Some(fault) => fault.apply(answer).await,
            None => answer.await,
        }
    }
}

async fn discovery(State(cluster): State<Arc<Cluster>>) -> Response {
    let document = json!({
        "issuer": cluster.issuer,
        "jwks_uri": cluster.jwks_uri,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    cluster.answer(Document::Discovery, "application/json", document).await
}

async fn jwks(State(cluster): State<Arc<Cluster>>) -> Response {
    let keys: Vec<_> = cluster.state().keys.iter().map(Key::jwk).collect();
    cluster.answer(Document::Jwks, "application/jwk-set+json", json!({ "keys": keys })).await
}
