//! Who waits for what: requests for a provider, a sign-in, a refresh or a body; sign-ins and refreshes for messages.
//!
//! Decides the bounds: how many may wait and with how many bytes, how many of them may bring logout tokens, how long a
//! finished sign-in is kept for a client that went away, and that a `state` is used once (RFC 9700 §4.2.4).

mod renewals;
mod request;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use crate::{
    flow::{
        authorizer::Pass,
        back_channel::LogoutExchange,
        bearer::BearerExchange,
        decision::{CallId, RequestId},
        exchange::{Exchange, SignedIn},
        inbound::Inbound,
        provider::ProviderId,
        renewal::Renewal,
        sign_in::SignIn,
        visit::Visit,
    },
    session::{ATTEMPT_LIFETIME, Lease, SessionId, Watch},
    time::{Deadline, UnixTime},
};

/// How many requests of a worker may wait at once.
const MAX_REQUESTS: usize = 4096;
/// How many of them may wait for their bodies.
const MAX_BODIES: usize = 1024;
/// How many of them may wait with a logout token.
const MAX_LOGOUT_TOKENS: usize = 64;
/// How many of them may wait for the external authorizer.
const MAX_AUTHORIZATIONS: usize = 1024;
/// How many of them may wait with a bearer token.
const MAX_BEARER_TOKENS: usize = 1024;
/// How many bytes waiting requests may hold together.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// How many sign-ins of a worker may be under way, and how many refreshes.
const MAX_RUNNING: usize = 1024;
/// How long a finished sign-in is kept for a client that went away before it got its session.
const KEEP: Duration = Duration::from_secs(60);
/// How many are kept; beyond that the oldest go.
const MAX_KEPT: usize = 64;
/// How many spent states are remembered; beyond that the oldest go.
const MAX_SPENT: usize = 4096;

/// Everything that waits.
#[derive(Debug, Default)]
pub struct Waits {
    requests: BTreeMap<RequestId, Waiting>,
    bytes: usize,
    running: BTreeMap<String, Running>,
    renewals: BTreeMap<SessionId, RunningRenewal>,
    failed: VecDeque<(SessionId, UnixTime)>,
    kept: VecDeque<Kept>,
    spent: VecDeque<(String, UnixTime)>,
}

/// What a request waits for.
#[derive(Debug)]
pub enum Waiting {
    /// The external authorizer's verdict.
    Authorization(Box<Pass>),
    /// What can verify the bearer token that it brought.
    BearerToken(Box<BearerExchange>),
    /// Its own body.
    Body(Inbound, Deadline),
    /// Keys that can verify the logout token that it brought.
    LogoutToken(Inbound, LogoutExchange),
    /// The refresh of the session that it brought.
    Renewal(Box<Pending>),
    /// The end of the sign-in with this `state`.
    Exchange(Inbound, String),
    /// A provider's metadata, for what follows then.
    Metadata(Inbound, Then, Deadline),
}

/// A visit whose session is being refreshed.
#[derive(Debug)]
pub struct Pending {
    /// The visit.
    pub visit: Visit,
    /// What to look at if another worker is at it.
    pub watch: Option<Watch>,
    /// How long it waits.
    pub until: Deadline,
}

/// A refresh under way here.
#[derive(Debug)]
pub struct RunningRenewal {
    /// At which provider.
    pub provider: ProviderId,
    /// What it awaits.
    pub renewal: Renewal,
    /// The call whose answer it awaits, if it is one of its own.
    pub call: Option<CallId>,
    /// What it holds in the table of all workers.
    pub lease: Option<Lease>,
    /// How often it took too long; who waited for it was answered.
    pub late: u8,
}

/// What follows once the provider's endpoints are known.
#[derive(Debug)]
pub enum Then {
    /// A redirect to the provider, to come back here.
    SignIn(SignIn),
    /// Signing out, there as well.
    SignOut(ProviderId),
}

/// Which callback a sign-in answers: a digest of its query, since another `code` with the same `state` is another callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackDigest([u8; 32]);

/// A sign-in under way.
#[derive(Debug)]
pub struct Running {
    /// At which provider.
    pub provider: ProviderId,
    /// What it awaits.
    pub exchange: Exchange,
    /// The call whose answer it awaits, if it is one of its own.
    pub call: Option<CallId>,
    /// The callback that began it.
    pub callback: CallbackDigest,
}

#[derive(Debug)]
struct Kept {
    state: String,
    callback: CallbackDigest,
    signed_in: Box<SignedIn>,
    until: Deadline,
}

impl CallbackDigest {
    /// The digest of a callback's `query`.
    pub fn of(query: &[u8]) -> Self {
        Self(Sha256::digest(query).into())
    }
}

