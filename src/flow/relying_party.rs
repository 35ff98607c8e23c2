//! We as the provider's relying party: our client there, what is known of the provider, who verifies its signatures.
//!
//! Decides what a session is worth, wherever it comes from, and for whom the tables of all workers are; holds together what
//! every step of a sign-in and a refresh needs.

use std::rc::Rc;

use serde_json::Value;

use crate::{
    config::Config,
    flow::{
        Moment,
        exchange::{Context, Keeps},
        inbound::Standing,
        provider::ProviderState,
    },
    oidc::{provider::ProviderSettings, signature::SignatureVerifier},
    session::{Ended, Handoff, Limits, Namespace, Revoked, Session, Shared},
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
    /// Which worker refreshes which session.
    pub handoff: Handoff,
    /// Which sessions were ended before their time.
    pub revoked: Revoked,
    keeps: Keeps,
    verifier: Box<dyn SignatureVerifier>,
}

impl RelyingParty {
    /// One that knows nothing of its provider yet.
    pub fn new(config: Config, verifier: Box<dyn SignatureVerifier>) -> Self {
        // The provider names its own session so when it ends ours.
        let sid = config.paths.want_sid().then(|| "sid".to_owned());
        let mut wanted_claims: Vec<String> = config.identity.claim_names().map(str::to_owned).chain(sid).collect();
        wanted_claims.sort_unstable();
        wanted_claims.dedup();
        let (provider, forward) = (config.provider(), &config.identity.forward);
        let cookie_name = config.session.cookie.session_name();
        let scope = scope(&config);
        let namespace = Namespace {
            issuer: &provider.issuer,
            client_id: &provider.client_id,
            cookie_name: &cookie_name,
            scope: &scope,
        };
        Self {
            provider: ProviderState::default(),
            wanted_claims,
            handoff: Handoff::new(&namespace),
            revoked: Revoked::new(&namespace),
            keeps: Keeps {
                id_token: forward.id_token.is_some() || provider.logout.wants_id_token(),
                forwards_id_token: forward.id_token.is_some(),
                access_token: forward.access_token.is_some(),
            },
            config: Rc::new(config),
            verifier,
        }
    }

    /// What the tables of all workers are used with.
    pub fn shared<'a>(config: &'a Config, moment: &'a mut Moment<'_>) -> Shared<'a> {
        Shared {
            keys: &config.session.keys,
            memory: &mut *moment.memory,
            entropy: &mut *moment.entropy,
            now: moment.now,
        }
    }

    /// What a session must keep to.
    pub fn limits(&self) -> Limits {
        Limits { idle: self.config.session.idle, leeway: self.config.provider().leeway }
    }

    /// What a session is worth now that opened, or that another worker refreshed.
    pub fn standing(&mut self, session: Box<Session>, moment: &Moment<'_>) -> Standing {
        let over = session.valid_at(moment.now, self.limits());
        let renewable = session.refresh_token.is_some();
        let keys = &self.config.session.keys;
        match over {
            _ if !is_of(&session, self.config.provider(), &self.wanted_claims) => Standing::Void,
            _ if self.revoked.covers(&session, keys, moment.memory, moment.now) => Standing::Ended(session),
            Ok(()) => Standing::Valid(session),
            Err(Ended::Tokens) if renewable => Standing::Expired(session),
            Err(_) => Standing::Ended(session),
        }
    }

    /// Whether there is anything to end: a session that is over already needs no mark, however often its cookie comes.
    pub fn can_end(&mut self, session: &Session, moment: &Moment<'_>) -> bool {
        let covered = self.revoked.covers(session, &self.config.session.keys, moment.memory, moment.now);
        moment.now < session.expires && !covered
    }

    /// What a step of a sign-in may use.
    pub fn context(&mut self, now: UnixTime) -> Context<'_> {
        Context {
            settings: self.config.provider(),
            provider: &mut self.provider,
            verifier: &*self.verifier,
            callback_path: &self.config.paths.callback,
            wanted_claims: &self.wanted_claims,
            keeps: self.keeps,
            now,
        }
    }
}

/// What session cookies are for: the domain, or the first public URL, which stays when others are added.
fn scope(config: &Config) -> String {
    let first = || config.public_urls.first().map(ToString::to_string).unwrap_or_default();
    config.session.cookie.domain.clone().unwrap_or_else(first)
}

/// Whether a session was made at this provider and holds every claim that is wanted now. A name can come to mean another
/// issuer; whoever that one did not vouch for is not signed in.
fn is_of(session: &Session, provider: &ProviderSettings, wanted: &[String]) -> bool {
    let issuer = session.claims.get("iss").and_then(Value::as_str);
    session.provider == provider.name
        && issuer == Some(&provider.issuer)
        && wanted.iter().all(|name| session.claims.contains_key(name))
}
