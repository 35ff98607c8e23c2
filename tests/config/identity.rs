//! `identity.userId`: claims in order, rules that rewrite, lower case; what is refused, and what is probably not meant so.

use edge_oidc::{
    config::Config,
    identity::{Identity, IdentityError},
    oidc::claims::{Naming, TrustedClaims},
};
use serde_json::{Value, json};

use crate::{and, good, read, staff};

/// The good configuration with this user id.
fn tree(user_id: &Value) -> Value {
    let mut tree = good();
    tree["identity"] = json!({ "userId": and(json!({ "header": "x-user" }), user_id.clone()) });
    tree
}

fn with(user_id: Value) -> Config {
    read(&tree(&user_id)).unwrap()
}

fn problems(user_id: Value) -> Vec<String> {
    let problems = read(&tree(&user_id)).unwrap_err();
    problems.iter().map(|problem| format!("{} {}", problem.path, problem.what)).collect()
}

fn warnings(user_id: Value) -> Vec<String> {
    let config = with(user_id);
    config.warnings().iter().map(|warning| format!("{} {}; {}", warning.path, warning.what, warning.mend)).collect()
}

fn rules(rules: &[(&str, &str)]) -> Value {
    let rules: Vec<_> =
        rules.iter().map(|(matches, replaces)| json!({ "matches": matches, "replaces": replaces })).collect();
    json!({ "claim": "email", "transforms": rules })
}

fn identity(config: &Config, claims: Value) -> Result<Identity, IdentityError> {
    let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
    Identity::from_claims(&config.identity, &Naming::default(), &claims)
}

fn user_id(config: &Config, claims: Value) -> Result<String, IdentityError> {
    identity(config, claims).map(|identity| identity.user_id().unwrap().to_owned())
}

#[test]
fn the_first_claim_that_is_there_counts() {
    let config = with(json!({ "claims": ["email", "upn", ["nested", "name"], "sub"] }));
    let by = |claims: Value| user_id(&config, claims).unwrap();
    assert_eq!(by(json!({ "email": "a@b", "upn": "u", "sub": "s" })), "a@b");
    assert_eq!(by(json!({ "email": null, "upn": "u", "sub": "s" })), "u");
    assert_eq!(by(json!({ "email": "", "upn": "", "nested": { "name": "n" }, "sub": "s" })), "n");
    assert_eq!(by(json!({ "nested": "x", "sub": "s" })), "s");
    assert_eq!(user_id(&config, json!({ "email": "" })), Err(IdentityError::UserIdAbsent));
}

// T-160
#[test]
fn a_claim_that_is_there_and_names_nobody_refuses_in_place_of_the_next() {
    let config = with(json!({ "claims": ["email", "sub"] }));
    let refused = |claims: Value| user_id(&config, claims).unwrap_err();
    assert_eq!(refused(json!({ "email": "a@b", "email_verified": false, "sub": "s" })), IdentityError::EmailUnverified);
    assert_eq!(refused(json!({ "email": "a\nb", "sub": "s" })), IdentityError::UserIdUnusable);
    assert_eq!(refused(json!({ "email": ["a@b"], "sub": "s" })), IdentityError::UserIdAbsent);
    assert_eq!(refused(json!({ "email": 7, "sub": "s" })), IdentityError::UserIdAbsent);
    assert_eq!(user_id(&config, json!({ "email_verified": false, "sub": "s" })).unwrap(), "s");
}

#[test]
fn a_session_keeps_every_claim_that_may_count() {
    let config = with(json!({ "claims": ["upn", "email", ["nested", "name"]] }));
    let naming = Naming::default();
    let names: Vec<_> = config.identity.claim_names(&naming).collect();
    assert_eq!(names, ["upn", "email", "email_verified", "nested"]);
}

#[test]
fn claims_can_be_others_at_a_provider() {
    let mut config = tree(&json!({ "claim": "email" }));
    config["providers"] = json!([and(staff(), json!({ "identity": { "userId": { "claims": ["upn", "sub"] } } }))]);
    let config = read(&config).unwrap();
    let naming = &config.providers()[0].naming;
    let roots: Vec<_> = config.identity.user_id_claims(naming).iter().map(|claim| claim.root.as_str()).collect();
    assert_eq!(roots, ["upn", "sub"]);
}

