//! `bearer` of a provider: which bearer tokens are taken from an issuer.
//!
//! Decides that every entry says for whom its tokens must be: a token that was made for another application must not
//! open this one. How tokens are validated is `oidc::bearer`'s.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    identity::{self, Common},
    read::{Node, Object, Report, alternatives, each_once},
};
use crate::oidc::{
    bearer::{BearerRule, TokenKind},
    provider::ProviderKind,
};

/// What an entry may say beside `kind` and `identity`.
const MEMBERS: [&str; 5] = ["audiences", "clientIds", "types", "cache", "anyClient"];

pub(super) fn read(node: &Node<'_>, provider: ProviderKind, common: Common, report: &mut Report) -> Vec<BearerRule> {
    let nodes = node.list(report).unwrap_or_default();
    let mut opaque = None;
    let mut rules = Vec::new();
    for node in &nodes {
        let Some(rule) = rule(node, provider, common, report) else { continue };
        if rule.kind.lookup().is_some() {
            judge_only(node, &mut opaque, report);
        }
        rules.push(rule);
    }
    rules
}

fn judge_only(node: &Node<'_>, earlier: &mut Option<String>, report: &mut Report) {
    if let Some(earlier) = earlier {
        let mend = "keep one: such a token does not show which of them it is for";
        node.problem(report, format!("asks the provider about opaque tokens, as `{earlier}` does"), mend);
    }
    *earlier = Some(node.path().to_owned());
}

fn rule(node: &Node<'_>, provider: ProviderKind, common: Common, report: &mut Report) -> Option<BearerRule> {
    let known: Vec<_> = ["kind", "identity"].into_iter().chain(MEMBERS).collect();
    let object = node.object(&known, report)?;
    let mend = format!("write {}", alternatives(&KINDS.map(|(name, _)| name)));
    let kind_node = object.required("kind", &mend, report)?;
    let kind = kind_node.choice(&KINDS, report)?;
    if let Some((what, mend)) = provider_lacks(provider, kind) {
        kind_node.problem(report, what, mend);
        return None;
    }
    refuse_others(&object, provider, kind, report);
    let mut names = |member| object.member(member).map(|node| each_once(&node, report, name)).unwrap_or_default();
    let (audiences, client_ids) = (names("audiences"), names("clientIds"));
    let named = judge_whose(&object, provider, kind, report);
    let types = object.member("types").map(|node| each_once(&node, report, token_type));
    let cache = object.member("cache").and_then(|node| node.duration(CACHE, "from `0s` to `10m`", report));
    let naming = object.member("identity").map(|node| identity::naming(&node, common, report));
    named.then_some(BearerRule {
        kind,
        audiences,
        client_ids,
        types: types.unwrap_or_else(|| vec![AT_JWT.to_owned()]),
        cache: cache.unwrap_or(Duration::from_mins(1)),
        naming: naming.unwrap_or_default(),
    })
}

fn provider_lacks(provider: ProviderKind, kind: TokenKind) -> Option<(&'static str, &'static str)> {
    match (provider, kind) {
        (ProviderKind::Cognito, TokenKind::ServiceAccount) => Some((
            "is `service_account` at Cognito",
            "add a provider for the cluster: its `issuer` is the one of the Kubernetes API server, and it needs no `clientId`",
        )),
        (ProviderKind::Cognito, TokenKind::Introspection | TokenKind::UserInfo) => Some((
            "asks Cognito about opaque tokens",
            "write `access_token` with `clientIds`: Cognito's access tokens are JWTs, and it has no introspection",
        )),
        _ => None,
    }
}

