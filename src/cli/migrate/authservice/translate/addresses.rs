//! The provider's addresses beside its issuer.
//!
//! Decides that a relative authorization endpoint lies at the public URL, and that plain http is said aloud.

use url::Url;

use super::{
    super::{super::yaml::Tree, dialect::Dialect, go::Reference},
    Given,
    load_balancer::SignOutPage,
};
use crate::http::{origin::is_loopback, public_urls::PublicUrl};

/// What is known of a provider's addresses.
pub(super) struct Addresses {
    /// Where browsers sign in, if the settings say.
    pub(super) authorization: Option<Url>,
    /// The domain of a pool.
    pub(super) domain: Option<String>,
}

/// The provider with its addresses.
pub(super) fn read(given: &mut Given<'_>, issuer: &str, is_cognito: bool, tree: Tree) -> (Tree, Addresses) {
    let mut tree = tree;
    let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
    let insecure = Url::parse(issuer).ok().filter(|url| url.scheme() == "http" && !is_loopback(&host(url)));
    if insecure.is_some() {
        let setting = given.take("OIDC_PROVIDER");
        let (label, origin) = setting.map(|setting| (setting.label().to_owned(), setting.origin())).unwrap_or_default();
        given.ledger.source("providers[0].insecureHttp", &origin);
        let what = "plain http to the provider: `providers[0].insecureHttp: true`, with a warning. Whoever is between the \
                    gateway and the provider can sign in as anyone; mutual TLS of the mesh, or https, ends \
                    that";
        given.ledger.changed(&label, what);
        tree = tree.explained(INSECURE, "insecureHttp", true);
    }
    let endpoint = authorization(given, issuer);
    let authorization = endpoint.as_ref().and_then(|endpoint| Url::parse(endpoint).ok());
    let endpoint = endpoint.map(|endpoint| Tree::map().with("authorization", endpoint));
    tree = tree.with_some("endpoints", endpoint);
    let without_domain = |authorization| Addresses { authorization, domain: None };
    if !is_cognito {
        if given.choices.domain.is_some() && !issuer.is_empty() {
            given.ledger.refused("--domain is for a pool of Cognito's, and the issuer is none: leave it out");
        }
        return (tree, without_domain(authorization));
    }
    let Some(domain) = domain(given) else {
        refuse_without_domain(given);
        return (tree, without_domain(authorization));
    };
    let cluster = format!("outbound|443||{domain}");
    let clusters = Tree::map().with(&domain, cluster);
    let tree = tree.explained("The pool's domain, where tokens come from.", "clusters", clusters);
    (tree, Addresses { authorization, domain: Some(domain) })
}

/// `OIDC_AUTH_URL`, made absolute.
fn authorization(given: &mut Given<'_>, issuer: &str) -> Option<String> {
    let path = "providers[0].endpoints.authorization";
    let Some(setting) = given.take_filled("OIDC_AUTH_URL") else {
        if Url::parse(issuer).is_ok_and(|url| is_in_cluster(&url)) {
            given.ledger.step(
                "if browsers cannot reach the sign-in page that the metadata of the issuer names (its host is a name \
                 inside the cluster, and no OIDC_AUTH_URL is set), run this again with `--authorization-url`, such as \
                 `--authorization-url \
                 /dex/auth`",
            );
        }
        return None;
    };
    let Some(reference) = Reference::parse(&setting.value) else {
        given.refuse(&setting, "is no URL", "write it as `/dex/auth`, or with https:// and the host");
        return None;
    };
    if reference.absolute.is_some() {
        given.carry(&setting, path);
        return Some(setting.value);
    }
    if !reference.path.starts_with('/') {
        given.refuse(&setting, "is no path and no URL", "begin it with `/`, or with https:// and a host");
        return None;
    }
    let Some(origin) = given.choices.first_host() else {
        let mend = "give `--authorization-url` with https:// and a host: no `--public-url` is one host";
        given.refuse(&setting, "is relative to the host that people call", mend);
        return None;
    };
    given.ledger.source(path, &setting.origin());
    given.ledger.changed(setting.label(), format!("`{path}`, at {origin}: authservice left the host to the browser"));
    Some(format!("{origin}{}", reference.path_and_query))
}

/// Whether only the cluster knows the host.
fn is_in_cluster(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.ends_with(".svc") || host.contains(".svc.") || !host.contains('.')
}

/// The pool's domain: as an option, as a parameter, or in the address of its sign-out page.
fn domain(given: &mut Given<'_>) -> Option<String> {
    const PATH: &str = "providers[0].clusters";
    let page = ["AFTER_LOGOUT_URL", "LOGOUT_URL"].into_iter().find_map(|name| {
        let setting = given.take(name)?;
        Some((SignOutPage::parse(&setting.value)?.domain, setting.origin()))
    });
    let domain = if let Some(chosen) = given.choices.domain.clone() {
        if let Some(setting) = given.take("CognitoUserPoolDomain").filter(|setting| setting.value != chosen) {
            given.ledger.changed(&setting.name, "`--domain` says otherwise, and counts");
        }
        given.ledger.source(PATH, "--domain");
        chosen
    } else if let Some(setting) = given.take_filled("CognitoUserPoolDomain") {
        given.carry(&setting, PATH);
        setting.value
    } else {
        let (domain, origin) = page?;
        given.ledger.source(PATH, &origin);
        domain
    };
    Some(domain.trim_start_matches("https://").trim_end_matches('/').to_owned())
}

/// Without its domain a pool signs nobody in.
fn refuse_without_domain(given: &mut Given<'_>) {
    let whose = match given.dialect {
        Dialect::LoadBalancer => "CognitoUserPoolDomain is empty, or in none of the files",
        _ => "no setting names the domain of the pool",
    };
    given.ledger.refused(format!(
        "{whose}: add `--domain HOST`, such as demo.auth.us-east-1.amazoncognito.com: tokens come from there, so the \
         gateway needs a way to \
         it"
    ));
}

impl super::super::Choices {
    /// The first public URL that is one host, without a `/` at its end.
    pub(in crate::cli::migrate::authservice) fn first_host(&self) -> Option<String> {
        let first =
            self.public_urls.iter().filter(|url| PublicUrl::parse(url).is_ok()).find(|url| !url.contains("//*."))?;
        Some(first.trim_end_matches('/').to_owned())
    }
}

const INSECURE: &str = "Plain http, as authservice had it: whoever is between the gateway and the provider can sign in as \
                        anyone.\n\
                        Mutual TLS of the mesh guards it inside the cluster; write https where the provider has it.";
