//! The request to explain, as it would come over the wire.
//!
//! Decides what of a URL a request has, and what a browser adds. Nothing is normalised: that is what is to be explained. Which
//! rule decides on it is asked as the engine asks it.

use super::trial::Headers;
use crate::{
    config::Config,
    flow::{RequestId, inbound::Inbound, sign_out::is_asked_for},
    http::{path::RawPath, request::RequestView},
    policy::{AmbiguousPath, Route},
};

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) scheme: String,
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

impl Target {
    /// Parses `https://HOST[:PORT]/PATH?QUERY`, and leaves all of it as it is written.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) =
            url.split_once("://").ok_or("--url: is not an absolute URL, such as https://app.example.com/")?;
        if !matches!(scheme, "http" | "https") {
            return Err("--url: is neither http nor https".to_owned());
        }
        if rest.contains('#') {
            return Err("--url: has a fragment, which browsers keep to themselves: remove it".to_owned());
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if authority.is_empty() || authority.contains('@') {
            return Err("--url: names no host, or a user: write https://HOST/PATH".to_owned());
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { scheme: scheme.to_owned(), authority: authority.to_owned(), path })
    }
}

/// `name: value` of the command line.
pub(super) fn header(text: &str) -> Result<(String, Vec<u8>), String> {
    let (name, value) = text.split_once(':').ok_or("--header: is not 'name: value'")?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("--header: does not begin with a header's name and a colon".to_owned());
    }
    if name.eq_ignore_ascii_case("host") {
        return Err("--header: the host is the one of --url".to_owned());
    }
    Ok((name.to_ascii_lowercase(), value.trim().as_bytes().to_vec()))
}

/// All header fields in the order of the wire.
pub(super) fn headers(target: &Target, method: &str, given: Headers, browser: bool) -> Headers {
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let mut headers = vec![
        field(":method", method),
        field(":scheme", &target.scheme),
        field(":authority", &target.authority),
        field(":path", &target.path),
    ];
    let says = |(name, _): &(String, Vec<u8>)| name == "accept" || name.starts_with("sec-fetch-");
    if browser && !given.iter().any(says) {
        let page = [("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        headers.extend(page.map(|(name, value)| field(name, value)));
    }
    headers.extend(given);
    headers
}

/// Why no rule is asked about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unruled {
    /// It is refused before.
    Malformed,
    /// It is for an endpoint of ours.
    OwnEndpoint,
    /// Its query signs people out.
    SignOut,
}

/// The request that the rules judge: this one, or the one that another proxy asks about.
pub(super) fn judged(config: &Config, headers: Headers) -> Result<Inbound, Unruled> {
    let view = RequestView::parse(headers, true).map_err(|_| Unruled::Malformed)?;
    let inbound = Inbound::new(RequestId(1), view, config);
    if inbound.own_endpoint(config).is_some() {
        return Err(Unruled::OwnEndpoint);
    }
    let inbound = inbound.or_verdict(config);
    if is_asked_for(config, &inbound) { Err(Unruled::SignOut) } else { Ok(inbound) }
}

/// Which rule decides on it.
pub(super) fn route<'a>(config: &'a Config, inbound: &Inbound) -> Result<Route<'a>, AmbiguousPath> {
    let view = &inbound.view;
    config.routes.decide(view.host(), view.method(), &RawPath::new(view.path()))
}
