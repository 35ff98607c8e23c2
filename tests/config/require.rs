//! `require`: how requirements are written.

use edge_oidc::{
    oidc::claims::ClaimPath,
    policy::{ClaimTest, Domain, Email, Glob, GroupsRequirement, Requirement, Scalar, WholeRegex},
};
use serde_json::{Value, json};

use crate::{good, read};

fn tree(require: &Value) -> Value {
    let mut tree = good();
    tree["identity"] = json!({ "groups": { "claim": "cognito:groups", "header": "x-groups" } });
    tree["routes"] = json!([{ "action": "authenticate", "require": require }]);
    tree
}

fn requirement(require: &Value) -> Requirement {
    let config = read(&tree(require)).unwrap_or_else(|problems| panic!("{require}: {problems}"));
    config.routes.rules()[0].access.requirement.clone().unwrap()
}

fn places(require: &Value) -> Vec<String> {
    let problems = read(&tree(require)).err().unwrap_or_default();
    problems.iter().map(|problem| problem.path.trim_start_matches("routes[0].require").to_owned()).collect()
}

fn scopes(names: &[&str]) -> Requirement {
    Requirement::Scopes(names.iter().map(|name| (*name).to_owned()).collect())
}

fn claim(claim: Value) -> Requirement {
    requirement(&json!({ "claims": [claim] }))
}

fn text(text: &str) -> Scalar {
    Scalar::Text(text.to_owned())
}

#[test]
fn each_requirement_is_read_as_it_is_written() {
    let globs = |names: &[&str]| names.iter().map(|name| Glob::parse(name).unwrap()).collect();
    let groups = json!({ "any": ["admins", "team-*"], "all": ["a"], "none": ["b"] });
    let expected = GroupsRequirement { any: globs(&["admins", "team-*"]), all: globs(&["a"]), none: globs(&["b"]) };
    assert_eq!(requirement(&json!({ "groups": groups })), Requirement::Groups(expected));
    assert_eq!(requirement(&json!({ "scopes": ["a", "b:c"] })), scopes(&["a", "b:c"]));
    let domains = Requirement::EmailDomains(vec![Domain::parse("example.com").unwrap()]);
    assert_eq!(requirement(&json!({ "emailDomains": ["Example.COM"] })), domains);
    let emails = Requirement::Emails(vec![Email::parse("ada@example.com").unwrap()]);
    assert_eq!(requirement(&json!({ "emails": ["Ada@Example.com"] })), emails);
    assert_eq!(requirement(&json!({ "not": { "scopes": ["a"] } })), Requirement::Not(Box::new(scopes(&["a"]))));
    let (a, b) = (json!({ "scopes": ["a"] }), json!({ "scopes": ["b"] }));
    let parts = || vec![scopes(&["a"]), scopes(&["b"])];
    assert_eq!(requirement(&json!({ "all": [a, b] })), Requirement::All(parts()));
    assert_eq!(requirement(&json!({ "any": [a, b] })), Requirement::Any(parts()));
}

#[test]
fn the_members_of_one_object_must_all_be_met() {
    let both = requirement(&json!({ "scopes": ["a"], "any": [{ "scopes": ["b"] }, { "scopes": ["c"] }] }));
    let any = Requirement::Any(vec![scopes(&["b"]), scopes(&["c"])]);
    assert_eq!(both, Requirement::All(vec![scopes(&["a"]), any]));
    let not = requirement(&json!({ "not": { "scopes": ["a"], "emailDomains": ["x.org"] } }));
    let Requirement::Not(inner) = not else { panic!("{not:?}") };
    assert!(matches!(*inner, Requirement::All(parts) if parts.len() == 2));
}

#[test]
fn each_test_of_a_claim_is_read() {
    let path = || ClaimPath::top_level("c");
    for (test, expected) in [
        (json!({ "claim": "c", "equals": "x" }), ClaimTest::OneOf(vec![text("x")])),
        (json!({ "claim": "c", "equals": true }), ClaimTest::OneOf(vec![Scalar::Flag(true)])),
        (json!({ "claim": "c", "equals": -3 }), ClaimTest::OneOf(vec![Scalar::Number(-3)])),
        (json!({ "claim": "c", "oneOf": ["x", "y"] }), ClaimTest::OneOf(vec![text("x"), text("y")])),
        (json!({ "claim": "c", "contains": "x" }), ClaimTest::Contains(text("x"))),
        (json!({ "claim": "c", "exists": false }), ClaimTest::Exists(false)),
        (json!({ "claim": "c", "matches": "x+" }), ClaimTest::Matches(WholeRegex::parse("x+").unwrap())),
    ] {
        assert_eq!(claim(test.clone()), Requirement::Claim(path(), expected), "{test}");
    }
    let nested = claim(json!({ "claim": ["a", "b"], "exists": true }));
    let path = ClaimPath { root: "a".into(), rest: vec!["b".into()] };
    assert_eq!(nested, Requirement::Claim(path, ClaimTest::Exists(true)));
}

