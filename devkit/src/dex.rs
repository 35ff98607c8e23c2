//! What stands in for the Dex of a stock Kubeflow: the certified provider under Dex's issuer, with Dex's paths below it.
//!
//! Like there, the gateway reaches it inside the cluster in plain HTTP by [`HOST`], and people reach it only through the gateway,
//! below [`PATH`] of the gateway's own host. What else Dex does its own way is not here: connectors, its pages, its storage.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::oidc_provider::{Client, Options};

/// The issuer that stock Kubeflow configures.
pub const ISSUER: &str = "http://dex.auth.svc.cluster.local:5556/dex";
/// Host and port of the issuer.
pub const HOST: &str = "dex.auth.svc.cluster.local:5556";
/// Below which everything of its is.
pub const PATH: &str = "/dex";

const ALGORITHM: &str = "RS256";

/// Who is there: names that its login page takes, and their claims. Two have an address that differs by case alone, and one has
/// no group.
pub fn users() -> BTreeMap<String, Value> {
    let claims = |email: &str, groups: &[&str]| {
        let groups = (!groups.is_empty()).then(|| json!(groups));
        let mut claims = json!({ "email": email, "email_verified": true, "name": email.split('@').next() });
        groups.into_iter().for_each(|groups| claims["groups"] = groups);
        claims
    };
    let users = [
        ("ada", claims("ada@example.com", &["a", "data-science"])),
        ("capital", claims("Ada@Example.com", &["b"])),
        ("grace", claims("grace@example.com", &["data-science"])),
        ("user", claims("user@example.com", &[])),
    ];
    users.map(|(name, claims)| (name.to_owned(), claims)).into()
}

/// A Dex with one client, which proves itself as authservice does, and [`users`].
pub fn options(client_id: &str, client_secret: &str, redirect_uri: &str) -> Options {
    let client = Client::new(client_id, "client_secret_basic", Some(client_secret), ALGORITHM, redirect_uri);
    let routes = [("authorization", "/auth"), ("token", "/token"), ("jwks", "/keys"), ("userinfo", "/userinfo")];
    Options {
        algorithms: vec![ALGORITHM.to_owned()],
        clients: vec![client.with_scopes("offline_access")],
        users: users(),
        issuer: Some(ISSUER.to_owned()),
        routes: routes.map(|(name, path)| (name.to_owned(), path.to_owned())).into(),
        ..Options::default()
    }
}
