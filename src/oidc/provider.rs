//! What is configured about a provider: the settings that `oidc` needs, valid by construction in `config`.
//!
//! Decides nothing at run time; metadata and keys that are fetched live in `flow::provider`.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

use super::{
    assurance::Assurance, bearer::BearerRule, claims::Naming, client_auth::ClientAuthentication, signature::Algorithm,
};

/// One configured provider and our client there.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// The name that the attempt and the session remember; unique among the providers.
    pub name: String,
    /// What people choose it by where there are several.
    pub display_name: String,
    /// Whether people sign in here. Without it there is no client either, and only bearer tokens come from here.
    pub signs_in: bool,
    /// Whether UserInfo is asked for claims at each sign-in and refresh (OpenID Connect Core §5.3).
    pub user_info: bool,
    /// What claims are called here.
    pub naming: Naming,
    /// The bearer tokens that are taken from this issuer; none if empty.
    pub bearer: Vec<BearerRule>,
    /// The issuer identifier, compared code point by code point with `iss` (OpenID Connect Core §3.1.3.7, step 2).
    pub issuer: String,
    /// Whose rules apply where providers differ.
    pub kind: ProviderKind,
    /// `client_id`; empty where nobody signs in.
    pub client_id: String,
    /// How the token endpoint learns who we are (RFC 6749 §2.3.1).
    pub client_authentication: ClientAuthentication,
    /// `scope` of the authorization request; holds `openid`.
    pub scopes: Vec<String>,
    /// Envoy cluster by `host` or `host:port` of a provider URL; absent hosts use Istio's `outbound|PORT||HOST`.
    pub clusters: BTreeMap<String, String>,
    /// Endpoints that replace what discovery says.
    pub endpoints: EndpointOverrides,
    /// Further members of the authorization request, in order; none that the flow itself sets.
    pub authorization_parameters: Vec<(String, String)>,
    /// Whether an issuer or endpoint may use plain HTTP beyond loopback.
    pub insecure_http: bool,
    /// How long one provider call may take.
    pub timeout: Duration,
    /// Clock difference that `exp`, `nbf` and `iat` are forgiven.
    pub leeway: Duration,
    /// The JWS algorithms accepted for ID tokens.
    pub algorithms: Vec<Algorithm>,
    /// How signing out continues at the provider.
    pub logout: LogoutKind,
    /// Where a person may ask to land after signing out, beside our own site; each exactly as registered at the provider.
    pub logout_return_urls: Vec<String>,
}

impl ProviderSettings {
    /// `scope` of an authorization request that demands `assurance`: the ordinary scopes, then those that are not among them.
    pub fn scopes_with(&self, assurance: &Assurance) -> String {
        let mut scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        for scope in assurance.scopes.iter().map(String::as_str) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes.join(" ")
    }
}

/// Whose rules apply where providers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// AWS Cognito: `token_use`, its own `/logout`, `client_secret_post` by default.
    Cognito,
    /// Any provider that follows OpenID Connect Core and Discovery.
    Oidc,
}

/// Endpoints that replace what discovery says; `None` leaves it to discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointOverrides {
    /// `authorization_endpoint`.
    pub authorization: Option<Url>,
    /// `token_endpoint`.
    pub token: Option<Url>,
    /// `jwks_uri`.
    pub jwks: Option<Url>,
    /// `end_session_endpoint`; for Cognito its `/logout`.
    pub end_session: Option<Url>,
    /// `revocation_endpoint` (RFC 7009).
    pub revocation: Option<Url>,
    /// `userinfo_endpoint`.
    pub user_info: Option<Url>,
    /// `introspection_endpoint` (RFC 7662).
    pub introspection: Option<Url>,
}

/// How signing out continues at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutKind {
    /// Cognito's `/logout?client_id&logout_uri`; `logout_uri` must be registered there.
    Cognito {
        /// Absolute URL, exactly as registered; `None` is the return URL of the sign-out, the public URL's root.
        logout_uri: Option<String>,
    },
    /// Only our own cookies end.
    Local {
        /// Where the browser goes then: a path of the site that it is at, or an absolute URL. `None` is a page of ours.
        return_url: Option<String>,
    },
    /// `end_session_endpoint` (OpenID Connect RP-Initiated Logout 1.0 §2); local where the provider has none.
    RpInitiated {
        /// Absolute URL, exactly as registered; `None` is the return URL of the sign-out.
        post_logout_redirect_uri: Option<String>,
        /// Whether the session's ID token goes with it as `id_token_hint`.
        id_token_hint: bool,
    },
}

impl LogoutKind {
    /// Only our own cookies end, and a page of ours says so.
    pub const LOCAL: Self = Self::Local { return_url: None };

    /// Whether the provider wants the ID token back.
    pub const fn wants_id_token(&self) -> bool {
        matches!(self, Self::RpInitiated { id_token_hint: true, .. })
    }
}

#[cfg(test)]
impl ProviderSettings {
    /// A provider for tests, which change what they are about.
    pub(crate) fn example() -> Self {
        Self {
            name: "default".into(),
            display_name: "default".into(),
            signs_in: true,
            user_info: false,
            naming: Naming::default(),
            bearer: Vec::new(),
            issuer: "https://idp.example.net".into(),
            kind: ProviderKind::Oidc,
            client_id: "edge".into(),
            client_authentication: ClientAuthentication::None,
            scopes: vec!["openid".into()],
            clusters: [].into(),
            endpoints: EndpointOverrides::default(),
            authorization_parameters: Vec::new(),
            insecure_http: false,
            timeout: Duration::from_secs(5),
            leeway: Duration::from_secs(60),
            algorithms: vec![Algorithm::Es256],
            logout: LogoutKind::LOCAL,
            logout_return_urls: Vec::new(),
        }
    }
}
