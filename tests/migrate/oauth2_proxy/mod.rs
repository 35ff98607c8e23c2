//! `edge-oidc migrate oauth2-proxy`.
//!
//! | File | Holds |
//! |---|---|
//! | `golden` | whole migrations, each kind of input |

mod golden;
