//! User ids and the rules that rewrite them: any expression, any template, any user id.
//!
//! Promises: an expression is compiled or refused with words, the same each time; a result is bounded; what is found changes only
//! what is found; and advice is given on whatever compiles.

use edge_oidc::identity::transform::{Ends, Transform, TransformError, Transforms};

/// An expression, a template and a user id, each on a line.
pub const SEEDS: &[&[u8]] = &[
    b"@example\\.com$\n\nada@example.com",
    b"(?i)^(?P<n>[^@]+)@(?:a|b\\.c)$\n${n}$2$$\nAda@B.c",
    b"\\Qa.b\\E+|[[:^alpha:]\\d-z]{1,3}?|\\x{41}\\141(|a)+\n$0$1\na.bb12-zAaa",
    b"(?U)(?m-s:^a*)(?P<n>b){0}(?P<n>c)??$\n$n$01$\naac",
    b"((((((((a{2}){2}){2}){2}))))){2}\n$1\naaaa",
    b"[]^\\]-a&&[~~+--]|\\b\\B.{2,}\n-\n]a^-",
];

/// Compiles the first line with the second, and rewrites the rest.
pub fn transforms(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let [matches, replaces, id] = std::array::from_fn(|_| lines.next().unwrap_or_default());
    let rule = match Transform::parse(matches, replaces) {
        Ok(rule) => rule,
        Err(error) => {
            if let TransformError::Pattern(error) = error {
                assert!(!error.to_string().is_empty() && !error.mend().is_empty());
                assert!(Transform::parse(matches, "").is_err(), "refused by its template");
            }
            return;
        }
    };
    let (_, domains) = (rule.ends(), rule.domains());
    assert!(domains.iter().all(|domain| domain.len() <= matches.len()));
    let anchored = rule.anchored();
    let closed = Transform::parse(&anchored, replaces).is_ok_and(|rule| rule.ends() == Ends::default());
    assert!(closed || anchored.chars().count() > 1000 || rule.states() > 1000, "{anchored}");
    let Ok(result) = rule.apply(id) else { return };
    assert!(result.as_ref().is_none_or(|text| text.len() <= 1024 || text.len() <= id.len()));
    assert!(result.is_some() || !rule.is_for_all() || id.is_empty() || id.contains('\n'));
    // What is found and put back changes nothing.
    if let Ok(same) = Transform::parse(matches, "$0") {
        assert!(same.apply(id).is_ok_and(|text| text.is_none_or(|text| text == id)) || id.len() > 512);
    }
    assert_eq!(rule.apply(id), Ok(result.clone()));
    let rules = Transforms::new(vec![rule.clone(), rule]);
    assert!(rules.apply(id).is_ok_and(|applied| applied == result.map(|text| (0, text))) || id.len() > 512);
}

/// Whether an expression and its template are a rule.
pub fn is_rule(seed: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seed);
    let mut lines = text.split('\n');
    let [matches, replaces] = std::array::from_fn(|_| lines.next().unwrap_or_default());
    Transform::parse(matches, replaces).is_ok()
}
