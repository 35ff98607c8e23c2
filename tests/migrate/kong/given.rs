//! The least that a plugin needs.

use serde_json::{Value, json};

pub use crate::world::Migrated;

const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";

/// A plugin at a pool of Cognito's, which also has these settings.
pub fn at_cognito(more: Value) -> Migrated {
    let base = json!({ "issuer": POOL, "client_id": ["304a12ktcc5djt9d7enj6dsjkg"], "client_secret": ["hunter2"] });
    migrate(base, more, &["--domain=demo.auth.us-east-1.amazoncognito.com"])
}

/// A plugin at another provider, which also has these settings.
pub fn elsewhere(more: Value, options: &[&str]) -> Migrated {
    let base = json!({ "issuer": "https://idp.example.com", "client_id": ["gateway"], "client_secret": ["hunter2"] });
    migrate(base, more, options)
}

fn migrate(mut base: Value, more: Value, options: &[&str]) -> Migrated {
    let members = base.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let plugin = json!({ "name": "openid-connect", "config": base }).to_string();
    of_file(&plugin, options)
}

/// What a file comes to.
pub fn of_file(text: &str, options: &[&str]) -> Migrated {
    let options: Vec<_> = ["--public-url=https://app.example.com"].iter().chain(options).copied().collect();
    crate::world::migrate("kong", &[("kong.yaml", text)], &options)
}
