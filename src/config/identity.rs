//! `identity`: which claim becomes which header.
//!
//! Decides which header names may carry an identity. What they carry is decided by `identity`.

use std::collections::BTreeMap;

use super::{
    read::{Node, Object, Report},
    user_ids,
};
use crate::{
    identity::{AUTHORIZATION, Forwarding, GroupsRule, HeaderRule, IdentitySettings, headers::fold},
    oidc::claims::{ClaimPath, Naming},
};

pub(super) fn read(node: &Node<'_>, report: &mut Report) -> IdentitySettings {
    let Some(object) = node.object(&KNOWN, report) else {
        return IdentitySettings::default();
    };
    let mut names = Names::default();
    let user_id = object.member("userId").and_then(|node| user_ids::read(&node, &mut names, report));
    let groups = object.member("groups").and_then(|node| prefixed(&node, &mut names, report));
    let headers = object.member("headers").and_then(|node| node.list(report)).unwrap_or_default();
    let headers = headers.iter().filter_map(|node| header_rule(node, &mut names, report)).collect();
    let auth_method = object.member("authMethod").and_then(|node| {
        let object = node.object(&["header"], report)?;
        header(&object, &mut names, report)
    });
    let removed = object.member("remove").and_then(|node| node.list(report)).unwrap_or_default();
    let removed = removed.iter().filter_map(|node| header_name(node, &mut names, report)).collect();
    let forward = object.member("forward").map(|node| forward(&node, &mut names, report)).unwrap_or_default();
    IdentitySettings {
        user_id,
        groups: groups.map(|(claim, header, prefix)| GroupsRule { claim, header, prefix }),
        headers,
        auth_method,
        removed,
        forward,
        allow_unverified_email: object
            .member("allowUnverifiedEmail")
            .and_then(|node| node.flag(report))
            .unwrap_or(false),
        filter_state: object.member("filterState").and_then(|node| node.flag(report)).unwrap_or(false),
    }
}

/// The header names given so far, folded as an upstream might fold them, and where.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

fn prefixed(node: &Node<'_>, names: &mut Names, report: &mut Report) -> Option<(ClaimPath, String, String)> {
    let object = node.object(&["claim", "header", "prefix"], report)?;
    let claim = claim(&object, report);
    let header = header(&object, names, report);
    let prefix = object.member("prefix").and_then(|node| prefix(&node, report)).unwrap_or_default();
    Some((claim?, header?, prefix.to_owned()))
}

/// Which headers there are for a provider or a token rule to call the claims of otherwise.
#[derive(Clone, Copy)]
pub(super) struct Common {
    user_id: bool,
    groups: bool,
}

impl Common {
    pub(super) fn of(root: &Object<'_>) -> Self {
        let identity = root.member("identity");
        let has = |name| identity.as_ref().is_some_and(|node| node.member_of(name).is_some());
        Self { user_id: has("userId"), groups: has("groups") }
    }
}

/// `identity` of a provider or a token rule: what claims are called there.
pub(super) fn naming(node: &Node<'_>, common: Common, report: &mut Report) -> Naming {
    let Some(object) = node.object(&["userId", "groups"], report) else { return Naming::default() };
    let (user_id, groups) = (object.member("userId"), object.member("groups"));
    if user_id.is_none() && groups.is_none() {
        node.problem(
            report,
            "says nothing",
            "name `userId` or `groups`, each with `claim`, `prefix` or both, or remove it",
        );
    }
    for (node, name, known) in [(&user_id, "userId", common.user_id), (&groups, "groups", common.groups)] {
        if let Some(node) = node.as_ref().filter(|_| !known) {
            let mend = format!(
                "add `{name}` with `claim` and `header` to the top-level `identity`: the header is the same for all"
            );
            node.problem(report, "goes into no header", mend);
        }
    }
    let (user_id_claims, user_id_prefix) =
        user_id.map(|node| renamed(&node, &["claim", "claims", "prefix"], report)).unwrap_or_default();
    let (groups_claims, groups_prefix) =
        groups.map(|node| renamed(&node, &["claim", "prefix"], report)).unwrap_or_default();
    let groups_claim = groups_claims.and_then(|claims| claims.into_iter().next());
    Naming { user_id_claims, user_id_prefix, groups_claim, groups_prefix }
}

