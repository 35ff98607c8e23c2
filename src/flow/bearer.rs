//! Bearer tokens of programs (RFC 6750): which one a request brings, and who vouches for it.
//!
//! Decides where a token is looked for, who is asked about it and what that waits for. Continues [`Engine`]. A token itself
//! is judged in `oidc::bearer` and its neighbours; what follows for somebody who is known is `clearance`'s.

use std::{rc::Rc, time::Duration};

use super::{
    Engine, Moment,
    clearance::{Caller, Credential},
    decision::Decision,
    event::CallResult,
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
    http::{call::CallOutcome, header_edits::HeaderEdits, request::RequestView},
    oidc::{
        bearer::{BearerClaims, BearerError, Lookup, check_opaque, issuer_hint, looks_like_jwt, validate_bearer},
        claims::TrustedClaims,
        introspection::{LookupError, introspection_request, process_introspection_response},
        jwt::UnverifiedJwt,
        user_info::{process_user_info_lookup, user_info_request},
    },
    secret::Secret,
    time::{Deadline, UnixTime},
};

/// How many questions about opaque tokens may be under way.
const MAX_QUESTIONS: usize = 64;
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
    Answer(TokenDigest),
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
        if another.is_some() {
            return Self::Malformed;
        }
        let mut words = value.trim_ascii().splitn(2, u8::is_ascii_whitespace);
        let token = match (words.next().unwrap_or_default(), words.next()) {
            (scheme, token) if scheme.eq_ignore_ascii_case(b"bearer") => token.unwrap_or_default().trim_ascii(),
            (token, None) if settings.raw && !token.is_empty() => token,
            _ if value.split(|byte| *byte == b',').any(is_bearer) => return Self::Malformed,
            _ => return Self::Nothing,
        };
        // A comma is in no token.
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
        match str::from_utf8(token).ok().filter(|_| !token.is_empty() && token.iter().all(allowed)) {
            Some(token) => Self::Token(Secret::new(token.to_owned())),
            None => Self::Malformed,
        }
    }
}

