//! Whoever asks: nobody, a person with a session, or a program with a token.
//!
//! Decides which claims they have if nobody says so: what the provider or the token rule needs, and a stand-in for the user
//! id. Sessions are sealed with the configuration's own keys; tokens have a signature that only the stand-in believes.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::stand_in::KEY_ID;
use crate::{
    cli::keygen::SystemEntropy,
    config::Config,
    flow::inbound::host_scope,
    http::{cookie::Cookies, origin::Origin},
    oidc::{
        bearer::{BearerRule, TokenKind},
        claims::{ClaimPath, Naming},
        provider::{ProviderKind, ProviderSettings},
    },
    secret::Secret,
    session::{Session, SessionId, write_session},
    time::UnixTime,
};

/// What somebody sends to be known by, and what is said of them.
pub(super) struct Credential {
    /// The header field.
    pub(super) field: (String, Vec<u8>),
    /// Their claims.
    pub(super) claims: Map<String, Value>,
    /// The bearer token itself.
    pub(super) token: Option<String>,
    /// What the provider says of an opaque token.
    pub(super) opaque: Option<Map<String, Value>>,
}

/// The cookie of somebody who signed in at `provider` just now.
pub(super) fn session(
    config: &Config,
    provider: &ProviderSettings,
    origin: &Origin,
    given: &[(ClaimPath, Value)],
    now: UnixTime,
) -> Result<Credential, String> {
    let mut claims = base(config, provider, &provider.naming);
    let wanted = config.wanted_claims();
    if wanted.iter().any(|name| name == "scope") {
        claims.insert("scope".to_owned(), provider.scopes.join(" ").into());
    }
    set_all(&mut claims, given);
    // A session keeps each claim that is wanted, null where there is none.
    let mut kept = claims.clone();
    for name in wanted {
        kept.entry(name).or_insert(Value::Null);
    }
    let lasts = now.plus(config.session.lifetime);
    let session = Session {
        id: SessionId::random(&mut SystemEntropy).map_err(|error| error.to_string())?,
        provider: provider.name.clone(),
        auth_time: Some(claims.get("auth_time").and_then(Value::as_u64).unwrap_or(now.secs())),
        claims: kept,
        refresh_token: None,
        id_token: Some(Secret::new("THE_ID_TOKEN".to_owned())),
        access_token: Some(Secret::new("THE_ACCESS_TOKEN".to_owned())),
        nonce_digest: None,
        created: now,
        refreshed: now,
        seen: now,
        token_expires: lasts,
        expires: lasts,
    };
    let none = Cookies::parse(std::iter::empty());
    let scope = host_scope(config, origin);
    let lines = write_session(&config.session, &none, &session, scope, &provider.client_id, &mut SystemEntropy, now)
        .map_err(|_| "--claim: so many claims fit into no session".to_owned())?;
    let pairs: Vec<&str> = lines.iter().filter_map(|line| line.split(';').next()).collect();
    Ok(Credential { field: ("cookie".to_owned(), pairs.join("; ").into_bytes()), claims, token: None, opaque: None })
}

/// A token as `rule` takes it.
pub(super) fn token(
    config: &Config,
    provider: &ProviderSettings,
    rule: &BearerRule,
    given: &[(ClaimPath, Value)],
    now: UnixTime,
) -> Credential {
    let mut claims = base(config, provider, &rule.naming.or(&provider.naming));
    claims.extend(marks(provider, rule));
    let times = [("iat", now.secs()), ("exp", now.secs().saturating_add(3600))];
    claims.extend(times.map(|(name, time)| (name.to_owned(), time.into())));
    set_all(&mut claims, given);
    let opaque = rule.kind.lookup().is_some();
    let token = if opaque { "an-opaque-token".to_owned() } else { jwt(provider, rule, &claims) };
    Credential {
        field: (config.bearer.header.clone(), format!("Bearer {token}").into_bytes()),
        opaque: opaque.then(|| claims.clone()),
        claims,
        token: Some(token),
    }
}

/// What tells tokens of this kind from others, and for whom they are.
fn marks(provider: &ProviderSettings, rule: &BearerRule) -> Map<String, Value> {
    let first = |names: &[String]| names.first().cloned().map(Value::from);
    let (audience, client) = (first(&rule.audiences), first(&rule.client_ids));
    let cognito = provider.kind == ProviderKind::Cognito;
    let marks = match rule.kind {
        TokenKind::AccessToken if cognito => {
            vec![("token_use", Some("access".into())), ("client_id", client), ("aud", audience)]
        }
        TokenKind::AccessToken => {
            let client = client.unwrap_or_else(|| "a-client".into());
            vec![("client_id", Some(client)), ("aud", audience), ("jti", Some("1".into()))]
        }
        TokenKind::IdToken => vec![("aud", audience), ("token_use", cognito.then(|| "id".into()))],
        TokenKind::Introspection => vec![("client_id", client), ("aud", audience)],
        TokenKind::ServiceAccount => {
            vec![("aud", audience), ("sub", Some("system:serviceaccount:default:default".into()))]
        }
        TokenKind::UserInfo => Vec::new(),
    };
    marks.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn jwt(provider: &ProviderSettings, rule: &BearerRule, claims: &Map<String, Value>) -> String {
    let algorithm = provider.algorithms.first().map(|algorithm| algorithm.name()).unwrap_or_default();
    let mut header = json!({ "alg": algorithm, "kid": KEY_ID });
    let typed = rule.kind == TokenKind::AccessToken && provider.kind == ProviderKind::Oidc;
    if let (Some(header), Some(typ)) = (header.as_object_mut(), rule.types.first().filter(|_| typed)) {
        header.insert("typ".to_owned(), typ.clone().into());
    }
    let segment = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims = Value::Object(claims.clone());
    format!("{}.{}.{}", segment(header.to_string()), segment(claims.to_string()), segment("signature".to_owned()))
}

/// Who they are if nobody says so.
fn base(config: &Config, provider: &ProviderSettings, naming: &Naming) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), provider.issuer.clone().into());
    claims.insert("sub".to_owned(), "somebody".into());
    if let Some(claim) = config.identity.user_id_claims(naming).first() {
        let email = claim.is_email();
        set(&mut claims, claim, if email { "somebody@example.com" } else { "somebody" }.into());
        if email {
            claims.insert("email_verified".to_owned(), true.into());
        }
    }
    claims
}

fn set_all(claims: &mut Map<String, Value>, given: &[(ClaimPath, Value)]) {
    given.iter().for_each(|(path, value)| set(claims, path, value.clone()));
}

fn set(claims: &mut Map<String, Value>, path: &ClaimPath, value: Value) {
    let names: Vec<&str> = std::iter::once(&path.root).chain(&path.rest).map(String::as_str).collect();
    set_at(claims, &names, value);
}

/// Puts `value` where `path` says; what is on the way and no object is replaced.
fn set_at(members: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((name, rest)) = path.split_first() else { return };
    let value = if rest.is_empty() {
        value
    } else {
        let mut inner = match members.remove(*name) {
            Some(Value::Object(inner)) => inner,
            _ => Map::new(),
        };
        set_at(&mut inner, rest, value);
        inner.into()
    };
    members.insert((*name).to_owned(), value);
}
