//! Where people reach the gateway, where sign-ins come back to, and which hosts share a session.
//!
//! Decides that one session is shared only below the domain of the sign-in's own host.

use url::Url;

use super::{super::yaml::Tree, given::Given};
use crate::http::public_urls::PublicUrl;

/// Hosts, and what they share.
pub(super) struct Hosts {
    /// `publicUrls`.
    pub(super) urls: Vec<String>,
    /// `callbackUrl`; none where each host has its own.
    pub(super) callback: Option<String>,
    /// `session.cookie.domain`.
    pub(super) domain: Option<String>,
    /// `authenticate_service_url`.
    pub(super) authenticate: Option<String>,
}

/// Whether a route is for a stream, which no filter of HTTP sees.
pub(super) fn is_stream(from: &str) -> bool {
    ["tcp", "udp", "ssh"]
        .iter()
        .any(|scheme| from.starts_with(&format!("{scheme}+")) || from.starts_with(&format!("{scheme}://")))
}

/// The host of a route, without its port.
pub(super) fn host(from: &str) -> Option<String> {
    let (_, rest) = from.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?.split(':').next()?;
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

pub(super) fn read(given: &mut Given<'_>) -> Hosts {
    let authenticate = authenticate(given);
    let mut urls: Vec<String> =
        given.choices.public_urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
    urls.iter().enumerate().for_each(|(index, _)| given.ledger.source(&format!("publicUrls[{index}]"), "--public-url"));
    let mut add = |given: &mut Given<'_>, url: String, origin: &str| {
        if !url.is_empty() && !urls.contains(&url) {
            given.ledger.source(&format!("publicUrls[{}]", urls.len()), origin);
            urls.push(url);
        }
    };
    let froms: Vec<_> = given.routes.iter().map(|route| (from(route), route.label.clone())).collect();
    for (from, label) in froms.into_iter().filter(|(from, _)| !is_stream(from)) {
        let url = from.trim_end_matches('/').to_owned();
        match PublicUrl::parse(&url) {
            _ if url.is_empty() => given.ledger.refused(format!("{label} has no `from`: write the address that people call")),
            Ok(_) => add(given, url, &label),
            Err(error) => given.ledger.refused(format!(
                "{label} is for an address that is no public URL: it {error}. Write `https://HOST`, or `https://*.DOMAIN` for all \
                 hosts below a domain"
            )),
        }
    }
    if let Some(authenticate) = &authenticate {
        let origin = given.origin("authenticate_service_url");
        add(given, authenticate.clone(), &origin);
    }
    let domain = domain(given, authenticate.as_deref(), &urls);
    let callback = domain.as_ref().and(authenticate.clone()).filter(|_| urls.len() > 1);
    let hosts = Hosts { urls, callback, domain, authenticate };
    say(given, &hosts);
    hosts
}

fn from(route: &super::super::input::Route) -> String {
    route.settings.get("from").and_then(|from| from.as_str()).unwrap_or_default().trim().to_owned()
}

/// `authenticate_service_url`, as an origin.
fn authenticate(given: &mut Given<'_>) -> Option<String> {
    let text = given.text("authenticate_service_url")?;
    let url = Url::parse(&text).ok().filter(|url| url.has_host());
    match url {
        Some(url) => Some(url.origin().ascii_serialization()),
        None => {
            given.refuse("authenticate_service_url", "is no URL: write it as `https://authenticate.example.com`");
            None
        }
    }
}

