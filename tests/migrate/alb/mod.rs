//! `edge-oidc migrate alb`.
//!
//! | File | Holds |
//! |---|---|
//! | `golden` | whole migrations |

mod golden;
