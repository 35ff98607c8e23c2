//! What somebody sends as a bearer token, what the provider says about it, and what we answer.
//!
//! Promises: what goes into a header cannot end it; an answer is believed about one person of one issuer, no longer than the
//! rule says; a challenge stays one line in which every value is closed.

use std::{sync::OnceLock, time::Duration};

use edge_oidc::{
    http::call::CallResponse,
    oidc::{
        bearer::{BearerRule, TokenKind, check_opaque, issuer_hint, looks_like_jwt},
        challenge::{Challenge, ChallengeError},
        claims::Naming,
        discovery::{ProviderMetadata, process_metadata_response},
        introspection::{introspection_request, process_introspection_response},
        jwt::UnverifiedJwt,
        provider::ProviderSettings,
        user_info::{process_user_info_lookup, user_info_request},
    },
    secret::Secret,
    time::UnixTime,
};

use crate::world::{METADATA, TOKEN, World};

/// Tokens: a JWT, opaque ones, and what is none.
pub const TOKENS: &[&[u8]] =
    &[TOKEN.as_bytes(), b"mF_9.B5f-4.1JqM", b"AbC~+/0==", b"eyJhbGciOiJFUzI1NiJ9..", b"a\r\nb: c"];

/// Answers of an introspection or a UserInfo endpoint, all of them believed.
pub const ANSWERS: &[&[u8]] = &[
    br#"{"active":true,"client_id":"client","aud":["edge"],"sub":"kim","exp":1060,"iat":1,"nbf":1,"scope":"a b"}"#,
    br#"{"active":true,"aud":"edge","client_id":"client","iss":"https://issuer.example","token_type":"Bearer"}"#,
    br#"{"sub":"kim","email":"kim@example.com","email_verified":"true","groups":["a",{"b":[null]}],"scope":"x"}"#,
];

/// A realm and scope values, one a line.
pub const CHALLENGES: &[&[u8]] = &[b"edge\nopenid\npool/admin", b"a\"b\\c\r\nd", b"\xff\n \n\n\x00"];

const NOW: UnixTime = UnixTime::from_secs(1000);
const CACHE: Duration = Duration::from_secs(30);

/// A token: what is not one asks nobody, and what asks somebody cannot add a line.
pub fn bearer(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else { return };
    if issuer_hint(token).is_some() {
        assert!(looks_like_jwt(token) && UnverifiedJwt::parse(token).is_ok(), "an issuer of something that is no JWT");
    }
    let (settings, metadata, secret) = (settings(), metadata(), Secret::new(token.to_owned()));
    let questions =
        [introspection_request(settings, &metadata, &secret), user_info_request(settings, &metadata, &secret)];
    assert_eq!(questions[0].is_some(), check_opaque(token).is_ok());
    for call in questions.iter().flatten() {
        let values = call.headers.iter().map(|(_, value)| value.secret()).chain([call.body.secret()]);
        for value in values {
            assert!(value.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "a token that ends its line");
        }
    }
}

/// An answer about a token: refused, or about one person of our issuer, for as long as the rule says.
pub fn lookup(data: &[u8]) {
    judge(data);
}

/// Whether an answer is believed by one of the endpoints.
pub fn is_believed(data: &[u8]) -> bool {
    judge(data)
}

fn judge(data: &[u8]) -> bool {
    let (settings, response) = (settings(), CallResponse { status: 200, body: Secret::new(data.to_vec()) });
    let introspected = process_introspection_response(settings, &rule(TokenKind::Introspection), &response, NOW);
    let informed = process_user_info_lookup(settings, &rule(TokenKind::UserInfo), &response, NOW);
    for token in [&introspected, &informed].into_iter().flatten() {
        let subject = token.claims()["sub"].as_str().unwrap_or_default();
        assert!((1..=255).contains(&subject.len()), "nobody");
        assert_eq!(token.claims()["iss"].as_str(), Some(settings.issuer.as_str()));
        assert!(token.expires() <= NOW.plus(CACHE), "believed for longer than the rule says");
    }
    if let Ok(token) = &introspected {
        assert_eq!(token.claims()["active"].as_bool(), Some(true));
    }
    if let Ok(token) = &informed {
        assert!(!token.claims().contains_key("scope") && !token.claims().contains_key("acr"));
    }
    introspected.is_ok() || informed.is_ok()
}

/// A challenge: one line of visible ASCII, with as many quotes as values need.
pub fn challenge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let scope = lines.get(1..).unwrap_or_default();
    let error = Some(ChallengeError::InsufficientScope);
    let value = Challenge { realm: &text, error, scope, acr_values: scope, max_age: Some(CACHE) }.to_string();
    assert!(value.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b'\\'), "{value}");
    assert!(value.starts_with("Bearer realm=\"") && value.ends_with(", max_age=\"30\""), "{value}");
    assert!(matches!(value.matches('"').count(), 6 | 10), "{value}");
}

fn settings() -> &'static ProviderSettings {
    static SETTINGS: OnceLock<ProviderSettings> = OnceLock::new();
    SETTINGS.get_or_init(|| match World::new().config.providers().first() {
        Some(settings) => settings.clone(),
        None => panic!("the example configuration has a provider"),
    })
}

/// The provider's endpoints, with those that are asked about tokens.
fn metadata() -> ProviderMetadata {
    let more = r#","userinfo_endpoint":"https://issuer.example/userinfo","introspection_endpoint":"https://issuer.example/i","#;
    let body = METADATA.replacen(',', more, 1);
    match process_metadata_response(settings(), &CallResponse { status: 200, body: Secret::new(body.into_bytes()) }) {
        Ok(metadata) => metadata,
        Err(error) => panic!("the example metadata: {error}"),
    }
}

fn rule(kind: TokenKind) -> BearerRule {
    BearerRule {
        kind,
        audiences: vec!["edge".into()],
        client_ids: vec!["client".into()],
        types: Vec::new(),
        cache: CACHE,
        naming: Naming::default(),
    }
}
