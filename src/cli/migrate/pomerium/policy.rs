//! What a policy says: an expression over the request and the person.
//!
//! Decides how rules are put together: at least one `allow` and no `deny`. What one criterion says is decided in `criteria`, what
//! rules of ours it comes to in `translate`.

use serde_json::{Map, Value};

use super::{criteria, paths::Path, yaml::Tree};

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// Each of these.
    All(Vec<Self>),
    /// Met, or not, whoever asks for whatever.
    Always(bool),
    /// One of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// About the person.
    Person(Person),
    /// About the request.
    Request(Request),
}

/// What is known of a person.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Person {
    /// A claim holds a value.
    Claim(Tree),
    /// The address is at one of these domains.
    Domains(Vec<String>),
    /// The address is one of these.
    Emails(Vec<String>),
    /// There is one.
    SignedIn,
    /// The subject is one of these.
    Subjects(Vec<String>),
}

/// What is seen of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// The method is one of these.
    Methods(Vec<String>),
    /// The path is one of these.
    Path(Path),
}

/// Who may pass, by the settings of a route.
///
/// # Errors
/// All that cannot be said, and the mends.
pub(super) fn read(settings: &Map<String, Value>, groups_claim: Option<&str>) -> Result<Condition, Vec<String>> {
    let mut problems = Vec::new();
    let mut allowed = older(settings, groups_claim, &mut problems);
    let mut denied = Vec::new();
    let mut rules = |policy: &Value, problems: &mut Vec<String>| match policy {
        Value::Null => {}
        Value::Object(rule) => read_rule(rule, groups_claim, &mut allowed, &mut denied, problems),
        Value::Array(list) => list.iter().for_each(|rule| match rule {
            Value::Object(rule) => read_rule(rule, groups_claim, &mut allowed, &mut denied, problems),
            _ => problems.push("policy has a rule that is none: write `allow:` or `deny:`".to_owned()),
        }),
        _ => problems.push("policy is no rule and no list of rules: write `allow:` and `deny:`".to_owned()),
    };
    rules(settings.get("policy").unwrap_or(&Value::Null), &mut problems);
    for sub in settings.get("sub_policies").and_then(Value::as_array).into_iter().flatten() {
        match sub.get("source_ppl").and_then(Value::as_str).map(super::manifest::documents) {
            Some(Ok(documents)) => documents.iter().for_each(|policy| rules(policy, &mut problems)),
            _ => problems
                .push("sub_policies are made by the Enterprise Console: write what they say as `policy`".to_owned()),
        }
    }
    match problems.is_empty() {
        true => Ok(all(vec![any(allowed), not(any(denied))])),
        false => Err(problems),
    }
}

/// What routes had before there were policies; each of them is enough.
fn older(settings: &Map<String, Value>, groups_claim: Option<&str>, problems: &mut Vec<String>) -> Vec<Condition> {
    let is_set = |name: &str| settings.get(name).is_some_and(|value| *value == true || *value == "true");
    let mut allowed = Vec::new();
    if is_set("allow_public_unauthenticated_access") {
        allowed.push(Condition::Always(true));
    }
    if is_set("allow_any_authenticated_user") {
        allowed.push(Condition::Person(Person::SignedIn));
    }
    for domain in texts(settings, "allowed_domains", problems) {
        allowed.push(Condition::Person(Person::Domains(vec![domain])));
    }
    for user in texts(settings, "allowed_users", problems) {
        // A subject has no `@` in it, and an address has.
        allowed.push(Condition::Person(match user.contains('@') {
            true => Person::Emails(vec![user]),
            false => Person::Subjects(vec![user]),
        }));
    }
    for group in texts(settings, "allowed_groups", problems) {
        match criteria::read("groups", &group.into(), groups_claim) {
            Ok(condition) => allowed.push(condition),
            Err(why) => problems.push(why),
        }
    }
    let claims = settings.get("allowed_idp_claims").and_then(Value::as_object);
    for (name, values) in claims.into_iter().flatten() {
        let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
        for value in values {
            match criteria::read(&format!("claim/{name}"), &value, groups_claim) {
                Ok(condition) => allowed.push(condition),
                Err(why) => problems.push(why),
            }
        }
    }
    allowed
}

