//! Who may pass: which rule a request falls under.
//!
//! Decides by host, method and path only ([`route`]). Whether someone is signed in is `session`'s and `flow`'s.

pub mod access;
pub mod pattern;
pub mod require;
pub mod route;

pub use access::{Access, Credentials, Unauthenticated};
pub use pattern::{HostPattern, HostPatternError, PathPattern, PathPatternError};
pub use require::{Requirement, Subject};
pub use route::{Action, AmbiguousPath, Route, Routes, Rule};
