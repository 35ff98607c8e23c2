//! Somebody is signed in, but at a provider that does not count where they go: once to the other one, and no loop.

use std::time::Duration;

use serde_json::json;

use crate::{
    choosing::{links, provider_now, rule, sign_in_at, taking, world},
    message::Request,
    neighbours::PARTNER,
    world::World,
};

/// Within this time a sign-in is one that has just completed.
const JUST_NOW: Duration = Duration::from_secs(31);

fn unmet() -> (u16, String) {
    (403, "sign_in_unmet".to_owned())
}

#[test]
fn a_person_is_sent_to_the_provider_that_counts_and_keeps_the_session_until_then() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let before = world.session().unwrap().to_owned();
    let answer = world.get("/for-partners/x");
    assert!(answer.location().starts_with(PARTNER));
    assert!(answer.cookies().iter().all(|line| !line.contains("Max-Age=0")), "{:?}", answer.cookies());
    assert_eq!(world.session(), Some(&*before));
    assert!(world.get("/").passed() && world.get("/for-staff").passed());
    assert_eq!(world.follow(answer).got(":path"), ["/for-partners/x"]);
    assert_eq!(provider_now(&mut world), "partner");
    assert!(world.get("/").passed(), "any provider counts there");
    // And back again, as often as the person asks for it.
    for round in 0..3 {
        assert!(world.visit("/for-staff").passed(), "{round}");
        assert!(world.visit("/for-partners").passed(), "{round}");
    }
}

#[test]
fn a_browser_that_drops_the_new_session_is_told_once_and_not_sent_round() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let before = world.session().unwrap().to_owned();
    assert!(world.visit("/for-partners").passed());
    world.jar().cookies().iter_mut().filter(|cookie| cookie.name.ends_with("edge_oidc")).for_each(|cookie| {
        cookie.value.clone_from(&before);
    });
    // The session that it has was ended when the other one began; that is told as well.
    assert_eq!(world.get("/for-partners").said(), (401, "session_lost".to_owned()));
}

#[test]
fn a_sign_in_that_changes_nothing_is_not_repeated_by_itself() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let started = world.provider.requested.len() + world.partner().requested.len();
    let answer = world.get("/for-partners/x?y=1");
    let callback = world.authorize(&crate::world::url(answer.location()));
    let kept = world.jar().clone();
    // The answer is lost on its way, but for the mark; the session before it stands, as its owner is the same to us.
    world.partner().response.claims.insert("iss", Some(json!(PARTNER)));
    let landed = world.go(&callback);
    let mark = landed.cookies().into_iter().find(|line| line.contains("edge_oidc_l")).map(str::to_owned);
    let mark = mark.unwrap_or_else(|| panic!("{:?}", landed.cookies()));
    *world.jar() = kept;
    let now = world.now;
    assert!(world.jar().take("app.example.com", &mark, now));
    world.workers[0].memory = crate::memory::Memory::default();
    for _ in 0..3 {
        let answer = world.get("/for-partners/x?y=1");
        assert_eq!(answer.said(), unmet());
        assert!(answer.cookies().is_empty() && world.session().is_some());
        assert_eq!(links(&answer), ["/oauth2/sign-in?return_to=%2Ffor-partners%2Fx%3Fy%3D1&again=true"]);
    }
    assert_eq!(world.provider.requested.len() + world.partner().requested.len(), started + 1);
    assert!(world.get("/").passed(), "the session that was there still is one");
    // The person may ask for another, and after a while another is asked for.
    let again = world.get("/oauth2/sign-in?return_to=%2Ffor-partners%2Fx%3Fy%3D1&again=true");
    assert!(again.location().starts_with(PARTNER));
    world.advance(JUST_NOW);
    assert!(world.get("/for-partners/x?y=1").location().starts_with(PARTNER));
}

#[test]
fn a_sign_in_elsewhere_a_moment_ago_is_no_reason_to_stop() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    assert!(world.visit("/for-partners").passed());
    assert!(world.visit("/for-staff").passed(), "that was for another provider");
}

#[test]
fn whoever_is_no_person_in_front_of_a_page_is_told() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let frame = Request::navigation("/for-partners").set("sec-fetch-dest", "iframe");
    let ahead = Request::navigation("/for-partners").with("sec-purpose", "prefetch");
    let form = Request::navigation("/for-partners").posting("a=1");
    for (request, html) in [
        (Request::fetch("/for-partners"), false),
        (Request::bare("/for-partners"), false),
        (Request::web_socket("/for-partners"), false),
        (frame, true),
        (ahead, true),
        (form, true),
    ] {
        let answer = world.send(&request);
        assert_eq!(answer.said(), (401, "other_provider".to_owned()));
        assert_eq!(answer.header("content-type").unwrap().starts_with("text/html"), html);
        assert!(answer.header("location").is_none() && answer.cookies().is_empty());
        assert!(!html || answer.link().ends_with("&again=true"), "{}", answer.link());
    }
    let grpc = Request::bare("/for-partners").by("POST").with("content-type", "application/grpc");
    assert_eq!(world.send(&grpc).reply().grpc_status().unwrap().code(), 16);
    assert!(world.session().is_some() && world.attempts().is_empty());
}

#[test]
fn of_several_that_count_the_person_chooses() {
    let mut world = World::two_providers(|tree| {
        let more =
            json!({ "name": "more", "issuer": "https://more.example.net", "clientId": "c", "clientSecret": "s" });
        tree["providers"].as_array_mut().unwrap().push(more);
        taking(tree, "/others", &["partner", "more"]);
    });
    world.neighbours.strangers = true;
    sign_in_at(&mut world, "staff");
    let answer = world.get("/others/x");
    assert_eq!(answer.said(), (401, "choose_provider".to_owned()));
    assert!(answer.cookies().is_empty() && links(&answer).len() == 2);
    let answer = world.visit(&links(&answer)[0]);
    assert_eq!(answer.got(":path"), ["/others/x"]);
    assert_eq!(provider_now(&mut world), "partner");
}

#[test]
fn where_nobody_need_be_known_they_are_nobody() {
    let mut world = World::two_providers(|tree| {
        let path = json!({ "path": { "prefix": "/open" } });
        rule(
            tree,
            json!({ "match": path, "action": "authenticate", "providers": ["partner"], "unauthenticated": "pass" }),
        );
    });
    sign_in_at(&mut world, "staff");
    for request in [Request::navigation("/open"), Request::fetch("/open").with("kubeflow-userid", "root@example.com")] {
        let answer = world.send(&request);
        assert!(
            answer.got("kubeflow-userid").is_empty() && answer.got("cookie").is_empty() && answer.cookies().is_empty()
        );
    }
    sign_in_at(&mut world, "partner");
    assert_eq!(world.get("/open").got("kubeflow-userid"), ["kim@example.com"]);
}

#[test]
fn tokens_that_are_over_are_not_renewed_where_their_provider_does_not_count() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    world.advance(Duration::from_secs(4000));
    let answer = world.get("/for-partners");
    assert!(answer.location().starts_with(PARTNER) && world.session().is_some());
    assert_eq!(world.send(&Request::fetch("/for-partners")).said(), (401, "other_provider".to_owned()));
    assert_eq!((world.provider.refreshed, world.partner().refreshed), (0, 0));
    assert!(world.get("/").passed());
    assert_eq!((world.provider.refreshed, world.partner().refreshed), (1, 0));
}
