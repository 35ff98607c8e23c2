//! What rules and entries make of bearer tokens: whose count where, what their people are called, which tokens go on.

use serde_json::{Value, json};

use crate::{
    message::Request,
    neighbours::PARTNER,
    programs::{ACCOUNT, INVALID, access_token, account_token, changed, id_token, program, rule, told, world},
    world::{PERSON, World},
};

const LEE: &str = "lee@example.com";

fn partners_token(world: &mut World, changes: &Value) -> String {
    let now = world.now.secs();
    let claims = json!({
        "iss": PARTNER, "iat": now, "exp": now + 3600, "sub": "lee", "aud": "kubelogin", "email": LEE, "email_verified": true,
    });
    world.partner().sign(None, &changed(claims, changes))
}

fn two(change: impl FnOnce(&mut Value)) -> World {
    World::two_providers(|tree| {
        for place in [0, 1] {
            tree["providers"][place]["bearer"] = json!([{ "kind": "id_token", "audiences": ["kubelogin"] }]);
        }
        change(tree);
    })
}

#[test]
fn each_issuers_tokens_are_judged_by_its_own_keys_and_rules() {
    let mut world = two(|tree| tree["providers"][1]["bearer"][0]["audiences"] = json!(["partners"]));
    let ours = id_token(&world, &json!({}));
    assert_eq!(world.send(&program("/", &ours)).got("kubeflow-userid"), [PERSON]);
    let theirs = partners_token(&mut world, &json!({ "aud": "partners" }));
    assert_eq!(world.send(&program("/", &theirs)).got("kubeflow-userid"), [LEE]);
    for (token, code) in [
        (id_token(&world, &json!({ "aud": "partners" })), "bearer_aud"),
        (partners_token(&mut world, &json!({})), "bearer_aud"),
        // Each signs in the other's name.
        (id_token(&world, &json!({ "iss": PARTNER, "aud": "partners" })), "jwt_unknown_kid"),
        (partners_token(&mut world, &json!({ "iss": crate::provider::OIDC })), "jwt_unknown_kid"),
    ] {
        told(&world.send(&program("/", &token)), 401, code, INVALID);
    }
}

// T-36: the token of a provider that does not count is invalid, also where one may come as nobody.
#[test]
fn a_rules_providers_count_and_no_others() {
    for how in ["auto", "pass"] {
        let mut world = two(|tree| rule(tree, &json!({ "providers": ["partner"], "unauthenticated": how })));
        let (ours, theirs) = (id_token(&world, &json!({})), partners_token(&mut world, &json!({})));
        assert_eq!(world.send(&program("/app", &theirs)).got("kubeflow-userid"), [LEE]);
        for _ in 0..2 {
            told(&world.send(&program("/app", &ours)), 401, "bearer_unaccepted", INVALID);
            assert!(world.send(&program("/", &ours)).passed());
        }
    }
}

#[test]
fn an_issuer_that_does_not_count_here_need_not_be_up() {
    let mut world = two(|tree| rule(tree, &json!({ "providers": ["partner"] })));
    let millis = std::time::Duration::from_millis;
    world.network = Box::new(move |called| match called.starts_with("1:") {
        true => crate::world::Travel::Answer(millis(20)),
        false => crate::world::Travel::Status(millis(20), 503),
    });
    let (ours, theirs) = (id_token(&world, &json!({})), partners_token(&mut world, &json!({})));
    assert_eq!(world.send(&program("/app", &theirs)).got("kubeflow-userid"), [LEE]);
    told(&world.send(&program("/app", &ours)), 401, "bearer_unaccepted", INVALID);
    crate::programs::unavailable(&world.send(&program("/", &ours)), "provider_unavailable");
    assert!(world.send(&program("/", &theirs)).passed());
}

