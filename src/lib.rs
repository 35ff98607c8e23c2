//! edge-oidc (crate documentation follows with the picture and the layer table)

#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod config;
#[cfg(target_arch = "wasm32")]
pub mod filter;
pub mod flow;
pub mod http;
pub mod identity;
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
