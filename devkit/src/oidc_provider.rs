//! The npm package `oidc-provider` as a process: an OpenID provider that is certified, and not ours.
//!
//! It decides how the process is started, told its clients and users, and ended; what it then does is the package's own
//! matter, and how little of that is set is in `oidc-provider/server.mjs`. It speaks plain HTTP on 127.0.0.1. Its own
//! login page takes any password; a user is who has claims here. Its page for RP-initiated logout asks nothing: the form
//! on it says yes, and a browser sends it by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use crate::install;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oidc-provider/server.mjs");
const READY_WITHIN: Duration = Duration::from_secs(60);
const HOUR: u64 = 3600;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What the provider shall know.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where it listens on 127.0.0.1; 0 = any free port.
    pub port: u16,
    /// The algorithms that it has a key for; a client's is one of them.
    pub algorithms: Vec<String>,
    /// The clients.
    pub clients: Vec<Client>,
    /// Names of users and their claims.
    pub users: BTreeMap<String, Value>,
    /// Resource servers by their indicator (RFC 8707), which is the `aud` of access tokens for them. A token for none of
    /// them is opaque.
    pub resources: BTreeMap<String, Resource>,
    /// The `acr` values that it knows, the weakest first: that of a sign-in nobody asked more of. A sign-in that was asked
    /// for another has that one, and a session with none of those asked for does not count. The ID token says it only
    /// where `acr_values` were sent.
    pub acr_values: Vec<String>,
    /// The exact `iss`, where that is not its own address: it is then behind a proxy that people reach it through, answers below
    /// the issuer's path alone, and sends people to the host by which they came.
    pub issuer: Option<String>,
    /// Paths of its endpoints below the issuer, by the package's names for them, where they are not the package's own.
    pub routes: BTreeMap<String, String>,
}

/// A resource server.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// The scopes that there are for it.
    pub scope: String,
    /// What its access tokens are signed with (RFC 9068), or that they are opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
}

/// A client: of people with the code grant, refresh tokens (without `offline_access` too), and PKCE, which it must use; or of a machine
/// with client credentials. Those with a secret may introspect every token (RFC 7662).
#[derive(Clone, Debug, Serialize)]
pub struct Client {
    /// `client_id`.
    pub client_id: String,
    /// Absent for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// `client_secret_basic`, `client_secret_post` or `none`: the provider takes no other from this client.
    pub token_endpoint_auth_method: String,
    /// What its ID tokens are signed with.
    pub id_token_signed_response_alg: String,
    /// Compared exactly.
    pub redirect_uris: Vec<String>,
    grant_types: Vec<&'static str>,
    response_types: Vec<&'static str>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    post_logout_redirect_uris: Vec<String>,
    #[serde(flatten)]
    backchannel_logout: Option<BackchannelLogout>,
    settings: Settings,
}

/// Where logout tokens go, and what is in them.
#[derive(Clone, Debug, Serialize)]
struct BackchannelLogout {
    backchannel_logout_uri: String,
    backchannel_logout_session_required: bool,
}

/// What is no metadata of a client but what the provider does for it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    rotate: bool,
    id_token: u64,
    access_token: u64,
    refresh_token: u64,
    rich_access_tokens: bool,
}

/// Something that happened at the provider, by the package's own name for it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Event {
    /// For example `grant.success`.
    pub event: String,
    /// The client, where it is known.
    pub client: Option<String>,
    /// What was wrong.
    pub error: Option<String>,
}

/// A running provider; it stops when this value is dropped.
#[derive(Debug)]
pub struct OidcProvider {
    addr: SocketAddr,
    issuer: String,
    options: Options,
    events: Arc<Mutex<Vec<Event>>>,
    child: Child,
    // The process ends when this is closed, also where this process is killed.
    _stdin: ChildStdin,
}

