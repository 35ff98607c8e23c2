//! Every way in which we say no, and how it reads to a person, a program and a gRPC client.
//!
//! Decides status, code and text of each refusal and whose fault it is. When one is due is decided where the check is.

use std::{borrow::Cow, fmt};

use crate::{
    http::request::MalformedRequest,
    identity::IdentityError,
    oidc::{
        assurance::Shortfall, authorization::CallbackError, bearer::BearerError, error::OAuthError,
        id_token::IdTokenError, jwt::JwtError, logout_token::LogoutTokenError, token::TokenError,
        user_info::UserInfoError,
    },
    policy::Unmet,
};

/// Why a request is not forwarded, or a sign-in does not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The readings of the path select different rules.
    AmbiguousPath,
    /// The attempt that the callback names is not in this browser: expired, finished, or another browser's.
    AttemptAbsent,
    /// The external authorizer says no.
    AuthorizerDenied,
    /// The external authorizer gave no answer.
    AuthorizerUnavailable,
    /// A bearer token is refused.
    Bearer(BearerError),
    /// Only bearer tokens count here, and there is none.
    BearerAbsent,
    /// A bearer token's form or signature is refused.
    BearerJwt(JwtError),
    /// The credentials are not one bearer token.
    BearerMalformed,
    /// The body of a request to an endpoint of ours did not come.
    BodyUnread,
    /// The callback itself is refused.
    Callback(CallbackError),
    /// A WebSocket handshake from another site's page.
    CrossOriginUpgrade,
    /// A cross-site request to sign out.
    CrossSiteSignOut,
    /// A `deny` rule.
    Denied,
    /// The header for sessions holds none that counts.
    HeaderSessionInvalid,
    /// The header for sessions holds more than one thing.
    HeaderSessionMalformed,
    /// The host is none of `publicUrls`.
    HostUnknown,
    /// The ID token is refused.
    IdToken(IdTokenError),
    /// The session gives no identity.
    Identity(IdentityError),
    /// The ID token's form or signature is refused.
    Jwt(JwtError),
    /// The provider has no endpoint that could be asked about an opaque token.
    LookupEndpointAbsent,
    /// A logout token is refused.
    LogoutToken(LogoutTokenError),
    /// A request to the back-channel endpoint brings no logout token.
    LogoutTokenAbsent,
    /// A logout token's form or signature is refused.
    LogoutTokenJwt(JwtError),
    /// A logout token was here before.
    LogoutTokenReplayed,
    /// The request cannot be judged.
    Malformed(MalformedRequest),
    /// The workers' shared memory could not be written.
    MemoryUnavailable,
    /// Our own endpoint does not take this method.
    MethodNotAllowed,
    /// The random source gave nothing.
    NoEntropy,
    /// The session is another provider's, which does not count here.
    OtherProvider,
    /// The provider could not be reached, or has not answered in time.
    ProviderUnavailable,
    /// No provider of that name signs people in for this place.
    ProviderUnknown,
    /// The rule's requirement is not met.
    Requirement(Unmet),
    /// The provider did not grant a scope that the place asks for.
    ScopeNotGranted,
    /// A sign-in has just completed, and the browser does not send the session that it was given.
    SessionLost,
    /// The session does not fit into cookies.
    SessionTooLarge,
    /// The provider's sign-in page is at our own host, where only those come who are signed in.
    SignInPageClosed,
    /// The sign-in is too weak, or too long ago, for this place.
    SignInTooWeak(Shortfall),
    /// A sign-in for just this place has completed a moment ago, and the session is still not what it asks for.
    SignInUnmet,
    /// The token endpoint gave no tokens.
    Token(TokenError),
    /// Too many requests wait already.
    TooManyWaiting,
    /// Nobody is signed in.
    Unauthenticated,
    /// UserInfo gave no claims.
    UserInfo(UserInfoError),
    /// A page of another site asks who is signed in.
    WhoamiForeign,
}

