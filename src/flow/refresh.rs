//! Requests of people who are signed in: with the session they bring, or with the one that a refresh makes of it.
//!
//! Decides who waits for a refresh, who goes on with the session that still serves, and what each gets in the end.
//! Continues [`Engine`]. A refresh itself is `renewal`'s, and whose turn it is `session::handoff`'s.

use std::{mem, rc::Rc, time::Duration};

use super::{
    Engine, Moment,
    cookies::{session_cookies, with_response},
    decision::{CallId, Decision},
    event::{Event, Outcome, Refresh},
    inbound::{Inbound, Standing},
    output::Purpose,
    refusal::Refusal,
    relying_party::RelyingParty,
    renewal::{End, Renewal, Renewed, Step},
    waiting::{Errand, Pending, RunningRenewal, Waiting},
    whoami,
};
use crate::{
    identity::{AUTHORIZATION, Identity},
    oidc::{claims::TrustedClaims, error::OAuthError, refresh::RefreshResponse, token::TokenError},
    session::{Ending, Lease, Session, SessionId, Turn, Watch},
    time::{Deadline, UnixTime},
};

/// How long a request whose session still serves waits for a new one: what comes later is kept for the next request.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the browser is given the session that serves its request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Giving {
    /// It must have it: the session is new.
    Always,
    /// Another request is about to replace it.
    Never,
    /// It must show that it is used.
    WhenWorn,
}

/// What there is to expect of a session's refresh.
enum Prospect {
    /// It has just begun here.
    Begun,
    /// It is under way here.
    UnderWay,
    /// It is under way at another worker.
    Elsewhere(Watch),
    /// It ended, like this.
    Ended(End),
}

impl Engine {
    /// A request with a session in force. Ahead of the end of its tokens, one request has them renewed and waits a little;
    /// all others go on.
    pub(super) fn admit(
        &mut self,
        inbound: Inbound,
        session: Box<Session>,
        errand: Errand,
        moment: &mut Moment<'_>,
    ) -> Decision {
        if !session.is_due(moment.now) {
            return self.serve(&inbound, session, errand, Giving::WhenWorn, moment);
        }
        match self.prospect(&session, false, moment) {
            Prospect::Begun if self.waits.has_room() => {
                let until = Deadline::new(moment.now, PATIENCE);
                self.wait(Pending { inbound, errand, session, watch: None, until })
            }
            Prospect::Ended(end @ (End::Renewed(_) | End::Refused)) => {
                self.conclude(inbound, session, errand, &end, moment)
            }
            Prospect::Ended(End::Failed) => self.serve(&inbound, session, errand, Giving::WhenWorn, moment),
            _ => self.serve(&inbound, session, errand, Giving::Never, moment),
        }
    }

    /// A request with a session whose tokens are over: it waits for new ones.
    pub(super) fn renew(
        &mut self,
        inbound: Inbound,
        session: Box<Session>,
        errand: Errand,
        moment: &mut Moment<'_>,
    ) -> Decision {
        if !self.waits.has_room() {
            return self.refuse(&inbound, &Refusal::TooManyWaiting, moment.now);
        }
        let until = Deadline::new(moment.now, Renewal::longest(self.party.config.provider().timeout));
        let watch = match self.prospect(&session, true, moment) {
            Prospect::Ended(end) => return self.conclude(inbound, session, errand, &end, moment),
            Prospect::Elsewhere(watch) => Some(watch),
            Prospect::Begun | Prospect::UnderWay => None,
        };
        self.wait(Pending { inbound, errand, session, watch, until })
    }

    fn wait(&mut self, pending: Pending) -> Decision {
        let inbound = pending.inbound.slim(&self.party.config);
        self.waits.request(Waiting::Renewal(Box::new(Pending { inbound, ..pending })));
        Decision::Wait
    }

