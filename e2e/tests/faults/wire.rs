//! A network cable between Envoy and a server, that can be pulled out and put in again.

use std::net::SocketAddr;

use devkit::envoy::free_port;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A port that leads to a server while it is plugged in, and refuses connections otherwise.
pub struct Wire {
    port: u16,
    plugged: Option<JoinHandle<()>>,
}

impl Wire {
    /// A wire that leads nowhere yet.
    pub fn new() -> Wire {
        Wire { port: free_port(), plugged: None }
    }

    /// Where Envoy finds the server.
    pub fn addr(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Leads to `server` from now on.
    pub async fn plug(&mut self, server: SocketAddr) {
        let listener = TcpListener::bind(self.addr()).await.expect("the port is free");
        self.plugged = Some(tokio::spawn(forward(listener, server)));
    }

    /// Leads nowhere from now on; connections end at once.
    pub async fn unplug(&mut self) {
        if let Some(task) = self.plugged.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(task) = self.plugged.take() {
            task.abort();
        }
    }
}

/// The connections live in this task's set, so they end with it.
async fn forward(listener: TcpListener, server: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}
