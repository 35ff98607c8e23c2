//! `edge-oidc migrate authservice`.
//!
//! | File | Holds |
//! |---|---|
//! | `given` | the least that each dialect needs |
//! | `golden` | whole migrations, each dialect and each kind of input |
//! | `published` | the parameter files that projects published |
//! | `inputs`, `namespaces` | files: env, Kubernetes, several of them |
//! | `dialects` | whose settings they are |
//! | `document` | the guide |
//! | `settings`, `programs` | what becomes of one setting |
//! | `objects` | what in a cluster's objects is a setting |
//! | `refusals` | what stands in the way |
//! | `mistakes` | what people get wrong, which is never called ours |
//! | `rows` | that the tables are true |

mod dialects;
mod document;
mod given;
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
