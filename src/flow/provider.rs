//! A provider's metadata and keys over time.
//!
//! Decides when they are fetched, how long they are used, and how often an unknown key may ask for more. Each worker keeps
//! its own copy. What a document must say is judged in `oidc::discovery` and `oidc::jwks`.

use std::time::Duration;

use crate::{
    flow::event::{CallResult, Endpoint},
    http::{
        call::{Call, CallOutcome, CallResponse},
        cluster::cluster_name,
    },
    oidc::{
        discovery::{ProviderMetadata, configured_metadata, metadata_request, process_metadata_response},
        jwks::KeySet,
        provider::ProviderSettings,
    },
    time::UnixTime,
};

/// The age at which metadata and keys are fetched again.
const REFETCH: Duration = Duration::from_secs(60 * 60);
/// How long keys are used while fetching them fails.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause between tries while requests wait.
const RETRY_WAITED_FOR: Duration = Duration::from_secs(1);
/// The pause between tries while nobody waits, or while an older copy serves.
const RETRY: Duration = Duration::from_secs(30);
/// The pause between fetches for keys that tokens of our own token endpoint name and we do not know.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(5);

/// What one worker knows about its provider.
#[derive(Debug, Default)]
pub struct ProviderState {
    metadata: Fetched<ProviderMetadata>,
    keys: Fetched<KeySet>,
    unknown_key_fetch: Option<UnixTime>,
}

/// A document that is fetched again and again.
#[derive(Debug)]
struct Fetched<T> {
    value: Option<T>,
    stale: bool,
    in_flight: bool,
    tried: Option<UnixTime>,
    succeeded: Option<UnixTime>,
    answers: u64,
}

/// What an answer changed, for metrics and log.
#[derive(Debug)]
pub struct Judged {
    /// How the call counts.
    pub result: CallResult,
    /// Why it was not used, for the log.
    pub problem: Option<String>,
}

impl ProviderState {
    /// The metadata, if there is any.
    pub fn metadata(&self) -> Option<&ProviderMetadata> {
        self.metadata.value.as_ref()
    }

    /// The keys, unless they are too old to be trusted.
    pub fn keys(&self, now: UnixTime) -> Option<&KeySet> {
        let fresh = self.keys.succeeded.is_some_and(|fetched| now.since(fetched) < MAX_AGE);
        self.keys.value.as_ref().filter(|_| fresh)
    }

    /// How many answers to key fetches there have been: a token whose key was missing is worth another look when it moves.
    pub fn key_answers(&self) -> u64 {
        self.keys.answers
    }

    /// How old the keys are.
    pub fn key_age(&self, now: UnixTime) -> Option<Duration> {
        self.keys.succeeded.map(|fetched| now.since(fetched))
    }

    /// The calls that are due now; `awaited` says that requests wait for them. Each is in flight once it is given out.
    pub fn due(&mut self, settings: &ProviderSettings, awaited: bool, now: UnixTime) -> Vec<(Endpoint, Call)> {
        let mut calls = Vec::new();
        if self.metadata.due(awaited, now) {
            match metadata_request(settings) {
                Some(call) => calls.push((Endpoint::Metadata, call)),
                None => self.metadata.finish(configured_metadata(settings).ok(), now),
            }
        }
        let Some(metadata) = &self.metadata.value else { return calls };
        if self.keys.due(awaited, now) {
            let url = metadata.jwks_uri.clone();
            let cluster = cluster_name(&settings.clusters, &url);
            calls.push((Endpoint::Keys, Call::get(url, cluster, settings.timeout)));
        }
        calls
    }

    /// Asks for another look at the keys because one is unknown. Returns whether an answer will come: at once the first
    /// time, then at most once in five seconds.
    pub fn refetch_keys(&mut self, now: UnixTime) -> bool {
        let spent = self.unknown_key_fetch.is_some_and(|last| now.since(last) < UNKNOWN_KEY_INTERVAL);
        if !self.keys.in_flight && spent {
            return false;
        }
        if !self.keys.in_flight {
            self.unknown_key_fetch = Some(now);
            self.keys.stale = true;
        }
        true
    }

    /// Takes the answer to a metadata call.
    pub fn handle_metadata(&mut self, settings: &ProviderSettings, outcome: &CallOutcome, now: UnixTime) -> Judged {
        let answer = answered(outcome).and_then(|response| {
            process_metadata_response(settings, response).map_err(|error| Judged::refused(response, error.to_string()))
        });
        self.metadata.take(answer, now)
    }

    /// Takes the answer to a keys call. A key set replaces the old one whole: a key that is gone is no longer trusted.
    pub fn handle_keys(&mut self, outcome: &CallOutcome, now: UnixTime) -> Judged {
        let answer = answered(outcome).and_then(|response| {
            let keys = if response.status == 200 {
                KeySet::parse(response.body.secret()).map_err(|error| error.to_string())
            } else {
                Err(format!("the keys request was answered {}", response.status))
            };
            keys.map_err(|problem| Judged::refused(response, problem))
        });
        self.keys.take(answer, now)
    }
}

fn answered(outcome: &CallOutcome) -> Result<&CallResponse, Judged> {
    match outcome {
        CallOutcome::Answer(response) => Ok(response),
        CallOutcome::Failure(failure) => {
            let problem = Some(format!("no answer: {}", failure.code()));
            Err(Judged { result: CallResult::Unavailable, problem })
        }
    }
}

impl Judged {
    fn refused(response: &CallResponse, problem: String) -> Self {
        let result = if response.status == 200 { CallResult::Invalid } else { CallResult::Unavailable };
        Self { result, problem: Some(problem) }
    }
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self { value: None, stale: false, in_flight: false, tried: None, succeeded: None, answers: 0 }
    }
}

impl<T> Fetched<T> {
    fn due(&mut self, awaited: bool, now: UnixTime) -> bool {
        let old = self.succeeded.is_none_or(|fetched| now.since(fetched) >= REFETCH);
        let pause = if awaited && self.value.is_none() { RETRY_WAITED_FOR } else { RETRY };
        let rested = self.tried.is_none_or(|tried| now.since(tried) >= pause);
        let due = !self.in_flight && (self.stale || old && rested);
        if due {
            self.in_flight = true;
            self.stale = false;
            self.tried = Some(now);
        }
        due
    }

    fn take(&mut self, answer: Result<T, Judged>, now: UnixTime) -> Judged {
        let (value, judged) = match answer {
            Ok(value) => (Some(value), Judged { result: CallResult::Ok, problem: None }),
            Err(judged) => (None, judged),
        };
        self.finish(value, now);
        judged
    }

    fn finish(&mut self, value: Option<T>, now: UnixTime) {
        self.in_flight = false;
        self.answers = self.answers.saturating_add(1);
        if value.is_some() {
            self.value = value;
            self.succeeded = Some(now);
        }
    }
}
