//! What is open to everyone, and who may pass elsewhere.
//!
//! Decides that a prefix means whole segments, and that an empty allowlist lets nobody in.

use super::{
    super::{super::yaml::Tree, go, input::Setting},
    Given,
    provider::Client,
};
use crate::policy::PathPattern;

/// `routes`.
pub(super) fn translate(given: &mut Given<'_>, client: &Client, kubernetes: Option<&str>) -> Tree {
    let mut rules = open(given);
    rules.extend(allowlist(given, client, kubernetes, rules.len()));
    Tree::list(rules)
}

/// The list of open paths: `SKIP_AUTH_URLS`, or `SKIP_AUTH_URI`.
fn open(given: &mut Given<'_>) -> Vec<Tree> {
    let name = if given.dialect.has_prefix() { "SKIP_AUTH_URLS" } else { "SKIP_AUTH_URI" };
    let Some(setting) = given.take(name) else { return Vec::new() };
    let elements = go::list(&setting.value);
    let by_commas = go::raw_list(&setting.value);
    let has_blanks = by_commas.iter().any(|element| element.trim().contains(char::is_whitespace));
    if given.dialect.has_prefix() && has_blanks {
        let what = "separated by spaces, which is how an older authservice had it: for yours it was one prefix that nothing began with, and \
                    opened nothing. Each path is open now; remove the rules that you do not want";
        given.ledger.changed(name, what);
    }
    let mut rules: Vec<Tree> = Vec::new();
    let mut seen = Vec::new();
    for element in elements {
        let Some(path) = prefix(given, &setting, element) else { continue };
        if seen.contains(&path) {
            continue;
        }
        given.ledger.source(&format!("routes[{}]", rules.len()), &setting.origin());
        rules.push(Tree::members([
            ("match", Tree::map().with("path", Tree::map().with("prefix", path.as_str()))),
            ("action", "allow".into()),
        ]));
        seen.push(path);
    }
    if rules.is_empty() {
        given.ledger.carried(name, "nothing is open");
        return rules;
    }
    given.ledger.carried(
        name,
        format!(
            "`routes`: {} with `action: allow`",
            seen.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
        ),
    );
    given.ledger.changed(
        name,
        "a prefix means whole segments of the path: `/dex` is `/dex` and all below it. With authservice `/dex` opened `/dexfoo`, too, and \
         `/dex/` did not open `/dex` (F-4)",
    );
    rules
}

/// One open prefix. One that opened everything is refused, one that opened nothing is left out.
fn prefix(given: &mut Given<'_>, setting: &Setting, element: &str) -> Option<String> {
    let dead = |given: &mut Given<'_>, why: &str| {
        given.ledger.lost(&setting.name, format!("`{element}` {why}, so it opened nothing, and is left out"));
        None
    };
    match PathPattern::prefix(element) {
        _ if !element.starts_with('/') => dead(given, "does not begin with `/`"),
        Ok(PathPattern::Prefix(segments)) if segments.is_empty() => {
            let mend = "name the paths that everyone may see. authservice asked nobody to sign in; if that is meant, take it away altogether";
            given.refuse(setting, "holds `/`, which opens everything to everyone", mend);
            None
        }
        Ok(_) => Some(element.trim_end_matches('/').to_owned()),
        Err(_) if element.contains(['?', '#']) => dead(given, "holds a query or a fragment, which took no part"),
        Err(_) if go::join(element, "") != element.trim_end_matches('/') => {
            dead(given, "is no clean path, and authservice cleaned every path before")
        }
        Err(error) => {
            let what = format!("holds `{element}`: {error}");
            given.refuse(
                setting,
                &what,
                "write the path decoded and without wildcards, or leave it out and add a rule to `routes` afterwards",
            );
            None
        }
    }
}

