//! Who decides beside the filter, and for whom else the filter decides.
//!
//! | File | Fact |
//! |---|---|
//! | `endpoint` | the verify endpoint: a proxy in front of the application asks, by a subrequest, whether a request may go on |
//! | `authorizer` | the external authorizer: what it is asked, what its word is worth |
//! | `silence` | the external authorizer fails, is slow, or its client does not wait |

mod authorizer;
mod endpoint;
mod silence;

use devkit::authorizer::Authorizer;
use e2e::{Builder, CLIENT_ID, World};
use serde_json::json;

/// A world that also answers for other proxies.
fn verifying() -> Builder {
    World::builder().plugin(|plugin| {
        plugin["paths"]["verify"] = json!("/oauth2/verify");
        plugin["providers"][0]["bearer"] = json!([{ "kind": "id_token", "audiences": [CLIENT_ID] }]);
        plugin["routes"] = json!([
            { "match": { "path": { "prefix": "/healthz" } }, "action": "allow" },
            { "match": { "path": { "prefix": "/never" } }, "action": "deny" },
            { "match": { "path": { "prefix": "/open" } }, "action": "authenticate", "unauthenticated": "pass" },
            { "match": { "path": { "prefix": "/admin" }, "methods": ["GET"] }, "action": "authenticate", "require": { "groups": { "any": ["admins"] } } },
        ]);
    })
}

/// A world that asks an external authorizer, which is patient for a second, and the authorizer.
async fn authorized() -> (Builder, Authorizer) {
    let authorizer = Authorizer::start().await.expect("the authorizer");
    let url = format!("http://{}/check?from=edge", authorizer.addr());
    let builder = verifying().beside_plain("authorizer", authorizer.addr()).plugin(move |plugin| {
        plugin["externalAuthorization"] = json!({ "url": url, "cluster": "authorizer", "timeout": "1s" });
        let rule = json!({ "match": { "path": { "prefix": "/free" } }, "action": "authenticate", "externalAuthorization": false });
        plugin["routes"].as_array_mut().unwrap().push(rule);
    });
    (builder, authorizer)
}
