//! What the engine wants done, in order: decisions to carry out, calls to send, events to count.
//!
//! Decides only how calls are numbered and remembered until their answers come.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    flow::{
        decision::{CallId, Decision, RequestId},
        event::{Endpoint, Event},
        provider::ProviderId,
        token_cache::TokenDigest,
    },
    http::call::Call,
    oidc::bearer::Lookup,
    session::SessionId,
    time::UnixTime,
};

/// Why a call is made.
#[derive(Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Asking the external authorizer about this request.
    Authorization(RequestId),
    /// A provider's keys.
    Keys(ProviderId),
    /// Asking a provider this about the opaque bearer token with this digest.
    Lookup(Lookup, TokenDigest),
    /// A provider's metadata.
    Metadata(ProviderId),
    /// New tokens for this session.
    Refresh(SessionId),
    /// Revoking a refresh token; nobody waits for it.
    Revocation,
    /// Further claims for this session, which is refreshed.
    RefreshedUserInfo(SessionId),
    /// Tokens for the sign-in with this `state`.
    Tokens(String),
    /// Further claims for the sign-in with this `state`.
    UserInfo(String),
}

/// A call whose answer is awaited.
#[derive(Debug)]
pub struct InFlight {
    /// Why it was made.
    pub purpose: Purpose,
    /// By which cluster.
    pub cluster: String,
    /// When.
    pub since: UnixTime,
}

/// The engine's queues.
#[derive(Debug, Default)]
pub struct Output {
    calls: VecDeque<(CallId, Call)>,
    decisions: VecDeque<(RequestId, Decision)>,
    events: VecDeque<Event>,
    in_flight: BTreeMap<CallId, InFlight>,
    last_call: u64,
}

impl Purpose {
    /// The endpoint that such a call goes to.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Authorization(_) => Endpoint::Authorizer,
            Self::Keys(_) => Endpoint::Keys,
            Self::Lookup(Lookup::Introspection, _) => Endpoint::Introspection,
            Self::Metadata(_) => Endpoint::Metadata,
            Self::Revocation => Endpoint::Revocation,
            Self::Refresh(_) | Self::Tokens(_) => Endpoint::Token,
            Self::Lookup(Lookup::UserInfo, _) | Self::RefreshedUserInfo(_) | Self::UserInfo(_) => Endpoint::UserInfo,
        }
    }
}

impl Output {
    /// Queues a call and gives its number.
    pub fn call(&mut self, purpose: Purpose, call: Call, now: UnixTime) -> CallId {
        self.last_call = self.last_call.wrapping_add(1);
        let id = CallId(self.last_call);
        self.in_flight.insert(id, InFlight { purpose, cluster: call.cluster.clone(), since: now });
        self.calls.push_back((id, call));
        id
    }

    /// Queues a decision for a request that waited.
    pub fn decide(&mut self, id: RequestId, decision: Decision) {
        // It may have found something else to wait for.
        if decision != Decision::Wait {
            self.decisions.push_back((id, decision));
        }
    }

    /// Queues an event.
    pub fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// What the answered call was for; `None` if nobody asked.
    pub fn answered(&mut self, id: CallId) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// Forgets calls whose end the host should have told long ago, unless somebody still awaits it.
    pub fn forget_lost(&mut self, patience: Duration, now: UnixTime, awaited: impl Fn(&Purpose) -> bool) {
        self.in_flight.retain(|_, call| now.since(call.since) < patience || awaited(&call.purpose));
    }

    /// The next call to send.
    pub fn next_call(&mut self) -> Option<(CallId, Call)> {
        self.calls.pop_front()
    }

    /// How many calls for `purpose` are under way.
    pub fn under_way(&self, purpose: &Purpose) -> usize {
        self.in_flight.values().filter(|call| call.purpose == *purpose).count()
    }

    /// Whether a call waits to be sent or a decision to be carried out.
    pub fn has_work(&self) -> bool {
        !self.calls.is_empty() || !self.decisions.is_empty()
    }

    /// The next decision to carry out.
    pub fn next_decision(&mut self) -> Option<(RequestId, Decision)> {
        self.decisions.pop_front()
    }

    /// The decision for `id`, if one is queued already.
    pub fn take_decision(&mut self, id: RequestId) -> Option<Decision> {
        let place = self.decisions.iter().position(|(other, _)| *other == id)?;
        self.decisions.remove(place).map(|(_, decision)| decision)
    }

    /// The next event to report.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
