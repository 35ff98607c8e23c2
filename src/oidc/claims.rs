//! Claims that may be believed.
//!
//! Decides the ways to come by them: out of a validated ID token, with what UserInfo adds to it, out of a bearer token that a
//! rule takes, or out of a seal that only we can make. Identity and
//! policy take nothing else, so no code can act on a claim that was not checked.

use std::fmt;

use serde_json::{Map, Value};

use super::{bearer::BearerClaims, id_token::IdTokenClaims, user_info::ConfirmedUserInfo};

/// Where a claim stands: the name of a top-level member, then of members inside it. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimPath {
    /// The top-level member, which a session keeps whole.
    pub root: String,
    /// Names of members inside it, outermost first; usually none.
    pub rest: Vec<String>,
}

/// What a person's claims are called by whoever issued them, where that differs from the common setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// The claims of the user id, the first that is there counts; never empty.
    pub user_id_claims: Option<Vec<ClaimPath>>,
    /// What stands before the user id.
    pub user_id_prefix: Option<String>,
    /// The claim of the groups.
    pub groups_claim: Option<ClaimPath>,
    /// What stands before each group.
    pub groups_prefix: Option<String>,
}

impl Naming {
    /// This, and what it leaves open as `other` says.
    pub fn or(&self, other: &Self) -> Self {
        let (this, other) = (self.clone(), other.clone());
        Self {
            user_id_claims: this.user_id_claims.or(other.user_id_claims),
            user_id_prefix: this.user_id_prefix.or(other.user_id_prefix),
            groups_claim: this.groups_claim.or(other.groups_claim),
            groups_prefix: this.groups_prefix.or(other.groups_prefix),
        }
    }
}

impl ClaimPath {
    /// A top-level member.
    pub fn top_level(name: impl Into<String>) -> Self {
        Self { root: name.into(), rest: Vec::new() }
    }

    /// Whether it is the address that `email_verified` speaks of (OpenID Connect Core §5.1).
    pub fn is_email(&self) -> bool {
        self.root == "email" && self.rest.is_empty()
    }
}

impl fmt::Display for ClaimPath {
    /// `realm_access.roles`, as the documentation of providers writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        self.rest.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}

/// Whether a claim says that something is so: Cognito's ID tokens carry a boolean, its UserInfo a text.
pub fn is_true(claim: &Value) -> bool {
    *claim == Value::Bool(true) || claim.as_str() == Some("true")
}

/// Claims of one validated token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrustedClaims(Map<String, Value>);

impl TrustedClaims {
    /// The members of a validated ID token that `wanted` names, and always `iss` and `sub`. One that it has not is UserInfo's,
    /// if the claim is about the person, not about the token. One that is absent is kept as null: it was asked for, so a session
    /// that lacks a name altogether was made for other wants.
    pub fn of<'a>(
        token: &IdTokenClaims,
        user_info: Option<&ConfirmedUserInfo>,
        wanted: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let names = ["iss", "sub"].into_iter().chain(wanted);
        let user_info = user_info.map(ConfirmedUserInfo::claims);
        let value = |name| merged(token.claims(), user_info, name);
        let value = |name| value(name).cloned().unwrap_or(Value::Null);
        Self(names.map(|name| (name.to_owned(), value(name))).collect())
    }

    /// All claims of a bearer token: nothing of it is kept, so nothing need be chosen.
    pub fn of_bearer(token: &BearerClaims) -> Self {
        Self(token.claims().clone())
    }

