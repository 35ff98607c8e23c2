//! The external authorizer that authservice can be told to ask: it takes down what it is asked and answers as a test says.
//!
//! It decides nothing: 200 allows, whatever the body is; 401 and 403 deny; everything else is a fault. Plain HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::cognito::{Fault, FaultRule, Server, bind};

const BODY_LIMIT: usize = 1 << 20;
const REMEMBERED: usize = 1000;

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The method.
    pub method: String,
    /// The path, with the query where there is one.
    pub target: String,
    /// Names (in lower case) and values.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; null where it is none.
    pub json: Value,
}

/// An answer that is no fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The body: the reason of a denial.
    pub body: String,
}

/// A running authorizer; it stops when this is dropped.
#[derive(Debug)]
pub struct Authorizer {
    desk: Arc<Mutex<Desk>>,
    server: Server,
}

#[derive(Debug)]
struct Desk {
    verdict: Verdict,
    fault: Option<FaultRule>,
    questions: Vec<Question>,
    asked: u64,
}

impl Verdict {
    /// This status, with a reason in plain text.
    pub fn new(status: u16, reason: &str) -> Verdict {
        Verdict { status, content_type: "text/plain".to_owned(), body: reason.to_owned() }
    }

    /// 200 without a word.
    pub fn allow() -> Verdict {
        Verdict::new(200, "")
    }

    /// 403 with this reason.
    pub fn deny(reason: &str) -> Verdict {
        Verdict::new(403, reason)
    }
}

impl Authorizer {
    /// Starts on a free port of 127.0.0.1; it allows everything until told otherwise.
    pub async fn start() -> Result<Authorizer> {
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let desk = Desk { verdict: Verdict::allow(), fault: None, questions: Vec::new(), asked: 0 };
        let desk = Arc::new(Mutex::new(desk));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        Ok(Authorizer { desk, server: Server::start(listener, None, router)? })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// What it answers from now on, faults aside.
    pub fn set_verdict(&self, verdict: Verdict) {
        held(&self.desk).verdict = verdict;
    }

    /// Answers with `fault`: `times` times, or until [`Authorizer::clear_fault`].
    pub fn set_fault(&self, fault: Fault, times: impl Into<Option<u32>>) {
        held(&self.desk).fault = Some(FaultRule { fault, remaining: times.into() });
    }

    /// Answers by its verdict again.
    pub fn clear_fault(&self) {
        held(&self.desk).fault = None;
    }

    /// How often it was asked since the start or the last `clear`.
    pub fn asked(&self) -> u64 {
        held(&self.desk).asked
    }

    /// The first thousand questions, oldest first.
    pub fn questions(&self) -> Vec<Question> {
        held(&self.desk).questions.clone()
    }

    /// Forgets all questions.
    pub fn clear(&self) {
        let mut desk = held(&self.desk);
        desk.questions.clear();
        desk.asked = 0;
    }
}

impl Question {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

async fn answer(State(desk): State<Arc<Mutex<Desk>>>, request: Request) -> Response {
    let question = question(request).await;
    let (verdict, fault) = {
        let mut desk = held(&desk);
        desk.asked += 1;
        if desk.questions.len() < REMEMBERED {
            desk.questions.push(question);
        }
        let (fault, left) = desk.fault.take().map(FaultRule::take).unwrap_or_default();
        desk.fault = left;
        (desk.verdict.clone(), fault)
    };
    let answer = async { verdict.into_response() };
    match fault {
        Some(fault) => fault.apply(answer).await,
        None => answer.await,
    }
}

async fn question(request: Request) -> Question {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Question {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
        json: serde_json::from_slice(&body).unwrap_or_default(),
        text: text(&body),
    }
}

impl IntoResponse for Verdict {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_str(&self.content_type).unwrap_or(HeaderValue::from_static("text/plain"));
        (status, [(header::CONTENT_TYPE, kind)], self.body).into_response()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
