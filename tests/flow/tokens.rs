//! Sessions with tokens and sessions of every size: what applications get, and what a browser can keep (T-43, T-65, T-85).

use std::time::Duration;

use edge_oidc::flow::event::Event;
use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    world::{World, oidc_config},
};

const NAME: &str = "__Host-edge_oidc";
/// So long after a sign-in its tokens are due.
const DUE: Duration = Duration::from_secs(2900);
const ACCESS: &str = "x-forwarded-access-token";

fn forwarding(tree: &mut Value) {
    tree["identity"]["forward"] =
        json!({ "idToken": { "header": "authorization" }, "accessToken": { "header": ACCESS } });
}

/// The access token that was given last.
fn newest_access(world: &World) -> String {
    let id_token = *world.provider.id_tokens().last().unwrap();
    let place = world.provider.secrets.iter().position(|secret| secret == id_token).unwrap();
    // Before an ID token come, in this order, its access token and, at a sign-in, its refresh token.
    let back = if world.provider.refreshed > 0 { 1 } else { 2 };
    world.provider.secrets[place - back].clone()
}

fn bearer(world: &World) -> String {
    format!("Bearer {}", world.provider.id_tokens().last().unwrap())
}

#[test]
fn applications_get_the_tokens_and_after_a_refresh_the_newest() {
    let mut world = World::configured(forwarding);
    let first = world.sign_in();
    let before = (bearer(&world), newest_access(&world));
    assert_eq!((first.got("authorization"), first.got(ACCESS)), (vec![before.0.clone()], vec![before.1.clone()]));
    world.advance(DUE);
    let second = world.get("/");
    let after = (bearer(&world), newest_access(&world));
    assert!(world.provider.refreshed == 1 && before.0 != after.0 && before.1 != after.1);
    for answer in [second, world.send(&Request::fetch("/api"))] {
        assert_eq!((answer.got("authorization"), answer.got(ACCESS)), (vec![after.0.clone()], vec![after.1.clone()]));
    }
}

#[test]
fn an_access_token_that_ends_before_the_id_token_is_renewed_in_its_own_time_where_it_is_forwarded() {
    for (forwarded, refreshes) in [(true, 1), (false, 0)] {
        let mut world = World::configured(|tree| {
            if forwarded {
                forwarding(tree)
            }
        });
        world.provider.response.tokens.insert("expires_in", Some(json!(300)));
        world.provider.response.refreshed_tokens.insert("expires_in", Some(json!(300)));
        world.sign_in();
        world.advance(Duration::from_secs(230));
        assert!(world.get("/").passed());
        assert_eq!(world.provider.refreshed, 0);
        world.advance(Duration::from_secs(15));
        assert!(world.get("/").passed());
        assert_eq!(world.provider.refreshed, refreshes);
    }
}

// T-40, T-43
#[test]
fn a_clients_own_credentials_stay_only_where_no_token_takes_their_place() {
    let forged = |path: &str| {
        let request = Request::fetch(path).with("authorization", "Basic a2ltOng=");
        ["x-forwarded-access-token", "X_Forwarded_Access_Token", "x.forwarded-access.token"]
            .into_iter()
            .fold(request, |request, name| request.with(name, "root"))
    };
    let roots = |answer: &Answer| answer.upstream().iter().filter(|(_, value)| value == b"root").count();
    let mut world = World::configured(forwarding);
    let public = world.send(&forged("/public"));
    assert_eq!((public.got("authorization"), roots(&public)), (vec!["Basic a2ltOng=".to_owned()], 0));
    world.sign_in();
    let public = world.send(&forged("/public"));
    assert_eq!((public.got("authorization"), roots(&public)), (vec!["Basic a2ltOng=".to_owned()], 0));
    let api = world.send(&forged("/api"));
    assert_eq!((api.got("authorization"), api.got(ACCESS)), (vec![bearer(&world)], vec![newest_access(&world)]));
    assert_eq!(roots(&api), 0);
    // Where nothing is forwarded, the header is the client's own business.
    let mut world = World::oidc();
    world.sign_in();
    assert_eq!(world.send(&forged("/api")).got("authorization"), ["Basic a2ltOng="]);
}

