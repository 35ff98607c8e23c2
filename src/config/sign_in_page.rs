//! A provider's sign-in page at one of our own hosts, as Dex behind the same gateway has it.
//!
//! Decides that nobody must be signed in to reach it: whoever must would be sent there, again and again.

use url::Url;

use super::{
    Config,
    read::{Object, Report},
};
use crate::{
    http::{origin::Origin, path::RawPath, public_urls::PublicUrls},
    oidc::provider::ProviderSettings,
    policy::{Action, Routes, Unauthenticated},
};

impl Config {
    /// Whether `page` is at one of our own hosts, below a path that only those reach who are signed in.
    pub fn is_behind_itself(&self, page: &Url) -> bool {
        is_closed(&self.public_urls, &self.routes, page)
    }
}

fn is_closed(public_urls: &PublicUrls, routes: &Routes, page: &Url) -> bool {
    let origin = Origin::parse(&page.origin().ascii_serialization()).ok().filter(|origin| public_urls.cover(origin));
    let Some(origin) = origin else { return false };
    let route = routes.decide(origin.host(), "GET", &RawPath::new(page.path().as_bytes()));
    route.map_or(true, |route| match route.action() {
        Action::Allow => false,
        Action::Authenticate => route.access().unauthenticated != Unauthenticated::Pass,
        Action::Deny => true,
    })
}

/// Judges those that stand in the configuration; one that the provider's metadata names is judged when it is needed.
pub(super) fn judge(
    root: &Object<'_>,
    providers: &[ProviderSettings],
    public_urls: &PublicUrls,
    routes: &Routes,
    report: &mut Report,
) {
    let nodes = root.member("providers").and_then(|node| node.list(&mut Report::default())).unwrap_or_default();
    for (node, provider) in nodes.iter().zip(providers) {
        let page = provider.endpoints.authorization.as_ref().filter(|_| provider.signs_in);
        let Some(page) = page.filter(|page| is_closed(public_urls, routes, page)) else { continue };
        let mend = format!(
            "add a rule before the others that opens what people need to sign in, such as `match: {{ path: {{ prefix: {} }} }}` \
             with `action: allow`",
            first_segment(page)
        );
        let endpoint = node.member_of("endpoints").and_then(|node| node.member_of("authorization"));
        endpoint.as_ref().unwrap_or(node).problem(report, "is behind our own sign-in: nobody could ever sign in", mend);
    }
}

fn first_segment(page: &Url) -> String {
    format!("/{}", page.path_segments().and_then(|mut segments| segments.next()).unwrap_or_default())
}
