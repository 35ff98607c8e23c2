//! Real gRPC clients, by way of the gateway: a channel for any service, and the application's health service.

use hyper_util::rt::TokioIo;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::health_client::HealthClient;

use crate::{APP, Net};

/// One connection for calls of any service.
pub async fn grpc_channel(net: &Net) -> Channel {
    let net = net.clone();
    let connector = tower::service_fn(move |_| {
        let net = net.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(net.connect(APP, "h2").await)) }
    });
    let endpoint = Endpoint::from_static("http://app.example.com")
        .origin("https://app.example.com".parse().expect("a gRPC client"));
    endpoint.connect_with_connector(connector).await.expect("a gRPC client")
}

/// A client of the health service on one connection.
pub async fn health_client(net: &Net) -> HealthClient<Channel> {
    HealthClient::new(grpc_channel(net).await)
}
