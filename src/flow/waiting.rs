//! Who waits for what: requests for a provider, requests for a sign-in, sign-ins for messages.
//!
//! Decides the bounds: how many may wait, and how long a finished sign-in is kept for a client that went away.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    flow::{
        decision::RequestId,
        exchange::{Exchange, SignedIn},
        inbound::Inbound,
    },
    http::path::ReturnPath,
    time::UnixTime,
};

/// How many requests of a worker may wait at once.
const MAX_REQUESTS: usize = 4096;
/// How many sign-ins of a worker may be under way or kept.
const MAX_EXCHANGES: usize = 1024;
/// How long a finished sign-in is kept for a client that went away before it got its session.
const KEEP: Duration = Duration::from_secs(60);

/// Everything that waits.
#[derive(Debug, Default)]
pub struct Waits {
    requests: BTreeMap<RequestId, Waiting>,
    exchanges: BTreeMap<String, Progress>,
}

/// What a request waits for.
#[derive(Debug)]
pub enum Waiting {
    /// The end of the sign-in with this `state`.
    Exchange(Inbound, String),
    /// The provider's metadata, for what follows then.
    Metadata(Inbound, Then, UnixTime),
}

/// What follows once the provider's endpoints are known.
#[derive(Debug)]
pub enum Then {
    /// A redirect to the provider, to come back here.
    SignIn(ReturnPath),
    /// Signing out, there as well.
    SignOut,
}

/// How far a sign-in is.
#[derive(Debug)]
pub enum Progress {
    /// It ended well and nobody was there to take it.
    Kept(Box<SignedIn>, UnixTime),
    /// It awaits a message.
    Running(Box<Exchange>),
}

impl Waits {
    /// Whether nothing waits; sign-ins that are only kept do not count.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && !self.exchanges.values().any(|progress| matches!(progress, Progress::Running(_)))
    }

    /// How many requests wait.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// Whether one more request may wait.
    pub fn has_room(&self) -> bool {
        self.requests.len() < MAX_REQUESTS && self.exchanges.len() < MAX_EXCHANGES
    }

    /// Lets a request wait.
    pub fn request(&mut self, id: RequestId, waiting: Waiting) {
        self.requests.insert(id, waiting);
    }

    /// Forgets a request whose client went away.
    pub fn forget(&mut self, id: RequestId) {
        self.requests.remove(&id);
    }

    /// Takes the requests that `wanted` names out of the queue.
    pub fn take_requests(&mut self, wanted: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        self.requests.extract_if(.., |_, waiting| wanted(waiting)).map(|(_, waiting)| waiting).collect()
    }

    /// Takes the sign-in with this `state` up for its next message.
    pub fn take_exchange(&mut self, state: &str) -> Option<Progress> {
        self.exchanges.remove(state)
    }

    /// Puts a sign-in down until its next message.
    pub fn put_exchange(&mut self, state: String, progress: Progress) {
        self.exchanges.insert(state, progress);
    }

    /// The sign-ins that are under way.
    pub fn running(&self) -> Vec<String> {
        let running = self.exchanges.iter().filter(|(_, progress)| matches!(progress, Progress::Running(_)));
        running.map(|(state, _)| state.clone()).collect()
    }

    /// Keeps a finished sign-in for a client that may come back with the same attempt.
    pub fn keep(&mut self, state: String, signed_in: Box<SignedIn>, now: UnixTime) {
        self.exchanges.insert(state, Progress::Kept(signed_in, now.plus(KEEP)));
    }

    /// Drops what was kept long enough and gives the sign-ins whose deadline is past.
    pub fn overdue(&mut self, now: UnixTime) -> Vec<String> {
        self.exchanges.retain(|_, progress| !matches!(progress, Progress::Kept(_, until) if now >= *until));
        let late = |progress: &Progress| matches!(progress, Progress::Running(exchange) if now >= exchange.deadline());
        self.exchanges.iter().filter(|(_, progress)| late(progress)).map(|(state, _)| state.clone()).collect()
    }
}

impl Waiting {
    /// Whether this waits for the sign-in with `state`.
    pub fn is_for(&self, state: &str) -> bool {
        matches!(self, Self::Exchange(_, other) if other == state)
    }

    /// Whether this waits for metadata, and longer than it may at `now`.
    pub fn is_late(&self, now: UnixTime) -> bool {
        matches!(self, Self::Metadata(_, _, deadline) if now >= *deadline)
    }
}
