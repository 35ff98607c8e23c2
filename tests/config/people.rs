//! Who could be taken for whom: what gives a warning, for want of prefixes.

use serde_json::{Value, json};

use crate::{and, good, partners, pods, read, staff};

const USERS: &str = "providers[1] can give the same user ids as `staff`";
const GROUPS: &str = "providers[1] can give the same groups as `staff`";
const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";

/// What is said of these providers where people go by `email` and groups by `groups`.
fn warnings(providers: Value) -> Vec<String> {
    let mut tree = good();
    tree["providers"] = providers;
    tree["identity"] = json!({
        "userId": { "claim": "email", "header": "x-user" }, "groups": { "claim": "groups", "header": "x-groups" },
    });
    let config = read(&tree).unwrap();
    config.warnings().iter().map(|warning| format!("{} {}", warning.path, warning.what)).collect()
}

/// `provider` with these prefixes of user ids and of groups.
fn prefixed(provider: Value, user_id: &str, groups: &str) -> Value {
    and(provider, json!({ "identity": { "userId": { "prefix": user_id }, "groups": { "prefix": groups } } }))
}

// T-160
#[test]
fn people_of_two_issuers_who_could_be_taken_for_each_other_give_a_warning() {
    let warned = |second| warnings(json!([prefixed(staff(), "staff:", "staff:"), second]));
    assert_eq!(warned(partners()), [USERS, GROUPS]);
    assert_eq!(warned(prefixed(partners(), "partners:", "")), [GROUPS]);
    assert_eq!(warned(prefixed(partners(), "", "partners:")), [USERS]);
    let both = || prefixed(partners(), "partners:", "partners:");
    assert_eq!(warned(both()), Vec::<String>::new());
    let same_issuer = json!({ "issuer": "https://staff.example.com", "clientId": "other" });
    assert_eq!(warned(and(partners(), same_issuer)), Vec::<String>::new());
    let token = json!({ "kind": "id_token", "audiences": ["a"], "identity": { "userId": { "prefix": "staff:" } } });
    assert_eq!(warned(and(both(), json!({ "bearer": [token] }))), [USERS]);
}

// T-160
#[test]
fn a_prefix_that_begins_with_the_others_keeps_nobody_apart() {
    for (one, other, apart) in [
        ("", "", false),
        ("", "partners:", false),
        ("staff:", "", false),
        ("staff:", "staff:", false),
        ("staff:", "staff:x", false),
        ("staff:x", "staff:", false),
        ("staff:", "staffs:", true),
        ("staff", "staffs", false),
        ("x:staff:", "staff:", true),
    ] {
        let said = warnings(json!([prefixed(staff(), one, one), prefixed(partners(), other, other)]));
        let expected: &[&str] = if apart { &[] } else { &[USERS, GROUPS] };
        assert_eq!(said, expected, "{one:?} {other:?}");
    }
}

// T-160
#[test]
fn a_service_account_has_names_of_its_own_by_sub_alone() {
    let by = |claim: Value| {
        let pods =
            and(pods(), json!({ "identity": { "userId": { "claim": claim }, "groups": { "prefix": "pods:" } } }));
        warnings(json!([staff(), pods]))
    };
    assert_eq!(by(json!("sub")), Vec::<String>::new());
    assert_eq!(by(json!(["kubernetes.io", "serviceaccount", "name"])), [USERS]);
    let spaces = json!({ "userId": { "claim": "sub" }, "groups": { "claim": ["kubernetes.io", "namespace"] } });
    assert_eq!(warnings(json!([staff(), and(pods(), json!({ "identity": spaces }))])), [GROUPS]);
}

