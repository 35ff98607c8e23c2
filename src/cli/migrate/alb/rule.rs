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
        unknown(value, &MEMBERS, &label, problems);
        if list(value, "Transforms").next().is_some() {
            problems.push(format!(
                "{label} rewrites addresses (`Transforms`), and no rule here knows both: rewrite in the gateway's routes, and take \
                 it away"
            ));
        }
        if priority.is_some() && list(value, "Conditions").next().is_none() {
            problems.push(format!(
                "{label} has no `Conditions`, and no rule is without: give it as `describe-rules` prints it"
            ));
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
            unknown(condition, &OF_CONDITIONS, label, problems);
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
            if !into.is_empty() {
                problems.push(format!("{label} has two `{field}`: write one, as AWS has it"));
            }
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

/// Names the members that are none.
fn unknown(value: &Value, known: &[&str], label: &str, problems: &mut Vec<String>) {
    let names = value.as_object().into_iter().flatten().map(|(name, _)| name);
    problems.extend(names.filter(|name| !known.contains(&name.as_str())).map(|name| {
        format!("`{name}` ({label}) is no member of a rule that AWS prints: see whether it is a typing mistake")
    }));
}

impl Action {
    /// What the actions come to. AWS prints them in any order, and lets whatever asks come before what passes or answers.
    fn parse(value: &Value, member: &str, label: &str) -> Self {
        let actions: Vec<_> = list(value, member).collect();
        if actions.is_empty() {
            return Self::Unclear(format!(
                "{label} has no actions: give the whole answer of `aws elbv2 describe-rules`"
            ));
        }
        let of = |kinds: &[&str]| actions.iter().find(|action| kinds.contains(&text(action, "/Type"))).copied();
        let is_known = |action: &&&Value| KINDS.contains(&text(action, "/Type"));
        if let Some(other) = actions.iter().find(|action| !is_known(action)) {
            return Self::unclear(text(other, "/Type"), label);
        }
        if let Some(answer) = of(&["fixed-response", "redirect"]) {
            return Self::Answer(text(answer, "/Type").to_owned());
        }
        let asked = |action: &Value, is_pool: bool, member: &str| {
            let config = action.get(member).cloned().unwrap_or_default();
            Self::Authenticate(Authentication { is_pool, config })
        };
        match (of(&["authenticate-cognito"]), of(&["authenticate-oidc"])) {
            (Some(action), None) => asked(action, true, "AuthenticateCognitoConfig"),
            (None, Some(action)) => asked(action, false, "AuthenticateOidcConfig"),
            (None, None) => Self::Forward,
            (Some(_), Some(_)) => Self::Unclear(format!("{label} has two sign-ins: write one, as AWS has it")),
        }
    }

    fn unclear(kind: &str, label: &str) -> Self {
        Self::Unclear(match kind {
            "jwt-validation" => format!(
                "{label} takes tokens of programs (`jwt-validation`), and says of none for whom it must be: take the rule out \
                 of the file, and write `providers[].bearer` and a rule with `credentials: [bearer]` afterwards, as \
                 docs/programs.md says"
            ),
            kind => format!(
                "{label} has an action of the type `{kind}`, which nobody knows here: take it out of the file, or write it as \
                 one of those that `aws elbv2 describe-rules` prints"
            ),
        })
    }
}

/// What a rule has; of a template and of what was given to `create-rule`, too.
const MEMBERS: [&str; 8] =
    ["Actions", "Conditions", "IsDefault", "ListenerArn", "Priority", "RuleArn", "Tags", "Transforms"];
/// What a condition has.
const OF_CONDITIONS: [&str; 9] = [
    "Field",
    "HostHeaderConfig",
    "HttpHeaderConfig",
    "HttpRequestMethodConfig",
    "PathPatternConfig",
    "QueryStringConfig",
    "RegexValues",
    "SourceIpConfig",
    "Values",
];
/// The actions that are known.
const KINDS: [&str; 5] = ["authenticate-cognito", "authenticate-oidc", "fixed-response", "forward", "redirect"];
/// What to call the default actions.
pub(super) const DEFAULT: &str = "the default action";
