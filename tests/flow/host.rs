//! What the host does around the engines: requests in, calls out and answers in, ticks, decisions to whoever waits.
//!
//! Carries out what the adapter would, in its order, and judges of every answer what must hold of all of them.

use std::time::Duration;

use edge_oidc::{
    flow::{CallId, Decision, Engine, Moment, Pace, RequestId},
    http::{
        call::{Call, CallOutcome, CallResponse},
        header_edits::HeaderEdits,
    },
    secret::Secret,
};

use crate::{
    message::{Answer, Request},
    world::{HOST, Headers, Sent, Travel, Worker, World},
};

impl World {
    /// Sends a request and does not wait.
    pub fn open(&mut self, request: &Request) -> RequestId {
        let host = request.host.split(':').next().unwrap().to_owned();
        let brought = request.fields.iter().any(|(name, _)| name == "cookie");
        let line = self.jars[self.browser].line(&host, &request.path, self.now).filter(|_| !brought);
        let headers = request.headers(line);
        self.last += 1;
        let id = RequestId(self.last);
        self.waiting.insert(id, Sent { headers: headers.clone(), host, browser: self.browser, worker: self.worker });
        let worker = self.worker;
        let complete = request.body.is_none();
        let mut decision = self.on(worker, |engine, moment| engine.handle_request(id, headers, complete, moment));
        if decision == Decision::ReadBody
            && let Some(body) = request.body.clone().filter(|_| self.bodies_come)
        {
            decision = self.on(worker, |engine, moment| engine.handle_body(id, Some(body), moment));
        }
        match decision {
            Decision::ReadBody | Decision::Wait => {}
            decision => self.settle(id, decision),
        }
        self.turn();
        id
    }

    /// The host hands over a body that it held back; `None` is one that is too long.
    pub fn give_body(&mut self, id: RequestId, body: Option<&[u8]>) {
        let (worker, body) = (self.worker, body.map(<[u8]>::to_vec));
        match self.on(worker, |engine, moment| engine.handle_body(id, body, moment)) {
            Decision::ReadBody | Decision::Wait => {}
            decision => self.settle(id, decision),
        }
        self.turn();
    }

    /// The Cookie line that the browser sends now: what a thief or a backup has of it.
    pub fn cookie_line(&self) -> String {
        self.jars[self.browser].line(HOST, "/", self.now).unwrap_or_default()
    }