// T-43
#[test]
fn where_a_token_of_ours_belongs_no_client_speaks_for_itself() {
    let api = || Request::fetch("/api").with("authorization", "Bearer of-my-own");
    let mut world = World::oidc();
    world.sign_in();
    let mut tree = oidc_config();
    forwarding(&mut tree);
    world.restart(&tree);
    assert!(world.send(&api()).got("authorization").is_empty(), "a session from before it was configured");
    let mut world = World::configured(|tree| {
        tree["identity"]["forward"] = json!({ "accessToken": { "header": "authorization" } });
    });
    world.provider.response.claims.insert("at_hash", None);
    world.provider.response.tokens.insert("access_token", Some(json!("a b")));
    world.sign_in();
    assert!(world.send(&api()).got("authorization").is_empty(), "a token that cannot be handed on");
}

#[test]
fn tokens_go_into_the_headers_that_are_configured_and_as_they_are_there() {
    let mut world = World::configured(|tree| {
        tree["identity"]["forward"] =
            json!({ "idToken": { "header": "X-Id-Token" }, "accessToken": { "header": "Authorization" } });
    });
    let answer = world.sign_in();
    assert_eq!(answer.got("x-id-token"), [*world.provider.id_tokens().last().unwrap()]);
    assert_eq!(answer.got("authorization"), [format!("Bearer {}", newest_access(&world))]);
    assert!(world.send(&Request::fetch("/public").with("x-id-token", "root")).got("x-id-token").is_empty());
}

#[test]
fn a_refresh_without_the_id_token_that_is_forwarded_ends_the_session() {
    let mut world = World::configured(forwarding);
    world.sign_in();
    world.provider.response.refreshed_tokens.insert("id_token", None);
    world.advance(DUE);
    assert_eq!(world.send(&Request::fetch("/api")).said(), (401, "login_required".to_owned()));
    assert!(world.session().is_none());
    assert!(world.visit("/deep").passed());
    let mut world = World::oidc();
    world.sign_in();
    world.provider.response.refreshed_tokens.insert("id_token", None);
    world.advance(DUE);
    assert!(world.get("/").passed() && world.provider.refreshed == 1, "it is valid where nothing is forwarded");
}

// T-47
#[test]
fn an_access_token_that_cannot_stand_in_a_header_is_not_handed_on() {
    for bad in ["a\r\nkubeflow-userid: root", "a b", "tok\u{7f}", "t\u{f6}ken", "\u{0}"] {
        let mut world = World::configured(forwarding);
        world.provider.response.claims.insert("at_hash", None);
        world.provider.response.tokens.insert("access_token", Some(json!(bad)));
        let answer = world.visit("/");
        assert_eq!((answer.got(ACCESS), answer.got("kubeflow-userid")), (vec![], vec!["kim@example.com".to_owned()]));
        assert_eq!(answer.got("authorization"), [bearer(&world)], "{bad:?}");
    }
}

#[test]
fn a_session_keeps_no_token_that_nobody_gets() {
    let size = |forward: Value| {
        let mut world = World::configured(|tree| tree["identity"]["forward"] = forward);
        world.sign_in();
        world.session().unwrap().len()
    };
    let mut world = World::oidc();
    world.sign_in();
    let none = world.session().unwrap().len();
    let access = size(json!({ "accessToken": { "header": ACCESS } }));
    let id_token = size(json!({ "idToken": { "header": "authorization" } }));
    assert!(access > none && access < none + 60 && id_token > none + 300, "{none} {access} {id_token}");
}

impl World {
    /// The values of the session's cookies, in order.
    fn pieces(&mut self) -> Vec<String> {
        let mut ours = self.jar().cookies().clone();
        ours.retain(|cookie| cookie.name.starts_with(NAME) && !cookie.name.contains("_landed"));
        ours.sort_by(|a, b| a.name.cmp(&b.name));
        ours.into_iter().map(|cookie| cookie.value).collect()
    }
}

/// Somebody with a name of so many characters and nothing that a session could do without.
fn with_name(length: usize) -> World {
    let mut world = World::oidc();
    world.provider.response.tokens.insert("refresh_token", None);
    world.provider.response.claims.insert("name", Some(json!("n".repeat(length))));
    world
}

/// Somebody whose access token, which is forwarded, has so many characters. It is no base64, so it takes its whole length.
fn with_token(length: usize) -> World {
    let forward = json!({ "accessToken": { "header": ACCESS } });
    let mut world = World::configured(|tree| tree["identity"]["forward"] = forward);
    world.provider.response.tokens.insert("refresh_token", None);
    world.provider.response.tokens.insert("access_token", Some(json!("~".repeat(length))));
    world.provider.response.claims.insert("at_hash", None);
    world
}

