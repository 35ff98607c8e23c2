//! How clients' requests are read before any filter sees them: a ClientTrafficPolicy.
//!
//! Decides what becomes of escaped slashes, of identity headers that clients bring, and of streams that nothing moves in.

use super::{
    super::{super::yaml::Tree, Artifact, kubernetes::resource},
    GROUP, Plan,
};
use crate::identity::Forwarding;

pub(super) fn artifact(plan: &Plan<'_>) -> Artifact {
    let spec = Tree::map()
        .with("targetRefs", Tree::list([plan.gateway()]))
        .explained(SLASHES, "path", Tree::map().with("escapedSlashesAction", "KeepUnchanged"))
        .explained(IDLE, "timeout", Tree::map().with("http", Tree::map().with("streamIdleTimeout", "300s")));
    let headers = headers(plan);
    let spec = match headers.is_empty() {
        true => spec,
        false => {
            let remove = Tree::map().with("remove", Tree::list(headers.into_iter().map(Tree::from)));
            spec.explained(FORGED, "headers", Tree::map().with("earlyRequestHeaders", remove))
        }
    };
    let policy = resource(GROUP, "ClientTrafficPolicy", plan.metadata()).with("spec", spec);
    let what = "How the Gateway reads requests. A Gateway has one ClientTrafficPolicy: if there is one for all of it, put this\n\
                `spec` into that.";
    plan.artifact("clienttrafficpolicy.yaml", what, &[policy])
}

/// What no client may bring to any route of the Gateway; nothing, where only some of its routes are ours. What the filter itself
/// reads is not among them.
fn headers<'a>(plan: &'a Plan<'_>) -> Vec<&'a str> {
    let config = &plan.config;
    let names = config.identity.header_names().chain(config.forwardings().flat_map(Forwarding::header_names));
    let read = [Some(config.bearer.header.as_str()), config.session.header.as_deref()];
    let mut headers: Vec<&str> = Vec::new();
    for name in names.filter(|name| plan.arguments.fleet.http_route.is_empty() && !read.contains(&Some(*name))) {
        if !headers.contains(&name) && headers.len() < MOST {
            headers.push(name);
        }
    }
    headers
}

/// The API server takes no more.
const MOST: usize = 64;
const SLASHES: &str = "An escaped slash stays as it was sent: JupyterLab and object stores put %2F inside one path segment. The filter\n\
                       itself answers 400 where the two readings of such a path would select different rules.";
const IDLE: &str = "The last rope: when a wasm VM dies, a request that waits for an answer in it is never woken again. Only this\n\
                    timeout ends it. It also closes a WebSocket with no traffic at all for so long.";
const FORGED: &str = "The filter removes what clients send under these names. So does this, for routes that the filter does not run\n\
                      on: one with an EnvoyExtensionPolicy of its own has that one in place of the Gateway's.";