/// Two clients of one issuer, each with tokens and names of its own.
fn same_issuer(change: impl FnOnce(&mut Value)) -> World {
    two(|tree| {
        let staff = tree["providers"][0].clone();
        for name in ["issuer", "algorithms"] {
            tree["providers"][1][name] = staff[name].clone();
        }
        for (place, name) in [(0, "staff"), (1, "partner")] {
            let provider = &mut tree["providers"][place];
            provider["bearer"][0]["audiences"] = json!([format!("of-{name}"), "of-both"]);
            provider["identity"] = json!({ "userId": { "claim": "email", "prefix": format!("{name}:") } });
        }
        change(tree);
    })
}

#[test]
fn of_two_entries_with_one_issuer_the_first_that_takes_a_token_decides() {
    let mut world = same_issuer(|_| {});
    for (audience, name) in [("of-staff", "staff"), ("of-partner", "partner"), ("of-both", "staff")] {
        let token = id_token(&world, &json!({ "aud": audience }));
        assert_eq!(world.send(&program("/", &token)).got("kubeflow-userid"), [format!("{name}:{PERSON}")]);
    }
    let token = id_token(&world, &json!({ "aud": "of-nobody" }));
    told(&world.send(&program("/", &token)), 401, "bearer_aud", INVALID);
}

#[test]
fn of_two_entries_with_one_issuer_only_those_decide_that_count() {
    let mut world = same_issuer(|tree| rule(tree, &json!({ "providers": ["partner"] })));
    for (audience, name) in [("of-partner", "partner"), ("of-both", "partner")] {
        let token = id_token(&world, &json!({ "aud": audience }));
        assert_eq!(world.send(&program("/app", &token)).got("kubeflow-userid"), [format!("{name}:{PERSON}")]);
    }
    let token = id_token(&world, &json!({ "aud": "of-staff" }));
    told(&world.send(&program("/app", &token)), 401, "bearer_aud", INVALID);
    assert!(world.send(&program("/", &token)).passed());
}

#[test]
fn the_entrys_names_come_before_the_providers_and_those_before_all() {
    let mut world = world(|tree| {
        let provider = &mut tree["providers"][0];
        provider["identity"] = json!({
            "userId": { "claim": "sub", "prefix": "idp:" }, "groups": { "claim": ["realm_access", "roles"], "prefix": "role:" },
        });
        provider["bearer"][1]["identity"] =
            json!({ "userId": { "claim": "client_id" }, "groups": { "claim": "teams", "prefix": "" } });
        tree["identity"]["userId"]["prefix"] = json!("all:");
        rule(tree, &json!({ "require": { "groups": { "any": ["role:x", "y"] } } }));
    });
    let claims = json!({ "sub": "s", "groups": ["g"], "realm_access": { "roles": ["x"] }, "teams": ["y"] });
    let person = id_token(&world, &claims);
    let answer = world.send(&program("/app", &person));
    assert_eq!(
        (answer.got("kubeflow-userid"), answer.got("kubeflow-groups")),
        (vec!["idp:s".into()], vec!["role:x".into()])
    );
    let robot = access_token(&world, &claims);
    let answer = world.send(&program("/app", &robot));
    assert_eq!(
        (answer.got("kubeflow-userid"), answer.got("kubeflow-groups")),
        (vec!["idp:robot".into()], vec!["y".into()])
    );
    // The groups that count are those by the names that apply.
    let without = access_token(&world, &changed(claims, &json!({ "teams": ["x", "g"] })));
    assert_eq!(world.send(&program("/app", &without)).said(), (403, "requirement_unmet".to_owned()));
    let account = account_token(&world, &json!({}));
    assert_eq!(world.send(&program("/", &account)).got("kubeflow-userid"), [format!("pods:{ACCOUNT}")]);
}

#[test]
fn a_token_without_a_user_id_comes_in_as_nobody_nowhere() {
    let mut world = world(|tree| rule(tree, &json!({ "unauthenticated": "pass" })));
    let token = access_token(&world, &json!({ "email": null }));
    for path in ["/", "/app"] {
        assert_eq!(world.send(&program(path, &token)).said(), (403, "user_id_absent".to_owned()));
    }
    // T-160
    let token = id_token(&world, &json!({ "email_verified": false }));
    assert_eq!(world.send(&program("/", &token)).said(), (403, "email_unverified".to_owned()));
}

