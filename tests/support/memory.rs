//! The memory that the workers of one gateway share, as Envoy's behaves: a clone is another worker's view of it.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use edge_oidc::memory::{SharedMemory, Stamp, WriteError};

/// Shared memory; without `works` it is a host that has none.
#[derive(Clone, Default)]
pub struct Memory(Rc<RefCell<Cells>>);

#[derive(Default)]
struct Cells {
    values: BTreeMap<String, (Vec<u8>, Stamp)>,
    last: u32,
    broken: bool,
    conflicts: u32,
    refused: Option<&'static str>,
}

impl Memory {
    /// Takes the memory away.
    pub fn break_down(&self) {
        self.0.borrow_mut().broken = true;
    }

    /// Lets the next `count` writes find that another worker was faster.
    pub fn conflict(&self, count: u32) {
        self.0.borrow_mut().conflicts = count;
    }

    /// Writes to names that hold `part` always find that another worker was faster.
    pub fn refuse(&self, part: Option<&'static str>) {
        self.0.borrow_mut().refused = part;
    }

    /// Every name.
    pub fn names(&self) -> Vec<String> {
        self.0.borrow().values.keys().cloned().collect()
    }

    /// How many bytes there are.
    pub fn size(&self) -> usize {
        self.0.borrow().values.values().map(|(value, _)| value.len()).sum()
    }

    /// Puts `value` into every place there is: another plugin's doing.
    pub fn scribble(&self, value: &[u8]) {
        let mut cells = self.0.borrow_mut();
        cells.last += 1;
        let stamp = Stamp(cells.last);
        cells.values.values_mut().for_each(|place| *place = (value.to_vec(), stamp));
    }

    /// The values as they are.
    pub fn values(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.borrow().values.iter().map(|(name, (value, _))| (name.clone(), value.clone())).collect()
    }
}

impl SharedMemory for Memory {
    fn read(&self, name: &str) -> Option<(Vec<u8>, Stamp)> {
        let cells = self.0.borrow();
        cells.values.get(name).filter(|_| !cells.broken).cloned()
    }

    fn write(&mut self, name: &str, value: &[u8], expected: Option<Stamp>) -> Result<(), WriteError> {
        let mut cells = self.0.borrow_mut();
        if cells.broken {
            return Err(WriteError::Unavailable);
        }
        if cells.refused.is_some_and(|part| name.contains(part)) {
            return Err(WriteError::Conflict);
        }
        if cells.conflicts > 0 {
            cells.conflicts -= 1;
            return Err(WriteError::Conflict);
        }
        if cells.values.get(name).map(|(_, stamp)| *stamp) != expected {
            return Err(WriteError::Conflict);
        }
        cells.last += 1;
        let stamp = Stamp(cells.last);
        cells.values.insert(name.to_owned(), (value.to_vec(), stamp));
        Ok(())
    }
}
