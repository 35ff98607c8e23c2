//! Access tokens that are JWTs: Cognito's, and those of RFC 9068.
//!
//! Decides what must stand in one. Which of an issuer's rules a token is held against is `bearer`'s to say.

use serde_json::Value;

use super::{jwt::VerifiedJwt, provider::ProviderSettings};

/// `scope` of the access token that Cognito's token endpoint gave us: its answer does not say what it granted. `None` if the
/// token is not ours.
pub fn cognito_granted_scope(token: VerifiedJwt, settings: &ProviderSettings) -> Option<String> {
    let claims = token.into_claims();
    let text = |name| claims.get(name).and_then(Value::as_str);
    let ours = text("iss") == Some(settings.issuer.as_str())
        && text("token_use") == Some("access")
        && text("client_id") == Some(settings.client_id.as_str());
    text("scope").filter(|_| ours).map(str::to_owned)
}
