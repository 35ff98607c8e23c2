//! The provider as the Dex of a stock Kubeflow: below a path, behind a gateway.

use devkit::dex;
use devkit::oidc_provider::OidcProvider;
use devkit::tls;
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde_json::Value;

const CALLBACK: &str = "https://kubeflow.example.com/authservice/oidc/callback";

async fn dex() -> (OidcProvider, Client) {
    tls::use_ring();
    let provider = OidcProvider::start(dex::options("edge", "secret", CALLBACK)).await.unwrap();
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
    (provider, client)
}

fn ask(dex: &(OidcProvider, Client), path: &str, host: &str) -> RequestBuilder {
    dex.1.get(format!("http://{}{path}", dex.0.addr())).header("host", host)
}

#[tokio::test]
async fn inside_the_cluster_its_metadata_names_dexs_issuer_and_paths() {
    let dex = dex().await;
    assert_eq!(dex.0.issuer(), dex::ISSUER);
    let answer = ask(&dex, "/dex/.well-known/openid-configuration", dex::HOST).send().await.unwrap();
    let metadata: Value = answer.json().await.unwrap();
    assert_eq!(metadata["issuer"], dex::ISSUER);
    for (name, path) in [
        ("authorization_endpoint", "auth"),
        ("token_endpoint", "token"),
        ("jwks_uri", "keys"),
        ("userinfo_endpoint", "userinfo"),
    ] {
        assert_eq!(metadata[name], format!("{}/{path}", dex::ISSUER));
    }
    let outside = ask(&dex, "/.well-known/openid-configuration", dex::HOST).send().await.unwrap();
    assert_eq!(outside.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_stay_below_its_path_on_the_host_by_which_they_came() {
    let dex = dex().await;
    let query = "client_id=edge&response_type=code&scope=openid&code_challenge_method=S256\
                 &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&redirect_uri=https%3A%2F%2F\
                 kubeflow.example.com%2Fauthservice%2Foidc%2Fcallback";
    let ask = ask(&dex, &format!("/dex/auth?{query}"), "kubeflow.example.com");
    let answer = ask.header("x-forwarded-proto", "https").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{answer:?}");
    let to = answer.headers()["location"].to_str().unwrap();
    assert!(to.starts_with("/dex/interaction/"), "{to}");
}
