//! `providers[].signInParameters`: what a link to our sign-in endpoint may hand on to the provider.
//!
//! Decides which parameters may be handed on at all, and which values. A parameter or a value that is not listed is as if it
//! were not there: whoever writes a link must neither harm a sign-in nor break it. When one is handed on is `flow`'s.

use super::{
    client, parameter,
    read::{Node, Object, Report, each_once},
};
use crate::policy::{RegexError, WholeRegex, list};

/// A parameter of the sign-in endpoint that goes on to the authorization endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInParameter {
    /// Its name, here and there.
    pub name: String,
    values: Values,
}

/// Which values are handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    /// All that are printable.
    Any,
    /// Those that the expression matches as a whole.
    Matching(WholeRegex),
    /// These.
    OneOf(Vec<String>),
}

impl SignInParameter {
    /// Whether `value` may be handed on.
    pub fn takes(&self, value: &str) -> bool {
        is_plain(value)
            && match &self.values {
                Values::Any => true,
                Values::Matching(regex) => regex.matches(value),
                Values::OneOf(values) => values.iter().any(|other| other == value),
            }
    }

    /// Which values it takes, in words.
    pub fn words(&self) -> String {
        match &self.values {
            Values::Any => "any value".to_owned(),
            Values::Matching(regex) => format!("a value that matches `{}`", regex.source()),
            Values::OneOf(values) => list(values, "or"),
        }
    }
}

/// Not empty, not long, nothing that could mean more than it shows.
fn is_plain(value: &str) -> bool {
    let odd = |letter: char| letter.is_control() || letter == char::REPLACEMENT_CHARACTER;
    (1..=LONGEST_VALUE).contains(&value.len()) && !value.contains(odd)
}

/// Those of each provider, in order. `taken` is the name that says where to go after the sign-in.
pub(super) fn read(root: &Object<'_>, taken: Option<&str>, report: &mut Report) -> Vec<Vec<SignInParameter>> {
    // What is wrong with the list itself is said where providers are read.
    let nodes = root.member("providers").and_then(|node| node.list(&mut Report::default())).unwrap_or_default();
    nodes.iter().map(|node| of_provider(node, taken, report)).collect()
}

fn of_provider(provider: &Node<'_>, taken: Option<&str>, report: &mut Report) -> Vec<SignInParameter> {
    let mut parameters: Vec<SignInParameter> = Vec::new();
    let Some(given) = provider.member_of("signInParameters") else { return parameters };
    let nodes = given.list(report).unwrap_or_default();
    if nodes.len() > MOST {
        given.problem(report, "has too many entries", "list up to 16 parameters");
    }
    for node in nodes {
        let Some(read) = entry(&node, taken, report) else { continue };
        match parameters.iter().any(|other| other.name == read.name) {
            true => node.problem(report, "is given twice", "write one entry for each name"),
            false => parameters.push(read),
        }
    }
    parameters
}

fn entry(node: &Node<'_>, taken: Option<&str>, report: &mut Report) -> Option<SignInParameter> {
    let object = node.object(&["name", "oneOf", "matches"], report)?;
    let mend = "name the parameter, such as `login_hint`";
    let name_node = object.required("name", mend, report)?;
    let name = parameter::name(&name_node, "login_hint", report)?;
    if parameter::is_taken(name) || taken == Some(name) {
        let mend = "remove it: the sign-in endpoint or the callback reads it for something else";
        name_node.problem(report, "is the name of another parameter", mend);
    } else {
        client::judge_parameter(&name_node, name, report);
    }
    let values = match (object.member("oneOf"), object.member("matches")) {
        (Some(node), Some(_)) => {
            node.problem(report, "stands beside `matches`", "keep one of the two");
            return None;
        }
        (Some(node), None) => Values::OneOf(each_once(&node, report, value)),
        (None, Some(node)) => {
            let mend = "write one that the whole value matches, such as `[a-z]{2}`";
            Values::Matching(node.parse::<_, RegexError>(report, mend, WholeRegex::parse)?)
        }
        (None, None) => Values::Any,
    };
    judge_prompt(node, name, &values, report);
    Some(SignInParameter { name: name.to_owned(), values })
}

fn value(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let value = node.text(report)?;
    if !is_plain(value) {
        node.problem(report, "is not a short printable text", "write up to 256 bytes without control characters");
    }
    Some(value.to_owned())
}

/// `prompt=none` is a sign-in that nobody sees, and that fails for whoever is not signed in at the provider.
fn judge_prompt(node: &Node<'_>, name: &str, values: &Values, report: &mut Report) {
    if name != "prompt" {
        return;
    }
    let none = |value: &String| value.split(' ').any(|prompt| prompt == "none");
    match values {
        Values::OneOf(values) if !values.iter().any(none) => {}
        Values::OneOf(_) => {
            let mend = "remove `none`: nobody who is not signed in at the provider yet could sign in by such a link";
            node.problem(report, "lets a link ask for no sign-in page", mend);
        }
        Values::Any | Values::Matching(_) => {
            let mend = "list the values that links may ask for, such as `oneOf: [login, select_account]`";
            node.problem(report, "lets a link ask for no sign-in page", mend);
        }
    }
}

const LONGEST_VALUE: usize = 256;
const MOST: usize = 16;
