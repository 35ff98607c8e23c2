//! What moves everything that waits: a provider's answer, a deadline, the end of a sign-in.
//!
//! Decides who is answered when, and what is kept when nobody is there. Continues [`Engine`].

use super::{
    Engine, Moment,
    decision::{CallId, Decision},
    event::Event,
    exchange::{Context, Exchange, SignedIn, Step},
    inbound::{Inbound, Standing},
    output::Purpose,
    provider::ProviderId,
    refusal::Refusal,
    sign_in::redirect_with_session,
    waiting::{CallbackDigest, Running, Then, Waiting},
};
use crate::{
    http::path::ReturnPath,
    oidc::{token::TokenResponse, user_info::UserInfo},
    session::delete_attempt,
};

impl Engine {
    /// The token endpoint answered `call`, which the sign-in with `state` made.
    pub(super) fn tokens_answered(
        &mut self,
        state: &str,
        call: CallId,
        tokens: Result<TokenResponse, Refusal>,
        moment: &mut Moment<'_>,
    ) {
        self.exchange_answered(state, call, moment, |exchange, context| exchange.handle_tokens(tokens, context));
    }

    /// UserInfo answered `call`, which the sign-in with `state` made.
    pub(super) fn user_info_answered(
        &mut self,
        state: &str,
        call: CallId,
        answer: Result<UserInfo, Refusal>,
        moment: &mut Moment<'_>,
    ) {
        self.exchange_answered(state, call, moment, |exchange, context| exchange.handle_user_info(answer, &context));
    }