// T-85
#[test]
fn every_size_around_every_multiple_of_a_cookie_goes_the_whole_way() {
    type WorldOf = fn(usize) -> World;
    for (world_of, header, letter) in [(with_name as WorldOf, "x-user-name", "n"), (with_token, ACCESS, "~")] {
        let mut measure = world_of(8_000);
        measure.sign_in();
        let (room, whole) = (measure.pieces()[0].len(), measure.pieces().concat().len());
        let mut seen = [0; 9];
        for count in 1..=8 {
            // Three bytes are four characters.
            let exact = 8_000 + (count * room * 3) / 4 - (whole * 3) / 4;
            for length in exact - 3..=exact + 3 {
                let mut world = world_of(length);
                let answer = world.visit("/deep");
                let pieces = world.pieces();
                if !answer.passed() {
                    assert_eq!((count, answer.said(), pieces.len()), (8, (500, "session_too_large".to_owned()), 0));
                    seen[0] += 1;
                    continue;
                }
                assert_eq!(answer.got(header), [letter.repeat(length)]);
                assert!(pieces.concat().len().abs_diff(count * room) <= 8, "{length}");
                seen[pieces.len()] += 1;
                assert!(world.send(&Request::fetch("/api")).passed() && world.get("/oauth2/whoami").status() == 200);
                assert_eq!(world.get("/oauth2/sign-out").status(), 200);
                assert!(world.pieces().is_empty());
            }
        }
        assert!(seen.iter().all(|times| *times >= 2), "on both sides of each: {seen:?}");
    }
}

