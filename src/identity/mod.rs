//! Who the person is, as the applications behind us read it.
//!
//! Decides header values out of trusted claims, and which headers a client may not bring. Which claims become which
//! headers is configured; whether a person may pass at all is `policy`'s.

pub mod headers;

use std::fmt;

use serde_json::Value;

use crate::{oidc::claims::TrustedClaims, secret::Secret};

/// Which claim becomes which header; valid by construction in `config`.
#[derive(Clone, Debug, Default)]
pub struct IdentitySettings {
    /// The user id.
    pub user_id: Option<UserIdRule>,
    /// The groups.
    pub groups: Option<GroupsRule>,
    /// Further headers.
    pub headers: Vec<HeaderRule>,
    /// Which tokens go on.
    pub forward: Forwarding,
    /// Whether an `email` that the provider calls unverified may name a person.
    pub allow_unverified_email: bool,
    /// Whether the identity also goes into Envoy's filter state, for filters and access logs.
    pub filter_state: bool,
}

/// The user id: claim, prefix, header. An absent or empty claim refuses the request.
#[derive(Clone, Debug)]
pub struct UserIdRule {
    /// The claim, a top-level member name (`email`, `cognito:username`), used whole.
    pub claim: String,
    /// The header's name, lower case.
    pub header: String,
    /// Put before the value.
    pub prefix: String,
}

/// The groups: claim, prefix of each, header.
#[derive(Clone, Debug)]
pub struct GroupsRule {
    /// The claim: an array of strings, or one string.
    pub claim: String,
    /// The header's name, lower case.
    pub header: String,
    /// Put before each group.
    pub prefix: String,
}

/// Any other header from a claim.
#[derive(Clone, Debug)]
pub struct HeaderRule {
    /// The header's name, lower case.
    pub header: String,
    /// The claim, a top-level member name.
    pub claim: String,
}

/// Which tokens go on, each in which header (lower case): as `Bearer TOKEN` in `authorization`, in others as they are.
#[derive(Clone, Debug, Default)]
pub struct Forwarding {
    /// The ID token's header.
    pub id_token: Option<String>,
    /// The access token's header.
    pub access_token: Option<String>,
}

impl Forwarding {
    /// Whether the applications expect a token of ours in `authorization`.
    pub fn takes_authorization(&self) -> bool {
        [&self.id_token, &self.access_token].into_iter().flatten().any(|header| header == AUTHORIZATION)
    }
}

/// The header of credentials (RFC 9110 §11.6.2): the client's own stays in it wherever no token of ours belongs.
pub const AUTHORIZATION: &str = "authorization";

/// A person as the applications see them. [`Identity::from_claims`] alone makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity(Vec<(String, Vec<u8>)>);

/// Why trusted claims give no identity; each is answered 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// The user id's claim is `email` and the provider says that it is not verified.
    EmailUnverified,
    /// The user id's claim is absent or empty.
    UserIdAbsent,
    /// The user id cannot stand in a header: a control character, or white space at an end.
    UserIdUnusable,
}

impl Identity {
    /// The header values that `claims` give. A claim that is absent gives no header; only the user id must be there.
    ///
    /// # Errors
    /// [`IdentityError`] if there is no usable user id.
    pub fn from_claims(settings: &IdentitySettings, claims: &TrustedClaims) -> Result<Self, IdentityError> {
        let mut headers = Vec::new();
        if let Some(rule) = &settings.user_id {
            headers.push((rule.header.clone(), settings.user_id(rule, claims)?.into_bytes()));
        }
        if let Some(rule) = &settings.groups {
            let believed = claims.claim(&rule.claim).filter(|_| !settings.is_disowned(&rule.claim, claims));
            let groups = believed.map(|value| list(value, &rule.prefix)).unwrap_or_default();
            headers.extend(Some((rule.header.clone(), groups.into_bytes())).filter(|(_, value)| !value.is_empty()));
        }
        for rule in &settings.headers {
            let believed = claims.claim(&rule.claim).filter(|_| !settings.is_disowned(&rule.claim, claims));
            let value = believed.and_then(text).filter(|value| !value.is_empty());
            headers.extend(value.map(|value| (rule.header.clone(), value.into_bytes())));
        }
        Ok(Self(headers))
    }

    /// The header fields to set, each the only one of its name.
    pub fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.0
    }
}

