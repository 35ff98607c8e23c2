//! One criterion of a policy.
//!
//! Decides which can be said here, to the letter. The others are refused: nothing is ever wider than it was.

use serde_json::Value;

use super::{
    paths::{Path, escaped},
    policy::{Condition, Person, Request, all, any, not},
    yaml::Tree,
};

/// Criteria that nothing here can look at, and the mends.
const REFUSED: [(&[&str], &str); 5] = [
    (
        &["client_certificate", "invalid_client_certificate"],
        "let the gateway's listener ask for certificates, and take it out of the policy",
    ),
    (
        &["date", "day_of_week", "time_of_day"],
        "no rule here goes by the clock: take it out of the policy and open or close the route by hand, or ask an external authorizer",
    ),
    (
        &["device"],
        "no device is known here: let the provider ask for a passkey (`signIn.acrValues`), and take it out of the policy",
    ),
    (
        &["record"],
        "no data beside the tokens is known here: let the provider put it into a claim, and write `claim/NAME`",
    ),
    (
        &["source_ip"],
        "no rule here goes by the address of the client: close the route to others before the filter (Istio's AuthorizationPolicy, Envoy's RBAC), and take it out of the policy",
    ),
];

/// What a criterion says, `NAME` or `NAME/PATH` and its data.
///
/// # Errors
/// Why it cannot be said, and the mend.
pub(super) fn read(key: &str, data: &Value, groups_claim: Option<&str>) -> Result<Condition, String> {
    let (name, path) = key.split_once('/').unwrap_or((key, ""));
    match name {
        "accept" => Ok(Condition::Always(true)),
        "authenticated_user" => Ok(Condition::Person(Person::SignedIn)),
        "claim" => claim(path, data),
        // Our own endpoints come before every rule, and so do preflights.
        "cors_preflight" | "pomerium_routes" | "reject" => Ok(Condition::Always(false)),
        "domain" => matched(key, data, domain),
        "email" => matched(key, data, email),
        "groups" => match groups_claim {
            Some(claim_name) => claim(claim_name, data),
            None => Err("`groups` means the groups of a directory that was synchronized: if a claim of the token holds the same ones, name it by `--groups-claim`, or write `claim/NAME` in the policy".to_owned()),
        },
        "http_method" => matched(key, data, method),
        "http_path" => matched(key, data, http_path),
        "user" => matched(key, data, |operator, text| match operator {
            "is" => Ok(Condition::Person(Person::Subjects(vec![text.to_owned()]))),
            _ => Err("write the subjects themselves, by `is` or `in`".to_owned()),
        }),
        name => {
            let known = REFUSED.iter().find(|(names, _)| names.contains(&name)).map(|(_, mend)| *mend);
            let mend = known.unwrap_or("nothing here can look at it: take it out of the policy, and see who must not pass then");
            Err(format!("`{name}` of policy has no counterpart: {mend}"))
        }
    }
}

/// A matcher of texts: each operator must be met.
fn matched(
    key: &str,
    data: &Value,
    one: impl Fn(&str, &str) -> Result<Condition, String>,
) -> Result<Condition, String> {
    let written = match data {
        Value::Object(operators) => operators.clone(),
        other => [("is".to_owned(), other.clone())].into_iter().collect(),
    };
    let said = |why: String| format!("`{key}` of policy: {why}");
    let text = |value: &Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| said("its value is no text: write one".to_owned()))
    };
    let list = |value: &Value| {
        let values = value.as_array().ok_or_else(|| said("its value is no list: write one".to_owned()))?;
        if values.is_empty() {
            return Err(said("its list is empty: write values, or take it away".to_owned()));
        }
        let each = values.iter().map(|value| one("is", &text(value)?).map_err(said));
        Ok::<_, String>(any(each.collect::<Result<_, _>>()?))
    };
    let mut conditions = Vec::new();
    for (operator, value) in &written {
        conditions.push(match operator.as_str() {
            "not" => not(one("is", &text(value)?).map_err(said)?),
            "in" => list(value)?,
            "not_in" => not(list(value)?),
            operator @ ("is" | "contains" | "ends_with" | "starts_with") => {
                one(operator, &text(value)?).map_err(said)?
            }
            other => return Err(said(format!("there is no operator `{other}`: see whether it is a typing mistake"))),
        });
    }
    match conditions.is_empty() {
        true => Err(said("it has no operator: write `is`".to_owned())),
        false => Ok(all(conditions)),
    }
}

