//! We as the providers' relying party: our client at each, what is known of it, who verifies its signatures.
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
        provider::{ProviderId, ProviderState},
        token_cache::{Answers, Signature, TokenCache, TokenDigest},
    },
    http::cookie::Cookies,
    oidc::{
        bearer::{BearerRule, Lookup},
        jwt::VerifiedJwt,
        provider::ProviderSettings,
        signature::SignatureVerifier,
    },
    policy::Access,
    session::{
        Ended, Handoff, Limits, LoginAttempt, Namespace, Revoked, Session, SessionCookie, Shared, read_attempt,
        read_session, read_text,
    },
    time::UnixTime,
};

/// What a worker needs to deal with its providers.
pub struct RelyingParty {
    /// The configuration.
    pub config: Rc<Config>,
    /// The claims that a session keeps.
    pub wanted_claims: Vec<String>,
    /// Which worker refreshes which session.
    pub handoff: Handoff,
    /// Which sessions were ended before their time.
    pub revoked: Revoked,
    /// What providers answered about opaque bearer tokens.
    pub answers: Answers,
    signatures: TokenCache<Signature>,
    states: Vec<ProviderState>,
    forwards: Forwards,
    verifier: Box<dyn SignatureVerifier>,
}

/// Which tokens some rule hands on.
#[derive(Clone, Copy, Debug)]
struct Forwards {
    id_token: bool,
    access_token: bool,
}

