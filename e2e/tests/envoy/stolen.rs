//! Session cookies that are not what they were: each leads to a clean sign-in, and goes.

use e2e::{Builder, Person, World};

const SESSION: &str = "__Host-edge_oidc";
const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const OTHER_CLIENT: &str = "7o1t2h3e4r5c6l7i8e9n0t1b2c";

fn with_key(key: &'static str) -> Builder {
    World::builder().setup(move |setup| setup.env("SESSION_KEY", key))
}

/// T-65: never an error, never forwarded; the bad cookies are deleted in the answer, for a page and for a script.
async fn leads_to_a_clean_sign_in(person: &Person, what: &str) {
    let names: Vec<_> = person.cookies().into_iter().map(|cookie| cookie.name).collect();
    let kept = person.cookie_header();
    let script = person.get("/api").await;
    assert_eq!(script.status, 401, "{what}: {script}");
    script.expect_not_forwarded();
    assert_eq!(script.deleted_cookies(), names, "{what}");
    for pair in kept.split("; ") {
        let (name, value) = pair.split_once('=').unwrap();
        person.set_cookie(name, value);
    }
    let page = person.look("/again?x=1").await;
    assert_eq!(page.status, 302, "{what}: {page}");
    page.expect_not_forwarded();
    assert_eq!(page.deleted_cookies(), names, "{what}");
    assert_eq!(person.sign_in("ada", "/again?x=1").await.path, "/again?x=1");
}

fn changed(value: &str, at: usize) -> String {
    let mut bytes = value.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_tampered_or_cut_session_cookie_leads_to_a_clean_sign_in() {
    let mut world = World::builder().workers(2).start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let good = ada.cookie(SESSION).unwrap();
    let cut = |length: usize| good[..length].to_owned();
    let end = good.len() - 1;
    let bad = [
        changed(&good, 0),
        changed(&good, 1),
        changed(&good, end / 2),
        changed(&good, end - 1),
        cut(1),
        cut(40),
        cut(end),
    ];
    let odd = [
        String::new(),
        "A".repeat(4000),
        "%".repeat(50),
        format!("{good}{good}"),
        format!("{good}="),
        format!("\"{good}\""),
    ];
    for value in bad.iter().chain(&odd) {
        ada.forget_cookies();
        ada.set_cookie(SESSION, value);
        leads_to_a_clean_sign_in(&ada, value).await;
    }
    ada.forget_cookies();
    ada.set_cookie(&format!("{SESSION}_1"), &good);
    leads_to_a_clean_sign_in(&ada, "under the name of a second part").await;
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn parts_of_a_large_session_in_disorder_lead_to_a_clean_sign_in() {
    let groups = (0..90).map(|n| format!("group-{n:03}-{}", "x".repeat(100)));
    let mut world = World::builder().cognito(|options| options.users[0].groups = groups.collect()).start().await;
    let ada = world.person();
    let landing = ada.sign_in("ada", "/large").await;
    assert!(landing.upstream.header("kubeflow-groups").unwrap().len() > 9000);
    let parts = ada.cookies();
    assert!(parts.len() > 2, "{}", parts.len());
    let plant = |order: &[(usize, usize)]| {
        ada.forget_cookies();
        order.iter().for_each(|(name, value)| ada.set_cookie(&parts[*name].name, &parts[*value].value));
    };
    plant(&[(0, 0), (1, 2), (2, 1)]);
    leads_to_a_clean_sign_in(&ada, "swapped").await;
    plant(&[(0, 0), (1, 1)]);
    leads_to_a_clean_sign_in(&ada, "the last is missing").await;
    plant(&[(1, 1), (2, 2)]);
    leads_to_a_clean_sign_in(&ada, "the first is missing").await;
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_session_under_another_key_leads_to_a_clean_sign_in() {
    let (one, other) = (with_key(KEY).start().await, World::start().await);
    let (there, here) = (one.person(), other.person());
    there.sign_in("ada", "/").await;
    here.set_cookie(SESSION, there.cookie(SESSION).unwrap());
    leads_to_a_clean_sign_in(&here, "another key").await;
}

#[tokio::test]
async fn a_session_for_another_client_or_host_leads_to_a_clean_sign_in() {
    let other_client = with_key(KEY)
        .cognito(|options| options.clients[0].client_id = OTHER_CLIENT.to_owned())
        .plugin(|plugin| plugin["providers"][0]["clientId"] = OTHER_CLIENT.into());
    let other_host = with_key(KEY).plugin(|plugin| {
        plugin["publicUrls"] = serde_json::json!(["https://app.example.com", "https://b.example.com"]);
    });
    let (one, same) = (other_client.start().await, other_host.start().await);
    let (there, here) = (one.person(), same.person());
    there.sign_in("ada", "/").await;
    here.set_cookie(SESSION, there.cookie(SESSION).unwrap());
    leads_to_a_clean_sign_in(&here, "another client").await;
    // The session that `here` has now is app.example.com's.
    let elsewhere =
        here.ask(http::Method::GET, "/").header("host", "b.example.com").header("accept", "*/*").send().await;
    elsewhere.expect(401).expect_not_forwarded();
    assert!(elsewhere.deleted_cookies().contains(&SESSION.to_owned()), "{elsewhere}");
}