// T-160
#[test]
fn a_rule_that_makes_a_person_of_a_service_account_gives_a_warning() {
    let by = |matches: &str, replaces: &str| {
        let mut tree = good();
        let user_id = json!({ "claim": "sub" });
        tree["providers"] = json!([staff(), and(pods(), json!({ "identity": { "userId": user_id } }))]);
        let rules = json!([{ "matches": matches, "replaces": replaces }]);
        tree["identity"] = json!({ "userId": { "claim": "email", "header": "x-user", "transforms": rules } });
        let config = read(&tree).unwrap();
        let said = config.warnings().iter().map(|warning| format!("{} {}", warning.path, warning.what));
        said.filter(|said| said == USERS).count()
    };
    let account = "^system:serviceaccount:[^:]+:(.*)$";
    assert_eq!(by(account, "$1@example.com"), 1);
    assert_eq!(by("^system:serviceaccount:kubeflow:(.*)$", "$1@example.com"), 1);
    assert_eq!(by("^.*:(.*)$", "$1"), 1);
    assert_eq!(by(account, "system:serviceaccount:any:$1"), 0);
    assert_eq!(by("@example\\.com$", ""), 0);
}

#[test]
fn two_claims_of_one_issuer_that_can_name_two_people_alike_give_a_warning() {
    let taken = "providers[0].bearer[0] can give a user id that is somebody else's by `providers[0]`";
    let warned = |issuer: &str, claim: &str, prefix: &str, more: Value| {
        let identity = json!({ "userId": { "claim": claim, "prefix": prefix } });
        let entry = and(json!({ "kind": "access_token", "clientIds": ["cli"], "identity": identity }), more);
        warnings(json!([and(staff(), json!({ "issuer": issuer, "bearer": [entry] }))]))
    };
    let pool = |claim: &str, prefix: &str| warned(POOL, claim, prefix, json!({}));
    assert_eq!(pool("username", ""), [taken]);
    assert_eq!(pool("username", "cli:"), [taken], "people have no prefix");
    // Cognito makes these up, and no address is like them.
    assert_eq!(pool("client_id", ""), Vec::<String>::new());
    assert_eq!(pool("sub", ""), Vec::<String>::new());
    let other = |claim: &str| warned("https://staff.example.com", claim, "", json!({ "audiences": ["a"] }));
    assert_eq!(other("sub"), [taken]);
    assert_eq!(other("email"), Vec::<String>::new());
}

#[test]
fn ways_of_one_issuer_are_compared_over_all_its_clients_and_entries() {
    let by = |claim: &str, prefix: &str| json!({ "userId": { "claim": claim, "prefix": prefix } });
    let second = and(partners(), json!({ "issuer": "https://staff.example.com", "clientId": "b" }));
    let said = warnings(json!([staff(), and(second.clone(), json!({ "identity": by("nickname", "") }))]));
    assert_eq!(said, ["providers[1] can give a user id that is somebody else's by `providers[0]`"]);
    assert_eq!(warnings(json!([staff(), second])), Vec::<String>::new());
    let token =
        |audience: &str, identity: Value| json!({ "kind": "id_token", "audiences": [audience], "identity": identity });
    let bearer = json!([token("a", by("nickname", "p:")), token("b", by("sub", "p:"))]);
    let staff = and(staff(), json!({ "identity": by("email", "people:"), "bearer": bearer }));
    let said = warnings(json!([staff]));
    assert_eq!(said, ["providers[0].bearer[1] can give a user id that is somebody else's by `providers[0].bearer[0]`"]);
}

#[test]
fn tokens_that_never_have_the_user_ids_claim_give_a_warning() {
    let warned = |bearer: Value, cognito: bool| {
        let mut provider = and(pods(), json!({ "bearer": [bearer] }));
        if cognito {
            provider["issuer"] = json!(POOL);
        }
        warnings(json!([provider]))
    };
    let nameless = ["providers[0].bearer[0] takes tokens that name nobody"];
    let account = json!({ "kind": "service_account", "audiences": ["edge"] });
    let access = json!({ "kind": "access_token", "clientIds": ["cli"] });
    let named = |claim: &str| json!({ "identity": { "userId": { "claim": claim } } });
    assert_eq!(warned(account.clone(), false), nameless);
    assert_eq!(warned(and(account.clone(), named("sub")), false), Vec::<String>::new());
    assert_eq!(warned(access.clone(), true), nameless);
    assert_eq!(warned(and(access, named("client_id")), true), Vec::<String>::new());
    let other = json!({ "kind": "access_token", "audiences": ["a"] });
    assert_eq!(warned(other, false), Vec::<String>::new());
}
