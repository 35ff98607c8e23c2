//! Bearer tokens of programs (RFC 6750): which one a request brings, and who vouches for it.
//!
//! Decides where a token is looked for, who is asked about it and what that waits for. Continues [`Engine`]. A token itself
//! is judged in `oidc::bearer` and its neighbours; what follows for somebody who is known is `clearance`'s.

use std::{rc::Rc, time::Duration};

use super::{
    Engine, Moment,
    clearance::{Caller, Credential},
    decision::Decision,
    event::{CallResult, Endpoint},
    exchange::{CALL_GRACE, PROVIDER_WAIT, verify_token},
    inbound::Inbound,
    output::Purpose,
    provider::{Asker, ProviderId},
    refusal::Refusal,
    token_cache::{TokenDigest, Verdict},
    waiting::Waiting,
};
use crate::{
    config::BearerSettings,
    http::{
        call::{Call, CallOutcome},
        header_edits::HeaderEdits,
        request::RequestView,
    },
    oidc::{
        bearer::{BearerClaims, BearerError, check_opaque, issuer_hint, looks_like_jwt, validate_bearer},
        claims::TrustedClaims,
        introspection::{LookupError, introspection_request, process_introspection_response},
        user_info::{process_user_info_lookup, user_info_request},
    },
    secret::Secret,
    time::{Deadline, UnixTime},
};

/// How many questions about opaque tokens may be under way.
const MAX_LOOKUPS: usize = 64;
/// For how long a provider's no is believed.
const REFUSED: Duration = Duration::from_secs(10);

/// The credentials of a program.
#[derive(Debug)]
pub enum Presented {
    /// Not one token in the form of RFC 6750.
    Malformed,
    /// None, or some that are the application's business.
    Nothing,
    /// This token.
    Token(Secret<String>),
}

/// A token that waits for what can verify it.
#[derive(Debug)]
pub struct BearerExchange {
    /// The request that brought it.
    pub inbound: Inbound,
    /// When it is refused for want of an answer.
    pub deadline: Deadline,
    edits: HeaderEdits,
    token: Secret<String>,
    looked: Option<u64>,
    awaited: Option<Awaited>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Lookup(TokenDigest),
    Provider(ProviderId),
}

/// What is known of a token.
enum Known {
    /// Whose it is.
    Caller(ProviderId, BearerClaims),
    /// That it is no good, or why it cannot be told.
    Refused(Refusal),
    /// Nothing yet.
    Waits(Awaited),
}

impl Presented {
    /// What a request presents. One header counts, and in it one token: no query, no form (RFC 9700 §4.3.2).
    pub fn in_request(view: &RequestView, settings: &BearerSettings) -> Self {
        let mut values = view.values(&settings.header);
        let (Some(value), another) = (values.next(), values.next()) else { return Self::Nothing };
        let Some(value) = str::from_utf8(value).ok().filter(|_| another.is_none()) else {
            // Text of another encoding is no token of ours, but two fields may hold one.
            return if another.is_some() { Self::Malformed } else { Self::Nothing };
        };
        let value = value.trim();
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            None if value.eq_ignore_ascii_case("bearer") => "",
            None if settings.raw && !value.is_empty() => value,
            _ => return Self::Nothing,
        };
        // Envoy may have joined two Authorization fields: a comma is in no token.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        match !token.is_empty() && token.bytes().all(allowed) {
            true => Self::Token(Secret::new(token.to_owned())),
            false => Self::Malformed,
        }
    }
}

impl BearerExchange {
    /// How many bytes it holds beside the request.
    pub fn size(&self) -> usize {
        self.token.secret().len().saturating_add(self.edits.size())
    }

    /// Whether it waits for what `provider` says.
    pub fn awaits(&self, provider: ProviderId) -> bool {
        self.awaited == Some(Awaited::Provider(provider))
    }

    fn awaits_lookup(&self, digest: TokenDigest) -> bool {
        self.awaited == Some(Awaited::Lookup(digest))
    }
}

impl Engine {
    /// A request with a bearer token, which alone decides: a bad one is refused whatever cookies come with it.
    pub(super) fn bearer(&mut self, inbound: Inbound, token: Secret<String>, moment: &mut Moment<'_>) -> Decision {
        let edits = self.strip(&inbound);
        let deadline = Deadline::new(moment.now, PROVIDER_WAIT);
        let exchange = BearerExchange { inbound, deadline, edits, token, looked: None, awaited: None };
        let decision = self.judge_bearer(exchange, moment);
        self.fetch_due(moment.now);
        decision
    }

    /// Metadata or keys of `provider` came: tokens that wait for them get another look.
    pub(super) fn bearer_tokens_moved(&mut self, provider: ProviderId, moment: &mut Moment<'_>) {
        self.judge_again(moment, |exchange| exchange.awaits(provider));
    }

