//! Our own endpoints: callback, sign-out, whoami.
//!
//! Decides what each does at once and what it waits for. Continues [`Engine`]; what follows a wait is `progress`'s, and
//! the sign-in endpoint `offer`'s.

use std::rc::Rc;

use super::{
    Engine, Moment, answer,
    decision::Decision,
    event::{Event, Outcome},
    exchange::{Exchange, PROVIDER_WAIT},
    inbound::{Inbound, Standing, host_scope},
    output::Purpose,
    provider::ProviderId,
    refusal::Refusal,
    relying_party::RelyingParty,
    sign_out,
    visit::{Errand, Visit},
    waiting::{CallbackDigest, Then, Waiting},
    whoami,
};
use crate::{
    http::{origin::Origin, path::ReturnPath, reply::Reply},
    oidc::{
        authorization::{CallbackError, CallbackParameters},
        revocation::revocation_request,
    },
    session::{LoginAttempt, Session, Whose},
    time::Deadline,
};

/// How many revocations of a worker may be under way; beyond that a sign-out is ours alone.
const MAX_REVOCATIONS: usize = 32;

impl Engine {
    /// The sign-out endpoint.
    pub(super) fn sign_out(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        if let Err(refusal) = sign_out::permit(&inbound.view, inbound.client, &origin) {
            return self.refuse(&inbound, &refusal, moment.now);
        }
        let provider = match inbound.ending(&mut self.party, &origin, moment) {
            Some(session) => self.party.provider_of(&session),
            None => self.party.only_one(),
        };
        match provider {
            Some(provider) if !self.knows_endpoints(provider, moment) && self.waits.has_room() => {
                self.wait_for_metadata(inbound, Then::SignOut(provider), moment)
            }
            provider => self.finish_sign_out(&inbound, &origin, provider, moment),
        }
    }

    /// Ends the session here and sends the browser on; without metadata it ends here only.
    pub(super) fn finish_sign_out(
        &mut self,
        inbound: &Inbound,
        origin: &Origin,
        provider: Option<ProviderId>,
        moment: &mut Moment<'_>,
    ) -> Decision {
        let session = inbound.ending(&mut self.party, origin, moment);
        let session = session.map(|session| match self.party.can_end(&session, moment) {
            true => self.end_session(session, moment),
            false => session,
        });
        let hint = session.as_ref().and_then(|session| session.id_token.as_ref());
        let Moment { now, entropy, .. } = moment;
        let settings = provider.and_then(|id| self.party.settings(id));
        let endpoints = provider.and_then(|id| self.party.state(id)?.endpoints());
        match sign_out::answer(&self.party.config, (settings, endpoints), inbound, origin, hint, *entropy) {
            Ok(reply) => self.reply(Outcome::Endpoint, reply),
            Err(refusal) => self.refuse(inbound, &refusal, *now),
        }
    }

    /// Revokes the newest refresh token of `session`, and marks the session as over. Gives the newest copy that is known.
    pub(super) fn end_session(&mut self, session: Box<Session>, moment: &mut Moment<'_>) -> Box<Session> {
        let config = Rc::clone(&self.party.config);
        let newest = self.party.handoff.newest(&session, &RelyingParty::shared(&config, moment));
        let session = newest.unwrap_or(session);
        self.revoke(&session, moment);
        self.mark_ended(&session, moment);
        session
    }

    /// Marks `session` as over: a copy of its cookie is of no more use on this gateway (T-184).
    pub(super) fn mark_ended(&mut self, session: &Session, moment: &mut Moment<'_>) {
        let config = Rc::clone(&self.party.config);
        let (whose, lasts) = (Whose::Session(session.id), config.session.lifetime);
        let marked = self.party.revoked.mark(whose, lasts, &mut RelyingParty::shared(&config, moment));
        if let Err(error) = marked {
            let text = format!("a session was signed out in its browser only: {error}");
            self.log(log::Level::Warn, Refusal::MemoryUnavailable.code(), text, moment.now);
        }
    }

