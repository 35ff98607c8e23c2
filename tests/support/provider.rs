//! One fake OpenID provider for every test: [`Want`] is what a test expects of us, [`Response`] what the provider answers.
//!
//! Decides as strictly as a provider can: it recomputes the PKCE challenge, compares `redirect_uri` and the client's proof, and
//! takes a code once. A request that breaks [`Want`] fails the test there; a code that is unknown or used gets the
//! specification's error. How and when its answers travel is the test's.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use edge_oidc::{
    http::call::{Call, CallResponse, Method},
    oidc::signature::Algorithm,
    secret::Secret,
    time::UnixTime,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::signing;

#[path = "tokens.rs"]
mod tokens;

/// A provider: <https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth>.
pub struct Provider {
    /// What it expects of us.
    pub want: Want,
    /// What it answers.
    pub response: Response,
    /// What it was asked, by endpoint: `metadata`, `keys`, `token`, `revocation`, `user_info`, `introspection`.
    pub asked: Vec<&'static str>,
    /// The refresh tokens that were revoked.
    pub revoked: Vec<String>,
    /// Everything that must never be seen: codes, tokens, verifiers.
    pub secrets: Vec<String>,
    /// How many refreshes gave tokens.
    pub refreshed: usize,
    /// The authorization requests that it got.
    pub requested: Vec<BTreeMap<String, String>>,
    /// Access tokens, and whose they are.
    pub access: BTreeMap<String, String>,
    grants: BTreeMap<String, Grant>,
    lines: BTreeMap<String, Line>,
    issued: u64,
}

/// What is expected of us.
pub struct Want {
    /// `client_id`.
    pub client_id: String,
    /// The client's proof: <https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>.
    pub proof: Proof,
    /// The registered redirection endpoints.
    pub redirect_uris: Vec<String>,
    /// `scope`.
    pub scope: String,
    /// What may follow it where a place asks for more.
    pub more_scopes: Vec<&'static str>,
}

