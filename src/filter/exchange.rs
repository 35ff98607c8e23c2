//! One request: its headers, and its body if the core wants it, to the core; the core's decision to the host; and what the
//! decision says of the response to that.
//!
//! Decides when a request's body may pass (never before its decision) and fails closed when the host does not do as told.

use std::rc::Rc;

use proxy_wasm::{
    traits::{Context, HttpContext},
    types::Action,
};

use super::{
    Shared,
    abi::{self, Buffer, HostError, Map},
    stages::Stage,
};
use crate::{
    flow::{Decision, Forward, MAX_REQUEST_BODY, RequestId},
    http::{
        header_edits::{HeaderEdit, HeaderEdits},
        reply::Reply,
        request::Header,
    },
};

/// One byte more than is read, which tells a body that is too long from one that is not.
const ENOUGH_OF_A_BODY: usize = MAX_REQUEST_BODY.saturating_add(1);

/// A request context.
pub struct Exchange {
    id: u32,
    shared: Rc<Shared>,
}

impl Exchange {
    /// The context `id` of a new request.
    pub fn new(id: u32, shared: Rc<Shared>) -> Self {
        Self { id, shared }
    }

    fn decide(&self, complete: bool) -> Decision {
        let Ok(headers) = abi::pairs(Map::RequestHeaders) else { return Decision::Reply(Reply::empty(500)) };
        let decided = self
            .shared
            .with_engine(|engine, moment| engine.handle_request(RequestId(self.id), headers, complete, moment));
        // Unconfigured means refuse.
        decided.unwrap_or_else(|| Decision::Reply(Reply::empty(503)))
    }

    /// The decision on the body that the host has held back so far. What cannot be read is refused as what is too long.
    fn decide_body(&self) -> Decision {
        let body =
            abi::buffer(Buffer::RequestBody, ENOUGH_OF_A_BODY).ok().filter(|body| body.len() <= MAX_REQUEST_BODY);
        let decided = self.shared.with_engine(|engine, moment| engine.handle_body(RequestId(self.id), body, moment));
        decided.unwrap_or_else(|| Decision::Reply(Reply::empty(503)))
    }

    fn carry_out(&self, decision: Decision) -> Action {
        let action = carry_out(&self.shared, self.id, decision);
        self.shared.report();
        self.shared.set_pace();
        action
    }

    /// What must go of the trailers; `None` if they cannot be judged.
    fn trailer_edits(&self) -> Option<HeaderEdits> {
        let pairs = abi::pairs(Map::RequestTrailers).ok()?;
        let trailers: Vec<Header> = pairs.into_iter().map(|(name, value)| Header { name, value }).collect();
        self.shared.with_engine(|engine, _| engine.handle_trailers(&trailers))
    }
}

impl Context for Exchange {}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.carry_out(self.decide(end_of_stream))
    }

    /// Only a host that lets bodies run ahead of their headers comes here before the decision (on Envoy, where
    /// `allow_on_headers_stop_iteration` is set): to go on would release a request that is not decided. `size` counts all
    /// that was held back, not only what is new.
    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if self.shared.stages.reads(self.id) && (end_of_stream || size > MAX_REQUEST_BODY) {
            return self.carry_out(self.decide_body());
        }
        if self.shared.stages.holds(self.id) { Action::Pause } else { Action::Continue }
    }

    /// Trailers end a body, too. They come only once: while the request waits, if bodies run ahead here. So they are edited
    /// before it is known whether they will ever pass.
    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        let Some(edits) = self.trailer_edits() else {
            answer(&self.shared, self.id, &Reply::empty(500));
            return Action::Pause;
        };
        if edit(&self.shared, self.id, &edits, Map::RequestTrailers) == Action::Continue
            && self.shared.stages.reads(self.id)
        {
            return self.carry_out(self.decide_body());
        }
        if self.shared.stages.holds(self.id) { Action::Pause } else { Action::Continue }
    }

    /// Comes for our own answers and for the proxy's as well as for the application's; only a request that went on has
    /// edits here. The 500 in place of a response that cannot be edited comes again and finds none.
    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let gift = self.shared.stages.gift(self.id);
        let edits =
            gift.and_then(|gift| self.shared.with_engine(|engine, moment| engine.handle_response(gift, moment)));
        let edits = edits.unwrap_or_default();
        edit(&self.shared, self.id, &edits, Map::ResponseHeaders)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let waited = self.shared.stages.holds(self.id);
        self.shared.stages.forget(self.id);
        self.shared.with_engine(|engine, _| engine.handle_gone(RequestId(self.id)));
        // The last request of a configuration that was replaced is followed by no tick that would count it out.
        if waited {
            self.shared.measure();
        }
    }
}

