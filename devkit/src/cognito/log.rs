//! Decides what is counted and what of each request is kept, for assertions about what a relying party really sent.

use std::collections::{BTreeMap, VecDeque};

use axum::http::{HeaderMap, Method, Version};
use serde::Serialize;

use super::fault::Endpoint;

/// How often what was asked for, faulty answers included.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Discovery documents.
    pub discovery: u64,
    /// JWK sets.
    pub jwks: u64,
    /// Requests to `/oauth2/authorize`.
    pub authorize: u64,
    /// Requests to `/login`.
    pub login: u64,
    /// Sign-ins with a typed password.
    pub interactive_sign_ins: u64,
    /// Sign-ins by the SSO cookie.
    pub silent_sign_ins: u64,
    /// Token requests, by grant type (`other` for unknown ones) and then by outcome: `ok`, an error code, or a fault's name.
    pub token: BTreeMap<String, BTreeMap<String, u64>>,
    /// Token requests with `grant_type=refresh_token`.
    pub refresh: RefreshCounters,
    /// Requests to `/oauth2/userInfo`.
    pub userinfo: u64,
    /// Requests to `/oauth2/revoke`.
    pub revoke: u64,
    /// Sign-ins that `/oauth2/revoke` has revoked.
    pub revocations: u64,
    /// Global sign-outs.
    pub global_sign_outs: u64,
    /// Requests to `/logout`.
    pub logout: u64,
}

/// Refreshes by what they did, whatever became of the answer: a fault may refuse a request, or spoil the answer to one
/// that took effect.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshCounters {
    /// Requests, those that a fault refused included.
    pub arrived: u64,
    /// Requests that tokens were made for.
    pub succeeded: u64,
    /// Requests refused with `invalid_grant`.
    pub refused: u64,
}

/// A request that arrived at an OAuth endpoint.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Where it arrived.
    pub endpoint: Endpoint,
    /// Its method.
    pub method: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The authority it named.
    pub authority: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The members of the query.
    pub query: Vec<(String, String)>,
    /// The members of the form in the body.
    pub form: Vec<(String, String)>,
}

/// The head of a request, as far as it is recorded.
pub(super) struct Head<'a> {
    pub(super) method: &'a Method,
    pub(super) version: Version,
    pub(super) authority: &'a str,
    pub(super) headers: &'a HeaderMap,
}

/// Counters and the latest requests.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) counters: Counters,
    requests: VecDeque<Recorded>,
}

/// How many requests are kept.
const KEPT: usize = 1000;

impl Counters {
    /// Token requests of a grant type, whatever came of them.
    pub fn token_grant(&self, grant_type: &str) -> u64 {
        self.token.get(grant_type).map_or(0, |outcomes| outcomes.values().sum())
    }

    /// Token requests of a grant type with that outcome.
    pub fn token_outcome(&self, grant_type: &str, outcome: &str) -> u64 {
        self.token.get(grant_type).and_then(|outcomes| outcomes.get(outcome)).copied().unwrap_or_default()
    }
}

impl Recorded {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first value of a member of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first value of a member of the form.
    pub fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    pub(super) fn new(
        endpoint: Endpoint,
        head: &Head<'_>,
        query: Vec<(String, String)>,
        form: Vec<(String, String)>,
    ) -> Recorded {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Recorded {
            endpoint,
            method: head.method.to_string(),
            version: format!("{:?}", head.version),
            authority: head.authority.to_owned(),
            headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            query,
            form,
        }
    }
}

impl Log {
    /// Keeps a request, and forgets the oldest when there are too many.
    pub(super) fn keep(&mut self, recorded: Recorded) {
        self.requests.push_back(recorded);
        let surplus = self.requests.len().saturating_sub(KEPT);
        self.requests.drain(..surplus);
    }

    /// The kept requests, oldest first.
    pub(super) fn requests(&self) -> Vec<Recorded> {
        self.requests.iter().cloned().collect()
    }

    /// Counts a request; token requests are counted with their outcome.
    pub(super) fn count(&mut self, endpoint: Endpoint) {
        let counters = &mut self.counters;
        let counter = match endpoint {
            Endpoint::Authorize => &mut counters.authorize,
            Endpoint::Discovery => &mut counters.discovery,
            Endpoint::Jwks => &mut counters.jwks,
            Endpoint::Login => &mut counters.login,
            Endpoint::Logout => &mut counters.logout,
            Endpoint::Revoke => &mut counters.revoke,
            Endpoint::Refresh | Endpoint::Token => return,
            Endpoint::UserInfo => &mut counters.userinfo,
        };
        *counter += 1;
    }

    /// Counts what a refresh did: tokens, or an error.
    pub(super) fn count_refresh(&mut self, error: Option<&str>) {
        match error {
            None => self.counters.refresh.succeeded += 1,
            Some("invalid_grant") => self.counters.refresh.refused += 1,
            Some(_) => {}
        }
    }

    /// Counts what a token request came to.
    pub(super) fn count_token(&mut self, grant_type: &str, outcome: &str) {
        let outcomes = self.counters.token.entry(grant_type.to_owned()).or_default();
        *outcomes.entry(outcome.to_owned()).or_default() += 1;
    }
}

fn first<'a>(members: &'a [(String, String)], name: &str) -> Option<&'a str> {
    members.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}
