//! What `authenticate` asks for.
//!
//! Decides which demands contradict each other, or ask for what the other blocks do not give. Who meets them is `policy`'s
//! and `flow`'s.

use std::time::Duration;

use super::{
    super::{
        identity,
        read::{Node, Object, Report, each_once},
    },
    Known, require, scope_token,
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
    let credentials = object.member("credentials").and_then(|node| credentials(&node, report));
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

fn credentials(node: &Node<'_>, report: &mut Report) -> Option<Credentials> {
    let kinds = each_once(node, report, |node, report| node.choice(&[("session", true), ("bearer", false)], report));
    (!kinds.is_empty()).then(|| Credentials { session: kinds.contains(&true), bearer: kinds.contains(&false) })
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
    let named = object.member("providers");
    if named.is_some_and(|node| !judge_named(&node, access.credentials, providers, report)) {
        return;
    }
    let given = access.credentials_of(providers);
    if let Some(node) = object.member("credentials") {
        if access.credentials.bearer && !given.bearer {
            let mend = "add `bearer` to a provider that counts here, or remove `bearer` from the credentials";
            node.problem(report, "names bearer tokens, and no provider gives any", mend);
        }
        if access.credentials.session && !given.session {
            let mend = "add `clientId` to a provider that counts here, or remove `session` from the credentials";
            node.problem(report, "names sessions, and no provider signs people in", mend);
        }
    }
    for node in object.member("signIn").into_iter().chain(login(object, access)).filter(|_| !given.session) {
        let mend = "remove it, or take sessions of a provider that signs people in";
        node.problem(report, "asks for a sign-in, and nobody signs in here", mend);
    }
}

/// Whether all that `providers` of a rule names are there and of use.
fn judge_named(node: &Node<'_>, credentials: Credentials, providers: &[ProviderSettings], report: &mut Report) -> bool {
    // What is no list of texts was reported when it was read.
    let names = node.list(&mut Report::default()).unwrap_or_default();
    let is_good = |node: &Node<'_>| {
        let name = node.as_text()?;
        let provider = providers.iter().find(|provider| provider.name == name);
        let (what, mend) = match provider {
            None => ("is no provider's name", "write the `name` of one of `providers`"),
            Some(provider) if is_usable(provider, credentials) => return Some(()),
            Some(_) => ("is a provider that nobody can use here", USELESS_MEND),
        };
        node.problem(report, what, mend);
        None
    };
    let good = names.iter().filter_map(is_good).count();
    good == names.len() && good > 0
}

const USELESS_MEND: &str = "remove it, or take the credentials that come from there: sessions where people sign in, bearer \
                            tokens where there is `bearer`";

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

fn is_usable(provider: &ProviderSettings, credentials: Credentials) -> bool {
    (credentials.session && provider.signs_in) || (credentials.bearer && !provider.bearer.is_empty())
}