impl Waits {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.running.is_empty() && self.renewals.is_empty()
    }

    /// How many requests wait.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// Whether one more request may wait.
    pub fn has_room(&self) -> bool {
        self.requests.len() < MAX_REQUESTS && self.running.len() < MAX_RUNNING && self.bytes < MAX_BYTES
    }

    /// Whether one more body may be waited for. Anyone can send one, and so they may not take the room of people.
    pub fn has_room_for_body(&self) -> bool {
        let bodies = self.requests.values().filter(|waiting| matches!(waiting, Waiting::Body(..)));
        self.has_room() && bodies.count() < MAX_BODIES
    }

    /// Whether one more logout token may wait for keys; the same holds for these.
    pub fn has_room_for_logout_token(&self) -> bool {
        let tokens = self.requests.values().filter(|waiting| matches!(waiting, Waiting::LogoutToken(..)));
        self.has_room() && tokens.count() < MAX_LOGOUT_TOKENS
    }

    /// Whether one more request may wait for the external authorizer: one person can send any number.
    pub fn has_room_for_authorization(&self) -> bool {
        let asked = self.requests.values().filter(|waiting| matches!(waiting, Waiting::Authorization(_)));
        self.has_room() && asked.count() < MAX_AUTHORIZATIONS
    }

    /// Whether one more bearer token may wait; and for these.
    pub fn has_room_for_bearer_token(&self) -> bool {
        let tokens = self.requests.values().filter(|waiting| matches!(waiting, Waiting::BearerToken(..)));
        self.has_room() && tokens.count() < MAX_BEARER_TOKENS
    }

    /// Whether anything waits for what `provider` says.
    pub fn await_provider(&self, provider: ProviderId) -> bool {
        self.running.values().any(|running| running.provider == provider)
            || self.renewals.values().any(|running| running.provider == provider)
            || self.requests.values().any(|waiting| waiting.awaits(provider))
    }

    /// Lets a request wait.
    pub fn request(&mut self, waiting: Waiting) {
        self.bytes = self.bytes.saturating_add(waiting.size());
        self.requests.insert(waiting.inbound().id, waiting);
    }

    /// Forgets a request whose client went away, or takes it up.
    pub fn forget(&mut self, id: RequestId) -> Option<Waiting> {
        let waiting = self.requests.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(waiting.size());
        Some(waiting)
    }

    /// Takes up the request that waits for the external authorizer's verdict.
    pub fn take_authorization(&mut self, id: RequestId) -> Option<Pass> {
        if !matches!(self.requests.get(&id), Some(Waiting::Authorization(_))) {
            return None;
        }
        match self.forget(id) {
            Some(Waiting::Authorization(pass)) => Some(*pass),
            _ => None,
        }
    }

    /// Takes the requests that `wanted` names out of the queue.
    pub fn take_requests(&mut self, wanted: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let taken: Vec<Waiting> =
            self.requests.extract_if(.., |_, waiting| wanted(waiting)).map(|(_, waiting)| waiting).collect();
        let bytes = taken.iter().map(Waiting::size).fold(0, usize::saturating_add);
        self.bytes = self.bytes.saturating_sub(bytes);
        taken
    }

    /// The callback that the sign-in with this `state` answers, if it is under way or kept.
    pub fn known_callback(&self, state: &str) -> Option<CallbackDigest> {
        let running = self.running.get(state).map(|running| running.callback);
        running.or_else(|| self.kept.iter().find(|kept| kept.state == state).map(|kept| kept.callback))
    }

    /// The sign-ins that are under way at `provider`.
    pub fn running(&self, provider: ProviderId) -> Vec<String> {
        let running = self.running.iter().filter(|(_, running)| running.provider == provider);
        running.map(|(state, _)| state.clone()).collect()
    }

    /// Takes a sign-in up for its next message.
    pub fn take_running(&mut self, state: &str) -> Option<Running> {
        self.running.remove(state)
    }

    /// Takes a sign-in up if it awaits the answer to `call`, and not to an earlier one.
    pub fn take_running_for(&mut self, state: &str, call: CallId) -> Option<Running> {
        self.running.get(state).filter(|running| running.call == Some(call))?;
        self.running.remove(state)
    }

    /// Puts a sign-in down until its next message.
    pub fn put_running(&mut self, state: String, running: Running) {
        self.running.insert(state, running);
    }

    /// The sign-ins whose deadline is past; what was kept or remembered long enough is dropped.
    pub fn overdue(&mut self, now: UnixTime) -> Vec<String> {
        self.kept.retain(|kept| !kept.until.is_past(now));
        self.spent.retain(|(_, used)| now.since(*used) < ATTEMPT_LIFETIME);
        let late = self.running.iter().filter(|(_, running)| running.exchange.deadline().is_past(now));
        late.map(|(state, _)| state.clone()).collect()
    }

    /// Keeps a finished sign-in for a client that may come back with the same callback.
    pub fn keep(&mut self, state: String, callback: CallbackDigest, signed_in: Box<SignedIn>, now: UnixTime) {
        if self.kept.len() >= MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Kept { state, callback, signed_in, until: Deadline::new(now, KEEP) });
    }

    /// The sign-in that was kept for this callback; once.
    pub fn take_kept(&mut self, state: &str, callback: CallbackDigest) -> Option<Box<SignedIn>> {
        let place = self.kept.iter().position(|kept| kept.state == state && kept.callback == callback)?;
        self.kept.remove(place).map(|kept| kept.signed_in)
    }

    /// Remembers that `state` had its callback.
    pub fn spend(&mut self, state: String, now: UnixTime) {
        if self.spent.len() >= MAX_SPENT {
            self.spent.pop_front();
        }
        self.spent.push_back((state, now));
    }

    /// Whether `state` had its callback already.
    pub fn is_spent(&self, state: &str) -> bool {
        self.spent.iter().any(|(spent, _)| spent == state)
    }
}