fn domain(operator: &str, text: &str) -> Result<Condition, String> {
    match (operator, text.strip_prefix('.')) {
        ("is", _) => Ok(Condition::Person(Person::Domains(vec![text.to_owned()]))),
        ("ends_with", Some(parent)) => Ok(Condition::Person(Person::Domains(vec![format!("*.{parent}")]))),
        ("ends_with", None) => Err(format!(
            "`ends_with: {text}` lets `evil{text}` in as well: write `is: {text}`, and `ends_with: .{text}` for the names below it"
        )),
        (operator, _) => Err(format!(
            "`{operator}: {text}` lets domains in that anybody can register: write the domains by `is` or `in`"
        )),
    }
}

fn email(operator: &str, text: &str) -> Result<Condition, String> {
    match (operator, text.strip_prefix('@')) {
        ("is", _) => Ok(Condition::Person(Person::Emails(vec![text.to_owned()]))),
        ("ends_with", Some(domain)) if !domain.contains('@') => {
            Ok(Condition::Person(Person::Domains(vec![domain.to_owned()])))
        }
        (operator, _) => Err(format!(
            "`{operator}: {text}` fits addresses at domains that anybody can register: write the addresses by `is` or `in`, or \
             their domain by `domain`"
        )),
    }
}

fn method(operator: &str, text: &str) -> Result<Condition, String> {
    match operator {
        "is" => Ok(Condition::Request(Request::Methods(vec![text.to_owned()]))),
        _ => Err("write the methods by `is` or `in`".to_owned()),
    }
}

fn http_path(operator: &str, text: &str) -> Result<Condition, String> {
    let path = match operator {
        "is" => Path::exact(text),
        "starts_with" => Path::starting(text),
        "ends_with" => Path::Regex(format!(".*{}", escaped(text))),
        _ => Path::Regex(format!(".*{}.*", escaped(text))),
    };
    Ok(Condition::Request(Request::Path(path)))
}

/// A claim, by a matcher of lists: a single value counts as a list of one.
fn claim(name: &str, data: &Value) -> Result<Condition, String> {
    let has = |value: &Value| {
        let said = |what: &str| Err(format!("`claim/{name}` of policy {what}"));
        match value {
            Value::String(_) | Value::Bool(_) => {}
            Value::Number(number) if number.is_i64() => {}
            _ => return said("is held against what is no text, whole number, true or false: write one of these"),
        }
        if name.is_empty() {
            return said("names no claim: write `claim/NAME`");
        }
        let claim = Tree::map().with("claim", claim_name(name)).with("contains", Tree::from(value.clone()));
        Ok(Condition::Person(Person::Claim(claim)))
    };
    let Some(operators) = data.as_object() else { return has(data) };
    let mut conditions = Vec::new();
    for (operator, value) in operators {
        conditions.push(match operator.as_str() {
            "has" => has(value)?,
            "exclude" => not(has(value)?),
            "is" => return Err(format!("`claim/{name}` of policy asks that it be the only value (`is`): write `has`, if others beside it do no harm")),
            other => return Err(format!("`claim/{name}` of policy has no operator `{other}`: write `has` or `exclude`")),
        });
    }
    match conditions.is_empty() {
        true => Err(format!("`claim/{name}` of policy says nothing: write a value")),
        false => Ok(all(conditions)),
    }
}

/// A claim's name, or its names where it is within another: Pomerium writes `realm_access.roles` or `realm_access/roles`.
pub(super) fn claim_name(name: &str) -> Tree {
    let is_url = name.contains("://");
    let names: Vec<_> = name.split(['.', '/']).collect();
    match names.as_slice() {
        [_, _, ..] if !is_url && names.iter().all(|name| !name.is_empty()) => {
            Tree::list(names.iter().map(|name| Tree::from(*name)))
        }
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_within_another_is_found_there_and_an_address_is_one_name() {
        assert_eq!(claim_name("realm_access.roles").to_value(), json!(["realm_access", "roles"]));
        assert_eq!(claim_name("realm_access/roles").to_value(), json!(["realm_access", "roles"]));
        assert_eq!(claim_name("https://example.com/roles").to_value(), json!("https://example.com/roles"));
        assert_eq!(claim_name("cognito:groups").to_value(), json!("cognito:groups"));
    }

    #[test]
    fn addresses_that_anybody_can_have_are_refused() {
        for (key, data) in [
            ("email", json!({ "contains": "example.com" })),
            ("email", json!({ "starts_with": "admin@" })),
            ("email", json!({ "ends_with": "example.com" })),
            ("domain", json!({ "ends_with": "example.com" })),
            ("domain", json!({ "contains": "example" })),
        ] {
            let said = read(key, &data, None).unwrap_err();
            assert!(said.contains("write"), "{said}");
        }
        assert!(read("domain", &json!({ "ends_with": ".example.com" }), None).is_ok());
        assert!(read("email", &json!({ "ends_with": "@example.com" }), None).is_ok());
    }
}
