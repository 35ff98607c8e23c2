//! Our own endpoints, where oauth2-proxy had its own, and the hosts people call.
//!
//! Decides that `rd` stays the parameter of links.

use url::Url;

use super::{
    super::{input::Setting, yaml::Tree},
    Given,
};
use crate::http::{
    origin::{Origin, Scheme},
    public_urls::{PublicUrl, PublicUrls},
};

/// `paths`, and the one host that all sign-ins come back to.
pub(super) struct Paths {
    /// `paths`
    pub(super) tree: Tree,
    /// `callbackUrl`
    pub(super) callback_url: Option<String>,
}

/// Where people reach the gateway: the options, or the host of `redirect_url`.
pub(super) fn public_urls(given: &mut Given<'_>) {
    given.ledger.source("publicUrls", "--public-url");
    if !given.public_urls.is_empty() {
        return;
    }
    let setting = given.peek("redirect_url");
    let origin = setting.as_ref().and_then(|setting| Some((setting.origin(), origin(setting)?)));
    let Some((source, url)) = origin else {
        given.ledger.refused(
            "--public-url is needed, since no `redirect_url` names the host that people call: give `--public-url https://HOST`, each that they do",
        );
        return;
    };
    given.ledger.source("publicUrls", &source);
    if is_clear(&url) {
        given.ledger.refused(format!(
            "{source} is at {url}, where cookies would go in clear text: give `--public-url https://HOST`; plain http is for a trial on \
             this machine, such as http://localhost:8080"
        ));
        return;
    }
    given.ledger.carried("redirect_url", format!("`publicUrls`: {url}"));
    given.public_urls.push(url);
}

/// Scheme, host and port of a URL that is absolute.
fn origin(setting: &Setting) -> Option<String> {
    let url = Url::parse(setting.text()).ok()?;
    url.has_host().then(|| url.origin().ascii_serialization())
}

/// Whether cookies would cross a network in clear text.
fn is_clear(origin: &str) -> bool {
    PublicUrl::parse(origin).is_ok_and(|url| url.scheme() == Scheme::Http && !url.is_loopback())
}

pub(super) fn translate(given: &mut Given<'_>) -> Paths {
    let setting = given.take_filled("proxy_prefix");
    let prefix = setting.as_ref().map_or("/oauth2", |setting| setting.text()).trim_end_matches('/').to_owned();
    let source = setting.as_ref().map_or_else(|| "proxy_prefix (not set)".to_owned(), Setting::origin);
    given.ledger.source("paths", &source);
    let label = setting.as_ref().map_or("proxy_prefix (not set)", |setting| setting.label.as_str()).to_owned();
    given.ledger.carried(&label, format!("`paths`, below `{prefix}`; `rd` stays the parameter of links"));
    if prefix.is_empty() {
        given.ledger.refused(format!("{source} is `/`: name a path that no application has, such as `/oauth2`"));
    }
    let (callback, callback_url) = callback(given, &prefix);
    for url in &given.public_urls {
        let what = match url.contains('*') {
            _ if callback_url.is_some() => format!("`{}{callback}`", callback_url.as_deref().unwrap_or_default()),
            true => format!("`{callback}` at every host of `{url}` that people use, each"),
            false => format!("`{}{callback}`", url.trim_end_matches('/')),
        };
        let step = format!("see that {what} is registered at the provider as a redirect URI of the client");
        if !given.ledger.steps().contains(&step) {
            given.ledger.step(step);
        }
    }
    let own = Tree::map()
        .with("callback", callback)
        .with("signIn", format!("{prefix}/start"))
        .with("signOut", format!("{prefix}/sign_out"))
        .with("signedOut", format!("{prefix}/signed-out"))
        .with("whoami", format!("{prefix}/userinfo"))
        .with("homepage", format!("{prefix}/sign_in"));
    let tree = own.explained(&format!("{VERIFY}\nverify: {prefix}/auth"), "returnParameter", "rd");
    given.ledger.changed(
        &format!("{prefix}/sign_in"),
        format!("a page that says who is signed in, or has a link that signs in; `rd` counts at `{prefix}/start`"),
    );
    given.ledger.changed(
        &format!("{prefix}/auth"),
        format!(
            "no other proxy needs to ask any more. Write `paths.verify: {prefix}/auth` if one goes on asking: it asks about a path by \
             `{prefix}/auth/PATH` then, and is answered 204, 401 or 403. `allowed_groups` and its like in its query count for nothing: rules \
             in `routes` say who may pass where"
        ),
    );
    given.ledger.changed(&format!("{prefix}/userinfo"), "the same in other words: `headers` has what applications get");
    Paths { tree, callback_url }
}

/// `redirect_url`: its path, and its host where that is one of several.
fn callback(given: &mut Given<'_>, prefix: &str) -> (String, Option<String>) {
    let derived = format!("{prefix}/callback");
    let (_, relative) = given.switch("relative_redirect_url", false);
    if let Some(setting) = relative {
        given.change(&setting, "the provider gets the whole address: https:// and the host that was called");
    }
    let Some(setting) = given.take_filled("redirect_url") else { return (derived, None) };
    given.carry(&setting, "paths.callback");
    let host = origin(&setting);
    let path = match &host {
        Some(_) => Url::parse(setting.text()).map(|url| url.path().to_owned()).unwrap_or_default(),
        None => setting.text().to_owned(),
    };
    let path = if path.trim_matches('/').is_empty() { derived } else { path };
    let Some(host) = host else { return (path, None) };
    if is_clear(&host) {
        given.change(&setting, "people come by https alone: the path counts, at each public URL");
        return (path, None);
    }
    if !covers(&given.public_urls, &host) {
        let mend = format!("add `--public-url {host}`, or leave the host away");
        given.refuse(&setting, "is at a host that is no public URL", &mend);
    }
    let several = given.public_urls.len() > 1 || given.public_urls.iter().any(|url| url.contains('*'));
    if !several {
        return (path, None);
    }
    given.ledger.source("callbackUrl", &setting.origin());
    given.ledger.carried(&setting.label, format!("`callbackUrl: {host}`: all sign-ins come back to this host"));
    (path, Some(host))
}

/// Whether an origin is one of the public URLs, or may be: one that cannot be read is refused elsewhere.
pub(super) fn covers(urls: &[String], origin: &str) -> bool {
    let urls: Result<Vec<_>, _> = urls.iter().map(|url| PublicUrl::parse(url)).collect();
    match (urls, Origin::parse(origin)) {
        (Ok(urls), Ok(origin)) => PublicUrls::new(urls).cover(&origin),
        _ => true,
    }
}

/// Above `paths` in the configuration.
pub(super) const WHY: &str = "Where oauth2-proxy had its endpoints. The others have the paths of `edge-oidc check`.";
const VERIFY: &str = "Where another proxy asks whether a request passes, at a listener that leaves paths alone, and nobody else can ask:";
