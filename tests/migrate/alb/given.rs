//! The least that a listener needs.

use serde_json::{Value, json};

use crate::world;
pub use crate::world::Migrated;

pub const ARN: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf012";

/// The actions of a pool's rule, with other members in its configuration.
pub fn pool(more: Value) -> Value {
    let mut config = json!({ "UserPoolArn": ARN, "UserPoolClientId": "client", "UserPoolDomain": "demo" });
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    json!([{ "Type": "forward", "Order": 2 }, { "Type": "authenticate-cognito", "AuthenticateCognitoConfig": config, "Order": 1 }])
}

/// The actions of another provider's rule, with other members in its configuration.
pub fn oidc(more: Value) -> Value {
    let mut config = json!({
        "Issuer": "https://idp.example.net", "AuthorizationEndpoint": "https://idp.example.net/authorize",
        "TokenEndpoint": "https://idp.example.net/token", "UserInfoEndpoint": "https://idp.example.net/userinfo",
        "ClientId": "client",
    });
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    json!([{ "Type": "authenticate-oidc", "AuthenticateOidcConfig": config, "Order": 1 }, { "Type": "forward", "Order": 2 }])
}

pub fn forward() -> Value {
    json!([{ "Type": "forward" }])
}

pub fn answer() -> Value {
    json!([{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "403" } }])
}

/// A rule for these path patterns.
pub fn path(priority: u32, patterns: &[&str], actions: Value) -> Value {
    rule(priority, &[json!({ "Field": "path-pattern", "Values": patterns })], actions)
}

pub fn rule(priority: u32, conditions: &[Value], actions: Value) -> Value {
    json!({ "Priority": priority.to_string(), "Conditions": conditions, "Actions": actions })
}

pub fn default(actions: Value) -> Value {
    json!({ "Priority": "default", "IsDefault": true, "Conditions": [], "Actions": actions })
}

/// Migrates these rules.
pub fn rules(rules: &[Value]) -> Migrated {
    file(&json!({ "Rules": rules }).to_string())
}

/// Migrates a file with this text.
pub fn file(text: &str) -> Migrated {
    with(text, &[])
}

pub fn with(text: &str, arguments: &[&str]) -> Migrated {
    let arguments: Vec<_> = ["--public-url=https://app.example.com"].iter().chain(arguments).copied().collect();
    world::migrate("alb", &[("a.json", text)], &arguments)
}

/// Fails unless nothing was written, because of this.
#[track_caller]
pub fn refuses(migrated: &Migrated, why: &str) {
    assert_eq!(migrated.outcome.code, 1, "{}", migrated.said());
    assert!(migrated.files().is_empty());
    migrated.says(why);
    assert!(!migrated.said().contains("mistake of edge-oidc's own"), "{}", migrated.said());
}
