//! The flow: every decision about a request, as data in and data out, in virtual time.
//!
//! [`Engine`] is the whole of it for one configuration and one worker. There are four kinds of methods:
//! - `handle_*` take what happened: a request, its body, trailers or response, a provider's answer, a tick, a client that
//!   went away;
//! - `poll_*` give what is to be done: decisions for waiting requests, calls to send, events to count; call them after
//!   every `handle_*` until they give nothing;
//! - [`Engine::pace`] says how soon the next tick should come;
//! - [`Engine::gauges`] says what can be measured now.
//!
//! Decides what each of these leads to; the order of the checks is in `gate`. The host, the clock, the random source and the
//! workers' memory belong to the adapter.

pub mod answer;
pub mod cookies;
pub mod decision;
pub mod event;
pub mod exchange;
pub mod inbound;
pub mod journal;
pub mod output;
pub mod pages;
pub mod provider;
pub mod refusal;
pub mod relying_party;
pub mod renewal;
pub mod sign_in;
pub mod sign_out;
pub mod whoami;

mod authorizer;
mod back_channel;
mod bearer;
mod carried;
mod clearance;
mod endpoints;
mod front_channel;
mod gate;
mod homepage;
mod offer;
mod progress;
mod refresh;
mod token_cache;
mod visit;
mod waiting;

use std::{collections::BTreeMap, rc::Rc, time::Duration};

pub use self::decision::{CallId, Decision, Forward, Gift, Going, Pace, RequestId};
use self::{
    bearer::Question,
    cookies::with_response,
    event::{CallResult, Endpoint, Event},
    exchange::{judge_tokens, judge_user_info},
    inbound::Inbound,
    journal::Journal,
    output::{Output, Purpose},
    provider::{Judged, ProviderId},
    relying_party::RelyingParty,
    token_cache::TokenDigest,
    waiting::Waits,
};
use crate::{
    config::Config,
    http::{
        call::{Call, CallOutcome},
        header_edits::HeaderEdits,
        request::{Header, RequestView},
    },
    identity::{AUTHORIZATION, Forwarding, headers::ReservedHeaders},
    memory::SharedMemory,
    oidc::{
        refresh::process_refresh_response, revocation::process_revocation_response, signature::SignatureVerifier,
        token::process_token_response,
    },
    session::Ended,
    time::{Entropy, UnixTime},
};

/// After how long nobody expects the end of a call any more: well over the longest timeout.
const LOST: Duration = Duration::from_mins(10);

/// The most bytes of a request's body that are read: a logout token has one or two thousand.
pub const MAX_REQUEST_BODY: usize = 16 * 1024;

/// Every decision of one worker under one configuration.
pub struct Engine {
    party: RelyingParty,
    reserved: ReservedHeaders,
    waits: Waits,
    /// Questions about opaque tokens that are under way.
    questions: BTreeMap<TokenDigest, Question>,
    output: Output,
    journal: Journal,
}

/// The present, the random source and the memory of all workers, for one `handle_*`.
pub struct Moment<'a> {
    /// The present.
    pub now: UnixTime,
    /// Random bytes.
    pub entropy: &'a mut dyn Entropy,
    /// What all workers share.
    pub memory: &'a mut dyn SharedMemory,
}

/// What can be measured at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauges {
    /// Requests that wait for a decision.
    pub waiting: usize,
    /// The age of the oldest keys of a provider; `None` before there are any.
    pub key_age: Option<Duration>,
}

impl Engine {
    /// An engine that has seen nothing yet.
    pub fn new(config: Config, verifier: Box<dyn SignatureVerifier>) -> Self {
        Self {
            reserved: ReservedHeaders::new(config.header_names()),
            party: RelyingParty::new(config, verifier),
            waits: Waits::default(),
            questions: BTreeMap::new(),
            output: Output::default(),
            journal: Journal::default(),
        }
    }

