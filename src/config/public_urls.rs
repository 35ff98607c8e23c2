//! `publicUrls` and `callbackUrl`: where people reach us, and where providers send them back to.
//!
//! Decides that no host is reached in two ways, of which browsers would mix up the cookies, and that a common callback
//! finds the cookies of the host where the sign-in began.

use super::read::{Object, Report};
use crate::http::{
    origin::{Origin, OriginError, Scheme},
    public_urls::{PublicUrl, PublicUrls},
};

pub(super) fn read(root: &Object<'_>, report: &mut Report) -> PublicUrls {
    let mend = "add the addresses that people type, as `publicUrls: [https://app.example.com]`";
    let nodes = root.required("publicUrls", mend, report).and_then(|node| node.list(report));
    let mut urls: Vec<PublicUrl> = Vec::new();
    for node in nodes.unwrap_or_default() {
        let mend = "write `https://HOST` or `https://HOST:PORT` and nothing else, or `https://*.DOMAIN` for all hosts below it";
        let Some(url) = node.parse::<_, OriginError>(report, mend, PublicUrl::parse) else { continue };
        match flaw(&url, &urls) {
            Some((what, mend)) => node.problem(report, what, mend),
            None => urls.push(url),
        }
    }
    PublicUrls::new(urls)
}

/// What is wrong with `url` beside the `earlier` ones, and the mend.
fn flaw(url: &PublicUrl, earlier: &[PublicUrl]) -> Option<(String, &'static str)> {
    let split = || earlier.iter().find(|other| other.meets(url) && !other.is_reached_like(url));
    if url.scheme() == Scheme::Http && !url.is_loopback() {
        Some(("is plain http".to_owned(), "use https; http is for loopback hosts such as `localhost` only"))
    } else if matches!(url, PublicUrl::Below(_)) && !url.host().contains('.') && !url.is_loopback() {
        let mend = "write a domain of your own, such as `https://*.apps.example.com`";
        Some(("takes in every host of a top-level domain".to_owned(), mend))
    } else if earlier.contains(url) {
        Some(("is given twice".to_owned(), "remove one of the two"))
    } else {
        let other = split()?;
        let what = match (url, other) {
            (PublicUrl::Exact(_), PublicUrl::Exact(_)) => "differs from another only in its port or scheme".to_owned(),
            _ => format!("has hosts in common with `{other}`, but another port or scheme"),
        };
        let mend = "keep one for each host name: browsers share cookies between the ports and schemes of a host";
        Some((what, mend))
    }
}

/// `callbackUrl`: the one origin that all sign-ins come back to, if each host does not have its own.
pub(super) fn callback(
    root: &Object<'_>,
    urls: &PublicUrls,
    domain: Option<&str>,
    report: &mut Report,
) -> Option<Origin> {
    let node = root.member("callbackUrl")?;
    let mend = "write one of `publicUrls`, as `https://HOST` without a path: `paths.callback` stands there already";
    let origin = node.parse::<_, OriginError>(report, mend, Origin::parse)?;
    let alone = urls.iter().all(|url| *url == PublicUrl::Exact(origin.clone()));
    if !urls.cover(&origin) {
        let mend = "add it to `publicUrls`, or choose an address that stands there";
        node.problem(report, "is not one of `publicUrls`", mend);
    } else if domain.is_none() && !alone {
        let mend = "set `session.cookie.domain` to a domain that all public URLs share, or remove `callbackUrl`: without a \
                    common domain the browser keeps each host's cookies from the others, so no sign-in could end";
        node.problem(report, "is for all hosts, but each host has its own cookies", mend);
    }
    Some(origin)
}
