//! What every test is given: the two usual configurations, a random source that repeats itself, names and secrets.

use edge_oidc::{config::Environment, time::UnixTime};
use serde_json::{Value, json};

use crate::provider::{COGNITO, OIDC};

pub use crate::stream::Stream;

impl Stream {
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

/// Everything is in the configuration itself.
pub struct NoEnvironment;

impl Environment for NoEnvironment {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// What is configured for kind `cognito`.
pub fn cognito_config() -> Value {
    json!({
        "providers": [{ "issuer": COGNITO, "clientId": CLIENT, "clientSecret": SECRET }],
        "publicUrls": [ORIGIN],
        "session": { "keys": [KEY] },
        "identity": {
            "userId": { "claim": "email", "header": "kubeflow-userid" },
            "groups": { "claim": "cognito:groups", "header": "kubeflow-groups" },
            "headers": [{ "header": "x-user-name", "claim": "name" }],
        },
        "routes": [
            { "match": { "path": { "prefix": "/public" } }, "action": "allow" },
            { "match": { "path": { "prefix": "/internal" } }, "action": "deny" },
        ],
    })
}

/// What is configured for kind `oidc`.
pub fn oidc_config() -> Value {
    let mut tree = cognito_config();
    tree["providers"][0]["issuer"] = json!(OIDC);
    tree["providers"][0]["algorithms"] = json!(["RS256", "ES256"]);
    tree["identity"]["groups"]["claim"] = json!("groups");
    tree
}

pub const HOST: &str = "app.example.com";
pub const ORIGIN: &str = "https://app.example.com";
pub const CALLBACK: &str = "https://app.example.com/oauth2/callback";
pub const CLIENT: &str = "4e8k2v9q1w7r5t3y6u0i8o2p4a";
pub const SECRET: &str = "c1ient+s3cret/that=nobody&may%see";
pub const KEY: &str = "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c";
pub const PERSON: &str = "kim@example.com";
pub const START: UnixTime = UnixTime::from_secs(1_795_180_000);
