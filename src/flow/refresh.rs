//! Sessions whose tokens end or are over: who has them renewed, and who waits for that.
//!
//! Decides which visit begins a refresh, which waits and which goes on with the session that still serves, and who is told
//! of its end. Continues [`Engine`]. A refresh itself is `renewal`'s, whose turn it is `session::handoff`'s, and what becomes
//! of a visit `visit`'s.

use std::{cmp::Ordering, rc::Rc, time::Duration};

use super::{
    Engine, Moment,
    decision::{CallId, Decision},
    event::{Event, Refresh},
    exchange::Context,
    inbound::Standing,
    output::Purpose,
    provider::ProviderId,
    refusal::Refusal,
    relying_party::RelyingParty,
    renewal::{End, Renewal, Renewed, Step},
    visit::{Giving, Visit},
    waiting::{Pending, RunningRenewal, Waiting},
};
use crate::{
    oidc::{error::OAuthError, refresh::RefreshResponse, token::TokenError, user_info::UserInfo},
    session::{Ending, Lease, Session, SessionId, Turn, Watch},
    time::{Deadline, UnixTime},
};

/// How long a request whose session still serves waits for a new one: what comes later is kept for the next request.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often an answer that is late is waited for once more: a clock may be set wrong and right again while it is under way.
const MOST_LATE: u8 = 2;

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
    /// A visit with a session in force. Ahead of the end of its tokens, one has them renewed and waits a little; all others
    /// go on.
    pub(super) fn admit(&mut self, visit: Visit, moment: &mut Moment<'_>) -> Decision {
        if !visit.session.is_due(moment.now) {
            return self.serve(visit, Giving::WhenWorn, moment);
        }
        match self.prospect(&visit.session, false, moment) {
            Prospect::Begun if self.waits.has_room() => self.wait(visit, None, Deadline::new(moment.now, PATIENCE)),
            Prospect::Ended(end @ (End::Renewed(_) | End::Refused)) => self.conclude(visit, &end, moment),
            Prospect::Ended(End::Failed) => self.serve(visit, Giving::WhenWorn, moment),
            _ => self.serve(visit, Giving::Never, moment),
        }
    }

    /// A visit with a session whose tokens are over: it waits for new ones.
    pub(super) fn renew(&mut self, visit: Visit, moment: &mut Moment<'_>) -> Decision {
        if !self.waits.has_room() {
            return self.refuse(&visit.inbound, &Refusal::TooManyWaiting, moment.now);
        }
        let until = Deadline::new(moment.now, Renewal::longest(self.timeout_of(&visit.session)));
        match self.prospect(&visit.session, true, moment) {
            Prospect::Ended(end) => self.conclude(visit, &end, moment),
            Prospect::Elsewhere(watch) => self.wait(visit, Some(watch), until),
            Prospect::Begun | Prospect::UnderWay => self.wait(visit, None, until),
        }
    }

    /// How long one call to the provider of `session` may take.
    fn timeout_of(&self, session: &Session) -> Duration {
        self.party.config.provider_named(&session.provider).map(|provider| provider.timeout).unwrap_or_default()
    }

    fn wait(&mut self, visit: Visit, watch: Option<Watch>, until: Deadline) -> Decision {
        let visit = Visit { inbound: visit.inbound.slim(&self.party.config), ..visit };
        self.waits.request(Waiting::Renewal(Box::new(Pending { visit, watch, until })));
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
        let Some(provider) = self.party.provider_of(session) else { return Prospect::Ended(End::Refused) };
        let longest = Renewal::longest(self.timeout_of(session));
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
            Err(_) if self.waits.has_failed(session.id, urgent, moment.now) => return Prospect::Ended(End::Failed),
            Err(_) => {
                self.output.event(Event::Refresh(Refresh::Alone));
                None
            }
        };
        let Some(context) = self.party.context(provider, moment.now) else { return Prospect::Ended(End::Refused) };
        let step = Renewal::begin(Box::new(session.clone()), context);
        self.take_renewal_step(provider, session, lease, step, moment);
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
        self.renewal_answered(id, call, moment, |renewal, context| renewal.handle_tokens(tokens, context));
    }

    /// UserInfo answered the refresh of session `id`.
    pub(super) fn refreshed_user_info_answered(
        &mut self,
        id: SessionId,
        call: CallId,
        answer: Result<UserInfo, Refusal>,
        moment: &mut Moment<'_>,
    ) {
        self.renewal_answered(id, call, moment, |renewal, context| renewal.handle_user_info(answer, &context));
    }

    fn renewal_answered(
        &mut self,
        id: SessionId,
        call: CallId,
        moment: &mut Moment<'_>,
        handle: impl FnOnce(Renewal, Context<'_>) -> Step,
    ) {
        let Some(RunningRenewal { provider, renewal, lease, .. }) = self.waits.take_renewal_for(id, call) else {
            return;
        };
        let Some(context) = self.party.context(provider, moment.now) else { return };
        let session = renewal.session().clone();
        let step = handle(renewal, context);
        self.take_renewal_step(provider, &session, lease, step, moment);
        self.fetch_due(moment.now);
    }

    /// Metadata or keys of `provider` came: refreshes that wait for them get another look.
    pub(super) fn renewals_moved(&mut self, provider: ProviderId, moment: &mut Moment<'_>) {
        for id in self.waits.renewing(provider) {
            let Some(RunningRenewal { renewal, call, lease, late, .. }) = self.waits.take_renewal(id) else { continue };
            let Some(context) = self.party.context(provider, moment.now) else { continue };
            let session = renewal.session().clone();
            match renewal.handle_provider(context) {
                Step::Wait(renewal) => {
                    self.waits.put_renewal(id, RunningRenewal { provider, renewal, call, lease, late });
                }
                step => self.take_renewal_step(provider, &session, lease, step, moment),
            }
        }
    }

    /// Ends refreshes that took too long, and looks at those of other workers.
    pub(super) fn look_after_renewals(&mut self, moment: &mut Moment<'_>) {
        for id in self.waits.overdue_renewals(moment.now) {
            let Some(running) = self.waits.take_renewal(id) else { continue };
            let session = running.renewal.session().clone();
            match running {
                // Nobody waits longer, but what is still on its way may be the only refresh token that will be good.
                RunningRenewal { provider, mut renewal, call: Some(call), lease, late }
                    if late < MOST_LATE && renewal.awaits_tokens() =>
                {
                    renewal.wait_again(self.timeout_of(&session), moment.now);
                    let late = late.saturating_add(1);
                    self.waits.put_renewal(id, RunningRenewal { provider, renewal, call: Some(call), lease, late });
                    self.conclude_all(&session, &End::Failed, moment);
                }
                RunningRenewal { provider, renewal, lease, .. } => {
                    let Some(context) = self.party.context(provider, moment.now) else { continue };
                    let renewed = renewal.give_up(&context);
                    self.settle_renewal(&session, lease, renewed, moment);
                }
            }
        }
        for id in self.party.handoff.moved(self.waits.watched(), moment.memory, moment.now) {
            let Some(session) = self.waits.session(id).cloned() else { continue };
            match self.prospect(&session, true, moment) {
                Prospect::Ended(end) => self.conclude_all(&session, &end, moment),
                Prospect::Elsewhere(watch) => self.waits.watch(id, Some(watch)),
                Prospect::Begun | Prospect::UnderWay => self.waits.watch(id, None),
            }
        }
    }

    fn take_renewal_step(
        &mut self,
        provider: ProviderId,
        session: &Session,
        lease: Option<Lease>,
        step: Step,
        moment: &mut Moment<'_>,
    ) {
        let (renewal, call) = match step {
            Step::Call(renewal @ Renewal::UserInfo(_), call) => {
                (renewal, Some(self.output.call(Purpose::RefreshedUserInfo(session.id), call, moment.now)))
            }
            Step::Call(renewal, call) => {
                (renewal, Some(self.output.call(Purpose::Refresh(session.id), call, moment.now)))
            }
            Step::Done(renewed) => return self.settle_renewal(session, lease, renewed, moment),
            Step::Wait(renewal) => (renewal, None),
        };
        self.waits.put_renewal(session.id, RunningRenewal { provider, renewal, call, lease, late: 0 });
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
        let told = lease.is_some_and(|lease| {
            self.party.handoff.tell(session, lease, ending, &mut RelyingParty::shared(&config, moment)).is_ok()
        });
        if lease.is_some() && !told {
            self.output.event(Event::Refresh(Refresh::Alone));
        }
        if !told && matches!(end, End::Failed) {
            self.waits.note_failure(session.id, moment.now);
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
            let Pending { visit, .. } = *pending;
            let id = visit.inbound.id;
            let decision = match (visit.session.refreshed.cmp(&session.refreshed), end) {
                // A copy that is newer than the one that was refreshed is another matter.
                (Ordering::Greater, _) => self.look_again(visit, moment),
                // An older one has this one to fall back on.
                (Ordering::Less, End::Failed) => self.conclude(visit, &End::Renewed(Box::new(session.clone())), moment),
                (_, end) => self.conclude(visit, end, moment),
            };
            self.output.decide(id, decision);
        }
    }
}
