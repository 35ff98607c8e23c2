//! `edge-oidc migrate oauth2-proxy`.
//!
//! | File | Holds |
//! |---|---|
//! | `given` | the least that a migration needs |
//! | `document` | the guide |
//! | `golden` | whole migrations, each kind of input |
//! | `kubeflow` | Istio's objects around it |
//! | `settings` | what becomes of one setting |
//! | `refusals` | what stands in the way |
//! | `mistakes` | what people get wrong, which is never called ours |

mod document;
mod given;
mod golden;
mod kubeflow;
mod mistakes;
mod refusals;
mod settings;
