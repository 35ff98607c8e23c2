//! What a provider is for: people who sign in, or programs with their tokens only.
//!
//! Decides which members of a provider's block that takes, and refuses those that would have no effect. What the members
//! say is read by `client` and `logout`.

use super::{
    Environment, client, logout,
    read::{Node, Object, Report},
};
use crate::oidc::{
    bearer::{BearerRule, TokenKind},
    client_auth::ClientAuthentication,
    provider::{EndpointOverrides, LogoutKind, ProviderKind},
};

/// Our client at a provider, and what it is for.
pub(super) struct Role {
    pub(super) signs_in: bool,
    pub(super) display_name: Option<String>,
    pub(super) user_info: bool,
    pub(super) client_id: String,
    pub(super) client_authentication: ClientAuthentication,
    pub(super) scopes: Vec<String>,
    pub(super) authorization_parameters: Vec<(String, String)>,
    pub(super) logout: LogoutKind,
    pub(super) logout_return_urls: Vec<String>,
}

/// What is known of the provider when its role is read.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) kind: ProviderKind,
    pub(super) insecure_http: bool,
    pub(super) endpoints: &'a EndpointOverrides,
    pub(super) bearer: &'a [BearerRule],
}

pub(super) fn read(
    provider: &Object<'_>,
    given: Given<'_>,
    environment: &dyn Environment,
    report: &mut Report,
) -> Option<Role> {
    let has = |name: &str| provider.member(name).is_some();
    let asked = provider.member("signIn").and_then(|node| node.flag(report));
    let signs_in = asked.unwrap_or(has("clientId") || !has("bearer"));
    let role = match signs_in {
        true => people(provider, given, environment, report),
        false => programs(provider, given, environment, report),
    };
    judge_introspection(provider, given.bearer, signs_in, report);
    judge_endpoints(provider, given, signs_in, report);
    role
}

fn people(provider: &Object<'_>, given: Given<'_>, environment: &dyn Environment, report: &mut Report) -> Option<Role> {
    let mend = match provider.member("bearer") {
        Some(_) => "add the client id of the app client, as the provider shows it",
        None => {
            "add the client id of the app client, as the provider shows it; or `bearer`, if only programs come from here"
        }
    };
    let client_id = client::id(provider, mend, report);
    let client_authentication = client::authentication(provider, given.kind, environment, report);
    let scopes = client::scopes(provider, given.kind, report);
    let authorization_parameters = provider.member("authorizationParameters");
    let authorization_parameters =
        authorization_parameters.map(|node| client::authorization_parameters(&node, report)).unwrap_or_default();
    let user_info = provider.member("userInfo").and_then(|node| node.flag(report)).unwrap_or(false);
    let display_name = provider.member("displayName").and_then(|node| display_name(&node, report));
    let logout_node = provider.member("logout");
    let read = |node: &Node<'_>, report: &mut Report| logout::read(node, given.kind, given.insecure_http, report);
    let logout = logout_node.as_ref().map_or_else(|| Some(logout::default(given.kind)), |node| read(node, report));
    if let (Some(node), Some(logout)) = (&logout_node, &logout) {
        logout::judge(node, logout, given.endpoints, report);
    }
    let return_urls = logout_node.map(|node| logout::return_urls(&node, given.insecure_http, report));
    Some(Role {
        signs_in: true,
        display_name: display_name.map(str::to_owned),
        user_info,
        client_id: client_id?.to_owned(),
        client_authentication: client_authentication?,
        scopes,
        authorization_parameters,
        logout: logout?,
        logout_return_urls: return_urls.unwrap_or_default(),
    })
}

