//! One request through the very engine that the filter runs.
//!
//! Decides when it is over: the engine has decided, or waits for what nobody will answer.

use std::time::Duration;

use serde_json::{Map, Value};

use super::stand_in::{Believing, NoMemory, answer, is_authorizer};
use crate::{
    cli::keygen::SystemEntropy,
    config::Config,
    flow::{
        Decision, Engine, Moment, RequestId,
        event::{Event, LogLine, Outcome},
    },
    time::UnixTime,
};

/// Header fields as they travel.
pub(super) type Headers = Vec<(String, Vec<u8>)>;

/// What came of it.
pub(super) struct Trial {
    pub(super) decision: Decision,
    pub(super) outcome: Option<Outcome>,
    /// What the log says of it.
    pub(super) reason: Option<LogLine>,
    pub(super) asked_authorizer: bool,
}

/// What the engine decides of `headers` at `now`.
pub(super) fn run(config: &Config, headers: Headers, opaque: Option<&Map<String, Value>>, mut now: UnixTime) -> Trial {
    let mut engine = Engine::new(config.clone(), Box::new(Believing));
    let (mut entropy, mut memory) = (SystemEntropy, NoMemory);
    let id = RequestId(1);
    let mut asked_authorizer = false;
    let mut moment = Moment { now, entropy: &mut entropy, memory: &mut memory };
    let mut decision = engine.handle_request(id, headers, true, &mut moment);
    for _ in 0..MOST_ROUNDS {
        if decision != Decision::Wait {
            break;
        }
        while let Some((id, call)) = engine.poll_call() {
            asked_authorizer |= is_authorizer(config, &call);
            let outcome = answer(config, &call, opaque);
            engine.handle_call(id, &outcome, &mut Moment { now, entropy: &mut entropy, memory: &mut memory });
        }
        now = now.plus(ROUND);
        engine.handle_tick(&mut Moment { now, entropy: &mut entropy, memory: &mut memory });
        if let Some((_, decided)) = engine.poll_decision() {
            decision = decided;
        }
    }
    let (mut outcome, mut reason) = (None, None);
    while let Some(event) = engine.poll_event() {
        match event {
            Event::Decided(decided) => outcome = Some(decided),
            Event::Log(line) => reason = Some(line),
            _ => {}
        }
    }
    Trial { decision, outcome, reason, asked_authorizer }
}

/// How far time goes on in a round, and how many rounds are far more than any request waits for.
const ROUND: Duration = Duration::from_millis(20);
const MOST_ROUNDS: u32 = 50;
