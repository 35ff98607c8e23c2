//! We as the provider's relying party: our client there, what is known of the provider, who verifies its signatures.
//!
//! Decides nothing: it holds together what every step of a sign-in needs.

use std::rc::Rc;

use crate::{
    config::Config,
    flow::{exchange::Context, provider::ProviderState},
    oidc::signature::SignatureVerifier,
    time::UnixTime,
};

/// What a worker needs to deal with its provider.
pub struct RelyingParty {
    /// The configuration.
    pub config: Rc<Config>,
    /// What is known of the provider.
    pub provider: ProviderState,
    /// The claims that a session keeps.
    pub wanted_claims: Vec<String>,
    verifier: Box<dyn SignatureVerifier>,
}

impl RelyingParty {
    /// One that knows nothing of its provider yet.
    pub fn new(config: Config, verifier: Box<dyn SignatureVerifier>) -> Self {
        let mut wanted_claims: Vec<String> = config.identity.claim_names().map(str::to_owned).collect();
        wanted_claims.sort_unstable();
        wanted_claims.dedup();
        Self { config: Rc::new(config), provider: ProviderState::default(), wanted_claims, verifier }
    }

    /// What a step of a sign-in may use.
    pub fn context(&mut self, now: UnixTime) -> Context<'_> {
        Context {
            settings: self.config.provider(),
            provider: &mut self.provider,
            verifier: &*self.verifier,
            callback_path: &self.config.paths.callback,
            wanted_claims: &self.wanted_claims,
            now,
        }
    }
}
