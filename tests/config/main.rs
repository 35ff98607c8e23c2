//! Configurations: what is refused, what is meant, and what `edge-oidc check` says about them.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

mod authservice;
mod blocks;
mod check;
mod explain;
mod futile;
mod generous;
mod identity;
mod pages;
mod parameters;
mod people;
mod provider;
mod providers;
mod public_urls;
mod require;
mod routes;
mod session;
mod sign_in_page;
mod tokens;

use std::collections::BTreeMap;

use edge_oidc::config::{Config, Environment, Problems};
use serde_json::{Value, json};

const KEY: &str = "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c";

struct Variables(BTreeMap<String, String>);

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

fn good() -> Value {
    json!({
        "providers": [{
            "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012",
            "clientId": "304a12ktcc5djt9d7enj6dsjkg",
        }],
        "publicUrls": ["https://app.example.com"],
        "session": { "keys": [{ "env": "SESSION_KEY" }] },
    })
}

/// The good configuration with `value` at `pointer`.
fn with(pointer: &str, value: Value) -> Value {
    let mut tree = good();
    let mut place = &mut tree;
    for name in pointer.split('/').skip(1) {
        place = match name.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[name],
        };
    }
    *place = value;
    tree
}

fn read(tree: &Value) -> Result<Config, Problems> {
    let variables =
        [("SESSION_KEY", KEY), ("SECRET", "s3cret+s3cret"), ("EMPTY", ""), ("LINES", "a\nb"), ("LINE", "ab\n")];
    Config::read(tree, &Variables(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()))
}

/// The places of all problems.
fn places(tree: &Value) -> Vec<String> {
    read(tree).map_or_else(|problems| problems.iter().map(|problem| problem.path.clone()).collect(), |_| Vec::new())
}

fn staff() -> Value {
    json!({ "name": "staff", "issuer": "https://staff.example.com", "clientId": "edge" })
}

fn partners() -> Value {
    json!({ "name": "partners", "issuer": "https://partners.example.com", "clientId": "edge" })
}

fn pods() -> Value {
    json!({
        "name": "pods",
        "issuer": "https://kubernetes.default.svc",
        "bearer": [{ "kind": "service_account", "audiences": ["edge"] }],
    })
}

/// `value` with `more` members.
fn and(mut value: Value, more: Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}
