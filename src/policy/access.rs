//! What a rule asks of somebody who wants to pass, beyond which requests it is for.
//!
//! Decides how that is written down; who meets it is decided by `require` and `flow`.

use super::require::Requirement;
use crate::oidc::{assurance::Assurance, provider::ProviderSettings};

/// What `authenticate` asks for. The default takes whoever is signed in at any provider, by any credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// What happens to a request without credentials.
    pub unauthenticated: Unauthenticated,
    /// Which credentials may count; which of them anybody can have, says [`credentials_of`](Self::credentials_of).
    pub credentials: Credentials,
    /// The names of the providers that count; all if empty.
    pub providers: Vec<String>,
    /// How strongly the person must have signed in.
    pub assurance: Assurance,
    /// Who may pass.
    pub requirement: Option<Requirement>,
    /// Whether the external authorizer is asked, where there is one.
    pub external_authorization: bool,
}

/// What happens to a request without credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unauthenticated {
    /// People are sent to sign in, programs are told.
    #[default]
    Auto,
    /// Everyone is told, nobody is sent to sign in.
    Challenge,
    /// Whoever asks with GET or HEAD is sent to sign in, even what does not look like a person.
    Login,
    /// It passes without an identity.
    Pass,
}

/// Which credentials count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The session cookie.
    pub session: bool,
    /// A bearer token; without it, what stands in its header belongs to the application.
    pub bearer: bool,
}

impl Access {
    /// Whether the provider of this name counts.
    pub fn takes(&self, provider: &str) -> bool {
        self.providers.is_empty() || self.providers.iter().any(|name| name == provider)
    }

    /// The credentials that count where `providers` are all there are: a kind that no provider which counts gives is no
    /// credential here.
    pub fn credentials_of(&self, providers: &[ProviderSettings]) -> Credentials {
        let gives = |kind: fn(&ProviderSettings) -> bool| {
            providers.iter().any(|provider| self.takes(&provider.name) && kind(provider))
        };
        Credentials {
            session: self.credentials.session && gives(|provider| provider.signs_in),
            bearer: self.credentials.bearer && gives(|provider| !provider.bearer.is_empty()),
        }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self {
            unauthenticated: Unauthenticated::Auto,
            credentials: Credentials { session: true, bearer: true },
            providers: Vec::new(),
            assurance: Assurance::default(),
            requirement: None,
            external_authorization: true,
        }
    }
}
