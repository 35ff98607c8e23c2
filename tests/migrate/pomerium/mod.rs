//! `edge-oidc migrate pomerium`.
//!
//! | File | Holds |
//! |---|---|
//! | `given` | the least that Pomerium needs |
//! | `golden` | whole migrations |
//! | `document` | the guide |
//! | `inputs` | files: configurations, variables, and Kubernetes |
//! | `policies` | who passes |
//! | `settings` | what becomes of each setting, and what stands in the way |

mod document;
mod given;
mod golden;
mod inputs;
mod policies;
mod settings;
