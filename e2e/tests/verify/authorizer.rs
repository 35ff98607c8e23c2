//! What the external authorizer is asked, about whom, and what its word is worth.

use devkit::authorizer::{Authorizer, Verdict};
use e2e::{CLIENT_ID, Habits};
use http::Method;
use serde_json::{Value, json};

use crate::authorized;

/// The only question since the last look.
fn question(authorizer: &Authorizer) -> devkit::authorizer::Question {
    let questions = authorizer.questions();
    authorizer.clear();
    let [question] = &questions[..] else { panic!("one question: {questions:?}") };
    question.clone()
}

// The document is oidc-authservice's, so that what runs there can be asked here.
#[tokio::test]
async fn it_is_asked_about_every_request_of_somebody_who_is_known_and_told_who_and_what() {
    let (builder, authorizer) = authorized().await;
    let mut world = builder.start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    authorizer.clear();
    let answer = ada.ask(Method::POST, "/x/y%20z?secret=1").header("x-more", "1").body("a body").send().await;
    assert_eq!(answer.expect(200).forwarded().header("kubeflow-userid"), Some("ada@example.com"));
    assert_eq!(answer.forwarded().body_length, 6, "it waited with its body");
    let mut asked = question(&authorizer);
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/check?from=edge"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let stamp = asked.json.as_object_mut().unwrap().remove("timestamp").unwrap();
    assert!(stamp.as_str().unwrap().ends_with('Z') && stamp.as_str().unwrap().len() == 20, "{stamp}");
    let expected = json!({
        "user": {
            "name": "ada@example.com", "id": "", "groups": ["admins", "data-science"],
            "extra": { "auth-method": ["cookie"], "provider": ["default"] }, "claims": null,
        },
        "request": { "host": "app.example.com", "port": 443, "path": "/x/y%20z", "method": "POST" },
    });
    assert_eq!(asked.json, expected);
    for name in ["cookie", "authorization", "x-more"] {
        assert_eq!(asked.header(name), None, "{name}");
    }
    let token = world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    ada.ask(Method::GET, "/x").header("authorization", format!("Bearer {token}")).send().await.expect(200);
    let asked = question(&authorizer);
    assert_eq!(asked.json["user"]["extra"]["auth-method"], json!(["header"]));
    assert_eq!(
        (&asked.json["user"]["name"], &asked.json["user"]["claims"]["email"]),
        (&json!("grace@example.com"), &json!("grace@example.com"))
    );
    assert!(!asked.text.contains(&token), "no credential leaves the gateway");
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn its_no_is_a_403_that_says_nothing_of_its_own_words() {
    let (builder, authorizer) = authorized().await;
    let mut world = builder.start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let cookies = ada.cookie_header();
    for verdict in [Verdict::deny("because <b>reasons</b>"), Verdict::new(401, "who?")] {
        authorizer.set_verdict(verdict);
        for habits in [Habits::default(), Habits::default().http2()] {
            let ada = ada.with(habits);
            let answer = ada.get("/x").await;
            answer.expect(403).expect_not_forwarded();
            assert_eq!(answer.json()["error"], "authorizer_denied");
            let page = ada.look("/x").await;
            page.expect(403).expect_not_forwarded();
            for answer in [&answer, &page] {
                let text = answer.text();
                assert!(!text.contains("reasons") && !text.contains("who?"), "{answer}");
                assert!(answer.all("www-authenticate").is_empty() && answer.all("location").is_empty(), "{answer}");
            }
            ada.ask(Method::GET, "/oauth2/verify/x").send().await.expect(403).expect_not_forwarded();
        }
    }
    assert_eq!(ada.cookie_header(), cookies, "the session stays");
    authorizer.set_verdict(Verdict::allow());
    ada.get("/x").await.expect(200).forwarded();
    ada.ask(Method::GET, "/oauth2/verify/x").send().await.expect(204).expect_not_forwarded();
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn it_is_not_asked_where_nobody_is_known_or_the_filter_has_refused_already() {
    let (builder, authorizer) = authorized().await;
    let mut world = builder.start().await;
    let (stranger, grace) = (world.person(), world.person());
    grace.sign_in("grace", "/").await;
    authorizer.clear();
    authorizer.set_verdict(Verdict::deny(""));
    for (path, status) in [("/x", 401), ("/healthz", 200), ("/open/x", 200), ("/never", 403), ("/free/x", 401)] {
        stranger.get(path).await.expect(status);
    }
    for (path, status) in
        [("/free/x", 200), ("/healthz", 200), ("/admin/x", 403), ("/never", 403), ("/oauth2/whoami", 200)]
    {
        grace.get(path).await.expect(status);
    }
    grace.ask(Method::GET, "/x").header("authorization", "Bearer x").send().await.expect(401);
    assert_eq!(authorizer.asked(), 0);
    grace.get("/open/x").await.expect(403).expect_not_forwarded();
    assert_eq!(question(&authorizer).json["request"]["path"], Value::from("/open/x"), "there she is known");
    authorizer.set_verdict(Verdict::allow());
    world.assert_all_workers_alive().await;
}