fn renamed(node: &Node<'_>, known: &[&str], report: &mut Report) -> (Option<Vec<ClaimPath>>, Option<String>) {
    let Some(object) = node.object(known, report) else { return (None, None) };
    let prefix_node = object.member("prefix");
    let claims = user_ids::claims(&object, report);
    if claims.is_none() && prefix_node.is_none() {
        node.problem(report, "says nothing", "name the `claim`, the `prefix` or both, or remove it");
    }
    let prefix = prefix_node.and_then(|node| prefix(&node, report)).map(str::to_owned);
    (claims.flatten(), prefix)
}

fn header_rule(node: &Node<'_>, names: &mut Names, report: &mut Report) -> Option<HeaderRule> {
    let object = node.object(&["header", "claim"], report)?;
    let header = header(&object, names, report);
    let claim = claim(&object, report);
    Some(HeaderRule { header: header?, claim: claim? })
}

/// `forward`: which token goes on in which header.
fn forward(node: &Node<'_>, names: &mut Names, report: &mut Report) -> Forwarding {
    let forward = tokens(node, names, report);
    if node.member_of("idToken").is_none() && node.member_of("accessToken").is_none() {
        node.problem(
            report,
            "forwards nothing",
            "name `idToken`, `accessToken` or both, each with its `header`, or remove it",
        );
    }
    forward
}

/// `forward` of a rule, in place of the common one: `{}` forwards nothing.
pub(super) fn forward_of_rule(node: &Node<'_>, identity: &IdentitySettings, report: &mut Report) -> Forwarding {
    let taken = identity.header_names().map(|name| (fold(name), format!("{name}` of `identity")));
    tokens(node, &mut Names(taken.collect()), report)
}

fn tokens(node: &Node<'_>, names: &mut Names, report: &mut Report) -> Forwarding {
    let Some(object) = node.object(&["idToken", "accessToken"], report) else { return Forwarding::default() };
    let mut token = |name| {
        let object = object.member(name)?.object(&["header"], report)?;
        let node = object.required("header", "name the header, such as `authorization`", report)?;
        match node.text(report)?.eq_ignore_ascii_case(AUTHORIZATION) {
            true => taken(&node, AUTHORIZATION.to_owned(), names, report),
            false => header(&object, names, report),
        }
    };
    let (id_token, access_token) = (token("idToken"), token("accessToken"));
    if id_token.is_some() || access_token.is_some() {
        let mend = "forward only what applications read: a token has a thousand characters or more, with many groups far more, \
                    and the eight cookies of a session hold 31,000";
        report.warning(node.path(), "keeps whole tokens in the session cookie", mend);
    }
    Forwarding { id_token, access_token }
}

fn claim(object: &Object<'_>, report: &mut Report) -> Option<ClaimPath> {
    let node = object.required("claim", "name the claim, such as `email` or `cognito:groups`", report)?;
    claim_path(&node, report)
}

/// A claim: a name, or a list of names, each a member of the one before.
pub(super) fn claim_path(node: &Node<'_>, report: &mut Report) -> Option<ClaimPath> {
    if node.as_text().is_some() || !node.is_list() {
        return Some(ClaimPath::top_level(claim_name(node, report)?));
    }
    let nodes = node.list(report)?;
    if nodes.len() > DEEPEST_CLAIM {
        node.problem(report, "is too deep", format!("name at most {DEEPEST_CLAIM} members"));
        return None;
    }
    let names: Vec<_> = nodes.iter().map(|node| claim_name(node, report)).collect();
    let mut names = names.into_iter().collect::<Option<Vec<String>>>()?.into_iter();
    Some(ClaimPath { root: names.next()?, rest: names.collect() })
}