fn texts(settings: &Map<String, Value>, name: &str, problems: &mut Vec<String>) -> Vec<String> {
    match settings.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text.split(',').map(|text| text.trim().to_owned()).collect(),
        Some(Value::Array(values)) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(_) => {
            problems.push(format!("{name} is no list of texts: write one"));
            Vec::new()
        }
    }
}

/// One object with `allow` or `deny`, or both.
fn read_rule(
    rule: &Map<String, Value>,
    groups_claim: Option<&str>,
    allowed: &mut Vec<Condition>,
    denied: &mut Vec<Condition>,
    problems: &mut Vec<String>,
) {
    for (action, operators) in rule {
        let into = match action.as_str() {
            "allow" => &mut *allowed,
            "deny" => &mut *denied,
            other => {
                problems.push(format!("policy has `{other}` where an action stands: write `allow` or `deny`"));
                continue;
            }
        };
        let Some(operators) = operators.as_object() else {
            problems.push(format!("`{action}` of policy has no operator below it: write `and`, `or`, `not` or `nor`"));
            continue;
        };
        for (operator, written) in operators.iter().filter(|(operator, _)| *operator != "action") {
            let conditions = read_criteria(written, operator, groups_claim, problems);
            if conditions.is_empty() {
                continue;
            }
            match operator.as_str() {
                "and" => into.push(all(conditions)),
                "or" => into.push(any(conditions)),
                "not" => into.push(not(any(conditions))),
                "nor" => into.push(not(all(conditions))),
                other => problems.push(format!(
                    "`{action}` of policy has the operator `{other}`: write `and`, `or`, `not` or `nor`"
                )),
            }
        }
    }
}

fn read_criteria(
    written: &Value,
    operator: &str,
    groups_claim: Option<&str>,
    problems: &mut Vec<String>,
) -> Vec<Condition> {
    let Some(criteria) = written.as_array() else {
        problems.push(format!("`{operator}` of policy is no list of criteria: write one"));
        return Vec::new();
    };
    if criteria.is_empty() {
        problems.push(format!("`{operator}` of policy is an empty list: write criteria, or take it away"));
    }
    let mut conditions = Vec::new();
    for criterion in criteria {
        let mut members = criterion.as_object().into_iter().flatten();
        match (members.next(), members.next()) {
            (Some((name, data)), None) => match criteria::read(name, data, groups_claim) {
                Ok(condition) => conditions.push(condition),
                Err(why) => problems.push(why),
            },
            _ => problems.push(format!(
                "`{operator}` of policy has a criterion that is not one name and its data: write one in each element"
            )),
        }
    }
    conditions
}

/// Each of them, as short as it can be said.
pub(super) fn all(conditions: Vec<Condition>) -> Condition {
    let mut left = Vec::new();
    for condition in conditions {
        match condition {
            Condition::Always(true) => {}
            Condition::Always(false) => return Condition::Always(false),
            Condition::All(inner) => left.extend(inner),
            other => left.push(other),
        }
    }
    match left.len() {
        0 => Condition::Always(true),
        1 => left.pop().unwrap_or(Condition::Always(true)),
        _ => Condition::All(left),
    }
}

/// One of them, as short as it can be said.
pub(super) fn any(conditions: Vec<Condition>) -> Condition {
    let mut left: Vec<Condition> = Vec::new();
    for condition in conditions {
        match condition {
            Condition::Always(false) => {}
            Condition::Always(true) => return Condition::Always(true),
            Condition::Any(inner) => inner.into_iter().for_each(|inner| join(&mut left, inner)),
            other => join(&mut left, other),
        }
    }
    match left.len() {
        0 => Condition::Always(false),
        1 => left.pop().unwrap_or(Condition::Always(false)),
        _ => Condition::Any(left),
    }
}

