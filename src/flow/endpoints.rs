//! Our own endpoints and the waits behind them: callback, sign-in, sign-out.
//!
//! Decides what each does at once and what it waits for. Continues [`Engine`].

use std::rc::Rc;

use super::{
    Engine, Moment, answer,
    decision::Decision,
    event::{Event, Outcome},
    exchange::{Exchange, PROVIDER_WAIT, SignedIn, Step},
    inbound::{Inbound, Standing},
    output::Purpose,
    refusal::Refusal,
    sign_in::{redirect_to_provider, redirect_with_session},
    sign_out,
    waiting::{Progress, Then, Waiting},
};
use crate::{
    http::{call::CallOutcome, origin::Origin, path::ReturnPath, reply::Reply, request::Client},
    oidc::{
        authorization::{CallbackError, CallbackParameters},
        revocation::revocation_request,
    },
    session::{LoginAttempt, delete_attempt, read_attempt},
};

impl Engine {
    /// The sign-in endpoint: on to `return_to`, by way of the provider unless a session stands.
    pub(super) fn sign_in(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else { return self.refuse(&inbound, &Refusal::HostUnknown) };
        let return_path = inbound.requested_return_path(&origin);
        match (inbound.standing(&self.config, &origin, moment.now), inbound.client) {
            (Standing::Valid(_), Client::Navigation) => {
                self.reply(Outcome::Endpoint, Reply::redirect(&format!("{origin}{}", return_path.as_str())))
            }
            (Standing::Absent | Standing::Void, Client::Navigation) => self.start_sign_in(inbound, return_path, moment),
            (_, Client::Submission) => self.refuse(&inbound, &Refusal::MethodNotAllowed),
            (_, _) => self.refuse(&inbound, &Refusal::Unauthenticated),
        }
    }

    /// Redirects to the provider, as soon as its endpoints are known.
    pub(super) fn start_sign_in(&mut self, inbound: Inbound, return_path: ReturnPath, moment: &mut Moment<'_>) -> Decision {
        match self.provider.metadata() {
            Some(_) => self.redirect(&inbound, return_path, moment),
            None => self.wait_for_metadata(inbound, Then::SignIn(return_path), moment),
        }
    }

    fn redirect(&mut self, inbound: &Inbound, return_path: ReturnPath, moment: &mut Moment<'_>) -> Decision {
        let (Some(metadata), Some(origin)) = (self.provider.metadata(), &inbound.origin) else {
            return self.refuse(inbound, &Refusal::ProviderUnavailable);
        };
        let Moment { now, entropy } = moment;
        match redirect_to_provider(&self.config, metadata, inbound, origin, return_path, *now, *entropy) {
            Ok(reply) => {
                self.output.event(Event::SignInStarted);
                self.reply(Outcome::Redirected, reply)
            }
            Err(refusal) => self.refuse(inbound, &refusal),
        }
    }

    /// The sign-out endpoint.
    pub(super) fn sign_out(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else { return self.refuse(&inbound, &Refusal::HostUnknown) };
        if let Err(refusal) = sign_out::permit(&inbound.view, &origin) {
            return self.refuse(&inbound, &refusal);
        }
        match self.provider.metadata() {
            Some(_) => self.finish_sign_out(&inbound, &origin, moment),
            None => self.wait_for_metadata(inbound, Then::SignOut, moment),
        }
    }

    /// Ends the session here and sends the browser on; without metadata it ends here only.
    fn finish_sign_out(&mut self, inbound: &Inbound, origin: &Origin, moment: &mut Moment<'_>) -> Decision {
        let metadata = self.provider.metadata();
        let session = inbound.standing(&self.config, origin, moment.now);
        if let (Standing::Valid(session), Some(metadata)) = (session, metadata) {
            let refresh_token = session.refresh_token.as_ref();
            let call = refresh_token.and_then(|token| revocation_request(self.config.provider(), metadata, token));
            if let Some(call) = call {
                self.output.call(Purpose::Revocation, call, moment.now);
            }
        }
        let reply = sign_out::answer(&self.config, self.provider.metadata(), inbound, origin);
        self.reply(Outcome::Endpoint, reply)
    }

    /// The callback: one attempt, one exchange, one session.
    pub(super) fn callback(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else { return self.refuse(&inbound, &Refusal::HostUnknown) };
        if inbound.view.method() != "GET" {
            return self.refuse(&inbound, &Refusal::MethodNotAllowed);
        }
        match self.read_callback(&inbound, &origin, moment) {
            Ok((attempt, parameters)) => self.exchange(inbound, origin, attempt, parameters, moment),
            Err(Refusal::AttemptAbsent) if self.is_signed_in(&inbound, &origin, moment) => {
                self.reply(Outcome::Endpoint, Reply::redirect(&format!("{origin}/")))
            }
            Err(refusal) => self.refuse_callback(&inbound, &refusal, &ReturnPath::root()),
        }
    }