/// Whose fault a refusal is: what someone reading a log at night wants to know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client's, or the person's.
    Client,
    /// A setting's, here or at the provider.
    Configuration,
    /// The provider's, or the way to it.
    Provider,
    /// Ours.
    Us,
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unauthenticated | Self::HostUnknown | Self::OtherProvider | Self::SessionLost => 401,
            Self::Bearer(_) | Self::BearerAbsent | Self::BearerJwt(_) | Self::HeaderSessionInvalid => 401,
            Self::SignInTooWeak(Shortfall::Acr | Shortfall::MaxAge) => 401,
            Self::AuthorizerDenied | Self::Requirement(_) | Self::SignInTooWeak(Shortfall::Scope) => 403,
            Self::ScopeNotGranted | Self::SignInUnmet => 403,
            Self::Callback(CallbackError::Provider(OAuthError::AccessDenied)) => 403,
            Self::CrossOriginUpgrade | Self::CrossSiteSignOut | Self::Denied | Self::Identity(_) => 403,
            Self::WhoamiForeign => 403,
            Self::AuthorizerUnavailable | Self::BodyUnread | Self::MemoryUnavailable => 503,
            Self::UserInfo(UserInfoError::Unavailable(_)) => 503,
            Self::LookupEndpointAbsent | Self::UserInfo(_) => 502,
            Self::LogoutToken(_) | Self::LogoutTokenAbsent => 400,
            Self::LogoutTokenJwt(_) | Self::LogoutTokenReplayed => 400,
            Self::MethodNotAllowed => 405,
            Self::NoEntropy | Self::SessionTooLarge | Self::SignInPageClosed => 500,
            Self::IdToken(_) | Self::Jwt(_) => 502,
            Self::Token(TokenError::Refused(OAuthError::InvalidGrant)) => 400,
            Self::Token(TokenError::Unavailable(_)) | Self::ProviderUnavailable | Self::TooManyWaiting => 503,
            Self::Token(_) => 502,
            Self::AmbiguousPath | Self::AttemptAbsent | Self::Callback(_) | Self::Malformed(_) => 400,
            Self::BearerMalformed | Self::HeaderSessionMalformed | Self::ProviderUnknown => 400,
        }
    }

    /// Whether it says to somebody, known or not, that they may not come in, and signing in again is no way to mend it.
    pub const fn bars_somebody(&self) -> bool {
        matches!(self, Self::AuthorizerDenied | Self::Denied | Self::Identity(_) | Self::Requirement(_))
    }

    /// The stable code in answers, logs, metrics and documents.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmbiguousPath => "ambiguous_path",
            Self::AttemptAbsent => "attempt_absent",
            Self::AuthorizerDenied => "authorizer_denied",
            Self::AuthorizerUnavailable => "authorizer_unavailable",
            Self::Bearer(error) => error.code(),
            Self::BearerAbsent => "bearer_absent",
            Self::BearerJwt(error) => error.code(),
            Self::BearerMalformed => "bearer_malformed",
            Self::BodyUnread => "body_unread",
            Self::Callback(error) => error.code(),
            Self::CrossOriginUpgrade => "cross_origin_upgrade",
            Self::CrossSiteSignOut => "cross_site_sign_out",
            Self::Denied => "denied",
            Self::HeaderSessionInvalid => "header_session_invalid",
            Self::HeaderSessionMalformed => "header_session_malformed",
            Self::HostUnknown => "host_unknown",
            Self::IdToken(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Jwt(error) => error.code(),
            Self::LookupEndpointAbsent => "lookup_endpoint_absent",
            Self::LogoutToken(error) => error.code(),
            Self::LogoutTokenJwt(error) => error.code(),
            Self::LogoutTokenAbsent => "logout_token_absent",
            Self::LogoutTokenReplayed => "logout_token_replayed",
            Self::Malformed(_) => "malformed_request",
            Self::MemoryUnavailable => "memory_unavailable",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NoEntropy => "no_entropy",
            Self::OtherProvider => "other_provider",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderUnknown => "provider_unknown",
            Self::Requirement(_) => "requirement_unmet",
            Self::ScopeNotGranted => "scope_not_granted",
            Self::SessionLost => "session_lost",
            Self::SessionTooLarge => "session_too_large",
            Self::SignInPageClosed => "sign_in_page_closed",
            Self::SignInTooWeak(_) => "sign_in_too_weak",
            Self::SignInUnmet => "sign_in_unmet",
            Self::Token(error) => error.code(),
            Self::TooManyWaiting => "too_many_waiting",
            Self::Unauthenticated => "login_required",
            Self::UserInfo(error) => error.code(),
            Self::WhoamiForeign => "whoami_foreign",
        }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoEntropy | Self::TooManyWaiting | Self::MemoryUnavailable => Fault::Us,
            Self::BodyUnread | Self::LookupEndpointAbsent | Self::ScopeNotGranted => Fault::Configuration,
            Self::AuthorizerUnavailable | Self::UserInfo(_) => Fault::Provider,
            Self::SessionLost | Self::SessionTooLarge | Self::HostUnknown | Self::Identity(_) => Fault::Configuration,
            Self::SignInPageClosed => Fault::Configuration,
            // Cognito says invalid_request for a scope that the app client does not have.
            Self::Callback(CallbackError::Provider(
                OAuthError::InvalidRequest | OAuthError::InvalidScope | OAuthError::UnauthorizedClient,
            )) => Fault::Configuration,
            Self::Token(TokenError::Refused(_) | TokenError::Absent(_)) => Fault::Configuration,
            Self::IdToken(_) | Self::Jwt(_) | Self::ProviderUnavailable | Self::Token(_) => Fault::Provider,
            Self::Callback(CallbackError::Provider(_)) => Fault::Provider,
            _ => Fault::Client,
        }
    }

    /// A page's headline.
    pub fn title(&self) -> &'static str {
        match (self, self.status()) {
            (Self::CrossSiteSignOut, _) => "Sign out?",
            (Self::BearerAbsent, _) => "No access",
            (Self::SignInTooWeak(_), _) => "Please sign in again",
            (Self::SignInUnmet, _) => "That sign-in was not enough",
            (_, 401) => "Please sign in",
            (_, 403) => "No access",
            (_, 400 | 405) => "That did not work",
            (Self::AuthorizerUnavailable, _) => "That did not work",
            (_, 503) => "Sign-in is not available right now",
            _ => "Sign-in failed",
        }
    }

    /// One or two sentences for a person; nothing that a client or a provider wrote.
    pub fn text(&self) -> Cow<'static, str> {
        match self {
            Self::Requirement(unmet) => Cow::Owned(format!("Whoever comes in here {}.", unmet.text)),
            other => Cow::Borrowed(other.fixed_text()),
        }
    }

    fn fixed_text(&self) -> &'static str {
        match self {
            Self::AmbiguousPath => {
                "The address, or the method, can be read in more than one way. Please check for encoded slashes or dots."
            }
            Self::AttemptAbsent => {
                "This sign-in was already finished, took longer than ten minutes, or was started in another browser."
            }
            Self::AuthorizerDenied => "You are signed in, but may not come in here.",
            Self::AuthorizerUnavailable => {
                "Whether you may come in here could not be found out. Please try again in a moment."
            }
            Self::Bearer(_) | Self::BearerJwt(_) => "The bearer token is not good here.",
            Self::BearerAbsent => "Only programs with a bearer token may come in here.",
            Self::BearerMalformed => "The credentials are not one bearer token.",
            Self::BodyUnread => "The request's body did not arrive.",
            Self::Callback(error) => callback_text(error),
            Self::CrossOriginUpgrade => "This connection was opened by a page of another site.",
            Self::CrossSiteSignOut => "Another site asked to sign you out. Please confirm that you want to.",
            Self::Denied => "This address is not available here.",
            Self::HeaderSessionInvalid => "The session in the header is not good here, or has ended.",
            Self::HeaderSessionMalformed => "More than one session was sent in headers, or a token beside it.",
            Self::HostUnknown => "Signing in is not set up for this host name.",
            Self::IdToken(_) | Self::Jwt(_) => "The identity provider's answer could not be verified.",
            Self::Identity(IdentityError::EmailUnverified) => {
                "The e-mail address of your account is not verified at the identity provider."
            }
            Self::Identity(_) => "Your account has no user name that the applications here could use.",
            Self::LookupEndpointAbsent | Self::UserInfo(_) => "The identity provider could not say who you are.",
            Self::LogoutToken(_) | Self::LogoutTokenAbsent | Self::LogoutTokenJwt(_) | Self::LogoutTokenReplayed => {
                "The logout token was not accepted."
            }
            Self::Malformed(_) => "The request could not be understood.",
            Self::MemoryUnavailable => "The gateway could not take note of this.",
            Self::MethodNotAllowed => "This address does not take requests of that kind.",
            Self::NoEntropy => "The gateway could not start a sign-in.",
            Self::ProviderUnavailable | Self::TooManyWaiting => NO_ANSWER,
            Self::OtherProvider => "You are signed in with another account than this place is for.",
            Self::ProviderUnknown => "There is no such way to sign in for this place.",
            Self::Requirement(_) => "Something that is needed to come in here is missing.",
            Self::ScopeNotGranted => "The identity provider did not grant what this place needs.",
            Self::SignInPageClosed => "Signing in is not set up: the page for it is not open.",
            Self::SignInTooWeak(_) => "This place asks for a stronger or a more recent sign-in.",
            Self::SignInUnmet => {
                "You have just signed in, but not in the way that this place asks for, or your browser did not keep the new \
                 session."
            }
            Self::SessionLost => {
                "You have just signed in, but your session is gone: your browser did not keep it, something on the way removed \
                 it, or it was ended."
            }
            Self::SessionTooLarge => {
                "Your account carries more information than a browser can keep for this site. Please ask whoever runs it to \
                 put you into fewer groups, or to hand less of it on."
            }
            Self::Token(error) => token_text(error),
            Self::Unauthenticated => "You are not signed in, or your session has ended.",
            Self::WhoamiForeign => "Another site asked who you are.",
        }
    }
}

