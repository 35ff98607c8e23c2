//! A request that waits.
//!
//! Decides what it counts for and when it has waited long enough.

use super::{Pending, Then, Waiting};
use crate::{
    flow::{inbound::Inbound, provider::ProviderId},
    session::SessionId,
    time::UnixTime,
};

impl Waiting {
    pub(super) fn inbound(&self) -> &Inbound {
        match self {
            Self::Body(inbound, _)
            | Self::Exchange(inbound, _)
            | Self::LogoutToken(inbound, _)
            | Self::Metadata(inbound, ..) => inbound,
            Self::Authorization(pass) => &pass.inbound,
            Self::BearerToken(exchange) => &exchange.inbound,
            Self::Renewal(pending) => &pending.visit.inbound,
        }
    }

    pub(super) fn pending(&self) -> Option<&Pending> {
        match self {
            Self::Renewal(pending) => Some(pending),
            _ => None,
        }
    }

    /// How many bytes it holds, about. A session has about the bytes of its cookie.
    pub(super) fn size(&self) -> usize {
        let more = match self {
            Self::Authorization(pass) => pass.size(),
            Self::BearerToken(exchange) => exchange.size(),
            Self::LogoutToken(_, exchange) => exchange.size(),
            Self::Renewal(pending) => pending.visit.inbound.size().saturating_add(pending.visit.errand.size()),
            Self::Body(..) | Self::Exchange(..) | Self::Metadata(..) => 0,
        };
        self.inbound().size().saturating_add(more)
    }

    /// Whether this waits for what `provider` says.
    pub(super) fn awaits(&self, provider: ProviderId) -> bool {
        match self {
            Self::BearerToken(exchange) => exchange.awaits(provider),
            Self::LogoutToken(_, exchange) => exchange.provider == provider,
            Self::Metadata(_, Then::SignIn(sign_in), _) => sign_in.provider == provider,
            Self::Metadata(_, Then::SignOut(other), _) => *other == provider,
            Self::Authorization(_) | Self::Body(..) | Self::Exchange(..) | Self::Renewal(_) => false,
        }
    }

    /// Whether this waits for the endpoints of `provider`.
    pub fn wants_endpoints_of(&self, provider: ProviderId) -> bool {
        matches!(self, Self::Metadata(..)) && self.awaits(provider)
    }

    /// Whether this waits for the sign-in with `state`.
    pub fn is_for(&self, state: &str) -> bool {
        matches!(self, Self::Exchange(_, other) if other == state)
    }

    /// Whether this waits for the refresh of session `id`.
    pub fn is_for_session(&self, id: SessionId) -> bool {
        self.pending().is_some_and(|pending| pending.visit.session.id == id)
    }

    /// Whether this waits longer than it may at `now`; a sign-in has a deadline of its own.
    pub fn is_late(&self, now: UnixTime) -> bool {
        match self {
            Self::Body(_, deadline) | Self::Metadata(_, _, deadline) => deadline.is_past(now),
            Self::Authorization(pass) => pass.deadline.is_past(now),
            Self::BearerToken(exchange) => exchange.deadline.is_past(now),
            Self::Exchange(..) => false,
            Self::LogoutToken(_, exchange) => exchange.deadline().is_past(now),
            Self::Renewal(pending) => pending.until.is_past(now),
        }
    }
}
