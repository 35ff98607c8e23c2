//! A rule of a listener, as AWS prints it.
//!
//! Decides what its JSON says: when it applies, and what it does. What becomes of that is decided in `routes` and `provider`.

use serde_json::Value;

use super::manifest::{list, text};

/// A rule, or the default actions of a listener.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// What to call it: `rule 10`, or `the default action`.
    pub(super) label: String,
    /// When it applies.
    pub(super) conditions: Conditions,
    /// What it does.
    pub(super) action: Action,
    /// The lower, the earlier; none is the default.
    pub(super) priority: Option<u32>,
}

/// When a rule applies: all of it must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    /// One of these hosts, with `*` and `?`.
    pub(super) hosts: Vec<String>,
    /// One of these methods.
    pub(super) methods: Vec<String>,
    /// One of these paths, with `*` and `?`.
    pub(super) paths: Vec<String>,
    /// What no rule of ours can look at, in words.
    pub(super) others: Vec<String>,
}

/// What a rule does.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Answers by itself: `fixed-response` or `redirect`.
    Answer(String),
    /// Signs people in.
    Authenticate(Authentication),
    /// Lets everyone pass.
    Forward,
    /// Something that stands in the way, and its mend.
    Unclear(String),
}

/// `authenticate-cognito` or `authenticate-oidc`.
#[derive(Clone, Debug)]
pub(super) struct Authentication {
    /// Whether it is at a user pool of Cognito's.
    pub(super) is_pool: bool,
    /// `AuthenticateCognitoConfig` or `AuthenticateOidcConfig`.
    pub(super) config: Value,
}

impl Rule {
    /// The rule that a JSON object of `Rules`, or `Properties` of a template, describes.
    pub(super) fn parse(value: &Value, problems: &mut Vec<String>) -> Self {
        let priority = match value.get("Priority") {
            Some(Value::Number(number)) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Some(Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        let label = priority.map_or_else(|| DEFAULT.to_owned(), |priority| format!("rule {priority}"));
        let is_default = matches!(value.get("Priority").and_then(Value::as_str), Some("default"))
            || value.get("IsDefault") == Some(&Value::Bool(true));
        if priority.is_none() && !is_default {
            problems.push(
                "a rule has no `Priority` that is a number, so nobody knows which comes first: write it out".to_owned(),
            );
        }
        let conditions = Conditions::parse(value, &label, problems);
        let action = Action::parse(value, "Actions", &label);
        Self { label, conditions, action, priority }
    }

    /// The default actions of a listener.
    pub(super) fn default(value: &Value, member: &str) -> Self {
        let action = Action::parse(value, member, DEFAULT);
        Self { label: DEFAULT.to_owned(), conditions: Conditions::default(), action, priority: None }
    }

    /// Whether it signs people in.
    pub(super) const fn authenticates(&self) -> bool {
        matches!(self.action, Action::Authenticate(_))
    }
}

impl Conditions {
    fn parse(value: &Value, label: &str, problems: &mut Vec<String>) -> Self {
        let mut conditions = Self::default();
        for condition in list(value, "Conditions") {
            let field = text(condition, "/Field");
            let (member, into) = match field {
                "host-header" => ("HostHeaderConfig", &mut conditions.hosts),
                "http-request-method" => ("HttpRequestMethodConfig", &mut conditions.methods),
                "path-pattern" => ("PathPatternConfig", &mut conditions.paths),
                field => {
                    conditions.others.push(described(field, condition));
                    continue;
                }
            };
            let config = condition.get(member).unwrap_or(&Value::Null);
            if config.get("RegexValues").is_some() || condition.get("RegexValues").is_some() {
                conditions
                    .others
                    .push(format!("a regular expression of the {}", field.split('-').next().unwrap_or_default()));
                continue;
            }
            let values = [config, condition].into_iter().find_map(|holder| holder.get("Values")?.as_array());
            for value in values.into_iter().flatten() {
                match value.as_str() {
                    Some(text) => into.push(text.to_owned()),
                    None => problems.push(format!(
                        "{label} has a `{field}` that is no text: write out what the template works out"
                    )),
                }
            }
            if values.is_none_or(Vec::is_empty) {
                problems.push(format!("{label} has a `{field}` without values: write them out, or take it away"));
            }
        }
        conditions
    }
}

/// A condition that only the load balancer can look at.
fn described(field: &str, condition: &Value) -> String {
    match field {
        "http-header" => format!("the header `{}`", text(condition, "/HttpHeaderConfig/HttpHeaderName")),
        "query-string" => "the query".to_owned(),
        "source-ip" => "the address of the client".to_owned(),
        field => format!("`{field}`"),
    }
}

impl Action {
    fn parse(value: &Value, member: &str, label: &str) -> Self {
        let mut actions: Vec<_> = list(value, member).collect();
        // AWS prints them in any order; without an `Order` there is one.
        actions.sort_by_key(|action| action.get("Order").and_then(Value::as_u64).unwrap_or_default());
        let Some(first) = actions.first() else {
            return Self::Unclear(format!(
                "{label} has no actions: give the whole answer of `aws elbv2 describe-rules`"
            ));
        };
        let config = |member: &str| first.get(member).cloned().unwrap_or_default();
        match text(first, "/Type") {
            "authenticate-cognito" => {
                Self::Authenticate(Authentication { is_pool: true, config: config("AuthenticateCognitoConfig") })
            }
            "authenticate-oidc" => {
                Self::Authenticate(Authentication { is_pool: false, config: config("AuthenticateOidcConfig") })
            }
            "forward" => Self::Forward,
            kind @ ("fixed-response" | "redirect") => Self::Answer(kind.to_owned()),
            "jwt-validation" => Self::Unclear(format!(
                "{label} takes tokens of programs (`jwt-validation`), and says of none for whom it must be: take the rule out \
                 of the file, and write `providers[].bearer` and a rule with `credentials: [bearer]` afterwards, as \
                 docs/programs.md says"
            )),
            kind => Self::Unclear(format!(
                "{label} has an action of the type `{kind}`, which nobody knows here: take it out of the file, or write it as \
                 one of those that `aws elbv2 describe-rules` prints"
            )),
        }
    }
}

/// What to call the default actions.
pub(super) const DEFAULT: &str = "the default action";
