//! A TLS socket to the gateway and the bytes on it: for requests that no client library would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::Net;

const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP/1.1 connection.
pub struct Raw {
    tls: TlsStream<TcpStream>,
    read: Vec<u8>,
}

/// An answer on such a connection.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body, without any chunk framing.
    pub body: Vec<u8>,
}

impl Raw {
    /// Connects to `host`.
    pub async fn connect(net: &Net, host: &str) -> Raw {
        Raw { tls: net.connect(host, "http/1.1").await, read: Vec::new() }
    }

    /// Sends bytes. That the peer has hung up shows when reading.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.tls.write_all(bytes.as_ref()).await;
        let _ = self.tls.flush().await;
    }

    /// One request and its answer.
    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> RawAnswer {
        self.send(bytes).await;
        self.answer().await.expect("the connection was closed without an answer")
    }

    /// The next answer with its body; none where the peer closed instead.
    pub async fn answer(&mut self) -> Option<RawAnswer> {
        let mut answer = self.head().await?;
        answer.body = match answer.header("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => self.take(length).await?,
            None if answer.header("transfer-encoding").is_some() => self.chunks().await?,
            None => Vec::new(),
        };
        Some(answer)
    }

    /// The next status line and headers.
    pub async fn head(&mut self) -> Option<RawAnswer> {
        let end = self.until(|read| read.windows(4).position(|window| window == b"\r\n\r\n")).await?;
        let head = String::from_utf8_lossy(&self.read.drain(..end + 4).collect::<Vec<_>>()).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok())?;
        Some(RawAnswer { status, head, body: Vec::new() })
    }

    /// The next `length` bytes.
    pub async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        self.until(|read| (read.len() >= length).then_some(0)).await?;
        Some(self.read.drain(..length).collect())
    }

    /// Whether the peer ends the connection, whatever it still sends before.
    pub async fn is_closed(&mut self) -> bool {
        self.until(|_| None).await.is_none()
    }

    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = self.until(|read| read.windows(2).position(|window| window == b"\r\n")).await?;
            let line: Vec<u8> = self.read.drain(..end + 2).collect();
            let size = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).ok()?;
            let mut chunk = self.take(size + 2).await?;
            if size == 0 {
                return Some(body);
            }
            chunk.truncate(size);
            body.append(&mut chunk);
        }
    }

    async fn until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        loop {
            if let Some(at) = found(&self.read) {
                return Some(at);
            }
            let read = timeout(PATIENCE, self.tls.read_buf(&mut self.read)).await.expect("the gateway does not answer");
            if read.unwrap_or(0) == 0 {
                return None;
            }
        }
    }
}

impl RawAnswer {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
