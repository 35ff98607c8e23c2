//! What the provider says of a person anew: it holds for the very request that waited for it.

use devkit::cognito::User;
use e2e::{Answer, Person};

use crate::support::{SESSION, expect_renewed, expect_unchanged, expired, refreshes, strict, with_session};

fn groups(answer: &Answer) -> Vec<&str> {
    answer.forwarded().all("kubeflow-groups")
}

fn names(person: &Person) -> Vec<String> {
    person.cookies().into_iter().map(|cookie| cookie.name).collect()
}

/// Enough for a session of several cookies.
fn many() -> Vec<String> {
    (0..90).map(|n| format!("group-{n:03}-{}", "x".repeat(100))).collect()
}

#[tokio::test]
async fn groups_change_with_the_refresh_and_a_session_grows_and_shrinks_with_them() {
    let mut world = strict().workers(2).start().await;
    let [growing] = expired(&world).await;
    assert!(world.control().edit_user("ada", |ada| ada.groups = many()));
    let grown = growing.get("/who").await;
    expect_renewed(&grown);
    assert_eq!(groups(&grown), [many().join(",")]);
    assert!(names(&growing).len() > 2 && names(&growing)[..2] == [SESSION, &format!("{SESSION}_1")], "{grown}");
    expect_unchanged(&growing.get("/after").await);
    let [shrinking] = expired(&world).await;
    assert!(names(&shrinking).len() > 2);
    assert!(world.control().edit_user("ada", |ada| ada.groups = vec!["few".to_owned()]));
    let shrunk = shrinking.get("/who").await;
    expect_renewed(&shrunk);
    assert_eq!((groups(&shrunk), names(&shrinking)), (vec!["few"], vec![SESSION.to_owned()]));
    let after = shrinking.get("/after").await;
    expect_unchanged(&after);
    assert_eq!(groups(&after), ["few"]);
    assert_eq!(refreshes(&world), (2, 2));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn whoever_is_no_longer_known_to_the_provider_is_out_with_the_refresh() {
    let mut world = strict().workers(2).start().await;
    let grace = with_session(&world.net, "grace").await;
    let [gone] = expired(&world).await;
    let mut ada: Option<User> = None;
    world.control().edit_users(|users| {
        let at = users.iter().position(|user| user.username == "ada").unwrap();
        ada = Some(users.remove(at));
    });
    gone.get("/who").await.expect(401).expect_not_forwarded();
    assert_eq!(names(&gone), Vec::<String>::new());
    grace.get("/who").await.expect(200);
    assert_eq!(refreshes(&world), (1, 0));
    world.assert_all_workers_alive().await;
}
