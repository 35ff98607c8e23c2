//! What a refresh answers and what becomes of the session then: refresh tokens that rotate or do not, answers without an ID
//! token, claims that changed.

use edge_oidc::flow::event::Refresh;
use serde_json::{Value, json};

use crate::{
    aging::{
        DUE, OVER, aged, aged_with, configured, count, gives, line, logged, millis, over, renewed, rotating, secs,
        token_calls, unchanged, well, with,
    },
    message::Request,
    provider::Provider,
    world::{Travel, World},
};

/// Six refreshes one after the other, half of them ahead of the end.
fn goes_on(world: &mut World) {
    for round in 0..6 {
        world.advance(if round % 2 == 0 { DUE } else { OVER });
        renewed(&world.get("/"));
        unchanged(&world.get("/"));
        assert_eq!(world.provider.refreshed, round + 1);
    }
}

#[test]
fn a_session_at_cognito_goes_on_with_and_without_rotation() {
    for rotation in [None, Some(0), Some(10), Some(60)] {
        let mut world = World::cognito();
        world.provider.response.rotation = rotation.map(secs);
        world.sign_in();
        for _ in 0..3 {
            world.advance(DUE);
            let answer = world.get("/");
            renewed(&answer);
            assert_eq!(answer.got("kubeflow-groups"), ["team-a,b%2Cc"]);
        }
        assert_eq!(world.provider.refreshed, 3, "{rotation:?}");
        assert_eq!(count(&world, Refresh::Renewed), 3);
    }
}

#[test]
fn a_session_goes_on_with_and_without_rotation() {
    for rotation in [None, Some(0), Some(10), Some(60)] {
        let mut world = aged_with(secs(0), |_| {}, |provider| provider.response.rotation = rotation.map(secs));
        goes_on(&mut world);
    }
}

#[test]
fn a_refresh_without_an_id_token_lasts_as_long_as_it_says() {
    for (says, lasts) in [
        (Some(json!(300)), 300),
        (Some(json!("1200")), 1200),
        (None, 3600),
        (Some(json!(0)), 3600),
        (Some(json!(-5)), 3600),
        (Some(json!("soon")), 3600),
    ] {
        let mut world = rotating(DUE, 0);
        world.provider.response.refreshed_tokens = [("id_token", None), ("expires_in", says.clone())].into();
        renewed(&world.get("/"));
        let start = world.now;
        world.provider.response.instead_of_refresh = Some((503, json!({})));
        world.advance(secs(lasts + 55));
        unchanged(&world.get("/"));
        world.advance(secs(6 + 30));
        assert_eq!(world.send(&Request::fetch("/api")).status(), 503, "{says:?}");
        assert!(world.now.since(start) < secs(lasts + 100));
    }
}

#[test]
fn no_refresh_is_believed_to_last_longer_than_a_day() {
    let month = |provider: &mut Provider| provider.response.lifetime = secs(30 * 24 * 3600);
    let lasting = |tree: &mut Value| tree["session"]["lifetime"] = json!("30d");
    for says in [json!(31_536_000), json!("99999999999")] {
        let mut world = aged_with(secs(25 * 24 * 3600), lasting, month);
        world.provider.response.refreshed_tokens = [("id_token", None), ("expires_in", Some(says.clone()))].into();
        renewed(&world.get("/"));
        world.network = Box::new(|_| Travel::Status(millis(20), 503));
        world.advance(secs(24 * 3600 + 50));
        unchanged(&world.get("/"));
        world.advance(secs(12));
        assert_eq!(world.send(&Request::fetch("/api")).status(), 503, "{says}");
    }
}

#[test]
fn without_an_id_token_claims_and_the_kept_id_token_stay() {
    let forwards = |tree: &mut Value| tree["identity"]["forward"] = json!({"accessToken": {"header": "x-at"}});
    let mut world = aged_with(DUE, forwards, |_| {});
    world.provider.response.refreshed_tokens = [("id_token", None)].into();
    let before = world.provider.secrets.clone();
    let answer = world.get("/");
    renewed(&answer);
    assert_eq!(
        (answer.got("x-user-name"), answer.got("kubeflow-groups")),
        (vec!["Kim Park".into()], vec!["team-a,b%2Cc".into()])
    );
    let [access_token] = &answer.got("x-at")[..] else { panic!() };
    assert!(!before.contains(access_token) && world.provider.secrets.contains(access_token));
    assert_eq!(world.get("/").got("x-at"), answer.got("x-at"));
}

