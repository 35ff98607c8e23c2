//! `pages.refusedUrl` and `pages.failedUrl`: pages of the operator's own that people are sent to in place of ours.
//!
//! Decides where those may be: what is at our own hosts must be open to everyone, or whoever is refused would be refused there,
//! too. Who is sent there is `flow`'s.

use url::Url;

use super::{
    Paths,
    address::{self, own_path},
    destination::Destination,
    read::{Node, Object, Report},
};
use crate::{
    http::{origin::Origin, path::RawPath, public_urls::PublicUrls},
    oidc::provider::ProviderSettings,
    policy::{Action, HostPattern, Routes},
};

/// The pages that people are sent to; `None` leaves a page of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Whoever may not come in.
    pub refused: Option<Destination>,
    /// Whoever's sign-in failed.
    pub failed: Option<Destination>,
}

/// What is known when the pages are judged.
pub(super) struct Known<'a> {
    paths: &'a Paths,
    providers: &'a [ProviderSettings],
    public_urls: &'a PublicUrls,
    routes: &'a Routes,
}

impl<'a> Known<'a> {
    pub(super) const fn new(
        paths: &'a Paths,
        providers: &'a [ProviderSettings],
        public_urls: &'a PublicUrls,
        routes: &'a Routes,
    ) -> Self {
        Self { paths, providers, public_urls, routes }
    }
}

/// `known` is there if all of it is good.
pub(super) fn read(root: &Object<'_>, known: Option<&Known<'_>>, report: &mut Report) -> Elsewhere {
    let pages = root.member("pages");
    let mut page = |name| {
        let node = pages.as_ref().and_then(|pages| pages.member_of(name))?;
        let url = url(&node, report)?;
        if let Some(known) = known {
            judge(&node, &url, known, report);
        }
        Some(Destination::new(&url, PARAMETER))
    };
    Elsewhere { refused: page("refusedUrl"), failed: page("failedUrl") }
}

fn url(node: &Node<'_>, report: &mut Report) -> Option<String> {
    match node.text(report)?.starts_with('/') {
        true => own_path(node, report),
        false => address::page(node, report).map(String::from),
    }
}

fn judge(node: &Node<'_>, url: &str, known: &Known<'_>, report: &mut Report) {
    let (hosts, path) = match Url::parse(url) {
        Err(_) => (known.public_urls.iter().map(|url| url.hosts()).collect(), url.to_owned()),
        Ok(url) => match Origin::parse(&url.origin().ascii_serialization()) {
            Ok(origin) if known.public_urls.cover(&origin) => (vec![origin.host().to_owned()], path_and_query(&url)),
            // What is at other hosts is not ours to judge.
            _ => return,
        },
    };
    let place = RawPath::new(path.as_bytes());
    if is_ours(place.as_bytes(), known) || known.paths.moves_on(&path) {
        let mend = "write the path of a page of an application, such as `/no-access`";
        return node.problem(report, "is an endpoint of ours, or signs people out", mend);
    }
    let hosts = hosts.iter().filter_map(|host| HostPattern::parse(host).ok());
    let mut all = hosts.flat_map(|host| known.routes.representatives(&host));
    let open = |host: &str| known.routes.decide(host, "GET", &place).is_ok_and(|route| route.action() == Action::Allow);
    if !all.all(|host| open(&host)) {
        let mend = format!(
            "add a rule with `action: allow` before the others, `match: {{ path: {{ exact: {} }} }}`: whoever is sent there is \
             refused elsewhere, and must not be refused there",
            String::from_utf8_lossy(place.as_bytes())
        );
        node.problem(report, "is not open to everyone at every host of ours", mend);
    }
}

fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// Whether `path` is an endpoint of ours: there is no page of anybody's own.
fn is_ours(path: &[u8], known: &Known<'_>) -> bool {
    let Known { paths, providers, .. } = known;
    let people = providers.iter().filter(|provider| provider.signs_in);
    let mut callbacks = people.map(|provider| paths.callback_of(provider, providers));
    let below = |verify: &String| {
        path.strip_prefix(verify.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    paths.exact().any(|own| own.as_bytes() == path)
        || callbacks.any(|own| own.as_bytes() == path)
        || paths.verify.as_ref().is_some_and(below)
}

/// What tells the page why somebody is there.
const PARAMETER: &str = "error";
