//! What happens when something else fails: the provider, the network, the client, the configuration, the process.
//!
//! Each test ends with a normal sign-in on every worker: a fault may cost one request an answer, never the next one.
//!
//! | File | What fails |
//! |---|---|
//! | `reach` | the way to the provider: clusters, connections, certificates |
//! | `token_endpoint`, `metadata`, `keys` | the provider's answers |
//! | `id_tokens` | the tokens in them |
//! | `hanging_up` | clients that leave, and bodies that never come |
//! | `crowd` | many at once |
//! | `refused` | configurations that must not start |
//! | `updated` | configurations that change while requests wait |
//! | `process` | drain, SIGTERM, memory |
//! | `replicas` | several Envoys with the same keys, and with others |
//! | `shipped` | what the shipped files say about failure |
//!
//! `support` and `wire` are what the tests share.

mod crowd;
mod hanging_up;
mod id_tokens;
mod keys;
mod metadata;
mod process;
mod reach;
mod refused;
mod replicas;
mod shipped;
mod support;
mod token_endpoint;
mod updated;
mod wire;
