//! What others can do with the identity that the filter hands on: Istio's RequestAuthentication and AuthorizationPolicy, run as
//! the jwt_authn and RBAC filters that istiod makes of the very manifest in `istio/` (`istiod`).
//!
//! | File | Fact |
//! |---|---|
//! | `gateway` | behind the filter: the ID token of the session is verified again, and decides |
//! | `around` | without the filter, as somebody who has found another way in: nothing passes without a token of our own client |

mod around;
mod gateway;
mod istiod;

use e2e::{Builder, ISSUER, Manifest, World};
use serde_json::json;

/// A world with the filter, which hands ID tokens on, and with what istiod makes of the manifest behind it.
fn istio() -> Builder {
    let cluster = format!("outbound|443||{ISSUER}");
    World::builder()
        .manifest(Manifest::Istio)
        .plugin(|plugin| plugin["identity"]["forward"] = json!({ "idToken": { "header": "authorization" } }))
        .http_manager(move |http| {
            let filters = http["http_filters"].as_array_mut().unwrap();
            filters.splice(1..1, istiod::filters(&cluster));
        })
}
