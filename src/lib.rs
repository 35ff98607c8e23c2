//! edge-oidc: OpenID Connect sign-in at the edge, as a proxy-wasm filter for Envoy and Istio.
//!
//! # Design overview
//!
//! The core is pure: bytes in, a decision out. It never names the host, the clock or the random source, so whole sign-ins
//! are tested natively and in virtual time. The adapter is thin and knows nothing of OpenID Connect.
//!
//! ```text
//!                  ┌───────────────────────── core (native and wasm) ─────────────────────────┐
//!  request bytes → │ http::RequestView → policy → session → identity → flow::Decision         │ → host actions
//!  call results  → │          flow: one struct per awaited message; handle(self, input, now)  │ → provider calls
//!                  └──────────────────────────────────────────────────────────────────────────┘
//!  filter (wasm32 only): host ↔ core, nothing else           cli (native only): check · explain · init · keygen
//!                                                                               migrate · render
//! ```
//!
//! # Layers
//!
//! A module imports only modules on lower lines; `tests/architecture.rs` holds the `use crate::` lines against this table.
//!
//! ```text
//! cli filter
//! metrics
//! flow
//! config
//! policy identity session
//! oidc
//! http
//! memory time
//! secret
//! ```
//!
//! # Modules
//!
//! - [`http`]: requests, paths, cookies, answers and calls as bytes
//! - [`oidc`]: OpenID Connect, OAuth 2.0 and JOSE as request/process pairs
//! - [`session`]: sealed cookies, the session and the sign-in attempts; what the workers tell each other of sessions
//! - [`memory`]: the memory that workers share, as the core sees it
//! - [`policy`]: routes; [`identity`]: claims to headers, and headers that no client may bring
//! - [`config`]: one document to a [`config::Config`] that is valid by construction, or every problem at once
//! - [`flow`]: the order of the checks, and everything that waits for a provider
//! - [`metrics`]: events to metrics
//! - `filter` (wasm32): the adapter to proxy-wasm; `cli` (native): the command-line tool

#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod config;
#[cfg(target_arch = "wasm32")]
pub mod filter;
pub mod flow;
pub mod http;
pub mod identity;
pub mod memory;
pub mod metrics;
pub mod oidc;
pub mod policy;
pub mod secret;
pub mod session;
pub mod time;

/// The module's entry; another module that links this crate's rlib has its own.
#[cfg(all(target_arch = "wasm32", feature = "entry-point"))]
#[allow(missing_docs, reason = "the macro's function is the host's to call and nobody's to read about")]
mod entry_point {
    proxy_wasm::main! {{ crate::filter::start(); }}
}