#[test]
fn a_user_id_is_rewritten_then_small_then_prefixed() {
    let transforms = json!([
        { "matches": "@Example\\.com$", "replaces": "-K" },
        { "matches": "-k$", "replaces": "never" },
        { "matches": "^(?P<name>[^@]+)@other\\.org$", "replaces": "${name}.other" },
        { "matches": "^@", "replaces": "" },
    ]);
    let config = with(json!({ "claim": "email", "transforms": transforms, "lowercase": true, "prefix": "U:" }));
    let by = |email: &str| user_id(&config, json!({ "email": email }));
    assert_eq!(by("Ada@Example.com").unwrap(), "U:ada-k");
    assert_eq!(by("ADA@other.org").unwrap(), "U:ada.other");
    assert_eq!(by("Ada@third.net").unwrap(), "U:ada@third.net");
    assert_eq!(by("@").unwrap_err(), IdentityError::UserIdTransformedAway);
    assert_eq!(IdentityError::UserIdTransformedAway.code(), "user_id_transformed_away");
}

// T-160
#[test]
fn lower_case_leaves_letters_beyond_ascii_as_they_are() {
    let small = with(json!({ "claim": "sub", "lowercase": true }));
    assert_eq!(user_id(&small, json!({ "sub": "KA\u{212A}\u{130}É" })).unwrap(), "ka\u{212A}\u{130}É");
    let asis = with(json!({ "claim": "sub" }));
    assert_eq!(user_id(&asis, json!({ "sub": "Ada" })).unwrap(), "Ada");
}

#[test]
fn an_authorizer_is_told_the_name_that_the_provider_gave() {
    let config = with(and(rules(&[("@.*$", "")]), json!({ "prefix": "u:" })));
    let identity = identity(&config, json!({ "email": "ada@example.com" })).unwrap();
    assert_eq!((identity.name(), identity.user_id()), (Some("ada@example.com"), Some("u:ada")));
}

// T-47
#[test]
fn what_a_rule_leaves_must_stand_in_a_header() {
    let config = with(rules(&[("x", ""), ("y", "${0}${0}${0}")]));
    let by = |email: String| user_id(&config, json!({ "email": email }));
    assert_eq!(by("a x".to_owned()), Err(IdentityError::UserIdUnusable), "a blank at the end");
    assert_eq!(by("y".repeat(341)).map(|id| id.len()), Ok(1023));
    assert_eq!(by("y".repeat(342)), Err(IdentityError::UserIdUnusable), "longer than 1,024");
    assert_eq!(by("a".repeat(512)).map(|id| id.len()), Ok(512));
    assert_eq!(by("a".repeat(513)), Err(IdentityError::UserIdUnusable), "too long to be looked at");
    let without = with(json!({ "claim": "email" }));
    assert!(user_id(&without, json!({ "email": "a".repeat(513) })).is_ok());
}

// T-40
#[test]
fn the_header_of_the_method_is_ours_alone() {
    let mut tree = tree(&json!({ "claim": "email" }));
    tree["identity"]["authMethod"] = json!({ "header": "Auth-Method" });
    let config = read(&tree).unwrap();
    assert_eq!(config.identity.auth_method.as_deref(), Some("auth-method"));
    assert_eq!(config.identity.header_names().collect::<Vec<_>>(), ["x-user", "auth-method"]);
    for (header, path) in [("x_user", "identity.authMethod.header"), ("cookie", "identity.authMethod.header")] {
        tree["identity"]["authMethod"]["header"] = json!(header);
        assert_eq!(crate::places(&tree), [path], "{header}");
    }
    tree["identity"]["authMethod"] = json!({});
    assert_eq!(crate::places(&tree), ["identity.authMethod.header"]);
}

// T-40
#[test]
fn headers_that_are_only_removed_are_ours_like_the_others() {
    let mut tree = tree(&json!({ "claim": "email" }));
    tree["identity"]["remove"] = json!(["Kubeflow-Groups", "x-roles"]);
    let config = read(&tree).unwrap();
    assert_eq!(config.header_names().collect::<Vec<_>>(), ["x-user", "kubeflow-groups", "x-roles"]);
    tree["identity"]["groups"] = json!({ "claim": "groups", "header": "x-groups" });
    tree["identity"]["forward"] = json!({ "idToken": { "header": "x-token" } });
    for (removed, path) in [
        (json!(["x_user"]), "identity.remove[0]"),
        (json!(["x-a", "X.Groups"]), "identity.remove[1]"),
        (json!(["x-a", "x_a"]), "identity.remove[1]"),
        (json!(["cookie"]), "identity.remove[0]"),
        (json!(["authorization"]), "identity.remove[0]"),
        (json!(["a b"]), "identity.remove[0]"),
        (json!([]), "identity.remove"),
        (json!("x-a"), "identity.remove"),
        (json!(["x_token"]), "identity.forward.idToken.header"),
    ] {
        tree["identity"]["remove"] = removed;
        assert_eq!(crate::places(&tree), [path]);
    }
    tree["identity"] = json!({ "remove": ["x-roles"] });
    tree["session"]["header"] = json!("x_roles");
    assert_eq!(crate::places(&tree), ["session.header"]);
}