    /// Lets a worker act now.
    pub fn on<T>(&mut self, worker: usize, act: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T {
        let Worker { engine, memory } = &mut self.workers[worker];
        act(engine, &mut Moment { now: self.now, entropy: &mut *self.entropy, memory })
    }

    /// What became of a request; time passes until that is known.
    pub fn answer(&mut self, id: RequestId) -> Answer {
        for _ in 0..10_000 {
            if let Some(answer) = self.decided.remove(&id) {
                return answer;
            }
            self.tick();
        }
        panic!("{id:?} waits for ever");
    }

    /// The slow responses arrive: the Set-Cookie values that each browser gets.
    pub fn respond(&mut self) -> Vec<String> {
        let mut given = Vec::new();
        for (worker, browser, host, gift) in std::mem::take(&mut self.responses) {
            let edits = self.on(worker, |engine, moment| engine.handle_response(gift, moment));
            let mut headers = Headers::new();
            edits.apply(&mut headers);
            for (_, line) in headers.into_iter().filter(|(name, _)| name == "set-cookie") {
                let line = String::from_utf8(line).unwrap();
                assert!(self.jars[browser].take(&host, &line, self.now));
                given.push(line);
            }
        }
        given
    }

    /// Whether a request is still undecided.
    pub fn waits(&self, id: RequestId) -> bool {
        !self.decided.contains_key(&id)
    }

    /// The client of a request goes away.
    pub fn hang_up(&mut self, id: RequestId) {
        self.waiting.remove(&id);
        self.gone.insert(id);
        self.workers.iter_mut().for_each(|worker| worker.engine.handle_gone(id));
    }

    /// Lets time pass, the host ticking as the engine asks.
    pub fn advance(&mut self, duration: Duration) {
        let end = self.now.plus(duration);
        while self.now < end {
            self.tick();
        }
    }

    /// Carries out all that is due now.
    pub fn turn(&mut self) {
        for worker in 0..self.workers.len() {
            while let Some((id, call)) = self.workers[worker].engine.poll_call() {
                self.dispatch(worker, id, &call);
            }
        }
        self.flying.sort_by_key(|(due, worker, id, _)| (*due, *worker, *id));
        while self.flying.first().is_some_and(|(due, ..)| *due <= self.now) {
            let (_, worker, id, outcome) = self.flying.remove(0);
            self.on(worker, |engine, moment| engine.handle_call(id, &outcome, moment));
        }
        for worker in 0..self.workers.len() {
            while let Some((id, decision)) = self.workers[worker].engine.poll_decision() {
                self.settle(id, decision);
            }
            while let Some(event) = self.workers[worker].engine.poll_event() {
                self.events.push(event);
            }
        }
    }

    /// Every worker ticks at the pace of the most eager one.
    fn tick(&mut self) {
        let pause = |worker: &Worker| match worker.engine.pace() {
            Pace::Now => Duration::from_millis(1),
            Pace::Waiting => Duration::from_millis(10),
            Pace::Idle => Duration::from_secs(1),
        };
        let pause = self.workers.iter().map(pause).min().unwrap();
        self.now = self.now.plus(pause);
        for worker in 0..self.workers.len() {
            self.on(worker, |engine, moment| engine.handle_tick(moment));
        }
        self.turn();
    }

    /// A call leaves. Whoever it is for answers it at once; the network decides when that arrives, and whether.
    fn dispatch(&mut self, worker: usize, id: CallId, call: &Call) {
        let called = self.called(call);
        let (after, outcome) = match (self.network)(&called) {
            Travel::Answer(after) => (after, CallOutcome::Answer(self.answered(call))),
            Travel::Fail(after, failure) => (after, CallOutcome::Failure(failure)),
            Travel::Lose => return,
            Travel::Status(after, status) => (
                after,
                CallOutcome::Answer(CallResponse { status, body: Secret::new(b"upstream connect error".to_vec()) }),
            ),
        };
        self.flying.push((self.now.plus(after), worker, id, outcome));
    }

    /// Exactly one decision for each request, and what must hold of every answer of ours (T-93).
    fn settle(&mut self, id: RequestId, decision: Decision) {
        let Some(sent) = self.waiting.remove(&id) else {
            assert!(self.gone.contains(&id), "{id:?} was decided twice");
            return;
        };
        if let Decision::Forward(forward) = &decision {
            self.properties = forward.properties.clone();
        }
        let slow = self.slow;
        let mut held = None;
        let answer = Answer::of(decision, sent.headers, |gift| match slow {
            true => {
                held = Some(gift);
                HeaderEdits::default()
            }
            false => self.on(sent.worker, |engine, moment| engine.handle_response(gift, moment)),
        });
        self.responses.extend(held.map(|gift| (sent.worker, sent.browser, sent.host.clone(), gift)));
        if let Answer::Reply(reply) = &answer {
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{reply:?}");
            for line in answer.cookies() {
                let kept = self.jars[sent.browser].take(&sent.host, line, self.now);
                assert!(kept, "no browser keeps {line}");
            }
            self.replies.push(reply.clone());
        }
        if let Answer::Upstream(_, response) = &answer {
            judge_response(response);
            for line in answer.cookies() {
                let kept = self.jars[sent.browser].take(&sent.host, line, self.now);
                assert!(kept, "no browser keeps {line}");
            }
        }
        self.decided.insert(id, answer);
    }
}

/// A response that gives a cookie may be kept by no cache (T-93), whatever the application said.
fn judge_response(response: &Headers) {
    let value = |name: &str| response.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_slice());
    if value("set-cookie").is_some() {
        assert_eq!(value("cache-control"), Some(b"private, no-store".as_slice()));
        for name in ["expires", "surrogate-control", "cdn-cache-control"] {
            assert_eq!(value(name), None, "{name}");
        }
    } else {
        assert_eq!(value("cache-control"), Some(b"public, max-age=600".as_slice()));
    }
}