    /// Takes a request's headers in the order of the wire, and whether they are all of it. [`Decision::Wait`] means that
    /// [`Engine::poll_decision`] will give the decision, before the waits' deadline at the latest.
    pub fn handle_request(
        &mut self,
        id: RequestId,
        headers: Vec<(String, Vec<u8>)>,
        complete: bool,
        moment: &mut Moment<'_>,
    ) -> Decision {
        let decision = match RequestView::parse(headers, complete) {
            Ok(view) => {
                let inbound = Inbound::new(id, view, &self.party.config);
                self.decide(inbound, moment)
            }
            Err(malformed) => self.refuse_malformed(malformed, moment.now),
        };
        // What could be settled at once is queued like what settles later; the caller need not wait for it.
        match decision {
            Decision::Wait => self.output.take_decision(id).unwrap_or(Decision::Wait),
            decision => decision,
        }
    }

    /// Takes a request's trailers: what must be removed of them.
    pub fn handle_trailers(&self, trailers: &[Header]) -> HeaderEdits {
        let mut edits = self.reserved.strip_trailers(trailers);
        let ours = self.party.config.forwardings().any(Forwarding::takes_authorization);
        if ours && trailers.iter().any(|trailer| trailer.name.eq_ignore_ascii_case(AUTHORIZATION)) {
            edits.remove(AUTHORIZATION);
        }
        edits
    }

    /// Takes the body of a request whose decision was [`Decision::ReadBody`]; `None` if it is longer than [`MAX_REQUEST_BODY`].
    pub fn handle_body(&mut self, id: RequestId, body: Option<Vec<u8>>, moment: &mut Moment<'_>) -> Decision {
        self.body_read(id, body, moment)
    }

    /// Takes that the response to a request that went on comes back: the edits that bring its `gift`, unless the session was
    /// ended, refused or renewed in the meantime. An old response must not put it back into the browser.
    pub fn handle_response(&mut self, gift: Gift, moment: &mut Moment<'_>) -> HeaderEdits {
        let config = Rc::clone(&self.party.config);
        let ended = self.party.revoked.covers(&gift.session, &config.session.keys, moment.memory, moment.now);
        let over = match gift.session.valid_at(moment.now, self.party.limits(&gift.session)) {
            Ok(()) => false,
            Err(Ended::Tokens) => gift.session.refresh_token.is_none(),
            Err(Ended::Idle | Ended::Lifetime) => true,
        };
        let outdated = self.party.handoff.is_outdated(&gift.session, &RelyingParty::shared(&config, moment));
        if ended || over || outdated { HeaderEdits::default() } else { with_response(gift.cookies) }
    }

    /// Takes the end of a provider call.
    pub fn handle_call(&mut self, id: CallId, outcome: &CallOutcome, moment: &mut Moment<'_>) {
        let Some(call) = self.output.answered(id) else { return };
        let (endpoint, elapsed) = (call.purpose.endpoint(), moment.now.since(call.since));
        if let CallOutcome::Failure(failure) = outcome {
            let text = format!("the {} call by cluster {:?} gave no answer: {failure}", endpoint.name(), call.cluster);
            self.log(log::Level::Warn, failure.code(), text, moment.now);
        }
        let result = match call.purpose {
            Purpose::Authorization(request) => self.authorizer_answered(request, outcome, moment),
            Purpose::Keys(provider) => {
                let judged = self.party.state_mut(provider).map(|(_, state)| state.handle_keys(outcome, moment.now));
                self.provider_answered(provider, judged, moment)
            }
            Purpose::Lookup(_, digest) => self.question_answered(digest, outcome, moment),
            Purpose::Metadata(provider) => {
                let state = self.party.state_mut(provider);
                let judged = state.map(|(settings, state)| state.handle_metadata(settings, outcome, moment.now));
                self.provider_answered(provider, judged, moment)
            }
            Purpose::Refresh(session) => {
                let (result, tokens) = judge_tokens(outcome, process_refresh_response);
                self.refresh_answered(session, id, tokens, moment);
                result
            }
            Purpose::RefreshedUserInfo(session) => {
                let (result, answer) = judge_user_info(outcome);
                self.refreshed_user_info_answered(session, id, answer, moment);
                result
            }
            Purpose::Revocation => revocation_result(outcome),
            Purpose::Tokens(state) => {
                let (result, tokens) = judge_tokens(outcome, process_token_response);
                self.tokens_answered(&state, id, tokens, moment);
                result
            }
            Purpose::UserInfo(state) => {
                let (result, answer) = judge_user_info(outcome);
                self.user_info_answered(&state, id, answer, moment);
                result
            }
        };
        self.output.event(Event::ProviderCall { endpoint, outcome: result, elapsed });
    }

