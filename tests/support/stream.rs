//! A random source that is the same in every run.

use edge_oidc::time::{Entropy, EntropyError};

/// A stream that is different for every seed, so that failures come back.
pub struct Stream(pub u64);

impl Entropy for Stream {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
        Ok(())
    }
}

impl Stream {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.fill(&mut bytes).unwrap();
        u32::from_be_bytes(bytes) as usize % limit
    }
}
