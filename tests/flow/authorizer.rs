//! The operator's own authorizer: what it is told, what its answers mean, and that nothing passes without one.

use std::time::Duration;

use edge_oidc::http::call::CallFailure;
use serde_json::{Value, json};

use crate::{
    choosing::rule,
    message::{Answer, Request},
    neighbours::AUTHORIZER,
    programs::access_token,
    world::{Travel, World},
};

fn configure(tree: &mut Value) {
    tree["externalAuthorization"] = json!({ "url": AUTHORIZER });
    tree["identity"]["userId"]["prefix"] = json!("people:");
    tree["identity"]["filterState"] = json!(true);
    tree["paths"] = json!({ "verify": "/oauth2/verify" });
    tree["providers"][0]["bearer"] = json!([{ "kind": "access_token", "audiences": ["edge"] }]);
    let path = |path: &str| json!({ "path": { "prefix": path } });
    rule(tree, json!({ "match": path("/unasked"), "action": "authenticate", "externalAuthorization": false }));
    rule(tree, json!({ "match": path("/open"), "action": "authenticate", "unauthenticated": "pass" }));
    rule(tree, json!({ "match": path("/cookie"), "action": "authenticate", "credentials": ["session"] }));
    rule(
        tree,
        json!({ "match": path("/admin"), "action": "authenticate", "require": { "groups": { "any": ["admins"] } } }),
    );
    rule(tree, json!({ "match": path("/mfa"), "action": "authenticate", "signIn": { "acrValues": ["mfa"] } }));
}

/// Somebody is signed in; the authorizer was asked nothing since.
fn world() -> World {
    let mut world = World::configured(configure);
    world.sign_in();
    world.neighbours.authorizer.asked.clear();
    world
}

fn asked(world: &World) -> usize {
    world.neighbours.authorizer.asked.len()
}

fn answers(world: &mut World, travel: impl Fn() -> Travel + 'static) {
    world.network = Box::new(move |called| match called {
        "authorizer" => travel(),
        _ => Travel::Answer(Duration::from_millis(20)),
    });
}

fn is_kim(answer: &Answer) {
    assert_eq!(answer.got("kubeflow-userid"), ["people:kim@example.com"]);
}

#[test]
fn it_is_told_who_asks_for_what_in_authservices_words() {
    let mut world = world();
    let request = Request::fetch("/a%20b/c?secret=1#").by("PATCH").with("authorization", "Basic x");
    let request = Request { path: "/a%20b/c?secret=1".to_owned(), ..request };
    is_kim(&world.send(&request.with("kubeflow-userid", "root")));
    let expected = json!({
        "timestamp": "2026-11-20T13:06:40Z",
        "user": {
            "name": "kim@example.com", "id": "", "groups": ["team-a", "b,c"], "extra": { "auth-method": ["cookie"], "provider": ["default"] },
            "claims": null,
        },
        "request": { "host": "app.example.com", "port": 443, "path": "/a%20b/c", "method": "PATCH" },
    });
    assert_eq!(world.neighbours.authorizer.asked, [expected]);
}

#[test]
fn of_a_bearer_token_it_gets_the_claims_that_were_verified_and_of_no_other() {
    let mut world = world();
    let token = access_token(&world, &json!({ "department": "eng" }));
    let bearer = format!("Bearer {token}");
    assert!(world.send(&Request::bare("/x").with("cookie", "").with("authorization", &bearer)).passed());
    let user = &world.neighbours.authorizer.asked[0]["user"];
    assert_eq!(user["extra"], json!({ "auth-method": ["header"], "provider": ["default"] }));
    assert_eq!((&user["name"], &user["groups"]), (&json!("kim@example.com"), &json!([])));
    assert_eq!((&user["claims"]["department"], &user["claims"]["aud"]), (&json!("eng"), &json!("edge")));
    assert!(!user.to_string().contains(&token));
    // Beside a session it is the application's, and nobody has looked at what it says.
    is_kim(&world.send(&Request::fetch("/cookie").with("authorization", &bearer)));
    assert_eq!(world.neighbours.authorizer.asked[1]["user"]["claims"], Value::Null);
}

