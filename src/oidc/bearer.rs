//! Bearer tokens (RFC 6750): which are taken from an issuer.
//!
//! Decides nothing yet but how a rule is written down; valid by construction in `config`.

use std::time::Duration;

use super::claims::Naming;

/// One kind of token that is taken from an issuer, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerRule {
    /// The kind.
    pub kind: TokenKind,
    /// Accepted members of `aud`.
    pub audiences: Vec<String>,
    /// Accepted `client_id`s (for ID tokens `azp`), where the kind has them.
    pub client_ids: Vec<String>,
    /// Accepted `typ` of a JWT access token, lower case, without `application/`; `at+jwt` by default (RFC 9068 §2.1).
    pub types: Vec<String>,
    /// For how long at most an answer of the provider about an opaque token is believed.
    pub cache: Duration,
    /// What the claims of such tokens are called, before what [`ProviderSettings::naming`](super::provider::ProviderSettings)
    /// and the common settings say.
    pub naming: Naming,
}

/// What a bearer token is, by the rules that it is validated with. No token passes by the rules of another kind (RFC 8725 §3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    /// A JWT access token: Cognito's, or RFC 9068's.
    AccessToken,
    /// An ID token, as kubelogin and the kfp SDK send.
    IdToken,
    /// A token that the provider is asked about by introspection (RFC 7662).
    Introspection,
    /// A token of a Kubernetes service account.
    ServiceAccount,
    /// A token that the provider is asked about at UserInfo; its audience cannot be known.
    UserInfo,
}
