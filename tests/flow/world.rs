//! The world around the engine: browsers, a provider, a network between them, and a clock that only the test moves.
//!
//! Carries out what the adapter would, in its order: calls out, answers in, decisions to whoever waits, ticks at the
//! engine's pace. Every answer of ours is judged here for what must hold of all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use edge_oidc::{
    config::Config,
    flow::{CallId, Decision, Engine, Gift, Moment, Pace, RequestId, event::Event},
    http::{
        call::{Call, CallFailure, CallOutcome, CallResponse},
        header_edits::HeaderEdits,
        reply::Reply,
    },
    oidc::signature::PureRust,
    secret::Secret,
    time::{Entropy, UnixTime},
};
use serde_json::Value;
use url::Url;

use crate::{
    given::NoEnvironment,
    jar::Jar,
    memory::Memory,
    message::{Answer, Request},
    provider::Provider,
};

pub use crate::given::{
    CALLBACK, CLIENT, HOST, KEY, ORIGIN, PERSON, SECRET, START, Stream, cognito_config, oidc_config,
};

/// Header fields as they travel.
pub type Headers = Vec<(String, Vec<u8>)>;

/// Everything.
pub struct World {
    /// The gateway's workers. A new request goes to [`World::worker`].
    pub workers: Vec<Worker>,
    pub worker: usize,
    pub provider: Provider,
    pub network: Box<dyn FnMut(&str) -> Travel>,
    pub now: UnixTime,
    /// The provider's clock, by ours.
    pub provider_clock: fn(UnixTime) -> UnixTime,
    /// Whether the host hands request bodies over.
    pub bodies_come: bool,
    pub entropy: Box<dyn Entropy>,
    pub jars: Vec<Jar>,
    pub browser: usize,
    pub person: String,
    pub replies: Vec<Reply>,
    pub events: Vec<Event>,
    /// Whether the application takes its time: what a response brings stays on its way until [`World::respond`].
    pub slow: bool,
    responses: Vec<(usize, usize, String, Gift)>,
    waiting: BTreeMap<RequestId, Sent>,
    gone: BTreeSet<RequestId>,
    decided: BTreeMap<RequestId, Answer>,
    flying: Vec<(UnixTime, usize, CallId, CallOutcome)>,
    last: u32,
}

/// One worker, and its view of the memory that those of its gateway share.
pub struct Worker {
    pub engine: Engine,
    pub memory: Memory,
}

/// What the network does with a call.
pub enum Travel {
    /// The provider answers after this long.
    Answer(Duration),
    /// Envoy says after this long that there is no answer.
    Fail(Duration, CallFailure),
    /// Nothing ever comes back, not even from Envoy.
    Lose,
    /// Envoy answers in the provider's place.
    Status(Duration, u16),
}

struct Sent {
    headers: Headers,
    host: String,
    browser: usize,
    worker: usize,
}

impl World {
    /// Kind `cognito`.
    pub fn cognito() -> Self {
        Self::new(&cognito_config(), Provider::cognito(CLIENT, SECRET, CALLBACK))
    }

    /// Kind `oidc`: what most tests use, since its ES256 is much faster to sign.
    pub fn oidc() -> Self {
        Self::configured(|_| {})
    }

    /// Kind `oidc` with changes.
    pub fn configured(change: impl FnOnce(&mut Value)) -> Self {
        let mut tree = oidc_config();
        change(&mut tree);
        Self::new(&tree, Provider::oidc(CLIENT, SECRET, CALLBACK))
    }

    pub fn new(tree: &Value, provider: Provider) -> Self {
        Self {
            workers: vec![Worker { engine: engine(tree), memory: Memory::default() }],
            worker: 0,
            provider,
            network: Box::new(|_| Travel::Answer(Duration::from_millis(20))),
            now: START,
            provider_clock: |now| now,
            bodies_come: true,
            entropy: Box::new(Stream(7)),
            jars: vec![Jar::default()],
            browser: 0,
            person: PERSON.to_owned(),
            replies: Vec::new(),
            events: Vec::new(),
            slow: false,
            responses: Vec::new(),
            waiting: BTreeMap::new(),
            gone: BTreeSet::new(),
            decided: BTreeMap::new(),
            flying: Vec::new(),
            last: 0,
        }
    }

    /// A new worker under another configuration; browsers and provider stay.
    pub fn restart(&mut self, tree: &Value) {
        self.workers.iter_mut().for_each(|worker| worker.engine = engine(tree));
        self.flying.clear();
    }

