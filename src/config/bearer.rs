//! `bearer`: where bearer tokens stand in requests, and which ones are taken from an issuer.
//!
//! Decides that every entry says for whom its tokens must be: a token that was made for another application must not
//! open this one. How tokens are validated is `oidc::bearer`'s.

use super::{
    identity,
    read::{Node, Report},
};
use crate::identity::AUTHORIZATION;

/// Where bearer tokens stand in requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerSettings {
    /// The header, lower case.
    pub header: String,
    /// Whether a token without the scheme `Bearer` is taken, too.
    pub raw: bool,
}

impl Default for BearerSettings {
    fn default() -> Self {
        Self { header: AUTHORIZATION.to_owned(), raw: false }
    }
}

/// The top-level block.
pub(super) fn settings(node: &Node<'_>, report: &mut Report) -> BearerSettings {
    let Some(object) = node.object(&["header", "raw"], report) else { return BearerSettings::default() };
    let header = object.member("header").and_then(|node| identity::token_header(&node, report));
    let raw = object.member("raw");
    let taken = raw.as_ref().and_then(|node| node.flag(report)).unwrap_or(false);
    if let Some(node) = raw.filter(|_| taken) {
        let mend = "whatever stands alone in the header is then tried as a token; remove it when all clients write `Bearer TOKEN`";
        report.warning(node.path(), "takes tokens without the scheme `Bearer`", mend);
    }
    BearerSettings { header: header.unwrap_or_else(|| AUTHORIZATION.to_owned()), raw: taken }
}
