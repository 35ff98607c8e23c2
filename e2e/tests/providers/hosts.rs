//! Hosts by wildcard, each with its own sign-in; and one session for a whole domain, by one callback (T-140, T-141).

use e2e::{Builder, DOMAIN, Habits, Person, World};
use http::Method;
use serde_json::json;

use crate::{SHOP, two_pools, user};

const AUTH: &str = "auth.example.com";
const HOSTS: [&str; 4] = [AUTH, "one.apps.example.com", "two.apps.example.com", "deep.two.apps.example.com"];

/// A gateway of many hosts, all of which the pool sends people back to.
fn hosts() -> Builder {
    let callbacks = HOSTS.map(|host| format!("https://{host}/oauth2/callback"));
    World::builder().hosts(&HOSTS).cognito(move |options| options.clients[0].callback_urls.extend(callbacks)).plugin(
        |plugin| {
            plugin["publicUrls"] =
                json!(["https://app.example.com", "https://auth.example.com", "https://*.apps.example.com"]);
        },
    )
}

/// The same with one session for all of example.com.
fn shared() -> Builder {
    hosts()
        .cognito(|options| options.clients[0].callback_urls = vec![format!("https://{AUTH}/oauth2/callback")])
        .plugin(|plugin| {
            plugin["callbackUrl"] = json!(format!("https://{AUTH}"));
            plugin["session"]["cookie"] = json!({ "domain": "example.com" });
        })
}

/// Opens a page of a host and signs in; answers where the browser ends.
async fn sign_in(person: &Person, user: &str, target: &str) -> e2e::Answer {
    let authorize = person.look(target).await.expect(302).location();
    person.navigate(person.approve(user, &authorize).await.as_str()).await
}

#[tokio::test]
async fn each_host_below_the_wildcard_has_its_own_sign_in_and_its_own_cookies() {
    let mut world = hosts().workers(2).start().await;
    let ada = world.person();
    for (host, who) in [(HOSTS[1], "ada"), (HOSTS[2], "grace"), (HOSTS[3], "ada")] {
        let landing = sign_in(&ada, who, &format!("https://{host}/x?y=1")).await;
        assert_eq!((landing.url.host_str(), landing.url.path()), (Some(host), "/x"));
        assert_eq!(user(&landing), [format!("{who}@example.com")]);
        ada.forget_cookies_of(DOMAIN);
    }
    assert_eq!(user(&ada.get(&format!("https://{}/api", HOSTS[2])).await), ["grace@example.com"], "each keeps its own");
    assert_eq!(user(&ada.get(&format!("https://{}/api", HOSTS[1])).await), ["ada@example.com"]);
    ada.get("/api").await.expect(401).expect_not_forwarded();
    world.assert_all_workers_alive().await;
}

