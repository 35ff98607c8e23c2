//! Provider metadata (OpenID Connect Discovery 1.0 §4): the request and the judgement of the answer.
//!
//! Decides which documents and endpoints are believed. When to fetch, and how long to keep it, is `flow::provider`'s.

use std::fmt;

use serde_json::{Map, Value};
use url::{Host, Url};

use super::{
    cognito,
    json::{JsonError, Limits, parse_object},
    provider::{ProviderKind, ProviderSettings},
};
use crate::http::{
    call::{Call, CallResponse},
    cluster::cluster_name,
    origin::is_loopback,
};

/// What we use of a provider's metadata, overrides applied.
#[derive(Clone, Debug)]
pub struct ProviderMetadata {
    /// `jwks_uri`.
    pub jwks_uri: Url,
    /// `userinfo_endpoint`.
    pub user_info_endpoint: Option<Url>,
    /// `introspection_endpoint` (RFC 8414 §2).
    pub introspection_endpoint: Option<Url>,
    /// What sign-ins need; `None` where nobody signs in.
    pub sign_in: Option<SignInEndpoints>,
}

/// The endpoints that sign-ins need.
#[derive(Clone, Debug)]
pub struct SignInEndpoints {
    /// `authorization_endpoint`.
    pub authorization_endpoint: Url,
    /// `token_endpoint`.
    pub token_endpoint: Url,
    /// `end_session_endpoint`.
    pub end_session_endpoint: Option<Url>,
    /// `revocation_endpoint` (RFC 8414 §2), or Cognito's beside its token endpoint.
    pub revocation_endpoint: Option<Url>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207 §3): `iss` must then come back with the code.
    pub authorization_response_iss_parameter_supported: bool,
}