impl IdentitySettings {
    /// Every header that we may set and that no client may bring.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        let user_id = self.user_id.iter().map(|rule| rule.header.as_str());
        let groups = self.groups.iter().map(|rule| rule.header.as_str());
        let rules = self.headers.iter().map(|rule| rule.header.as_str());
        let tokens = [&self.forward.id_token, &self.forward.access_token].into_iter().flatten().map(String::as_str);
        user_id.chain(groups).chain(rules).chain(tokens.filter(|name| *name != AUTHORIZATION))
    }

    /// Every claim that a session must keep.
    pub fn claim_names(&self) -> impl Iterator<Item = &str> {
        let user_id = self.user_id.iter().map(|rule| rule.claim.as_str());
        let groups = self.groups.iter().map(|rule| rule.claim.as_str());
        let claims = user_id.chain(groups).chain(self.headers.iter().map(|rule| rule.claim.as_str()));
        // Whether an address may be believed is asked on every request, so the answer is kept beside it.
        claims.flat_map(|claim| [Some(claim), (claim == "email").then_some("email_verified")]).flatten()
    }

    /// The header fields that hand tokens on. A token that cannot stand in a header as it is gives none: an ID token is
    /// always base64url and dots, an access token is whatever the provider writes.
    pub fn token_headers(
        &self,
        id_token: Option<&Secret<String>>,
        access_token: Option<&Secret<String>>,
    ) -> Vec<(String, Vec<u8>)> {
        let pairs = [(&self.forward.id_token, id_token), (&self.forward.access_token, access_token)];
        let field = |(header, token): (&Option<String>, Option<&Secret<String>>)| {
            let (header, token) = (header.as_ref()?, token?.secret());
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return None;
            }
            let value = if header == AUTHORIZATION { format!("Bearer {token}") } else { token.clone() };
            Some((header.clone(), value.into_bytes()))
        };
        pairs.into_iter().filter_map(field).collect()
    }

    fn user_id(&self, rule: &UserIdRule, claims: &TrustedClaims) -> Result<String, IdentityError> {
        let value = claims.claim(&rule.claim).and_then(Value::as_str).filter(|value| !value.is_empty());
        let value = value.ok_or(IdentityError::UserIdAbsent)?;
        if self.is_disowned(&rule.claim, claims) {
            return Err(IdentityError::EmailUnverified);
        }
        if value.chars().any(char::is_control) || value.trim() != value {
            return Err(IdentityError::UserIdUnusable);
        }
        Ok(format!("{}{value}", rule.prefix))
    }

    /// As Kubernetes does: an address that the provider calls unverified names nobody (T-160).
    fn is_disowned(&self, claim: &str, claims: &TrustedClaims) -> bool {
        let unverified = || claims.claim("email_verified").is_some_and(|verified| !is_true(verified));
        claim == "email" && !self.allow_unverified_email && unverified()
    }
}

/// Cognito's ID tokens carry a boolean, its UserInfo a string.
fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

/// One claim as one header value: strings in UTF-8 as they are, numbers and booleans as JSON writes them, arrays as a list.
/// An object, null, or a string with a control character gives no header.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.chars().any(char::is_control) => Some(text.trim().to_owned()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) => Some(list(value, "")),
        Value::Null | Value::Object(_) | Value::String(_) => None,
    }
}

/// A list of names joined by commas. A comma, a percent sign and everything beyond printable ASCII inside a name are
/// percent-encoded, so that no name can read as two and every application decodes the same bytes. A name with a control
/// character is left out: it can only be an attack.
fn list(value: &Value, prefix: &str) -> String {
    let one = std::slice::from_ref(value);
    let members = value.as_array().map_or(one, Vec::as_slice);
    let names = members.iter().filter_map(|member| match member {
        Value::String(name) if !name.is_empty() && !name.chars().any(char::is_control) => Some(name.clone()),
        Value::Bool(_) | Value::Number(_) => Some(member.to_string()),
        _ => None,
    });
    names.map(|name| encode_member(&format!("{prefix}{name}"))).collect::<Vec<_>>().join(",")
}

fn encode_member(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut encoded, byte| {
        match byte {
            b',' | b'%' | 0x7f.. => encoded.push_str(&format!("%{byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
        encoded
    })
}

impl IdentityError {
    /// The stable code in logs, metrics, pages and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EmailUnverified => "email_unverified",
            Self::UserIdAbsent => "user_id_absent",
            Self::UserIdUnusable => "user_id_unusable",
        }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmailUnverified => "the provider says that the e-mail address is not verified",
            Self::UserIdAbsent => "the claim for the user id is absent or empty",
            Self::UserIdUnusable => "the user id has a control character, or white space at an end",
        })
    }
}

impl std::error::Error for IdentityError {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> IdentitySettings {
        let rule = |header: &str, claim: &str| HeaderRule { header: header.into(), claim: claim.into() };
        IdentitySettings {
            user_id: Some(UserIdRule {
                claim: "email".into(),
                header: "kubeflow-userid".into(),
                prefix: String::new(),
            }),
            groups: Some(GroupsRule {
                claim: "cognito:groups".into(),
                header: "kubeflow-groups".into(),
                prefix: String::new(),
            }),
            headers: vec![rule("x-name", "name")],
            forward: Forwarding::default(),
            allow_unverified_email: false,
            filter_state: false,
        }
    }

