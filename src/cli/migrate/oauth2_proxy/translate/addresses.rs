//! The provider's addresses beside its issuer.
//!
//! Decides that endpoints count where no metadata is fetched, that a relative one lies at the public URL, and that plain http is
//! said aloud.

use url::Url;

use super::{
    super::{input::Setting, yaml::Tree},
    Given,
};
use crate::http::origin::is_loopback;

/// What is known of a provider's addresses.
pub(super) struct Addresses {
    /// Where browsers sign in, if the settings say, and which of them does.
    pub(super) authorization: Option<(Url, String)>,
    /// The domain of a pool.
    pub(super) domain: Option<String>,
    /// `endpoints`.
    pub(super) endpoints: Tree,
    /// Whether no metadata was fetched.
    pub(super) by_hand: bool,
    /// Whether UserInfo's is among the endpoints.
    pub(super) has_user_info: bool,
}

/// The provider with its addresses.
pub(super) fn read(given: &mut Given<'_>, kind: &str, issuer: &str, is_cognito: bool, tree: Tree) -> (Tree, Addresses) {
    let (by_hand, setting) = given.switch("skip_oidc_discovery", false);
    if let Some(setting) = setting {
        let becomes = if by_hand { "`providers[0].endpoints`" } else { "off: the metadata is fetched" };
        given.ledger.carried(&setting.label, becomes);
    }
    let mut endpoints = Tree::map();
    let mut urls = vec![issuer.to_owned()];
    let authorization = authorization(given, by_hand);
    let authorization = authorization.map(|(url, source)| {
        endpoints = std::mem::replace(&mut endpoints, Tree::map()).with("authorization", url.as_str());
        (Url::parse(&url).ok(), source)
    });
    let mut has_user_info = false;
    for (name, member) in [("redeem_url", "token"), ("oidc_jwks_url", "jwks"), ("profile_url", "userInfo")] {
        let Some(setting) = given.take_filled(name) else { continue };
        if !by_hand {
            given.lose(&setting, METADATA);
            continue;
        }
        given.carry(&setting, &format!("providers[0].endpoints.{member}"));
        urls.push(setting.text().to_owned());
        has_user_info |= member == "userInfo";
        endpoints = endpoints.with(member, setting.text());
    }
    let tree = insecure(given, &urls, tree);
    let (tree, domain) = domain(given, kind, issuer, is_cognito, tree);
    let authorization = authorization.and_then(|(url, source)| Some((url?, source)));
    (tree, Addresses { authorization, domain, endpoints, by_hand, has_user_info })
}

/// `login_url`, made absolute.
fn authorization(given: &mut Given<'_>, by_hand: bool) -> Option<(String, String)> {
    let path = "providers[0].endpoints.authorization";
    let setting = given.take_filled("login_url");
    let (url, label, origin) = match (given.choices.authorization_url.clone(), &setting) {
        (Some(url), _) => (url, "--authorization-url".to_owned(), "--authorization-url".to_owned()),
        (None, Some(setting)) if by_hand => (setting.text().to_owned(), setting.label.clone(), setting.origin()),
        (None, Some(setting)) => {
            given.lose(setting, METADATA);
            return None;
        }
        (None, None) => return None,
    };
    given.ledger.source(path, &origin);
    if !url.starts_with('/') {
        given.ledger.carried(&label, format!("`{path}`"));
        return Some((url, origin));
    }
    let Some(host) = given.first_host() else {
        given.ledger.refused(format!(
            "{origin} is relative to the host that people call: give `--authorization-url` with https:// and a host"
        ));
        return None;
    };
    given.ledger.changed(&label, format!("`{path}`, at {host}: oauth2-proxy left the host to the browser"));
    Some((format!("{host}{url}"), origin))
}

/// Plain http to the provider.
fn insecure(given: &mut Given<'_>, urls: &[String], tree: Tree) -> Tree {
    let is_plain = |url: &&String| {
        let url = Url::parse(url).ok();
        url.is_some_and(|url| url.scheme() == "http" && !is_loopback(url.host_str().unwrap_or_default()))
    };
    let Some(url) = urls.iter().find(is_plain) else { return tree };
    given.ledger.source("providers[0].insecureHttp", "oidc_issuer_url");
    let what = format!(
        "plain http to {url}: `providers[0].insecureHttp: true`, with a warning. Whoever is between the gateway and the provider can \
         sign in as anyone; mutual TLS of the mesh, or https, ends that"
    );
    given.ledger.changed("provider's addresses", what);
    tree.explained(INSECURE, "insecureHttp", true)
}

/// The pool's domain: as an option, or in one of the endpoints.
fn domain(given: &mut Given<'_>, kind: &str, issuer: &str, is_cognito: bool, tree: Tree) -> (Tree, Option<String>) {
    const PATH: &str = "providers[0].clusters";
    if !is_cognito {
        if given.choices.domain.is_some() && !issuer.is_empty() && kind != "google" {
            given.ledger.refused("--domain is for a pool of Cognito's, and the issuer is none: leave it out");
        }
        return (tree, None);
    }
    let of = |setting: Setting| Some((Url::parse(setting.text()).ok()?.host_str()?.to_owned(), setting.origin()));
    let named =
        ["redeem_url", "login_url", "profile_url", "validate_url"].into_iter().find_map(|name| of(given.peek(name)?));
    let chosen = given.choices.domain.clone().map(|domain| (domain, "--domain".to_owned()));
    let Some((domain, origin)) = chosen.or(named) else {
        given.ledger.refused(
            "no setting names the domain of the pool: add `--domain HOST`, such as demo.auth.us-east-1.amazoncognito.com: tokens come \
             from there, so the gateway needs a way to it",
        );
        return (tree, None);
    };
    let domain = domain.trim_start_matches("https://").trim_end_matches('/').to_owned();
    given.ledger.source(PATH, &origin);
    given.ledger.carried(if origin == "--domain" { "--domain" } else { "the pool's domain" }, format!("`{PATH}`"));
    let clusters = Tree::map().with(&domain, format!("outbound|443||{domain}"));
    (tree.explained("The pool's domain, where tokens come from.", "clusters", clusters), Some(domain))
}

const METADATA: &str = "the metadata of the issuer counts, as with oauth2-proxy while `skip_oidc_discovery` is off";
const INSECURE: &str = "Plain http, as oauth2-proxy had it: whoever is between the gateway and the provider can sign in as anyone.\n\
                        Mutual TLS of the mesh guards it inside the cluster; write https where the provider has it.";
