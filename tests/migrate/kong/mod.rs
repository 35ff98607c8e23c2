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
//! | `refusals` | what stands in the way |

mod access;
mod document;
mod fates;
mod given;
mod golden;
mod refusals;
mod settings;
