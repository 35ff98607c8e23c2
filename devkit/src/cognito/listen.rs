//! Decides how requests get from a socket to a router: TLS or plain, HTTP/1.1 or HTTP/2, and that all of it ends when the
//! server is dropped. What is answered is the routers' business.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::fault::HangUp;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    task: JoinHandle<()>,
}

/// Binds; port 0 takes any free one.
pub(crate) async fn bind(addr: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(addr).await.with_context(|| format!("cannot listen on {addr}"))
}

impl Server {
    /// Serves until dropped.
    pub(crate) fn start(listener: TcpListener, tls: Option<Arc<ServerConfig>>, router: Router) -> Result<Server> {
        let addr = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, tls.map(TlsAcceptor::from), router));
        Ok(Server { addr, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The connections live in this task's set, so they end with it.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, tls.clone(), router.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve_http(stream, router).await,
        Some(tls) => {
            // A failed handshake is the client's business, and often what a test wants.
            if let Ok(stream) = tls.accept(stream).await {
                serve_http(stream, router).await;
            }
        }
    }
}

async fn serve_http(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), request.map(Body::new)));
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// An error makes hyper end the connection (the stream, in HTTP/2) without an answer.
async fn answer(router: Router, request: Request) -> Result<Response> {
    let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    match response.extensions().get::<HangUp>() {
        Some(HangUp) => anyhow::bail!("hung up on purpose"),
        None => Ok(response),
    }
}