    fn judge_again(&mut self, moment: &mut Moment<'_>, wanted: impl Fn(&BearerExchange) -> bool) {
        let wanted = |waiting: &Waiting| matches!(waiting, Waiting::BearerToken(exchange) if wanted(exchange));
        for waiting in self.waits.take_requests(wanted) {
            let Waiting::BearerToken(exchange) = waiting else { continue };
            let id = exchange.inbound.id;
            let decision = self.judge_bearer(*exchange, moment);
            self.output.decide(id, decision);
        }
    }

    fn judge_bearer(&mut self, mut exchange: BearerExchange, moment: &mut Moment<'_>) -> Decision {
        let known = self.known(&exchange.token, &mut exchange.looked, moment.now);
        let BearerExchange { inbound, edits, token, .. } = exchange;
        match known {
            Known::Caller(provider, claims) => {
                let config = Rc::clone(&self.party.config);
                let access = config.routes.route(inbound.rule).access();
                if !self.party.settings(provider).is_some_and(|provider| access.takes(&provider.name)) {
                    return self.refuse(&inbound, &Refusal::Bearer(BearerError::Issuer), moment.now);
                }
                let caller = Caller {
                    provider,
                    naming: claims.naming().clone(),
                    auth_time: None,
                    credential: Credential::Bearer { kind: claims.kind(), token },
                    claims: TrustedClaims::of_bearer(&claims),
                };
                self.clear(inbound, edits, caller, moment)
            }
            Known::Refused(refusal) => self.refuse(&inbound, &refusal, moment.now),
            Known::Waits(_) if !self.waits.has_room_for_bearer_token() => {
                self.refuse(&inbound, &Refusal::TooManyWaiting, moment.now)
            }
            Known::Waits(awaited) => {
                let lookup = match awaited {
                    Awaited::Lookup(digest) => self.lookups.get(&digest).map(|lookup| lookup.lost),
                    Awaited::Provider(_) => None,
                };
                let exchange = BearerExchange {
                    inbound: inbound.slim(&self.party.config),
                    deadline: lookup.unwrap_or(exchange.deadline),
                    edits,
                    token,
                    awaited: Some(awaited),
                    ..exchange
                };
                self.waits.request(Waiting::BearerToken(Box::new(exchange)));
                Decision::Wait
            }
        }
    }

    /// What is known of a token: by the keys of its issuer, else by a provider that can be asked about it.
    fn known(&mut self, token: &Secret<String>, looked: &mut Option<u64>, now: UnixTime) -> Known {
        let issuer = looks_like_jwt(token.secret()).then(|| issuer_hint(token.secret())).flatten();
        let signed: Vec<ProviderId> = match &issuer {
            Some(issuer) => self.party.issuers_of_tokens(issuer),
            None => Vec::new(),
        };
        match *signed {
            [] => self.looked_up(token, issuer.as_deref(), now),
            [first, ..] => self.verified(token, first, &signed, looked, now),
        }
    }

    /// The same issuer may be configured several times, each with rules of its own.
    fn verified(
        &mut self,
        token: &Secret<String>,
        first: ProviderId,
        all: &[ProviderId],
        looked: &mut Option<u64>,
        now: UnixTime,
    ) -> Known {
        let Some(mut context) = self.party.context(first, now) else {
            return Known::Refused(Refusal::Bearer(BearerError::Issuer));
        };
        // Anyone can send a token with a made-up key name.
        let jwt = match verify_token(token, looked, Asker::Others, &mut context) {
            None => return Known::Waits(Awaited::Provider(first)),
            Some(Err(error)) => return Known::Refused(Refusal::BearerJwt(error)),
            Some(Ok(jwt)) => jwt,
        };
        let mut refusal = BearerError::Issuer;
        for id in all {
            let Some(settings) = self.party.settings(*id) else { continue };
            match validate_bearer(jwt.clone(), settings, now) {
                Ok(claims) => return Known::Caller(*id, claims),
                Err(error) => refusal = error,
            }
        }
        Known::Refused(Refusal::Bearer(refusal))
    }

    /// What the providers say that can be asked, one after the other. A JWT is asked about at its own issuer only.
    fn looked_up(&mut self, token: &Secret<String>, issuer: Option<&str>, now: UnixTime) -> Known {
        if let Err(error) = check_opaque(token.secret()) {
            return Known::Refused(Refusal::Bearer(error));
        }
        let mut refusal = BearerError::Issuer;
        for (provider, rule, endpoint) in self.party.lookups(issuer) {
            let digest = TokenDigest::new(provider, rule, endpoint, token.secret());
            match self.party.tokens.get(&digest, now).map(|verdict| verdict.claims.clone()) {
                Some(Ok(claims)) => return Known::Caller(provider, claims),
                Some(Err(error)) => refusal = error,
                None => return self.ask(digest, (provider, rule), token, now),
            }
        }
        Known::Refused(Refusal::Bearer(refusal))
    }

