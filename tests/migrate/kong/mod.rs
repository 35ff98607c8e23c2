//! `edge-oidc migrate kong`.
//!
//! | File | Holds |
//! |---|---|
//! | `given` | the least that a plugin needs |
//! | `golden` | whole migrations, each kind of file |
//! | `document` | the guide |
//! | `fates` | that no setting of Kong's is dropped in silence |
//! | `settings` | what becomes of one setting |
//! | `access` | who passes where |
//! | `routers` | which route takes a request, and what stands beside the plugin |
//! | `kubernetes` | annotations, and rules with plugins of their own |
//! | `refusals` | what stands in the way |

mod access;
mod document;
mod fates;
mod given;
mod golden;
mod kubernetes;
mod refusals;
mod routers;
mod settings;
