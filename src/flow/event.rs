//! What the core reports about itself: for metrics and for the log, never with a secret or a person in it.

use std::time::Duration;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request was decided.
    Decided(Outcome),
    /// A line for the log.
    Log(LogLine),
    /// A provider call ended.
    ProviderCall {
        /// Which endpoint.
        endpoint: Endpoint,
        /// What came of it.
        outcome: CallResult,
        /// How long it took.
        elapsed: Duration,
    },
    /// A logout token of the provider's was taken or refused.
    LogoutToken {
        /// Whether it was taken.
        accepted: bool,
    },
    /// A session's tokens were renewed, or not.
    Refresh(Refresh),
    /// A session cookie was made; so many bytes in all its chunks.
    SessionWritten(usize),
    /// A sign-in ended well.
    SignInCompleted,
    /// A sign-in ended with this code.
    SignInFailed(&'static str),
    /// A sign-in began.
    SignInStarted,
}

/// How a request was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A public path.
    Allowed,
    /// Nobody is known, and the rule lets it pass.
    Anonymous,
    /// The request of somebody who is known, a person or a program, went on.
    Authenticated,
    /// A rule, a requirement or the identity refused it.
    Denied,
    /// Answered by one of our own endpoints.
    Endpoint,
    /// A malformed or ambiguous request.
    Malformed,
    /// A CORS preflight went on.
    Preflight,
    /// Redirected to the provider.
    Redirected,
    /// Not signed in, and told so.
    Unauthenticated,
    /// The provider or we could not answer in time.
    Unavailable,
}

/// How the refresh of a session went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refresh {
    /// A request got the session that another request, or another worker, had renewed.
    Adopted,
    /// It could not be made known to the other workers: their table was full, or not there.
    Alone,
    /// The provider gave no answer.
    Failed,
    /// The provider refused: sign in again.
    Refused,
    /// The provider renewed it.
    Renewed,
}

impl Refresh {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Adopted, Self::Alone, Self::Failed, Self::Refused, Self::Renewed];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Alone => "alone",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Renewed => "renewed",
        }
    }
}

/// A provider's endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// The external authorizer.
    Authorizer,
    /// `introspection_endpoint`.
    Introspection,
    /// `jwks_uri`.
    Keys,
    /// The discovery document.
    Metadata,
    /// `revocation_endpoint`.
    Revocation,
    /// `token_endpoint`.
    Token,
    /// `userinfo_endpoint`.
    UserInfo,
}

/// How a provider call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallResult {
    /// The answer was judged and refused.
    Invalid,
    /// The answer was used.
    Ok,
    /// The provider said no.
    Refused,
    /// No answer, or a failure's.
    Unavailable,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: log::Level,
    /// `x-request-id`, or `-`.
    pub request_id: String,
    /// The stable code.
    pub code: &'static str,
    /// What happened and what to do; no secret, nothing a client wrote.
    pub text: String,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Authorizer,
        Self::Introspection,
        Self::Keys,
        Self::Metadata,
        Self::Revocation,
        Self::Token,
        Self::UserInfo,
    ];

    /// The name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorizer => "authorizer",
            Self::Introspection => "introspection",
            Self::Keys => "keys",
            Self::Metadata => "metadata",
            Self::Revocation => "revocation",
            Self::Token => "token",
            Self::UserInfo => "user_info",
        }
    }
}

impl CallResult {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Invalid, Self::Ok, Self::Refused, Self::Unavailable];

    /// The name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Allowed,
        Self::Anonymous,
        Self::Authenticated,
        Self::Denied,
        Self::Endpoint,
        Self::Malformed,
        Self::Preflight,
        Self::Redirected,
        Self::Unauthenticated,
        Self::Unavailable,
    ];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Anonymous => "anonymous",
            Self::Authenticated => "authenticated",
            Self::Denied => "denied",
            Self::Endpoint => "endpoint",
            Self::Malformed => "malformed",
            Self::Preflight => "preflight",
            Self::Redirected => "redirected",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
        }
    }
}
