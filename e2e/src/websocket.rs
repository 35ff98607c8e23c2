//! Just enough of RFC 6455 to greet an echo.

use crate::raw::{Raw, RawAnswer};
use crate::{APP, Net};

/// An open WebSocket.
pub struct WebSocket {
    /// The 101 that opened it.
    pub answer: RawAnswer,
    raw: Raw,
}

impl WebSocket {
    /// Shakes hands at `path` with these further header lines; the answer where that was not 101.
    pub async fn open(net: &Net, path: &str, headers: &[(&str, &str)]) -> Result<WebSocket, RawAnswer> {
        let mut raw = Raw::connect(net, APP).await;
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        raw.send(format!(
            "GET {path} HTTP/1.1\r\nHost: {APP}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
        ))
        .await;
        let mut answer = raw.head().await.expect("no answer to a WebSocket handshake");
        if answer.status == 101 {
            return Ok(WebSocket { answer, raw });
        }
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        answer.body = raw.take(length).await.unwrap_or_default();
        Err(answer)
    }

    /// Sends a short text.
    pub async fn send(&mut self, text: &str) {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).expect("a short text");
        // With a mask of zeros the masked text is the text.
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.raw.send(frame).await;
    }

    /// The next text.
    pub async fn receive(&mut self) -> String {
        let head = self.raw.take(2).await.expect("the WebSocket was closed");
        let length = match head[1] {
            126 => self.raw.take(2).await.map(|bytes| usize::from(bytes[0]) << 8 | usize::from(bytes[1])),
            short => Some(usize::from(short)),
        };
        let text = self.raw.take(length.expect("a length")).await.expect("the WebSocket was closed");
        String::from_utf8_lossy(&text).into_owned()
    }
}
