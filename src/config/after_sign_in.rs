//! `afterSignIn`: a page that every completed sign-in leads to first.
//!
//! Decides where that may be, and how the page learns where the person wanted to go. When it is gone to is `flow`'s.

use super::{
    Paths,
    address::{self, own_path},
    destination::Destination,
    parameter,
    read::{self, Node, Report},
};
use crate::http::{origin::Origin, path::ReturnPath, public_urls::PublicUrls};

/// A page that every completed sign-in leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterSignIn(Destination);

impl AfterSignIn {
    /// Where the browser goes that wanted to go to `path` of `origin`: the page there learns path and query, never a host.
    pub fn location(&self, origin: &Origin, path: &ReturnPath) -> String {
        self.0.location(origin, path.as_str().split('#').next().unwrap_or_default())
    }

    /// The address, with `…` in place of the page that was wanted.
    pub fn shown(&self) -> String {
        self.0.shown()
    }
}

pub(super) fn read(
    node: &Node<'_>,
    paths: Option<&Paths>,
    public_urls: &PublicUrls,
    report: &mut Report,
) -> Option<AfterSignIn> {
    let object = node.object(&["url", "parameter"], report)?;
    let mend = "add `url`, such as `/welcome`";
    let url = object.required("url", mend, report).and_then(|node| url(&node, paths, public_urls, report));
    let parameter = object.member("parameter").map_or(Some("next"), |node| parameter::name(&node, "next", report));
    let ((url, is_ours), parameter) = (url?, parameter?);
    if is_ours && paths.is_some_and(|paths| paths.sign_out_argument.as_deref() == Some(parameter)) {
        let mend = "choose another name, such as `next`: whoever has signed in would be led to sign out";
        report.problem(&read::member(object.path(), "parameter"), "is the name of `paths.signOutArgument`", mend);
    }
    Some(AfterSignIn(Destination::new(&url, parameter)))
}

/// The address, and whether it is at a host of ours.
fn url(
    node: &Node<'_>,
    paths: Option<&Paths>,
    public_urls: &PublicUrls,
    report: &mut Report,
) -> Option<(String, bool)> {
    let (url, own) = match node.text(report)?.starts_with('/') {
        true => own_path(node, report).map(|path| (path.clone(), Some(path)))?,
        false => {
            let url = address::page(node, report)?;
            let own = address::at(&url, public_urls);
            (String::from(url), own)
        }
    };
    if own.as_ref().zip(paths).is_some_and(|(path, paths)| paths.moves_on(path)) {
        let mend = "write the path of a page, such as `/welcome`, or remove it: people then go where they wanted";
        node.problem(report, "is an endpoint that signs people in or out", mend);
    }
    Some((url, own.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str, parameter: &str, path: &str) -> String {
        let origin = Origin::parse("https://kf.example.com").unwrap();
        let path = ReturnPath::parse(path.as_bytes(), &origin).unwrap();
        AfterSignIn(Destination::new(url, parameter)).location(&origin, &path)
    }

    // M-10
    #[test]
    fn the_page_that_was_wanted_comes_last_and_replaces_its_like() {
        for (url, expected) in [
            ("/welcome", "https://kf.example.com/welcome?next=%2Fx%3Fy%3D1"),
            ("/welcome?", "https://kf.example.com/welcome?next=%2Fx%3Fy%3D1"),
            ("/welcome?a=b", "https://kf.example.com/welcome?a=b&next=%2Fx%3Fy%3D1"),
            ("/welcome?next=1&a=b%20c&n%65xt&&d&next=", "https://kf.example.com/welcome?a=b%20c&d&next=%2Fx%3Fy%3D1"),
            ("/welcome?nexts=1&Next=2#top", "https://kf.example.com/welcome?nexts=1&Next=2&next=%2Fx%3Fy%3D1#top"),
            ("https://www.example.com/in?a=b", "https://www.example.com/in?a=b&next=%2Fx%3Fy%3D1"),
        ] {
            assert_eq!(location(url, "next", "/x?y=1"), expected, "{url}");
        }
        assert_eq!(location("/in?next=1", "to", "/"), "https://kf.example.com/in?next=1&to=%2F");
    }

    // F-14
    #[test]
    fn what_the_page_learns_is_a_path_without_a_host_and_one_value() {
        let location = location("/in", "next", "/x?a=https://evil.example/&b=%26c#top?d=1&e");
        assert_eq!(location, "https://kf.example.com/in?next=%2Fx%3Fa%3Dhttps%3A%2F%2Fevil.example%2F%26b%3D%2526c");
    }
}
