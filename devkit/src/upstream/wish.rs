//! What a request may ask its answer to be like: `?answer_status=304&answer_header=cache-control:public&answer_after=500`,
//! milliseconds.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

/// How long the query asks to be kept waiting, ten seconds at most.
pub fn pause(query: &str) -> Duration {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let asked = pairs.find(|(name, _)| name == "answer_after").and_then(|(_, value)| value.parse().ok());
    Duration::from_millis(asked.unwrap_or(0).min(10_000))
}

/// The answer with the status and the headers that the query asks for. What is no status and no header is not heard.
pub fn grant(query: &str, mut answer: Response) -> Response {
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "answer_status" => {
                let Ok(status) = StatusCode::from_bytes(value.as_bytes()) else { continue };
                *answer.status_mut() = status;
                if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
                    *answer.body_mut() = Body::empty();
                    answer.headers_mut().remove("content-length");
                }
            }
            "answer_header" => {
                let Some((name, value)) = value.split_once(':') else { continue };
                if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                    answer.headers_mut().append(name, value);
                }
            }
            _ => {}
        }
    }
    answer
}
