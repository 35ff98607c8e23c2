//! What the tool writes is run, not only validated: `edge-oidc render` and `edge-oidc init cognito --target envoy`, in the
//! newest Envoy and in the oldest.
//!
//! Only places are changed: where names lead, which authority is trusted, port and certificate of the listener, the module.
//!
//! | File | Fact |
//! |---|---|
//! | `render` | a rendered file signs people in, shows no secret, and talks to nobody but whom it names |
//! | `init` | so does the file that is made from the values of a pool |
//! | `istio` | so do the manifests for a gateway of Istio's |
//! | `envoy_gateway` | so do those for a Gateway of Envoy Gateway's |

mod envoy_gateway;
mod init;
mod istio;
mod render;

use e2e::{Answer, Gateway, Tool};

/// The application, as the tool names it unless it is told otherwise.
const APPLICATION: &str = "127.0.0.1:8080";

/// Ada signs in and lands; whoever has not signed in, or says who they are, is nobody. Secrets stand in the secret file only.
async fn signs_in(tool: &Tool, gateway: &mut Gateway) -> Answer {
    let stranger = gateway.person();
    let forged = [("kubeflow-userid", "root@example.com"), ("kubeflow-groups", "admins")];
    let refused = stranger.ask(http::Method::GET, "/x").headers(&forged).send().await;
    refused.expect(401).expect_not_forwarded();
    let ada = gateway.person();
    let landing = ada.sign_in("ada", "/deep?x=1").await;
    assert_eq!(landing.path, "/deep?x=1");
    let answer = ada.ask(http::Method::GET, "/x").headers(&forged).send().await;
    let seen = answer.expect(200).forwarded();
    assert_eq!(seen.all("kubeflow-userid"), ["ada@example.com"]);
    assert_eq!(seen.all("kubeflow-groups"), ["admins,data-science"]);
    gateway.envoy.assert_alive().await.unwrap_or_else(|error| panic!("{error:#}"));
    let key = gateway.environment["SESSION_KEY"].as_str();
    assert!(key.len() >= 43, "a session key is made");
    for name in tool.files().iter().filter(|name| !name.ends_with(".env") && !name.ends_with("/secret.yaml")) {
        let text = tool.read(name);
        assert!(gateway.environment.values().all(|secret| !text.contains(secret)), "a secret in {name}");
    }
    answer
}