    /// Begins the refresh of `session`, unless somebody else is at it or was.
    fn prospect(&mut self, session: &Session, urgent: bool, moment: &mut Moment<'_>) -> Prospect {
        if self.waits.is_renewing(session.id) {
            return Prospect::UnderWay;
        }
        if !self.waits.has_room_for_renewal() {
            return Prospect::Ended(End::Failed);
        }
        let config = Rc::clone(&self.party.config);
        let longest = Renewal::longest(config.provider().timeout);
        let mut shared = RelyingParty::shared(&config, moment);
        let lease = match self.party.handoff.take(session, longest, urgent, &mut shared) {
            Ok(Turn::Follow(watch)) => return Prospect::Elsewhere(watch),
            Ok(Turn::Lead(lease)) => Some(lease),
            Ok(Turn::Refused) => return Prospect::Ended(End::Refused),
            Ok(Turn::Renewed(renewed)) => {
                // Its tokens may be over as well: then it is the one to refresh, not the one that came.
                return match self.party.standing(renewed, moment) {
                    Standing::Expired(renewed) => self.prospect(&renewed, urgent, moment),
                    Standing::Valid(renewed) => {
                        self.output.event(Event::Refresh(Refresh::Adopted));
                        Prospect::Ended(End::Renewed(renewed))
                    }
                    _ => Prospect::Ended(End::Refused),
                };
            }
            Ok(Turn::Resting) => return Prospect::Ended(End::Failed),
            Err(_) => {
                self.output.event(Event::Refresh(Refresh::Alone));
                None
            }
        };
        let step = Renewal::begin(Box::new(session.clone()), self.party.context(moment.now));
        self.take_renewal_step(session, lease, step, moment);
        self.fetch_due(moment.now);
        Prospect::Begun
    }

    /// The token endpoint answered the refresh of session `id`.
    pub(super) fn refresh_answered(
        &mut self,
        id: SessionId,
        call: CallId,
        tokens: Result<RefreshResponse, Refusal>,
        moment: &mut Moment<'_>,
    ) {
        if let Some(RunningRenewal { renewal, lease, .. }) = self.waits.take_renewal_for(id, call) {
            let session = renewal.session().clone();
            let step = renewal.handle_tokens(tokens, self.party.context(moment.now));
            self.take_renewal_step(&session, lease, step, moment);
            self.fetch_due(moment.now);
        }
    }

    /// Metadata or keys came: refreshes that wait for them get another look.
    pub(super) fn renewals_moved(&mut self, moment: &mut Moment<'_>) {
        for id in self.waits.renewing() {
            let Some(RunningRenewal { renewal, call, lease }) = self.waits.take_renewal(id) else { continue };
            let session = renewal.session().clone();
            match renewal.handle_provider(self.party.context(moment.now)) {
                Step::Wait(renewal) => self.waits.put_renewal(id, RunningRenewal { renewal, call, lease }),
                step => self.take_renewal_step(&session, lease, step, moment),
            }
        }
    }

    /// Ends refreshes that took too long, and looks at those of other workers.
    pub(super) fn look_after_renewals(&mut self, moment: &mut Moment<'_>) {
        for id in self.waits.overdue_renewals(moment.now) {
            let Some(RunningRenewal { renewal, lease, .. }) = self.waits.take_renewal(id) else { continue };
            let session = renewal.session().clone();
            let renewed = renewal.give_up(self.party.context(moment.now));
            self.settle_renewal(&session, lease, renewed, moment);
        }
        for (id, watch) in self.waits.watched() {
            if !self.party.handoff.has_moved(id, watch, moment.memory, moment.now) {
                continue;
            }
            let Some(session) = self.waits.session(id).cloned() else { continue };
            match self.prospect(&session, true, moment) {
                Prospect::Ended(end) => self.conclude_all(&session, &end, moment),
                Prospect::Elsewhere(watch) => self.waits.watch(id, Some(watch)),
                Prospect::Begun | Prospect::UnderWay => self.waits.watch(id, None),
            }
        }
    }

    fn take_renewal_step(&mut self, session: &Session, lease: Option<Lease>, step: Step, moment: &mut Moment<'_>) {
        let (renewal, call) = match step {
            Step::Call(renewal, call) => {
                (renewal, Some(self.output.call(Purpose::Refresh(session.id), call, moment.now)))
            }
            Step::Done(renewed) => return self.settle_renewal(session, lease, renewed, moment),
            Step::Wait(renewal) => (renewal, None),
        };
        self.waits.put_renewal(session.id, RunningRenewal { renewal, call, lease });
    }

