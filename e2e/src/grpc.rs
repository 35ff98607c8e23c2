//! A real gRPC client for the application's health service, by way of the gateway.

use hyper_util::rt::TokioIo;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::health_client::HealthClient;

use crate::{APP, Net};

/// A client on one connection.
pub async fn health_client(net: &Net) -> HealthClient<Channel> {
    let net = net.clone();
    let connector = tower::service_fn(move |_| {
        let net = net.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(net.connect(APP, "h2").await)) }
    });
    let endpoint = Endpoint::from_static("http://app.example.com")
        .origin("https://app.example.com".parse().expect("a gRPC client"));
    HealthClient::new(endpoint.connect_with_connector(connector).await.expect("a gRPC client"))
}