    /// Claims out of an opened session: they were validated before they were sealed.
    pub const fn unsealed(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// The claim `name`, a top-level member used whole; null is absent.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The claim at `path`; null is absent.
    pub fn at(&self, path: &ClaimPath) -> Option<&Value> {
        let mut value = self.0.get(&path.root);
        for name in &path.rest {
            value = value.and_then(Value::as_object).and_then(|object| object.get(name));
        }
        value.filter(|value| !value.is_null())
    }

    /// These, and what UserInfo says anew; what it says no longer stays, for a token may have said it. Whether an address is verified comes with the address.
    #[must_use]
    pub fn renewed_by(self, info: &ConfirmedUserInfo) -> Self {
        let said = |name: &str| present(info.claims(), name).filter(|_| !is_protocol_claim(name));
        let renewed = |name: &str, old: Value| match address_of(name) {
            Some(address) if said(address).is_some() => said(name).cloned().unwrap_or_default(),
            Some(_) => old,
            None => said(name).cloned().unwrap_or(old),
        };
        Self(self.0.into_iter().map(|(name, old)| (name.clone(), renewed(&name, old))).collect())
    }

    /// All of them, for sealing.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// The claim `name`; null is absent.
fn present<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// The claim `name` of `token`, else of UserInfo's `info`. That an address is verified is said of that address alone, by whoever
/// named it.
fn merged<'a>(token: &'a Map<String, Value>, info: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a Value> {
    let own = present(token, name);
    let Some(info) = info.filter(|_| !is_protocol_claim(name)) else { return own };
    let added = present(info, name);
    let Some(address) = address_of(name) else { return own.or(added) };
    match (present(token, address), present(info, address)) {
        (None, Some(_)) => added,
        (Some(ours), Some(theirs)) if ours == theirs => own.or(added),
        _ => own,
    }
}

/// The claim that `name` calls verified (OpenID Connect Core §5.1).
fn address_of(name: &str) -> Option<&str> {
    name.strip_suffix("_verified").filter(|address| matches!(*address, "email" | "phone_number"))
}

/// Whether a claim is about a token and a sign-in, not about a person: UserInfo cannot say it. OpenID Connect Core §2, RFC 7519
/// §4.1, RFC 9068 §2.2, RFC 7662 §2.2, RFC 7800, RFC 8417, RFC 8693 §4, and what providers have of the kind.
pub(super) fn is_protocol_claim(name: &str) -> bool {
    const NAMES: [&str; 28] = [
        "acr",
        "act",
        "active",
        "amr",
        "at_hash",
        "aud",
        "auth_time",
        "azp",
        "c_hash",
        "client_id",
        "cnf",
        "event_id",
        "events",
        "exp",
        "iat",
        "iss",
        "jti",
        "may_act",
        "nbf",
        "nonce",
        "origin_jti",
        "s_hash",
        "scope",
        "scp",
        "sid",
        "sub",
        "token_type",
        "token_use",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        http::call::CallResponse,
        oidc::{
            assurance::Assurance,
            id_token::{Expected, validate_id_token},
            jwt::VerifiedJwt,
            provider::ProviderSettings,
            signature::Algorithm,
            user_info::process_user_info_response,
        },
        secret::Secret,
        time::UnixTime,
    };

    const NOW: u64 = 1_795_180_000;

    fn token(more: &Value) -> IdTokenClaims {
        let mut claims = json!({
            "iss": "https://idp.example.net", "aud": "edge", "sub": "kim", "nonce": "n", "exp": NOW + 300, "iat": NOW,
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (nonce, access_token) = (Secret::new("n".to_owned()), Secret::new("a".to_owned()));
        let (settings, assurance) = (&ProviderSettings::example(), &Assurance::default());
        let now = UnixTime::from_secs(NOW);
        let expected = Expected { settings, nonce: &nonce, access_token: &access_token, assurance, now };
        validate_id_token(VerifiedJwt::example(Algorithm::Es256, None, &claims), expected).unwrap()
    }

    fn info(claims: &Value) -> ConfirmedUserInfo {
        let body = Secret::new(claims.to_string().into_bytes());
        let info = process_user_info_response(&CallResponse { status: 200, body }).unwrap();
        info.for_subject("kim").unwrap()
    }

    /// What is kept under `name` of a token and UserInfo with these claims beside `sub`.
    fn kept(name: &str, of_token: Value, of_info: Value) -> Value {
        let mut of_info = of_info;
        of_info["sub"] = json!("kim");
        TrustedClaims::of(&token(&of_token), Some(&info(&of_info)), [name]).into_map()[name].clone()
    }

    #[test]
    fn without_user_info_only_the_token_speaks() {
        let claims = TrustedClaims::of(&token(&json!({"email": "a@b"})), None, ["email", "name"]).into_map();
        assert_eq!(
            Value::Object(claims),
            json!({"iss": "https://idp.example.net", "sub": "kim", "email": "a@b", "name": null})
        );
    }

    #[test]
    fn user_info_adds_what_the_token_does_not_say() {
        assert_eq!(kept("groups", json!({}), json!({"groups": ["a"]})), json!(["a"]));
        assert_eq!(kept("groups", json!({"groups": null}), json!({"groups": ["a"]})), json!(["a"]));
        assert_eq!(kept("groups", json!({"groups": ["t"]}), json!({"groups": ["a"]})), json!(["t"]));
        assert_eq!(kept("groups", json!({"groups": []}), json!({"groups": ["a"]})), json!([]));
        assert_eq!(kept("groups", json!({}), json!({"groups": null})), json!(null));
    }

    #[test]
    fn what_is_about_the_token_is_never_user_infos_to_say() {
        for name in [
            "acr",
            "amr",
            "aud",
            "auth_time",
            "azp",
            "client_id",
            "cnf",
            "events",
            "exp",
            "iat",
            "jti",
            "nbf",
            "scope",
            "scp",
            "sid",
            "token_use",
        ] {
            assert!(kept(name, json!({}), json!({name: "theirs"})) != json!("theirs"), "{name}");
        }
        assert_eq!(kept("iss", json!({}), json!({"iss": "https://other.example"})), "https://idp.example.net");
        assert_eq!(kept("nonce", json!({}), json!({"nonce": "x"})), "n");
    }

    // T-160: `email_verified` of one address must not vouch for another.
    #[test]
    fn an_address_is_verified_by_whoever_named_it() {
        let both = |email: &str| json!({"email": email, "email_verified": true});
        let verified = |of_token, of_info| kept("email_verified", of_token, of_info);
        assert_eq!(verified(json!({}), both("a@b")), json!(true));
        assert_eq!(verified(json!({"email": "a@b"}), both("a@b")), json!(true));
        assert_eq!(verified(json!({"email": "a@b"}), both("c@d")), json!(null));
        assert_eq!(verified(json!({"email": "a@b"}), json!({"email_verified": true})), json!(null));
        assert_eq!(verified(json!({"email": "a@b", "email_verified": false}), both("a@b")), json!(false));
        // The address is UserInfo's then, and so is the word on it.
        assert_eq!(
            verified(json!({"email_verified": true}), json!({"email": "c@d", "email_verified": false})),
            json!(false)
        );
        assert_eq!(verified(json!({"email_verified": true}), json!({"email": "c@d"})), json!(null));
        let phone = |of_token| {
            kept("phone_number_verified", of_token, json!({"phone_number": "+1", "phone_number_verified": true}))
        };
        assert_eq!((phone(json!({"phone_number": "+2"})), phone(json!({}))), (json!(null), json!(true)));
    }

    #[test]
    fn a_session_is_renewed_by_what_user_info_says_anew() {
        let session =
            json!({"sub": "kim", "groups": ["a"], "name": "Kim", "email": "a@b", "email_verified": false, "acr": "1"});
        let renewed = |info_says: &Value| {
            let session = TrustedClaims::unsealed(session.as_object().unwrap().clone());
            Value::Object(session.renewed_by(&info(info_says)).into_map())
        };
        let with = |name: &str, value: Value| {
            let mut session = session.clone();
            session[name] = value;
            session
        };
        let said = json!({"sub": "kim", "groups": [], "acr": "2", "scope": "x", "nickname": "k", "name": null});
        assert_eq!(renewed(&said), with("groups", json!([])));
        // T-160: a word on an address that is not named is about no address of ours.
        assert_eq!(renewed(&json!({"sub": "kim", "email_verified": true})), session);
        let named = json!({"sub": "kim", "email": "a@b", "email_verified": true});
        assert_eq!(renewed(&named), with("email_verified", json!(true)));
        let other = renewed(&json!({"sub": "kim", "email": "c@d"}));
        assert_eq!((&other["email"], &other["email_verified"]), (&json!("c@d"), &json!(null)));
    }

    #[test]
    fn the_nearer_naming_wins_member_by_member() {
        let near = Naming { user_id_prefix: Some("near:".into()), ..Naming::default() };
        let far = Naming {
            user_id_claims: Some(vec![ClaimPath::top_level("sub")]),
            user_id_prefix: Some("far:".into()),
            groups_claim: Some(ClaimPath::top_level("roles")),
            groups_prefix: Some("g:".into()),
        };
        assert_eq!(near.or(&far), Naming { user_id_prefix: Some("near:".into()), ..far.clone() });
        assert_eq!((far.or(&near), Naming::default().or(&far)), (far.clone(), far));
    }
}
