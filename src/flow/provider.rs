//! A provider's metadata and keys over time.
//!
//! Decides when they are fetched, how long they are used, and how often an unknown key may ask for more. Each worker keeps
//! its own copy. What a document must say is judged in `oidc::discovery` and `oidc::jwks`.

use std::time::Duration;

use crate::{
    flow::{
        event::{CallResult, Endpoint},
        exchange::CALL_GRACE,
    },
    http::{
        call::{Call, CallOutcome, CallResponse},
        cluster::cluster_name,
    },
    oidc::{
        discovery::{
            ProviderMetadata, SignInEndpoints, configured_metadata, metadata_request, process_metadata_response,
        },
        jwks::KeySet,
        provider::ProviderSettings,
    },
    time::UnixTime,
};

/// The age at which metadata and keys are fetched again.
const REFETCH: Duration = Duration::from_secs(60 * 60);
/// How long keys are used while fetching them fails.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause between tries while requests wait for a first copy, or for a key that no copy has.
const RETRY_WAITED_FOR: Duration = Duration::from_secs(1);
/// The pause between tries while nobody waits, or while an older copy serves.
const RETRY: Duration = Duration::from_secs(30);
/// The pause between fetches for keys that tokens of the token endpoint name and we do not know.
const OUR_INTERVAL: Duration = Duration::from_secs(5);
/// The same for tokens that anyone could send.
const OTHERS_INTERVAL: Duration = Duration::from_secs(30);

/// Which of the configured providers, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderId(usize);

impl ProviderId {
    /// The provider at this place.
    pub const fn new(place: usize) -> Self {
        Self(place)
    }

    /// Its place.
    pub const fn index(self) -> usize {
        self.0
    }
}

/// What one worker knows about a provider.
#[derive(Debug, Default)]
pub struct ProviderState {
    metadata: Fetched<ProviderMetadata>,
    keys: Fetched<KeySet>,
    asked_by_us: Option<UnixTime>,
    asked_by_others: Option<UnixTime>,
}

/// Who asks for keys that are unknown. Each kind has a budget of its own, so that nobody can starve sign-ins with made-up
/// key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A token from the provider's own token endpoint.
    Ourselves,
    /// A token that anyone could send.
    Others,
}

/// A document that is fetched again and again.
#[derive(Debug)]
struct Fetched<T> {
    value: Option<T>,
    wish: Wish,
    in_flight: bool,
    tried: Option<UnixTime>,
    succeeded: Option<UnixTime>,
    copies: u64,
}

/// Whether a newer copy is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    /// As soon as possible.
    Asked,
    /// The age of the copy alone decides.
    #[default]
    None,
    /// It was asked for and could not be had: again after a pause.
    Unmet,
}

/// What an answer changed, for metrics and log.
#[derive(Debug)]
pub struct Judged {
    /// How the call counts.
    pub result: CallResult,
    /// What is wrong with it, for the log: a code and a text.
    pub problem: Option<(&'static str, String)>,
}

impl ProviderState {
    /// The metadata, if there is any.
    pub fn metadata(&self) -> Option<&ProviderMetadata> {
        self.metadata.value.as_ref()
    }

    /// The endpoints for sign-ins, if they are known.
    pub fn endpoints(&self) -> Option<&SignInEndpoints> {
        self.metadata()?.sign_in.as_ref()
    }

    /// The keys, unless they are too old to be trusted.
    pub fn keys(&self, now: UnixTime) -> Option<&KeySet> {
        let fresh = self.keys.succeeded.is_some_and(|fetched| now.since(fetched) < MAX_AGE);
        self.keys.value.as_ref().filter(|_| fresh)
    }

    /// How many key sets there have been: a token whose key was missing is worth another look when this moves.
    pub fn key_sets(&self) -> u64 {
        self.keys.copies
    }

    /// How old the keys are.
    pub fn key_age(&self, now: UnixTime) -> Option<Duration> {
        self.keys.succeeded.map(|fetched| now.since(fetched))
    }

    /// Nobody waits any more for keys that could not be had.
    pub fn drop_wishes(&mut self) {
        self.keys.wish = Wish::None;
    }

    /// The calls that are due now; `awaited` says that requests wait for them. Each is in flight once it is given out.
    pub fn due(&mut self, settings: &ProviderSettings, awaited: bool, now: UnixTime) -> Vec<(Endpoint, Call)> {
        let mut calls = Vec::new();
        let patience = settings.timeout.saturating_add(CALL_GRACE);
        let urgent = awaited && self.metadata.value.is_none();
        if self.metadata.due(urgent, patience, now) {
            match metadata_request(settings) {
                Some(call) => calls.push((Endpoint::Metadata, call)),
                None => self.metadata.finish(configured_metadata(settings).ok(), now),
            }
        }
        let Some(metadata) = &self.metadata.value else { return calls };
        let urgent = awaited && self.keys(now).is_none();
        if self.keys.due(urgent, patience, now) {
            let url = metadata.jwks_uri.clone();
            let cluster = cluster_name(&settings.clusters, &url);
            calls.push((Endpoint::Keys, Call::get(url, cluster, settings.timeout)));
        }
        calls
    }

