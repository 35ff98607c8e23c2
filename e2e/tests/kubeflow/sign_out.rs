//! Signing out, as three generations of the central dashboard ask for it, and scripts.

use e2e::{Answer, Person};
use http::Method;

use crate::world::{HOST, Kubeflow, SCRIPT, Settings, expect_identity};

const LOGOUT: &str = "/authservice/logout";

/// That a session's cookie is of no use, wherever it is brought.
async fn expect_over(kubeflow: &Kubeflow, session: &str) {
    let in_cookie = kubeflow.with("/x", "cookie", &format!("authservice_session={session}")).await;
    in_cookie.expect(401).expect_not_forwarded();
    let in_header = kubeflow.with("/x", "authorization", &format!("Bearer {session}")).await;
    in_header.expect(401).expect_not_forwarded();
    assert!(in_header.all("location").is_empty(), "{in_header}");
}

/// authservice's own answer.
#[track_caller]
fn expect_authservices_answer(answer: &Answer) {
    answer.expect(201).expect_not_forwarded();
    assert_eq!(answer.header("content-type"), "application/json");
    let landing = answer.json()["afterLogoutURL"].as_str().map(str::to_owned);
    let landing = answer.url.join(&landing.expect("a text")).expect("a URL");
    assert_eq!(landing.as_str(), format!("https://{HOST}/"), "AFTER_LOGOUT_URL of stock Kubeflow");
    assert_eq!(answer.json().as_object().expect("an object").len(), 1, "{answer}");
}

/// What the dashboard of 1.7 to 1.9.1 sends: it looks for the cookie in vain, as scripts may not read it.
async fn xhr(person: &Person) -> Answer {
    let ask = person.ask(Method::POST, LOGOUT).headers(&SCRIPT).header("origin", format!("https://{HOST}"));
    ask.header("authorization", "Bearer").header("content-length", "0").send().await
}

/// What that of 1.9.2 and later does, and that of 1.6 and before.
async fn link(person: &Person, path: &str) -> Answer {
    person.ask(Method::GET, path).navigation().header("sec-fetch-site", "same-origin").send().await
}

// M-7
#[tokio::test]
async fn the_dashboard_of_1_7_posts_an_empty_bearer_and_goes_where_it_is_told() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    let (ada, grace) = (kubeflow.signed_in("ada").await, kubeflow.signed_in("grace").await);
    let session = kubeflow.session(&ada);
    let answer = xhr(&ada).await;
    expect_authservices_answer(&answer);
    assert!(answer.deleted_cookies().contains(&"authservice_session".to_owned()), "{answer}");
    assert!(ada.cookie("authservice_session").is_none());
    expect_over(&kubeflow, &session).await;
    // Whoever clicks twice is told the same.
    expect_authservices_answer(&xhr(&ada).await);
    expect_identity(&grace.get("/").await, "grace@example.com", "data-science");
    kubeflow.assert_alive().await;
}

// M-7, M-9
#[tokio::test]
async fn a_script_posts_the_text_of_the_cookie() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    for (value, dialect) in [("Bearer ", "as the dashboard would"), ("bearer ", "in lower case"), ("", "as it is")] {
        let ada = kubeflow.signed_in("ada").await;
        let session = kubeflow.session(&ada);
        let script = kubeflow.person();
        let ask = script.ask(Method::POST, LOGOUT).header("authorization", format!("{value}{session}"));
        let answer = ask.send().await;
        expect_authservices_answer(&answer);
        expect_over(&kubeflow, &session).await;
        assert_eq!(ada.get("/x").await.status, 401, "{dialect}");
    }
    kubeflow.assert_alive().await;
}

#[tokio::test]
async fn the_dashboards_of_1_10_and_of_1_6_follow_a_link() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    let ada = kubeflow.signed_in("ada").await;
    let session = kubeflow.session(&ada);
    let answer = link(&ada, LOGOUT).await;
    assert_eq!(answer.expect(302).location().as_str(), format!("https://{HOST}/"));
    expect_over(&kubeflow, &session).await;
    kubeflow.assert_alive().await;
    let files = ["kubeflow-params-v1.3.0.env", "kubeflow-secret-params-v1.8.1.env"];
    let Some(mut old) = Settings::published(&files).callback("/login/oidc").start().await else { return };
    let ada = old.signed_in("ada").await;
    let session = old.session(&ada);
    let answer = link(&ada, "/logout").await;
    assert_eq!((answer.expect(302).location().host_str(), answer.location().path()), (Some(HOST), "/"));
    expect_over(&old, &session).await;
    old.assert_alive().await;
}

// T-72
#[tokio::test]
async fn another_site_signs_nobody_out() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    let ada = kubeflow.signed_in("ada").await;
    for site in ["cross-site", "same-site"] {
        let ask = ada.ask(Method::POST, LOGOUT).headers(&SCRIPT).header("authorization", "Bearer");
        let ask = ask.header("sec-fetch-site", site).header("origin", "https://elsewhere.example.com");
        let answer = ask.send().await;
        assert!(answer.status >= 400 && answer.deleted_cookies().is_empty(), "{site}: {answer}");
        let answer = ada.ask(Method::GET, LOGOUT).navigation().header("sec-fetch-site", "cross-site").send().await;
        assert!(answer.status != 302 && answer.deleted_cookies().is_empty(), "{site}: {answer}");
    }
    expect_identity(&ada.get("/").await, "ada@example.com", "a,data-science");
    kubeflow.assert_alive().await;
}