    /// Takes the passing of time: deadlines, and what must be fetched.
    pub fn handle_tick(&mut self, moment: &mut Moment<'_>) {
        self.expire(moment);
        self.forget_questions(moment.now);
        let waits = &self.waits;
        self.output.forget_lost(LOST, moment.now, |purpose| match purpose {
            Purpose::Refresh(id) | Purpose::RefreshedUserInfo(id) => waits.is_renewing(*id),
            _ => false,
        });
        self.fetch_due(moment.now);
    }

    /// Takes that a client went away. What the provider answers it is kept for when it comes back.
    pub fn handle_gone(&mut self, id: RequestId) {
        drop(self.waits.forget(id));
    }

    /// The next decision for a request that waited.
    pub fn poll_decision(&mut self) -> Option<(RequestId, Decision)> {
        self.output.next_decision()
    }

    /// The next call to send.
    pub fn poll_call(&mut self) -> Option<(CallId, Call)> {
        self.output.next_call()
    }

    /// The next event to report.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.output.next_event()
    }

    /// How soon the next tick should come.
    pub fn pace(&self) -> Pace {
        match (self.output.has_work(), self.waits.is_empty()) {
            (true, _) => Pace::Now,
            (false, false) => Pace::Waiting,
            (false, true) => Pace::Idle,
        }
    }

    /// What can be measured now.
    pub fn gauges(&self, now: UnixTime) -> Gauges {
        let ages = self.party.ids().filter_map(|id| self.party.state(id)?.key_age(now));
        Gauges { waiting: self.waits.requests(), key_age: ages.max() }
    }

    /// A document of `provider` was taken or refused; what waits for it goes on.
    fn provider_answered(
        &mut self,
        provider: ProviderId,
        judged: Option<Judged>,
        moment: &mut Moment<'_>,
    ) -> CallResult {
        let Some(Judged { result, problem }) = judged else { return CallResult::Invalid };
        if let (Some((code, problem)), Some(settings)) = (problem, self.party.settings(provider)) {
            let text = format!("provider {}: {problem}", settings.issuer);
            self.log(log::Level::Warn, code, text, moment.now);
        }
        self.provider_moved(provider, moment);
        result
    }

    fn fetch_due(&mut self, now: UnixTime) {
        for id in self.party.ids() {
            let awaited = self.waits.await_provider(id);
            let Some((settings, state)) = self.party.state_mut(id) else { continue };
            if !awaited {
                state.drop_wishes();
            }
            for (endpoint, call) in state.due(settings, awaited, now) {
                let purpose = match endpoint {
                    Endpoint::Keys => Purpose::Keys(id),
                    _ => Purpose::Metadata(id),
                };
                self.output.call(purpose, call, now);
            }
        }
    }
}

fn revocation_result(outcome: &CallOutcome) -> CallResult {
    match outcome {
        CallOutcome::Answer(response) if process_revocation_response(response) => CallResult::Ok,
        CallOutcome::Answer(response) if response.status < 500 => CallResult::Refused,
        _ => CallResult::Unavailable,
    }
}