#[test]
fn applications_that_are_promised_an_id_token_get_no_request_without_a_new_one() {
    let forwards = |tree: &mut Value| tree["identity"]["forward"] = json!({"idToken": {"header": "x-id"}});
    let mut world = aged_with(DUE, forwards, |_| {});
    world.provider.response.refreshed_tokens = [("id_token", None)].into();
    over(&mut world);
    assert!(logged(&world, "token_absent"));
    assert_eq!(world.provider.times("token"), 2);
}

// T-154
#[test]
fn new_claims_change_the_identity_at_once() {
    for age in [DUE, OVER] {
        let mut world = aged(age);
        let new = [
            ("name", Some(json!("Kim Lee"))),
            ("groups", Some(json!(["team-b"]))),
            ("email", Some(json!("kim.lee@example.com"))),
        ];
        world.provider.response.refreshed_claims = new.into();
        for fresh in [true, false] {
            let answer = world.get("/");
            assert_eq!(gives(&answer), fresh);
            assert_eq!(answer.got("kubeflow-userid"), ["kim.lee@example.com"]);
            assert_eq!(answer.got("kubeflow-groups"), ["team-b"]);
            assert_eq!(answer.got("x-user-name"), ["Kim Lee"]);
        }
    }
}

// T-154
#[test]
fn everyone_who_waits_gets_the_new_identity() {
    let mut world = aged(OVER);
    world.provider.response.refreshed_claims = [("groups", Some(json!(["team-b"])))].into();
    token_calls(&mut world, || Travel::Answer(millis(500)));
    let opened: Vec<_> = (0..5).map(|_| world.open(&Request::fetch("/api"))).collect();
    for id in opened {
        assert_eq!(world.answer(id).got("kubeflow-groups"), ["team-b"]);
    }
}

// T-154
#[test]
fn a_claim_that_is_gone_is_gone_from_the_headers() {
    let mut world = aged(DUE);
    world.provider.response.refreshed_claims = [("name", None), ("groups", None)].into();
    for _ in 0..2 {
        let answer = world.send(&Request::fetch("/api").with("x-user-name", "forged"));
        assert!(answer.passed() && answer.got("x-user-name").is_empty());
        assert_eq!(answer.got("kubeflow-groups").concat(), "");
    }
    assert_eq!(world.provider.times("token"), 2);
}

// T-154
#[test]
fn who_has_no_user_id_any_more_is_refused_and_comes_back_once_there_is_one_again() {
    for (claim, value) in [("email", None), ("email_verified", Some(json!(false)))] {
        let mut world = rotating(DUE, 0);
        world.provider.response.refreshed_claims = [(claim, value)].into();
        let answer = world.get("/");
        assert!(answer.status() == 403 && gives(&answer), "{claim}");
        let again = world.get("/");
        assert!(again.status() == 403 && again.cookies().is_empty());
        assert_eq!(world.provider.times("token"), 2);
        world.provider.response.refreshed_claims.clear();
        world.advance(DUE);
        renewed(&world.get("/"));
    }
}

// T-154
#[test]
fn another_persons_tokens_never_come_into_a_session() {
    let mut world = aged(DUE);
    let other = [("sub", Some(json!("sub of root"))), ("email", Some(json!("root@example.com")))];
    world.provider.response.refreshed_claims = other.into();
    over(&mut world);
    assert!(logged(&world, "id_token_sub"));
}

#[test]
fn a_session_that_grows_beyond_one_cookie_and_back_leaves_no_piece() {
    let mut world = rotating(DUE, 0);
    let groups: Vec<String> = (0..400).map(|number| format!("group-{number:04}-{:x}", number * 7919)).collect();
    world.provider.response.refreshed_claims = [("groups", Some(json!(groups)))].into();
    let answer = world.get("/");
    renewed(&answer);
    assert!(answer.cookies().len() > 1);
    world.provider.response.refreshed_claims.clear();
    world.advance(OVER);
    let answer = world.get("/");
    renewed(&answer);
    let now = world.now;
    assert_eq!(world.jar().names(now), ["__Host-edge_oidc"]);
    unchanged(&world.get("/"));
}