// T-140, T-141
#[tokio::test]
async fn no_other_host_is_signed_in_at_or_sent_anywhere() {
    let mut world = hosts().start().await;
    let ada = world.person();
    sign_in(&ada, "ada", "https://one.apps.example.com/").await;
    for host in [
        "apps.example.com",
        "xapps.example.com",
        "one.apps.example.com.evil.example",
        "one.apps.example.com:8443",
        "evil.example",
        "one.apps.example.com.",
    ] {
        for path in ["/x", "/oauth2/sign-in", "/oauth2/callback?code=x&state=y"] {
            let ask =
                ada.ask(Method::GET, &format!("https://one.apps.example.com{path}")).navigation().header("host", host);
            let answer = ask.send().await;
            answer.expect_not_forwarded();
            assert!(matches!(answer.status, 400 | 401 | 404), "{host}: {answer}");
            assert!(answer.all("location").is_empty() && answer.all("set-cookie").is_empty(), "{host}: {answer}");
        }
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn one_sign_in_by_one_callback_is_a_session_on_every_host_of_the_domain() {
    let world = shared().workers(2).start().await;
    for habits in [Habits::default().fresh_connections(), Habits::default().http2()] {
        let ada = world.person_with(habits);
        let authorize = ada.look("https://deep.two.apps.example.com/x?y=%2F").await.expect(302).location();
        let redirect = authorize.query_pairs().find(|(name, _)| name == "redirect_uri").expect("one").1.into_owned();
        assert_eq!(redirect, format!("https://{AUTH}/oauth2/callback"));
        let landing = ada.navigate(ada.approve("ada", &authorize).await.as_str()).await;
        assert_eq!(landing.url.as_str(), "https://deep.two.apps.example.com/x?y=%2F");
        assert_eq!(user(&landing), ["ada@example.com"]);
        for host in HOSTS.into_iter().chain([e2e::APP]) {
            assert_eq!(user(&ada.get(&format!("https://{host}/api")).await), ["ada@example.com"], "{host}");
        }
        let names: Vec<_> = ada.cookies().into_iter().map(|cookie| cookie.name).collect();
        assert!(names.iter().all(|name| !name.starts_with("__Host-")), "{names:?}");
        let out = ada.look("https://one.apps.example.com/oauth2/sign-out").await;
        assert_eq!(out.expect(302).location().path(), "/logout");
        for host in HOSTS.into_iter().chain([e2e::APP]) {
            ada.get(&format!("https://{host}/api")).await.expect(401).expect_not_forwarded();
        }
    }
    assert_eq!(world.control().counters().token_grant("authorization_code"), 2);
}

#[tokio::test]
async fn sign_ins_begun_on_several_hosts_at_once_all_end_where_they_began() {
    let world = shared().start().await;
    let ada = world.person();
    let mut callbacks = Vec::new();
    for host in [HOSTS[1], HOSTS[2], e2e::APP] {
        let authorize = ada.look(&format!("https://{host}/from/{host}")).await.expect(302).location();
        callbacks.push((host, ada.approve("ada", &authorize).await));
    }
    for (host, callback) in callbacks.iter().rev() {
        assert_eq!(callback.host_str(), Some(AUTH));
        let landing = ada.navigate(callback.as_str()).await;
        assert_eq!((landing.url.host_str(), landing.url.path()), (Some(*host), &*format!("/from/{host}")));
        assert_eq!(user(&landing), ["ada@example.com"]);
    }
    // A callback that somebody else was given opens nothing.
    let mallory = world.person();
    mallory.look(callbacks[0].1.as_str()).await.expect(400);
}

#[tokio::test]
async fn each_pool_sends_people_back_to_its_own_address_at_the_host_of_all_sign_ins() {
    let (builder, _pool) = two_pools(|options| {
        options.clients[0].callback_urls = vec![format!("https://{AUTH}/oauth2/callback/partners")];
    })
    .await;
    let builder = builder.hosts(&HOSTS).cognito(|options| {
        options.clients[0].callback_urls = vec![format!("https://{AUTH}/oauth2/callback")];
    });
    let shared = builder.plugin(|plugin| {
        let names = ["app.example.com", AUTH, SHOP, "*.apps.example.com"];
        plugin["publicUrls"] = json!(names.map(|name| format!("https://{name}")));
        plugin["callbackUrl"] = json!(format!("https://{AUTH}"));
        plugin["session"]["cookie"] = json!({ "domain": "example.com" });
    });
    let world = shared.workers(2).start().await;
    let somebody = world.person_with(Habits::default().fresh_connections());
    for (path, who, email, callback) in [
        ("/deal/x", "quinn", "quinn@partner.example", "/oauth2/callback/partners"),
        ("/team/x", "ada", "ada@example.com", "/oauth2/callback"),
    ] {
        let target = format!("https://{}{path}?y=%2F", HOSTS[3]);
        let authorize = somebody.look(&target).await.expect(302).location();
        let back = somebody.approve(who, &authorize).await;
        assert_eq!((back.host_str(), back.path()), (Some(AUTH), callback));
        let landing = somebody.navigate(back.as_str()).await;
        assert_eq!((landing.url.as_str(), user(&landing)), (target.as_str(), vec![email]));
        for host in HOSTS.into_iter().chain([e2e::APP]) {
            assert_eq!(user(&somebody.get(&format!("https://{host}{path}")).await), [email], "{host}");
        }
    }
}
