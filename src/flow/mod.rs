//! The flow: every decision about a request, as data in and data out, in virtual time.
//!
//! [`Engine`] is the whole of it for one configuration and one worker. There are four kinds of methods:
//! - `handle_*` take what happened: a request, a provider's answer, a tick, a client that went away;
//! - `poll_*` give what is to be done: decisions for waiting requests, calls to send, events to count; call them after
//!   every `handle_*` until they give nothing;
//! - [`Engine::pace`] says how soon the next tick should come;
//! - [`Engine::gauges`] says what can be measured now.
//!
//! Decides the order of the checks. The host, the clock and the random source belong to the adapter.

pub mod answer;
pub mod decision;
pub mod event;
pub mod exchange;
pub mod inbound;
pub mod output;
pub mod pages;
pub mod provider;
pub mod refusal;
pub mod sign_in;
pub mod sign_out;

mod endpoints;
mod waiting;

use std::{rc::Rc, time::Duration};

pub use self::decision::{CallId, Decision, Pace, RequestId};
use self::{
    event::{CallResult, Event, LogLine, Outcome},
    exchange::{Context, token_call_result},
    inbound::{Inbound, OwnEndpoint, Standing},
    output::{Output, Purpose},
    provider::{Judged, ProviderState},
    refusal::{Fault, Refusal},
    waiting::Waits,
};
use crate::{
    config::Config,
    http::{
        call::{Call, CallOutcome},
        header_edits::HeaderEdits,
        path::RawPath,
        request::{Client, Header, RequestView},
    },
    identity::{Identity, headers::ReservedHeaders},
    oidc::{claims::TrustedClaims, revocation::process_revocation_response, signature::SignatureVerifier},
    policy::Action,
    session::Session,
    time::{Entropy, UnixTime},
};

/// Every decision of one worker under one configuration.
pub struct Engine {
    config: Rc<Config>,
    reserved: ReservedHeaders,
    wanted_claims: Vec<String>,
    verifier: Box<dyn SignatureVerifier>,
    provider: ProviderState,
    waits: Waits,
    output: Output,
}

/// The present and the random source, for one `handle_*`.
pub struct Moment<'a> {
    /// The present.
    pub now: UnixTime,
    /// Random bytes.
    pub entropy: &'a mut dyn Entropy,
}

/// What can be measured at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauges {
    /// Requests that wait for a decision.
    pub waiting: usize,
    /// The age of the provider's keys; `None` before there are any.
    pub key_age: Option<Duration>,
}

impl Engine {
    /// An engine that has seen nothing yet.
    pub fn new(config: Config, verifier: Box<dyn SignatureVerifier>) -> Self {
        let mut wanted_claims: Vec<String> = config.identity.claim_names().map(str::to_owned).collect();
        wanted_claims.sort_unstable();
        wanted_claims.dedup();
        Self {
            reserved: ReservedHeaders::new(config.identity.header_names()),
            config: Rc::new(config),
            wanted_claims,
            verifier,
            provider: ProviderState::default(),
            waits: Waits::default(),
            output: Output::default(),
        }
    }

    /// Takes a request's headers in the order of the wire. [`Decision::Wait`] means that [`Engine::poll_decision`] will give
    /// the decision, before the waits' deadline at the latest.
    pub fn handle_request(&mut self, id: RequestId, headers: Vec<(String, Vec<u8>)>, moment: &mut Moment<'_>) -> Decision {
        let decision = match RequestView::parse(headers) {
            Ok(view) => {
                let inbound = Inbound::new(id, view, &self.config);
                self.decide(inbound, moment)
            }
            Err(malformed) => {
                self.output.event(Event::Decided(Outcome::Malformed));
                let refusal = Refusal::Malformed(malformed);
                let body = serde_json::json!({ "error": refusal.code(), "error_description": refusal.text() });
                Decision::Reply(crate::http::reply::Reply::json(refusal.status(), &body))
            }
        };
        // What could be settled at once is queued like what settles later; the caller need not wait for it.
        match decision {
            Decision::Wait => self.output.take_decision(id).unwrap_or(Decision::Wait),
            decision => decision,
        }
    }

