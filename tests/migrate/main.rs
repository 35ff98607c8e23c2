//! `edge-oidc migrate authservice`: what becomes of which setting, what is refused, and what people read.
//!
//! | File | Holds |
//! |---|---|
//! | `world` | a machine that has these files and keeps what is written |
//! | `golden` | whole migrations, each dialect and each kind of input |
//! | `published` | the parameter files that projects published |
//! | `inputs` | files: env, Kubernetes, several of them |
//! | `dialects` | whose settings they are |
//! | `document` | the guide |
//! | `settings`, `programs` | what becomes of one setting |
//! | `objects` | what in a cluster's objects is a setting |
//! | `refusals` | what stands in the way |
//! | `mistakes` | what people get wrong, which is never called ours |
//! | `rows` | that the tables are true |

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

mod dialects;
mod document;
mod golden;
mod inputs;
mod mistakes;
mod namespaces;
mod objects;
mod programs;
mod published;
mod refusals;
mod rows;
mod settings;
mod world;
