//! `edge-oidc migrate alb`.
//!
//! | File | Holds |
//! |---|---|
//! | `given` | the least that a listener needs |
//! | `balancers` | which Ingresses are one load balancer's |
//! | `golden` | whole migrations |
//! | `document` | the guide |
//! | `ingresses` | what the load balancer controller's Ingresses come to |
//! | `routes` | who passes where |
//! | `settings` | what becomes of each setting, and what stands in the way |

mod balancers;
mod document;
mod given;
mod golden;
mod ingresses;
mod routes;
mod settings;