    /// Takes a request's trailers: what must be removed of them.
    pub fn handle_trailers(&self, trailers: &[Header]) -> HeaderEdits {
        self.reserved.strip_trailers(trailers)
    }

    /// Takes the end of a provider call.
    pub fn handle_call(&mut self, id: CallId, outcome: &CallOutcome, moment: &mut Moment<'_>) {
        let Some(call) = self.output.answered(id) else { return };
        let result = match &call.purpose {
            Purpose::Keys => {
                let judged = self.provider.handle_keys(outcome, moment.now);
                self.report_provider("keys_unavailable", judged)
            }
            Purpose::Metadata => {
                let judged = self.provider.handle_metadata(self.config.provider(), outcome, moment.now);
                self.report_provider("metadata_unavailable", judged)
            }
            Purpose::Revocation => revocation_result(outcome),
            Purpose::Tokens(_) => token_call_result(outcome),
        };
        let (endpoint, elapsed) = (call.purpose.endpoint(), moment.now.since(call.since));
        self.output.event(Event::ProviderCall { endpoint, outcome: result, elapsed });
        match call.purpose {
            Purpose::Tokens(state) => self.tokens_answered(&state, outcome, moment),
            Purpose::Keys | Purpose::Metadata => self.provider_moved(moment),
            Purpose::Revocation => {}
        }
    }

    /// Takes the passing of time: deadlines, and what must be fetched.
    pub fn handle_tick(&mut self, moment: &mut Moment<'_>) {
        self.expire(moment);
        self.fetch_due(moment.now);
    }

    /// Takes that a client went away. What the provider answers it is kept for when it comes back.
    pub fn handle_gone(&mut self, id: RequestId) {
        self.waits.forget(id);
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
        match (self.output.has_calls(), self.waits.is_empty()) {
            (true, _) => Pace::Now,
            (false, false) => Pace::Waiting,
            (false, true) => Pace::Idle,
        }
    }

    /// What can be measured now.
    pub fn gauges(&self, now: UnixTime) -> Gauges {
        Gauges { waiting: self.waits.requests(), key_age: self.provider.key_age(now) }
    }

    /// The checks in their order: own endpoints, route, sign-in state, identity.
    fn decide(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let config = Rc::clone(&self.config);
        match inbound.own_endpoint(&config) {
            Some(OwnEndpoint::Callback) => return self.callback(inbound, moment),
            Some(OwnEndpoint::SignIn) => return self.sign_in(inbound, moment),
            Some(OwnEndpoint::SignOut) => return self.sign_out(inbound, moment),
            None => {}
        }
        let path = RawPath::new(inbound.view.path());
        let Ok(route) = config.routes.decide(inbound.view.host(), inbound.view.method(), &path) else {
            return self.refuse(&inbound, &Refusal::AmbiguousPath);
        };
        match route.action() {
            Action::Allow => self.forward(&inbound, Outcome::Allowed, None),
            Action::Deny => self.refuse(&inbound, &Refusal::Denied),
            Action::Authenticate if inbound.view.is_cors_preflight() => self.forward(&inbound, Outcome::Preflight, None),
            Action::Authenticate => self.authenticate(inbound, moment),
        }
    }

    fn authenticate(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else { return self.refuse(&inbound, &Refusal::HostUnknown) };
        let standing = inbound.standing(&self.config, &origin, moment.now);
        match (standing, inbound.client) {
            (Standing::Valid(_), Client::WebSocket) if is_foreign_origin(&inbound.view, &origin.to_string()) => {
                self.refuse(&inbound, &Refusal::CrossOriginUpgrade)
            }
            (Standing::Valid(session), _) => self.authenticated(&inbound, *session),
            (Standing::Absent | Standing::Void, Client::Navigation) => {
                let return_path = inbound.return_path(&origin);
                self.start_sign_in(inbound, return_path, moment)
            }
            (Standing::Absent | Standing::Void, _) => self.refuse(&inbound, &Refusal::Unauthenticated),
        }
    }

