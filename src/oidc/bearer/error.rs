//! Why a bearer token is refused.
//!
//! Decides names and words; whoever sent the token learns no more than that it is not good.

use std::fmt;

use crate::oidc::id_token::IdTokenError;

/// Which check a bearer token failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerError {
    /// `aud` names nobody that the rule accepts.
    Audience,
    /// `aud` names a party that the rule does not accept beside one that it does.
    AudienceUntrusted,
    /// `azp` is not accepted, or is absent though there are several audiences.
    AuthorizedParty,
    /// The client is not accepted.
    Client,
    /// The token is bound to a key or a certificate of its holder, of whom we see no proof (RFC 9449, RFC 8705).
    Confirmation,
    /// `exp` is in the past.
    Expired,
    /// It is neither a JWT nor of RFC 6750's alphabet and a sensible length.
    Form,
    /// The provider does not vouch for it: it is over, revoked or unknown there.
    Inactive,
    /// `iat` is in the future.
    IssuedInFuture,
    /// `iss` is not the configured issuer.
    Issuer,
    /// No rule of the issuer takes tokens of this kind.
    Kind,
    /// The claim is absent or of another type.
    Malformed(&'static str),
    /// `nbf` is in the future.
    NotYetValid,
    /// Cognito's `token_use` is neither `access` nor `id`.
    TokenUse,
    /// `typ`, `events` or claims that exclude each other: no kind of token that is taken (RFC 8725 §3.11, §3.12).
    Type,
    /// No provider that counts takes such tokens: opaque ones, or those of this issuer.
    Unaccepted,
}

impl BearerError {
    /// What a refusal by a rule that ID tokens have, too, is for a bearer token.
    pub(in crate::oidc) const fn of(error: IdTokenError) -> Self {
        match error {
            IdTokenError::Expired => Self::Expired,
            IdTokenError::IssuedInFuture => Self::IssuedInFuture,
            IdTokenError::Issuer => Self::Issuer,
            IdTokenError::Malformed(claim) => Self::Malformed(claim),
            IdTokenError::NotYetValid => Self::NotYetValid,
            _ => Self::Type,
        }
    }

    /// The stable code in logs, metrics and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Audience => "bearer_aud",
            Self::AudienceUntrusted => "bearer_aud_untrusted",
            Self::AuthorizedParty => "bearer_azp",
            Self::Client => "bearer_client",
            Self::Confirmation => "bearer_cnf",
            Self::Expired => "bearer_expired",
            Self::Form => "bearer_form",
            Self::Inactive => "bearer_inactive",
            Self::IssuedInFuture => "bearer_iat",
            Self::Issuer => "bearer_iss",
            Self::Kind => "bearer_kind",
            Self::Malformed(_) => "bearer_claim",
            Self::NotYetValid => "bearer_nbf",
            Self::TokenUse => "bearer_token_use",
            Self::Type => "bearer_typ",
            Self::Unaccepted => "bearer_unaccepted",
        }
    }
}

impl fmt::Display for BearerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audience => {
                "aud of the bearer token names none of `audiences` of the entry under providers[].bearer; add it there if its \
                 tokens are for these applications"
            },
            Self::AudienceUntrusted => "aud of the bearer token names another party beside the rule's audiences",
            Self::AuthorizedParty => "azp of the bearer token is none of the rule's audiences and clientIds",
            Self::Client => {
                "the client of the bearer token is none of `clientIds` of the entry under providers[].bearer; add it there if it \
                 may come in"
            },
            Self::Confirmation => {
                "the bearer token is bound to a key (cnf), which this gateway cannot see; ask for one without"
            }
            Self::Expired => "the bearer token has expired; if it is new, compare the clocks of gateway and provider",
            Self::Form => "the bearer token is neither a JWT nor of the form of a bearer token (RFC 6750 §2.1)",
            Self::Inactive => "the provider does not vouch for the bearer token: it is over, revoked or unknown there",
            Self::IssuedInFuture => {
                "iat of the bearer token is in the future; compare the clocks of gateway and provider"
            }
            Self::Issuer => "iss of the bearer token, or of what is said of it, is not providers[].issuer; compare letter by letter",
            Self::Kind => {
                "no entry under providers[].bearer of its issuer takes tokens of this kind; add one, or send another token"
            },
            Self::Malformed(claim) => {
                return write!(f, "the bearer token's claim {claim} is absent or of the wrong type");
            }
            Self::NotYetValid => "nbf of the bearer token is in the future; compare the clocks of gateway and provider",
            Self::TokenUse => "token_use of the bearer token is neither access nor id",
            Self::Type => {
                "typ, events or contradictory claims make the bearer token none of a kind that is taken; compare its typ with \
                 `types` of the entry under providers[].bearer"
            }
            Self::Unaccepted => {
                "no provider that counts here takes the bearer token: none has its iss, or can be asked about one that is opaque \
                 or has none; compare providers[].issuer and .bearer, and `providers` of the rule"
            },
        })
    }
}

impl std::error::Error for BearerError {}
