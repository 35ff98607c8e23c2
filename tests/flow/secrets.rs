//! Nothing secret is ever said: not in a log line at any level, not in a page, not in a header (T-200, T-201).

use std::{collections::BTreeSet, time::Duration};

use edge_oidc::{
    flow::event::{Event, LogLine},
    http::reply::Reply,
};
use serde_json::json;
use url::form_urlencoded;

use crate::{
    message::Request,
    world::{KEY, SECRET, Travel, World, arrival, url},
};

/// A long day with everything in it that can go right or wrong.
fn long_day() -> World {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep?token=in-the-address");
    for method in ["POST", "HEAD"] {
        world.send(&arrival(&callback).by(method));
    }
    world.send(&arrival(&callback).set("sec-fetch-dest", "iframe"));
    world.go(&callback);
    let failures: [fn(&mut World); 8] = [
        |world| drop(world.provider.response.claims.insert("nonce", Some(json!("my-nonce-is-a-secret")))),
        |world| drop(world.provider.response.claims.insert("aud", Some(json!("my-audience-is-a-secret")))),
        |world| drop(world.provider.response.tokens.insert("token_type", Some(json!("my-token-type-is-a-secret")))),
        |world| world.provider.response.header["kid"] = json!("my-kid-is-a-secret"),
        |world| world.provider.response.forge = Box::new(|token| token + "A"),
        |world| drop(world.provider.response.instead.insert("token", (400, ERROR.to_owned()))),
        |world| drop(world.provider.response.instead.insert("token", (500, ERROR.to_owned()))),
        |world| world.provider.response.callback = vec![("iss", "https://my-issuer-is-a-secret".to_owned())],
    ];
    for failure in failures {
        sign_in_badly(&mut world, failure);
    }
    world.sign_in();
    for request in probes(&world) {
        world.send(&request);
    }
    world.network = Box::new(|_| Travel::Status(Duration::from_millis(5), 503));
    world.get("/oauth2/sign-out");
    world.get("/after");
    world.advance(Duration::from_secs(7200));
    world
}

const ERROR: &str = r#"{"error":"invalid_grant","error_description":"my-description-is-a-secret"}"#;

fn sign_in_badly(world: &mut World, failure: fn(&mut World)) {
    let usual = World::oidc().provider.response;
    world.jar().cookies().clear();
    failure(world);
    assert!(!world.visit("/bad").passed());
    world.provider.response = usual;
}

/// Requests that bring secrets to places where they do not belong.
fn probes(world: &World) -> Vec<Request> {
    let (session, code) = (world.session().unwrap(), world.provider.secrets[0].clone());
    let places = [
        format!("/oauth2/callback?code={code}&state={code}&error={code}&error_description={code}"),
        format!("/oauth2/callback?code={code}&code={code}"),
        format!("/oauth2/sign-in?return_to=https://evil.example/{session}"),
        format!("/internal/{code}?session={session}"),
        format!("/oauth2/sign-out?id_token_hint={code}"),
        format!("/a#{code}"),
    ];
    let bring = |path: &String| {
        let request = Request::navigation(path).set("sec-fetch-site", "cross-site");
        request.with("authorization", &format!("Bearer {code}")).with("x-request-id", "r-1")
    };
    let navigations = places.iter().map(bring);
    let programs = places.iter().map(|path| bring(path).set("sec-fetch-mode", "cors"));
    let hosts = places.iter().map(|path| bring(path).on("other.example.com"));
    let cookies = places.iter().map(|path| bring(path).with("cookie", &format!("__Host-edge_oidc={code}")));
    navigations.chain(programs).chain(hosts).chain(cookies).collect()
}

