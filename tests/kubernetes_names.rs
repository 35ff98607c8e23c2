//! A person has one name at the edge and in a cluster's RBAC: user ids and groups against the rules of Kubernetes' API server.
//!
//! The expectations are those of its OIDC authenticator (`--oidc-username-claim`, `--oidc-username-prefix`,
//! `--oidc-groups-claim`, `--oidc-groups-prefix`). What the prefix is where none is written differs, and is said in
//! docs/user-ids.md; here each is written.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use edge_oidc::{
    config::{Config, Environment},
    identity::{Identity, IdentityError},
    oidc::claims::{Naming, TrustedClaims},
};
use serde_json::{Value, json};

struct Variables(BTreeMap<&'static str, &'static str>);

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }
}

/// The user name and the groups of a token with these claims, by these settings of the API server.
fn names(flags: [&str; 4], claims: &Value) -> Result<(String, Vec<String>), IdentityError> {
    let [username_claim, username_prefix, groups_claim, groups_prefix] = flags;
    let tree = json!({
        "providers": [{ "issuer": "https://idp.example.com", "clientId": "edge" }],
        "publicUrls": ["https://app.example.com"],
        "session": { "keys": [{ "env": "KEY" }] },
        "identity": {
            "userId": { "claim": username_claim, "prefix": username_prefix, "header": "x-user" },
            "groups": { "claim": groups_claim, "prefix": groups_prefix, "header": "x-groups" },
        },
    });
    let variables = Variables([("KEY", "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c")].into());
    let config = Config::read(&tree, &variables).unwrap();
    let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
    let identity = Identity::from_claims(&config.identity, &Naming::default(), &claims)?;
    let groups = identity.groups().split(',').filter(|group| !group.is_empty()).map(str::to_owned).collect();
    Ok((identity.user_id().unwrap().to_owned(), groups))
}

#[test]
fn a_person_is_called_what_the_api_server_calls_them() {
    let cognito = ["email", "", "cognito:groups", ""];
    let prefixed = ["sub", "oidc:", "groups", "oidc:"];
    for (flags, claims, user, groups) in [
        (
            cognito,
            json!({"email": "ada@example.com", "cognito:groups": ["a", "b"]}),
            "ada@example.com",
            &["a", "b"][..],
        ),
        (cognito, json!({"email": "Ada@Example.com"}), "Ada@Example.com", &[]),
        (prefixed, json!({"sub": "s", "groups": ["a", "b"]}), "oidc:s", &["oidc:a", "oidc:b"]),
        // One group may stand alone, as a text.
        (prefixed, json!({"sub": "s", "groups": "a"}), "oidc:s", &["oidc:a"]),
        (prefixed, json!({"sub": "s", "groups": []}), "oidc:s", &[]),
        // Another claim of the name is what it is; nobody asks whether it is verified.
        (prefixed, json!({"sub": "s", "email": "a@b", "email_verified": false}), "oidc:s", &[]),
        // The prefix stands there as it is written.
        (
            ["sub", "https://idp.example.com#", "groups", "-"],
            json!({"sub": "s", "groups": ["a"]}),
            "https://idp.example.com#s",
            &["-a"],
        ),
        (["sub", "x", "groups", ""], json!({"sub": "x", "groups": ["system:masters"]}), "xx", &["system:masters"]),
        (["sub", "", "groups", ""], json!({"sub": "s p a c e", "groups": ["a b"]}), "s p a c e", &["a b"]),
    ] {
        let expected = (user.to_owned(), groups.iter().map(|group| (*group).to_owned()).collect());
        assert_eq!(names(flags, &claims), Ok(expected), "{flags:?} {claims}");
    }
}

// T-160
#[test]
fn an_address_counts_unless_it_is_called_unverified() {
    let by_email = |verified: Value| {
        let mut claims = json!({"email": "ada@example.com"});
        claims.as_object_mut().unwrap().extend([("email_verified".to_owned(), verified)]);
        names(["email", "", "groups", ""], &claims).map(|(user, _)| user)
    };
    let ada = Ok("ada@example.com".to_owned());
    assert_eq!(names(["email", "", "groups", ""], &json!({"email": "ada@example.com"})).map(|(user, _)| user), ada);
    assert_eq!(by_email(json!(true)), ada);
    assert_eq!(by_email(json!(false)), Err(IdentityError::EmailUnverified));
    // The API server takes no text for it. Cognito's UserInfo has one, so here `"true"` is true, and no other.
    assert_eq!(by_email(json!("true")), ada);
    assert_eq!(by_email(json!("false")), Err(IdentityError::EmailUnverified));
}

#[test]
fn nobody_passes_without_the_claim_of_the_name() {
    for claims in [json!({"email": "a@b"}), json!({"sub": null}), json!({"sub": 7}), json!({"sub": ["s"]})] {
        let refused = names(["sub", "", "groups", ""], &claims);
        assert_eq!(refused, Err(IdentityError::UserIdAbsent), "{claims}");
    }
}

/// What a header cannot carry as the API server's list does.
#[test]
fn a_group_that_would_read_as_two_is_encoded() {
    let (_, groups) = names(["sub", "", "groups", ""], &json!({"sub": "s", "groups": ["a,b", "50%", "é"]})).unwrap();
    assert_eq!(groups, ["a%2Cb", "50%25", "%C3%A9"]);
}
