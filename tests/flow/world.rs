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
    flow::{CallId, Engine, Gift, RequestId, event::Event},
    http::{
        call::{CallFailure, CallOutcome},
        reply::Reply,
    },
    oidc::signature::{PureRust, SignatureVerifier},
    time::{Entropy, UnixTime},
};
use serde_json::Value;
use url::Url;

use crate::{
    given::NoEnvironment,
    jar::Jar,
    memory::Memory,
    message::{Answer, Request},
    neighbours::Neighbours,
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
    pub neighbours: Neighbours,
    /// The origins that are ours.
    pub origins: Vec<String>,
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
    pub responses: Vec<(usize, usize, String, Gift)>,
    /// What the filters after us can read of the latest request that went on.
    pub properties: Vec<(&'static str, Vec<u8>)>,
    pub waiting: BTreeMap<RequestId, Sent>,
    pub gone: BTreeSet<RequestId>,
    pub decided: BTreeMap<RequestId, Answer>,
    pub flying: Vec<(UnixTime, usize, CallId, CallOutcome)>,
    pub last: u32,
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

/// A request that is not decided yet.
pub struct Sent {
    pub headers: Headers,
    pub host: String,
    pub browser: usize,
    pub worker: usize,
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
            neighbours: Neighbours::default(),
            origins: vec![ORIGIN.to_owned()],
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
            properties: Vec::new(),
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
        self.authorize(&url(answer.location()))
    }

    /// The browser goes to a callback.
    pub fn go(&mut self, target: &Url) -> Answer {
        self.send(&arrival(target))
    }

    /// Goes where `answer` sends the browser, as long as it is here or to a provider's sign-in page.
    pub fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            let Answer::Reply(reply) = &answer else { return answer };
            let Some(location) = reply.header("location") else { return answer };
            let target = url(ORIGIN).join(location).unwrap();
            if self.provider_at(&target).is_some() {
                let callback = self.authorize(&target);
                answer = self.go(&callback);
            } else if self.origins.contains(&target.origin().ascii_serialization()) {
                answer = self.go(&target);
            } else {
                return answer;
            }
        }
        panic!("a redirect loop: {:?}", answer.location());
    }
}

fn engine(tree: &Value) -> Engine {
    engine_with(tree, Box::new(PureRust))
}

/// An engine with a verifier of its own.
pub fn engine_with(tree: &Value, verifier: Box<dyn SignatureVerifier>) -> Engine {
    let config = Config::read(tree, &NoEnvironment).unwrap_or_else(|problems| panic!("{problems:?}"));
    Engine::new(config, verifier)
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
