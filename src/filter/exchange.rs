//! One request: its headers to the core, the core's decision to the host.
//!
//! Decides when a request's body may pass (never before its decision) and fails closed when the host does not do as told.

use std::rc::Rc;

use proxy_wasm::{
    traits::{Context, HttpContext},
    types::Action,
};

use super::{
    Shared,
    abi::{self, HostError, Map},
};
use crate::{
    flow::{Decision, RequestId},
    http::{
        header_edits::{HeaderEdit, HeaderEdits},
        reply::Reply,
        request::Header,
    },
};

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
}

impl Exchange {
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
        let decision = self.decide(end_of_stream);
        let action = match decision {
            Decision::Forward(edits) => forward(&edits, Map::RequestHeaders),
            Decision::Reply(reply) => {
                answer(&reply);
                Action::Pause
            }
            Decision::Wait => Action::Pause,
        };
        if action == Action::Pause {
            self.shared.hold(self.id);
        }
        self.shared.report();
        self.shared.set_pace();
        action
    }

    /// A host that lets bodies run ahead of their headers would otherwise release a request that is not decided.
    fn on_http_request_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        if self.shared.holds(self.id) { Action::Pause } else { Action::Continue }
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        if self.shared.holds(self.id) {
            return Action::Pause;
        }
        match self.trailer_edits() {
            Some(edits) => forward(&edits, Map::RequestTrailers),
            None => {
                answer(&Reply::empty(500));
                Action::Pause
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let waited = self.shared.holds(self.id);
        self.shared.release(self.id);
        self.shared.with_engine(|engine, _| engine.handle_gone(RequestId(self.id)));
        // The last request of a configuration that was replaced is followed by no tick that would count it out.
        if waited {
            self.shared.measure();
        }
    }
}

/// Carries out the decision for a request that waited; it is the effective context.
pub fn resume(shared: &Shared, id: u32, decision: Decision) {
    match decision {
        Decision::Forward(edits) => {
            if forward(&edits, Map::RequestHeaders) == Action::Continue {
                shared.release(id);
                let _ = abi::continue_request();
            }
        }
        Decision::Reply(reply) => answer(&reply),
        Decision::Wait => {}
    }
}

/// Edits a map and lets the request go on, or answers 500: a request whose forged headers stay must not pass.
fn forward(edits: &HeaderEdits, map: Map) -> Action {
    match edits.iter().try_for_each(|edit| apply(edit, map)) {
        Ok(()) => Action::Continue,
        Err(error) => {
            log::error!("[-] header_edit_failed: the host refused to edit the request's headers ({error})");
            answer(&Reply::empty(500));
            Action::Pause
        }
    }
}

fn apply(edit: &HeaderEdit, map: Map) -> Result<(), HostError> {
    match edit {
        HeaderEdit::Add(name, value) => abi::add(map, name, value),
        HeaderEdit::Remove(name) => abi::remove(map, name),
        HeaderEdit::Set(name, value) => abi::replace(map, name, value),
    }
}

fn answer(reply: &Reply) {
    let headers: Vec<(&str, &str)> = reply.headers().iter().map(|(name, value)| (*name, value.as_str())).collect();
    let grpc = reply.grpc_status().map(|status| status.code());
    if let Err(error) = abi::send_local_response(reply.status(), &headers, reply.body(), grpc) {
        log::error!("[-] reply_failed: the host refused our answer ({error})");
    }
}
