//! The wire: chromedriver as a process, and commands of W3C WebDriver as JSON over plain HTTP.
//!
//! It knows nothing about pages. No crate does this here, because the usual one brings two dozen crates and a licence that
//! `deny.toml` does not take, for what is one request with a JSON body.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const STARTED_WITHIN: Duration = Duration::from_secs(30);
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// A session with a browser of its own; both end when this value is dropped.
pub struct Session {
    addr: SocketAddr,
    path: String,
    client: reqwest::Client,
    _driver: Child,
}

impl Session {
    /// Starts a driver and a browser with these capabilities; what they leave behind is in `folder`.
    pub async fn start(chromedriver: &Path, folder: &Path, capabilities: Value) -> Session {
        let (driver, addr) =
            timeout(STARTED_WITHIN, start(chromedriver, folder)).await.expect("chromedriver does not start");
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWERED_WITHIN).build().expect("an HTTP client");
        let mut session = Session { addr, path: "/session".to_owned(), client, _driver: driver };
        let capabilities = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let begun = session.command(Method::POST, "", capabilities).await.expect("a browser");
        let _ = write!(session.path, "/{}", begun["sessionId"].as_str().expect("a session id"));
        session
    }

    /// One command; the error is the driver's own.
    pub async fn command(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let request = self.client.request(method.clone(), format!("http://{}{}{path}", self.addr, self.path));
        let request = if method == Method::POST { request.json(&body) } else { request };
        let response = request.send().await.map_err(|error| format!("{path}: {error}"))?;
        let failed = !response.status().is_success();
        let mut answer: Value = response.json().await.map_err(|error| format!("{path}: {error}"))?;
        match failed {
            true => Err(format!("{path} {body}: {} {}", answer["value"]["error"], answer["value"]["message"])),
            false => Ok(answer["value"].take()),
        }
    }
}

impl Drop for Session {
    /// The driver's browser ends by this command only: killing the driver would leave it running.
    fn drop(&mut self) {
        let Ok(mut tcp) = TcpStream::connect(self.addr) else { return };
        let _ = tcp.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = write!(tcp, "DELETE {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.path, self.addr);
        let _ = tcp.read(&mut [0; 512]);
    }
}

/// The port that the driver finds free for IPv4 may have been taken for IPv6 when it comes to that: then it ends, and another one
/// is started.
async fn start(chromedriver: &Path, folder: &Path) -> (Child, SocketAddr) {
    loop {
        if let Some(started) = start_once(chromedriver, folder).await {
            return started;
        }
    }
}

async fn start_once(chromedriver: &Path, folder: &Path) -> Option<(Child, SocketAddr)> {
    let mut command = Command::new(chromedriver);
    command.arg("--port=0").env("TMPDIR", folder).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut driver = command.spawn().expect("chromedriver");
    let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
    loop {
        let line = lines.next_line().await.expect("its output")?;
        let port = line.strip_suffix('.').and_then(|line| line.split_once("successfully on port "));
        if let Some((_, port)) = port {
            // What it says later is read too, so that it is never held up.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some((driver, SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")))));
        }
    }
}
