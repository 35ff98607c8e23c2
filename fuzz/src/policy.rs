//! Rules, paths and claims: any rules against any request and anybody.
//!
//! Promises: rules that are accepted decide every path, the same each time, and a query changes nothing; nobody meets a
//! requirement and its negation at once, and what somebody lacks is said briefly.

use edge_oidc::{
    config::Config,
    http::path::RawPath,
    oidc::claims::{ClaimPath, TrustedClaims},
    policy::{Requirement, Routes, Subject},
};
use serde_json::Value;

use crate::world::{CONFIGURATION, environment};

/// Rules, a path and claims, each on a line.
pub const SEEDS: &[&[u8]] = &[
    br#"[{"action":"deny","match":{"path":{"regex":"/(v[0-9]+|x)/.*"},"not":{"path":{"template":"/v1/{id}/b"}}}}]
/v1/%2e%2e/a;b//c%2fd
{"groups":["a"]}"#,
    br#"[{"action":"authenticate","require":{"groups":{"any":["a*b*c","x"],"none":["y"]},"not":{"scopes":["s"]}}}]
/v1
{"groups":["abbc",1],"scope":"s t"}"#,
    br#"[{"action":"authenticate","require":{"any":[{"emailDomains":["a.org"]},{"claims":[{"claim":["r","s"],"matches":"x+"}]}]}}]
/a
{"email":"a@a.org","email_verified":"true","r":{"s":"xx"}}"#,
    br#"[{"action":"authenticate","require":{"claims":[{"claim":"c","oneOf":[1,2]},{"claim":"d","contains":"x"},{"claim":"e","exists":false}]}}]
/
{"c":2,"d":["x"],"e":null}"#,
];

/// Judges rules on the first line by the path on the second and the claims on the third.
pub fn policy(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let (rules, path, claims) = (lines.next(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let Some(config) = rules.and_then(with_rules) else { return };
    judge_path(&config.routes, path);
    let Ok(Value::Object(claims)) = serde_json::from_slice(claims) else { return };
    let claims = TrustedClaims::unsealed(claims);
    for requirement in config.routes.rules().iter().filter_map(|rule| rule.access.requirement.as_ref()) {
        judge_claims(requirement, &claims);
    }
}

/// The example configuration with these rules, if they are any.
pub fn with_rules(rules: &[u8]) -> Option<Config> {
    let mut tree: Value = serde_json::from_str(CONFIGURATION).ok()?;
    *tree.get_mut("routes")? = serde_json::from_slice(rules).ok()?;
    Config::read(&tree, &environment()).ok()
}

fn judge_path(routes: &Routes, path: &[u8]) {
    let index = |path: &[u8]| routes.decide("app.example.com", "GET", &RawPath::new(path)).map(|route| route.index());
    let decided = index(path);
    assert_eq!(index(path), decided);
    if !path.contains(&b'#') {
        assert_eq!(index(&[path, b"?/../x"].concat()), decided);
    }
    let misses = routes.why_not("app.example.com", "GET", &RawPath::new(path)).map(|misses| misses.len());
    assert_eq!(misses, decided.map(|index| index.unwrap_or(routes.rules().len())));
}

fn judge_claims(requirement: &Requirement, claims: &TrustedClaims) {
    let groups = ClaimPath::top_level("groups");
    let subject = Subject { claims, groups_claim: Some(&groups), groups_prefix: "", allow_unverified_email: false };
    let negation = Requirement::Not(Box::new(requirement.clone()));
    let lacks = [requirement.unmet(subject), negation.unmet(subject)];
    assert!(lacks.iter().any(Option::is_some), "met, and its negation, too");
    for lack in lacks.iter().flatten() {
        assert!(!lack.text.is_empty() && lack.text.chars().count() <= 300);
    }
}