fn programs(
    provider: &Object<'_>,
    given: Given<'_>,
    environment: &dyn Environment,
    report: &mut Report,
) -> Option<Role> {
    let mend = "list the tokens that are taken: nobody signs in here, so the provider would be for nothing";
    provider.required("bearer", mend, report);
    refuse_what_people_need(provider, report);
    let introspects = given.bearer.iter().any(|rule| rule.kind == TokenKind::Introspection);
    let client_id = provider.member("clientId");
    if let Some(node) = client_id.as_ref().filter(|_| !introspects && provider.member("bearer").is_some()) {
        let mend =
            "remove it, or remove `signIn: false`: only people who sign in and `kind: introspection` need a client";
        node.problem(report, "has no effect", mend);
    }
    let authentication = match client_id {
        Some(_) => client::authentication(provider, given.kind, environment, report),
        None => {
            for node in ["clientSecret", "clientAuthentication", "basicEncoding"].map(|name| provider.member(name)) {
                let mend = "add `clientId`, or remove it";
                node.into_iter()
                    .for_each(|node| node.problem(report, "belongs to a client, but there is no `clientId`", mend));
            }
            Some(ClientAuthentication::None)
        }
    };
    let client_id = client_id.and_then(|_| client::id(provider, "", report)).unwrap_or_default();
    Some(Role {
        signs_in: false,
        display_name: None,
        user_info: false,
        client_id: client_id.to_owned(),
        client_authentication: authentication?,
        scopes: Vec::new(),
        authorization_parameters: Vec::new(),
        logout: LogoutKind::LOCAL,
        logout_return_urls: Vec::new(),
    })
}

fn refuse_what_people_need(provider: &Object<'_>, report: &mut Report) {
    let mend = "remove it, or let people sign in: with a `clientId` and without `signIn: false`";
    let mut refuse = |node: Option<Node<'_>>| {
        node.into_iter().for_each(|node| node.problem(report, "has no effect: nobody signs in here", mend));
    };
    for name in ["displayName", "scopes", "authorizationParameters", "signInParameters", "logout", "userInfo"] {
        refuse(provider.member(name));
    }
    let endpoints = provider.member("endpoints");
    for name in ["authorization", "token", "endSession", "revocation"] {
        refuse(endpoints.as_ref().and_then(|node| node.member_of(name)));
    }
}

/// Only a client that proves itself may introspect (RFC 7662 §2.1).
fn judge_introspection(provider: &Object<'_>, bearer: &[BearerRule], signs_in: bool, report: &mut Report) {
    if bearer.iter().any(|rule| rule.kind == TokenKind::Introspection) {
        let mend = "add the credentials of a client that may introspect at this provider (RFC 7662 §2.1); with `signIn: false` they \
                    are for nothing else";
        if !signs_in {
            provider.required("clientId", mend, report);
        }
        provider.required("clientSecret", mend, report);
    }
}

/// Endpoints that nobody will ever learn of, because nothing else needs the provider's metadata.
fn judge_endpoints(provider: &Object<'_>, given: Given<'_>, signs_in: bool, report: &mut Report) {
    let endpoints = given.endpoints;
    let by_hand =
        endpoints.jwks.is_some() && (!signs_in || endpoints.authorization.is_some() && endpoints.token.is_some());
    if !by_hand {
        return;
    }
    let asks = |kind| given.bearer.iter().any(|rule| rule.kind == kind);
    let user_info = signs_in && provider.member("userInfo").is_some_and(|node| node.is_true());
    let wanted = [
        ("userInfo", user_info || asks(TokenKind::UserInfo), endpoints.user_info.is_some()),
        ("introspection", asks(TokenKind::Introspection), endpoints.introspection.is_some()),
    ];
    for (name, _, _) in wanted.into_iter().filter(|(_, asked, given)| *asked && !given) {
        let mend = "add it: with the other endpoints written here the provider's metadata is never fetched, so nothing else names it";
        let place = format!("{}.endpoints.{name}", provider.path());
        report.problem(&place, "is missing", mend);
    }
}

/// What stands on the button of the sign-in page.
fn display_name<'a>(node: &Node<'a>, report: &mut Report) -> Option<&'a str> {
    let name = node.text(report)?;
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) || name.trim() != name {
        node.problem(report, "is not a short name", "write up to 64 characters in one line: people choose by it");
    }
    Some(name)
}

const LONGEST_NAME: usize = 64;