    fn read_callback(
        &self,
        inbound: &Inbound,
        origin: &Origin,
        moment: &Moment<'_>,
    ) -> Result<(LoginAttempt, CallbackParameters), Refusal> {
        let parameters = CallbackParameters::parse(inbound.view.query().unwrap_or_default()).map_err(Refusal::Callback)?;
        let state = match (parameters.usable_state(), parameters.error) {
            (Ok(state), _) => state.secret().clone(),
            // Cognito sends some errors without state; they belong to no attempt that we could tell.
            (Err(_), Some(error)) => return Err(Refusal::Callback(CallbackError::Provider(error))),
            (Err(error), None) => return Err(Refusal::Callback(error)),
        };
        let provider = self.config.provider();
        let scope = super::inbound::host_scope(&self.config, origin);
        let (session, cookies) = (&self.config.session, &inbound.cookies);
        let attempt = read_attempt(session, cookies, &state, scope, &provider.client_id, moment.now)
            .filter(|attempt| attempt.provider == provider.name)
            .ok_or(Refusal::AttemptAbsent)?;
        Ok((attempt, parameters))
    }

    fn is_signed_in(&self, inbound: &Inbound, origin: &Origin, moment: &Moment<'_>) -> bool {
        matches!(inbound.standing(&self.config, origin, moment.now), Standing::Valid(_))
    }

    /// Joins the exchange of this attempt if it is under way or kept, else begins it.
    fn exchange(
        &mut self,
        inbound: Inbound,
        origin: Origin,
        attempt: LoginAttempt,
        parameters: CallbackParameters,
        moment: &mut Moment<'_>,
    ) -> Decision {
        if !self.waits.has_room() {
            return self.refuse(&inbound, &Refusal::TooManyWaiting);
        }
        let (id, state) = (inbound.id, attempt.state.secret().clone());
        let progress = self.waits.take_exchange(&state);
        self.waits.request(id, Waiting::Exchange(inbound, state.clone()));
        match progress {
            Some(Progress::Kept(signed_in, _)) => self.settle(&state, Ok(signed_in), moment),
            Some(running) => self.waits.put_exchange(state, running),
            None => {
                let (config, now) = (Rc::clone(&self.config), moment.now);
                let context = Self::context(&config, &mut self.provider, &*self.verifier, &self.wanted_claims, now);
                let step = Exchange::begin(attempt, origin, parameters, context);
                self.take_step(state, step, moment);
            }
        }
        self.fetch_due(moment.now);
        Decision::Wait
    }

    /// The token endpoint answered the sign-in with `state`.
    pub(super) fn tokens_answered(&mut self, state: &str, outcome: &CallOutcome, moment: &mut Moment<'_>) {
        if let Some(Progress::Running(exchange)) = self.waits.take_exchange(state) {
            let (config, now) = (Rc::clone(&self.config), moment.now);
            let context = Self::context(&config, &mut self.provider, &*self.verifier, &self.wanted_claims, now);
            let step = exchange.handle_tokens(outcome, context);
            self.take_step(state.to_owned(), step, moment);
            self.fetch_due(moment.now);
        }
    }

    /// Metadata or keys came, or could not be had: everything that waits for them gets another look.
    pub(super) fn provider_moved(&mut self, moment: &mut Moment<'_>) {
        self.fetch_due(moment.now);
        for state in self.waits.running() {
            let Some(Progress::Running(exchange)) = self.waits.take_exchange(&state) else { continue };
            let (config, now) = (Rc::clone(&self.config), moment.now);
            let context = Self::context(&config, &mut self.provider, &*self.verifier, &self.wanted_claims, now);
            let step = exchange.handle_provider(context);
            self.take_step(state, step, moment);
        }
        if self.provider.metadata().is_some() {
            let waiting = self.waits.take_requests(|waiting| matches!(waiting, Waiting::Metadata(..)));
            self.resume(waiting, moment);
        }
    }

    /// Ends what is past its deadline.
    pub(super) fn expire(&mut self, moment: &mut Moment<'_>) {
        for state in self.waits.overdue(moment.now) {
            self.waits.take_exchange(&state);
            self.settle(&state, Err(Refusal::ProviderUnavailable), moment);
        }
        let late = self.waits.take_requests(|waiting| waiting.is_late(moment.now));
        self.resume(late, moment);
    }

