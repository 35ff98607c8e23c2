//! Sessions that live longer than their tokens: refreshed while many ask, given out with any response, ended everywhere.
//!
//! | File | Fact |
//! |---|---|
//! | `crowd` | one refresh serves all workers and everybody who waits |
//! | `ahead` | a refresh ahead of the tokens' end delays one request a little and no other |
//! | `hanging_up` | a client that leaves during a refresh loses nothing |
//! | `replicas` | several Envoys with the same keys, and with keys that change |
//! | `bodies` | a body waits and arrives whole |
//! | `protocols` | the new cookie comes with an upgrade, a call of gRPC, any status |
//! | `caches` | no cache keeps a response with our cookie |
//! | `provider` | a provider that fails, and one that refuses |
//! | `ended` | sign-out at all workers, and who is signed in |
//! | `identity` | the application gets what the provider says anew |
//! | `updated` | configurations and keys that change while Envoy runs |
//! | `back_channel` | logout tokens in a plain Envoy |
//!
//! `support` is what they share.

mod ahead;
mod back_channel;
mod bodies;
mod caches;
mod crowd;
mod ended;
mod hanging_up;
mod identity;
mod protocols;
mod provider;
mod replicas;
mod support;
mod updated;