impl RelyingParty {
    /// One that knows nothing of its providers yet.
    pub fn new(config: Config, verifier: Box<dyn SignatureVerifier>) -> Self {
        let forwards = Forwards {
            id_token: config.forwardings().any(|forward| forward.id_token.is_some()),
            access_token: config.forwardings().any(|forward| forward.access_token.is_some()),
        };
        let cookie_name = config.session.cookie.session_name();
        let scope = scope(&config);
        let namespace = Namespace { cookie_name: &cookie_name, scope: &scope };
        Self {
            wanted_claims: config.wanted_claims(),
            handoff: Handoff::new(&namespace),
            revoked: Revoked::new(&namespace),
            answers: Answers::default(),
            signatures: TokenCache::default(),
            states: config.providers().iter().map(|_| ProviderState::default()).collect(),
            forwards,
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

    /// All providers.
    pub fn ids(&self) -> impl Iterator<Item = ProviderId> + use<> {
        (0..self.states.len()).map(ProviderId::new)
    }

    /// The provider of this name.
    pub fn named(&self, name: &str) -> Option<ProviderId> {
        self.config.providers().iter().position(|provider| provider.name == name).map(ProviderId::new)
    }

    /// The providers where people sign in with this issuer.
    pub fn of_issuer(&self, issuer: &str) -> Vec<ProviderId> {
        let is = |id: &ProviderId| self.settings(*id).is_some_and(|one| one.signs_in && one.issuer == issuer);
        self.ids().filter(is).collect()
    }

    /// The provider where people sign in, if there is only one.
    pub fn only_one(&self) -> Option<ProviderId> {
        let mut ids = self.ids().filter(|id| self.settings(*id).is_some_and(|provider| provider.signs_in));
        ids.next().filter(|_| ids.next().is_none())
    }

    /// The providers that count for `access` and take signed bearer tokens of this issuer.
    pub fn issuers_of_tokens(&self, issuer: &str, access: &Access) -> Vec<ProviderId> {
        let signed = |rule: &BearerRule| rule.kind.lookup().is_none();
        let takes =
            |one: &ProviderSettings| access.takes(&one.name) && one.issuer == issuer && one.bearer.iter().any(signed);
        self.ids().filter(|id| self.settings(*id).is_some_and(takes)).collect()
    }

    /// Who can be asked about an opaque token, by which rule of theirs and for what, if they count for `access`; about a JWT, its
    /// issuer alone.
    pub fn lookup(&self, issuer: Option<&str>, access: &Access) -> Option<(ProviderId, usize, Lookup)> {
        self.ids().find_map(|id| {
            let settings = self.settings(id).filter(|settings| access.takes(&settings.name))?;
            let mut rules = settings.bearer.iter().enumerate();
            let found = rules.find_map(|(place, rule)| Some((id, place, rule.kind.lookup()?)));
            found.filter(|_| issuer.is_none_or(|issuer| settings.issuer == issuer))
        })
    }

    /// The settings of a provider.
    pub fn settings(&self, id: ProviderId) -> Option<&ProviderSettings> {
        self.config.providers().get(id.index())
    }

    /// What is known of a provider.
    pub fn state(&self, id: ProviderId) -> Option<&ProviderState> {
        self.states.get(id.index())
    }

    /// The same, to learn more.
    pub fn state_mut(&mut self, id: ProviderId) -> Option<(&ProviderSettings, &mut ProviderState)> {
        Some((self.config.providers().get(id.index())?, self.states.get_mut(id.index())?))
    }

    /// The provider that vouched for a session.
    pub fn provider_of(&self, session: &Session) -> Option<ProviderId> {
        self.named(&session.provider)
    }

    /// What a session must keep to.
    pub fn limits(&self, session: &Session) -> Limits {
        let provider = self.config.provider_named(&session.provider);
        Limits { idle: self.config.session.idle, leeway: provider.map(|provider| provider.leeway).unwrap_or_default() }
    }

    /// What the session cookies of a request open to. They are bound to our client at the provider; several sessions
    /// are none, however many there are (T-90).
    pub fn open(&self, cookies: &Cookies, host_scope: &str) -> SessionCookie {
        let providers = self.config.providers().iter().filter(|provider| provider.signs_in);
        let opened = providers.map(|provider| {
            match read_session(&self.config.session, cookies, host_scope, &provider.client_id) {
                SessionCookie::Open(session) if session.provider != provider.name => SessionCookie::Bad,
                other => other,
            }
        });
        opened.fold(SessionCookie::None, |before, cookie| match (before, cookie) {
            (SessionCookie::Several, _)
            | (_, SessionCookie::Several)
            | (SessionCookie::Open(_), SessionCookie::Open(_)) => SessionCookie::Several,
            (open @ SessionCookie::Open(_), _) | (_, open @ SessionCookie::Open(_)) => open,
            (SessionCookie::Bad, _) => SessionCookie::Bad,
            (SessionCookie::None, cookie) => cookie,
        })
    }

    /// What the text of session cookies opens to, bound as they are.
    pub fn open_text(&self, text: &[u8], host_scope: &str) -> Option<Box<Session>> {
        let mut providers = self.config.providers().iter().filter(|provider| provider.signs_in);
        providers.find_map(|provider| {
            let session = read_text(&self.config.session, text, host_scope, &provider.client_id)?;
            (session.provider == provider.name).then(|| Box::new(session))
        })
    }

    /// The attempt with `state` in these cookies, and at which provider it was begun.
    pub fn attempt(
        &self,
        cookies: &Cookies,
        state: &str,
        host_scope: &str,
        now: UnixTime,
    ) -> Option<(ProviderId, LoginAttempt)> {
        self.ids().find_map(|id| {
            let provider = self.settings(id).filter(|provider| provider.signs_in)?;
            let attempt = read_attempt(&self.config.session, cookies, state, host_scope, &provider.client_id, now)?;
            Some((id, attempt)).filter(|(_, attempt)| attempt.provider == provider.name)
        })
    }

    /// What a session is worth now that opened, or that another worker refreshed.
    pub fn standing(&mut self, session: Box<Session>, moment: &Moment<'_>) -> Standing {
        let over = session.valid_at(moment.now, self.limits(&session));
        let renewable = session.refresh_token.is_some();
        let provider = self.config.provider_named(&session.provider).filter(|provider| provider.signs_in);
        let keys = &self.config.session.keys;
        match over {
            _ if !provider.is_some_and(|provider| is_of(&session, provider, &self.wanted_claims)) => Standing::Void,
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

    /// The token of this digest, if its signature was verified with the keys that `provider` still has.
    pub fn verified(&self, digest: &TokenDigest, provider: ProviderId, now: UnixTime) -> Option<&VerifiedJwt> {
        let state = self.state(provider).filter(|state| state.keys(now).is_some())?;
        let known = self.signatures.get(digest).filter(|known| known.key_set == state.key_sets());
        known.map(|known| &known.jwt)
    }

    /// Remembers that the signature of a token of so many bytes is good, by the keys that `provider` has.
    pub fn remember(&mut self, digest: TokenDigest, provider: ProviderId, jwt: VerifiedJwt, bytes: usize) {
        let Some(key_set) = self.state(provider).map(ProviderState::key_sets) else { return };
        // Parsed, what a token says takes about as much again.
        self.signatures.put(digest, Signature { jwt, key_set }, bytes.saturating_mul(2));
    }

    /// What a step of a sign-in at provider `id` may use.
    pub fn context(&mut self, id: ProviderId, now: UnixTime) -> Option<Context<'_>> {
        let settings = self.config.providers().get(id.index())?;
        Some(Context {
            settings,
            provider: self.states.get_mut(id.index())?,
            verifier: &*self.verifier,
            config: &self.config,
            wanted_claims: &self.wanted_claims,
            keeps: Keeps {
                id_token: self.forwards.id_token || settings.logout.wants_id_token(),
                forwards_id_token: self.forwards.id_token,
                access_token: self.forwards.access_token,
            },
            now,
        })
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
    issuer == Some(&provider.issuer) && wanted.iter().all(|name| session.claims.contains_key(name))
}
