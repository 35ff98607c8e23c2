//! What the provider that is not ours does with the options that tests give it: refreshes, sign-out in both directions; and
//! what programs can have there (`programs`), how strongly people sign in (`strength`), and what it is as Kubeflow's Dex (`dex`).

#[path = "oidc_provider/dex.rs"]
mod dex;
#[path = "oidc_provider/programs.rs"]
mod programs;
#[path = "oidc_provider/strength.rs"]
mod strength;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use devkit::form::Form;
use devkit::oidc_provider::{Client, OidcProvider, Options};
use devkit::tls;
use reqwest::{Response, StatusCode, redirect};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

const CALLBACK: &str = "https://app.example.com/oauth2/callback";
const SIGNED_OUT: &str = "https://app.example.com/oauth2/signed-out";
const CREDENTIALS: [(&str, &str); 2] = [("client_id", "app"), ("client_secret", "secret")];
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct World {
    provider: OidcProvider,
    browser: reqwest::Client,
}

async fn world(change: impl FnOnce(Client) -> Client) -> World {
    world_of(change, |_| {}).await
}

async fn world_of(client: impl FnOnce(Client) -> Client, change: impl FnOnce(&mut Options)) -> World {
    tls::use_ring();
    let app = Client::new("app", "client_secret_post", Some("secret"), "ES256", CALLBACK);
    let mut options = Options {
        algorithms: vec!["ES256".to_owned()],
        clients: vec![client(app)],
        users: [("ada".to_owned(), json!({ "groups": ["admins"] }))].into(),
        ..Options::default()
    };
    change(&mut options);
    let provider = OidcProvider::start(options);
    let browser = reqwest::Client::builder().cookie_store(true).redirect(redirect::Policy::none()).no_proxy();
    World { provider: provider.await.unwrap(), browser: browser.build().unwrap() }
}

impl World {
    fn url(&self, path: &str) -> Url {
        Url::parse(self.provider.issuer()).unwrap().join(path).unwrap()
    }

    /// Follows redirects and sends the provider's forms until it leads elsewhere.
    async fn follow(&self, start: Url) -> Url {
        let mut at = start;
        let mut answer = self.browser.get(at.clone()).send().await.unwrap();
        for _ in 0..20 {
            if let Some(to) = location(&answer) {
                at = at.join(&to).unwrap();
                if at.origin() != self.url("/").origin() {
                    return at;
                }
                answer = self.browser.get(at.clone()).send().await.unwrap();
            } else {
                let form = Form::first(&answer.text().await.unwrap()).unwrap().fill(&["login", "password"], "ada");
                at = at.join(&form.action).unwrap();
                answer = self.browser.post(at.clone()).form(&form.fields).send().await.unwrap();
            }
        }
        panic!("the provider leads nowhere: {at}")
    }

    /// Tokens of a new sign-in.
    async fn sign_in(&self) -> Value {
        self.sign_in_with(&[]).await
    }