/// The domain that all hosts share, below which one session may count for all of them.
fn domain(given: &mut Given<'_>, authenticate: Option<&str>, urls: &[String]) -> Option<String> {
    let written = given.text("cookie_domain").map(|domain| domain.trim_start_matches('.').to_owned());
    if given.choices.session_per_host {
        if written.is_some() {
            given.ledger.changed(
                "cookie_domain",
                "`--session-per-host`: no domain, so that no host gets the session of another",
            );
        }
        return None;
    }
    let (domain, is_written) = match (written, authenticate) {
        (Some(written), _) => (written, true),
        (None, Some(authenticate)) => (parent(&host(authenticate)?)?, false),
        (None, None) => return None,
    };
    let hosts: Vec<_> = urls.iter().filter_map(|url| host(url)).collect();
    let covers = |host: &String| {
        let name = host.trim_start_matches("*.");
        name == domain || name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
    };
    if urls.len() == 1 && !is_written {
        return None;
    }
    if let Some(other) = hosts.iter().find(|host| !covers(host)) {
        match is_written {
            true => given.refuse("cookie_domain", &format!("does not cover {other}: give `--session-per-host`, or take the route out")),
            false => given.ledger.changed(
                "sessions",
                format!("each host has its own: {other} is not below {domain}, where people sign in, so that no cookie is for both"),
            ),
        }
        return None;
    }
    if is_written {
        given.carry("cookie_domain", "session.cookie.domain");
    }
    Some(domain)
}

/// The domain that a host is in; none if that would be one that many people share.
fn parent(host: &str) -> Option<String> {
    let (_, parent) = host.split_once('.')?;
    let labels: Vec<_> = parent.split('.').collect();
    match labels.as_slice() {
        [] | [_] => None,
        // `co.uk` and the like.
        [second, top] if top.len() == 2 && second.len() <= 3 => None,
        _ => Some(parent.to_owned()),
    }
}

fn say(given: &mut Given<'_>, hosts: &Hosts) {
    if hosts.authenticate.is_some() {
        given.ledger.carried(
            "authenticate_service_url",
            if hosts.callback.is_some() { "`callbackUrl`" } else { "`publicUrls`" },
        );
    }
    given.ledger.carried("from", "`publicUrls`, and the hosts of `routes`");
    let path = callback(given);
    match (&hosts.callback, &hosts.domain) {
        (Some(url), Some(domain)) => {
            given.ledger.carried("redirect URI", format!("`{url}{path}`, as it is registered"));
            given.ledger.changed(
                "sessions",
                format!(
                    "one cookie for {domain} and all hosts below it, so that everyone signs in once: Pomerium had one for each \
                     host, and handed people over. Every host below can read it; `--session-per-host` keeps them apart, and \
                     then each host's callback must be registered"
                ),
            );
        }
        _ => {
            for url in &hosts.urls {
                let what = match url.contains("//*.") {
                    true => format!("`{path}` at every host of `{url}` that people use, each"),
                    false => format!("`{url}{path}`"),
                };
                given.ledger.step(format!("register {what} at the provider as a redirect URI of the client"));
            }
        }
    }
}

/// The path of the callback.
fn callback(given: &mut Given<'_>) -> String {
    given.text("authenticate_callback_path").unwrap_or_else(|| "/oauth2/callback".to_owned())
}

/// `paths`.
pub(super) fn paths(given: &mut Given<'_>) -> Tree {
    let callback = callback(given);
    if given.take("authenticate_callback_path").is_some() {
        given.carry("authenticate_callback_path", "paths.callback");
    }
    given
        .ledger
        .carried("/.pomerium/", "`paths`: `sign_in`, `sign_out`, `signed_out` and the page that says who is signed in");
    given.ledger.changed("pomerium_redirect_uri", RETURN);
    Tree::members([
        ("callback", callback.into()),
        ("signIn", "/.pomerium/sign_in".into()),
        ("signOut", "/.pomerium/sign_out".into()),
        ("signedOut", SIGNED_OUT.into()),
        ("whoami", "/.pomerium".into()),
        ("returnParameter", "pomerium_redirect_uri".into()),
    ])
}

const RETURN: &str = "a path of the same host in links to `/.pomerium/sign_in`; after `/.pomerium/sign_out` one of `logout.returnUrls`, to the \
                      letter. Any other address leads to `/`";
/// The page that follows a sign-out.
pub(super) const SIGNED_OUT: &str = "/.pomerium/signed_out";
/// Above `publicUrls` in the configuration.
pub(super) const WHY: &str = "The hosts of the routes. At any other host there is no sign-in and no cookie.";
/// Above `callbackUrl` in the configuration.
pub(super) const CALLBACK: &str = "All sign-ins come back to this host, as with Pomerium.";
/// Above `paths` in the configuration.
pub(super) const PATHS: &str = "Where Pomerium had its endpoints.";