const NO_ANSWER: &str = "The identity provider did not answer in time. Please try again in a moment.";

fn callback_text(error: &CallbackError) -> &'static str {
    match error {
        CallbackError::Provider(OAuthError::AccessDenied) => "The sign-in was declined.",
        CallbackError::Provider(_) => "The identity provider could not complete the sign-in.",
        _ => "The answer of the identity provider was incomplete or did not belong to this sign-in.",
    }
}

fn token_text(error: &TokenError) -> &'static str {
    match error {
        TokenError::Refused(OAuthError::InvalidGrant) => "This sign-in was already used or took too long.",
        TokenError::Unavailable(_) => NO_ANSWER,
        _ => "The identity provider did not complete the sign-in.",
    }
}

/// The technical cause, for the log.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthorizerDenied => f.write_str("the external authorizer refused the request"),
            Self::AuthorizerUnavailable => f.write_str(
                "the external authorizer gave no answer that allows or refuses; is it up, does it answer within \
                 externalAuthorization.timeout, and has it a cluster?",
            ),
            Self::Bearer(error) => error.fmt(f),
            Self::BearerJwt(error) => error.fmt(f),
            Self::BodyUnread => f.write_str(
                "the request's body did not come; does the plugin have `allow_on_headers_stop_iteration: true`?",
            ),
            Self::Callback(error) => error.fmt(f),
            Self::HostUnknown => f.write_str("the host is none of publicUrls; add it there if people should sign in on it"),
            Self::IdToken(error) => error.fmt(f),
            Self::Identity(error) => error.fmt(f),
            Self::Jwt(error) => error.fmt(f),
            Self::LogoutToken(error) => error.fmt(f),
            Self::LogoutTokenJwt(error) => error.fmt(f),
            Self::LogoutTokenAbsent => f.write_str("no form with one logout_token was sent to the back-channel endpoint"),
            Self::LogoutTokenReplayed => f.write_str("a logout token came a second time"),
            Self::LookupEndpointAbsent => f.write_str(
                "the provider names no endpoint that knows opaque tokens; set endpoints.introspection or endpoints.userInfo",
            ),
            Self::Malformed(error) => error.fmt(f),
            Self::ScopeNotGranted => f.write_str(
                "the provider granted fewer scopes than signIn.scopes of the rule asks for; allow them there for this client and \
                 this person",
            ),
            Self::UserInfo(error) => error.fmt(f),
            Self::MemoryUnavailable => f.write_str("the memory that workers share could not be written, or is full"),
            Self::SessionTooLarge => {
                f.write_str("the session exceeds the cookie limit; map fewer claims to headers, or send fewer groups")
            }
            Self::SessionLost => f.write_str(
                "no session came back after a sign-in: do all gateways have the same keys, and do all cookies pass?",
            ),
            Self::SignInPageClosed => f.write_str(
                "the provider's authorization endpoint is at one of publicUrls, on a path that needs a sign-in; add a rule with \
                 `action: allow` for it and for all that people need there",
            ),
            Self::Token(TokenError::Refused(OAuthError::InvalidGrant)) => f.write_str(
                "the token endpoint answered error=invalid_grant: the code was used or too old, or (Cognito) the app client \
                 may not read an attribute of a granted scope",
            ),
            Self::Token(error) => error.fmt(f),
            other => f.write_str(&other.text()),
        }
    }
}

impl Fault {
    /// The name in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Configuration => "configuration",
            Self::Provider => "provider",
            Self::Us => "us",
        }
    }
}
