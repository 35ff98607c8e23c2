//! Requirements on single claims, scopes and e-mail addresses.

use edge_oidc::{
    oidc::claims::{ClaimPath, TrustedClaims},
    policy::{ClaimTest, Domain, DomainError, Email, EmailError, Requirement, Scalar, Subject, WholeRegex},
};
use serde_json::{Value, json};

use crate::{any_group, met, not, scopes};

fn path(names: &[&str]) -> ClaimPath {
    ClaimPath { root: names[0].to_owned(), rest: names[1..].iter().map(|name| (*name).to_owned()).collect() }
}

fn claim(test: ClaimTest) -> Requirement {
    Requirement::Claim(path(&["c"]), test)
}

fn text(text: &str) -> Scalar {
    Scalar::Text(text.to_owned())
}

fn equals(value: Scalar) -> Requirement {
    claim(ClaimTest::OneOf(vec![value]))
}

fn matches(regex: &str) -> Requirement {
    claim(ClaimTest::Matches(WholeRegex::parse(regex).unwrap()))
}

/// What a requirement makes of a claim: whether it is met, and whether its negation is.
fn judged(requirement: &Requirement, value: &Value) -> (bool, bool) {
    let claims = json!({ "c": value });
    (met(requirement, &claims), met(&not(requirement.clone()), &claims))
}

const PASSES: (bool, bool) = (true, false);
const FAILS: (bool, bool) = (false, true);
const UNJUDGED: (bool, bool) = (false, false);

// T-34
#[test]
fn values_are_compared_by_type_and_value() {
    for (wanted, value, verdict) in [
        (text("eng"), json!("eng"), PASSES),
        (text("eng"), json!("Eng"), FAILS),
        (text("eng"), json!("eng "), FAILS),
        (text("eng"), json!(""), FAILS),
        (text("eng"), Value::Null, FAILS),
        (text("eng"), json!(["eng"]), UNJUDGED),
        (text("eng"), json!({ "eng": "eng" }), UNJUDGED),
        (text("1"), json!(1), UNJUDGED),
        (text("true"), json!(true), UNJUDGED),
        (Scalar::Flag(true), json!(true), PASSES),
        (Scalar::Flag(true), json!(false), FAILS),
        (Scalar::Flag(true), json!("true"), UNJUDGED),
        (Scalar::Flag(true), json!(1), UNJUDGED),
        (Scalar::Flag(false), Value::Null, FAILS),
        (Scalar::Number(1), json!(1), PASSES),
        (Scalar::Number(1), json!(2), FAILS),
        (Scalar::Number(-1), json!(u64::MAX), FAILS),
        (Scalar::Number(1), json!(1.0), UNJUDGED),
        (Scalar::Number(1), json!("1"), UNJUDGED),
        (Scalar::Number(1), json!(true), UNJUDGED),
    ] {
        assert_eq!(judged(&equals(wanted.clone()), &value), verdict, "{wanted:?} {value}");
    }
    assert!(!met(&equals(text("eng")), &json!({})) && met(&not(equals(text("eng"))), &json!({})));
}

// T-34
#[test]
fn one_of_several_values_is_enough() {
    let several = claim(ClaimTest::OneOf(vec![text("a"), text("b")]));
    for (value, verdict) in [
        (json!("a"), PASSES),
        (json!("b"), PASSES),
        (json!("c"), FAILS),
        (json!("ab"), FAILS),
        (json!(["a"]), UNJUDGED),
    ] {
        assert_eq!(judged(&several, &value), verdict, "{value}");
    }
}

// T-34
#[test]
fn a_list_contains_its_members_and_a_value_itself() {
    let contains = claim(ClaimTest::Contains(text("a")));
    for (value, verdict) in [
        (json!(["b", "a"]), PASSES),
        (json!("a"), PASSES),
        (json!(["a", 1]), PASSES),
        (json!([]), FAILS),
        (json!(["b"]), FAILS),
        (json!("a b"), FAILS),
        (json!(["b", 1]), UNJUDGED),
        (json!([["a"]]), UNJUDGED),
        (json!({ "a": "a" }), UNJUDGED),
    ] {
        assert_eq!(judged(&contains, &value), verdict, "{value}");
    }
}

