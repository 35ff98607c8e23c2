//! `logout`: how signing out continues at the provider.
//!
//! Decides which members go with which kind. The address that a browser is sent to is made in `oidc::logout`.

use super::{
    address::{self, own_path, page},
    read::{Node, Object, Report},
};
use crate::oidc::provider::{EndpointOverrides, LogoutKind, ProviderKind};

const KNOWN: [&str; 6] = ["kind", "logoutUri", "postLogoutRedirectUri", "idTokenHint", "returnUrl", "returnUrls"];

#[derive(Clone, Copy)]
enum Kind {
    Cognito,
    Local,
    RpInitiated,
}

/// Without `logout`: what is certain to work with a provider of this kind.
pub(super) fn default(kind: ProviderKind) -> LogoutKind {
    match kind {
        ProviderKind::Cognito => LogoutKind::Cognito { logout_uri: None },
        ProviderKind::Oidc => LogoutKind::LOCAL,
    }
}

pub(super) fn read(
    node: &Node<'_>,
    provider: ProviderKind,
    insecure_http: bool,
    report: &mut Report,
) -> Option<LogoutKind> {
    let object = node.object(&KNOWN, report)?;
    let kind = kind(&object, provider, report)?;
    let mut refuse = |name, what: &str, mend: &str| {
        object.member(name).into_iter().for_each(|node| node.problem(report, what, mend));
    };
    match kind {
        Kind::Cognito => {
            let what = "is not for Cognito's sign-out";
            refuse("postLogoutRedirectUri", what, "write `logoutUri`: Cognito's `/logout` knows it by that name only");
            refuse("idTokenHint", what, "remove it: Cognito's `/logout` takes no ID token");
            refuse("returnUrl", what, "write `logoutUri`: from there the browser comes back to it");
            let logout_uri = object.member("logoutUri").and_then(|node| url(&node, insecure_http, report));
            Some(LogoutKind::Cognito { logout_uri })
        }
        Kind::Local => {
            let what = "has no effect with a local sign-out";
            let mend = match provider {
                ProviderKind::Cognito => "remove it",
                ProviderKind::Oidc => "remove it, or write `kind: rpInitiated`",
            };
            refuse("logoutUri", what, "remove it");
            refuse("postLogoutRedirectUri", what, mend);
            refuse("idTokenHint", what, mend);
            let return_url = object.member("returnUrl").and_then(|node| landing(&node, report));
            Some(LogoutKind::Local { return_url })
        }
        Kind::RpInitiated => {
            refuse("logoutUri", "is Cognito's", "write `postLogoutRedirectUri`");
            refuse("returnUrl", "is for a local sign-out", "write `postLogoutRedirectUri`");
            let uri = object.member("postLogoutRedirectUri");
            let post_logout_redirect_uri = uri.and_then(|node| url(&node, insecure_http, report));
            let id_token_hint = object.member("idTokenHint").and_then(|node| node.flag(report)).unwrap_or(true);
            Some(LogoutKind::RpInitiated { post_logout_redirect_uri, id_token_hint })
        }
    }
}

/// Warns of a provider's sign-out that nobody will ever learn of: without metadata its address stands in `endpoints` or nowhere.
pub(super) fn judge(node: &Node<'_>, logout: &LogoutKind, endpoints: &EndpointOverrides, report: &mut Report) {
    let by_hand = endpoints.authorization.is_some() && endpoints.token.is_some() && endpoints.jwks.is_some();
    if matches!(logout, LogoutKind::RpInitiated { .. }) && by_hand && endpoints.end_session.is_none() {
        let mend = "add `endSession` to `endpoints`: with `authorization`, `token` and `jwks` there the provider's metadata is \
                    never fetched, so signing out ends our own session only";
        report.warning(node.path(), "is `rpInitiated`, but nothing says where the provider signs people out", mend);
    }
}

/// `returnUrls`: where a person may ask to land after signing out, beside our own site.
pub(super) fn return_urls(node: &Node<'_>, insecure_http: bool, report: &mut Report) -> Vec<String> {
    let Some(urls) = node.member_of("returnUrls") else { return Vec::new() };
    let urls = urls.list(report).unwrap_or_default();
    urls.iter().filter_map(|node| url(node, insecure_http, report)).collect()
}

fn kind(logout: &Object<'_>, provider: ProviderKind, report: &mut Report) -> Option<Kind> {
    let Some(node) = logout.member("kind") else {
        return Some(match provider {
            ProviderKind::Cognito => Kind::Cognito,
            ProviderKind::Oidc => Kind::Local,
        });
    };
    let kinds = [("cognito", Kind::Cognito), ("rpInitiated", Kind::RpInitiated), ("local", Kind::Local)];
    let kind = node.choice(&kinds, report)?;
    match (kind, provider) {
        (Kind::Cognito, ProviderKind::Oidc) => {
            let mend = "write `rpInitiated` or `local`: only Cognito has this kind of sign-out page";
            node.problem(report, "is Cognito's at a provider that is not Cognito", mend);
            None
        }
        (Kind::RpInitiated, ProviderKind::Cognito) => {
            let mend = "write `cognito`: Cognito answers RP-initiated logout with an error page, and signs nobody out";
            node.problem(report, "is `rpInitiated` at Cognito", mend);
            None
        }
        _ => Some(kind),
    }
}

/// Kept as it is written: the provider compares it letter by letter with what is registered.
fn url(node: &Node<'_>, insecure_http: bool, report: &mut Report) -> Option<String> {
    address::endpoint(node, insecure_http, report)?;
    node.text(report).map(str::to_owned)
}

/// Where a local sign-out ends: a path of the same site, or a URL.
fn landing(node: &Node<'_>, report: &mut Report) -> Option<String> {
    match node.text(report)? {
        path if path.starts_with('/') => own_path(node, report),
        _ => page(node, report).map(String::from),
    }
}
