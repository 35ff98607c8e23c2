//! Everybody who has signed in may read, admins may write.

use devkit::cognito::User;
use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use e2e::{Answer, CLIENT_ID, DOMAIN, Habits, PASSWORD, Person, WebSocket};
use http::Method;

use crate::rbac;

#[track_caller]
fn denied(answer: &Answer) {
    assert_eq!(answer.expect(403).expect_not_forwarded().text(), "RBAC: access denied");
}

async fn write(person: &Person) -> Answer {
    let forged = [("kubeflow-groups", "admins"), ("wasm.edge_oidc_groups", "admins"), ("x-edge-oidc-groups", "admins")];
    person.ask(Method::POST, "/x").headers(&forged).body("body").send().await
}

#[tokio::test]
async fn people_read_and_admins_write() {
    read_and_write(ENVOY_NEWEST).await;
}

#[tokio::test]
async fn people_read_and_admins_write_in_the_oldest_envoy() {
    read_and_write(ENVOY_OLDEST).await;
}

async fn read_and_write(version: &str) {
    let mut world = rbac().version(version).workers(2).start().await;
    for habits in [Habits::default().fresh_connections(), Habits::default().http2()] {
        let (ada, grace) = (world.person_with(habits), world.person_with(habits));
        ada.sign_in("ada", "/").await;
        grace.sign_in("grace", "/").await;
        for (person, user) in [(&ada, "ada@example.com"), (&grace, "grace@example.com")] {
            assert_eq!(person.get("/x").await.expect(200).forwarded().all("kubeflow-userid"), [user]);
            person.ask(Method::HEAD, "/x").send().await.expect(200);
        }
        assert_eq!(write(&ada).await.expect(200).forwarded().body_length, 4);
        denied(&write(&grace).await);
        denied(&grace.ask(Method::DELETE, "/x").send().await);
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn programs_are_decided_on_alike() {
    let mut world = rbac().start().await;
    let (program, control) = (world.person(), world.control());
    for (user, writes) in [("ada", true), ("grace", false)] {
        let token = control.mint_id_token(user, CLIENT_ID, None, |_| {});
        let ask = |method| program.ask(method, "/x").header("authorization", format!("Bearer {token}"));
        ask(Method::GET).send().await.expect(200).forwarded();
        let answer = ask(Method::PUT).body("body").send().await;
        match writes {
            true => assert_eq!(answer.expect(200).forwarded().body_length, 4),
            false => denied(&answer),
        }
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn strangers_are_answered_by_the_filter_and_public_paths_by_the_application() {
    let mut world = rbac().start().await;
    let stranger = world.person();
    assert_eq!(stranger.look("/x").await.expect(302).location().host_str(), Some(DOMAIN));
    assert_eq!(write(&stranger).await.expect(401).expect_not_forwarded().json()["error"], "login_required");
    for method in [Method::GET, Method::POST] {
        stranger.ask(method, "/healthz/live").send().await.expect(200).forwarded();
    }
    // A whole sign-in passes the filter's own paths, which RBAC never sees.
    let landing = stranger.sign_in("grace", "/deep?x=1").await;
    assert_eq!((landing.path.as_str(), stranger.get("/oauth2/whoami").await.status), ("/deep?x=1", 200));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_web_socket_begins_with_reading() {
    let mut world = rbac().start().await;
    let grace = world.person();
    grace.sign_in("grace", "/").await;
    let cookie = grace.cookie_header();
    let mut socket =
        WebSocket::open(&world.net, "/ws", &[("cookie", &cookie)]).await.unwrap_or_else(|_| panic!("no WebSocket"));
    assert!(socket.receive().await.contains("grace@example.com"), "the application says first what it was asked");
    socket.send("hello").await;
    assert_eq!(socket.receive().await, "hello");
    world.assert_all_workers_alive().await;
}

// T-44: nobody gets into a group by the name of another.
#[tokio::test]
async fn a_group_with_a_comma_in_its_name_is_one_group() {
    let names = [("mallory", "x,admins"), ("trudy", "admins,x"), ("eve", "x%2Cadmins"), ("oscar", " admins")];
    let users = names.map(|(name, group)| User::new(name, PASSWORD).with_groups([group]));
    let mut world = rbac().cognito(|options| options.users.extend(users)).start().await;
    for (name, _) in names {
        let person = world.person();
        person.sign_in(name, "/").await;
        person.get("/x").await.expect(200).forwarded();
        denied(&write(&person).await);
    }
    world.assert_all_workers_alive().await;
}