// T-34
#[test]
fn null_is_not_there() {
    for (value, there) in [(json!(""), true), (json!(false), true), (json!([]), true), (Value::Null, false)] {
        let (yes, no) = if there { (PASSES, FAILS) } else { (FAILS, PASSES) };
        assert_eq!(judged(&claim(ClaimTest::Exists(true)), &value), yes, "{value}");
        assert_eq!(judged(&claim(ClaimTest::Exists(false)), &value), no, "{value}");
    }
    assert!(met(&claim(ClaimTest::Exists(false)), &json!({})) && !met(&claim(ClaimTest::Exists(true)), &json!({})));
}

// T-28, T-34
#[test]
fn an_expression_must_match_the_whole_text() {
    for (value, verdict) in [
        (json!("eng-1"), PASSES),
        (json!("xeng-1"), FAILS),
        (json!("eng-1x"), FAILS),
        (json!("eng-1\n"), FAILS),
        (json!("a\neng-1\nb"), FAILS),
        (json!(""), FAILS),
        (json!(["eng-1"]), UNJUDGED),
        (json!(1), UNJUDGED),
    ] {
        assert_eq!(judged(&matches("eng-[0-9]+"), &value), verdict, "{value}");
    }
    assert_eq!(judged(&matches("bad.*"), &json!("bad\n")), PASSES);
}

#[test]
fn a_text_that_costs_too_much_to_match_is_not_judged() {
    let long = json!("a".repeat(60_000));
    assert_eq!(judged(&matches("a*"), &long), UNJUDGED);
    assert_eq!(judged(&matches("a*"), &json!("a".repeat(4_000))), PASSES);
}

#[test]
fn nested_claims_are_reached_by_their_path() {
    let nested = |test| Requirement::Claim(path(&["a", "b", "c"]), test);
    assert!(met(&nested(ClaimTest::Exists(true)), &json!({ "a": { "b": { "c": 1 } } })));
    for other in [json!({ "a": { "b": 1 } }), json!({ "a.b.c": 1 }), json!({ "c": 1 }), json!({ "a": [{ "b": 1 }] })] {
        assert!(!met(&nested(ClaimTest::Exists(true)), &other), "{other}");
    }
}

// T-34
#[test]
fn all_scopes_must_be_granted() {
    let both = scopes(&["a", "b:c"]);
    for granted in [json!({ "scope": "b:c x a" }), json!({ "scp": ["a", "b:c"] }), json!({ "scp": "a b:c" })] {
        assert!(met(&both, &granted), "{granted}");
        assert!(!met(&not(both.clone()), &granted), "{granted}");
    }
    for granted in [
        json!({}),
        json!({ "scope": "" }),
        json!({ "scope": "a" }),
        json!({ "scope": "a,b:c" }),
        json!({ "scope": "ab:c" }),
        json!({ "scope": "A b:c" }),
        json!({ "scope": "a", "scp": ["b:c"] }),
        json!({ "scope": "", "scp": "a b:c" }),
    ] {
        assert!(!met(&both, &granted), "{granted}");
        assert!(met(&not(both.clone()), &granted), "{granted}");
    }
    for odd in [json!({ "scope": 1 }), json!({ "scope": { "a": 1 } }), json!({ "scp": ["a", "b:c", 1] })] {
        assert!(!met(&both, &odd) && !met(&not(both.clone()), &odd), "{odd}");
    }
}

fn at(domains: &[&str]) -> Requirement {
    Requirement::EmailDomains(domains.iter().map(|domain| Domain::parse(domain).unwrap()).collect())
}

fn person(email: &str) -> Value {
    json!({ "email": email, "email_verified": true })
}

// T-34, T-161
#[test]
fn an_address_is_at_the_domain_after_its_only_at_sign() {
    let ours = at(&["example.com", "example.org"]);
    for email in ["a@example.com", "a@EXAMPLE.org", "a+b@example.com", "é@example.com"] {
        assert!(met(&ours, &person(email)) && !met(&not(ours.clone()), &person(email)), "{email}");
    }
    for email in ["a@evil.com", "a@sub.example.com", "a@example.com.evil.com", "a@notexample.com", "a@com"] {
        assert!(!met(&ours, &person(email)) && met(&not(ours.clone()), &person(email)), "{email}");
    }
}