// T-23
#[test]
fn what_says_nothing_or_too_much_is_refused() {
    for (require, place) in [
        (json!({}), ""),
        (json!([]), ""),
        (json!({ "group": { "any": ["a"] }, "scopes": ["a"] }), ".group"),
        (json!({ "groups": {} }), ".groups"),
        (json!({ "groups": { "any": [] } }), ".groups.any"),
        (json!({ "groups": { "any": [""] } }), ".groups.any[0]"),
        (json!({ "groups": { "all": ["a", "a"] } }), ".groups.all[1]"),
        (json!({ "groups": { "none": ["a\nb"] } }), ".groups.none[0]"),
        (json!({ "groups": { "any": ["a"], "one": ["a"] } }), ".groups.one"),
        (json!({ "groups": ["a"] }), ".groups"),
        (json!({ "scopes": [] }), ".scopes"),
        (json!({ "scopes": ["a b"] }), ".scopes[0]"),
        (json!({ "emailDomains": [] }), ".emailDomains"),
        (json!({ "emailDomains": ["a@example.com"] }), ".emailDomains[0]"),
        (json!({ "emailDomains": ["@example.com"] }), ".emailDomains[0]"),
        (json!({ "emailDomains": ["*.com"] }), ".emailDomains[0]"),
        (json!({ "emailDomains": ["*"] }), ".emailDomains[0]"),
        (json!({ "emailDomains": ["*.example.com", "*.EXAMPLE.com"] }), ".emailDomains[1]"),
        (json!({ "emails": [] }), ".emails"),
        (json!({ "emails": "ada@example.com" }), ".emails"),
        (json!({ "emails": ["example.com"] }), ".emails[0]"),
        (json!({ "emails": ["*@example.com"] }), ".emails[0]"),
        (json!({ "emails": ["ada@example.com", "Ada@example.com"] }), ".emails[1]"),
        (json!({ "emailDomains": ["example.com."] }), ".emailDomains[0]"),
        (json!({ "emailDomains": ["127.0.0.1"] }), ".emailDomains[0]"),
        (json!({ "claims": [] }), ".claims"),
        (json!({ "all": [] }), ".all"),
        (json!({ "any": [] }), ".any"),
        (json!({ "any": [{}] }), ".any[0]"),
        (json!({ "not": {} }), ".not"),
        (json!({ "not": { "any": [{ "scopes": [""] }] } }), ".not.any[0].scopes[0]"),
    ] {
        let found = places(&require);
        assert_eq!(found, [place], "{require}");
    }
}

// T-23
#[test]
fn a_claim_has_exactly_one_test_of_the_right_type() {
    for (claim, place) in [
        (json!({ "claim": "c" }), ""),
        (json!({ "claim": "c", "equals": "a", "exists": true }), ""),
        (json!({ "equals": "a" }), ".claim"),
        (json!({ "claim": "", "equals": "a" }), ".claim"),
        (json!({ "claim": [], "equals": "a" }), ".claim"),
        (json!({ "claim": "c", "equals": "" }), ".equals"),
        (json!({ "claim": "c", "equals": ["a"] }), ".equals"),
        (json!({ "claim": "c", "equals": 1.5 }), ".equals"),
        (json!({ "claim": "c", "equals": {} }), ".equals"),
        (json!({ "claim": "c", "oneOf": [] }), ".oneOf"),
        (json!({ "claim": "c", "oneOf": "a" }), ".oneOf"),
        (json!({ "claim": "c", "oneOf": ["a", 1] }), ".oneOf"),
        (json!({ "claim": "c", "oneOf": ["a", "a"] }), ".oneOf"),
        (json!({ "claim": "c", "contains": [] }), ".contains"),
        (json!({ "claim": "c", "exists": "true" }), ".exists"),
        (json!({ "claim": "c", "matches": "" }), ".matches"),
        (json!({ "claim": "c", "matches": "(?=a)" }), ".matches"),
        (json!({ "claim": "c", "notEquals": "a", "equals": "b" }), ".notEquals"),
    ] {
        let found = places(&json!({ "claims": [claim] }));
        let place = format!(".claims[0]{place}");
        assert!(found.len() == 1 && found[0].starts_with(&place), "{claim}: {found:?}");
    }
}

#[test]
fn groups_that_exclude_each_other_give_a_warning() {
    let warned = |groups: Value| {
        let config = read(&tree(&json!({ "groups": groups }))).unwrap();
        config.warnings().iter().any(|warning| warning.path == "routes[0].require.groups")
    };
    for groups in [
        json!({ "any": ["a"], "none": ["a"] }),
        json!({ "any": ["a", "b"], "none": ["*"] }),
        json!({ "any": ["a-1"], "none": ["a-*"] }),
        json!({ "any": ["b"], "all": ["a", "c"], "none": ["c"] }),
        json!({ "any": ["a-*"], "none": ["a-*"] }),
    ] {
        assert!(warned(groups.clone()), "{groups}");
    }
    for groups in [
        json!({ "any": ["a", "b"], "none": ["a"] }),
        json!({ "any": ["a-*"], "none": ["a-1"] }),
        json!({ "none": ["*"] }),
        json!({ "all": ["a"], "none": ["b"] }),
    ] {
        assert!(!warned(groups.clone()), "{groups}");
    }
}