    /// A refresh ended here: the other workers are told, and everyone who waits for it is answered.
    fn settle_renewal(&mut self, session: &Session, lease: Option<Lease>, renewed: Renewed, moment: &mut Moment<'_>) {
        self.log_renewal(&renewed, moment.now);
        let config = Rc::clone(&self.party.config);
        let end = self.final_end(session, renewed.end, moment);
        let (refresh, ending) = match &end {
            End::Failed => (Refresh::Failed, Ending::Failed),
            End::Refused => (Refresh::Refused, Ending::Refused),
            End::Renewed(newer) => (Refresh::Renewed, Ending::Renewed(newer)),
        };
        self.output.event(Event::Refresh(refresh));
        if let Some(lease) = lease
            && self.party.handoff.tell(session, lease, ending, &mut RelyingParty::shared(&config, moment)).is_err()
        {
            self.output.event(Event::Refresh(Refresh::Alone));
        }
        self.conclude_all(session, &end, moment);
    }

    /// What the session is, after all that happened meanwhile.
    fn final_end(&mut self, session: &Session, end: End, moment: &mut Moment<'_>) -> End {
        let config = Rc::clone(&self.party.config);
        match end {
            // Signed out: what the provider has just given is of no more use to anyone.
            End::Renewed(newer)
                if self.party.revoked.covers(&newer, &config.session.keys, moment.memory, moment.now) =>
            {
                self.revoke(&newer, moment);
                End::Refused
            }
            End::Renewed(newer) => End::Renewed(newer),
            // Our lease ran out, and another worker had more luck.
            End::Failed | End::Refused => {
                let newest = self.party.handoff.newest(session, &RelyingParty::shared(&config, moment));
                newest.map_or(end, End::Renewed)
            }
        }
    }

    fn log_renewal(&mut self, renewed: &Renewed, now: UnixTime) {
        let Some(problem) = &renewed.problem else { return };
        let (level, what) = match renewed.end {
            End::Failed => (log::Level::Warn, "a session could not be refreshed and serves until its tokens end"),
            End::Refused => (log::Level::Info, "a session was not renewed and is over"),
            End::Renewed(_) => (log::Level::Warn, "a session got a new refresh token and nothing else"),
        };
        let why = match problem {
            Refusal::Token(TokenError::Refused(OAuthError::InvalidGrant)) => {
                "the provider ended it, or its refresh token was used elsewhere (error=invalid_grant)".to_owned()
            }
            problem => format!("{problem} (fault: {})", problem.fault().name()),
        };
        self.log(level, problem.code(), format!("{what}: {why}"), now);
    }

    fn conclude_all(&mut self, session: &Session, end: &End, moment: &mut Moment<'_>) {
        for waiting in self.waits.take_requests(|waiting| waiting.is_for_session(session.id)) {
            let Waiting::Renewal(pending) = waiting else { continue };
            let Pending { inbound, errand, session: own, .. } = *pending;
            let id = inbound.id;
            // A copy that is newer than the one that was refreshed is another matter.
            let decision = match own.refreshed > session.refreshed {
                true => self.resume_session(inbound, own, errand, moment),
                false => self.conclude(inbound, own, errand, end, moment),
            };
            self.output.decide(id, decision);
        }
    }

    /// What becomes of a request after the refresh of its session.
    fn conclude(
        &mut self,
        inbound: Inbound,
        session: Box<Session>,
        errand: Errand,
        end: &End,
        moment: &mut Moment<'_>,
    ) -> Decision {
        match end {
            End::Failed => self.go_on_without(&inbound, session, errand, moment),
            End::Refused => self.end(inbound, errand, moment),
            End::Renewed(newer) => match self.party.standing(newer.clone(), moment) {
                Standing::Valid(newer) => self.serve(&inbound, newer, errand, Giving::Always, moment),
                Standing::Expired(newer) => self.serve_unavailable(&inbound, newer, moment),
                _ => self.end(inbound, errand, moment),
            },
        }
    }

