//! Who the person is, as the applications behind us read it.
//!
//! Decides header values out of trusted claims, and which headers a client may not bring. Which claims become which
//! headers is configured; whether a person may pass at all is `policy`'s.

pub mod headers;
mod settings;
mod text;
pub mod transform;

use std::fmt;

use serde_json::Value;

pub use settings::{AUTHORIZATION, Forwarding, GroupsRule, HeaderRule, IdentitySettings, UserIdRule};

use crate::oidc::claims::{ClaimPath, Naming, TrustedClaims, is_true};
use settings::is_usable;
use text::{list, names, text};

/// A person or program as the applications see them. [`Identity::from_claims`] alone makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    headers: Vec<(String, Vec<u8>)>,
    user_id: Option<String>,
    name: Option<String>,
    groups: String,
    group_names: Vec<String>,
}

/// Why trusted claims give no identity; each is answered 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// The user id's claim is `email` and the provider says that it is not verified.
    EmailUnverified,
    /// The user id's claim is absent or empty, or no text.
    UserIdAbsent,
    /// The rules leave nothing of the user id.
    UserIdTransformedAway,
    /// The user id cannot stand in a header: a control character, or white space at an end. Or it is too long for the rules.
    UserIdUnusable,
}

impl Identity {
    /// What `claims` give, which are called as `naming` says. A claim that is absent gives no header; only the user id must be there.
    ///
    /// # Errors
    /// [`IdentityError`] if there is no usable user id.
    pub fn from_claims(
        settings: &IdentitySettings,
        naming: &Naming,
        claims: &TrustedClaims,
    ) -> Result<Self, IdentityError> {
        let rule = settings.user_id.as_ref();
        let name = rule.map(|_| user_name(settings, settings.user_id_claims(naming), claims)).transpose()?;
        let rewritten = rule.zip(name.as_ref()).map(|(rule, name)| rule.rewrite(name)).transpose()?;
        let user_id = rewritten.map(|(text, _)| format!("{}{text}", settings.user_id_prefix(naming)));
        let groups_claim = settings.groups_claim(naming).and_then(|claim| believed(settings, claim, claims));
        let group_names = groups_claim.map(names).unwrap_or_default();
        let groups = list(&group_names, settings.groups_prefix(naming));
        let mut headers = Vec::new();
        let mut set = |header: &str, value: &str| headers.push((header.to_owned(), value.as_bytes().to_vec()));
        if let (Some(rule), Some(user_id)) = (&settings.user_id, &user_id) {
            set(&rule.header, user_id);
        }
        if let Some(rule) = settings.groups.as_ref().filter(|_| !groups.is_empty()) {
            set(&rule.header, &groups);
        }
        for rule in &settings.headers {
            let value = believed(settings, &rule.claim, claims).and_then(text).filter(|value| !value.is_empty());
            value.into_iter().for_each(|value| set(&rule.header, &value));
        }
        Ok(Self { headers, user_id, name, groups, group_names })
    }

    /// The header fields to set, each the only one of its name.
    pub fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    /// The user id as it stands in its header, if one is configured.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// The user id's claim as it stands there: not rewritten, without the prefix.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The groups as they stand in their header; empty if there are none.
    pub fn groups(&self) -> &str {
        &self.groups
    }

    /// Each group as the claim has it, without the prefix.
    pub fn group_names(&self) -> &[String] {
        &self.group_names
    }
}

/// The first of the user id's claims that is there. One that is there and cannot name somebody refuses: to go on to the next
/// would give a person two names.
fn user_name(settings: &IdentitySettings, from: &[ClaimPath], claims: &TrustedClaims) -> Result<String, IdentityError> {
    let found = from.iter().find_map(|claim| Some((claim, claims.at(claim).filter(|value| *value != "")?)));
    let (claim, value) = found.ok_or(IdentityError::UserIdAbsent)?;
    let value = value.as_str().ok_or(IdentityError::UserIdAbsent)?;
    if is_disowned(settings, claim, claims) {
        return Err(IdentityError::EmailUnverified);
    }
    if !is_usable(value) {
        return Err(IdentityError::UserIdUnusable);
    }
    Ok(value.to_owned())
}

fn believed<'a>(settings: &IdentitySettings, claim: &ClaimPath, claims: &'a TrustedClaims) -> Option<&'a Value> {
    claims.at(claim).filter(|_| !is_disowned(settings, claim, claims))
}

/// As Kubernetes does: an address that the provider calls unverified names nobody (T-160).
fn is_disowned(settings: &IdentitySettings, claim: &ClaimPath, claims: &TrustedClaims) -> bool {
    let unverified = || claims.claim("email_verified").is_some_and(|verified| !is_true(verified));
    claim.is_email() && !settings.allow_unverified_email && unverified()
}

impl IdentityError {
    /// The stable code in logs, metrics, pages and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EmailUnverified => "email_unverified",
            Self::UserIdAbsent => "user_id_absent",
            Self::UserIdTransformedAway => "user_id_transformed_away",
            Self::UserIdUnusable => "user_id_unusable",
        }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmailUnverified => "the provider says that the e-mail address is not verified",
            Self::UserIdAbsent => "the claim for the user id is absent or empty",
            Self::UserIdTransformedAway => "the rules for user ids leave nothing of this one",
            Self::UserIdUnusable => {
                "the user id has a control character or white space at an end, or is too long for the rules for user ids"
            }
        })
    }
}

impl std::error::Error for IdentityError {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.headers.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::Secret;