#[test]
fn a_verified_token_goes_on_where_no_token_of_ours_belongs() {
    for (forward, id, access) in [
        (json!({}), ("authorization", true), ("authorization", true)),
        // One that was verified is as good as ours.
        (json!({ "idToken": { "header": "authorization" } }), ("authorization", true), ("authorization", true)),
        (json!({ "idToken": { "header": "x-id" } }), ("x-id", false), ("authorization", true)),
        (json!({ "accessToken": { "header": "x-access" } }), ("authorization", true), ("x-access", false)),
    ] {
        let mut world = world(|tree| rule(tree, &json!({ "forward": forward })));
        for (token, (header, scheme)) in
            [(id_token(&world, &json!({})), id), (access_token(&world, &json!({})), access)]
        {
            let answer = world.send(&program("/app", &token).with("x-id", "theirs").with("x-access", "theirs"));
            let value = if scheme { format!("Bearer {token}") } else { token.clone() };
            assert_eq!(answer.got(header), [value], "{forward}");
            assert_eq!(answer.got("authorization"), [format!("Bearer {token}")], "{forward}");
        }
    }
}

#[test]
fn what_the_client_brings_is_removed_where_a_token_of_ours_belongs() {
    let forward = json!({ "idToken": { "header": "authorization" }, "accessToken": { "header": "x-access" } });
    let mut world = world(|tree| {
        tree["bearer"] = json!({ "header": "x-auth-token" });
        rule(tree, &json!({ "forward": forward }));
    });
    let with = |path: &str, token: &str| {
        let request = Request::bare(path).with("x-auth-token", &format!("Bearer {token}"));
        request.with("authorization", "Bearer their own").with("x-access", "theirs")
    };
    let (id, access) = (id_token(&world, &json!({})), access_token(&world, &json!({})));
    let answer = world.send(&with("/app", &id));
    assert_eq!((answer.got("authorization"), answer.got("x-access")), (vec![format!("Bearer {id}")], vec![]));
    // Nobody verified this one.
    let answer = world.send(&with("/app", &access));
    assert_eq!((answer.got("authorization"), answer.got("x-access")), (vec![], vec![access.clone()]));
    let answer = world.send(&with("/", &access));
    assert_eq!((answer.got("authorization"), answer.got("x-access")), (vec!["Bearer their own".into()], vec![]));
}

/// A token is a secret: who does not count here is not shown it, and what is remembered of it opens nothing here.
#[test]
fn an_opaque_token_is_shown_only_to_a_provider_that_counts() {
    let mut world = two(|tree| {
        tree["providers"][0]["bearer"] = json!([{ "kind": "introspection", "audiences": ["edge"] }]);
        rule(tree, &json!({ "providers": ["partner"] }));
    });
    let token = world.provider.opaque(PERSON);
    told(&world.send(&program("/app", &token)), 401, "bearer_unaccepted", INVALID);
    assert_eq!(world.provider.times("introspection"), 0);
    assert_eq!(world.send(&program("/", &token)).got("kubeflow-userid"), [PERSON]);
    told(&world.send(&program("/app", &token)), 401, "bearer_unaccepted", INVALID);
    // A JWT of the other issuer is no business of this one either.
    let theirs = partners_token(&mut world, &json!({}));
    assert!(world.send(&program("/", &theirs)).passed());
    assert_eq!(world.provider.times("introspection"), 1);
}

/// What is wrong differs: a stranger's token, one that is opaque, and one of an issuer whose tokens nobody takes.
#[test]
fn a_token_that_nobody_takes_is_not_one_of_a_wrong_issuer() {
    let mut world = two(|tree| drop(tree["providers"][1].as_object_mut().unwrap().remove("bearer")));
    let (opaque, theirs) = (world.provider.opaque(PERSON), partners_token(&mut world, &json!({})));
    for token in [&opaque, &theirs] {
        told(&world.send(&program("/", token)), 401, "bearer_unaccepted", INVALID);
    }
    let strangers = id_token(&world, &json!({ "iss": "https://idp.example.org" }));
    told(&world.send(&program("/", &strangers)), 401, "bearer_iss", INVALID);
}