    /// The same, with more in the authorization request; what is asked for by `resource` is asked for at the token endpoint, too.
    async fn sign_in_with(&self, more: &[(&str, &str)]) -> Value {
        let scope = more.iter().find(|(name, _)| *name == "scope").map_or("openid groups", |(_, scope)| scope);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", "app"), ("response_type", "code"), ("redirect_uri", CALLBACK)])
            .extend_pairs([("scope", scope), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
            .extend_pairs(more.iter().filter(|(name, _)| *name != "scope"))
            .finish();
        let callback = self.follow(self.url(&format!("/auth?{query}"))).await;
        let code = callback.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
        let resource: Vec<_> = more.iter().copied().filter(|(name, _)| *name == "resource").collect();
        let (status, tokens) = self.token(&[&form[..], &[("code_verifier", VERIFIER)], &resource].concat()).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    async fn refresh(&self, tokens: &Value) -> (StatusCode, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", text(tokens, "refresh_token"))]).await
    }

    async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let form = [form, &CREDENTIALS].concat();
        let answer = self.browser.post(self.url("/token")).form(&form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

/// A relying party that keeps the logout tokens it is sent.
async fn receiver() -> (String, Arc<Mutex<Vec<String>>>) {
    let received = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&received);
    let app = Router::new().route(
        "/oauth2/backchannel-logout",
        post(async move |Posted(form): Posted<Vec<(String, String)>>| {
            keep.lock().unwrap().extend(form.into_iter().filter(|(name, _)| name == "logout_token").map(|(_, it)| it));
        }),
    );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/oauth2/backchannel-logout", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, received)
}

fn location(answer: &Response) -> Option<String> {
    Some(answer.headers().get("location")?.to_str().unwrap().to_owned())
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name} in {tokens}"))
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn its_metadata_names_both_ways_to_sign_out() {
    let world = world(|client| {
        let client = client.with_post_logout_redirect_uris(&[SIGNED_OUT]).with_rotation();
        let second = Duration::from_secs(1);
        client.with_backchannel_logout("http://127.0.0.1:9/", true).with_lifetimes(second, second, second)
    })
    .await;
    let url = world.url("/.well-known/openid-configuration");
    let document: Value = world.browser.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(document["end_session_endpoint"], world.url("/session/end").as_str());
    assert_eq!(document["backchannel_logout_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
}

#[tokio::test]
async fn refresh_tokens_need_no_offline_access_and_stay_without_rotation() {
    let ([id_token, access_token], refresh_token) = ([2, 3].map(Duration::from_secs), Duration::from_secs(600));
    let world = world(|client| client.with_lifetimes(id_token, access_token, refresh_token)).await;
    let tokens = world.sign_in().await;
    for _ in 0..2 {
        let (status, refreshed) = world.refresh(&tokens).await;
        assert_eq!((status.as_u16(), &refreshed["expires_in"]), (200, &json!(3)), "{refreshed}");
        assert_eq!(refreshed["refresh_token"], tokens["refresh_token"], "the package repeats it");
        let token = claims(text(&refreshed, "id_token"));
        assert_eq!(token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap(), 2);
    }
}

#[tokio::test]
async fn with_rotation_a_used_refresh_token_ends_the_sign_in() {
    let world = world(Client::with_rotation).await;
    let first = world.sign_in().await;
    let (_, second) = world.refresh(&first).await;
    assert_ne!(text(&second, "refresh_token"), text(&first, "refresh_token"));
    let (status, third) = world.refresh(&second).await;
    assert_eq!(status, 200, "{third}");
    assert_eq!(world.refresh(&first).await.1["error"], "invalid_grant");
    assert_eq!(world.refresh(&third).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn signing_out_at_the_provider_leads_back_and_tells_the_relying_party() {
    for session_required in [true, false] {
        let (uri, received) = receiver().await;
        let world = world(|client| {
            client.with_post_logout_redirect_uris(&[SIGNED_OUT]).with_backchannel_logout(&uri, session_required)
        })
        .await;
        let tokens = world.sign_in().await;
        let id_token = claims(text(&tokens, "id_token"));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("id_token_hint", text(&tokens, "id_token")), ("state", "st4te")])
            .append_pair("post_logout_redirect_uri", SIGNED_OUT)
            .finish();
        let end = world.follow(world.url(&format!("/session/end?{query}"))).await;
        assert_eq!(end.as_str(), format!("{SIGNED_OUT}?state=st4te"));
        assert!(world.provider.happened("backchannel.success", Duration::from_secs(5)).await);
        let logout_token = claims(&received.lock().unwrap()[0]);
        assert_eq!((&logout_token["aud"], &logout_token["sub"]), (&json!("app"), &id_token["sub"]));
        assert!(logout_token["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
        assert_eq!(
            (logout_token["sid"].is_string(), id_token["sid"].is_string()),
            (session_required, session_required)
        );
        assert_eq!(logout_token["sid"], id_token["sid"]);
        assert_eq!(
            world.refresh(&tokens).await.1["error"],
            "invalid_grant",
            "the session's refresh tokens end with it"
        );
    }
}
