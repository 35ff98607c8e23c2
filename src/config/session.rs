//! `session`: what sessions are sealed with, how their cookies look and how long they last.
//!
//! Decides that browsers will send the cookies back to every public URL. How cookies work is `session`'s.

use std::time::Duration;

use super::{
    Environment, identity,
    read::{self, Node, Object, Report},
    secret,
};
use crate::{
    http::{cookie::SameSite, origin::Scheme, public_urls::PublicUrls},
    identity::headers::ReservedHeaders,
    session::{BadCookie, CookieSettings, Keyring, SessionSettings},
};

pub(super) fn read(
    node: &Node<'_>,
    public_urls: &PublicUrls,
    environment: &dyn Environment,
    report: &mut Report,
) -> Option<SessionSettings> {
    let object = node.object(&["keys", "cookie", "lifetime", "idle", "header"], report)?;
    let mend = "add `keys: [{ env: SESSION_KEY }]`; `edge-oidc keygen` makes a key";
    let keys = object.required("keys", mend, report).and_then(|node| keys(&node, environment, report));
    let cookie_node = object.member("cookie");
    let cookie = match &cookie_node {
        Some(node) => cookie(node, public_urls, report),
        None => Some(CookieSettings::default()),
    };
    if let Some(cookie) = &cookie {
        judge_transport(cookie_node.as_ref().unwrap_or(node), cookie.insecure, public_urls, report);
    }
    let lifetime = object.member("lifetime").and_then(|node| node.duration(LIFETIME, "from `5m` to `30d`", report));
    let lifetime = lifetime.unwrap_or(Duration::from_hours(12));
    let idle = object.member("idle").and_then(|node| idle(&node, lifetime, report));
    let header = object.member("header").and_then(|node| header(&node, report));
    Some(SessionSettings { keys: keys?, cookie: cookie?, lifetime, idle, header })
}

fn header(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let header = identity::token_header(node, report);
    let mend = "whoever gets hold of the text is that person until the session ends; remove it when all programs have tokens \
                of their own";
    report.warning(node.path(), "takes sessions from programs", mend);
    header
}

/// A header that only carries what we write cannot carry what clients send.
pub(super) fn judge_header(root: &Object<'_>, session: &SessionSettings, ours: &ReservedHeaders, report: &mut Report) {
    if session.header.as_ref().is_some_and(|header| ours.covers(header)) {
        let place = read::member(&read::member(root.path(), "session"), "header");
        let mend = "choose another: what clients send in that one is removed";
        report.problem(&place, "is a header that only carries what we write", mend);
    }
}

fn idle(node: &Node<'_>, lifetime: Duration, report: &mut Report) -> Option<Duration> {
    let idle = node.duration(IDLE, "from `15m`, and shorter than `lifetime`", report)?;
    if idle >= lifetime {
        let mend = "make it shorter than `lifetime`, or remove it: a session never lasts longer than that, used or not";
        node.problem(report, "is not shorter than `lifetime`", mend);
    }
    Some(idle)
}

/// Every key is judged, so that all weak ones are reported at once.
fn keys(node: &Node<'_>, environment: &dyn Environment, report: &mut Report) -> Option<Keyring> {
    let mut secrets = Vec::new();
    for node in node.list(report)? {
        let Some(secret) = secret::read(&node, environment, report) else { continue };
        if let Err((_, weak)) = Keyring::new(std::slice::from_ref(&secret)) {
            node.problem(report, "is no safe key", weak.to_string());
        } else if secrets.contains(&secret) {
            node.problem(report, "is the same key as one before it", "remove it, or set it to another key");
        } else {
            secrets.push(secret);
        }
    }
    Keyring::new(&secrets).ok()
}