#[test]
fn claims_are_one_or_several() {
    assert_eq!(problems(json!({})), ["identity.userId.claim is missing"]);
    let both = problems(json!({ "claim": "email", "claims": ["sub"] }));
    assert_eq!(both, ["identity.userId.claims stands beside `claim`"]);
    assert_eq!(problems(json!({ "claims": [] })), ["identity.userId.claims is an empty list"]);
    assert_eq!(problems(json!({ "claims": ["a", "a"] })), ["identity.userId.claims[1] is given twice"]);
    let many: Vec<_> = (0..9).map(|index| format!("c{index}")).collect();
    assert_eq!(problems(json!({ "claims": many })), ["identity.userId.claims has too many claims"]);
    assert!(read(&tree(&json!({ "claims": many[..8] }))).is_ok());
}

#[test]
fn rules_have_bounds() {
    let at = "identity.userId.transforms";
    let many = |count: usize| rules(&vec![("^x$", "y"); count]);
    assert_eq!(problems(many(65)), [format!("{at} has too many rules")]);
    assert!(read(&tree(&many(64))).is_ok());
    let large = |count: usize| rules(&vec![("^[a-z]{250}$", ""); count]);
    assert_eq!(problems(large(9)), [format!("{at} would take too long: the expressions are too large together")]);
    assert!(read(&tree(&large(8))).is_ok());
    let long = "x".repeat(1001);
    assert_eq!(problems(rules(&[("^x$", &long)])), [format!("{at}[0].replaces has more than 1,000 characters")]);
    assert!(read(&tree(&rules(&[("^x$", &long[1..])]))).is_ok());
    let said = problems(rules(&[(&long, "")]));
    assert_eq!(said, [format!("{at}[0].matches is a regular expression that has more than 1,000 characters")]);
}

#[test]
fn a_rule_that_is_wrong_is_told_where_and_why() {
    let at = "identity.userId.transforms[0]";
    let said = problems(json!({ "claim": "email", "transforms": [{}] }));
    assert_eq!(said, [format!("{at}.matches is missing"), format!("{at}.replaces is missing")]);
    let said = problems(json!({ "claim": "email", "transforms": { "matches": "a", "replaces": "" } }));
    assert_eq!(said, ["identity.userId.transforms is an object, not a list"]);
    let said = problems(json!({ "claim": "email", "transforms": [{ "matches": "^a$", "replaces": null }] }));
    assert_eq!(said, [format!("{at}.replaces has no value")]);
    assert_eq!(problems(rules(&[("", "x")])), [format!("{at}.matches is empty, and would be found everywhere")]);
    let control = problems(rules(&[("^a$", "\n")]));
    assert_eq!(control, [format!("{at}.replaces has a control character, which no header carries")]);
    let name = problems(rules(&[("^(a)$", "$1é")]));
    assert_eq!(name, [format!("{at}.replaces has a character beyond ASCII behind the name of a group")]);
    for (matches, mend) in [
        ("\\p{Greek}", "name the characters"),
        ("[b-a]", "write the lower character first"),
        ("[a", "write the `]`"),
        ("[[:foo:]]", "write one of Go's names"),
        ("a{2,1}", "write the lower count first"),
        ("a{1001}", "write lower counts"),
        ("(a", "write its other one"),
        ("*a", "write what is repeated before it"),
        ("(?=a)", "write `(...)`"),
        ("(?P<é>a)", "write `(?P<name>...)`"),
        ("\\Z", "take the `\\` away"),
    ] {
        let said = read(&tree(&rules(&[(matches, "")]))).unwrap_err().to_string();
        assert!(said.contains(mend), "{matches}: {said}");
    }
}