#[test]
fn two_hundred_and_something_passes_401_and_403_refuse_and_all_else_is_no_answer() {
    let mut world = world();
    world.neighbours.authorizer.body = "<script>because</script>".to_owned();
    for status in [200, 201, 204, 299] {
        world.neighbours.authorizer.status = status;
        is_kim(&world.get("/x"));
    }
    for status in [401, 403] {
        world.neighbours.authorizer.status = status;
        for (request, html) in [(Request::navigation("/x"), true), (Request::fetch("/x"), false)] {
            let answer = world.send(&request);
            assert_eq!(answer.said(), (403, "authorizer_denied".to_owned()));
            assert!(!answer.reply().body().contains("because") && world.session().is_some());
            assert_eq!(answer.reply().body().contains("Sign in as someone else"), html);
        }
    }
    for status in [100, 199, 300, 302, 400, 404, 407, 429, 500, 503, 0] {
        world.neighbours.authorizer.status = status;
        let answer = world.get("/x");
        assert_eq!(answer.said(), (503, "authorizer_unavailable".to_owned()), "{status}");
        assert!(answer.header("retry-after").is_some() && answer.reply().body().contains("Try again"));
        assert_eq!(answer.link(), "/x");
    }
    let grpc = Request::bare("/x").by("POST").with("content-type", "application/grpc");
    for (status, code) in [(403, 7), (500, 14)] {
        world.neighbours.authorizer.status = status;
        assert_eq!(world.send(&grpc).reply().grpc_status().unwrap().code(), code);
    }
}

#[test]
fn silence_refuses_in_time() {
    for travel in [
        || Travel::Lose,
        || Travel::Fail(Duration::from_secs(2), CallFailure::NoHost),
        || Travel::Fail(Duration::ZERO, CallFailure::NoHost),
        || Travel::Answer(Duration::from_secs(5)),
    ] {
        let mut world = world();
        answers(&mut world, travel);
        let before = world.now;
        let answer = world.get("/x");
        assert_eq!(answer.said(), (503, "authorizer_unavailable".to_owned()));
        assert!(world.now.since(before) <= Duration::from_millis(4100), "two seconds, and two of grace");
        // What comes late lets nothing pass, and the next request asks for itself.
        world.advance(Duration::from_secs(10));
        assert_eq!(world.engine().gauges(world.now).waiting, 0);
        answers(&mut world, || Travel::Answer(Duration::from_millis(1)));
        is_kim(&world.get("/x"));
    }
}

#[test]
fn a_client_that_went_away_is_answered_nothing() {
    let mut world = world();
    answers(&mut world, || Travel::Answer(Duration::from_millis(500)));
    let gone = world.open(&Request::navigation("/x"));
    let stays = world.open(&Request::navigation("/y"));
    assert!(world.waits(gone) && world.waits(stays));
    world.hang_up(gone);
    is_kim(&world.answer(stays));
    world.advance(Duration::from_secs(2));
    assert_eq!((asked(&world), world.engine().gauges(world.now).waiting), (2, 0));
    assert!(world.waits(gone), "it never was decided");
}

#[test]
fn a_request_that_waited_goes_on_as_it_would_have_at_once() {
    let mut world = world();
    answers(&mut world, || Travel::Answer(Duration::from_secs(1)));
    let forged = ["kubeflow-userid", "kubeflow-groups", "x-user-name"];
    let request = forged.iter().fold(Request::fetch("/x?y=1"), |request, name| request.with(name, "root"));
    let session = world.cookie_line();
    let answer = world.send(&request.with("cookie", &format!("theme=dark; {session}")).with("x-other", "kept"));
    is_kim(&answer);
    assert_eq!(
        (answer.got("kubeflow-groups"), answer.got("x-user-name")),
        (vec!["team-a,b%2Cc".into()], vec!["Kim Park".into()])
    );
    assert_eq!((answer.got("cookie"), answer.got("x-other")), (vec!["theme=dark".into()], vec!["kept".into()]));
    assert_eq!(answer.got(":path"), ["/x?y=1"]);
    assert_eq!(world.properties[0], ("edge_oidc_user", b"people:kim@example.com".to_vec()));
}

#[test]
fn every_request_is_asked_about_and_each_answer_is_for_its_own() {
    let mut world = world();
    for number in 1..5 {
        is_kim(&world.get("/same"));
        assert_eq!(asked(&world), number);
    }
    let mut turn = 0;
    world.network = Box::new(move |called| {
        turn += u64::from(called == "authorizer");
        // The first answers come last, and every third is a refusal.
        let after = Duration::from_millis(900 - 30 * turn);
        if called == "authorizer" && turn % 3 == 0 { Travel::Status(after, 403) } else { Travel::Answer(after) }
    });
    let opened: Vec<_> = (1..=24).map(|number| (number, world.open(&Request::fetch(&format!("/{number}"))))).collect();
    for (number, id) in opened {
        let answer = world.answer(id);
        assert_eq!(answer.passed(), number % 3 != 0, "{number}");
        assert!(!answer.passed() || answer.got(":path") == [format!("/{number}")]);
    }
}