    /// Asks for another look at the keys because one is unknown. Returns whether an answer will come: at once the first
    /// time, then at most once in five seconds, or in thirty for tokens that anyone could send.
    pub fn refetch_keys(&mut self, asker: Asker, now: UnixTime) -> bool {
        let asked_already = self.keys.in_flight || self.keys.wish != Wish::None;
        let (last, interval) = match asker {
            Asker::Ourselves => (&mut self.asked_by_us, OUR_INTERVAL),
            Asker::Others => (&mut self.asked_by_others, OTHERS_INTERVAL),
        };
        let spent = last.is_some_and(|last| !last.is_older_than(interval, now));
        if !asked_already && spent {
            return false;
        }
        if !asked_already {
            *last = Some(now);
        }
        // A fetch that is under way may fail: the wish outlives it.
        if self.keys.wish == Wish::None {
            self.keys.wish = Wish::Asked;
        }
        true
    }

    /// Takes the answer to a metadata call.
    pub fn handle_metadata(&mut self, settings: &ProviderSettings, outcome: &CallOutcome, now: UnixTime) -> Judged {
        let answer = answered(outcome).and_then(|response| {
            process_metadata_response(settings, response).map_err(|error| refused(response, error.to_string()))
        });
        self.metadata.take("metadata_unavailable", answer, now)
    }

    /// Takes the answer to a keys call. A key set replaces the old one whole: a key that is gone is no longer trusted.
    pub fn handle_keys(&mut self, outcome: &CallOutcome, now: UnixTime) -> Judged {
        let answer = answered(outcome).and_then(|response| {
            let keys = if response.status == 200 {
                KeySet::parse(response.body.secret()).map_err(|error| error.to_string())
            } else {
                Err(format!("the keys request was answered {}", response.status))
            };
            keys.map_err(|problem| refused(response, problem))
        });
        let judged = self.keys.take("keys_unavailable", answer, now);
        Judged { problem: judged.problem.or_else(|| self.skipped_keys()), ..judged }
    }

    /// Keys of the set that cannot be used are no fault, but whoever wonders about a refused token should know.
    fn skipped_keys(&self) -> Option<(&'static str, String)> {
        let skipped = self.keys.value.as_ref()?.skipped();
        let text = format!("{} of the keys cannot be used, the first because: {}", skipped.len(), skipped.first()?);
        Some(("keys_skipped", text))
    }
}

fn answered(outcome: &CallOutcome) -> Result<&CallResponse, (CallResult, String)> {
    match outcome {
        CallOutcome::Answer(response) => Ok(response),
        CallOutcome::Failure(failure) => Err((CallResult::Unavailable, format!("no answer: {failure}"))),
    }
}

/// A document that is not used: an answer of the provider's own, or a failure's.
fn refused(response: &CallResponse, problem: String) -> (CallResult, String) {
    let result = if response.status == 200 { CallResult::Invalid } else { CallResult::Unavailable };
    (result, problem)
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self { value: None, wish: Wish::None, in_flight: false, tried: None, succeeded: None, copies: 0 }
    }
}

impl<T> Fetched<T> {
    /// Whether a fetch is due: `urgent` says that requests wait for the first copy or for a usable one.
    fn due(&mut self, urgent: bool, patience: Duration, now: UnixTime) -> bool {
        // A call whose end the host never tells must not stop all that would follow it.
        self.in_flight &= self.tried.is_none_or(|tried| !tried.is_older_than(patience, now));
        let old = self.succeeded.is_none_or(|fetched| fetched.is_older_than(REFETCH, now));
        let pause = if urgent { RETRY_WAITED_FOR } else { RETRY };
        let rested = |pause| self.tried.is_none_or(|tried| tried.is_older_than(pause, now));
        let wished = match self.wish {
            Wish::Asked => true,
            Wish::None => false,
            Wish::Unmet => rested(RETRY_WAITED_FOR),
        };
        let due = !self.in_flight && (wished || old && rested(pause));
        if due {
            self.in_flight = true;
            self.tried = Some(now);
        }
        due
    }

    fn take(&mut self, code: &'static str, answer: Result<T, (CallResult, String)>, now: UnixTime) -> Judged {
        let (value, judged) = match answer {
            Ok(value) => (Some(value), Judged { result: CallResult::Ok, problem: None }),
            Err((result, problem)) => (None, Judged { result, problem: Some((code, problem)) }),
        };
        self.finish(value, now);
        judged
    }

    fn finish(&mut self, value: Option<T>, now: UnixTime) {
        self.in_flight = false;
        if value.is_some() {
            self.copies = self.copies.saturating_add(1);
            self.value = value;
            self.succeeded = Some(now);
            self.wish = Wish::None;
        } else if self.wish == Wish::Asked {
            self.wish = Wish::Unmet;
        }
    }
}
