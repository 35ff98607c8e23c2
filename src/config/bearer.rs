//! `bearer`: where bearer tokens stand in requests.
//!
//! Decides which header may carry them. Which tokens are taken is `tokens`'.

use super::{
    identity,
    read::{Node, Report},
};
use crate::identity::{AUTHORIZATION, headers::ReservedHeaders};

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

/// What else the block depends on.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Whether some provider's tokens are taken; true where that is not known.
    pub(super) taken: bool,
    /// The headers that only we may set.
    pub(super) ours: &'a ReservedHeaders,
}

pub(super) fn read(node: &Node<'_>, known: Known<'_>, report: &mut Report) -> BearerSettings {
    let Some(object) = node.object(&["header", "raw"], report) else { return BearerSettings::default() };
    if !known.taken {
        let mend =
            "add `bearer` to the provider whose tokens are taken, with their kinds and audiences, or remove this";
        node.problem(report, "has no effect: no provider's tokens are taken", mend);
    }
    let header = object.member("header").and_then(|node| header(&node, known.ours, report));
    let raw = object.member("raw");
    let taken = raw.as_ref().and_then(|node| node.flag(report)).unwrap_or(false);
    if let Some(node) = raw.filter(|_| taken) {
        let mend = "whatever stands alone in the header is then tried as a token; remove it when all clients write `Bearer TOKEN`";
        report.warning(node.path(), "takes tokens without the scheme `Bearer`", mend);
    }
    BearerSettings { header: header.unwrap_or_else(|| AUTHORIZATION.to_owned()), raw: taken }
}

fn header(node: &Node<'_>, ours: &ReservedHeaders, report: &mut Report) -> Option<String> {
    let header = identity::token_header(node, report)?;
    if ours.covers(&header) {
        let mend = "choose another: what clients send in that one is removed";
        node.problem(report, "is a header that only carries what we write", mend);
    }
    Some(header)
}