/// `GROUPS_ALLOWLIST` (M-14).
fn allowlist(given: &mut Given<'_>, client: &Client, kubernetes: Option<&str>, index: usize) -> Option<Tree> {
    let setting = given.take("GROUPS_ALLOWLIST")?;
    let elements: Vec<_> = go::raw_list(&setting.value);
    if elements.contains(&"*") {
        given.ledger.carried(&setting.name, "`*`: whoever has signed in may pass");
        return None;
    }
    given.ledger.source(&format!("routes[{index}]"), &setting.origin());
    let trimmed: Vec<_> = elements.iter().map(|element| element.trim()).filter(|element| !element.is_empty()).collect();
    if elements.iter().any(|element| element.trim() != *element) {
        given.ledger.changed(
            &setting.name,
            "without the spaces around its elements: with authservice nobody was ever in a group with those (F-18)",
        );
    }
    let requirement = requirement(given, &setting, &trimmed, kubernetes);
    let is_readable = given.take("GROUPS_CLAIM").is_none_or(|claim| !claim.value.is_empty());
    match requirement.filter(|_| is_readable) {
        Some(requirement) => {
            given.ledger.carried(&setting.name, format!("`routes[{index}].require`"));
            if client.is_cognito {
                given.ledger.changed(&setting.name, "is held against the groups in the ID token: authservice saw none of Cognito's, and refused everyone");
            }
            Some(Tree::members([
                ("name", "GROUPS_ALLOWLIST".into()),
                ("action", "authenticate".into()),
                ("require", requirement),
            ]))
        }
        None => {
            let what = format!(
                "`routes[{index}]`: `deny`. Nobody can be in one of its groups, and so authservice refused everyone, too; name groups, or `*`"
            );
            given.ledger.carried(&setting.name, what);
            Some(Tree::members([("name", "GROUPS_ALLOWLIST".into()), ("action", "deny".into())]))
        }
    }
}

/// Groups of people; and what TokenReview called groups of service accounts, by the claims of their tokens.
fn requirement(given: &mut Given<'_>, setting: &Setting, elements: &[&str], kubernetes: Option<&str>) -> Option<Tree> {
    let (accounts, rest): (Vec<_>, Vec<_>) =
        elements.iter().copied().partition(|element| element.starts_with("system:"));
    let (patterns, groups): (Vec<_>, Vec<_>) = rest.into_iter().partition(|element| element.contains('*'));
    if !patterns.is_empty() {
        let what = format!(
            "without `{}`: authservice compared letter by letter, so it let nobody in. In `require.groups` a `*` is any run of characters; \
             write it there if that is what you want",
            patterns.join("`, `")
        );
        given.ledger.changed(&setting.name, what);
    }
    let mut any: Vec<Tree> = Vec::new();
    if !groups.is_empty() {
        let groups = Tree::list(groups.into_iter().map(Tree::from));
        any.push(Tree::map().with("groups", Tree::map().with("any", groups)));
    }
    let accounts: Vec<_> =
        accounts.into_iter().filter_map(|element| account(given, setting, element, kubernetes)).collect();
    any.extend(accounts);
    match any.len() {
        0 => None,
        1 => any.pop(),
        _ => Some(Tree::map().with("any", Tree::list(any))),
    }
}

fn account(given: &mut Given<'_>, setting: &Setting, element: &str, kubernetes: Option<&str>) -> Option<Tree> {
    let Some(issuer) = kubernetes else {
        let instead = format!(
            "`{element}` is a group that TokenReview gave: with `--kubernetes-issuer` it becomes a claim of the token"
        );
        given.ledger.lost(&setting.name, instead);
        return None;
    };
    let namespace = element.strip_prefix("system:serviceaccounts:");
    if namespace.is_none() && !matches!(element, "system:serviceaccounts" | "system:authenticated") {
        given
            .ledger
            .lost(&setting.name, format!("`{element}` is no group of service accounts: such tokens do not count"));
        return None;
    }
    let claim = |claim: Tree, value: &str| Tree::map().with("claim", claim).with("equals", value);
    let mut claims = vec![claim("iss".into(), issuer)];
    claims.extend(namespace.map(|name| claim(Tree::list(["kubernetes.io".into(), "namespace".into()]), name)));
    given.ledger.changed(
        &setting.name,
        format!(
            "`{element}` becomes what the token says of itself: its issuer{}",
            if namespace.is_some() { " and its namespace" } else { "" }
        ),
    );
    Some(Tree::map().with("claims", Tree::list(claims)))
}

/// Above `routes` in the configuration.
pub(super) const WHY: &str =
    "Who passes where, the first rule that matches. Everything else needs a sign-in or a token.";