/// Why a provider's metadata is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoveryError {
    /// A Cognito pool without a domain: the endpoints below its issuer do not work.
    CognitoWithoutDomain,
    /// The endpoint is missing from metadata and configuration.
    EndpointAbsent(&'static str),
    /// The endpoint is not an https URL of a named host.
    EndpointRefused(&'static str),
    /// `issuer` is not the configured issuer, code point by code point (Discovery §4.3).
    IssuerMismatch,
    /// The same, and all that differs is a slash at the end.
    IssuerSlash,
    /// The body is not one JSON object.
    Json(JsonError),
    /// The answer is not a 200.
    Status(u16),
}

/// The request for the metadata: `<issuer>/.well-known/openid-configuration`, or `None` if every endpoint is configured.
pub fn metadata_request(settings: &ProviderSettings) -> Option<Call> {
    let overrides = &settings.endpoints;
    let signs_in = overrides.authorization.is_some() && overrides.token.is_some() || !settings.signs_in;
    if signs_in && overrides.jwks.is_some() {
        return None;
    }
    let base = settings.issuer.strip_suffix('/').unwrap_or(&settings.issuer);
    let url = Url::parse(&format!("{base}/.well-known/openid-configuration")).ok()?;
    let cluster = cluster_name(&settings.clusters, &url);
    Some(Call::get(url, cluster, settings.timeout))
}

/// Judges the answer to [`metadata_request`].
///
/// # Errors
/// [`DiscoveryError`] says which check failed; nothing of the document is used then.
pub fn process_metadata_response(
    settings: &ProviderSettings,
    response: &CallResponse,
) -> Result<ProviderMetadata, DiscoveryError> {
    if response.status != 200 {
        return Err(DiscoveryError::Status(response.status));
    }
    let document = parse_object(response.body.secret(), Limits::DOCUMENT).map_err(DiscoveryError::Json)?;
    let bare = |issuer: &str| issuer.strip_suffix('/').unwrap_or(issuer).to_owned();
    match document.get("issuer").and_then(Value::as_str) {
        Some(issuer) if issuer == settings.issuer => metadata(settings, &document),
        Some(issuer) if bare(issuer) == bare(&settings.issuer) => Err(DiscoveryError::IssuerSlash),
        _ => Err(DiscoveryError::IssuerMismatch),
    }
}

/// The metadata of a provider whose endpoints are all configured.
///
/// # Errors
/// An endpoint is missing after all.
pub fn configured_metadata(settings: &ProviderSettings) -> Result<ProviderMetadata, DiscoveryError> {
    metadata(settings, &Map::new())
}

fn metadata(settings: &ProviderSettings, document: &Map<String, Value>) -> Result<ProviderMetadata, DiscoveryError> {
    let overrides = &settings.endpoints;
    let endpoint = |name, configured| endpoint(settings, document, name, configured);
    Ok(ProviderMetadata {
        jwks_uri: endpoint("jwks_uri", &overrides.jwks)?.ok_or(DiscoveryError::EndpointAbsent("jwks_uri"))?,
        user_info_endpoint: endpoint("userinfo_endpoint", &overrides.user_info)?,
        introspection_endpoint: endpoint("introspection_endpoint", &overrides.introspection)?,
        sign_in: if settings.signs_in { Some(sign_in_endpoints(settings, document)?) } else { None },
    })
}

fn sign_in_endpoints(
    settings: &ProviderSettings,
    document: &Map<String, Value>,
) -> Result<SignInEndpoints, DiscoveryError> {
    let overrides = &settings.endpoints;
    let endpoint = |name, configured| endpoint(settings, document, name, configured);
    let required = |name, configured| endpoint(name, configured)?.ok_or(DiscoveryError::EndpointAbsent(name));
    let authorization_endpoint = required("authorization_endpoint", &overrides.authorization)?;
    let discovered = overrides.authorization.is_none() && settings.kind == ProviderKind::Cognito;
    if discovered && cognito::lacks_domain(&settings.issuer, &authorization_endpoint) {
        return Err(DiscoveryError::CognitoWithoutDomain);
    }
    let token_endpoint = required("token_endpoint", &overrides.token)?;
    let beside = match settings.kind {
        ProviderKind::Cognito => cognito::revocation_endpoint(&token_endpoint),
        ProviderKind::Oidc => None,
    };
    Ok(SignInEndpoints {
        end_session_endpoint: endpoint("end_session_endpoint", &overrides.end_session)?,
        revocation_endpoint: endpoint("revocation_endpoint", &overrides.revocation)?.or(beside),
        authorization_response_iss_parameter_supported: document
            .get("authorization_response_iss_parameter_supported")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        authorization_endpoint,
        token_endpoint,
    })
}

fn endpoint(
    settings: &ProviderSettings,
    document: &Map<String, Value>,
    name: &'static str,
    configured: &Option<Url>,
) -> Result<Option<Url>, DiscoveryError> {
    if configured.is_some() {
        return Ok(configured.clone());
    }
    let Some(value) = document.get(name) else { return Ok(None) };
    let url = value.as_str().and_then(|text| Url::parse(text).ok());
    match url.filter(|url| acceptable(settings, url)) {
        Some(url) => Ok(Some(url)),
        None => Err(DiscoveryError::EndpointRefused(name)),
    }
}

/// T-144: https, no credentials or fragment, and no address literal that the issuer itself does not use.
fn acceptable(settings: &ProviderSettings, url: &Url) -> bool {
    let issuer = Url::parse(&settings.issuer).ok();
    let issuer_host = issuer.as_ref().and_then(Url::host);
    let local = |url: &Url| url.host_str().is_some_and(is_loopback);
    let plain = settings.insecure_http || local(url) && issuer.as_ref().is_some_and(local);
    let scheme = url.scheme() == "https" || url.scheme() == "http" && plain;
    let named = match url.host() {
        Some(Host::Domain(_)) => true,
        host @ Some(_) => host == issuer_host,
        None => false,
    };
    scheme && named && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

impl DiscoveryError {
    /// The stable code in logs, metrics and documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CognitoWithoutDomain => "cognito_without_domain",
            Self::EndpointAbsent(_) => "endpoint_absent",
            Self::EndpointRefused(_) => "endpoint_refused",
            Self::IssuerMismatch | Self::IssuerSlash => "issuer_mismatch",
            Self::Json(_) => "not_json",
            Self::Status(_) => "status",
        }
    }
}

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CognitoWithoutDomain => {
                f.write_str("the user pool has no domain; create one (aws cognito-idp create-user-pool-domain)")
            }
            Self::EndpointAbsent(name) => write!(f, "the metadata has no {name}; set it under endpoints"),
            Self::EndpointRefused(name) => write!(f, "{name} is not an https URL of a named host"),
            Self::IssuerMismatch => f.write_str("the metadata's issuer is not the configured issuer"),
            Self::IssuerSlash => f.write_str(
                "the metadata's issuer and the configured one differ by the slash at the end; write it as the metadata does",
            ),
            Self::Json(error) => write!(f, "the metadata is not a JSON object: {error}"),
            Self::Status(status) => write!(f, "the metadata request was answered {status}"),
        }
    }
}

