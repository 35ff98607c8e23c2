//! A relying party and a browser, as small as the tests allow. It decides nothing: tests say what is right.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use devkit::cognito::{Behaviour, Cognito, Control, Options};
use reqwest::{Response, StatusCode, redirect};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

pub const CLIENT: &str = "4e8k2v9q1w7r5t3y6u0i8o2p4a";
pub const SECRET: &str = "demo+secret+with+plus+0123456789";
pub const PUBLIC_CLIENT: &str = "6p1u2b3l4i5c6c7l8i9e0n1t2a";
pub const OTHER: (&str, &str) = ("7o1t2h3e4r5c6l7i8e9n0t1b2c", "other0client0secret0123456789abc");
pub const CALLBACK: &str = "https://app.example.com/oauth2/callback";
/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The demo pool on free ports, and one browser.
pub struct World {
    pub cognito: Cognito,
    pub control: Control,
    pub browser: reqwest::Client,
}

/// The demo pool.
pub async fn world() -> World {
    world_with(|_| {}).await
}

/// The demo pool with other switches.
pub async fn world_with(change: impl FnOnce(&mut Behaviour)) -> World {
    world_of(|options| change(&mut options.behaviour)).await
}

/// The demo pool with other options.
pub async fn world_of(change: impl FnOnce(&mut Options)) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut options = Options::local(0, 0);
    change(&mut options);
    let cognito = Cognito::start(options).await.unwrap();
    World { control: cognito.control(), browser: browser(), cognito }
}

/// A browser with an empty cookie jar that shows every redirect.
pub fn browser() -> reqwest::Client {
    let builder = reqwest::Client::builder().cookie_store(true).redirect(redirect::Policy::none()).no_proxy();
    builder.timeout(Duration::from_secs(20)).build().unwrap()
}

impl World {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cognito.domain())
    }

    /// GET on the domain; a whole URL is taken as it is.
    pub async fn get(&self, path: &str) -> Response {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url(path) };
        self.browser.get(url).send().await.unwrap()
    }

    pub async fn metadata(&self, name: &str) -> Value {
        self.get(&format!("{}/.well-known/{name}", self.cognito.issuer())).await.json().await.unwrap()
    }

    /// Where authorize redirects to.
    pub async fn authorize(&self, changes: &[(&str, &str)]) -> String {
        location(&self.get(&format!("/oauth2/authorize?{}", query(changes))).await)
    }

    /// The login page of a request, filled in and sent.
    pub async fn submit(&self, changes: &[(&str, &str)], username: &str, password: &str) -> Response {
        let page = self.get(&self.authorize(changes).await).await.text().await.unwrap();
        let action = between(&page, "action=\"", "\"").replace("&amp;", "&");
        let form = [
            ("_csrf", between(&page, "name=\"_csrf\" value=\"", "\"")),
            ("username", username),
            ("password", password),
        ];
        self.browser.post(self.url(&action)).form(&form).send().await.unwrap()
    }

    /// The callback URL of a sign-in.
    pub async fn sign_in(&self, username: &str, changes: &[(&str, &str)]) -> Url {
        Url::parse(&location(&self.submit(changes, username, "password").await)).unwrap()
    }

    /// POST to the token endpoint with Basic authentication of the demo client.
    pub async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        self.token_as(Some((CLIENT, SECRET)), form).await
    }

    pub async fn token_as(&self, client: Option<(&str, &str)>, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let request = self.browser.post(self.url("/oauth2/token")).form(form);
        let request = match client {
            Some((id, secret)) => request.header("authorization", basic(id, secret)),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub async fn redeem(&self, code: &str) -> (StatusCode, Value) {
        self.token(&code_form(code)).await
    }

    /// Sign-in with a fresh password, and code redemption.
    pub async fn tokens(&self, username: &str, changes: &[(&str, &str)]) -> Value {
        let callback = self.sign_in(username, &[changes, &[("prompt", "login")]].concat()).await;
        let (status, tokens) = self.redeem(&member(&callback, "code").unwrap()).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub async fn refresh(&self, refresh_token: &str) -> (StatusCode, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// PATCH on the admin port.
    pub async fn patch(&self, path: &str, patch: Value) -> StatusCode {
        let url = format!("http://{}{path}", self.cognito.admin_addr());
        self.browser.patch(url).json(&patch).send().await.unwrap().status()
    }

    pub async fn userinfo(&self, access_token: &str) -> Response {
        self.browser.get(self.url("/oauth2/userInfo")).bearer_auth(access_token).send().await.unwrap()
    }

    pub async fn revoke(&self, client: (&str, &str), form: &[(&str, &str)]) -> Response {
        let request = self.browser.post(self.url("/oauth2/revoke")).header("authorization", basic(client.0, client.1));
        request.form(form).send().await.unwrap()
    }

    /// Whether the served JWKS verifies the token: by `kid`, RS256.
    pub async fn verifies(&self, token: &str) -> bool {
        let jwks = self.metadata("jwks.json").await;
        let kid = jwt_header(token)["kid"].clone();
        let Some(key) = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid) else { return false };
        let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).is_ok()
    }
}

/// An authorization query; a change to an empty value leaves the member out.
pub fn query(changes: &[(&str, &str)]) -> String {
    let base = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email profile"),
        ("state", "st4te"),
        ("nonce", "n0nce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let changed = |name: &str| changes.iter().any(|(change, _)| *change == name);
    let members = base.iter().filter(|(name, _)| !changed(name)).chain(changes).filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish()
}

pub fn code_form(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]
}

pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

pub fn location(response: &Response) -> String {
    assert_eq!(response.status(), 302);
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub fn member(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

pub fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_default()
}

pub fn raw_part(token: &str, at: usize) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

pub fn jwt_header(token: &str) -> Value {
    serde_json::from_str(&raw_part(token, 0)).unwrap()
}

pub fn claims(tokens: &Value, name: &str) -> Value {
    serde_json::from_str(&raw_part(text(tokens, name), 1)).unwrap()
}

/// An error of the token endpoint.
pub fn error(name: &str) -> Value {
    json!({ "error": name })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).expect(before).0
}
