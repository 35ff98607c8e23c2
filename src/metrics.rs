//! Events as metrics.
//!
//! Decides names and kinds. proxy-wasm metrics have no labels, so the code is the last part of the name and
//! `stats_tags` can turn it into one; no name ever holds a user, a host or anything a client wrote.

use crate::flow::{
    Gauges,
    event::{CallResult, Endpoint, Event, Outcome, Refresh},
};

/// One change to one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Add one to the counter of this name.
    Count(String),
    /// Set the gauge of this name.
    Gauge(&'static str, u64),
    /// This is our share of the gauge of this name, in which all workers and all configurations in force add up.
    Level(&'static str, u64),
    /// Add a value to the histogram of this name.
    Observe(String, u64),
}

/// What `event` changes.
pub fn of_event(event: &Event) -> Vec<Metric> {
    match event {
        Event::Decided(outcome) => vec![decision(*outcome)],
        Event::Log(_) => Vec::new(),
        Event::ProviderCall { endpoint, outcome, elapsed } => {
            let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            vec![call(*endpoint, *outcome), Metric::Observe(latency(*endpoint), milliseconds)]
        }
        Event::LogoutToken { accepted } => vec![logout_token(*accepted)],
        Event::Refresh(outcome) => vec![refresh(*outcome)],
        Event::SessionWritten(bytes) => {
            vec![Metric::Observe("edge_oidc.session_cookie_bytes".into(), u64::try_from(*bytes).unwrap_or(u64::MAX))]
        }
        Event::SignInCompleted => vec![sign_in("completed")],
        Event::SignInFailed(code) => vec![Metric::Count(format!("edge_oidc.sign_in_failed.{code}"))],
        Event::SignInStarted => vec![sign_in("started")],
    }
}

/// What the engine's state says now.
pub fn of_gauges(gauges: Gauges) -> Vec<Metric> {
    let age = gauges.key_age.map(|age| Metric::Gauge("edge_oidc.key_set_age_seconds", age.as_secs()));
    let waiting = Metric::Level("edge_oidc.open_waits", u64::try_from(gauges.waiting).unwrap_or(u64::MAX));
    age.into_iter().chain([waiting]).collect()
}

/// Metrics that exist from the start, so that a dashboard shows zero and not nothing.
pub fn at_start() -> Vec<Metric> {
    let calls = Endpoint::ALL.into_iter().flat_map(|endpoint| CallResult::ALL.map(|result| call(endpoint, result)));
    let decisions = Outcome::ALL.into_iter().map(decision);
    let refreshes = Refresh::ALL.into_iter().map(refresh);
    let others = [sign_in("started"), sign_in("completed"), logout_token(true), logout_token(false)];
    calls.chain(decisions).chain(refreshes).chain(others).collect()
}

fn decision(outcome: Outcome) -> Metric {
    Metric::Count(format!("edge_oidc.decision.{}", outcome.name()))
}

fn call(endpoint: Endpoint, result: CallResult) -> Metric {
    Metric::Count(format!("edge_oidc.provider_call.{}.{}", endpoint.name(), result.name()))
}

fn latency(endpoint: Endpoint) -> String {
    format!("edge_oidc.provider_call_milliseconds.{}", endpoint.name())
}

fn refresh(outcome: Refresh) -> Metric {
    Metric::Count(format!("edge_oidc.refresh.{}", outcome.name()))
}

fn logout_token(accepted: bool) -> Metric {
    Metric::Count(format!("edge_oidc.logout_token.{}", if accepted { "accepted" } else { "refused" }))
}

fn sign_in(outcome: &str) -> Metric {
    Metric::Count(format!("edge_oidc.sign_in.{outcome}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_call_counts_and_is_timed() {
        let (endpoint, outcome) = (Endpoint::Token, CallResult::Refused);
        let event = Event::ProviderCall { endpoint, outcome, elapsed: Duration::from_millis(7) };
        let counted = Metric::Count("edge_oidc.provider_call.token.refused".into());
        let timed = Metric::Observe("edge_oidc.provider_call_milliseconds.token".into(), 7);
        assert_eq!(of_event(&event), [counted, timed]);
    }

    #[test]
    fn names_hold_only_what_stats_can_carry() {
        let names = at_start().into_iter().map(|metric| match metric {
            Metric::Count(name) | Metric::Observe(name, _) => name,
            Metric::Gauge(name, _) | Metric::Level(name, _) => name.into(),
        });
        assert!(
            names.into_iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte)))
        );
    }
}
