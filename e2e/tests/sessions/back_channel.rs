//! Logout tokens in a plain Envoy. It hands a body to a filter that holds the headers back only if it was told to, and then
//! takes no body for any request that is larger than its buffers: so the one route has a filter of its own.

use std::time::{Duration, Instant};

use devkit::cognito::{Fault, TokenKind};
use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST, workspace};
use e2e::{Answer, Builder, CLIENT_ID, Habits, Http, World};
use http::Method;
use serde_json::{Map, Value, json};

use crate::support::{
    SESSION, expect_renewed, expect_served, expect_unchanged, expired, get_with, spoil_refreshes, strict, with_session,
};

const PATH: &str = "/oauth2/back-channel";
const TWIN: &str = "edge-oidc-back-channel";
const LARGE: usize = 3 * 1024 * 1024;

/// As documented: the filter is off on the route of the endpoint, and its twin, which is handed bodies, is on there and
/// nowhere else.
fn with_two_filters() -> Builder {
    with_endpoint().http_manager(|manager| {
        let filters = manager["http_filters"].as_array_mut().unwrap();
        filters.insert(1, twin(&filters[0]));
        manager["route_config"]["virtual_hosts"][0]["routes"].as_array_mut().unwrap().insert(0, route());
    })
}

/// It has a name of its own: to Envoy 1.36 two plugins of one name are one, with the settings of the first.
fn twin(filter: &Value) -> Value {
    let mut twin = filter.clone();
    twin["name"] = json!(TWIN);
    twin["disabled"] = json!(true);
    twin["typed_config"]["config"]["name"] = json!(TWIN);
    twin["typed_config"]["config"]["allow_on_headers_stop_iteration"] = json!(true);
    twin
}

fn route() -> Value {
    let kind = "type.googleapis.com/envoy.config.route.v3.FilterConfig";
    json!({
        "match": { "path": PATH },
        "direct_response": { "status": 404 },
        "typed_per_filter_config": {
            "edge-oidc": { "@type": kind, "disabled": true },
            TWIN: { "@type": kind, "config": {} },
        },
    })
}

/// What stands between the marks in the document.
fn recipe() -> Value {
    let text = std::fs::read_to_string(workspace().join("docs/envoy.md")).unwrap();
    let parts: Vec<_> = text.split("<!-- The recipe for back-channel logout: ").collect();
    let [_, recipe, _] = parts[..] else { panic!("the recipe's two marks are not there") };
    let (_, yaml) = recipe.split_once("```yaml\n").unwrap();
    serde_saphyr::from_str(yaml.split_once("```").unwrap().0).unwrap()
}

#[test]
fn the_document_shows_what_these_tests_do() {
    let recipe = recipe();
    let filters = &recipe["http_filters"];
    assert_eq!((&filters[0]["name"], &filters[1]), (&json!("edge-oidc"), &twin(&filters[0])));
    assert_eq!(recipe["route_config"]["virtual_hosts"][0]["routes"][0], route());
}

fn with_endpoint() -> Builder {
    strict().workers(4).plugin(|plugin| plugin["paths"] = json!({ "backChannel": PATH }))
}

