//! A TCP load balancer as the plainest are: each connection goes to the next gateway in turn, whoever opened it.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::{Net, World};

/// A running balancer; it stops when this is dropped.
pub struct Balancer {
    addr: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Balancer {
    /// Starts in front of these gateways.
    pub async fn start(worlds: &[&World]) -> Balancer {
        let gateways: Vec<_> = worlds.iter().map(|world| world.envoy.addr()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let accepting = tokio::spawn(async move {
            for gateway in gateways.into_iter().cycle() {
                let Ok((client, _)) = listener.accept().await else { return };
                tokio::spawn(carry(client, gateway));
            }
        });
        Balancer { addr, accepting }
    }

    /// The network in which this is the gateway.
    pub fn net(&self, net: &Net) -> Net {
        net.with_gateway(self.addr)
    }
}

async fn carry(mut client: TcpStream, gateway: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(gateway).await {
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
