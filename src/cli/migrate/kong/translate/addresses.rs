//! The provider's addresses beside its issuer.
//!
//! Decides which endpoints stand by hand, how a pool's domain is known, and that plain http is said aloud.

use serde_json::Value;
use url::Url;

use super::{super::super::yaml::Tree, given::Given, sign_out::SignOutPage};
use crate::http::origin::is_loopback;

const ENDPOINTS: [(&str, &str); 7] = [
    ("authorization_endpoint", "authorization"),
    ("token_endpoint", "token"),
    ("jwks_endpoint", "jwks"),
    ("end_session_endpoint", "endSession"),
    ("revocation_endpoint", "revocation"),
    ("userinfo_endpoint", "userInfo"),
    ("introspection_endpoint", "introspection"),
];

/// The provider with its addresses, and the domain of a pool.
pub(super) fn read(
    given: &mut Given<'_>,
    path: &str,
    issuer: &str,
    is_cognito: bool,
    tree: Tree,
) -> (Tree, Option<String>) {
    let domain = if is_cognito { domain(given, issuer) } else { None };
    let mut tree = tree;
    if let Some(domain) = &domain {
        let cluster = format!("outbound|443||{domain}");
        let clusters = Tree::map().with(domain, cluster);
        tree = tree.explained("The pool's domain, where tokens come from.", "clusters", clusters);
    }
    let mut plain = Url::parse(issuer).is_ok_and(|url| is_plain(&url));
    let mut endpoints = Tree::map();
    for (name, ours) in ENDPOINTS {
        let Some(address) = given.text(name) else { continue };
        if name == "end_session_endpoint" && (is_cognito || SignOutPage::parse(&address).is_some()) {
            continue;
        }
        given.carry(name, &format!("{path}.endpoints.{ours}"));
        plain |= Url::parse(&address).is_ok_and(|url| is_plain(&url));
        endpoints = endpoints.with(ours, address);
    }
    if given.boolean("using_pseudo_issuer") {
        match ["authorization_endpoint", "token_endpoint", "jwks_endpoint"].iter().all(|name| given.is_set(name)) {
            true => given.carried("using_pseudo_issuer", "the three endpoints stand by hand, so the metadata is never fetched"),
            false => given.refuse(
                "using_pseudo_issuer",
                "means that there is no metadata: write authorization_endpoint, token_endpoint and jwks_endpoint, and as the issuer what \
                 stands in `iss` of the tokens",
            ),
        }
    }
    if plain {
        given.source(&format!("{path}.insecureHttp"), "issuer");
        given.changed("issuer", INSECURE);
        tree = tree.explained(
            "Whoever is between the gateway and the provider can sign in as anyone.",
            "insecureHttp",
            true,
        );
    }
    if !endpoints.is_empty() {
        tree = tree.with("endpoints", endpoints);
    }
    others(given, issuer);
    (tree, domain)
}

fn is_plain(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url.host_str().unwrap_or_default())
}

/// The pool's domain: chosen, or in one of the addresses.
fn domain(given: &mut Given<'_>, issuer: &str) -> Option<String> {
    let pool = issuer.rsplit('/').next().unwrap_or_default();
    let chosen = given.choices.domains.iter().find_map(|domain| match domain.split_once('=') {
        Some((of, host)) => (of == pool).then(|| host.to_owned()),
        None => Some(domain.clone()),
    });
    if let Some(domain) = chosen {
        given.ledger.source("providers[0].clusters", "--domain");
        return Some(domain.trim_start_matches("https://").trim_end_matches('/').to_owned());
    }
    let names = [
        "authorization_endpoint",
        "token_endpoint",
        "end_session_endpoint",
        "logout_redirect_uri",
        "userinfo_endpoint",
    ];
    let found = names.into_iter().find_map(|name| {
        let address = given.text(name)?;
        let host = match name {
            "end_session_endpoint" | "logout_redirect_uri" => SignOutPage::parse(&address)?.domain,
            _ => Url::parse(&address).ok()?.host_str()?.to_owned(),
        };
        Some((name, host))
    });
    match found {
        Some((name, host)) => {
            given.source("providers[0].clusters", name);
            given.ledger.carried("the pool's domain", format!("`{host}`, from {name}"));
            Some(host)
        }
        None => {
            given.ledger.refused(format!(
                "issuer ({}) is a pool of Cognito's, and no setting names its domain: add `--domain HOST`, such as \
                 demo.auth.us-east-1.amazoncognito.com. Tokens come from there, so the gateway needs a way to it",
                given.plugin.place
            ));
            None
        }
    }
}

/// `issuers_allowed`: the issuer itself, or others.
fn others(given: &mut Given<'_>, issuer: &str) {
    let others: Vec<_> = given.list("issuers_allowed").into_iter().filter(|other| other != issuer).collect();
    match others.as_slice() {
        [] if given.is_set("issuers_allowed") => given.carried("issuers_allowed", "the issuer alone counts"),
        [] => {}
        _ => given.refuse(
            "issuers_allowed",
            &format!(
                "holds other issuers ({}): each is a provider of its own here, with keys and audiences of its own. Remove it, and add to \
                 the new configuration for each `{{ issuer: …, signIn: false, bearer: [{{ kind: access_token, audiences: […] }}] }}`",
                others.join(", ")
            ),
        ),
    }
    if given.written("login_methods").is_some_and(|value| *value != Value::Null) {
        given.lost("login_methods", "a sign-in is by the provider's page; a bearer token makes no session");
    }
}

const INSECURE: &str = "plain http to the provider: `insecureHttp: true`, with a warning. Whoever is between the gateway and the provider \
                        can sign in as anyone; mutual TLS of the mesh, or https, ends that";