fn cookie(node: &Node<'_>, public_urls: &PublicUrls, report: &mut Report) -> Option<CookieSettings> {
    let object = node.object(&["name", "domain", "sameSite", "prefix", "insecure"], report)?;
    let default = CookieSettings::default();
    let name = object.member("name").and_then(|node| node.text(report)).unwrap_or(&default.name);
    let domain_node = object.member("domain");
    let domain = domain_node.as_ref().and_then(|node| domain(node, public_urls, report));
    let same_site = object.member("sameSite").and_then(|node| same_site(&node, report)).unwrap_or_default();
    let insecure = object.member("insecure").and_then(|node| node.flag(report)).unwrap_or(default.insecure);
    let prefix = object.member("prefix").is_none_or(|node| prefix(&node, insecure, report));
    let settings = CookieSettings::new(name.to_owned(), domain.map(str::to_owned), same_site, insecure);
    if let Err(error) = &settings {
        let place = match error {
            BadCookie::Domain => domain_node,
            BadCookie::Name => object.member("name"),
            BadCookie::NoneInsecure => object.member("sameSite"),
        };
        place.as_ref().unwrap_or(node).problem(report, "is refused", error.to_string());
    }
    Some(CookieSettings { prefix, ..settings.ok()? })
}

fn prefix(node: &Node<'_>, insecure: bool, report: &mut Report) -> bool {
    let prefix = node.flag(report).unwrap_or(true);
    if !prefix && !insecure {
        let mend = "another host of the domain, or a page without TLS, can overwrite the cookie, and so sign a person in as someone \
                    else; remove it unless programs look for the cookie by its name";
        report.warning(node.path(), "leaves `__Host-` away", mend);
    }
    prefix
}

/// A domain that every public URL lies in, and that is no bare top-level domain.
fn domain<'a>(node: &Node<'a>, public_urls: &PublicUrls, report: &mut Report) -> Option<&'a str> {
    let domain = node.text(report)?;
    let inside = |host: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    for url in public_urls.iter().filter(|url| !inside(url.host())) {
        let mend = "write a domain that all public URLs share, or remove it: each host then has its own session";
        node.problem(report, format!("does not cover `{}` of `publicUrls`", url.hosts()), mend);
    }
    if !domain.contains('.') || domain.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        let mend = "write a domain of your own, such as `example.com`, or remove it";
        node.problem(report, "is a top-level domain or an address", mend);
    }
    let mend =
        "every host below it gets the session cookie and can overwrite it; remove `domain` unless hosts share sessions";
    report.warning(node.path(), "shares sessions with all hosts of the domain", mend);
    Some(domain)
}

fn same_site(node: &Node<'_>, report: &mut Report) -> Option<SameSite> {
    let choices = [("Lax", SameSite::Lax), ("None", SameSite::None), ("Strict", SameSite::Strict)];
    let chosen = node.choice(&choices, report)?;
    match chosen {
        SameSite::Strict => {
            let mend =
                "write `Lax`: a `Strict` cookie is not sent after the provider's redirect, so sign-in would never end";
            node.problem(report, "is `Strict`", mend);
        }
        SameSite::None => {
            let mend =
                "other sites can make requests with the session; write `Lax` unless pages of other sites frame yours";
            report.warning(node.path(), "is `None`", mend);
        }
        SameSite::Lax => {}
    }
    Some(chosen)
}

/// `Secure` cookies need https, and cookies that are not `Secure` must never leave the machine.
fn judge_transport(node: &Node<'_>, insecure: bool, public_urls: &PublicUrls, report: &mut Report) {
    for url in public_urls.iter() {
        match (insecure, url.scheme()) {
            (true, Scheme::Https) => {
                let mend = "remove `insecure`: it is for `publicUrls` that are all http on a loopback host";
                node.problem(report, format!("is `insecure`, but `{url}` is https"), mend);
            }
            (false, Scheme::Http) => {
                let mend = "set `session.cookie.insecure: true` for a trial on this machine";
                node.problem(report, format!("makes `Secure` cookies, but `{url}` is http"), mend);
            }
            _ => {}
        }
    }
}

/// At least so long that a clock that is set forward by some minutes ends nobody's session.
const IDLE: std::ops::RangeInclusive<Duration> = Duration::from_mins(15)..=Duration::from_hours(30 * 24);
const LIFETIME: std::ops::RangeInclusive<Duration> = Duration::from_mins(5)..=Duration::from_hours(30 * 24);