#[test]
fn a_session_that_no_longer_fits_into_cookies_is_said_and_not_cut() {
    let forwards = |tree: &mut Value| tree["identity"]["forward"] = json!({"accessToken": {"header": "x-at"}});
    let mut world = aged_with(DUE, forwards, |_| {});
    let groups: Vec<String> =
        (0..900).map(|number| format!("{:016x}", u64::wrapping_mul(number, 0x9e37_79b9_7f4a_7c15))).collect();
    world.provider.response.refreshed_claims = [("groups", Some(json!(groups))), ("at_hash", None)].into();
    world.provider.response.refreshed_tokens = [("access_token", Some(json!("a".repeat(16_000))))].into();
    assert_eq!(world.get("/").said(), (500, "session_too_large".to_owned()));
}

#[test]
fn an_answer_that_comes_after_all_deadlines_changes_nothing() {
    let mut world = aged(DUE);
    let old = line(&mut world);
    // Later than all deadlines: nobody waits for it any more.
    let calls = token_calls(&mut world, || Travel::Answer(secs(30)));
    unchanged(&world.get("/"));
    world.advance(secs(31));
    assert_eq!((count(&world, Refresh::Failed), calls.get()), (1, 1));
    unchanged(&world.send(&with(&old)));
    token_calls(&mut world, well);
    world.advance(secs(30));
    renewed(&world.send(&with(&old)));
}

#[test]
fn what_a_refresh_gave_is_in_no_log_and_in_no_header() {
    let mut world = World::new(
        &configured(|_| {}),
        Provider::oidc(crate::world::CLIENT, crate::world::SECRET, crate::world::CALLBACK),
    );
    world.provider.response.rotation = Some(secs(0));
    world.sign_in();
    goes_on(&mut world);
    world.provider.response.refreshed_claims = [("sub", Some(json!("another")))].into();
    world.advance(DUE);
    let refused = world.get("/");
    world.provider.response.instead_of_refresh =
        Some((400, json!({"error": "invalid_client", "error_description": "x"})));
    let said = format!("{refused:?} {:?}", world.events);
    for secret in &world.provider.secrets {
        assert!(!said.contains(secret.as_str()));
    }
    assert!(!said.contains("kim@example.com") && !said.contains("sub of kim"));
}

#[test]
fn a_forwarded_access_token_that_ends_before_its_id_token_is_renewed_in_time() {
    let forwards = |tree: &mut Value| tree["identity"]["forward"] = json!({"accessToken": {"header": "x-at"}});
    for (forwarded, refreshes) in [(true, 5), (false, 1)] {
        let mut world = aged_with(
            DUE,
            |tree| {
                if forwarded {
                    forwards(tree)
                }
            },
            |_| {},
        );
        world.provider.response.refreshed_tokens = [("expires_in", Some(json!(600)))].into();
        for _ in 0..5 {
            assert!(world.get("/").passed());
            world.advance(secs(500));
        }
        assert_eq!(world.provider.refreshed, refreshes);
    }
}

#[test]
fn without_a_new_id_token_the_former_one_still_is_the_hint_at_sign_out() {
    let end = "https://idp.example.net/end";
    let mut world = aged_with(
        secs(0),
        |tree| tree["providers"][0]["logout"] = json!({"kind": "rpInitiated"}),
        |provider| provider.response.metadata["end_session_endpoint"] = json!(end),
    );
    world.advance(DUE);
    world.provider.response.refreshed_tokens = [("id_token", None)].into();
    renewed(&world.get("/"));
    let answer = world.get("/oauth2/sign-out");
    let location = crate::world::url(answer.location());
    let hint = location.query_pairs().find(|(name, _)| name == "id_token_hint").unwrap().1.into_owned();
    assert_eq!(hint, world.provider.id_tokens()[0]);
}

#[test]
fn whatever_the_grace_each_refresh_uses_the_newest_token_and_a_day_needs_one_sign_in() {
    for grace in [0, 10, 60] {
        for age in [DUE, OVER] {
            let mut world = rotating(secs(0), grace);
            for round in 1..=8 {
                world.advance(age);
                renewed(&world.get("/"));
                assert_eq!((world.provider.refreshed, world.provider.alive().len()), (round, 1), "{grace} {age:?}");
            }
            assert_eq!(world.provider.times("token"), 9);
        }
    }
}