    fn settings() -> IdentitySettings {
        let rule = |header: &str, claim: &str| HeaderRule { header: header.into(), claim: ClaimPath::top_level(claim) };
        IdentitySettings {
            user_id: Some(UserIdRule {
                claims: vec![ClaimPath::top_level("email")],
                header: "kubeflow-userid".into(),
                ..UserIdRule::default()
            }),
            groups: Some(GroupsRule {
                claim: ClaimPath::top_level("cognito:groups"),
                header: "kubeflow-groups".into(),
                prefix: String::new(),
            }),
            headers: vec![rule("x-name", "name")],
            ..IdentitySettings::default()
        }
    }

    fn identity(claims: Value) -> Result<Vec<(String, String)>, IdentityError> {
        let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
        let identity = Identity::from_claims(&settings(), &Naming::default(), &claims)?;
        Ok(identity.headers.into_iter().map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect())
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
        let rule = |claim: &str| HeaderRule { header: format!("x-{claim}"), claim: ClaimPath::top_level(claim) };
        let mut settings =
            IdentitySettings { headers: vec![rule("email"), rule("sub")], ..IdentitySettings::default() };
        let claims = json!({"email": "a@b", "email_verified": false, "sub": "s"});
        let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
        let names = |settings: &IdentitySettings| -> Vec<String> {
            let identity = Identity::from_claims(settings, &Naming::default(), &claims).unwrap();
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
        let secret = |text: &str| Secret::new(text.to_owned());
        let headers = |access: &str| forward.token_headers(Some(&secret("e30.e30.AA")), Some(&secret(access)));
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

    fn person(naming: &Naming, claims: Value) -> Result<Identity, IdentityError> {
        let mut settings = settings();
        settings.user_id.as_mut().unwrap().prefix = "all:".into();
        settings.groups.as_mut().unwrap().prefix = "g:".into();
        Identity::from_claims(&settings, naming, &TrustedClaims::unsealed(claims.as_object().unwrap().clone()))
    }

    fn nested(root: &str, inner: &str) -> Option<ClaimPath> {
        Some(ClaimPath { root: root.into(), rest: vec![inner.into()] })
    }

    #[test]
    fn the_nearest_naming_that_says_so_wins_for_each_part() {
        let rule = Naming { user_id_claims: Some(vec![ClaimPath::top_level("sub")]), ..Naming::default() };
        let provider = Naming {
            user_id_claims: Some(vec![ClaimPath::top_level("name")]),
            user_id_prefix: Some("pods:".into()),
            groups_claim: nested("realm_access", "roles"),
            groups_prefix: Some(String::new()),
        };
        let claims = json!({"sub": "s", "name": "n", "email": "a@b", "cognito:groups": ["c"],
            "realm_access": {"roles": ["r", "x,y"]}});
        let both = person(&rule.or(&provider), claims.clone()).unwrap();
        assert_eq!((both.user_id(), both.name()), (Some("pods:s"), Some("s")));
        assert_eq!((both.groups(), both.group_names()), ("r,x%2Cy", ["r".to_owned(), "x,y".to_owned()].as_slice()));
        let one = person(&provider, claims.clone()).unwrap();
        assert_eq!((one.user_id(), one.groups()), (Some("pods:n"), "r,x%2Cy"));
        let none = person(&Naming::default(), claims).unwrap();
        assert_eq!((none.user_id(), none.groups()), (Some("all:a@b"), "g:c"));
    }

    #[test]
    fn a_naming_replaces_the_claim_and_never_adds_a_second_choice() {
        let naming = Naming { user_id_claims: nested("user", "id").map(|claim| vec![claim]), ..Naming::default() };
        for claims in [json!({"email": "a@b"}), json!({"email": "a@b", "user": "x"}), json!({"user": {"id": 7}})] {
            assert_eq!(person(&naming, claims).unwrap_err(), IdentityError::UserIdAbsent);
        }
        assert_eq!(person(&naming, json!({"user": {"id": "u"}})).unwrap().user_id(), Some("all:u"));
    }

    // T-160
    #[test]
    fn a_naming_by_email_is_for_verified_addresses_only() {
        let naming = Naming { user_id_claims: Some(vec![ClaimPath::top_level("email")]), ..Naming::default() };
        let mut by_sub = settings();
        by_sub.user_id.as_mut().unwrap().claims = vec![ClaimPath::top_level("sub")];
        let claims = json!({"sub": "s", "email": "a@b", "email_verified": false});
        let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
        assert!(Identity::from_claims(&by_sub, &Naming::default(), &claims).is_ok());
        assert_eq!(Identity::from_claims(&by_sub, &naming, &claims), Err(IdentityError::EmailUnverified));
        // `email_verified` speaks of the top-level claim only.
        let inside = Naming { user_id_claims: nested("email", "alias").map(|claim| vec![claim]), ..Naming::default() };
        let aliased = json!({"sub": "s", "email": {"alias": "x"}, "email_verified": false});
        let aliased = TrustedClaims::unsealed(aliased.as_object().unwrap().clone());
        assert_eq!(Identity::from_claims(&by_sub, &inside, &aliased).unwrap().name(), Some("x"));
    }

    #[test]
    fn a_session_keeps_the_claims_that_its_naming_asks_for() {
        let naming = Naming { groups_claim: nested("realm_access", "roles"), ..Naming::default() };
        let (settings, common) = (settings(), Naming::default());
        let names = |naming| settings.claim_names(naming).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names(&naming), ["email", "email_verified", "realm_access", "name"]);
        assert_eq!(names(&common), ["email", "email_verified", "cognito:groups", "name"]);
    }
}
