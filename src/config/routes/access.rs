//! What `authenticate` asks for.
//!
//! Decides which demands contradict each other, or ask for what the other blocks do not give. Who meets them is `policy`'s
//! and `flow`'s.

use std::time::Duration;

use super::{
    super::{
        identity,
        read::{Node, Object, Report},
    },
    Known, each_once, require, scope_token,
};
use crate::{
    identity::Forwarding,
    oidc::{assurance::Assurance, provider::ProviderSettings},
    policy::{Access, Credentials, Unauthenticated},
};

/// The members of a rule that belong to `action: authenticate`.
pub(super) const MEMBERS: [&str; 7] =
    ["unauthenticated", "credentials", "providers", "signIn", "require", "forward", "externalAuthorization"];

pub(super) fn read(object: &Object<'_>, known: &Known<'_>, report: &mut Report) -> (Access, Option<Forwarding>) {
    let default = Access::default();
    let unauthenticated = object.member("unauthenticated").and_then(|node| node.choice(&WAYS, report));
    let credentials = object.member("credentials").map(|node| credentials(&node, report));
    let providers = object.member("providers").map(|node| each_once(&node, report, text)).unwrap_or_default();
    let assurance = object.member("signIn").map(|node| assurance(&node, report)).unwrap_or_default();
    let requirement = object.member("require").and_then(|node| require::read(&node, known, report));
    let forward = object.member("forward").map(|node| identity::forward_of_rule(&node, known.identity, report));
    let external_authorization = object.member("externalAuthorization").and_then(|node| {
        if !known.authorizer {
            let mend = "add the top-level `externalAuthorization` with its `url`, or remove this";
            node.problem(report, "has no external authorizer to be about", mend);
        }
        node.flag(report)
    });
    let access = Access {
        unauthenticated: unauthenticated.unwrap_or(default.unauthenticated),
        credentials: credentials.unwrap_or(default.credentials),
        providers,
        assurance,
        requirement,
        external_authorization: external_authorization.unwrap_or(default.external_authorization),
    };
    judge_providers(object, &access, known, report);
    judge_pass(object, &access, report);
    (access, forward)
}

const WAYS: [(&str, Unauthenticated); 4] = [
    ("auto", Unauthenticated::Auto),
    ("login", Unauthenticated::Login),
    ("challenge", Unauthenticated::Challenge),
    ("pass", Unauthenticated::Pass),
];

fn text(node: &Node<'_>, report: &mut Report) -> Option<String> {
    node.text(report).map(str::to_owned)
}

fn credentials(node: &Node<'_>, report: &mut Report) -> Credentials {
    let kinds = each_once(node, report, |node, report| node.choice(&[("session", true), ("bearer", false)], report));
    Credentials { session: kinds.contains(&true), bearer: kinds.contains(&false) }
}

fn assurance(node: &Node<'_>, report: &mut Report) -> Assurance {
    let Some(object) = node.object(&["scopes", "acrValues", "maxAge"], report) else { return Assurance::default() };
    let [scopes, acr_values, max_age] = ["scopes", "acrValues", "maxAge"].map(|name| object.member(name));
    if scopes.is_none() && acr_values.is_none() && max_age.is_none() {
        node.problem(report, "says nothing", "name `scopes`, `acrValues` or `maxAge`, or remove it");
    }
    let tokens = |node: Option<Node<'_>>, report: &mut Report| {
        node.map(|node| each_once(&node, report, scope_token)).unwrap_or_default()
    };
    Assurance {
        scopes: tokens(scopes, report),
        acr_values: tokens(acr_values, report),
        max_age: max_age.and_then(|node| node.duration(MAX_AGE, "from `1m` to `30d`", report)),
    }
}

/// A shorter age than this would be over before the person is back.
const MAX_AGE: std::ops::RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(30 * 24 * 60 * 60);

/// Whether those who may vouch here give what the rule asks for.
fn judge_providers(object: &Object<'_>, access: &Access, known: &Known<'_>, report: &mut Report) {
    let Some(providers) = known.providers else { return };
    for node in object.member("providers").and_then(|node| node.list(&mut Report::default())).unwrap_or_default() {
        let Some(name) = node.text(&mut Report::default()) else { continue };
        match providers.iter().find(|provider| provider.name == name) {
            None => node.problem(report, "is no provider's name", "write the `name` of one of `providers`"),
            Some(provider) if !is_usable(provider, access.credentials) => {
                let mend = "remove it, or take the credentials that come from there: a session where there is a `clientId`, \
                            bearer tokens where there is `bearer`";
                node.problem(report, "is a provider that nobody can use here", mend);
            }
            Some(_) => {}
        }
    }
    let mut here = providers.iter().filter(|provider| access.takes(&provider.name));
    let signs_in = access.credentials.session && here.clone().any(|provider| provider.signs_in);
    let named =
        object.member("credentials").filter(|_| !access.providers.iter().any(|name| is_unknown(name, providers)));
    if let Some(node) = &named {
        if access.credentials.bearer && !here.any(|provider| !provider.bearer.is_empty()) {
            let mend = "add `bearer` to a provider that counts here, or remove `bearer` from the credentials";
            node.problem(report, "names bearer tokens, and no provider gives any", mend);
        }
        if access.credentials.session && !signs_in {
            let mend = "add `clientId` to a provider that counts here, or remove `session` from the credentials";
            node.problem(report, "names sessions, and no provider signs people in", mend);
        }
    }
    if !signs_in && named.is_some() | access.providers.is_empty() {
        for node in object.member("signIn").into_iter().chain(login(object, access)) {
            let mend = "remove it, or take sessions of a provider that signs people in";
            node.problem(report, "asks for a sign-in, and nobody signs in here", mend);
        }
    }
}

fn login<'a>(object: &Object<'a>, access: &Access) -> Option<Node<'a>> {
    object.member("unauthenticated").filter(|_| access.unauthenticated == Unauthenticated::Login)
}

/// Who is nobody meets no demand, and passes all the same.
fn judge_pass(object: &Object<'_>, access: &Access, report: &mut Report) {
    if access.unauthenticated != Unauthenticated::Pass {
        return;
    }
    for node in ["signIn", "require"].iter().filter_map(|name| object.member(name)) {
        let mend = "remove one of the two: whoever does not meet it would pass by signing out";
        node.problem(report, "asks for something that `unauthenticated: pass` gives up", mend);
    }
}

fn is_unknown(name: &str, providers: &[ProviderSettings]) -> bool {
    !providers.iter().any(|provider| provider.name == name)
}

fn is_usable(provider: &ProviderSettings, credentials: Credentials) -> bool {
    (credentials.session && provider.signs_in) || (credentials.bearer && !provider.bearer.is_empty())
}