/// Members that have no meaning for tokens of this kind.
fn refuse_others(rule: &Object<'_>, provider: ProviderKind, kind: TokenKind, report: &mut Report) {
    let meant: &[&str] = match (kind, provider) {
        (TokenKind::AccessToken, ProviderKind::Cognito) => &["audiences", "clientIds"],
        (TokenKind::AccessToken, ProviderKind::Oidc) => &["audiences", "clientIds", "types"],
        (TokenKind::IdToken, _) => &["audiences", "clientIds"],
        (TokenKind::Introspection, _) => &["audiences", "clientIds", "cache"],
        (TokenKind::ServiceAccount, _) => &["audiences"],
        (TokenKind::UserInfo, _) => &["anyClient", "cache"],
    };
    for name in MEMBERS.into_iter().filter(|name| !meant.contains(name)) {
        if let Some(node) = rule.member(name) {
            let mend = match (kind, name) {
                (TokenKind::UserInfo, "audiences" | "clientIds") => {
                    "remove it: UserInfo does not say for whom a token is; `kind: introspection` does"
                }
                (TokenKind::AccessToken, "types") => "remove it: Cognito's tokens say by `token_use` what they are",
                _ => "remove it",
            };
            node.problem(report, format!("has no meaning for tokens of kind `{}`", name_of(kind)), mend);
        }
    }
}

/// Whether the entry says whose tokens it takes (T-111).
fn judge_whose(rule: &Object<'_>, provider: ProviderKind, kind: TokenKind, report: &mut Report) -> bool {
    let others = "a token that was made for another application must not open this one";
    let has = |name: &str| rule.member(name).is_some();
    let (name, mend) = match (kind, provider) {
        (TokenKind::AccessToken, ProviderKind::Cognito) => {
            ("clientIds", format!("list the app clients whose access tokens are taken: {others}"))
        }
        (TokenKind::Introspection, _) if has("clientIds") => return true,
        (TokenKind::Introspection, _) => (
            "audiences",
            format!("list the audiences that tokens must be for, or `clientIds` that they were made for: {others}"),
        ),
        (TokenKind::UserInfo, _) => return judge_any_client(rule, report),
        (TokenKind::IdToken, _) => {
            ("audiences", format!("list the client ids whose ID tokens are taken, such as kubelogin's: {others}"))
        }
        _ => ("audiences", format!("list the audiences that tokens must be for: {others}")),
    };
    rule.required(name, &mend, report).is_some()
}

fn judge_any_client(rule: &Object<'_>, report: &mut Report) -> bool {
    let mend = "write `anyClient: true` if whoever has any token of this provider may come in: UserInfo does not say for whom \
                a token was made; better, use `kind: introspection` with `audiences`";
    let Some(node) = rule.required("anyClient", mend, report) else { return false };
    match node.flag(report) {
        Some(true) => {
            let mend = "every application that people sign in to at this provider can come in here with their tokens; \
                        use `kind: introspection` with `audiences` if the provider has it";
            report.warning(node.path(), "takes tokens that were made for any application", mend);
            true
        }
        Some(false) => {
            node.problem(report, "is false, so that no token could be taken", mend);
            false
        }
        None => false,
    }
}

/// An audience, a client id.
fn name(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let name = node.text(report)?;
    if name.trim() != name || name.chars().any(char::is_control) {
        node.problem(report, "has spaces around it or a control character", "write it as it stands in the token");
    }
    Some(name.to_owned())
}

/// `typ` of JWT access tokens (RFC 9068 §2.1), in lower case and without `application/` (RFC 7515 §4.1.9).
fn token_type(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let text = node.text(report)?.to_ascii_lowercase();
    let name = text.strip_prefix("application/").unwrap_or(&text);
    if name == JWT {
        let mend =
            "remove it if the provider writes `at+jwt`, which no other kind of token can be taken for (RFC 9068)";
        report.warning(node.path(), "takes access tokens that do not say what they are", mend);
    } else if name != AT_JWT {
        node.problem(report, "is not the type of an access token", "write `at+jwt` or `JWT`");
    }
    Some(name.to_owned())
}

/// The name of a kind in the configuration.
pub(super) fn name_of(kind: TokenKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("", |(name, _)| name)
}

/// The kinds of bearer tokens by their names in a configuration.
pub const KINDS: [(&str, TokenKind); 5] = [
    ("id_token", TokenKind::IdToken),
    ("access_token", TokenKind::AccessToken),
    ("service_account", TokenKind::ServiceAccount),
    ("introspection", TokenKind::Introspection),
    ("user_info", TokenKind::UserInfo),
];
const AT_JWT: &str = "at+jwt";
const JWT: &str = "jwt";
const CACHE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_mins(10);
