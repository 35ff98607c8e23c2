//! Names of parameters in the queries of our own endpoints.
//!
//! Decides which names are plain, and that no two parameters that we read at one place share one. What they do is `flow`'s.

use super::{
    Paths,
    read::{self, Node, Object, Report},
};

/// A name that needs no encoding; `example` is one that would do.
pub(super) fn name<'a>(node: &Node<'a>, example: &str, report: &mut Report) -> Option<&'a str> {
    let name = node.text(report)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if name.len() > LONGEST_NAME || !name.bytes().all(plain) {
        let mend = format!("write up to 64 letters, digits, `-`, `.`, `_` and `~`, such as `{example}`");
        node.problem(report, "is not the name of a parameter", mend);
        return None;
    }
    Some(name)
}

/// What our endpoints read in a query under names that cannot be chosen.
pub(super) fn is_taken(name: &str) -> bool {
    TAKEN.contains(&name)
}

/// The names that can be chosen must be none of those that cannot, and not each other's.
pub(super) fn judge(root: &Object<'_>, paths: &Paths, report: &mut Report) {
    let place = |name| read::member(&read::member(root.path(), "paths"), name);
    if is_taken(&paths.return_parameter) {
        let mend = "choose another name, such as `return_to`: the endpoints read this one for something else";
        report.problem(&place("returnParameter"), "is the name of another parameter", mend);
    }
    let Some(argument) = &paths.sign_out_argument else { return };
    if is_taken(argument) || *argument == paths.return_parameter {
        let mend = "choose another name, such as `sign_out`: our own endpoints read this one for something else";
        report.problem(&place("signOutArgument"), "is the name of another parameter", mend);
    }
    let mend = format!(
        "be sure that no application reads `{argument}` for anything else: a person who follows a link with it, or posts to one, \
         is signed out, and the application does not get the request"
    );
    report.warning(&place("signOutArgument"), "signs people out at every path of every host", mend);
}

/// Those of callbacks (RFC 6749 §4.1.2, RFC 9207 §2), and of the sign-in endpoint.
const TAKEN: [&str; 6] = ["again", "code", "error", "iss", "provider", "state"];
const LONGEST_NAME: usize = 64;
