//! Who may pass: which rule a request falls under, and what that asks for.
//!
//! Decides by host, method and path only ([`route`]), and by trusted claims ([`require`]). Whether someone is signed in
//! is `session`'s and `flow`'s.

pub mod access;
mod claim;
mod email;
mod glob;
mod groups;
mod host;
pub mod pattern;
mod regex;
pub mod require;
pub mod route;
mod rule;
mod unmet;

pub use access::{Access, Credentials, Unauthenticated};
pub use claim::{ClaimTest, Scalar};
pub use email::{Domain, DomainError, Email, EmailError};
pub use glob::{Glob, GlobError};
pub use groups::GroupsRequirement;
pub use host::{HostPattern, HostPatternError};
pub use pattern::{PathPattern, PathPatternError};
pub use regex::{RegexError, WholeRegex};
pub use require::{Requirement, Subject};
pub use route::{AmbiguousPath, Route, Routes};
pub use rule::{Action, Exclusion, Miss, Part, Rule};
pub use unmet::{Unmet, list};
