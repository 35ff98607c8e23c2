//! The least that Pomerium needs.

use crate::world;
pub use crate::world::Migrated;

/// Everything but routes.
pub const BASE: &str = "authenticate_service_url: https://authenticate.example.com\nidp_provider: oidc\n\
                        idp_provider_url: https://idp.example.net\nidp_client_id: gateway\nidp_client_secret: hunter2-of-the-client\n";
/// A route that everyone who signs in may take.
pub const ROUTES: &str =
    "routes:\n- { from: https://app.example.com, to: http://app, allow_any_authenticated_user: true }\n";

/// Migrates a configuration.
pub fn config(text: &str) -> Migrated {
    with(text, &[])
}

pub fn with(text: &str, arguments: &[&str]) -> Migrated {
    world::migrate("pomerium", &[("config.yaml", text)], arguments)
}

/// Migrates the usual one with this setting more.
pub fn setting(line: &str) -> Migrated {
    config(&format!("{BASE}{line}\n{ROUTES}"))
}

/// Migrates the usual one with these settings in its only route.
pub fn route(settings: &str) -> Migrated {
    config(&format!("{BASE}routes:\n- from: https://app.example.com\n  to: http://app\n{}", indented(settings)))
}

/// Migrates the usual one with this policy of its only route.
pub fn policy(text: &str) -> Migrated {
    route(&format!("policy:\n{}", indented(text)))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Fails unless nothing was written, because of this.
#[track_caller]
pub fn refuses(migrated: &Migrated, why: &str) {
    assert_eq!(migrated.outcome.code, 1, "{}", migrated.said());
    assert!(migrated.files().is_empty());
    migrated.says(why);
    assert!(!migrated.said().contains("mistake of edge-oidc's own"), "{}", migrated.said());
}
