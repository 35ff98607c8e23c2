//! A proxy by which an application that is itself a client finds the hosts of a world, by their names: CONNECT and nothing else.
//!
//! It may be started first, since an application may have to run before the world in front of it: until it knows a world, it turns
//! everybody away.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use e2e::{Net, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A proxy, as long as the test runs.
pub struct Proxy {
    /// Where it listens.
    pub addr: SocketAddr,
    net: Arc<OnceLock<Net>>,
}

impl Proxy {
    /// One that knows no world yet.
    pub async fn start() -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let net = Arc::new(OnceLock::new());
        let known = Arc::clone(&net);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&known)));
            }
        });
        Proxy { addr, net }
    }

    /// Leads to this world from now on.
    pub fn leads_to(&self, world: &World) {
        assert!(self.net.set(world.net.clone()).is_ok(), "it leads to another already");
    }
}

async fn serve(mut client: TcpStream, net: Arc<OnceLock<Net>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let host = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next());
    let (Some(host), Some(net)) = (host, net.get()) else {
        return client.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
    };
    let mut server = TcpStream::connect(net.addr(host)).await?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}