/// How the client proves itself.
pub enum Proof {
    /// `client_secret_basic`, form-urlencoded first.
    Basic(&'static str),
    /// A public client.
    None,
    /// `client_secret_post`.
    Post(&'static str),
}

/// What is answered. Members of `claims` and `tokens` replace the usual ones; `None` takes one away.
pub struct Response {
    /// <https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata>
    pub metadata: Value,
    /// <https://www.rfc-editor.org/rfc/rfc7517#section-5>
    pub keys: Vec<Value>,
    /// What signs.
    pub algorithm: Algorithm,
    /// The JOSE header.
    pub header: Value,
    /// Of the ID token: <https://openid.net/specs/openid-connect-core-1_0.html#IDToken>.
    pub claims: BTreeMap<&'static str, Option<Value>>,
    /// Of the token response: <https://openid.net/specs/openid-connect-core-1_0.html#TokenResponse>.
    pub tokens: BTreeMap<&'static str, Option<Value>>,
    /// What becomes of the signed ID token.
    pub forge: Box<dyn Fn(String) -> String>,
    /// Further members of the callback: <https://www.rfc-editor.org/rfc/rfc9207#section-2>.
    pub callback: Vec<(&'static str, String)>,
    /// Whole answers in place of the usual ones, by endpoint.
    pub instead: BTreeMap<&'static str, (u16, String)>,
    /// How long an ID token lasts.
    pub lifetime: Duration,
    /// Whether each refresh gives a new refresh token, and how long the old one is still taken then.
    pub rotation: Option<Duration>,
    /// As `claims`, for ID tokens that a refresh gives; they come after those.
    pub refreshed_claims: BTreeMap<&'static str, Option<Value>>,
    /// As `tokens`, for what a refresh gives.
    pub refreshed_tokens: BTreeMap<&'static str, Option<Value>>,
    /// A whole answer in place of a refresh's usual one.
    pub instead_of_refresh: Option<(u16, Value)>,
    /// Of UserInfo: <https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse>.
    pub user_info: BTreeMap<&'static str, Option<Value>>,
    /// Of introspection: <https://www.rfc-editor.org/rfc/rfc7662#section-2.2>.
    pub introspection: BTreeMap<&'static str, Option<Value>>,
}

/// One authorization: <https://www.rfc-editor.org/rfc/rfc7636#section-4.4>.
struct Grant {
    challenge: String,
    nonce: String,
    person: String,
    redirect_uri: String,
    used: bool,
}

/// A refresh token: <https://www.rfc-editor.org/rfc/rfc6749#section-6>.
struct Line {
    person: String,
    nonce: String,
    since: UnixTime,
    replaced: Option<UnixTime>,
}

impl Provider {
    /// A user pool with a domain, as AWS Cognito documents it.
    pub fn cognito(client_id: &str, secret: &'static str, redirect_uri: &str) -> Self {
        let (issuer, domain) = (COGNITO, "https://demo.auth.eu-west-1.amazoncognito.com");
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{domain}/oauth2/authorize"),
            "token_endpoint": format!("{domain}/oauth2/token"),
            "end_session_endpoint": format!("{domain}/logout"),
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        });
        let kid = "jLYQkA+eNH+uiG3GUHeV7HRcTD/LLrLHPhSTTIZ+4Fc=";
        let claims = [
            ("token_use", json!("id")),
            ("cognito:groups", json!(["team-a", "b,c"])),
            ("email_verified", json!("true")),
        ];
        Self::new(client_id, Proof::Post(secret), redirect_uri, metadata, Algorithm::Rs256, kid, claims)
    }

    /// A provider that follows the specifications and nothing else.
    pub fn oidc(client_id: &str, secret: &'static str, redirect_uri: &str) -> Self {
        Self::at(OIDC, "key-1", (client_id, secret), redirect_uri)
    }

    /// The same elsewhere, whose key has another name.
    pub fn at(issuer: &str, kid: &str, (client_id, secret): (&str, &'static str), redirect_uri: &str) -> Self {
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "jwks_uri": format!("{issuer}/keys"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "introspection_endpoint": format!("{issuer}/introspect"),
        });
        let claims =
            [("name", json!("Kim Park")), ("groups", json!(["team-a", "b,c"])), ("email_verified", json!(true))];
        Self::new(client_id, Proof::Basic(secret), redirect_uri, metadata, Algorithm::Es256, kid, claims)
    }

    fn new(
        client_id: &str,
        proof: Proof,
        redirect_uri: &str,
        metadata: Value,
        algorithm: Algorithm,
        kid: &str,
        claims: [(&'static str, Value); 3],
    ) -> Self {
        Self {
            want: Want {
                client_id: client_id.to_owned(),
                proof,
                redirect_uris: vec![redirect_uri.to_owned()],
                scope: "openid email".to_owned(),
                more_scopes: Vec::new(),
            },
            response: Response {
                metadata,
                keys: vec![signing::jwk(algorithm, kid)],
                algorithm,
                header: json!({"kid": kid, "alg": algorithm.name()}),
                claims: claims.into_iter().map(|(name, value)| (name, Some(value))).collect(),
                tokens: BTreeMap::new(),
                forge: Box::new(|token| token),
                callback: Vec::new(),
                instead: BTreeMap::new(),
                lifetime: Duration::from_secs(3600),
                rotation: None,
                refreshed_claims: BTreeMap::new(),
                refreshed_tokens: BTreeMap::new(),
                instead_of_refresh: None,
                user_info: BTreeMap::new(),
                introspection: BTreeMap::new(),
            },
            asked: Vec::new(),
            revoked: Vec::new(),
            secrets: Vec::new(),
            refreshed: 0,
            requested: Vec::new(),
            access: BTreeMap::new(),
            grants: BTreeMap::new(),
            lines: BTreeMap::new(),
            issued: 0,
        }
    }

    /// Whether a browser sent to `url` comes to the sign-in page.
    pub fn owns(&self, url: &Url) -> bool {
        let endpoint = self.endpoint("authorization_endpoint");
        (url.origin(), url.path()) == (endpoint.origin(), endpoint.path())
    }

    /// Signs `person` in on the sign-in page at `url`: where the browser is sent then.
    pub fn authorize(&mut self, url: &Url, person: &str) -> Url {
        assert!(self.owns(url), "{url} is not the authorization endpoint");
        let request = once(url.query_pairs().into_owned());
        let value = |name: &str| request.get(name).unwrap_or_else(|| panic!("{name} is missing in {url}")).clone();
        assert_eq!((value("response_type"), value("client_id")), ("code".to_owned(), self.want.client_id.clone()));
        let more = self.want.more_scopes.iter().map(|more| format!("{} {more}", self.want.scope));
        assert!(more.chain([self.want.scope.clone()]).any(|scope| scope == value("scope")), "{url}");
        assert_eq!(value("code_challenge_method"), "S256");
        assert!(self.want.redirect_uris.contains(&value("redirect_uri")), "{url}");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        for name in ["state", "nonce", "code_challenge"] {
            assert!(value(name).len() == 43 && value(name).chars().all(plain), "{name} is {}", value(name));
        }
        let code = self.fresh("code");
        let mut callback = Url::parse(&value("redirect_uri")).unwrap();
        callback.query_pairs_mut().append_pair("code", &code).append_pair("state", &value("state"));
        callback.query_pairs_mut().extend_pairs(&self.response.callback);
        let grant = Grant {
            challenge: value("code_challenge"),
            nonce: value("nonce"),
            person: person.to_owned(),
            redirect_uri: value("redirect_uri"),
            used: false,
        };
        self.grants.insert(code, grant);
        self.requested.push(request);
        callback
    }

    /// The endpoint that `call` goes to.
    pub fn called(&self, call: &Call) -> &'static str {
        self.endpoint_of(call).unwrap_or_else(|| panic!("{} is none of the provider's addresses", call.url))
    }

    /// The same, if it is one of its own.
    pub fn endpoint_of(&self, call: &Call) -> Option<&'static str> {
        let metadata =
            self.response.metadata["issuer"].as_str().unwrap().to_owned() + "/.well-known/openid-configuration";
        let beside = self.response.metadata["token_endpoint"].as_str().unwrap_or_default().replace("/token", "/revoke");
        let endpoint = match call.url.as_str() {
            url if url == metadata => "metadata",
            url if self.response.metadata["jwks_uri"] == url => "keys",
            url if self.response.metadata["token_endpoint"] == url => "token",
            url if url == beside => "revocation",
            url if self.response.metadata["userinfo_endpoint"] == url => "user_info",
            url if self.response.metadata["introspection_endpoint"] == url => "introspection",
            _ => return None,
        };
        Some(endpoint)
    }

    /// The answer to `call`.
    pub fn answer(&mut self, call: &Call, now: UnixTime) -> CallResponse {
        let endpoint = self.called(call);
        self.asked.push(endpoint);
        assert_eq!(call.cluster, format!("outbound|443||{}", call.url.host_str().unwrap()));
        let method = if matches!(endpoint, "metadata" | "keys" | "user_info") { Method::Get } else { Method::Post };
        assert_eq!(call.method, method, "{endpoint}");
        if let Some((status, body)) = self.response.instead.get(endpoint) {
            return CallResponse { status: *status, body: Secret::new(body.clone().into_bytes()) };
        }
        let (status, body) = match endpoint {
            "metadata" => (200, self.response.metadata.clone()),
            "keys" => (200, json!({ "keys": self.response.keys })),
            "token" => self.token(call, now),
            "user_info" => self.user_info(call),
            "introspection" => self.introspect(call, now),
            _ => self.revoke(call),
        };
        CallResponse { status, body: Secret::new(body.to_string().into_bytes()) }
    }

    /// How often `endpoint` was asked.
    pub fn times(&self, endpoint: &str) -> usize {
        self.asked.iter().filter(|asked| **asked == endpoint).count()
    }

    /// New keys take the place of the old ones, under the name `kid`.
    pub fn rotate_keys(&mut self, kid: &str) {
        self.response.keys = vec![signing::jwk(self.response.algorithm, kid)];
        self.response.header["kid"] = json!(kid);
    }

    /// Signs with `algorithm`, under the same key name.
    pub fn sign_with(&mut self, algorithm: Algorithm) {
        let kid = self.response.header["kid"].as_str().unwrap().to_owned();
        self.response.algorithm = algorithm;
        self.response.keys = vec![signing::jwk(algorithm, &kid)];
        self.response.header["alg"] = json!(algorithm.name());
    }

    /// The call's form, once the client has proved itself.
    fn proven_form(&self, call: &Call) -> BTreeMap<String, String> {
        let form = once(form_urlencoded::parse(call.body.secret().as_bytes()).into_owned());
        let header =
            |name| call.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.secret().clone());
        assert_eq!(header("content-type").as_deref(), Some("application/x-www-form-urlencoded"));
        assert_eq!(form["client_id"], self.want.client_id);
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (basic, post) = match self.want.proof {
            Proof::Basic(secret) => {
                let pair = format!("{}:{}", encoded(&self.want.client_id), encoded(secret));
                (Some(format!("Basic {}", BASE64_STANDARD.encode(pair))), None)
            }
            Proof::None => (None, None),
            Proof::Post(secret) => (None, Some(secret)),
        };
        assert_eq!((header("authorization"), form.get("client_secret").map(String::as_str)), (basic, post));
        form
    }

    fn endpoint(&self, name: &str) -> Url {
        Url::parse(self.response.metadata[name].as_str().unwrap()).unwrap()
    }

    fn fresh(&mut self, kind: &str) -> String {
        self.issued += 1;
        let secret = signing::encode(Sha256::digest(format!("{kind} {} of {}", self.issued, self.want.client_id)));
        self.secrets.push(secret.clone());
        secret
    }
}

/// `body` with `changes`.
fn changed(mut body: Value, changes: &BTreeMap<&'static str, Option<Value>>) -> Value {
    let members: &mut Map<String, Value> = body.as_object_mut().unwrap();
    for (name, value) in changes {
        match value {
            Some(value) => drop(members.insert((*name).to_owned(), value.clone())),
            None => drop(members.remove(*name)),
        }
    }
    body
}

/// Parameters of which none comes twice (RFC 6749 §3.1).
fn once(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs {
        assert!(map.insert(name.clone(), value).is_none(), "{name} comes twice");
    }
    map
}

/// The issuer of [`Provider::cognito`].
pub const COGNITO: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_dEm0P00l1";
/// The issuer of [`Provider::oidc`].
pub const OIDC: &str = "https://idp.example.net";