    fn identity(claims: Value) -> Result<Vec<(String, String)>, IdentityError> {
        let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
        let identity = Identity::from_claims(&settings(), &claims)?;
        Ok(identity.0.into_iter().map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect())
    }

    fn header(claims: Value, name: &str) -> Option<String> {
        identity(claims).unwrap().into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    // T-41
    #[test]
    fn an_absent_claim_gives_no_header() {
        assert_eq!(identity(json!({"email": "a@b"})).unwrap(), [("kubeflow-userid".into(), "a@b".into())]);
    }

    #[test]
    fn no_user_id_no_identity() {
        assert_eq!(identity(json!({})).unwrap_err(), IdentityError::UserIdAbsent);
        assert_eq!(identity(json!({"email": ""})).unwrap_err(), IdentityError::UserIdAbsent);
        assert_eq!(identity(json!({"email": ["a@b"]})).unwrap_err(), IdentityError::UserIdAbsent);
    }

    // T-160
    #[test]
    fn an_address_called_unverified_names_nobody() {
        for verified in [json!(false), json!("false"), json!(1)] {
            let refused = identity(json!({"email": "a@b", "email_verified": verified})).unwrap_err();
            assert_eq!(refused, IdentityError::EmailUnverified);
        }
        assert!(identity(json!({"email": "a@b", "email_verified": "true"})).is_ok());
        assert!(identity(json!({"email": "a@b", "email_verified": null})).is_ok());
    }

    #[test]
    fn an_unverified_address_reaches_no_other_header_either_unless_it_is_allowed() {
        let rule = |claim: &str| HeaderRule { header: format!("x-{claim}"), claim: claim.into() };
        let mut settings =
            IdentitySettings { headers: vec![rule("email"), rule("sub")], ..IdentitySettings::default() };
        let claims = json!({"email": "a@b", "email_verified": false, "sub": "s"});
        let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
        let names = |settings: &IdentitySettings| -> Vec<String> {
            let identity = Identity::from_claims(settings, &claims).unwrap();
            identity.headers().iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&settings), ["x-sub"]);
        settings.allow_unverified_email = true;
        assert_eq!(names(&settings), ["x-email", "x-sub"]);
    }

    // T-47
    #[test]
    fn control_characters_never_reach_a_header() {
        for bad in ["a\rb", "a\nb", "a\0b", "\u{7f}", "\u{85}", " a", "a "] {
            assert_eq!(identity(json!({"email": bad})).unwrap_err(), IdentityError::UserIdUnusable, "{bad:?}");
        }
        assert_eq!(header(json!({"email": "a@b", "name": "x\r\ny"}), "x-name"), None);
        let groups = json!({"email": "a@b", "cognito:groups": ["ok", "x\ny"]});
        assert_eq!(header(groups, "kubeflow-groups").as_deref(), Some("ok"));
    }

    // T-47
    #[test]
    fn a_token_that_cannot_stand_in_a_header_as_it_is_is_not_handed_on() {
        let forward = Forwarding { id_token: Some(AUTHORIZATION.into()), access_token: Some("x-token".into()) };
        let settings = IdentitySettings { forward, ..IdentitySettings::default() };
        let secret = |text: &str| Secret::new(text.to_owned());
        let headers = |access: &str| settings.token_headers(Some(&secret("e30.e30.AA")), Some(&secret(access)));
        let id_token = (AUTHORIZATION.to_owned(), b"Bearer e30.e30.AA".to_vec());
        assert_eq!(headers("!~A"), [id_token.clone(), ("x-token".to_owned(), b"!~A".to_vec())]);
        for bad in ["", " ", "a b", "a\r\nx-user: root", "a\0", "a\u{7f}", "\u{e9}"] {
            assert_eq!(headers(bad), std::slice::from_ref(&id_token), "{bad:?}");
        }
    }

    #[test]
    fn a_group_with_a_comma_stays_one_group() {
        let groups = json!({"email": "a@b", "cognito:groups": ["a,admin", "50%", "größe"]});
        assert_eq!(header(groups, "kubeflow-groups").as_deref(), Some("a%2Cadmin,50%25,gr%C3%B6%C3%9Fe"));
        assert_eq!(header(json!({"email": "a@b", "cognito:groups": "one"}), "kubeflow-groups").as_deref(), Some("one"));
    }

    #[test]
    fn other_claims_keep_their_text() {
        assert_eq!(header(json!({"email": "a@b", "name": "Zoë"}), "x-name").as_deref(), Some("Zoë"));
        assert_eq!(header(json!({"email": "a@b", "name": true}), "x-name").as_deref(), Some("true"));
        assert_eq!(header(json!({"email": "a@b", "name": {"a": 1}}), "x-name"), None);
    }
}
