//! Issuers beside the first: a second pool, over its own clusters.

mod second_pool;
