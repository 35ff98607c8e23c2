//! The error codes that providers send (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6).
//!
//! Decides which of them we know by name: a code is matched, a description is neither matched nor shown, since
//! descriptions are free text that differs between providers and days. What follows from a code is decided by `flow`.

/// An `error` value. Codes outside this list are [`OAuthError::Unrecognised`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// The person or the provider's policy said no.
    AccessDenied,
    /// `prompt=none` could not be honoured.
    ConsentRequired,
    /// `prompt=none` could not be honoured.
    InteractionRequired,
    /// Client authentication failed.
    InvalidClient,
    /// The code or refresh token is not, or no longer, good.
    InvalidGrant,
    /// A parameter is missing or malformed.
    InvalidRequest,
    /// A scope is unknown or not allowed for this client.
    InvalidScope,
    /// `prompt=none` without a session.
    LoginRequired,
    /// The provider failed.
    ServerError,
    /// The provider is overloaded.
    TemporarilyUnavailable,
    /// The client may not use this grant or response type.
    UnauthorizedClient,
    /// Not one of the codes above.
    Unrecognised,
    /// The provider does not know this grant.
    UnsupportedGrantType,
    /// The provider does not know this response type.
    UnsupportedResponseType,
}

/// Codes in wire spelling.
const NAMES: [(OAuthError, &str); 13] = [
    (OAuthError::AccessDenied, "access_denied"),
    (OAuthError::ConsentRequired, "consent_required"),
    (OAuthError::InteractionRequired, "interaction_required"),
    (OAuthError::InvalidClient, "invalid_client"),
    (OAuthError::InvalidGrant, "invalid_grant"),
    (OAuthError::InvalidRequest, "invalid_request"),
    (OAuthError::InvalidScope, "invalid_scope"),
    (OAuthError::LoginRequired, "login_required"),
    (OAuthError::ServerError, "server_error"),
    (OAuthError::TemporarilyUnavailable, "temporarily_unavailable"),
    (OAuthError::UnauthorizedClient, "unauthorized_client"),
    (OAuthError::UnsupportedGrantType, "unsupported_grant_type"),
    (OAuthError::UnsupportedResponseType, "unsupported_response_type"),
];

impl OAuthError {
    /// The code `name`, in wire spelling.
    pub fn named(name: &str) -> Self {
        NAMES.iter().find(|(_, known)| *known == name).map_or(Self::Unrecognised, |(code, _)| *code)
    }

    /// The code in wire spelling.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(code, _)| *code == self).map_or("unrecognised", |(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_is_read_back() {
        for (code, name) in NAMES {
            assert_eq!((OAuthError::named(name), code.name()), (code, name));
        }
        assert_eq!(OAuthError::named("<script>"), OAuthError::Unrecognised);
    }
}