/// A logout token for ada, signed by the provider, with these changes; a null takes a claim away.
fn token(world: &World, changes: Value) -> String {
    let control = world.control();
    let of_ada = control.claims(TokenKind::Id, "ada", CLIENT_ID, None);
    let now = control.now();
    let kept = ["iss", "aud", "sub"].map(|name| (name.to_owned(), of_ada[name].clone()));
    let mut claims: Map<String, Value> = kept.into_iter().collect();
    claims.extend(object(json!({
        "iat": now, "exp": now + 120, "jti": format!("{now}-{:?}", Instant::now()),
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    })));
    claims.extend(object(changes));
    claims.retain(|_, value| !value.is_null());
    control.sign(TokenKind::Id, claims, None)
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// What the provider sends, by nobody's browser.
async fn tell(world: &World, http: Http, body: String) -> Answer {
    let provider = world.person_with(Habits::default().http(http).fresh_connections());
    let ask = provider.ask(Method::POST, PATH).header("content-type", "application/x-www-form-urlencoded");
    ask.body(body).send().await
}

#[tokio::test]
async fn a_logout_token_ends_all_sessions_of_a_person_at_every_worker() {
    ends_all_sessions(ENVOY_NEWEST).await;
}

#[tokio::test]
async fn a_logout_token_ends_all_sessions_of_a_person_at_every_worker_of_the_oldest_envoy() {
    ends_all_sessions(ENVOY_OLDEST).await;
}

async fn ends_all_sessions(version: &str) {
    let mut world = with_two_filters().version(version).start().await;
    for http in [Http::One, Http::Two] {
        let (ada, grace) = (with_session(&world.net, "ada").await, with_session(&world.net, "grace").await);
        let also_ada = with_session(&world.net, "ada").await;
        let anywhere = world.person_with(Habits::default().fresh_connections());
        let cookies = [ada.cookie_header(), also_ada.cookie_header()];
        for cookie in &cookies {
            world.on_every_worker(|| async { expect_served(&get_with(&anywhere, "/before", cookie).await) }).await;
        }
        let hits = world.upstream.hits();
        let logout = token(&world, json!({}));
        tell(&world, http, format!("logout_token={logout}")).await.expect(200).expect_not_forwarded();
        for cookie in &cookies {
            world
                .on_every_worker(|| async {
                    let over = get_with(&anywhere, "/after", cookie).await;
                    over.expect(401);
                    assert_eq!(over.deleted_cookies(), [SESSION], "{over}");
                })
                .await;
        }
        assert_eq!(world.upstream.hits(), hits);
        grace.get("/grace").await.expect(200);
        let again = tell(&world, http, format!("logout_token={logout}")).await;
        assert_eq!(again.expect(400).json()["error_description"], "logout_token_replayed");
        // It ends what there was, not what comes.
        assert_eq!(ada.sign_in("ada", "/again").await.path, "/again");
        expect_unchanged(&ada.get("/again").await);
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn what_is_no_logout_token_ends_nothing_and_goes_nowhere() {
    let mut world = with_two_filters().start().await;
    let ada = with_session(&world.net, "ada").await;
    let good = token(&world, json!({}));
    let id_token = world.control().mint_id_token("ada", CLIENT_ID, None, |_| ());
    let bodies = [
        (String::new(), "logout_token_absent"),
        ("x=y".to_owned(), "logout_token_absent"),
        (format!("logout_token={good}&logout_token={good}"), "logout_token_absent"),
        (format!("logout_token={good}&x={}", "x".repeat(17_000)), "logout_token_absent"),
        (format!("logout_token={}", token(&world, json!({ "aud": "another" }))), "logout_token_aud"),
        (format!("logout_token={}", token(&world, json!({ "nonce": "n" }))), "logout_token_nonce"),
        (format!("logout_token={id_token}"), "logout_token_events"),
    ];
    for http in [Http::One, Http::Two] {
        for (body, code) in &bodies {
            let answer = tell(&world, http, body.clone()).await;
            assert!(answer.expect(400).expect_not_forwarded().text().contains(code), "{code}: {answer}");
        }
    }
    ada.ask(Method::GET, PATH).send().await.expect(405).expect_not_forwarded();
    // Cookies and other sites' pages make no difference: the token is all that counts.
    ada.post(PATH, good).await.expect(400).expect_not_forwarded();
    expect_served(&ada.get("/still").await);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn every_other_request_is_as_it_is_without_the_endpoint_large_bodies_that_wait_too() {
    harms_no_other_request(ENVOY_NEWEST).await;
}

#[tokio::test]
async fn every_other_request_is_as_it_is_without_the_endpoint_in_the_oldest_envoy_too() {
    harms_no_other_request(ENVOY_OLDEST).await;
}

async fn harms_no_other_request(version: &str) {
    let mut world = with_two_filters().version(version).start().await;
    let people = expired::<6>(&world).await;
    spoil_refreshes(&world, Fault::Slow { milliseconds: 400 }, None);
    let paths = ["/upload", &format!("{PATH}/"), &format!("/x{PATH}")];
    for (index, person) in people.iter().enumerate() {
        let person = person.with(Habits::default().http(if index % 2 == 0 { Http::One } else { Http::Two }));
        let answer = person.post(paths[index % 3], vec![b'x'; LARGE]).await;
        expect_renewed(&answer);
        assert_eq!(answer.forwarded().body_length, LARGE as u64);
    }
    world.person().get("/x").await.expect(401).expect_not_forwarded();
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn an_envoy_that_was_not_told_to_hand_over_bodies_answers_503_after_five_seconds() {
    let mut world = with_endpoint().start().await;
    let began = Instant::now();
    let answer = tell(&world, Http::One, format!("logout_token={}", token(&world, json!({})))).await;
    assert!(answer.expect(503).expect_not_forwarded().text().contains("body_unread"), "{answer}");
    let took = began.elapsed();
    assert!(Duration::from_millis(4500) < took && took < Duration::from_secs(7), "{took:?}");
    assert!(world.envoy.logged("body_unread", Duration::from_secs(2)).await);
    world.assert_all_workers_alive().await;
}
