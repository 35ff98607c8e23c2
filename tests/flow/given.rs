//! What every test is given: the two usual configurations, a random source that repeats itself, names and secrets.

use edge_oidc::{
    config::Environment,
    time::{Entropy, EntropyError, UnixTime},
};
use serde_json::{Value, json};

use crate::provider::{COGNITO, OIDC};

/// A stream that is the same in every run.
pub struct Stream(pub u64);

impl Entropy for Stream {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
        Ok(())
    }
}

impl Stream {
    pub fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.fill(&mut bytes).unwrap();
        u32::from_be_bytes(bytes) as usize % limit
    }

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