    /// Asks a provider about a token, unless it is being asked.
    fn ask(
        &mut self,
        digest: TokenDigest,
        (provider, rule): (ProviderId, usize),
        token: &Secret<String>,
        now: UnixTime,
    ) -> Known {
        if self.lookups.contains_key(&digest) {
            return Known::Waits(Awaited::Lookup(digest));
        }
        if self.lookups.len() >= MAX_LOOKUPS {
            return Known::Refused(Refusal::TooManyWaiting);
        }
        let metadata = self.party.state(provider).and_then(|state| state.metadata());
        let (Some(settings), Some(metadata)) = (self.party.settings(provider), metadata) else {
            return Known::Waits(Awaited::Provider(provider));
        };
        let call = match digest.endpoint() {
            Endpoint::UserInfo => user_info_request(settings, metadata, token),
            _ => introspection_request(settings, metadata, token),
        };
        let Some(call) = call else { return Known::Refused(Refusal::LookupEndpointAbsent) };
        self.send_lookup(digest, (provider, rule), call, now);
        Known::Waits(Awaited::Lookup(digest))
    }

    fn send_lookup(&mut self, digest: TokenDigest, (provider, rule): (ProviderId, usize), call: Call, now: UnixTime) {
        let lost = Deadline::new(now, call.timeout.saturating_add(CALL_GRACE));
        self.output.call(Purpose::Lookup(digest), call, now);
        self.lookups.insert(digest, Lookup { provider, rule, lost });
    }

    /// A provider answered about the token of `digest`; everyone who brought it hears of it.
    pub(super) fn lookup_answered(
        &mut self,
        digest: TokenDigest,
        outcome: &CallOutcome,
        moment: &mut Moment<'_>,
    ) -> CallResult {
        let Some(Lookup { provider, rule, .. }) = self.lookups.remove(&digest) else {
            return CallResult::Unavailable;
        };
        let (result, verdict) = self.judge_lookup(digest, (provider, rule), outcome, moment.now);
        match verdict {
            Some(verdict) => {
                let answer = match outcome {
                    CallOutcome::Answer(response) => response.body.secret().len(),
                    CallOutcome::Failure(_) => 0,
                };
                self.party.tokens.put(digest, verdict, answer);
                self.judge_again(moment, |exchange| exchange.awaits_lookup(digest));
            }
            None => self.refuse_lookups(digest, moment),
        }
        result
    }

    fn judge_lookup(
        &self,
        digest: TokenDigest,
        (provider, rule): (ProviderId, usize),
        outcome: &CallOutcome,
        now: UnixTime,
    ) -> (CallResult, Option<Verdict>) {
        let settings = self.party.settings(provider);
        let rule = settings.and_then(|settings| settings.bearer.get(rule));
        let (Some(settings), Some(rule), CallOutcome::Answer(response)) = (settings, rule, outcome) else {
            return (CallResult::Unavailable, None);
        };
        let answer = match digest.endpoint() {
            Endpoint::UserInfo => process_user_info_lookup(settings, rule, response, now),
            _ => process_introspection_response(settings, rule, response, now),
        };
        let verdict = |claims, until| Some(Verdict { provider, claims, until });
        match answer {
            Ok(claims) => {
                let until = claims.expires();
                (CallResult::Ok, verdict(Ok(claims), until))
            }
            Err(LookupError::Refused(error)) => (CallResult::Refused, verdict(Err(error), now.plus(REFUSED))),
            Err(LookupError::Json(_)) => (CallResult::Invalid, None),
            Err(LookupError::Unavailable(_)) => (CallResult::Unavailable, None),
        }
    }

    /// Nobody knows: who waits for it is told to come again.
    fn refuse_lookups(&mut self, digest: TokenDigest, moment: &Moment<'_>) {
        let wanted = |waiting: &Waiting| matches!(waiting, Waiting::BearerToken(one) if one.awaits_lookup(digest));
        for waiting in self.waits.take_requests(wanted) {
            let Waiting::BearerToken(exchange) = waiting else { continue };
            let decision = self.refuse(&exchange.inbound, &Refusal::ProviderUnavailable, moment.now);
            self.output.decide(exchange.inbound.id, decision);
        }
    }

    /// Forgets questions whose end the host never told.
    pub(super) fn forget_lookups(&mut self, now: UnixTime) {
        self.lookups.retain(|_, lookup| !lookup.lost.is_past(now));
    }
}

/// A question about a token, under way.
#[derive(Debug)]
pub struct Lookup {
    provider: ProviderId,
    rule: usize,
    lost: Deadline,
}