    fn resume(&mut self, waiting: Vec<Waiting>, moment: &mut Moment<'_>) {
        for waiting in waiting {
            let Waiting::Metadata(inbound, then, _) = waiting else { continue };
            let decision = match (then, inbound.origin.clone()) {
                (Then::SignIn(return_path), _) => self.redirect(&inbound, return_path, moment),
                (Then::SignOut, Some(origin)) => self.finish_sign_out(&inbound, &origin, moment),
                (Then::SignOut, None) => self.refuse(&inbound, &Refusal::HostUnknown),
            };
            self.output.decide(inbound.id, decision);
        }
    }

    fn wait_for_metadata(&mut self, inbound: Inbound, then: Then, moment: &Moment<'_>) -> Decision {
        if !self.waits.has_room() {
            return self.refuse(&inbound, &Refusal::TooManyWaiting);
        }
        self.waits.request(inbound.id, Waiting::Metadata(inbound, then, moment.now.plus(PROVIDER_WAIT)));
        self.fetch_due(moment.now);
        Decision::Wait
    }

    fn take_step(&mut self, state: String, step: Step, moment: &mut Moment<'_>) {
        match step {
            Step::Call(exchange, call) => {
                self.waits.put_exchange(state.clone(), Progress::Running(Box::new(exchange)));
                self.output.call(Purpose::Tokens(state), call, moment.now);
            }
            Step::Done(result) => self.settle(&state, result, moment),
            Step::Wait(exchange) => self.waits.put_exchange(state, Progress::Running(Box::new(exchange))),
        }
    }

    /// A sign-in ended: everyone who waits for it is answered; a good one that nobody waits for is kept for a while.
    fn settle(&mut self, state: &str, result: Result<Box<SignedIn>, Refusal>, moment: &mut Moment<'_>) {
        if let Err(refusal) = &result {
            self.output.event(Event::SignInFailed(refusal.code()));
        }
        let waiting = self.waits.take_requests(|waiting| waiting.is_for(state));
        if let (Ok(signed_in), true) = (&result, waiting.is_empty()) {
            self.waits.keep(state.to_owned(), signed_in.clone(), moment.now);
        }
        for waiting in waiting {
            let Waiting::Exchange(inbound, _) = waiting else { continue };
            let decision = match &result {
                Ok(signed_in) => self.complete(&inbound, state, (**signed_in).clone(), moment),
                Err(refusal) => self.refuse_exchange(&inbound, state, refusal, moment),
            };
            self.output.decide(inbound.id, decision);
        }
    }

    fn complete(&mut self, inbound: &Inbound, state: &str, signed_in: SignedIn, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = &inbound.origin else { return self.refuse(inbound, &Refusal::HostUnknown) };
        let Moment { now, entropy } = moment;
        match redirect_with_session(&self.config, inbound, origin, state, signed_in, *now, *entropy) {
            Ok((reply, written)) => {
                self.output.event(Event::SignInCompleted);
                self.output.event(written);
                self.reply(Outcome::Endpoint, reply)
            }
            Err(refusal) => self.refuse_exchange(inbound, state, &refusal, moment),
        }
    }

    /// A failed sign-in deletes its attempt and offers a new one for the same place.
    fn refuse_exchange(&mut self, inbound: &Inbound, state: &str, refusal: &Refusal, moment: &Moment<'_>) -> Decision {
        let Some(origin) = &inbound.origin else { return self.refuse(inbound, &Refusal::HostUnknown) };
        let scope = super::inbound::host_scope(&self.config, origin);
        let client_id = &self.config.provider().client_id;
        let attempt = read_attempt(&self.config.session, &inbound.cookies, state, scope, client_id, moment.now);
        let return_path = attempt.and_then(|attempt| ReturnPath::parse(attempt.return_path.as_bytes(), origin));
        let deletion = delete_attempt(&self.config.session, state);
        match self.refuse_callback(inbound, refusal, &return_path.unwrap_or_else(ReturnPath::root)) {
            Decision::Reply(reply) => Decision::Reply(reply.with_cookies([deletion])),
            decision => decision,
        }
    }

    fn refuse_callback(&mut self, inbound: &Inbound, refusal: &Refusal, return_path: &ReturnPath) -> Decision {
        self.log_refusal(inbound, refusal);
        let outcome = if refusal.status() == 503 { Outcome::Unavailable } else { Outcome::Endpoint };
        let reply = answer::refuse_callback(&self.config, inbound, refusal, return_path);
        self.reply(outcome, reply)
    }

    fn reply(&mut self, outcome: Outcome, reply: Reply) -> Decision {
        self.output.event(Event::Decided(outcome));
        Decision::Reply(reply)
    }
}
