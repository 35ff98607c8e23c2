//! That the external authorizer takes down what it is asked and answers as it is told.

use std::time::{Duration, Instant};

use devkit::authorizer::{Authorizer, Verdict};
use devkit::cognito::Fault;
use devkit::tls;
use reqwest::Response;
use serde_json::{Value, json};

async fn start() -> Authorizer {
    tls::use_ring();
    Authorizer::start().await.unwrap()
}

async fn ask(authorizer: &Authorizer, body: impl Into<reqwest::Body>) -> reqwest::Result<Response> {
    let request = reqwest::Client::new().post(format!("http://{}/check?a=b", authorizer.addr()));
    request.header("content-type", "application/json").body(body).timeout(Duration::from_millis(500)).send().await
}

#[tokio::test]
async fn it_allows_and_takes_the_question_down() {
    let authorizer = start().await;
    let question = json!({ "user": { "name": "kim@example.com" }, "request": { "path": "/p" } });
    assert_eq!(ask(&authorizer, question.to_string()).await.unwrap().status(), 200);
    assert_eq!(ask(&authorizer, "{").await.unwrap().status(), 200);
    let [first, second] = &authorizer.questions()[..] else { panic!("two questions") };
    assert_eq!((first.method.as_str(), first.target.as_str(), &first.json), ("POST", "/check?a=b", &question));
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!((second.text.as_str(), &second.json), ("{", &Value::Null));
    assert_eq!(authorizer.asked(), 2);
    authorizer.clear();
    assert_eq!((authorizer.asked(), authorizer.questions().len()), (0, 0));
}

#[tokio::test]
async fn it_answers_by_its_verdict() {
    let authorizer = start().await;
    for (verdict, status, body) in [
        (Verdict::deny("not <you>"), 403, "not <you>"),
        (Verdict::new(401, "who?"), 401, "who?"),
        (Verdict::new(500, ""), 500, ""),
        (
            Verdict { content_type: "application/json".to_owned(), ..Verdict::new(200, "\u{1}garbage") },
            200,
            "\u{1}garbage",
        ),
        (Verdict::allow(), 200, ""),
    ] {
        authorizer.set_verdict(verdict);
        let answer = ask(&authorizer, "{}").await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (status, body));
    }
}

#[tokio::test]
async fn it_fails_as_often_as_it_is_told() {
    let authorizer = start().await;
    authorizer.set_fault(Fault::Slow { milliseconds: 100 }, 1);
    let begin = Instant::now();
    assert_eq!(ask(&authorizer, "{}").await.unwrap().status(), 200);
    assert!(begin.elapsed() >= Duration::from_millis(100));
    authorizer.set_fault(Fault::HangUp, 1);
    assert!(!ask(&authorizer, "{}").await.unwrap_err().is_timeout());
    authorizer.set_fault(Fault::NoAnswer, None);
    for _ in 0..2 {
        assert!(ask(&authorizer, "{}").await.unwrap_err().is_timeout());
    }
    authorizer.clear_fault();
    assert_eq!(ask(&authorizer, "{}").await.unwrap().status(), 200);
    assert_eq!(authorizer.asked(), 5);
}
