//! Our client at a provider: its id, how it proves itself and what it asks for.
//!
//! Decides which combinations make sense. How a method works on the wire is `oidc::client_auth`'s.

use std::collections::BTreeSet;

use super::{
    Environment,
    read::{Node, Object, Report},
    secret,
};
use crate::oidc::{
    client_auth::{BasicEncoding, ClientAuthentication},
    provider::ProviderKind,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Basic,
    None,
    Post,
}

/// How the client proves itself: `clientSecret`, `clientAuthentication` and `basicEncoding`.
pub(super) fn authentication(
    provider: &Object<'_>,
    kind: ProviderKind,
    environment: &dyn Environment,
    report: &mut Report,
) -> Option<ClientAuthentication> {
    let secret_node = provider.member("clientSecret");
    let secret = secret_node.as_ref().map(|node| secret::read(node, environment, report));
    let method_node = provider.member("clientAuthentication");
    let methods =
        [("client_secret_post", Method::Post), ("client_secret_basic", Method::Basic), ("none", Method::None)];
    let method = match &method_node {
        Some(node) => node.choice(&methods, report)?,
        None => default_method(kind, secret_node.is_some()),
    };
    let encoding = basic_encoding(provider, method, report);
    match (method, secret) {
        (Method::None, None) => Some(ClientAuthentication::None),
        (Method::None, Some(_)) => {
            method_node?.problem(report, "is `none`, but there is a `clientSecret`", "remove one of the two");
            None
        }
        (_, None) => {
            method_node?.problem(
                report,
                "needs a `clientSecret`",
                "add the secret, or write `none` for a public client",
            );
            None
        }
        (Method::Post, Some(secret)) => Some(ClientAuthentication::Post { secret: secret? }),
        (Method::Basic, Some(secret)) => Some(ClientAuthentication::Basic { secret: secret?, encoding }),
    }
}

/// Cognito takes both, but only the form is unambiguous for its secrets that hold a `+`.
fn default_method(kind: ProviderKind, has_secret: bool) -> Method {
    match (has_secret, kind) {
        (false, _) => Method::None,
        (true, ProviderKind::Cognito) => Method::Post,
        (true, ProviderKind::Oidc) => Method::Basic,
    }
}

fn basic_encoding(provider: &Object<'_>, method: Method, report: &mut Report) -> BasicEncoding {
    let Some(node) = provider.member("basicEncoding") else { return BasicEncoding::Form };
    if method != Method::Basic {
        let mend = "remove it, or write `clientAuthentication: client_secret_basic`";
        node.problem(report, "has no effect without `client_secret_basic`", mend);
    }
    let encodings = [("form", BasicEncoding::Form), ("raw", BasicEncoding::Raw)];
    node.choice(&encodings, report).unwrap_or(BasicEncoding::Form)
}

/// `scopes`, by default those that a usual client allows.
pub(super) fn scopes(provider: &Object<'_>, kind: ProviderKind, report: &mut Report) -> Vec<String> {
    let Some(node) = provider.member("scopes") else {
        return ["openid", "email"].map(str::to_owned).to_vec();
    };
    let mut scopes = Vec::new();
    for node in node.list(report).unwrap_or_default() {
        if let Some(scope) = scope(&node, kind, report) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.iter().all(|scope| scope != "openid") {
        let mend = "add `openid`: without it there is no ID token (OpenID Connect Core §3.1.2.1)";
        node.problem(report, "lacks `openid`", mend);
    }
    if scopes.iter().collect::<BTreeSet<_>>().len() < scopes.len() {
        node.problem(report, "names a scope twice", "name each once");
    }
    scopes
}

fn scope<'a>(node: &Node<'a>, kind: ProviderKind, report: &mut Report) -> Option<&'a str> {
    let scope = node.text(report)?;
    // scope-token of RFC 6749 §3.3.
    if !scope.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~')) {
        node.problem(report, "is not one scope", "write each scope as an element of the list, without spaces");
    }
    if scope == "offline_access" && kind == ProviderKind::Cognito {
        let mend = "remove it: Cognito knows no such scope, refuses the sign-in, and gives a refresh token anyway";
        node.problem(report, "is `offline_access` at Cognito", mend);
    }
    Some(scope)
}

/// `authorizationParameters`: further members of the authorization request.
pub(super) fn authorization_parameters(node: &Node<'_>, report: &mut Report) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    for (name, node) in node.entries(report).unwrap_or_default() {
        judge_parameter(&node, name, report);
        let Some(value) = node.text(report) else { continue };
        if name == "prompt" && value.split(' ').any(|prompt| prompt == "none") {
            let mend = "remove it: nobody who is not signed in at the provider yet could ever sign in";
            node.problem(report, "asks for no sign-in page", mend);
        }
        parameters.push((name.to_owned(), value.to_owned()));
    }
    parameters
}

/// Whether a sign-in may send a parameter of this name beside its own.
pub(super) fn judge_parameter(node: &Node<'_>, name: &str, report: &mut Report) {
    if UNVERIFIED.contains(&name) {
        let mend = match name {
            "acr_values" | "max_age" => {
                "write it as `signIn` of the rules that ask for it: there the token is held to it"
            }
            _ => "remove it: a person can delete it from the address bar, and no token is held to it",
        };
        node.problem(report, "asks for what nothing would verify", mend);
    }
    if name.is_empty() || RESERVED.contains(&name) {
        let mend = "remove it: the sign-in sets it itself, and cannot do without its own value";
        node.problem(report, "is not a free parameter", mend);
    }
}

/// `clientId`.
pub(super) fn id<'a>(provider: &Object<'a>, mend: &str, report: &mut Report) -> Option<&'a str> {
    let node = provider.required("clientId", mend, report)?;
    let id = node.text(report)?;
    // VSCHAR of RFC 6749 appendix A.1.
    if !id.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || id.trim() != id {
        node.problem(
            report,
            "is not a client id",
            "write it exactly as the provider shows it, without spaces around it",
        );
    }
    Some(id)
}

/// Parameters whose effect only a claim would show (OpenID Connect Core §3.1.3.7, steps 12 and 13).
const UNVERIFIED: [&str; 5] = ["acr_values", "claims", "hd", "id_token_hint", "max_age"];

/// What the flow sets, and what would move the request or its answer out of its sight.
const RESERVED: [&str; 12] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];
