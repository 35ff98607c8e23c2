//! What every answer of the filter's own has in common, and what it counts.

use e2e::{Answer, Habits, Person, World, until};
use http::Method;

/// T-73, T-74: nobody may keep it, no page runs a script, nothing of the application is in it.
fn is_our_own(what: &str, answer: &Answer) {
    answer.expect_not_forwarded();
    assert_eq!(answer.all("cache-control"), ["no-store"], "{what}: {answer}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}: {answer}");
    let kind = answer.header("content-type");
    if kind.starts_with("text/html") {
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors"), "{what}: {policy}");
        assert!(!policy.contains("unsafe") && !answer.text().contains("<script"), "{what}: {answer}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
    } else {
        assert!(matches!(kind, "" | "application/json"), "{what}: {kind}");
    }
    for cookie in answer.all("set-cookie") {
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        for wanted in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
            assert!(attributes.contains(&wanted), "{what}: {wanted} is missing in {attributes:?}");
        }
        assert!(cookie.starts_with("__Host-") && !cookie.contains("Domain"), "{what}");
    }
}

async fn strangers(person: &Person) -> Vec<(&'static str, u16, Answer)> {
    let frame = person.ask(Method::GET, "/x").navigation().header("sec-fetch-dest", "iframe").send().await;
    let prefetch = person.ask(Method::GET, "/x").navigation().header("sec-purpose", "prefetch").send().await;
    vec![
        ("a page", 302, person.look("/x").await),
        ("a script", 401, person.get("/x").await),
        ("a form", 401, person.submit("/x", &[]).await),
        ("a frame", 401, frame),
        ("a prefetch", 401, prefetch),
        ("nothing at all", 401, person.ask(Method::GET, "/x").send().await),
        ("a HEAD", 302, person.ask(Method::HEAD, "/x").navigation().send().await),
        ("sign-in", 302, person.look("/oauth2/sign-in?return_to=/x").await),
        ("sign-in as a script", 401, person.get("/oauth2/sign-in").await),
        ("sign-in by POST", 405, person.submit("/oauth2/sign-in", &[]).await),
        ("sign-out", 302, person.look("/oauth2/sign-out").await),
        ("sign-out as a script", 200, person.get("/oauth2/sign-out").await),
        ("callback", 400, person.look("/oauth2/callback").await),
        ("callback as a script", 400, person.get("/oauth2/callback?code=x&state=y").await),
        (
            "callback with markup",
            400,
            person.look("/oauth2/callback?error=<script>&error_description=<b>&state=x").await,
        ),
        ("callback by POST", 405, person.submit("/oauth2/callback", &[]).await),
        ("an ambiguous path", 400, person.look("/healthz/..%2fx").await),
    ]
}

#[tokio::test]
async fn every_answer_of_ours_to_a_stranger_is_kept_by_nobody_and_runs_nothing() {
    let mut world = World::start().await;
    for habits in [Habits::default(), Habits::default().http2()] {
        for (what, status, answer) in strangers(&world.person_with(habits)).await {
            assert_eq!(answer.status, status, "{what}: {answer}");
            is_our_own(what, &answer);
        }
    }
    assert_eq!(world.upstream.hits(), 0);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn every_answer_of_ours_on_the_way_of_a_sign_in_is_kept_by_nobody() {
    let mut world = World::builder()
        .plugin(|plugin| {
            plugin["routes"]
                .as_array_mut()
                .unwrap()
                .push(serde_json::json!({ "match": { "path": { "prefix": "/secret" } }, "action": "deny" }))
        })
        .start()
        .await;
    let ada = world.person();
    let callback = ada.approve("ada", &ada.begin("/x").await).await;
    is_our_own("the callback", ada.look(callback.as_str()).await.expect(302));
    is_our_own("the callback again", ada.look(callback.as_str()).await.expect(302));
    is_our_own("what is denied", ada.look("/secret/x").await.expect(403));
    is_our_own("what is denied to a script", ada.get("/secret/x").await.expect(403));
    is_our_own(
        "sign-out from elsewhere",
        ada.ask(Method::GET, "/oauth2/sign-out")
            .navigation()
            .header("sec-fetch-site", "cross-site")
            .send()
            .await
            .expect(403),
    );
    is_our_own("sign-out", ada.look("/oauth2/sign-out").await.expect(302));
    world.assert_all_workers_alive().await;
}

// T-74, T-201
#[tokio::test]
async fn nothing_a_client_or_a_provider_wrote_is_in_a_page() {
    let mut world = World::start().await;
    let ada = world.person();
    let state = ada.begin("/x").await.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    for query in [
        format!("error=evil-word&error_description=evil-word&state={state}"),
        "code=evil-word&state=evil-word".into(),
        "error=evil-word".into(),
    ] {
        let answer = ada.look(&format!("/oauth2/callback?{query}")).await;
        assert!(!answer.text().contains("evil-word"), "{answer}");
    }
    for path in ["/x?evil-word", "/oauth2/sign-out?evil-word=evil-word"] {
        let answer = ada.submit(path, &[("evil-word".into(), "evil-word".into())]).await;
        assert!(!answer.text().contains("evil-word"), "{answer}");
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_frames_page_may_be_framed_by_ourselves_and_nothing_else_may() {
    let mut world = World::start().await;
    let person = world.person();
    let frame = person.ask(Method::GET, "/x").navigation().header("sec-fetch-dest", "iframe").send().await;
    assert!(
        frame.header("content-security-policy").contains("frame-ancestors 'self'")
            && frame.text().contains("target=\"_top\""),
        "{frame}"
    );
    let form = person.submit("/x", &[]).await;
    assert!(form.header("content-security-policy").contains("frame-ancestors 'none'"), "{form}");
    assert!(form.header("www-authenticate").starts_with("Bearer realm="), "{form}");
    world.assert_all_workers_alive().await;
}

// T-203: they exist from the start, they move, and no name holds a user.
#[tokio::test]
async fn metrics_exist_from_the_start_and_move() {
    let mut world = World::builder().workers(2).start().await;
    let metric = |name: &str| format!("wasmcustom.edge_oidc.{name}");
    let zero = world.envoy.stats("wasmcustom.edge_oidc.").await.unwrap();
    for name in [
        "sign_in.started",
        "sign_in.completed",
        "decision.authenticated",
        "decision.unauthenticated",
        "provider_call.token.ok",
    ] {
        assert_eq!(zero.get(&metric(name)), Some(&0), "{name} in {zero:?}");
    }
    let grace = world.person_with(Habits::default().fresh_connections());
    grace.sign_in("grace", "/").await;
    grace.get("/x").await.expect(200);
    grace.get("/healthz").await.expect(200);
    world.person().get("/x").await.expect(401);
    world.person().look("/healthz/..%2fx").await.expect(400);
    world.person().look("/oauth2/callback").await.expect(400);
    let expected = [
        ("sign_in.started", 1),
        ("sign_in.completed", 1),
        ("decision.redirected", 1),
        ("decision.authenticated", 2),
        ("decision.allowed", 1),
        ("decision.unauthenticated", 1),
        ("decision.malformed", 1),
        ("provider_call.token.ok", 1),
        ("provider_call.token.unavailable", 0),
    ];
    for (name, count) in expected {
        until(name, || async { (world.envoy.stat(&metric(name)).await == Some(count)).then_some(()) }).await;
    }
    let all = world.envoy.stats("wasmcustom.").await.unwrap();
    assert!(all.keys().all(|name| !name.contains("grace") && !name.contains("example")), "{all:?}");
    world.assert_all_workers_alive().await;
}