#[test]
fn it_is_not_asked_about_what_needs_no_word_or_is_refused_without_one() {
    let mut world = world();
    world.neighbours.authorizer.status = 403;
    for path in ["/public", "/unasked"] {
        assert!(world.get(path).passed(), "{path}");
    }
    for path in ["/internal", "/admin", "/public/..%2finternal"] {
        assert!(!world.get(path).passed(), "{path}");
    }
    assert_eq!(world.get("/mfa").status(), 302);
    for path in ["/oauth2/whoami", "/oauth2/sign-in", "/oauth2/signed-out"] {
        world.get(path);
    }
    let preflight =
        Request::bare("/x").by("OPTIONS").with("origin", "https://x").with("access-control-request-method", "PUT");
    world.switch_to(1);
    assert!(world.send(&preflight).passed());
    world.switch_to(0);
    for request in
        [Request::fetch("/x"), Request::navigation("/open"), Request::fetch("/x").with("authorization", "Bearer x")]
    {
        world.send(&request.with("cookie", "theme=dark"));
    }
    assert_eq!(asked(&world), 0);
    // Who is known is asked about, also where nobody need be.
    assert_eq!(world.get("/open").said(), (403, "authorizer_denied".to_owned()));
    assert_eq!(asked(&world), 1);
}

#[test]
fn a_session_that_was_renewed_reaches_the_browser_whatever_the_answer() {
    for (status, lost) in [(200, false), (403, false), (500, false), (200, true)] {
        let mut world = world();
        world.provider.response.rotation = Some(Duration::ZERO);
        let before = world.session().unwrap().to_owned();
        world.advance(Duration::from_secs(4000));
        world.neighbours.authorizer.status = status;
        if lost {
            answers(&mut world, || Travel::Lose);
        }
        let answer = world.get("/x");
        assert_eq!(answer.passed(), status == 200 && !lost);
        assert!(world.session().is_some_and(|session| *session != before), "{status}");
        assert_eq!(world.provider.refreshed, 1);
        // The old refresh token is spent; the next refresh is with the new one.
        world.network = Box::new(|_| Travel::Answer(Duration::from_millis(1)));
        world.neighbours.authorizer.status = 200;
        world.advance(Duration::from_secs(4000));
        is_kim(&world.get("/x"));
    }
}

#[test]
fn as_many_wait_as_may_and_the_others_are_told() {
    let mut world = world();
    answers(&mut world, || Travel::Lose);
    let opened: Vec<_> = (0..4200).map(|_| world.open(&Request::fetch("/x"))).collect();
    assert_eq!(world.engine().gauges(world.now).waiting, 1024);
    let told: Vec<_> = opened.iter().filter(|id| !world.waits(**id)).copied().collect();
    assert_eq!((told.len(), asked(&world)), (4200 - 1024, 0), "nobody is asked for those");
    for id in told {
        assert_eq!(world.answer(id).said(), (503, "too_many_waiting".to_owned()));
    }
    assert!(world.get("/unasked").passed() && world.get("/public").passed());
    world.advance(Duration::from_secs(5));
    assert_eq!(world.engine().gauges(world.now).waiting, 0);
    answers(&mut world, || Travel::Answer(Duration::from_millis(1)));
    is_kim(&world.get("/x"));
}

#[test]
fn a_proxy_that_asks_for_our_verdict_gets_the_authorizers() {
    let mut world = world();
    let question = Request::bare("/oauth2/verify/x/y?z=1").by("PUT");
    for (status, verdict) in [(200, 204), (401, 403), (403, 403), (500, 503)] {
        world.neighbours.authorizer.status = status;
        let answer = world.send(&question);
        assert_eq!(answer.status(), verdict, "{status}");
        let user = answer.reply().fields().find(|(name, _)| *name == "kubeflow-userid").map(|(_, value)| value);
        assert_eq!(user, (verdict == 204).then_some("people:kim@example.com"));
    }
    let request = json!({ "host": "app.example.com", "port": 443, "path": "/x/y", "method": "PUT" });
    assert_eq!(world.neighbours.authorizer.asked[0]["request"], request);
}

#[test]
fn signing_out_meanwhile_does_not_bring_the_session_back() {
    let mut world = world();
    world.advance(Duration::from_secs(4000));
    answers(&mut world, || Travel::Answer(Duration::from_secs(1)));
    let id = world.open(&Request::navigation("/x"));
    world.advance(Duration::from_millis(500));
    world.get("/oauth2/sign-out");
    let answer = world.answer(id);
    assert!(world.session().is_none() && answer.cookies().is_empty());
}