#[test]
fn claims_that_people_may_choose_give_a_warning_beside_others() {
    let warned = |claims: &[&str]| {
        let said = warnings(json!({ "claims": claims }));
        said.iter().map(|text| text.split('`').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(warned(&["email", "sub"]), Vec::<String>::new());
    assert_eq!(warned(&["email", "nickname", "sub"]), ["nickname"]);
    assert_eq!(warned(&["preferred_username", "email"]), ["preferred_username"]);
    assert_eq!(warned(&["nickname"]), Vec::<String>::new());
    let nested = warnings(json!({ "claims": ["email", ["email", "x"]] }));
    assert!(nested[0].starts_with("identity.userId.claims has `email.x`"), "{nested:?}");
}

/// What is said of one expression, and the anchored form.
fn open_ends(matches: &str) -> Option<(String, String)> {
    let said = warnings(rules(&[(matches, "x$0")]));
    let text = said.iter().find(|text| text.contains("is found at") || text.contains("is found in the middle"))?;
    assert!(text.starts_with("identity.userId.transforms[0].matches "), "{text}");
    let place = text.split("is found ").nth(1).unwrap().split(" longer").next().unwrap();
    let anchored = text.split("anchor it, as `").nth(1).unwrap().split("`:").next().unwrap();
    Some((place.to_owned(), anchored.to_owned()))
}

// T-160
#[test]
fn an_expression_that_other_addresses_contain_gives_a_warning() {
    for (matches, place, anchored) in [
        (r"user@domain\.com", "in the middle of", r"^user@domain\.com$"),
        (r"@domain\.com", "at the beginning of", r"@domain\.com$"),
        (r"user@domain\.com$", "at the end of", r"^user@domain\.com$"),
        (r"^user@domain\.com", "at the beginning of", r"^user@domain\.com$"),
        (r"(user)@(domain\.com)", "in the middle of", r"^(user)@(domain\.com)$"),
        (r"a@b|^c@d$", "in the middle of", r"^(?:a@b|^c@d$)$"),
        ("admin", "in the middle of", "^admin$"),
        (r"^a@\Qb.c", "at the beginning of", r"^a@\Qb.c\E$"),
        (r"[a-z]+@domain\.com$", "at the end of", r"^[a-z]+@domain\.com$"),
    ] {
        assert_eq!(open_ends(matches), Some((place.to_owned(), anchored.to_owned())), "{matches}");
        assert_eq!(open_ends(anchored), None, "{anchored}");
    }
    for matches in [
        r"@domain\.com$",
        r"@domain\.com\z",
        r"^(user)@domain\.com$",
        r"\Auser@domain\.com\z",
        r"^a@b$|^c@d$",
        r"(^a@b$)",
        "^admin-",
        "-admin$",
        "^ada@",
        "@",
        "[^a-z]+",
        "@.*",
        ".*@",
        r"[^@]+@domain\.com$",
        "(?m)^a@b$",
    ] {
        assert_eq!(open_ends(matches), None, "{matches}");
    }
}

#[test]
fn a_rule_behind_one_that_always_applies_gives_a_warning() {
    let warned = |first: &str| {
        let said = warnings(rules(&[(first, "x$0"), ("^b$", "c"), ("^d$", "e")]));
        said.iter().any(|text| {
            text.starts_with("identity.userId.transforms[1] never applies: `identity.userId.transforms[0]`")
        })
    };
    for first in [".*", "^.*$", "^.+$", ".", "(.*)", "^(.+)$", "x*", "^", "$", "a|.*", "(?s).+"] {
        assert!(warned(first), "{first}");
    }
    for first in ["^$", "x", "^x*$", "..", ".+.+", "[^@]+", "^[a-z]*$", ".$^", r"\b.*", "@.*"] {
        assert!(!warned(first), "{first}");
    }
    let last = warnings(rules(&[("^b$", "c"), (".*", "x$0")]));
    assert!(!last.iter().any(|text| text.contains("never applies")), "{last:?}");
}

/// The two that become one, and what.
fn taken(user_id: Value) -> Option<[String; 3]> {
    let said = warnings(user_id);
    let text = said.iter().find(|text| text.contains("makes one user id of two"))?;
    assert!(text.starts_with("identity.userId.transforms "), "{text}");
    let mut names = text.split('`').skip(1).step_by(2).map(str::to_owned);
    Some(std::array::from_fn(|_| names.next().unwrap()))
}

// T-160
#[test]
fn rules_that_make_one_of_two_people_give_a_warning() {
    let pair = |one: &str, other: &str, both: &str| Some([one, other, both].map(str::to_owned));
    assert_eq!(taken(rules(&[("@.*$", "")])), pair("ada@example.com", "ada@example.org", "ada"));
    let two = rules(&[(r"@corp\.example$", ""), (r"@corp\.test$", "")]);
    assert_eq!(taken(two), pair("ada@corp.example", "ada@corp.test", "ada"));
    assert_eq!(taken(rules(&[("^.*$", "root")])), pair("ada@example.com", "ada@example.org", "root"));
    assert_eq!(taken(rules(&[("(?i)^ada@", "x@")])), pair("ada@example.com", "ADA@example.com", "x@example.com"));
    assert_eq!(taken(rules(&[(r"@corp\.example$", "")])), None);
    assert_eq!(taken(rules(&[("^", "u-")])), None);
    // Whoever is called `ada` by another claim has Ada's name.
    let bare = and(rules(&[(r"@corp\.example$", "")]), json!({ "claim": "upn" }));
    assert_eq!(taken(bare), pair("ada@corp.example", "ada", "ada"));
    let small = |replaces: &str| and(rules(&[(r"@corp\.example$", replaces)]), json!({ "lowercase": true }));
    assert_eq!(taken(small("")), None, "ADA is Ada then");
    assert_eq!(taken(small("@example.com")), pair("ada@example.com", "ada@corp.example", "ada@example.com"));
}
