//! `edge-oidc migrate pomerium`.
//!
//! | File | Holds |
//! |---|---|
//! | `golden` | whole migrations |

mod golden;
