//! Who may pass: `GROUPS_ALLOWLIST`.
//!
//! Decides that a list that is empty lets nobody in, and what TokenReview's groups are in tokens.

use super::{
    super::{super::yaml::Tree, go, input::Setting},
    Given,
    provider::Client,
};

/// The rule, at this place of `routes`.
pub(super) fn rule(given: &mut Given<'_>, client: &Client, kubernetes: Option<&str>, index: usize) -> Option<Tree> {
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
                given.ledger.changed(
                    &setting.name,
                    "is held against the groups in the ID token: authservice saw none of Cognito's, and refused \
                     everyone",
                );
            }
            Some(Tree::members([
                ("name", "GROUPS_ALLOWLIST".into()),
                ("action", "authenticate".into()),
                ("require", requirement),
            ]))
        }
        None => {
            let what = format!(
                "`routes[{index}]`: `deny`. Nobody can be in one of its groups, and so authservice refused everyone, too; \
                 name groups, or `*`"
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
            "without `{}`: authservice compared letter by letter, so it let nobody in. In `require.groups` a `*` is any \
             run of characters; write it there if that is what you \
             want",
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
