//! Decides which switches there are for what Cognito itself does not do but another provider, or a hostile one, may: `iss` at
//! the callback (RFC 9207), the mix-up attack, UserInfo of other shapes. What a switch does is decided where it acts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::params::encode;

/// `iss` of the answers at the callback (RFC 9207). Cognito sends none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum CallbackIssuer {
    /// None.
    #[default]
    Absent,
    /// This text.
    Other(String),
    /// The issuer in effect.
    Own,
}

/// The mix-up attack (RFC 9700 4.4): `/oauth2/authorize` sends the browser on to an honest provider, whose code then arrives
/// at the callback as if it were this provider's.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MixUp {
    /// The honest provider's authorization endpoint.
    pub authorization_endpoint: String,
    /// The relying party's client id there.
    pub client_id: String,
    /// Where the honest provider is to send the code, as that provider's own sign-ins say it; else as this request says it.
    #[serde(default)]
    pub redirect_uri: Option<String>,
}

/// What UserInfo answers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UserInfoVariant {
    /// Claims added to, or replacing, those of the user; before `sub` is.
    pub claims: Map<String, Value>,
    /// Answers a signed JWT (`application/jwt`, OpenID Connect Core 5.3.2) in place of JSON.
    pub signed: bool,
    /// Whose `sub`.
    pub sub: UserInfoSub,
}

/// The `sub` that UserInfo answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UserInfoSub {
    /// None.
    Missing,
    /// A number.
    Number,
    /// That of another person.
    Other,
    /// The user's.
    #[default]
    Own,
}

impl CallbackIssuer {
    /// The member of the answer.
    pub(super) fn member(&self, own: &str) -> Option<String> {
        match self {
            CallbackIssuer::Absent => None,
            CallbackIssuer::Other(text) => Some(format!("iss={}", encode(text))),
            CallbackIssuer::Own => Some(format!("iss={}", encode(own))),
        }
    }
}

impl MixUp {
    /// Where the browser is sent: the same request, under the client id of the honest provider.
    pub(super) fn target(&self, query: &str) -> String {
        let redirect_uri = self.redirect_uri.as_ref().map(|uri| ("redirect_uri", uri));
        let own: Vec<_> = [("client_id", &self.client_id)].into_iter().chain(redirect_uri).collect();
        let is_own = |member: &str| own.iter().any(|(name, _)| member.split('=').next() == Some(name));
        let others = query.split('&').filter(|member| !is_own(member)).map(str::to_owned);
        let query: Vec<_> = others.chain(own.iter().map(|(name, value)| format!("{name}={}", encode(value)))).collect();
        format!("{}?{}", self.authorization_endpoint, query.join("&"))
    }
}

impl UserInfoSub {
    /// The member; none where it is missing.
    pub(super) fn value(self, own: &str) -> Option<Value> {
        match self {
            UserInfoSub::Missing => None,
            UserInfoSub::Number => Some(Value::from(7)),
            UserInfoSub::Other => Some(Value::from("0b5e55ed-0dd5-4ab0-8c0d-e0fa0711e501")),
            UserInfoSub::Own => Some(Value::from(own)),
        }
    }
}
