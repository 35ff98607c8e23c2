//! Refreshes among all that waits.
//!
//! Decides how many may be under way, and for how long a failed one is left alone. Continues [`Waits`].

use std::collections::BTreeMap;

use super::{MAX_RUNNING, RunningRenewal, Waiting, Waits};
use crate::{
    flow::{decision::CallId, provider::ProviderId},
    session::{Session, SessionId, Watch, rest},
    time::UnixTime,
};

impl Waits {
    /// Whether one more refresh may begin.
    pub fn has_room_for_renewal(&self) -> bool {
        self.renewals.len() < MAX_RUNNING
    }

    /// Whether the refresh of session `id` is under way here.
    pub fn is_renewing(&self, id: SessionId) -> bool {
        self.renewals.contains_key(&id)
    }

    /// Remembers that the refresh of session `id` failed, where the table of all workers cannot.
    pub fn note_failure(&mut self, id: SessionId, now: UnixTime) {
        if self.failed.len() >= MAX_RUNNING {
            self.failed.pop_front();
        }
        self.failed.push_back((id, now));
    }

    /// Whether the refresh of session `id` failed a moment ago.
    pub fn has_failed(&self, id: SessionId, urgent: bool, now: UnixTime) -> bool {
        self.failed.iter().any(|(failed, when)| *failed == id && !when.is_older_than(rest(urgent), now))
    }

    /// The sessions whose refresh is under way here, at `provider`.
    pub fn renewing(&self, provider: ProviderId) -> Vec<SessionId> {
        self.renewals.iter().filter(|(_, running)| running.provider == provider).map(|(id, _)| *id).collect()
    }

    /// The sessions whose refresh takes too long.
    pub fn overdue_renewals(&self, now: UnixTime) -> Vec<SessionId> {
        let late = self.renewals.iter().filter(|(_, running)| running.renewal.deadline().is_past(now));
        late.map(|(id, _)| *id).collect()
    }

    /// Takes a refresh up for its next message.
    pub fn take_renewal(&mut self, id: SessionId) -> Option<RunningRenewal> {
        self.renewals.remove(&id)
    }

    /// Takes a refresh up if it awaits the answer to `call`, and not to an earlier one.
    pub fn take_renewal_for(&mut self, id: SessionId, call: CallId) -> Option<RunningRenewal> {
        self.renewals.get(&id).filter(|running| running.call == Some(call))?;
        self.renewals.remove(&id)
    }

    /// Puts a refresh down until its next message.
    pub fn put_renewal(&mut self, id: SessionId, running: RunningRenewal) {
        self.renewals.insert(id, running);
    }

    /// The sessions that another worker refreshes while requests wait here, and what to look at.
    pub fn watched(&self) -> Vec<(SessionId, Watch)> {
        let pending = self.requests.values().filter_map(Waiting::pending);
        let watched = pending.filter_map(|pending| Some((pending.visit.session.id, pending.watch?)));
        watched.collect::<BTreeMap<_, _>>().into_iter().collect()
    }

    /// The session `id` as a request that waits for it brought it.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        let pending = self.requests.values().filter_map(Waiting::pending);
        pending.map(|pending| &*pending.visit.session).find(|session| session.id == id)
    }

    /// Lets every request that waits for session `id` look at `watch` from now on, or for the refresh here.
    pub fn watch(&mut self, id: SessionId, watch: Option<Watch>) {
        for waiting in self.requests.values_mut() {
            if let Waiting::Renewal(pending) = waiting
                && pending.visit.session.id == id
            {
                pending.watch = watch;
            }
        }
    }
}
