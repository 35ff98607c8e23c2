//! Identity in Envoy's filter state: `envoy/rbac.yaml` as it is shipped, with the filter in it. Envoy's RBAC decides by what no
//! client can write, and the access log says who it was.
//!
//! What the policies of that file mean for any names and groups is tested without the filter, in devkit.
//!
//! | File | Fact |
//! |---|---|
//! | `decides` | who may read and who may write |
//! | `shows` | what stands in the filter state and in the log, and that it is one request's alone |

mod decides;
mod shows;

use e2e::{Builder, CLIENT_ID, Manifest, World};
use serde_json::json;

/// A world of that file, which takes ID tokens of programs, too.
fn rbac() -> Builder {
    World::builder().manifest(Manifest::Rbac).plugin(|plugin| {
        plugin["providers"][0]["bearer"] = json!([{ "kind": "id_token", "audiences": [CLIENT_ID] }]);
    })
}