    /// Revokes the session's refresh token at the provider; nobody waits for it.
    pub(super) fn revoke(&mut self, session: &Session, moment: &Moment<'_>) {
        let Some(provider) = self.party.provider_of(session) else { return };
        let endpoints = self.party.state(provider).and_then(|state| state.endpoints());
        let (Some(settings), Some(endpoints), Some(token)) =
            (self.party.settings(provider), endpoints, &session.refresh_token)
        else {
            return;
        };
        if let Some(call) = revocation_request(settings, endpoints, token)
            && self.output.under_way(&Purpose::Revocation) < MAX_REVOCATIONS
        {
            self.output.call(Purpose::Revocation, call, moment.now);
        }
    }

    /// Where the provider sends the browser back to. Nothing hangs on what it brings: `state` may be ours, another or none.
    pub(super) fn signed_out(&mut self, inbound: &Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(inbound, &Refusal::HostUnknown, moment.now);
        };
        if inbound.view.method() != "GET" {
            return self.refuse(inbound, &Refusal::MethodNotAllowed, moment.now);
        }
        let reply = match self.is_signed_in(inbound, &origin, moment) {
            // Signed in again in the meantime, or never out.
            true => Reply::redirect(&format!("{origin}/")),
            false => answer::signed_out(&self.party.config),
        };
        self.reply(Outcome::Endpoint, reply)
    }

    /// Who is signed in.
    pub(super) fn whoami(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        if inbound.view.method() != "GET" {
            return self.refuse(&inbound, &Refusal::MethodNotAllowed, moment.now);
        }
        if whoami::is_foreign(&inbound.view, inbound.client) {
            return self.refuse(&inbound, &Refusal::WhoamiForeign, moment.now);
        }
        match inbound.standing(&mut self.party, &origin, moment) {
            Standing::Valid(session) => self.admit(Visit { inbound, session, errand: Errand::Whoami }, moment),
            Standing::Expired(session) => self.renew(Visit { inbound, session, errand: Errand::Whoami }, moment),
            _ => self.refuse(&inbound, &Refusal::Unauthenticated, moment.now),
        }
    }

    /// The callback: one attempt, one exchange, one session.
    pub(super) fn callback(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        if inbound.view.method() != "GET" {
            return self.refuse(&inbound, &Refusal::MethodNotAllowed, moment.now);
        }
        if let Some(homepage) = self.party.config.paths.homepage.as_ref().filter(|_| is_bare(&inbound)) {
            let reply = Reply::redirect(&format!("{origin}{homepage}"));
            return self.reply(Outcome::Endpoint, reply);
        }
        let callback = CallbackDigest::of(inbound.view.query().unwrap_or_default());
        let read = self.read_callback(&inbound, &origin, moment).and_then(|(attempt, parameters)| {
            // A state is used once: what is under way or kept is only for the very same callback.
            let state = attempt.state.secret();
            let another = self.waits.known_callback(state).is_some_and(|known| known != callback);
            let spent = self.waits.is_spent(state);
            if another || spent { Err(Refusal::AttemptAbsent) } else { Ok((attempt, parameters)) }
        });
        match read {
            Ok((attempt, parameters)) => self.exchange(inbound, origin, attempt, parameters, callback, moment),
            Err(Refusal::AttemptAbsent) if self.is_signed_in(&inbound, &origin, moment) => {
                self.reply(Outcome::Endpoint, Reply::redirect(&format!("{origin}/")))
            }
            Err(refusal) => self.refuse_callback(&inbound, &refusal, &ReturnPath::root(), moment.now),
        }
    }

    fn read_callback(
        &self,
        inbound: &Inbound,
        origin: &Origin,
        moment: &Moment<'_>,
    ) -> Result<(LoginAttempt, CallbackParameters), Refusal> {
        let parameters =
            CallbackParameters::parse(inbound.view.query().unwrap_or_default()).map_err(Refusal::Callback)?;
        let state = match (parameters.usable_state(), parameters.error) {
            (Ok(state), _) => state.secret().clone(),
            // Cognito sends some errors without state; they belong to no attempt that we could tell.
            (Err(_), Some(error)) => return Err(Refusal::Callback(CallbackError::Provider(error))),
            (Err(error), None) => return Err(Refusal::Callback(error)),
        };
        let attempt = self.attempt(inbound, origin, &state, moment).ok_or(Refusal::AttemptAbsent)?;
        Ok((attempt, parameters))
    }

    /// The attempt with `state`, if this browser has it.
    pub(super) fn attempt(
        &self,
        inbound: &Inbound,
        origin: &Origin,
        state: &str,
        moment: &Moment<'_>,
    ) -> Option<LoginAttempt> {
        let scope = host_scope(&self.party.config, origin);
        let (provider, attempt) = self.party.attempt(&inbound.cookies, state, scope, moment.now)?;
        // What comes to another provider's address is not an answer of this one.
        let address = self.party.config.callback_path(self.party.settings(provider)?);
        Some(attempt).filter(|_| address.as_bytes() == inbound.view.path())
    }

    fn is_signed_in(&mut self, inbound: &Inbound, origin: &Origin, moment: &Moment<'_>) -> bool {
        matches!(inbound.standing(&mut self.party, origin, moment), Standing::Valid(_) | Standing::Expired(_))
    }

    /// Joins the exchange of this callback if it is under way or kept, else begins it.
    fn exchange(
        &mut self,
        inbound: Inbound,
        origin: Origin,
        attempt: LoginAttempt,
        parameters: CallbackParameters,
        callback: CallbackDigest,
        moment: &mut Moment<'_>,
    ) -> Decision {
        if !self.waits.has_room() {
            return self.refuse_sign_in(&inbound, &Refusal::TooManyWaiting, moment.now);
        }
        let state = attempt.state.secret().clone();
        let inbound = inbound.slim(&self.party.config);
        self.waits.request(Waiting::Exchange(inbound, state.clone()));
        if let Some(signed_in) = self.waits.take_kept(&state, callback) {
            self.settle(&state, callback, Ok(signed_in), moment);
        } else if self.waits.known_callback(&state).is_none()
            && let Some(provider) = self.party.named(&attempt.provider)
            && let Some(context) = self.party.context(provider, moment.now)
        {
            let step = Exchange::begin(attempt, origin, parameters, context);
            self.take_step(provider, state, callback, step, moment);
        }
        self.fetch_due(moment.now);
        Decision::Wait
    }

    /// Whether the provider's endpoints are known, if need be because they are all configured.
    pub(super) fn knows_endpoints(&mut self, provider: ProviderId, moment: &Moment<'_>) -> bool {
        let known = |engine: &Self| engine.party.state(provider).is_some_and(|state| state.endpoints().is_some());
        if !known(self) {
            self.fetch_due(moment.now);
        }
        known(self)
    }

    pub(super) fn wait_for_metadata(&mut self, inbound: Inbound, then: Then, moment: &Moment<'_>) -> Decision {
        if !self.waits.has_room() {
            return match then {
                Then::SignIn(_) => self.refuse_sign_in(&inbound, &Refusal::TooManyWaiting, moment.now),
                Then::SignOut(_) => self.refuse(&inbound, &Refusal::TooManyWaiting, moment.now),
            };
        }
        let inbound = inbound.slim(&self.party.config);
        self.waits.request(Waiting::Metadata(inbound, then, Deadline::new(moment.now, PROVIDER_WAIT)));
        self.fetch_due(moment.now);
        Decision::Wait
    }

    pub(super) fn refuse_callback(
        &mut self,
        inbound: &Inbound,
        refusal: &Refusal,
        return_path: &ReturnPath,
        now: crate::time::UnixTime,
    ) -> Decision {
        self.output.event(Event::SignInFailed(refusal.code()));
        self.log_refusal(inbound, refusal, now);
        let outcome = if refusal.status() == 503 { Outcome::Unavailable } else { Outcome::Endpoint };
        let reply = answer::refuse_callback(&self.party.config, inbound, refusal, return_path);
        self.reply(outcome, reply)
    }

    pub(super) fn reply(&mut self, outcome: Outcome, reply: Reply) -> Decision {
        self.output.event(Event::Decided(outcome));
        Decision::Reply(reply)
    }
}

/// A callback that nobody was sent to: a bookmark, or an address typed.
fn is_bare(inbound: &Inbound) -> bool {
    let query = inbound.view.query().unwrap_or_default();
    !url::form_urlencoded::parse(query).any(|(name, _)| matches!(&*name, "code" | "error" | "state"))
}