    /// A worker dies and another takes its place; what was on its way to it is lost.
    pub fn replace(&mut self, worker: usize, tree: &Value) {
        self.workers[worker].engine = engine(tree);
        self.flying.retain(|(_, other, ..)| *other != worker);
    }

    /// One more worker of the first one's gateway.
    pub fn add_worker(&mut self, tree: &Value) {
        let memory = self.workers[0].memory.clone();
        self.workers.push(Worker { engine: engine(tree), memory });
    }

    /// One more gateway, of one worker.
    pub fn add_gateway(&mut self, tree: &Value) {
        self.workers.push(Worker { engine: engine(tree), memory: Memory::default() });
    }

    /// The worker in use.
    pub fn engine(&self) -> &Engine {
        &self.workers[self.worker].engine
    }

    /// What the workers of the first gateway share.
    pub fn memory(&self) -> &Memory {
        &self.workers[0].memory
    }

    /// The browser in use.
    pub fn jar(&mut self) -> &mut Jar {
        &mut self.jars[self.browser]
    }

    /// The names of the login attempts in the browser.
    pub fn attempts(&self) -> Vec<&str> {
        self.jars[self.browser].attempts(self.now)
    }

    /// The value of the browser's first session cookie.
    pub fn session(&self) -> Option<&str> {
        self.jars[self.browser].session()
    }

    /// Uses browser `number`.
    pub fn switch_to(&mut self, number: usize) {
        self.jars.resize(self.jars.len().max(number + 1), Jar::default());
        self.browser = number;
    }

    /// A person's request, without following where it leads.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send(&Request::navigation(path))
    }

    /// A request and what becomes of it.
    pub fn send(&mut self, request: &Request) -> Answer {
        let id = self.open(request);
        self.answer(id)
    }

    /// A person's request, followed to the end: signing in on the way if the provider asks.
    pub fn visit(&mut self, path: &str) -> Answer {
        let answer = self.get(path);
        self.follow(answer)
    }

    /// Signs in and comes back to `/`.
    pub fn sign_in(&mut self) -> Answer {
        let answer = self.visit("/");
        assert!(answer.passed(), "{:?}", answer.said());
        answer
    }

    /// A sign-in that must not succeed: what is said in the end. No session comes of it, and its attempt is over.
    pub fn failed_sign_in(&mut self) -> (u16, String) {
        let answer = self.visit("/deep");
        assert!(!answer.passed() && answer.header("location").is_none());
        assert!(self.session().is_none() && self.attempts().is_empty());
        answer.said()
    }

    /// The callback that a sign-in for `path` ends with, before the browser goes there.
    pub fn callback_for(&mut self, path: &str) -> Url {
        let answer = self.get(path);
        let person = self.person.clone();
        self.provider.authorize(&url(answer.location()), &person)
    }

    /// The browser goes to a callback.
    pub fn go(&mut self, target: &Url) -> Answer {
        self.send(&arrival(target))
    }

    /// Goes where `answer` sends the browser, as long as it is here or to the provider's sign-in page.
    pub fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            let Answer::Reply(reply) = &answer else { return answer };
            let Some(location) = reply.header("location") else { return answer };
            let target = url(ORIGIN).join(location).unwrap();
            if self.provider.owns(&target) {
                let person = self.person.clone();
                let callback = self.provider.authorize(&target, &person);
                answer = self.go(&callback);
            } else if target.origin() == url(ORIGIN).origin() {
                answer = self.go(&target);
            } else {
                return answer;
            }
        }
        panic!("a redirect loop: {:?}", answer.location());
    }

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

    /// A call leaves. The provider answers it at once; the network decides when that arrives, and whether.
    fn dispatch(&mut self, worker: usize, id: CallId, call: &Call) {
        let (after, outcome) = match (self.network)(self.provider.called(call)) {
            Travel::Answer(after) => {
                let now = (self.provider_clock)(self.now);
                (after, CallOutcome::Answer(self.provider.answer(call, now)))
            }
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

fn engine(tree: &Value) -> Engine {
    let config = Config::read(tree, &NoEnvironment).unwrap_or_else(|problems| panic!("{problems:?}"));
    Engine::new(config, Box::new(PureRust))
}

/// A navigation that a redirect of another site caused.
pub fn arrival(target: &Url) -> Request {
    let path = target.query().map_or(target.path().to_owned(), |query| format!("{}?{query}", target.path()));
    let authority = target
        .port()
        .map_or(target.host_str().unwrap().to_owned(), |port| format!("{}:{port}", target.host_str().unwrap()));
    Request::navigation(&path).on(&authority).set("sec-fetch-site", "cross-site")
}

pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