// T-161
#[test]
fn an_address_that_can_be_read_in_two_ways_is_at_no_domain() {
    let ours = at(&["example.com"]);
    for email in [
        "@example.com",
        "a@b@example.com",
        "a@example.com@evil.com",
        "\"a@evil.com\"@example.com",
        "\"a\"@example.com",
        "a@example.com ",
        " a@example.com",
        "a b@example.com",
        "a@example.com\n",
        "a\n@example.com",
        "<a@example.com>",
        "a,b@example.com",
        "a@example.com.",
        "a@.example.com",
        "a@ex\u{e4}mple.com",
        "a@ｅxample.com",
        "example.com",
        "a@",
        "",
    ] {
        assert!(!met(&ours, &person(email)), "{email:?}");
        assert!(!met(&not(ours.clone()), &person(email)), "not {email:?}");
    }
    assert!(!met(&ours, &json!({})) && met(&not(ours.clone()), &json!({})));
    assert!(!met(&not(ours), &json!({ "email": ["a@example.com"], "email_verified": true })));
}

// T-34, T-161
#[test]
fn a_star_stands_for_all_that_is_below_a_domain_and_not_for_the_domain() {
    let below = at(&["*.Example.com"]);
    for email in ["a@sub.example.com", "a@DEEP.sub.example.COM", "a@x.example.com"] {
        assert!(met(&below, &person(email)) && !met(&not(below.clone()), &person(email)), "{email}");
    }
    for email in ["a@example.com", "a@notexample.com", "a@x.example.com.evil.com", "a@evil.com", "a@xexample.com"] {
        assert!(!met(&below, &person(email)) && met(&not(below.clone()), &person(email)), "{email}");
    }
    for email in ["a@.example.com", "a@b@x.example.com", "a@x..example.com", "a@evil.com, b@x.example.com"] {
        assert!(!met(&below, &person(email)) && !met(&not(below.clone()), &person(email)), "{email}");
    }
    let both = at(&["example.com", "*.example.com"]);
    assert!(met(&both, &person("a@example.com")) && met(&both, &person("a@x.example.com")));
}

// T-161
#[test]
fn only_what_is_a_domain_can_be_written_as_one() {
    for text in
        ["*", "*.", "*.*.example.com", "a.*.example.com", "*example.com", "*.127.0.0.1", "*.example.com.", "", "a b"]
    {
        assert_eq!(Domain::parse(text), Err(DomainError::Malformed), "{text}");
    }
    assert_eq!(Domain::parse("*.com"), Err(DomainError::TopLevel));
    assert_eq!(Domain::parse("*.Corp.example").unwrap().to_string(), "*.corp.example");
}

fn named(emails: &[&str]) -> Requirement {
    Requirement::Emails(emails.iter().map(|email| Email::parse(email).unwrap()).collect())
}

// T-160, T-161
#[test]
fn an_address_on_the_list_is_that_address_and_verified() {
    let ours = named(&["Ada@Example.com", "kim@example.org"]);
    for email in ["ada@example.com", "ADA@EXAMPLE.COM", "kim@example.org"] {
        assert!(met(&ours, &person(email)) && !met(&not(ours.clone()), &person(email)), "{email}");
    }
    for email in
        ["kim@example.com", "ada@example.com.evil.com", "xada@example.com", "ada@example.comx", "da@example.com"]
    {
        assert!(!met(&ours, &person(email)) && met(&not(ours.clone()), &person(email)), "{email}");
    }
    for odd in [
        "ada@example.com ",
        "<ada@example.com>",
        "ada@example.com,eve@evil.com",
        "ada@example.com\n",
        "ada@example.com.",
    ] {
        assert!(!met(&ours, &person(odd)) && !met(&not(ours.clone()), &person(odd)), "{odd:?}");
    }
    let unverified = json!({ "email": "ada@example.com", "email_verified": false });
    assert!(!met(&ours, &unverified) && !met(&not(ours.clone()), &unverified));
    assert!(!met(&ours, &json!({ "email": "ada@example.com" })) && !met(&ours, &json!({})));
    let list = json!({ "email": ["ada@example.com"], "email_verified": true });
    assert!(!met(&ours, &list) && !met(&not(ours.clone()), &list));
    // Letters beyond ASCII have no case here: what folds to a listed address is another one.
    assert!(!met(&named(&["\u{e9}ve@example.com"]), &person("\u{c9}ve@example.com")));
    assert!(!met(&named(&["kim@example.org"]), &person("\u{212a}im@example.org")));
    let claims = TrustedClaims::unsealed(unverified.as_object().unwrap().clone());
    let waived = Subject { claims: &claims, groups_claim: None, groups_prefix: "", allow_unverified_email: true };
    assert!(ours.unmet(waived).is_none());
    assert_eq!(ours.claim_names(), ["email", "email_verified"]);
}