/// Everything of the world that nobody may see.
fn secrets(world: &World) -> BTreeSet<String> {
    let marked = [SECRET, KEY, "is-a-secret", "kim@example.com", "in-the-address"].map(str::to_owned);
    let cookies = world.replies.iter().flat_map(Reply::headers).filter(|(name, _)| *name == "set-cookie");
    let values = cookies.filter_map(|(_, line)| Some(line.split_once('=')?.1.split(';').next()?.to_owned()));
    let starts = world.replies.iter().filter_map(|reply| reply.header("location"));
    let random = starts.flat_map(|location| url(location).query_pairs().into_owned().collect::<Vec<_>>());
    let random = random.filter(|(name, _)| matches!(name.as_str(), "state" | "nonce")).map(|(_, value)| value);
    let plain: BTreeSet<String> = world
        .provider
        .secrets
        .iter()
        .cloned()
        .chain(marked)
        .chain(values)
        .chain(random)
        .filter(|text| text.len() > 8)
        .collect();
    let encoded = plain.iter().map(|text| form_urlencoded::byte_serialize(text.as_bytes()).collect());
    plain.iter().cloned().chain(encoded).collect()
}

fn assert_silent(text: &str, secrets: &BTreeSet<String>) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{secret} stands in {text}");
    }
}

// T-200
#[test]
fn no_log_line_and_no_event_holds_a_secret_or_a_person() {
    let world = long_day();
    let secrets = secrets(&world);
    assert!(secrets.len() > 60 && world.replies.len() > 40, "{} {}", secrets.len(), world.replies.len());
    let lines = world.events.iter().filter(|event| matches!(event, Event::Log(_))).count();
    assert!(lines > 20, "{lines} lines were logged");
    for event in &world.events {
        assert_silent(&format!("{event:?}"), &secrets);
    }
}

// T-9, T-201
#[test]
fn no_answer_holds_a_secret_but_where_it_belongs() {
    let world = long_day();
    let mut secrets = secrets(&world);
    // A page may lead back to the address that the person came from.
    secrets.remove("in-the-address");
    for reply in &world.replies {
        assert_silent(reply.body(), &secrets);
        for (name, value) in reply.headers().iter().filter(|(name, _)| *name != "set-cookie") {
            let sent_to_the_provider = *name == "location" && world.provider.owns(&url(value));
            let allowed: BTreeSet<String> = match sent_to_the_provider {
                true => url(value).query_pairs().map(|(_, value)| value.into_owned()).collect(),
                false => BTreeSet::new(),
            };
            assert_silent(value, &secrets.difference(&allowed).cloned().collect());
        }
        for cookie in reply.headers().iter().filter(|(name, _)| *name == "set-cookie") {
            let unsealed = world.provider.secrets.iter().cloned().chain([SECRET.to_owned(), KEY.to_owned()]).collect();
            assert_silent(&cookie.1, &unsealed);
        }
    }
}

#[test]
fn a_log_line_has_the_request_its_code_and_whose_fault_it_is() {
    let mut world = World::oidc();
    world.provider.response.claims.insert("nonce", None);
    let start = world.get("/");
    let callback = world.provider.authorize(&url(start.location()), "kim@example.com");
    world.send(&arrival(&callback).with("x-request-id", "9f1c-22"));
    world.send(&Request::fetch("/internal").with("x-request-id", "a b\u{e9}"));
    let lines: Vec<&LogLine> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Log(line) => Some(line),
            _ => None,
        })
        .collect();
    let told = |line: &LogLine| (line.request_id.clone(), line.code, line.text.contains("fault: provider"));
    assert!(lines.iter().any(|line| told(line) == ("9f1c-22".to_owned(), "id_token_nonce", true)), "{lines:?}");
    assert!(lines.iter().any(|line| (line.request_id.as_str(), line.code) == ("-", "denied")));
}

#[test]
fn one_cause_cannot_flood_the_log() {
    let mut world = World::oidc();
    for _ in 0..1000 {
        world.send(&Request::navigation("/").on("other.example.com"));
    }
    let lines = |world: &World| world.events.iter().filter(|event| matches!(event, Event::Log(_))).count();
    assert_eq!(lines(&world), 1);
    world.advance(Duration::from_secs(1));
    world.send(&Request::navigation("/").on("other.example.com"));
    let last = world.events.iter().rev().find_map(|event| if let Event::Log(line) = event { Some(line) } else { None });
    assert!(last.unwrap().text.ends_with("999 more like this since the last line"));
}

// T-93
#[test]
fn every_answer_of_a_long_day_is_uncacheable() {
    for reply in long_day().replies {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.headers().iter().filter(|(name, _)| *name == "cache-control").count(), 1);
    }
}
