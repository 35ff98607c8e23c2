//! `identity.userId`: out of which claims a user id is made, and what rewrites it.
//!
//! Decides how many claims and rules there may be. What a rule means is decided by `identity::transform`, what is probably not
//! meant so is said in `advice`.

#[cfg(not(target_arch = "wasm32"))]
mod advice;

use super::{
    identity::{Names, claim_path, header, prefix},
    read::{Node, Object, Report, each_once},
};
use crate::{
    identity::{
        UserIdRule,
        transform::{MOST_STATES_TOGETHER, Transform, TransformError, Transforms},
    },
    oidc::claims::ClaimPath,
};

pub(super) fn read(node: &Node<'_>, names: &mut Names, report: &mut Report) -> Option<UserIdRule> {
    let object = node.object(&["claim", "claims", "header", "transforms", "lowercase", "prefix"], report)?;
    let claims = claims(&object, report);
    if claims.is_none() {
        object.required("claim", "name the claim, such as `email`, or several as `claims`", report);
    }
    let header = header(&object, names, report);
    let transforms = object.member("transforms").and_then(|node| transforms(&node, report)).unwrap_or_default();
    let lowercase = object.member("lowercase").and_then(|node| node.flag(report)).unwrap_or(false);
    let prefix = object.member("prefix").and_then(|node| prefix(&node, report)).unwrap_or_default().to_owned();
    let rule = UserIdRule { claims: claims??, header: header?, transforms, lowercase, prefix };
    // What only helps whoever writes the configuration is not carried in the module.
    #[cfg(not(target_arch = "wasm32"))]
    advice::advise(node.path(), &rule, report);
    Some(rule)
}

/// `claim` or `claims`; `None` if neither stands there, `Some(None)` if what does is wrong.
pub(super) fn claims(object: &Object<'_>, report: &mut Report) -> Option<Option<Vec<ClaimPath>>> {
    let (one, several) = (object.member("claim"), object.member("claims"));
    if let (Some(_), Some(several)) = (&one, &several) {
        several.problem(
            report,
            "stands beside `claim`",
            "keep one of the two: `claims` is for several, the preferred first",
        );
    }
    if let Some(one) = one {
        return Some(claim_path(&one, report).map(|claim| vec![claim]));
    }
    let node = several?;
    let claims = each_once(&node, report, claim_path);
    if claims.len() > MOST_CLAIMS {
        node.problem(report, "has too many claims", format!("name at most {MOST_CLAIMS}"));
    }
    #[cfg(not(target_arch = "wasm32"))]
    advice::advise_claims(node.path(), &claims, report);
    Some(Some(claims).filter(|claims| !claims.is_empty()))
}

fn transforms(node: &Node<'_>, report: &mut Report) -> Option<Transforms> {
    let nodes = node.list(report)?;
    if nodes.len() > MOST_RULES {
        node.problem(report, "has too many rules", format!("write at most {MOST_RULES}"));
        return None;
    }
    let rules: Vec<_> = nodes.iter().filter_map(|node| transform(node, report)).collect();
    let states = rules.iter().fold(0_usize, |sum, rule| sum.saturating_add(rule.states()));
    if states > MOST_STATES_TOGETHER {
        node.problem(
            report,
            "would take too long: the expressions are too large together",
            "use lower counts, as in `[a-z]{1,64}`, or fewer rules",
        );
    }
    Some(Transforms::new(rules))
}

fn transform(node: &Node<'_>, report: &mut Report) -> Option<Transform> {
    let object = node.object(&["matches", "replaces"], report)?;
    let matches = object.required("matches", "write the regular expression to look for", report);
    let replaces = object.required("replaces", "write what takes its place, or \"\" to remove it", report);
    let (matches, replaces) = (matches?, replaces?);
    let (pattern, template) = (matches.text_or_empty(report), replaces.text_or_empty(report));
    let (pattern, template) = (pattern?, template?);
    if pattern.is_empty() {
        matches.problem(report, "is empty, and would be found everywhere", "write the regular expression to look for");
    }
    if template.chars().any(char::is_control) {
        replaces.problem(report, "has a control character, which no header carries", "remove it");
    }
    let refuse = |error| match error {
        TransformError::Pattern(error) => {
            matches.problem(report, format!("is a regular expression that {error}"), error.mend())
        }
        TransformError::TemplateLong => {
            replaces.problem(report, "has more than 1,000 characters", "write what a user id can hold");
        }
        TransformError::TemplateName => replaces.problem(
            report,
            "has a character beyond ASCII behind the name of a group",
            "write the name in braces, as `${1}`, and `$$` for the character itself",
        ),
    };
    Transform::parse(pattern, template).map_err(refuse).ok()
}

const MOST_CLAIMS: usize = 8;
const MOST_RULES: usize = 64;