#[test]
fn only_one_plain_address_can_be_listed() {
    for text in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a@b@example.com",
        "a b@example.com",
        "a@example.com,b@example.com",
        "<a@example.com>",
    ] {
        assert_eq!(Email::parse(text), Err(EmailError::Malformed), "{text}");
    }
    for text in ["*@example.com", "a@*.example.com", "*"] {
        assert_eq!(Email::parse(text), Err(EmailError::Wildcard), "{text}");
    }
    let of = |length: usize| Email::parse(&format!("{}@example.com", "a".repeat(length - 12)));
    assert!(of(254).is_ok());
    assert_eq!(of(255), Err(EmailError::Malformed));
}

// T-160
#[test]
fn an_address_counts_only_if_it_is_verified_unless_that_is_waived() {
    for (verified, counts) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!("True"), false),
        (json!(1), false),
        (Value::Null, false),
    ] {
        let claims = json!({ "email": "a@example.com", "email_verified": verified });
        assert_eq!(met(&at(&["example.com"]), &claims), counts, "{verified}");
        assert!(!met(&not(at(&["example.com"])), &claims), "{verified}");
        let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
        let waived = Subject { claims: &claims, groups_claim: None, groups_prefix: "", allow_unverified_email: true };
        assert!(at(&["example.com"]).unmet(waived).is_none(), "{verified}");
    }
    assert!(!met(&at(&["example.com"]), &json!({ "email": "a@example.com" })));
}

#[test]
fn all_any_and_not_combine() {
    let (a, b) = (any_group(&["a"]), any_group(&["b"]));
    let all = Requirement::All(vec![a.clone(), b.clone()]);
    let any = Requirement::Any(vec![a, b]);
    for (groups, of_all, of_any) in [
        (json!([]), false, false),
        (json!(["a"]), false, true),
        (json!(["b"]), false, true),
        (json!(["a", "b"]), true, true),
    ] {
        let claims = json!({ "groups": groups });
        assert_eq!((met(&all, &claims), met(&any, &claims)), (of_all, of_any), "{groups}");
        assert_eq!((met(&not(all.clone()), &claims), met(&not(any.clone()), &claims)), (!of_all, !of_any), "{groups}");
    }
    assert!(!met(&Requirement::Any(Vec::new()), &json!({})), "nobody has one of none");
    assert!(!met(&not(Requirement::All(Vec::new())), &json!({})));
}

#[test]
fn what_cannot_be_judged_spoils_a_conjunction_but_not_its_alternative() {
    let (odd, good) = (json!({ "groups": 1, "c": "x" }), equals(text("x")));
    let both = Requirement::All(vec![any_group(&["a"]), good.clone()]);
    let either = Requirement::Any(vec![any_group(&["a"]), good.clone()]);
    assert!(!met(&both, &odd) && !met(&not(both), &odd));
    assert!(met(&either, &odd) && !met(&not(either), &odd));
}

#[test]
fn the_claims_that_a_session_must_keep_are_named_once() {
    let requirement = Requirement::All(vec![
        Requirement::Any(vec![
            Requirement::Claim(path(&["realm", "roles"]), ClaimTest::Exists(true)),
            not(at(&["example.com"])),
        ]),
        any_group(&["a"]),
        scopes(&["x"]),
        Requirement::Claim(path(&["realm", "other"]), ClaimTest::Exists(true)),
    ]);
    assert_eq!(requirement.claim_names(), ["email", "email_verified", "realm", "scope", "scp"]);
    assert_eq!(any_group(&["a"]).claim_names(), [""; 0]);
    assert!(requirement.wants_groups() && not(any_group(&["a"])).wants_groups() && !scopes(&["x"]).wants_groups());
}
