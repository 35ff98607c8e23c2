//! What becomes of a request: the only things that the core ever asks of the host.

use crate::http::{header_edits::HeaderEdits, reply::Reply};

/// A request as the host numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// A provider call as the core numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// What becomes of a request.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on to the application after these edits.
    Forward(Forward),
    /// It stays paused until its whole body is there, which [`Engine::handle_body`](super::Engine::handle_body) wants.
    ReadBody,
    /// We answer; the application never sees it.
    Reply(Reply),
    /// It stays paused; its decision comes later.
    Wait,
}

/// The edits with which a request goes on, and those with which its response comes back: an upstream's, an upgrade's, or
/// an answer that the proxy makes in the upstream's place.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// To the request's headers.
    pub request: HeaderEdits,
    /// To the response's headers.
    pub response: HeaderEdits,
}

impl Decision {
    /// Gives `cookies` with an answer of ours.
    pub fn with_cookies(self, cookies: Vec<String>) -> Self {
        match self {
            Self::Reply(reply) => Self::Reply(reply.with_cookies(cookies)),
            other => other,
        }
    }
}

/// How often the host should wake the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A call waits to be sent: as soon as possible.
    Now,
    /// Requests wait for an answer or a deadline.
    Waiting,
    /// Nothing but the age of keys to watch.
    Idle,
}
