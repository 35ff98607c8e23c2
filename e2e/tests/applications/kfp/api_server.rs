//! What answers in place of Kubeflow Pipelines' API server: the few calls that a client makes to run a pipeline, and who may.
//!
//! As the real one in its multi-user mode it takes the person from exactly one `kubeflow-userid`, and a namespace is its
//! owner's. Whom it saw, and what came with them, is kept for the test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const API: &str = "/pipeline/apis/v2beta1";

/// Whose namespace is whose.
const OWNERS: [(&str, &str); 2] = [("ada", "ada@example.com"), ("grace", "grace@example.com")];

/// A request, as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub users: Vec<String>,
    pub cookies: Vec<String>,
    pub body: Vec<u8>,
}

/// A running server.
#[derive(Clone, Default)]
pub struct ApiServer {
    seen: Arc<Mutex<Vec<Seen>>>,
    experiments: Arc<Mutex<Vec<Value>>>,
}

type Asked = BTreeMap<String, String>;

impl ApiServer {
    /// Starts one; it ends with the test.
    pub async fn start() -> (ApiServer, SocketAddr) {
        let server = ApiServer::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let app = Router::new()
            .route(&format!("{API}/healthz"), get(async || Json(json!({ "multi_user": true }))))
            .route(&format!("{API}/experiments"), get(experiments).post(create_experiment))
            .route(&format!("{API}/runs"), get(runs).post(create_run))
            .route(&format!("{API}/pipelines/upload"), post(upload))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (server, addr)
    }

    /// What arrived since this was called last.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().expect("a list"))
    }

    /// Whether whoever asks may, in this namespace; the answer where not.
    fn judge(&self, uri: &Uri, headers: &HeaderMap, body: &[u8], namespace: &str) -> Result<(), Refused> {
        let all = |name: &str| -> Vec<String> {
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
        };
        let users = all("kubeflow-userid");
        let seen =
            Seen { path: uri.path().to_owned(), users: users.clone(), cookies: all("cookie"), body: body.to_vec() };
        self.seen.lock().expect("a list").push(seen);
        let [user] = &users[..] else {
            return Err(Refused(StatusCode::BAD_REQUEST, 3, "there is not one user identity header".to_owned()));
        };
        match OWNERS.contains(&(namespace, user)) {
            true => Ok(()),
            false => Err(Refused(StatusCode::FORBIDDEN, 7, format!("User '{user}' is not authorized in {namespace}"))),
        }
    }

    fn namespace_of(&self, experiment: &str) -> String {
        let experiments = self.experiments.lock().expect("a list");
        let found = experiments.iter().find(|known| known["experiment_id"] == experiment);
        found.and_then(|known| known["namespace"].as_str()).unwrap_or_default().to_owned()
    }
}

/// An answer as the real one gives it: a status of HTTP, one of gRPC, and why.
struct Refused(StatusCode, u8, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        (status, Json(json!({ "error": message, "code": code, "message": message }))).into_response()
    }
}

fn asked<'a>(query: &'a Asked, name: &str) -> &'a str {
    query.get(name).map(String::as_str).unwrap_or_default()
}

async fn experiments(
    State(server): State<ApiServer>,
    uri: Uri,
    Query(query): Query<Asked>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    let namespace = asked(&query, "namespace");
    server.judge(&uri, &headers, b"", namespace)?;
    let all = server.experiments.lock().expect("a list");
    let own: Vec<_> = all.iter().filter(|experiment| experiment["namespace"] == namespace).cloned().collect();
    Ok(Json(json!({ "total_size": own.len(), "experiments": own })))
}

async fn create_experiment(
    State(server): State<ApiServer>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let mut experiment: Value = serde_json::from_slice(&body).expect("JSON");
    server.judge(&uri, &headers, &body, experiment["namespace"].as_str().unwrap_or_default())?;
    let mut all = server.experiments.lock().expect("a list");
    experiment["experiment_id"] = json!(format!("experiment-{}", all.len()));
    all.push(experiment.clone());
    Ok(Json(experiment))
}

async fn runs(
    State(server): State<ApiServer>,
    uri: Uri,
    Query(query): Query<Asked>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refused> {
    server.judge(&uri, &headers, b"", asked(&query, "namespace"))?;
    Ok(Json(json!({ "runs": [], "total_size": 0 })))
}

async fn create_run(
    State(server): State<ApiServer>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let run: Value = serde_json::from_slice(&body).expect("JSON");
    let namespace = server.namespace_of(run["experiment_id"].as_str().unwrap_or_default());
    server.judge(&uri, &headers, &body, &namespace)?;
    Ok(Json(json!({ "run_id": "run-0", "display_name": run["display_name"], "experiment_id": run["experiment_id"] })))
}

async fn upload(
    State(server): State<ApiServer>,
    uri: Uri,
    Query(query): Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    server.judge(&uri, &headers, &body, asked(&query, "namespace"))?;
    Ok(Json(json!({ "pipeline_id": "pipeline-0", "display_name": asked(&query, "name") })))
}
