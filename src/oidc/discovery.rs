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
};

/// What we use of a provider's metadata, overrides applied.
#[derive(Clone, Debug)]
pub struct ProviderMetadata {
    /// `authorization_endpoint`.
    pub authorization_endpoint: Url,
    /// `token_endpoint`.
    pub token_endpoint: Url,
    /// `jwks_uri`.
    pub jwks_uri: Url,
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
    /// The body is not one JSON object.
    Json(JsonError),
    /// The answer is not a 200.
    Status(u16),
}

/// The request for the metadata: `<issuer>/.well-known/openid-configuration`, or `None` if every endpoint is configured.
pub fn metadata_request(settings: &ProviderSettings) -> Option<Call> {
    let overrides = &settings.endpoints;
    if overrides.authorization.is_some() && overrides.token.is_some() && overrides.jwks.is_some() {
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
    if document.get("issuer").and_then(Value::as_str) != Some(settings.issuer.as_str()) {
        return Err(DiscoveryError::IssuerMismatch);
    }
    metadata(settings, &document)
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
    Ok(ProviderMetadata {
        jwks_uri: required("jwks_uri", &overrides.jwks)?,
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
    let scheme = url.scheme() == "https"
        || url.scheme() == "http" && (settings.insecure_http || is_loopback(url.host()) && is_loopback(issuer_host.clone()));
    let named = match url.host() {
        Some(Host::Domain(_)) => true,
        host @ Some(_) => host == issuer_host,
        None => false,
    };
    scheme && named && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

/// Whether `host` can only be this machine: `localhost`, a name below it, or a loopback address.
pub fn is_loopback(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl DiscoveryError {
    /// The stable code in logs, metrics and documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CognitoWithoutDomain => "cognito_without_domain",
            Self::EndpointAbsent(_) => "endpoint_absent",
            Self::EndpointRefused(_) => "endpoint_refused",
            Self::IssuerMismatch => "issuer_mismatch",
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
            Self::Json(error) => write!(f, "the metadata is not a JSON object: {error}"),
            Self::Status(status) => write!(f, "the metadata request was answered {status}"),
        }
    }
}

impl std::error::Error for DiscoveryError {}