    fn authenticated(&mut self, inbound: &Inbound, session: Session) -> Decision {
        let claims = TrustedClaims::unsealed(session.claims);
        match Identity::from_claims(&self.config.identity, &claims) {
            Ok(identity) => self.forward(inbound, Outcome::Authenticated, Some(&identity)),
            Err(error) => self.refuse(inbound, &Refusal::Identity(error)),
        }
    }

    /// On to the application: what a client may not bring is removed on every branch, then identity is set.
    fn forward(&mut self, inbound: &Inbound, outcome: Outcome, identity: Option<&Identity>) -> Decision {
        self.output.event(Event::Decided(outcome));
        let mut edits = self.reserved.strip(inbound.view.headers());
        let cookie = &self.config.session.cookie;
        if let Some(lines) = inbound.cookies.without(|name| cookie.owns(name)) {
            edits.replace_all("cookie", lines);
        }
        for (name, value) in identity.map(Identity::headers).unwrap_or_default() {
            edits.set(name.clone(), value.clone());
        }
        Decision::Forward(edits)
    }

    /// Says no; cookies of ours that stand for nothing are deleted in the same answer (T-65).
    fn refuse(&mut self, inbound: &Inbound, refusal: &Refusal) -> Decision {
        self.output.event(Event::Decided(outcome_of(refusal)));
        self.log_refusal(inbound, refusal);
        let reply = answer::refuse(&self.config, inbound, refusal);
        let void = match refusal {
            Refusal::Unauthenticated => crate::session::delete_session(&self.config.session, &inbound.cookies),
            _ => Vec::new(),
        };
        Decision::Reply(reply.with_cookies(void))
    }

    fn log_refusal(&mut self, inbound: &Inbound, refusal: &Refusal) {
        let level = match (refusal, refusal.fault()) {
            (Refusal::Unauthenticated | Refusal::Denied, _) => log::Level::Debug,
            (_, Fault::Client) => log::Level::Info,
            (_, Fault::Configuration | Fault::Provider) => log::Level::Warn,
            (_, Fault::Us) => log::Level::Error,
        };
        let text = format!("{} (fault: {})", refusal, refusal.fault().name());
        let request_id = inbound.view.request_id().to_owned();
        self.output.event(Event::Log(LogLine { level, request_id, code: refusal.code(), text }));
    }

    fn report_provider(&mut self, code: &'static str, judged: Judged) -> CallResult {
        if let Some(problem) = judged.problem {
            let text = format!("provider {}: {problem}", self.config.provider().issuer);
            self.output.event(Event::Log(LogLine { level: log::Level::Warn, request_id: "-".into(), code, text }));
        }
        judged.result
    }

    fn context<'a>(
        config: &'a Config,
        provider: &'a mut ProviderState,
        verifier: &'a dyn SignatureVerifier,
        wanted_claims: &'a [String],
        now: UnixTime,
    ) -> Context<'a> {
        let callback_path = &config.paths.callback;
        Context { settings: config.provider(), provider, verifier, callback_path, wanted_claims, now }
    }

    fn fetch_due(&mut self, now: UnixTime) {
        let awaited = !self.waits.is_empty();
        for (endpoint, call) in self.provider.due(self.config.provider(), awaited, now) {
            let purpose = match endpoint {
                event::Endpoint::Keys => Purpose::Keys,
                _ => Purpose::Metadata,
            };
            self.output.call(purpose, call, now);
        }
    }
}

/// T-190, DESIGN: an upgrade that a page of another origin opened with this person's cookie.
fn is_foreign_origin(view: &RequestView, own: &str) -> bool {
    view.values("origin").any(|value| value != own.as_bytes())
}

fn revocation_result(outcome: &CallOutcome) -> CallResult {
    match outcome {
        CallOutcome::Answer(response) if process_revocation_response(response) => CallResult::Ok,
        CallOutcome::Answer(response) if response.status < 500 => CallResult::Refused,
        _ => CallResult::Unavailable,
    }
}

fn outcome_of(refusal: &Refusal) -> Outcome {
    match (refusal, refusal.status()) {
        (Refusal::AmbiguousPath, _) => Outcome::Malformed,
        (_, 401) => Outcome::Unauthenticated,
        (_, 403) => Outcome::Denied,
        (_, 503) => Outcome::Unavailable,
        _ => Outcome::Endpoint,
    }
}