// T-85
#[test]
fn pieces_that_are_missing_extra_reordered_or_doubled_are_no_session() {
    let mut world = with_name(8_000);
    world.sign_in();
    let [a, b, c] = world.pieces().try_into().unwrap();
    let line = |pieces: &[(&str, &str)]| -> String {
        let pairs: Vec<String> = pieces.iter().map(|(suffix, value)| format!("{NAME}{suffix}={value}")).collect();
        pairs.join("; ")
    };
    assert!(world.send(&Request::fetch("/api").with("cookie", &line(&[("_2", &c), ("", &a), ("_1", &b)]))).passed());
    let wrong: [&[(&str, &str)]; 10] = [
        &[("", &a), ("_1", &b)],
        &[("", &a), ("_2", &c)],
        &[("_1", &b), ("_2", &c)],
        &[("", &a)],
        &[("", &a), ("_1", &b), ("_2", &c), ("_3", &c)],
        &[("", &a), ("_1", &b), ("_2", &c), ("_3", "")],
        &[("", &a), ("_1", &c), ("_2", &b)],
        &[("", &b), ("_1", &a), ("_2", &c)],
        &[("", &a), ("_1", &b), ("_1", &b), ("_2", &c)],
        &[("", &a), ("_1", &b), ("_2", &c), ("_9", &c)],
    ];
    for pieces in wrong {
        let line = line(pieces);
        let program = world.send(&Request::fetch("/api").with("cookie", &line));
        let names: Vec<&str> = pieces.iter().map(|(suffix, _)| *suffix).collect();
        assert_eq!(program.said(), (401, "login_required".to_owned()), "{names:?}");
        let mut deleted: Vec<&str> = program.cookies().iter().map(|line| line.split_once('=').unwrap().0).collect();
        deleted.dedup();
        let brought: std::collections::BTreeSet<String> =
            names.iter().map(|suffix| format!("{NAME}{suffix}")).collect();
        assert_eq!(deleted, brought.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(world.send(&Request::navigation("/").with("cookie", &line)).status(), 302, "{names:?}");
    }
}

// T-65, T-85
#[test]
fn a_session_that_shrinks_or_grows_leaves_no_stale_piece() {
    let groups =
        |count: usize| Some(json!((0..count).map(|number| format!("group-{number:0>100}")).collect::<Vec<_>>()));
    for (before, after) in [(100, 1), (1, 100), (100, 40)] {
        let mut world = World::oidc();
        world.provider.response.claims.insert("groups", groups(before));
        world.provider.response.refreshed_claims.insert("groups", groups(after));
        world.sign_in();
        let first = world.pieces().len();
        world.advance(DUE);
        assert_eq!(world.get("/").got("kubeflow-groups")[0].split(',').count(), after);
        let second = world.pieces().len();
        assert_eq!((first < second, world.provider.refreshed), (before < after, 1), "{first} {second}");
        assert_ne!(first, second);
        assert_eq!(world.send(&Request::fetch("/api")).got("kubeflow-groups")[0].split(',').count(), after);
        assert_eq!(world.pieces().len(), second);
    }
}

#[test]
fn over_the_cap_a_page_says_so_once_and_the_log_says_what_to_do() {
    let mut world = with_name(23_900);
    let answer = world.visit("/deep");
    assert_eq!(answer.said(), (500, "session_too_large".to_owned()));
    assert!(answer.header("location").is_none() && world.pieces().is_empty());
    assert!(answer.reply().body().contains("Your account carries more information than a browser can keep"));
    let told = |event: &&Event| matches!(event, Event::Log(line) if line.code == "session_too_large" && line.text.contains("map fewer claims to headers"));
    assert_eq!(world.events.iter().filter(told).count(), 1);
    assert_eq!(world.provider.times("token"), 1);
    assert_eq!(world.jar().names(crate::world::START).len(), 0, "neither an attempt nor a mark is left");
}

#[test]
fn a_refresh_token_that_alone_makes_it_too_large_is_left_out() {
    let mut world = with_name(22_000);
    world.provider.response.tokens.insert("refresh_token", Some(json!("r.!".repeat(600))));
    let answer = world.visit("/");
    assert_eq!(answer.got("x-user-name"), ["n".repeat(22_000)]);
    world.advance(Duration::from_secs(3700));
    assert_eq!(world.get("/").status(), 302);
    assert_eq!(world.provider.refreshed, 0);
}

#[test]
fn a_refresh_whose_session_is_too_large_says_so_and_sends_nobody_round() {
    for wait in [DUE, Duration::from_secs(3700)] {
        let mut world = World::oidc();
        world.provider.response.refreshed_claims.insert("name", Some(json!("n".repeat(23_900))));
        world.sign_in();
        let before = world.pieces();
        world.advance(wait);
        for _ in 0..3 {
            let answer = world.get("/deep");
            assert_eq!((answer.said(), answer.cookies().len()), ((500, "session_too_large".to_owned()), 0));
            assert!(answer.header("location").is_none());
        }
        assert_eq!(
            (world.pieces(), world.provider.refreshed),
            (before, 1),
            "the provider is not asked again and again"
        );
    }
}

#[test]
fn a_refresh_that_leaves_no_room_for_the_refresh_token_goes_on_without() {
    let mut world = World::oidc();
    world.sign_in();
    world.provider.response.refreshed_claims.insert("name", Some(json!("n".repeat(22_000))));
    world.provider.response.refreshed_tokens.insert("refresh_token", Some(json!("s.!".repeat(600))));
    world.advance(DUE);
    assert_eq!(world.get("/").got("x-user-name"), ["n".repeat(22_000)]);
    let body: Value = serde_json::from_str(world.send(&Request::bare("/oauth2/whoami")).reply().body()).unwrap();
    assert_eq!((&body["tokens_are_renewed"], world.provider.refreshed), (&json!(false), 1));
    world.advance(Duration::from_secs(3700));
    assert_eq!(world.get("/").status(), 302);
}

#[test]
fn a_hundred_groups_of_the_longest_names_work() {
    let groups: Vec<String> = (0..100).map(|number| format!("{number:0>128}")).collect();
    let mut world = World::oidc();
    world.provider.response.claims.insert("groups", Some(json!(groups)));
    let answer = world.visit("/deep");
    let token = world.provider.id_tokens()[0].len();
    assert!((17_000..20_000).contains(&token), "{token}");
    assert_eq!(answer.got("kubeflow-groups"), [groups.join(",")]);
    let pieces = world.pieces();
    assert!(pieces.len() <= 8 && world.jar().cookies().len() <= 8, "{}", pieces.len());
    assert!(pieces.concat().len() < 12_900 * 4 / 3 + 1_000, "the ID token is not in it");
    assert_eq!(world.send(&Request::fetch("/api")).got("kubeflow-groups"), [groups.join(",")]);
    world.advance(DUE);
    assert_eq!(world.get("/").got("kubeflow-groups"), [groups.join(",")]);
    assert_eq!((world.provider.refreshed, world.pieces().len()), (1, pieces.len()));
}