impl Client {
    /// A client whose ID tokens are signed with `algorithm`.
    pub fn new(
        client_id: &str,
        method: &str,
        client_secret: Option<&str>,
        algorithm: &str,
        redirect_uri: &str,
    ) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: client_secret.map(str::to_owned),
            token_endpoint_auth_method: method.to_owned(),
            id_token_signed_response_alg: algorithm.to_owned(),
            redirect_uris: vec![redirect_uri.to_owned()],
            grant_types: vec!["authorization_code", "refresh_token"],
            response_types: vec!["code"],
            scope: "openid email profile groups".to_owned(),
            userinfo_signed_response_alg: None,
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout: None,
            settings: Settings {
                rotate: false,
                id_token: HOUR,
                access_token: HOUR,
                refresh_token: HOUR,
                rich_access_tokens: false,
            },
        }
    }

    /// A client of a machine, with these scopes of resource servers.
    pub fn machine(client_id: &str, client_secret: &str, algorithm: &str, scope: &str) -> Self {
        Self {
            redirect_uris: Vec::new(),
            grant_types: vec!["client_credentials"],
            response_types: Vec::new(),
            scope: scope.to_owned(),
            ..Self::new(client_id, "client_secret_basic", Some(client_secret), algorithm, "")
        }
    }

    /// Also these scopes, of resource servers.
    pub fn with_scopes(self, scope: &str) -> Self {
        Self { scope: format!("{} {scope}", self.scope), ..self }
    }

    /// Its access tokens hold the user's claims; where they are opaque, introspection answers them.
    pub fn with_rich_access_tokens(self) -> Self {
        Self { settings: Settings { rich_access_tokens: true, ..self.settings }, ..self }
    }

    /// UserInfo answers it a JWT that is signed with `algorithm`.
    pub fn with_signed_userinfo(self, algorithm: &str) -> Self {
        Self { userinfo_signed_response_alg: Some(algorithm.to_owned()), ..self }
    }

    /// Where the provider may send people after RP-initiated logout; compared exactly.
    pub fn with_post_logout_redirect_uris(self, uris: &[&str]) -> Self {
        Self { post_logout_redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(), ..self }
    }

    /// Where the provider posts logout tokens when the person leaves it (plain HTTP on loopback is fine), and whether
    /// those and ID tokens have `sid`.
    pub fn with_backchannel_logout(self, uri: &str, session_required: bool) -> Self {
        let backchannel_logout = BackchannelLogout {
            backchannel_logout_uri: uri.to_owned(),
            backchannel_logout_session_required: session_required,
        };
        Self { backchannel_logout: Some(backchannel_logout), ..self }
    }

    /// Every refresh brings a new refresh token, and one that comes twice ends all of the sign-in.
    pub fn with_rotation(self) -> Self {
        Self { settings: Settings { rotate: true, ..self.settings }, ..self }
    }

    /// Lifetimes of its tokens, an hour each if nobody says.
    pub fn with_lifetimes(self, id_token: Duration, access_token: Duration, refresh_token: Duration) -> Self {
        let [id_token, access_token, refresh_token] =
            [id_token, access_token, refresh_token].map(|lifetime| lifetime.as_secs());
        Self { settings: Settings { id_token, access_token, refresh_token, ..self.settings }, ..self }
    }
}

impl OidcProvider {
    /// Installs the package if need be, starts it with new keys and waits until it listens.
    pub async fn start(options: Options) -> Result<Self> {
        let (node, modules) = spawn_blocking(|| anyhow::Ok((install::node()?, install::oidc_provider()?))).await??;
        let mut command = Command::new(node);
        command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start node")?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let stderr = collected(child.stderr.take().context("no standard error")?);
        stdin.write_all(line(&options, &modules).as_bytes()).await?;
        let Ok(Ok(port)) = timeout(READY_WITHIN, listening(&mut stdout)).await else {
            child.kill().await?;
            bail!("oidc-provider did not start: {}", locked(&stderr));
        };
        let events = Arc::default();
        tokio::spawn(take_down(stdout, Arc::clone(&events)));
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        let issuer = options.issuer.clone().unwrap_or_else(|| format!("http://{addr}"));
        Ok(Self { addr, issuer, options, events, child, _stdin: stdin })
    }

    /// The same provider anew on the same port: other keys, and nothing that it knew before.
    pub async fn restart(mut self) -> Result<Self> {
        self.child.kill().await?;
        Self::start(Options { port: self.addr.port(), ..self.options }).await
    }

    /// The exact `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What has happened so far.
    pub fn events(&self) -> Vec<Event> {
        locked(&self.events).clone()
    }

    /// Waits until an event of this name has happened; answers whether it came in time.
    pub async fn happened(&self, event: &str, within: Duration) -> bool {
        let end = Instant::now() + within;
        loop {
            if self.events().iter().any(|seen| seen.event == event) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

fn line(options: &Options, modules: &std::path::Path) -> String {
    let Options { port, algorithms, clients, users, resources, acr_values, issuer, routes } = options;
    let told = json!({
        "modules": modules, "port": port, "algorithms": algorithms, "clients": clients, "users": users,
        "resources": resources, "acrValues": acr_values, "issuer": issuer, "routes": routes,
    });
    format!("{told}\n")
}

async fn listening(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<u16> {
    let line = lines.next_line().await?.context("it ended")?;
    let said: Value = serde_json::from_str(&line)?;
    Ok(said["listening"].as_u64().context("no port")?.try_into()?)
}

async fn take_down(mut lines: Lines<BufReader<ChildStdout>>, events: Arc<Mutex<Vec<Event>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(event) = serde_json::from_str(&line) {
            locked(&events).push(event);
        }
    }
}

/// What it prints, as it comes: a pipe that nobody reads would stop it.
fn collected(mut from: impl AsyncRead + Send + Unpin + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&text);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let bytes = buffer.get(..read).unwrap_or_default();
            locked(&into).push_str(&String::from_utf8_lossy(bytes));
        }
    });
    text
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_restart_keeps_the_issuer_and_changes_the_keys() {
        crate::tls::use_ring();
        let algorithms = vec!["ES256".to_owned()];
        let provider = OidcProvider::start(Options { algorithms, ..Options::default() }).await.unwrap();
        let keys = async |provider: &OidcProvider| -> Value {
            reqwest::get(format!("{}/jwks", provider.issuer())).await.unwrap().json().await.unwrap()
        };
        let (issuer, before) = (provider.issuer().to_owned(), keys(&provider).await);
        let provider = provider.restart().await.unwrap();
        assert_eq!(provider.issuer(), issuer);
        assert_ne!(keys(&provider).await, before);
    }
}
