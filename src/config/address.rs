//! The URLs of a provider.
//!
//! Decides which URLs may be called or redirected to: https, or http to this machine, or http by an explicit switch.

use std::{collections::BTreeMap, fmt};

use url::Url;

use super::read::{Node, Object, Report};
use crate::http::{
    origin::{Origin, is_loopback},
    path::ReturnPath,
    public_urls::PublicUrls,
};

/// Why a URL is refused.
enum AddressError {
    Fragment,
    Malformed,
    PlainHttp,
    Query,
    Scheme,
    Space,
    UserInfo,
}

/// Whether plain http is allowed, which gives a warning.
pub(super) fn insecure_http(object: &Object<'_>, mend: &str, report: &mut Report) -> bool {
    let Some(node) = object.member("insecureHttp") else { return false };
    let allowed = node.flag(report).unwrap_or(false);
    if allowed {
        report.warning(node.path(), "allows plain http", mend);
    }
    allowed
}

/// The URL of an issuer, and the text it came from, which `iss` must equal (OpenID Connect Discovery §4.3).
pub(super) fn issuer<'a>(node: &Node<'a>, insecure_http: bool, report: &mut Report) -> Option<(&'a str, Url)> {
    let url = endpoint(node, insecure_http, report)?;
    if url.query().is_some() {
        refuse(node, &AddressError::Query, report);
    }
    Some((node.text(report)?, url))
}

/// The URL of an endpoint; it may have a query (RFC 6749 §3.1).
pub(super) fn endpoint(node: &Node<'_>, insecure_http: bool, report: &mut Report) -> Option<Url> {
    let text = node.text(report)?;
    parse(text, insecure_http).map_err(|error| refuse(node, &error, report)).ok()
}

/// The URL of a service of our own.
pub(super) fn service(node: &Node<'_>, insecure_http: bool, report: &mut Report) -> Option<Url> {
    let text = node.text(report)?;
    let refuse = |error: AddressError| {
        let mend = match error {
            AddressError::PlainHttp => {
                "use https; a service inside the mesh that has no TLS needs `insecureHttp: true` beside it"
            }
            _ => "write an `https://` URL, such as `https://authz.example.com/check`",
        };
        node.problem(report, error.to_string(), mend);
    };
    parse(text, insecure_http).map_err(refuse).ok()
}

/// The URL of a page that a browser is sent to, where it is no path of ours.
pub(super) fn page(node: &Node<'_>, report: &mut Report) -> Option<Url> {
    let text = node.text(report)?;
    let mend = "write a path of this site, such as `/welcome`, or an `https://` URL without a fragment";
    parse(text, false).map_err(|error| node.problem(report, error.to_string(), mend)).ok()
}

/// A path of our own that a browser may be sent to, whichever of our hosts it is at.
pub(super) fn own_path(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let path = node.text(report)?;
    // What stays on one host stays on every other.
    let origin = Origin::parse("https://host.invalid").ok();
    let path =
        origin.and_then(|origin| ReturnPath::parse(path.as_bytes(), &origin)).filter(|read| read.as_str() == path);
    if path.is_none() {
        let mend = "write a path of this site, such as `/welcome`, with one slash in front; letters beyond ASCII are percent-encoded";
        node.problem(report, "is not a safe path", mend);
    }
    path.map(|path| path.as_str().to_owned())
}

/// Path and query of a URL at one of our own hosts.
pub(super) fn at(url: &Url, public_urls: &PublicUrls) -> Option<String> {
    let origin = Origin::parse(&url.origin().ascii_serialization()).ok()?;
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    public_urls.cover(&origin).then(|| format!("{}{query}", url.path()))
}

/// `clusters`: the Envoy cluster for `host` or `host:port`.
pub(super) fn clusters(node: &Node<'_>, report: &mut Report) -> BTreeMap<String, String> {
    let mut clusters = BTreeMap::new();
    for (host, node) in node.entries(report).unwrap_or_default() {
        // The scheme has no default port, so that a written `:443` stays.
        let canonical = Url::parse(&format!("x://{host}")).ok();
        let canonical = canonical.filter(|url| url.as_str().strip_prefix("x://") == Some(host));
        let lower_case = !host.contains(|c: char| c.is_ascii_uppercase());
        if !canonical.is_some_and(|url| url.host().is_some() && url.path().is_empty()) || !lower_case {
            let mend = "write the name as it stands in the provider's URLs, in lower case, as `host` or `host:port`";
            node.problem(report, "is not for a host", mend);
        }
        if let Some(cluster) = node.text(report) {
            clusters.insert(host.to_owned(), cluster.to_owned());
        }
    }
    clusters
}

fn parse(text: &str, insecure_http: bool) -> Result<Url, AddressError> {
    // The parser would leave it out, and an issuer is compared letter by letter.
    if text.contains(char::is_whitespace) {
        return Err(AddressError::Space);
    }
    let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => {}
        "http" if insecure_http || is_loopback(host) => {}
        "http" => return Err(AddressError::PlainHttp),
        _ => return Err(AddressError::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(AddressError::Fragment);
    }
    Ok(url)
}

fn refuse(node: &Node<'_>, error: &AddressError, report: &mut Report) {
    let mend = match error {
        AddressError::PlainHttp => {
            "use https; a provider inside the mesh that has no TLS needs `insecureHttp: true` beside its issuer"
        }
        AddressError::Space => "remove it: a URL has none, and that of an issuer is compared letter by letter",
        _ => "write an `https://` URL as the provider publishes it",
    };
    node.problem(report, error.to_string(), mend);
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fragment => "has a fragment",
            Self::Malformed => "is not an absolute URL",
            Self::PlainHttp => "is plain http beyond this machine",
            Self::Query => "has a query",
            Self::Scheme => "is not an https URL",
            Self::Space => "has white space",
            Self::UserInfo => "has a user name or password",
        })
    }
}