/// Whether a part of a field is a bearer token: Envoy joins two Authorization fields with a comma.
fn is_bearer(part: &[u8]) -> bool {
    let mut words = part.trim_ascii().splitn(2, u8::is_ascii_whitespace);
    words.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
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

    fn awaits_answer(&self, digest: TokenDigest) -> bool {
        self.awaited == Some(Awaited::Answer(digest))
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
        for exchange in self.take_bearer_tokens(wanted) {
            let id = exchange.inbound.id;
            let decision = self.judge_bearer(exchange, moment);
            self.output.decide(id, decision);
        }
    }

    fn take_bearer_tokens(&mut self, wanted: impl Fn(&BearerExchange) -> bool) -> Vec<BearerExchange> {
        let wanted = |waiting: &Waiting| matches!(waiting, Waiting::BearerToken(exchange) if wanted(exchange));
        let taken = self.waits.take_requests(wanted).into_iter().filter_map(|waiting| match waiting {
            Waiting::BearerToken(exchange) => Some(*exchange),
            _ => None,
        });
        taken.collect()
    }

    fn judge_bearer(&mut self, mut exchange: BearerExchange, moment: &mut Moment<'_>) -> Decision {
        match self.known(&mut exchange, moment.now) {
            Known::Caller(provider, claims) => self.clear_bearer(exchange, provider, &claims, moment),
            Known::Refused(refusal) => self.refuse(&exchange.inbound, &refusal, moment.now),
            Known::Waits(_) if !self.waits.has_room_for_bearer_token() => {
                self.refuse(&exchange.inbound, &Refusal::TooManyWaiting, moment.now)
            }
            Known::Waits(awaited) => {
                let lost = match awaited {
                    Awaited::Answer(digest) => self.questions.get(&digest).map(|question| question.lost),
                    Awaited::Provider(_) => None,
                };
                let exchange = BearerExchange {
                    inbound: exchange.inbound.slim(&self.party.config),
                    deadline: lost.unwrap_or(exchange.deadline),
                    awaited: Some(awaited),
                    ..exchange
                };
                self.waits.request(Waiting::BearerToken(Box::new(exchange)));
                Decision::Wait
            }
        }
    }

    /// Whose token it is, is known; the rest is the same for everybody.
    fn clear_bearer(
        &mut self,
        exchange: BearerExchange,
        provider: ProviderId,
        claims: &BearerClaims,
        moment: &mut Moment<'_>,
    ) -> Decision {
        let BearerExchange { inbound, edits, token, .. } = exchange;
        let caller = Caller {
            provider,
            naming: claims.naming().clone(),
            auth_time: None,
            credential: Credential::Bearer { kind: claims.kind(), token },
            claims: TrustedClaims::of_bearer(claims),
        };
        self.clear(inbound, edits, caller, moment)
    }

    /// What is known of a token: by the keys of its issuer, else by a provider that can be asked about it. A provider that the
    /// rule does not take neither vouches for anybody nor is shown the token.
    fn known(&mut self, exchange: &mut BearerExchange, now: UnixTime) -> Known {
        let config = Rc::clone(&self.party.config);
        let access = config.routes.route(exchange.inbound.rule).access();
        let token = exchange.token.secret();
        if !looks_like_jwt(token) {
            return self.looked_up(&exchange.token, self.party.lookup(None, access), now);
        }
        let Some(issuer) = issuer_hint(token) else {
            let refusal = UnverifiedJwt::parse(token).err().map(Refusal::BearerJwt);
            return Known::Refused(refusal.unwrap_or(Refusal::Bearer(BearerError::Issuer)));
        };
        let signed = self.party.issuers_of_tokens(&issuer, access);
        match *signed {
            [] if !config.providers().iter().any(|provider| provider.issuer == issuer) => {
                Known::Refused(Refusal::Bearer(BearerError::Issuer))
            }
            [] => self.looked_up(&exchange.token, self.party.lookup(Some(&issuer), access), now),
            [first, ..] => self.verified(&exchange.token, first, &signed, &mut exchange.looked, now),
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
        let digest = TokenDigest::of_signed(first, token.secret());
        let jwt = match self.party.verified(&digest, first, now) {
            Some(jwt) => jwt.clone(),
            None => {
                let context = self.party.context(first, now);
                // Anyone can send a token with a made-up key name.
                match context.and_then(|mut context| verify_token(token, looked, Asker::Others, &mut context)) {
                    None => return Known::Waits(Awaited::Provider(first)),
                    Some(Err(error)) => return Known::Refused(Refusal::BearerJwt(error)),
                    Some(Ok(jwt)) => {
                        self.party.remember(digest, first, jwt.clone(), token.secret().len());
                        jwt
                    }
                }
            }
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

    /// What the provider says that can be asked.
    fn looked_up(
        &mut self,
        token: &Secret<String>,
        lookup: Option<(ProviderId, usize, Lookup)>,
        now: UnixTime,
    ) -> Known {
        if let Err(error) = check_opaque(token.secret()) {
            return Known::Refused(Refusal::Bearer(error));
        }
        let Some((provider, rule, lookup)) = lookup else {
            return Known::Refused(Refusal::Bearer(BearerError::Unaccepted));
        };
        let digest = TokenDigest::of_opaque(provider, rule, lookup, token.secret());
        match self.party.answers.believed(&digest, now).map(|verdict| verdict.claims.clone()) {
            Some(Ok(claims)) => Known::Caller(provider, claims),
            Some(Err(error)) => Known::Refused(Refusal::Bearer(error)),
            None => self.ask(digest, (provider, rule, lookup), token, now).map_or_else(Known::Refused, Known::Waits),
        }
    }

    /// Asks a provider about a token, unless it is being asked.
    fn ask(
        &mut self,
        digest: TokenDigest,
        (provider, rule, lookup): (ProviderId, usize, Lookup),
        token: &Secret<String>,
        now: UnixTime,
    ) -> Result<Awaited, Refusal> {
        if self.questions.contains_key(&digest) {
            return Ok(Awaited::Answer(digest));
        }
        if self.questions.len() >= MAX_QUESTIONS {
            return Err(Refusal::TooManyWaiting);
        }
        let metadata = self.party.state(provider).and_then(|state| state.metadata());
        let (Some(settings), Some(metadata)) = (self.party.settings(provider), metadata) else {
            return Ok(Awaited::Provider(provider));
        };
        let call = match lookup {
            Lookup::Introspection => introspection_request(settings, metadata, token),
            Lookup::UserInfo => user_info_request(settings, metadata, token),
        };
        let call = call.ok_or(Refusal::LookupEndpointAbsent)?;
        let lost = Deadline::new(now, call.timeout.saturating_add(CALL_GRACE));
        self.output.call(Purpose::Lookup(lookup, digest), call, now);
        self.questions.insert(digest, Question { provider, rule, lookup, lost });
        Ok(Awaited::Answer(digest))
    }

    /// A provider answered about the token of `digest`; everyone who brought it hears of it.
    pub(super) fn question_answered(
        &mut self,
        digest: TokenDigest,
        outcome: &CallOutcome,
        moment: &mut Moment<'_>,
    ) -> CallResult {
        let Some(question) = self.questions.remove(&digest) else { return CallResult::Unavailable };
        let (result, verdict) = self.judge_answer(&question, outcome, moment.now);
        let said = verdict.as_ref().map(|verdict| verdict.claims.clone());
        if let (Some(verdict), CallOutcome::Answer(response)) = (verdict, outcome) {
            self.party.answers.put(digest, verdict, response.body.secret().len());
        }
        // What is said now counts for all who wait for it, however short it may be remembered.
        for exchange in self.take_bearer_tokens(|exchange| exchange.awaits_answer(digest)) {
            let id = exchange.inbound.id;
            let decision = match &said {
                Some(Ok(claims)) => self.clear_bearer(exchange, question.provider, claims, moment),
                Some(Err(error)) => self.refuse(&exchange.inbound, &Refusal::Bearer(*error), moment.now),
                None => self.refuse(&exchange.inbound, &Refusal::ProviderUnavailable, moment.now),
            };
            self.output.decide(id, decision);
        }
        result
    }

    fn judge_answer(
        &mut self,
        question: &Question,
        outcome: &CallOutcome,
        now: UnixTime,
    ) -> (CallResult, Option<Verdict>) {
        let settings = self.party.settings(question.provider);
        let rule = settings.and_then(|settings| settings.bearer.get(question.rule));
        let (Some(settings), Some(rule), CallOutcome::Answer(response)) = (settings, rule, outcome) else {
            return (CallResult::Unavailable, None);
        };
        let answer = match question.lookup {
            Lookup::Introspection => process_introspection_response(settings, rule, response, now),
            Lookup::UserInfo => process_user_info_lookup(settings, rule, response, now),
        };
        let verdict = |claims, until| Some(Verdict { claims, until });
        match answer {
            Ok(claims) => {
                let until = claims.expires();
                (CallResult::Ok, verdict(Ok(claims), until))
            }
            Err(LookupError::Refused(error)) => (CallResult::Refused, verdict(Err(error), now.plus(REFUSED))),
            Err(failure) => {
                let text = format!("provider {}: {failure}", settings.issuer);
                self.log(log::Level::Warn, failure.code(), text, now);
                let is_json = matches!(failure, LookupError::Json(_));
                (if is_json { CallResult::Invalid } else { CallResult::Unavailable }, None)
            }
        }
    }

    /// Forgets questions whose end the host never told.
    pub(super) fn forget_questions(&mut self, now: UnixTime) {
        self.questions.retain(|_, question| !question.lost.is_past(now));
    }
}

/// A question about a token, under way.
#[derive(Debug)]
pub struct Question {
    provider: ProviderId,
    rule: usize,
    lookup: Lookup,
    lost: Deadline,
}