    fn exchange_answered(
        &mut self,
        state: &str,
        call: CallId,
        moment: &mut Moment<'_>,
        handle: impl FnOnce(Exchange, Context<'_>) -> Step,
    ) {
        let Some(Running { provider, exchange, callback, .. }) = self.waits.take_running_for(state, call) else {
            return;
        };
        let Some(context) = self.party.context(provider, moment.now) else { return };
        let step = handle(exchange, context);
        self.take_step(provider, state.to_owned(), callback, step, moment);
        self.fetch_due(moment.now);
    }

    /// Metadata or keys of `provider` came, or could not be had: everything that waits for them gets another look.
    pub(super) fn provider_moved(&mut self, provider: ProviderId, moment: &mut Moment<'_>) {
        self.fetch_due(moment.now);
        for state in self.waits.running(provider) {
            let Some(Running { exchange, call, callback, .. }) = self.waits.take_running(&state) else { continue };
            let Some(context) = self.party.context(provider, moment.now) else { continue };
            match exchange.handle_provider(context) {
                Step::Wait(exchange) => {
                    self.waits.put_running(state, Running { provider, exchange, call, callback });
                }
                step => self.take_step(provider, state, callback, step, moment),
            }
        }
        self.renewals_moved(provider, moment);
        self.logout_tokens_moved(provider, moment);
        self.bearer_tokens_moved(provider, moment);
        if self.knows_endpoints(provider, moment) {
            let waiting = self.waits.take_requests(|waiting| waiting.wants_endpoints_of(provider));
            self.resume(waiting, moment);
        }
    }

    /// Ends what is past its deadline.
    pub(super) fn expire(&mut self, moment: &mut Moment<'_>) {
        for state in self.waits.overdue(moment.now) {
            if let Some(Running { callback, .. }) = self.waits.take_running(&state) {
                self.settle(&state, callback, Err(Refusal::ProviderUnavailable), moment);
            }
        }
        self.look_after_renewals(moment);
        let late = self.waits.take_requests(|waiting| waiting.is_late(moment.now));
        self.resume(late, moment);
    }

    /// Answers requests that waited: what they waited for is there, or never will be.
    fn resume(&mut self, waiting: Vec<Waiting>, moment: &mut Moment<'_>) {
        for waiting in waiting {
            let (id, decision) = match waiting {
                Waiting::Authorization(pass) => (pass.inbound.id, self.without_verdict(*pass, moment)),
                Waiting::BearerToken(exchange) => {
                    let inbound = exchange.inbound;
                    (inbound.id, self.refuse(&inbound, &Refusal::ProviderUnavailable, moment.now))
                }
                Waiting::Body(inbound, _) => (inbound.id, self.refuse(&inbound, &Refusal::BodyUnread, moment.now)),
                Waiting::Exchange(..) => continue,
                Waiting::LogoutToken(inbound, _) => {
                    (inbound.id, self.refuse_logout_token(&inbound, &Refusal::ProviderUnavailable, moment))
                }
                Waiting::Metadata(inbound, then, _) => (inbound.id, self.go_on(&inbound, then, moment)),
                Waiting::Renewal(pending) => (pending.visit.inbound.id, self.go_on_without(pending.visit, moment)),
            };
            self.output.decide(id, decision);
        }
    }

    fn go_on(&mut self, inbound: &Inbound, then: Then, moment: &mut Moment<'_>) -> Decision {
        match (then, inbound.origin.clone()) {
            (Then::SignIn(sign_in), _) => self.redirect(inbound, sign_in, moment),
            (Then::SignOut(provider), Some(origin)) => self.finish_sign_out(inbound, &origin, Some(provider), moment),
            (Then::SignOut(_), None) => self.refuse(inbound, &Refusal::HostUnknown, moment.now),
        }
    }

    /// Carries out what follows from a sign-in's step.
    pub(super) fn take_step(
        &mut self,
        provider: ProviderId,
        state: String,
        callback: CallbackDigest,
        step: Step,
        moment: &mut Moment<'_>,
    ) {
        let (exchange, call) = match step {
            Step::Call(exchange, call) => {
                let purpose = match exchange {
                    Exchange::UserInfo(_) => Purpose::UserInfo(state.clone()),
                    Exchange::Keys(_) | Exchange::Metadata(_) | Exchange::Tokens(_) => Purpose::Tokens(state.clone()),
                };
                (exchange, Some(self.output.call(purpose, call, moment.now)))
            }
            Step::Done(result) => return self.settle(&state, callback, result, moment),
            Step::Wait(exchange) => (exchange, None),
        };
        self.waits.put_running(state, Running { provider, exchange, call, callback });
    }

    /// A sign-in ended: everyone who waits for it is answered; a good one that nobody waits for is kept for a while.
    pub(super) fn settle(
        &mut self,
        state: &str,
        callback: CallbackDigest,
        result: Result<Box<SignedIn>, Refusal>,
        moment: &mut Moment<'_>,
    ) {
        let waiting = self.waits.take_requests(|waiting| waiting.is_for(state));
        match (&result, waiting.is_empty()) {
            (Ok(signed_in), true) => self.waits.keep(state.to_owned(), callback, signed_in.clone(), moment.now),
            (Err(refusal), true) => self.output.event(Event::SignInFailed(refusal.code())),
            (_, false) => {}
        }
        if result.is_err() || !waiting.is_empty() {
            self.waits.spend(state.to_owned(), moment.now);
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
        let Some(origin) = &inbound.origin else { return self.refuse(inbound, &Refusal::HostUnknown, moment.now) };
        let before = match inbound.cookie_standing(&mut self.party, origin, moment) {
            Standing::Valid(before) | Standing::Expired(before) => Some(before),
            Standing::Absent | Standing::Ended(_) | Standing::Void => None,
        };
        let another = before.filter(|before| {
            ["iss", "sub"].iter().any(|name| before.claims.get(*name) != signed_in.claims.claim(name))
        });
        let Moment { now, entropy, .. } = &mut *moment;
        match redirect_with_session(&self.party.config, inbound, origin, state, signed_in, *now, *entropy) {
            Ok((reply, written)) => {
                // Whose session was in this browser before is not to come back with a response that is still on its way.
                if let Some(before) = another {
                    drop(self.end_session(before, moment));
                }
                self.output.event(Event::SignInCompleted);
                self.output.event(written);
                self.reply(super::event::Outcome::Endpoint, reply)
            }
            Err(refusal) => self.refuse_exchange(inbound, state, &refusal, moment),
        }
    }

    /// A failed sign-in deletes its attempt and offers a new one for the same place.
    fn refuse_exchange(&mut self, inbound: &Inbound, state: &str, refusal: &Refusal, moment: &Moment<'_>) -> Decision {
        let Some(origin) = &inbound.origin else { return self.refuse(inbound, &Refusal::HostUnknown, moment.now) };
        let attempt = self.attempt(inbound, origin, state, moment);
        // A path of another host of ours means nothing on this one.
        let attempt = attempt.filter(|attempt| attempt.authority.is_none());
        let return_path = attempt.and_then(|attempt| ReturnPath::parse(attempt.return_path.as_bytes(), origin));
        let deletion = delete_attempt(&self.party.config.session, state);
        match self.refuse_callback(inbound, refusal, &return_path.unwrap_or_else(ReturnPath::root), moment.now) {
            Decision::Reply(reply) => Decision::Reply(reply.with_cookies([deletion])),
            decision => decision,
        }
    }
}
