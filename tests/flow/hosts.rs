//! Many hosts of ours: each host's own sign-in, one callback for all, one session for all (T-140, T-141; RFC 9700 §4.1).

use serde_json::{Value, json};
use url::Url;

use crate::{
    choosing::links,
    message::{Answer, Request},
    world::{World, arrival, oidc_config, url},
};

const NAME: &str = "__Host-edge_oidc";
const AUTH: &str = "https://auth.example.com/oauth2/callback";

fn redirect_uri(answer: &Answer) -> String {
    url(answer.location()).query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

fn each_for_itself(tree: &mut Value) {
    tree["publicUrls"] =
        json!(["https://app.example.com", "https://*.apps.example.com", "https://dev.example.com:8443"]);
}

fn with_origins(mut world: World, origins: &[&str]) -> World {
    world.origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    world.provider.want.redirect_uris = origins.iter().map(|origin| format!("{origin}/oauth2/callback")).collect();
    world
}

/// Each host with a sign-in of its own.
fn hosts() -> World {
    let origins = [
        "https://app.example.com",
        "https://a.apps.example.com",
        "https://b.a.apps.example.com",
        "https://dev.example.com:8443",
    ];
    with_origins(World::configured(each_for_itself), &origins)
}

fn shared_config() -> Value {
    let mut tree = oidc_config();
    tree["publicUrls"] = json!(["https://app.example.com", "https://auth.example.com", "https://*.apps.example.com"]);
    tree["callbackUrl"] = json!("https://auth.example.com");
    tree["session"]["cookie"] = json!({ "domain": "example.com" });
    tree
}

/// One sign-in for all hosts, by way of `auth.example.com`.
fn shared() -> World {
    let origins = ["https://app.example.com", "https://auth.example.com", "https://a.apps.example.com"];
    let mut world = with_origins(World::configured(|tree| *tree = shared_config()), &origins);
    world.provider.want.redirect_uris = vec![AUTH.to_owned()];
    world
}

fn at(host: &str, path: &str) -> Request {
    Request::navigation(path).on(host)
}

// T-140, T-143
#[test]
fn each_host_has_a_redirect_uri_of_its_own_however_the_client_writes_its_name() {
    let mut world = hosts();
    for (authority, origin) in [
        ("app.example.com", "https://app.example.com"),
        ("APP.Example.com", "https://app.example.com"),
        ("app.example.com:443", "https://app.example.com"),
        ("a.apps.example.com", "https://a.apps.example.com"),
        ("B.A.Apps.example.COM:443", "https://b.a.apps.example.com"),
        ("dev.example.com:8443", "https://dev.example.com:8443"),
    ] {
        let answer = world.send(&at(authority, "/deep"));
        assert_eq!(redirect_uri(&answer), format!("{origin}/oauth2/callback"), "{authority}");
    }
}

// T-140, T-141
#[test]
fn no_other_host_and_no_header_gets_a_redirect() {
    let mut world = hosts();
    for authority in [
        "apps.example.com",
        "xapps.example.com",
        "evil.example",
        "a.apps.example.com.evil.example",
        "a.apps.example.com:8443",
        "app.example.com:80",
        "dev.example.com",
        "dev.example.com:443",
        "a_b.apps.example.com",
        "-.apps.example.com",
        "app.example.com.",
    ] {
        for path in ["/deep", "/oauth2/sign-in", "/oauth2/callback?code=x&state=y"] {
            let answer = world.send(&at(authority, path));
            assert_eq!(answer.said(), (401, "host_unknown".to_owned()), "{authority}{path}");
            assert!(answer.header("location").is_none() && answer.cookies().is_empty());
        }
    }
    let mut forged = at("app.example.com", "/deep");
    for name in ["x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "forwarded", "host", "x-original-host"] {
        forged = forged.with(name, "http");
    }
    assert_eq!(redirect_uri(&world.send(&forged)), "https://app.example.com/oauth2/callback");
}

#[test]
fn a_sign_in_ends_on_the_host_where_it_began_and_its_session_is_that_hosts_alone() {
    let mut world = hosts();
    for host in ["a.apps.example.com", "b.a.apps.example.com", "dev.example.com:8443"] {
        let answer = world.send(&at(host, "/deep?x=1"));
        let answer = world.follow(answer);
        assert_eq!(
            (answer.got(":authority"), answer.got(":path")),
            (vec![host.to_owned()], vec!["/deep?x=1".to_owned()])
        );
    }
    assert_eq!(world.get("/").status(), 302, "and so one is needed here");
    // A copy of the cookie opens nothing on another host, not even below.
    let session = world.session().unwrap().to_owned();
    let copy = |host: &str| Request::fetch("/api").on(host).with("cookie", &format!("{NAME}={session}"));
    assert!(world.send(&copy("A.apps.example.com:443")).passed());
    for host in ["b.a.apps.example.com", "app.example.com", "dev.example.com:8443"] {
        assert_eq!(world.send(&copy(host)).status(), 401, "{host}");
    }
}

// T-60, T-140
#[test]
fn a_callback_at_another_host_than_its_attempts_is_refused() {
    let mut world = hosts();
    let answer = world.send(&at("a.apps.example.com", "/deep"));
    let callback = world.authorize(&url(answer.location()));
    let attempt = world.jar().cookies()[0].clone();
    let elsewhere = Url::parse(&callback.as_str().replace("//a.apps", "//b.a.apps")).unwrap();
    let request = arrival(&elsewhere).with("cookie", &format!("{}={}", attempt.name, attempt.value));
    assert_eq!(world.send(&request).said(), (400, "attempt_absent".to_owned()));
    assert_eq!(world.provider.times("token"), 0);
    assert_eq!(world.go(&callback).location(), "https://a.apps.example.com/deep");
}

#[test]
fn one_callback_serves_every_host_and_leads_back_to_where_it_began() {
    for host in ["a.apps.example.com", "app.example.com", "auth.example.com"] {
        let mut world = shared();
        let answer = world.send(&at(host, "/deep?x=1&y=%2F"));
        assert_eq!(redirect_uri(&answer), AUTH);
        let callback = world.authorize(&url(answer.location()));
        let landed = world.go(&callback);
        assert_eq!(landed.location(), format!("https://{host}/deep?x=1&y=%2F"));
        assert!(landed.cookies().iter().all(|line| line.contains("Domain=example.com")), "{:?}", landed.cookies());
        assert!(world.follow(landed).passed() && world.attempts().is_empty());
        // One session for all of them.
        for other in ["auth.example.com", "a.apps.example.com", "app.example.com", "any.thing.apps.example.com"] {
            assert_eq!(world.send(&at(other, "/")).got("kubeflow-userid"), ["kim@example.com"], "{host} {other}");
        }
        // And it ends for all of them.
        world.send(&at(host, "/oauth2/sign-out"));
        assert!(world.session().is_none());
        assert_eq!(world.send(&at("a.apps.example.com", "/")).status(), 302);
    }
}

#[test]
fn a_shared_session_is_refreshed_at_one_host_and_given_to_all() {
    let mut world = shared();
    let answer = world.send(&at("a.apps.example.com", "/"));
    assert!(world.follow(answer).passed());
    world.advance(std::time::Duration::from_secs(4000));
    assert!(world.send(&at("app.example.com", "/")).passed());
    assert!(world.send(&at("a.apps.example.com", "/")).passed());
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn the_sign_in_endpoint_of_a_host_comes_back_to_that_host() {
    let mut world = shared();
    let answer = world.send(&at("a.apps.example.com", "/oauth2/sign-in?return_to=/x"));
    assert_eq!(redirect_uri(&answer), AUTH);
    assert_eq!(world.follow(answer).got(":authority"), ["a.apps.example.com"]);
    for elsewhere in ["https://app.example.com/x", "//app.example.com/x", "https://evil.example/"] {
        let answer = world.send(&at("a.apps.example.com", &format!("/oauth2/sign-in?return_to={elsewhere}")));
        assert_eq!(answer.location(), "https://a.apps.example.com/", "{elsewhere}");
    }
}

// T-140
#[test]
fn a_host_that_is_no_longer_ours_is_not_gone_to_and_neither_are_its_paths() {
    let mut world = shared();
    let answer = world.send(&at("a.apps.example.com", "/deep"));
    let callback = world.authorize(&url(answer.location()));
    let mut tree = shared_config();
    tree["publicUrls"].as_array_mut().unwrap().pop();
    world.restart(&tree);
    assert_eq!(world.go(&callback).location(), "https://auth.example.com/");
}

// T-10, T-140
#[test]
fn nobody_can_say_to_which_host_a_callback_leads() {
    let mut world = shared();
    let answer = world.send(&at("a.apps.example.com", "/deep"));
    let callback = world.authorize(&url(answer.location()));
    let good = world.jar().clone();
    for place in 0..good.clone().cookies()[0].value.len() {
        *world.jar() = good.clone();
        let cookie = &mut world.jar().cookies()[0];
        let mut bytes = cookie.value.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        cookie.value = String::from_utf8(bytes).unwrap();
        assert_eq!(world.go(&callback).said(), (400, "attempt_absent".to_owned()), "{place}");
    }
    *world.jar() = good;
    let query = callback.query().unwrap().to_owned();
    let forged = format!("/oauth2/callback?{query}&authority=evil.example&return_to=//evil.example&host=evil.example");
    let answer = world.send(&at("auth.example.com", &forged).with("x-forwarded-host", "evil.example"));
    assert_eq!(answer.location(), "https://a.apps.example.com/deep");
}

#[test]
fn a_sign_in_that_fails_at_the_common_callback_offers_no_path_of_another_host() {
    let mut world = shared();
    world.provider.response.claims.insert("nonce", Some(json!("another")));
    for (host, link) in [
        ("a.apps.example.com", "/oauth2/sign-in?return_to=%2F"),
        ("auth.example.com", "/oauth2/sign-in?return_to=%2Fdeep"),
    ] {
        let answer = world.send(&at(host, "/deep"));
        let answer = world.follow(answer);
        assert_eq!(answer.said(), (502, "id_token_nonce".to_owned()));
        assert_eq!(links(&answer), [link], "{host}");
        assert!(world.attempts().is_empty());
    }
}

#[test]
fn sign_ins_of_several_hosts_at_once_each_come_back_to_their_own() {
    let mut world = shared();
    let hosts = ["app.example.com", "a.apps.example.com", "auth.example.com", "b.apps.example.com"];
    let callbacks: Vec<(&str, Url)> = hosts
        .into_iter()
        .map(|host| {
            let answer = world.send(&at(host, &format!("/{host}")));
            (host, world.authorize(&url(answer.location())))
        })
        .collect();
    for (host, callback) in callbacks.iter().rev() {
        assert_eq!(world.go(callback).location(), format!("https://{host}/{host}"));
    }
}