impl std::error::Error for DiscoveryError {}

#[cfg(test)]
impl SignInEndpoints {
    /// A Cognito pool's metadata for tests, which change what they are about.
    pub(crate) fn cognito_example() -> Self {
        let url = |path: &str| Url::parse(&format!("https://demo.auth.eu-west-1.amazoncognito.com/{path}")).unwrap();
        Self {
            authorization_endpoint: url("oauth2/authorize?x=1"),
            token_endpoint: url("oauth2/token"),
            end_session_endpoint: Some(url("logout?y=1")),
            revocation_endpoint: Some(url("oauth2/revoke")),
            authorization_response_iss_parameter_supported: false,
        }
    }
}

#[cfg(test)]
mod tests {

    use serde_json::json;

    use super::*;
    use crate::secret::Secret;

    fn settings(kind: ProviderKind) -> ProviderSettings {
        ProviderSettings { kind, ..ProviderSettings::example() }
    }

    /// The provider's document with `changes`; a null takes a member away.
    fn document(changes: &Value) -> Value {
        let mut document = json!({
            "issuer": "https://idp.example.net",
            "authorization_endpoint": "https://idp.example.net/authorize",
            "token_endpoint": "https://idp.example.net/token",
            "jwks_uri": "https://keys.example.net/keys",
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(document.as_object_mut().unwrap().remove(name)),
                value => document[name] = value.clone(),
            }
        }
        document
    }

    fn judge(settings: &ProviderSettings, status: u16, body: &str) -> Result<ProviderMetadata, DiscoveryError> {
        process_metadata_response(settings, &CallResponse { status, body: Secret::new(body.as_bytes().to_vec()) })
    }

    fn with(changes: Value) -> Result<ProviderMetadata, DiscoveryError> {
        judge(&settings(ProviderKind::Oidc), 200, &document(&changes).to_string())
    }

    #[test]
    fn the_address_is_the_issuers_whether_it_ends_in_a_slash_or_not() {
        for issuer in ["https://idp.example.net/realm", "https://idp.example.net/realm/"] {
            let call =
                metadata_request(&ProviderSettings { issuer: issuer.into(), ..settings(ProviderKind::Oidc) }).unwrap();
            assert_eq!(call.url.as_str(), "https://idp.example.net/realm/.well-known/openid-configuration");
            assert_eq!(call.cluster, "outbound|443||idp.example.net");
        }
    }

    #[test]
    fn each_check_refuses_by_its_own_name() {
        let cognito = settings(ProviderKind::Cognito);
        let refused = |settings: &ProviderSettings, status, body: &str| judge(settings, status, body).unwrap_err();
        assert_eq!(refused(&cognito, 200, &document(&json!({})).to_string()), DiscoveryError::CognitoWithoutDomain);
        assert_eq!(
            with(json!({"token_endpoint": null})).unwrap_err(),
            DiscoveryError::EndpointAbsent("token_endpoint")
        );
        assert_eq!(with(json!({"jwks_uri": 7})).unwrap_err(), DiscoveryError::EndpointRefused("jwks_uri"));
        assert_eq!(with(json!({"issuer": null})).unwrap_err(), DiscoveryError::IssuerMismatch);
        assert_eq!(refused(&cognito, 200, "[]"), DiscoveryError::Json(JsonError::NotAnObject));
        assert_eq!(refused(&cognito, 503, "{}"), DiscoveryError::Status(503));
        assert_eq!(refused(&cognito, 302, &document(&json!({})).to_string()), DiscoveryError::Status(302));
    }