/// Carries out the decision for a request that waited; it is the effective context.
pub fn resume(shared: &Shared, id: u32, decision: Decision) {
    if carry_out(shared, id, decision) == Action::Continue {
        let _ = abi::continue_request();
    }
}

fn carry_out(shared: &Shared, id: u32, decision: Decision) -> Action {
    match decision {
        Decision::Forward(forward) => return go_on(shared, id, forward),
        Decision::ReadBody => shared.stages.set(id, Stage::Reading),
        Decision::Reply(reply) => answer(shared, id, &reply),
        Decision::Wait => shared.stages.set(id, Stage::Held),
    }
    Action::Pause
}

fn go_on(shared: &Shared, id: u32, forward: Forward) -> Action {
    // A filter behind us may let nobody pass but whom it reads there, or everybody but them.
    if let Err(error) = forward.properties.iter().try_for_each(|(name, value)| abi::set_property(name, value)) {
        log::error!("[-] property_failed: the host takes no properties of a request ({error})");
        answer(shared, id, &Reply::empty(500));
        return Action::Pause;
    }
    let action = edit(shared, id, &forward.request, Map::RequestHeaders);
    if action == Action::Continue {
        match forward.response {
            None => shared.stages.forget(id),
            Some(gift) => shared.stages.set(id, Stage::Forwarded(gift)),
        }
    }
    action
}

/// Edits a map and lets it pass, or answers 500: neither may a request pass whose forged headers stay, nor a response that a
/// cache could keep, or that takes a session for lost or for alive which is not.
fn edit(shared: &Shared, id: u32, edits: &HeaderEdits, map: Map) -> Action {
    match edits.iter().try_for_each(|edit| apply(edit, map)) {
        Ok(()) => Action::Continue,
        Err(error) => {
            log::error!("[-] header_edit_failed: the {} cannot be edited ({error})", map.name());
            answer(shared, id, &Reply::empty(500));
            Action::Pause
        }
    }
}

fn apply(edit: &HeaderEdit, map: Map) -> Result<(), HostError> {
    match edit {
        // Envoy sends such a value as it is in a response (measured): whoever wrote it would write the next header, too.
        HeaderEdit::Add(_, value) | HeaderEdit::Set(_, value) if value.iter().any(|byte| b"\r\n\0".contains(byte)) => {
            Err(HostError::BAD_ARGUMENT)
        }
        HeaderEdit::Add(name, value) => abi::add(map, name, value),
        HeaderEdit::Remove(name) => abi::remove(map, name),
        HeaderEdit::Set(name, value) => abi::replace(map, name, value),
    }
}

/// Answers in the application's place: nothing of the request passes any more, and no edits wait for its response.
fn answer(shared: &Shared, id: u32, reply: &Reply) {
    shared.stages.set(id, Stage::Held);
    let headers: Vec<(&str, &str)> = reply.fields().collect();
    let grpc = reply.grpc_status().map(|status| status.code());
    if let Err(error) = abi::send_local_response(reply.status(), &headers, reply.body(), grpc) {
        log::error!("[-] reply_failed: the host refused our answer ({error})");
    }
}
