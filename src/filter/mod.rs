//! The adapter: proxy-wasm's host on one side, the core on the other, and nothing of OpenID Connect in between.
//!
//! Decides when the core is asked and carries out what it says. There is one [`Shared`] for each root context, so that a
//! configuration swap leaves nothing of the old one behind.
//!
//! | File | Does |
//! |---|---|
//! | `abi` | raw host calls, total |
//! | `exchange` | one request and its response: host → core → host |
//! | `stages` | how far each request has come |
//! | `desk` | provider calls: the root context makes them all, so that none dies with its request |
//! | `counters` | metrics |
//! | `memory` | what all workers share |
//! | `verifier` | signatures through the host |

mod abi;
mod counters;
mod desk;
mod exchange;
mod memory;
mod stages;
pub mod verifier;

use std::{cell::RefCell, rc::Rc};

use proxy_wasm::{
    traits::{Context, HttpContext, RootContext},
    types::{ContextType, LogLevel},
};

use self::{abi::Buffer, counters::Counters, desk::Desk, exchange::Exchange, memory::HostMemory, stages::Stages};
use crate::{
    config::{Config, Environment},
    flow::{Engine, Moment, event::Event},
    metrics,
    time::{Entropy, EntropyError, UnixTime},
};

/// The largest configuration that is read.
const MAX_CONFIGURATION: usize = 1024 * 1024;

/// Makes the contexts known to the host; the module's `_initialize` calls it.
pub fn start() {
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|id| Box::new(Root { id, shared: Rc::default() }));
}

/// What one root context and its requests share.
#[derive(Default)]
struct Shared {
    engine: RefCell<Option<Engine>>,
    desk: RefCell<Desk>,
    counters: RefCell<Counters>,
    stages: Stages,
}

/// The root context: configuration, ticks, and every provider call.
struct Root {
    id: u32,
    shared: Rc<Shared>,
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, _trailers: usize) {
        let Some((id, outcome)) = self.shared.answer(token, headers, body_size) else { return };
        self.shared.with_engine(|engine, moment| engine.handle_call(id, &outcome, moment));
        self.shared.carry_out(self.id);
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        match configured() {
            Ok(config) => {
                for warning in config.warnings() {
                    log::warn!("[-] configuration_warning: {warning}");
                }
                let engine = Engine::new(config, verifier::best());
                self.shared.install(engine);
                true
            }
            Err(problems) => {
                for problem in problems {
                    log::error!("[-] configuration_refused: {problem}");
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        self.shared.with_engine(Engine::handle_tick);
        self.shared.carry_out(self.id);
        self.shared.measure();
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Exchange::new(id, Rc::clone(&self.shared))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// The configuration, or a line for each thing that is wrong with it.
fn configured() -> Result<Config, Vec<String>> {
    let bytes = abi::buffer(Buffer::PluginConfiguration, MAX_CONFIGURATION)
        .map_err(|error| vec![format!("the configuration cannot be read ({error})")])?;
    let text = String::from_utf8(bytes).map_err(|_| vec!["the configuration is not UTF-8".to_owned()])?;
    Config::parse(&text, &HostEnvironment).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

impl Shared {
    fn install(&self, engine: Engine) {
        if let Ok(mut counters) = self.counters.try_borrow_mut() {
            counters.define();
        }
        // A new engine numbers its calls from the beginning: an answer to the old one's must not be taken for its own.
        if let Ok(mut desk) = self.desk.try_borrow_mut() {
            desk.forget();
        }
        if let Ok(mut place) = self.engine.try_borrow_mut() {
            *place = Some(engine);
        }
        self.set_pace();
    }

    /// Runs `act` on the engine with the present, the random source and the shared memory. `None` without a configuration,
    /// or inside another such call, which the host never makes.
    fn with_engine<T>(&self, act: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> Option<T> {
        let mut engine = self.engine.try_borrow_mut().ok()?;
        let mut moment = Moment { now: now()?, entropy: &mut HostEntropy, memory: &mut HostMemory };
        Some(act(engine.as_mut()?, &mut moment))
    }

    /// Reports what happened: counts, and lines for the log.
    fn report(&self) {
        let events: Option<Vec<Event>> =
            self.with_engine(|engine, _| std::iter::from_fn(|| engine.poll_event()).collect());
        let Ok(mut counters) = self.counters.try_borrow_mut() else { return };
        for event in events.unwrap_or_default() {
            if let Event::Log(line) = &event {
                log::log!(line.level, "[{}] {}: {}", line.request_id, line.code, line.text);
            }
            metrics::of_event(&event).into_iter().for_each(|metric| counters.record(metric));
        }
    }

    /// Reports what can be measured now; on ticks only, since a gauge costs as much as a header.
    fn measure(&self) {
        let gauges = self.with_engine(|engine, moment| engine.gauges(moment.now));
        let Ok(mut counters) = self.counters.try_borrow_mut() else { return };
        gauges.into_iter().flat_map(metrics::of_gauges).for_each(|metric| counters.record(metric));
    }
}

fn now() -> Option<UnixTime> {
    abi::current_time_nanoseconds().ok().map(|nanoseconds| UnixTime::from_millis(nanoseconds / 1_000_000))
}

struct HostEntropy;

impl Entropy for HostEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

struct HostEnvironment;

impl Environment for HostEnvironment {
    #[allow(clippy::disallowed_methods, reason = "the one place where the module reads its environment")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}
