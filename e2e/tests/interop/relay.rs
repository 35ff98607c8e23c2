//! The provider's way to the gateway, when the provider has something to say: it stands for the name that would resolve, and
//! for the certificate that would be trusted. Its address is known before there is a gateway, as the provider demands.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use e2e::Person;
use tokio::net::TcpListener;

/// What belongs to a connection, and what a client makes itself.
const OWN: [&str; 4] = ["connection", "content-length", "host", "transfer-encoding"];

/// An address; connections to it wait until there is a gateway.
pub struct Relay(TcpListener);

impl Relay {
    pub async fn bind() -> Relay {
        Relay(TcpListener::bind(("127.0.0.1", 0)).await.expect("a port"))
    }

    /// The address of a path of the gateway.
    pub fn uri(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.local_addr().expect("an address"))
    }

    /// Hands everything on by `client`, as it is.
    pub fn serve(self, client: Person) {
        let client = Arc::new(client);
        let relay = Router::new().fallback(async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let others = headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
            let ask =
                others.fold(client.ask(method, &uri.to_string()), |ask, (name, value)| ask.also(name.as_str(), value));
            let answer = ask.without_cookies().body(body).send().await;
            (StatusCode::from_u16(answer.status).expect("a status"), answer.body)
        });
        tokio::spawn(async move { axum::serve(self.0, relay).await });
    }
}
