//! The manifests for Istio, as istiod and the cluster make an Envoy of them.

use e2e::{APP, CLIENT_ID, CLIENT_SECRET, DOMAIN, Rendered, Tool, istiod};

use crate::render::{POOL, REST, stranger_at_the_provider};
use crate::{APPLICATION, signs_in};

/// What belongs to the gateway, of what the tool wrote.
fn gateway(tool: &Tool) -> Rendered {
    let own = |name: &String| name.starts_with("edge-oidc/istio/") && name.ends_with(".yaml");
    let files: Vec<_> = tool.files().into_iter().filter(own).filter(|name| !name.ends_with("-values.yaml")).collect();
    istiod::apply(tool, &files, &[], APP).env("OIDC_CLIENT_SECRET", CLIENT_SECRET)
}

#[tokio::test]
async fn what_init_writes_for_istio_signs_people_in() {
    let tool = Tool::new();
    let host = format!("https://{APP}");
    let pool = ["--pool-id", "us-east-1_AbCdEf012", "--client-id", CLIENT_ID, "--domain", "demo", "--host", &host];
    let arguments: Vec<_> = ["init", "cognito"].iter().chain(&pool).copied().collect();
    tool.expect(&arguments);
    let (rendered, _pool) = gateway(&tool).with_pool(|_| {}).await;
    let mut gateway = rendered.start(APPLICATION).await;
    signs_in(&tool, &mut gateway).await;
}

/// Renders the configuration with a pool for this release of Istio.
fn rendered_for(release: &str) -> Tool {
    let tool = Tool::new();
    tool.put("config.yaml", &format!("{POOL}{REST}"));
    tool.expect(&["render", "istio", "config.yaml", "--provider-host", DOMAIN, "--istio", release]);
    tool
}

#[tokio::test]
async fn what_render_writes_for_an_old_istio_and_for_the_newest_signs_people_in() {
    for release in ["1.26", "1.30"] {
        let tool = rendered_for(release);
        let (rendered, _pool) = gateway(&tool).with_pool(|_| {}).await;
        let mut gateway = rendered.start(APPLICATION).await;
        signs_in(&tool, &mut gateway).await;
    }
}

#[tokio::test]
async fn a_stranger_at_the_provider_is_refused_by_what_render_writes_for_istio() {
    let (rendered, _pool) = gateway(&rendered_for("1.28")).with_pool_called(&["elsewhere.example.com"], |_| {}).await;
    stranger_at_the_provider(&rendered.start(APPLICATION).await).await;
}