    /// A request that waited long enough, or in vain: the session that it brought decides.
    pub(super) fn go_on_without(
        &mut self,
        inbound: &Inbound,
        session: Box<Session>,
        errand: Errand,
        moment: &mut Moment<'_>,
    ) -> Decision {
        let giving = if self.waits.is_renewing(session.id) { Giving::Never } else { Giving::WhenWorn };
        match self.party.standing(session, moment) {
            Standing::Valid(session) => self.serve(inbound, session, errand, giving, moment),
            Standing::Expired(_) => self.refuse(inbound, &Refusal::ProviderUnavailable, moment.now),
            _ => self.refuse(inbound, &Refusal::Unauthenticated, moment.now),
        }
    }

    fn resume_session(
        &mut self,
        inbound: Inbound,
        session: Box<Session>,
        errand: Errand,
        moment: &mut Moment<'_>,
    ) -> Decision {
        match self.party.standing(session, moment) {
            Standing::Valid(session) => self.serve(&inbound, session, errand, Giving::Never, moment),
            Standing::Expired(session) => self.renew(inbound, session, errand, moment),
            _ => self.end(inbound, errand, moment),
        }
    }

    /// The session is over: the person signs in again.
    fn end(&mut self, inbound: Inbound, errand: Errand, moment: &mut Moment<'_>) -> Decision {
        match errand {
            Errand::Forward(_) => self.unauthenticated(inbound, moment),
            Errand::Whoami => self.refuse(&inbound, &Refusal::Unauthenticated, moment.now),
        }
    }

    /// The tokens could not be renewed, but the refresh token was; the browser must have it.
    fn serve_unavailable(&mut self, inbound: &Inbound, mut session: Box<Session>, moment: &mut Moment<'_>) -> Decision {
        let cookies = self.give(inbound, &mut session, moment).unwrap_or_default();
        self.refuse(inbound, &Refusal::ProviderUnavailable, moment.now).with_cookies(cookies)
    }

    /// Does what the request is for, as whom the session says.
    fn serve(
        &mut self,
        inbound: &Inbound,
        mut session: Box<Session>,
        errand: Errand,
        giving: Giving,
        moment: &mut Moment<'_>,
    ) -> Decision {
        let config = Rc::clone(&self.party.config);
        let worn = giving == Giving::WhenWorn && session.is_worn(moment.now, config.session.idle);
        let fresh = giving == Giving::Always;
        let given = if fresh || worn { self.give(inbound, &mut session, moment) } else { Ok(Vec::new()) };
        let cookies = match given {
            Ok(cookies) => cookies,
            Err(refusal) if fresh => return self.refuse(inbound, &refusal, moment.now),
            Err(_) => Vec::new(),
        };
        let claims = TrustedClaims::unsealed(mem::take(&mut session.claims));
        let identity = Identity::from_claims(&config.identity, &claims);
        session.claims = claims.into_map();
        match (errand, identity) {
            (Errand::Whoami, identity) => {
                let reply = whoami::reply(&config, inbound, &session, identity.ok().as_ref());
                self.reply(Outcome::Endpoint, reply).with_cookies(cookies)
            }
            (Errand::Forward(mut edits), Ok(identity)) => {
                // Where a token of ours belongs, the client's own would be taken for it.
                if config.identity.forward.takes_authorization() {
                    edits.remove(AUTHORIZATION);
                }
                let mut fields = identity.headers().to_vec();
                fields.extend(config.identity.token_headers(session.id_token.as_ref(), session.access_token.as_ref()));
                self.forward(edits, Outcome::Authenticated, fields, with_response(cookies))
            }
            (Errand::Forward(_), Err(error)) => {
                self.refuse(inbound, &Refusal::Identity(error), moment.now).with_cookies(cookies)
            }
        }
    }

    fn give(
        &mut self,
        inbound: &Inbound,
        session: &mut Session,
        moment: &mut Moment<'_>,
    ) -> Result<Vec<String>, Refusal> {
        let Some(origin) = &inbound.origin else { return Err(Refusal::HostUnknown) };
        let Moment { now, entropy, .. } = moment;
        let (cookies, event) = session_cookies(&self.party.config, inbound, origin, session, *now, *entropy)?;
        self.output.event(event);
        Ok(cookies)
    }
}
