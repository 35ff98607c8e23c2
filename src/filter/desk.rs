//! The call desk: provider calls out, answers in, decisions carried out.
//!
//! Decides which context a call and a decision act on. Every call is the root context's: Envoy drops the answer to a call
//! whose request is gone, and with it a code or a token that the provider gives only once. A request context cannot make
//! the root's calls, so a request that needs one asks for a tick.

use std::collections::BTreeMap;

use proxy_wasm::{hostcalls::dispatch_http_call, types::Status};

use super::{
    Shared,
    abi::{self, Buffer, Map},
    exchange,
};
use crate::{
    flow::{CallId, Engine, Pace},
    http::call::{Call, CallFailure, CallOutcome, CallResponse, MAX_BODY},
    secret::Secret,
};

/// How many decisions one callback carries out; the rest follow a tick later. Envoy acts on them when the callback returns,
/// each inside the one before (its answer calls the module, whose return acts on the next): about five hundred at once
/// overflow V8's stack and kill the VM (measured).
const DECISIONS_AT_ONCE: usize = 32;

/// The host's calls in flight, by token.
#[derive(Default)]
pub struct Desk {
    calls: BTreeMap<u32, CallId>,
    tick: Option<u32>,
}

impl Desk {
    /// Forgets the calls in flight; their answers will be nobody's.
    pub fn forget(&mut self) {
        self.calls.clear();
    }
}

impl Shared {
    /// What the host's answer to call `token` says; `None` if it is not ours.
    pub fn answer(&self, token: u32, headers: usize, body_size: usize) -> Option<(CallId, CallOutcome)> {
        let id = self.desk.try_borrow_mut().ok()?.calls.remove(&token)?;
        Some((id, outcome(headers, body_size)))
    }

    /// Does what the core wants done, as much of it as is safe at once, with `root` as the effective context before and after.
    pub fn carry_out(&self, root: u32) {
        while let Some(Some((id, call))) = self.with_engine(|engine, _| engine.poll_call()) {
            if let Err(failure) = self.dispatch(id, &call) {
                self.with_engine(|engine, moment| engine.handle_call(id, &CallOutcome::Failure(failure), moment));
            }
        }
        for _ in 0..DECISIONS_AT_ONCE {
            let Some(Some((id, decision))) = self.with_engine(|engine, _| engine.poll_decision()) else { break };
            // A client that went away has no context any more; its decision is moot.
            if abi::set_effective_context(id.0).is_ok() {
                exchange::resume(self, id.0, decision);
            }
        }
        let _ = abi::set_effective_context(root);
        self.report();
        self.set_pace();
    }

    /// Asks for the next tick as soon as the core wants it.
    pub fn set_pace(&self) {
        let Some(pace) = self.with_engine(|engine, _| Engine::pace(engine)) else { return };
        let milliseconds = match pace {
            Pace::Now => 1,
            Pace::Waiting => 10,
            Pace::Idle => 1000,
        };
        let Ok(mut desk) = self.desk.try_borrow_mut() else { return };
        if desk.tick != Some(milliseconds) && abi::set_tick_period(milliseconds).is_ok() {
            desk.tick = Some(milliseconds);
        }
    }

    fn dispatch(&self, id: CallId, call: &Call) -> Result<(), CallFailure> {
        let (authority, path) = (call.authority(), call.path());
        let pseudo = [
            (":method", call.method.name()),
            (":scheme", call.url.scheme()),
            (":authority", authority.as_str()),
            (":path", path.as_str()),
        ];
        let fields = call.headers.iter().map(|(name, value)| (*name, value.secret().as_str()));
        let headers = pseudo.into_iter().chain(fields).collect();
        let body = Some(call.body.secret().as_bytes()).filter(|body| !body.is_empty());
        let token =
            dispatch_http_call(&call.cluster, headers, body, Vec::new(), call.timeout).map_err(
                |status| match status {
                    Status::BadArgument => CallFailure::UnknownCluster,
                    _ => CallFailure::NoHost,
                },
            )?;
        let mut desk = self.desk.try_borrow_mut().map_err(|_| CallFailure::NoHost)?;
        desk.calls.insert(token, id);
        Ok(())
    }
}

fn outcome(headers: usize, body_size: usize) -> CallOutcome {
    // Without headers the answer was cut off, or larger than the host takes.
    if headers == 0 {
        return CallOutcome::Failure(CallFailure::Cut);
    }
    if body_size > MAX_BODY {
        return CallOutcome::Failure(CallFailure::BodyTooLarge);
    }
    let status = abi::pairs(Map::CallHeaders).ok().and_then(|pairs| status(&pairs));
    match (status, abi::buffer(Buffer::CallBody, body_size)) {
        (Some(status), body) if body_size == 0 || body.is_ok() => {
            CallOutcome::Answer(CallResponse { status, body: Secret::new(body.unwrap_or_default()) })
        }
        _ => CallOutcome::Failure(CallFailure::Cut),
    }
}

fn status(pairs: &[(String, Vec<u8>)]) -> Option<u16> {
    let (_, value) = pairs.iter().find(|(name, _)| name == ":status")?;
    std::str::from_utf8(value).ok()?.parse().ok()
}
