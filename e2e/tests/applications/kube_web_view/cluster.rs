//! As much of an API server as Kubernetes Web View asks for. Anybody may know which kinds there are; everything else is for whoever
//! has an ID token, and each person has a pod of their own in each namespace.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use e2e::World;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::tokens::Tokens;

/// A running API server.
pub struct Cluster {
    /// Where it listens.
    pub addr: SocketAddr,
    state: Arc<Known>,
}

#[derive(Default)]
struct Known {
    tokens: OnceLock<Tokens>,
    heard: Mutex<Vec<String>>,
}

impl Cluster {
    /// Serves until the test ends.
    pub async fn start() -> Cluster {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let state = Arc::<Known>::default();
        let service = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, service).await });
        Cluster { addr, state }
    }

    /// Takes the ID tokens of this world's pool from now on.
    pub async fn trusts(&self, world: &World) {
        assert!(self.state.tokens.set(Tokens::of(world).await).is_ok(), "it trusts another already");
    }

    /// Who has asked, each once, sorted.
    pub fn heard(&self) -> Vec<String> {
        let mut heard = self.state.heard.lock().expect("a list").clone();
        heard.sort();
        heard.dedup();
        heard
    }
}

async fn answer(State(known): State<Arc<Known>>, request: Request) -> Response {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    if let Some(kinds) = discovery(&path) {
        return Json(kinds).into_response();
    }
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let who = authorization.zip(known.tokens.get()).and_then(|(value, tokens)| tokens.person(value));
    let Some(who) = who else { return StatusCode::UNAUTHORIZED.into_response() };
    known.heard.lock().expect("a list").push(who.clone());
    let accept = request.headers().get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
    objects(&path, &who, accept.contains("as=Table")).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

fn discovery(path: &str) -> Option<Value> {
    let kind = |name: &str, kind: &str, namespaced: bool| json!({ "name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"] });
    let core = [kind("namespaces", "Namespace", false), kind("pods", "Pod", true), kind("events", "Event", true)];
    match path {
        "/api/v1" => Some(json!({ "kind": "APIResourceList", "groupVersion": "v1", "resources": core })),
        "/apis" => Some(json!({ "kind": "APIGroupList", "groups": [] })),
        _ => None,
    }
}

fn objects(path: &str, who: &str, table: bool) -> Option<Response> {
    let name = format!("red-of-{}", who.split('@').next()?);
    let pod = object("Pod", &name, json!({ "containers": [{ "name": "main", "image": "example" }] }));
    let namespace = object("Namespace", "team-red", json!({}));
    let pods = "/api/v1/namespaces/team-red/pods";
    let body = match path {
        "/api/v1/namespaces" => list("NamespaceList", &namespace, table),
        "/api/v1/namespaces/team-red" => namespace,
        "/api/v1/pods" => list("PodList", &pod, table),
        "/api/v1/namespaces/team-red/events" => json!({ "kind": "EventList", "apiVersion": "v1", "items": [] }),
        path if path == pods => list("PodList", &pod, table),
        path if path == format!("{pods}/{name}") => pod,
        path if path == format!("{pods}/{name}/log") => {
            return Some(format!("2026-01-01T00:00:00.000000000Z said to {who}\n").into_response());
        }
        _ => return None,
    };
    Some(Json(body).into_response())
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    let metadata = json!({
        "name": name, "namespace": "team-red", "uid": name, "labels": {}, "creationTimestamp": "2026-01-01T00:00:00Z",
    });
    json!({ "kind": kind, "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": { "phase": "Running" } })
}

fn list(kind: &str, only: &Value, table: bool) -> Value {
    if !table {
        return json!({ "kind": kind, "apiVersion": "v1", "items": [only] });
    }
    let column = json!({ "name": "Name", "type": "string", "description": "Name" });
    let row = json!({ "cells": [only["metadata"]["name"]], "object": only });
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1beta1", "columnDefinitions": [column], "rows": [row] })
}