fn claim_name(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let claim = node.text(report)?;
    if claim.chars().any(char::is_control) || claim.trim() != claim {
        node.problem(report, "is not a claim's name", "write it as it stands in the token, without spaces around it");
    }
    Some(claim.to_owned())
}

pub(super) fn prefix<'a>(node: &Node<'a>, report: &mut Report) -> Option<&'a str> {
    let prefix = node.text_or_empty(report)?;
    if prefix.chars().any(|c| !matches!(c, ' '..='~')) {
        node.problem(report, "cannot stand in a header", "write printable ASCII characters only");
    }
    Some(prefix)
}

pub(super) fn header(object: &Object<'_>, names: &mut Names, report: &mut Report) -> Option<String> {
    let node = object.required("header", "name the header that the applications read", report)?;
    header_name(&node, names, report)
}

/// A header that only carries identity.
fn header_name(node: &Node<'_>, names: &mut Names, report: &mut Report) -> Option<String> {
    let name = node.text(report)?.to_ascii_lowercase();
    if !is_token(&name) {
        node.problem(report, "is not a header name", "write letters, digits and `-`, such as `kubeflow-userid`");
        return None;
    }
    if let Some(reason) = reserved(&fold(&name)) {
        node.problem(report, format!("is `{name}`, which {reason}"), "choose a header that only carries identity");
    }
    taken(node, name, names, report)
}

/// A header that may carry a token that a client sends.
pub(super) fn token_header(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let name = node.text(report)?.to_ascii_lowercase();
    if !is_token(&name) {
        node.problem(report, "is not a header name", "write letters, digits and `-`, such as `x-auth-token`");
        return None;
    }
    if let Some(reason) = reserved(&fold(&name)).filter(|_| name != AUTHORIZATION) {
        node.problem(report, format!("is `{name}`, which {reason}"), "choose a header that only carries tokens");
    }
    Some(name)
}

/// Takes a name, if no other header has it.
fn taken(node: &Node<'_>, name: String, names: &mut Names, report: &mut Report) -> Option<String> {
    if let Some(earlier) = names.0.insert(fold(&name), node.path().to_owned()) {
        let mend = "choose another: applications may read `-`, `_` and `.` in header names as the same";
        node.problem(report, format!("is the same header as `{earlier}`"), mend);
    }
    Some(name)
}

/// token of RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether a header is one that an identity may stand in.
pub fn carries_identity(name: &str) -> bool {
    is_token(name) && reserved(&fold(name)).is_none()
}

/// Why a header may not carry an identity, which removes whatever the client or Envoy wrote there.
fn reserved(name: &str) -> Option<&'static str> {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if FRAMING.contains(&name) || begins(&["content-", "transfer-", "proxy-", "sec-", "access-control-", "if-"]) {
        return Some("HTTP itself needs");
    }
    if CREDENTIALS.contains(&name) {
        return Some("carries credentials");
    }
    if IDENTITY.contains(&name) {
        return None;
    }
    if ROUTING.contains(&name) || begins(&["x-forwarded-", "x-envoy-", "x-b3-"]) {
        return Some("Envoy writes for the applications");
    }
    None
}

const KNOWN: [&str; 8] =
    ["userId", "groups", "headers", "authMethod", "remove", "forward", "allowUnverifiedEmail", "filterState"];

/// No token nests its claims deeper.
const DEEPEST_CLAIM: usize = 8;

const FRAMING: [&str; 23] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "date",
    "early-data",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "te",
    "trailer",
    "upgrade",
    "user-agent",
    "via",
];

const CREDENTIALS: [&str; 5] = ["authorization", "cookie", "cookie2", "set-cookie", "set-cookie2"];

/// What auth proxies use by custom, and Envoy does not write.
const IDENTITY: [&str; 5] = [
    "x-forwarded-access-token",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-user",
];

const ROUTING: [&str; 10] = [
    "baggage",
    "forwarded",
    "grpc-timeout",
    "traceparent",
    "tracestate",
    "x-client-trace-id",
    "x-original-url",
    "x-real-ip",
    "x-request-id",
    "x-rewrite-url",
];
