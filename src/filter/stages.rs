//! How far each request has come: what its own context and the root's must agree on, since neither can reach the other.
//!
//! Decides that a request is at one stage at a time, so that what was answered by us has no edits left for its response.

use std::{cell::RefCell, collections::BTreeMap};

use crate::flow::Gift;

/// How far a request has come.
pub enum Stage {
    /// Nothing of it may pass: it waits for its decision, or it has our answer.
    Held,
    /// The same, and the core wants its body as soon as that is whole.
    Reading,
    /// It went on; its response brings this.
    Forwarded(Gift),
}

/// The stages of the requests of one root context. What is not here went on and has nothing to come.
#[derive(Default)]
pub struct Stages(RefCell<BTreeMap<u32, Stage>>);

impl Stages {
    /// Request `id` is at `stage` now.
    pub fn set(&self, id: u32, stage: Stage) {
        if let Ok(mut stages) = self.0.try_borrow_mut() {
            stages.insert(id, stage);
        }
    }

    /// Whether the body and trailers of request `id` must stay here. What cannot be told must.
    pub fn holds(&self, id: u32) -> bool {
        let held = |stages: &BTreeMap<_, _>| matches!(stages.get(&id), Some(Stage::Held | Stage::Reading));
        self.0.try_borrow().map_or(true, |stages| held(&stages))
    }

    /// Whether the core waits for the body of request `id`.
    pub fn reads(&self, id: u32) -> bool {
        self.0.try_borrow().is_ok_and(|stages| matches!(stages.get(&id), Some(Stage::Reading)))
    }

    /// What the response to request `id` brings: given once, and only if the request went on.
    pub fn gift(&self, id: u32) -> Option<Gift> {
        let mut stages = self.0.try_borrow_mut().ok()?;
        match stages.remove(&id)? {
            Stage::Forwarded(gift) => Some(gift),
            stage => {
                stages.insert(id, stage);
                None
            }
        }
    }

    /// Forgets request `id`.
    pub fn forget(&self, id: u32) {
        if let Ok(mut stages) = self.0.try_borrow_mut() {
            stages.remove(&id);
        }
    }
}
