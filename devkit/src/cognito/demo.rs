//! Decides who and what is in the demo pool: one user for each shape of identity that a filter has to survive.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde_json::json;

use super::{Client, Federated, User};

/// A confidential client with an awkward secret and two active ones, a public client, another client of the same pool, and
/// a machine.
pub(super) fn clients() -> Vec<Client> {
    let callbacks = ["https://app.example.com/oauth2/callback", "http://localhost:8080/oauth2/callback"];
    let logouts = ["https://app.example.com/", "http://localhost:8080/"];
    let mut edge = Client::confidential("4e8k2v9q1w7r5t3y6u0i8o2p4a", "demo+secret+with+plus+0123456789")
        .with_urls(&callbacks, &logouts);
    edge.client_secrets.push("second0demo0secret0for0rotation0".to_owned());
    edge.scopes.push("https://api.example.com/orders/read".to_owned());
    let public = Client::public("6p1u2b3l4i5c6c7l8i9e0n1t2a").with_urls(&callbacks, &logouts);
    let other = Client::confidential("7o1t2h3e4r5c6l7i8e9n0t1b2c", "other0client0secret0123456789abc")
        .with_urls(&["https://other.example.com/oauth2/callback"], &["https://other.example.com/"]);
    let orders = ["https://api.example.com/orders/read", "https://api.example.com/orders/write"];
    let machine = Client::machine("1m2a3c4h5i6n7e8c9l0i1e2n3t", "machine0secret0for0client0credentials", &orders);
    vec![edge, public, other, machine]
}

/// The users; every password is `password`.
pub(super) fn users() -> Vec<User> {
    let user = |name: &str| User::new(name, "password");
    let mut kim = user("kim").with_groups(["ml-team"]);
    kim.sub = "5f0c1d2e-3a4b-4c5d-8e6f-708192a3b4c5".to_owned();
    kim.attributes = BTreeMap::from([
        ("name".to_owned(), json!("Kim Example")),
        ("phone_number".to_owned(), json!("+12025550123")),
        ("phone_number_verified".to_owned(), json!(false)),
        ("custom:team".to_owned(), json!("blue")),
    ]);
    let lee = User { email: None, email_verified: false, ..user("lee") };
    let max = user("max").with_groups((0..100).map(|n| format!("group-{n:03}-{}", "x".repeat(118))));
    let noa = user("noa").with_groups(["a,b", "say \"hi\"", "Größe;50%", "管理者", "it's", "back\\slash"]);
    let robin = User { email_alias: true, email_verified: false, ..user("robin") };
    let federated = Federated {
        provider_name: "Google".to_owned(),
        provider_type: "Google".to_owned(),
        user_id: "10793".to_owned(),
    };
    let pat = User { federated: Some(federated), email_verified: false, ..user("pat") };
    vec![kim, lee, max, noa, pat, robin]
}

/// The clients of the other pool: one.
pub(super) fn partner_clients() -> Vec<Client> {
    let partners = Client::confidential("5p2a3r4t5n6e7r8s9c0l1i2e3n", "partners0secret0with0many0characters");
    vec![partners.with_urls(&["https://app.example.com/oauth2/callback/partners"], &["https://app.example.com/"])]
}

/// The users of the other pool. There is a `kim` here too: another person, with another `sub`.
pub(super) fn partners() -> Vec<User> {
    let kim = User { sub: sub("another kim"), ..User::new("kim", "password") };
    let quinn = User { email: Some("quinn@partner.example".to_owned()), ..User::new("quinn", "password") };
    vec![kim, quinn.with_groups(["suppliers"])]
}

/// A `sub` that is the same in every run: a UUID made of the name.
pub(super) fn sub(username: &str) -> String {
    let hex: String =
        digest(&SHA256, username.as_bytes()).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