    // Discovery §4.3
    #[test]
    fn the_issuer_is_compared_code_point_by_code_point() {
        // F-15
        let slash = with(json!({"issuer": "https://idp.example.net/"})).unwrap_err();
        assert_eq!((&slash, slash.code()), (&DiscoveryError::IssuerSlash, "issuer_mismatch"));
        let configured = ProviderSettings { issuer: "https://idp.example.net/".into(), ..settings(ProviderKind::Oidc) };
        let metadata = document(&json!({"issuer": "https://idp.example.net"})).to_string();
        assert_eq!(judge(&configured, 200, &metadata).unwrap_err(), DiscoveryError::IssuerSlash);
        for issuer in [
            "https://idp.example.net//",
            "https://IDP.example.net",
            "https://idp.example.net:443",
            "http://idp.example.net",
        ] {
            assert_eq!(with(json!({"issuer": issuer})).unwrap_err(), DiscoveryError::IssuerMismatch, "{issuer}");
        }
    }

    // T-144
    #[test]
    fn an_endpoint_is_an_https_url_of_a_named_host() {
        let odd = [
            "http://idp.example.net/token",
            "https://10.0.0.1/token",
            "https://127.0.0.1/token",
            "https://[::1]/token",
            "https://0x7f.1/token",
            "https://user@idp.example.net/token",
            "https://:password@idp.example.net/token",
            "https://idp.example.net/token#x",
            "http://localhost/token",
            "/token",
            "data:,x",
        ];
        for url in odd {
            assert_eq!(
                with(json!({"token_endpoint": url})).unwrap_err(),
                DiscoveryError::EndpointRefused("token_endpoint"),
                "{url}"
            );
        }
        for name in ["end_session_endpoint", "revocation_endpoint"] {
            assert_eq!(with(json!({name: odd[0]})).unwrap_err(), DiscoveryError::EndpointRefused(name));
        }
    }

    #[test]
    fn plain_http_needs_loopback_on_both_sides_or_the_switch() {
        let local = ProviderSettings { issuer: "http://localhost:9000/p".into(), ..settings(ProviderKind::Oidc) };
        let body = |host: &str| {
            let at = |path: &str| format!("http://{host}/{path}");
            let changes = json!({
                "issuer": "http://localhost:9000/p", "authorization_endpoint": at("a"), "token_endpoint": at("t"), "jwks_uri": at("k"),
            });
            document(&changes).to_string()
        };
        assert!(judge(&local, 200, &body("localhost:9001")).is_ok());
        assert!(judge(&local, 200, &body("dex.auth.svc")).is_err());
        assert!(judge(&ProviderSettings { insecure_http: true, ..local }, 200, &body("dex.auth.svc")).is_ok());
    }

    #[test]
    fn overrides_take_the_place_of_what_discovery_says() {
        let url = |text: &str| Some(Url::parse(text).unwrap());
        let mut settings = settings(ProviderKind::Oidc);
        settings.endpoints.token = url("https://other.example.net/token");
        let metadata = judge(&settings, 200, &document(&json!({"token_endpoint": "http://bad"})).to_string()).unwrap();
        assert_eq!(metadata.sign_in.unwrap().token_endpoint.as_str(), "https://other.example.net/token");
        assert!(metadata_request(&settings).is_some() && configured_metadata(&settings).is_err());
        settings.endpoints.authorization = url("https://other.example.net/authorize");
        settings.endpoints.jwks = url("https://other.example.net/keys");
        assert!(metadata_request(&settings).is_none() && configured_metadata(&settings).is_ok());
    }

    #[test]
    fn cognito_revokes_beside_its_token_endpoint() {
        let changes = json!({
            "authorization_endpoint": "https://demo.auth.eu-west-1.amazoncognito.com/oauth2/authorize",
            "token_endpoint": "https://demo.auth.eu-west-1.amazoncognito.com/oauth2/token",
        });
        let body = document(&changes).to_string();
        let endpoint = |kind| judge(&settings(kind), 200, &body).unwrap().sign_in.unwrap().revocation_endpoint;
        assert_eq!(endpoint(ProviderKind::Cognito).unwrap().path(), "/oauth2/revoke");
        assert_eq!(endpoint(ProviderKind::Oidc), None);
    }

    // RFC 9207 §3
    #[test]
    fn iss_is_announced_by_true_alone() {
        let announced = |value: Value| {
            with(json!({"authorization_response_iss_parameter_supported": value}))
                .unwrap()
                .sign_in
                .unwrap()
                .authorization_response_iss_parameter_supported
        };
        assert!(announced(json!(true)));
        assert!(!announced(json!(false)) && !announced(json!(null)));
    }
}