/// Adds one of several, to a list of its kind if there is one.
fn join(conditions: &mut Vec<Condition>, condition: Condition) {
    use Person::{Domains, Emails, Subjects};
    for other in conditions.iter_mut() {
        match (other, &condition) {
            (Condition::Person(Domains(list)), Condition::Person(Domains(more)))
            | (Condition::Person(Emails(list)), Condition::Person(Emails(more)))
            | (Condition::Person(Subjects(list)), Condition::Person(Subjects(more)))
            | (Condition::Request(Request::Methods(list)), Condition::Request(Request::Methods(more))) => {
                more.iter().for_each(|one| {
                    if !list.contains(one) {
                        list.push(one.clone())
                    }
                });
                return;
            }
            _ => {}
        }
    }
    if !conditions.contains(&condition) {
        conditions.push(condition);
    }
}

/// Not this.
pub(super) fn not(condition: Condition) -> Condition {
    match condition {
        Condition::Always(met) => Condition::Always(!met),
        Condition::Not(inner) => *inner,
        other => Condition::Not(Box::new(other)),
    }
}

impl Condition {
    /// What is seen of requests, each once.
    pub(super) fn requests(&self, found: &mut Vec<Request>) {
        match self {
            Self::All(inner) | Self::Any(inner) => inner.iter().for_each(|inner| inner.requests(found)),
            Self::Not(inner) => inner.requests(found),
            Self::Request(request) if !found.contains(request) => found.push(request.clone()),
            Self::Always(_) | Self::Person(_) | Self::Request(_) => {}
        }
    }

    /// What is left of it for requests of which just these are so.
    pub(super) fn given(&self, so: &[&Request]) -> Self {
        match self {
            Self::All(inner) => all(inner.iter().map(|inner| inner.given(so)).collect()),
            Self::Any(inner) => any(inner.iter().map(|inner| inner.given(so)).collect()),
            Self::Not(inner) => not(inner.given(so)),
            Self::Request(request) => Self::Always(so.contains(&request)),
            other => other.clone(),
        }
    }

    /// What is left of it for somebody who has signed in.
    pub(super) fn signed_in(&self) -> Self {
        match self {
            Self::All(inner) => all(inner.iter().map(Self::signed_in).collect()),
            Self::Any(inner) => any(inner.iter().map(Self::signed_in).collect()),
            Self::Not(inner) => not(inner.signed_in()),
            Self::Person(Person::SignedIn) => Self::Always(true),
            other => other.clone(),
        }
    }

    /// The `require` of a rule; nothing is left to ask for where it is always met.
    pub(super) fn requirement(&self) -> Tree {
        let list = |inner: &[Self]| Tree::list(inner.iter().map(Self::requirement));
        match self {
            Self::All(inner) => Tree::map().with("all", list(inner)),
            Self::Any(inner) => Tree::map().with("any", list(inner)),
            Self::Not(inner) => Tree::map().with("not", inner.requirement()),
            Self::Person(person) => person.requirement(),
            Self::Always(_) | Self::Request(_) => Tree::map(),
        }
    }
}

impl Person {
    fn requirement(&self) -> Tree {
        let texts = |list: &[String]| Tree::list(list.iter().map(|text| text.as_str().into()));
        match self {
            Self::Claim(claim) => Tree::map().with("claims", Tree::list([claim.clone()])),
            Self::Domains(domains) => Tree::map().with("emailDomains", texts(domains)),
            Self::Emails(emails) => Tree::map().with("emails", texts(emails)),
            Self::SignedIn => Tree::map(),
            Self::Subjects(subjects) => {
                let claim = Tree::map().with("claim", "sub").with("oneOf", texts(subjects));
                Tree::map().with("claims", Tree::list([claim]))
            }
        }
    }
}
