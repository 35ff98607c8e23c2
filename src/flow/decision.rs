//! What becomes of a request: the only things that the core ever asks of the host.

use crate::{
    http::{header_edits::HeaderEdits, reply::Reply},
    session::Session,
};

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

/// How a request goes on.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// The edits to its headers.
    pub request: HeaderEdits,
    /// What filters after us and the access log may read of who sent it.
    pub properties: Vec<(&'static str, Vec<u8>)>,
    /// What its response brings to the browser: an upstream's, an upgrade's, or an answer that the proxy makes in the
    /// upstream's place. [`Engine::handle_response`](super::Engine::handle_response) makes edits of it then.
    pub response: Option<Gift>,
}

/// How a request is about to go on, as long as that is not settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Going {
    /// What is taken off it.
    pub edits: HeaderEdits,
    /// The fields that are set, each the only one of its name.
    pub fields: Vec<(String, Vec<u8>)>,
    /// See [`Forward::properties`].
    pub properties: Vec<(&'static str, Vec<u8>)>,
    /// See [`Forward::response`].
    pub response: Option<Gift>,
}

impl Going {
    /// With nothing set.
    pub fn plain(edits: HeaderEdits) -> Self {
        Self { edits, ..Self::default() }
    }

    /// What is left of it for the browser where the request does not go on.
    pub fn into_cookies(self) -> Vec<String> {
        self.response.map(|gift| gift.cookies).unwrap_or_default()
    }

    /// How many bytes it holds.
    pub fn size(&self) -> usize {
        let fields = self.fields.iter().map(|(name, value)| name.len().saturating_add(value.len()));
        let cookies = self.response.iter().flat_map(|gift| &gift.cookies).map(String::len);
        fields.chain(cookies).fold(self.edits.size(), usize::saturating_add)
    }
}

/// A session's cookies on their way to the browser. A response may come long after its request: whether they are still worth
/// giving is judged then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gift {
    /// The Set-Cookie values.
    pub cookies: Vec<String>,
    /// The session, without its tokens.
    pub session: Box<Session>,
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
