//! A small typed reader over a JSON tree, which goes on after a problem so that all of them are reported at once.
//!
//! Decides types, unknown names, and emptiness: an empty text or list would match or permit by accident, so it is a
//! problem wherever it stands. Each block decides what its values mean.

use std::{fmt, ops::RangeInclusive, time::Duration};

use serde_json::{Map, Value};

use super::problem::{Problem, Problems};
use crate::policy::list;

/// What is found while reading.
#[derive(Default)]
pub(super) struct Report {
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: String,
}

/// An object of known members.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: String,
}

impl Report {
    pub(super) fn problem(&mut self, path: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.problems.push(Problem { path: path.to_owned(), what: what.into(), mend: mend.into() });
    }

    pub(super) fn warning(&mut self, path: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.warnings.push(Problem { path: path.to_owned(), what: what.into(), mend: mend.into() });
    }

    /// The warnings, if there is no problem.
    pub(super) fn finish(self) -> Result<Vec<Problem>, Problems> {
        match self.problems.is_empty() {
            true => Ok(self.warnings),
            false => Err(self.problems.into()),
        }
    }
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    pub(super) fn is_true(&self) -> bool {
        self.value == &Value::Bool(true)
    }

    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    pub(super) fn problem(&self, report: &mut Report, what: impl Into<String>, mend: impl Into<String>) {
        report.problem(&self.path, what, mend);
    }

    /// An object with no other members than `known`; the others are reported with the name that was probably meant.
    pub(super) fn object(&self, known: &[&str], report: &mut Report) -> Option<Object<'a>> {
        let members = self.members(report)?;
        for (name, value) in members {
            let path = member(&self.path, name);
            if !known.contains(&name.as_str()) {
                report.problem(&path, "is not a known name", suggestion(name, known));
            } else if value.is_null() {
                report.problem(&path, "has no value", "give it one, or remove it");
            }
        }
        Some(Object { members, path: self.path.clone() })
    }

    /// An object whose names are data.
    pub(super) fn entries(&self, report: &mut Report) -> Option<Vec<(&'a str, Self)>> {
        let entry =
            |(name, value): (&'a String, &'a Value)| (name.as_str(), Self { value, path: member(&self.path, name) });
        Some(self.members(report)?.iter().map(entry).collect())
    }

    /// A member of an object whose names are judged elsewhere.
    pub(super) fn member_of(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self { value, path: member(&self.path, name) })
    }

    /// A list of at least one.
    pub(super) fn list(&self, report: &mut Report) -> Option<Vec<Self>> {
        let Value::Array(values) = self.value else {
            self.wrong_type("a list", report);
            return None;
        };
        if values.is_empty() {
            self.problem(report, "is an empty list", "name at least one, or remove it");
            return None;
        }
        let element = |(index, value)| Self { value, path: element(&self.path, index) };
        Some(values.iter().enumerate().map(element).collect())
    }

    /// A text of at least one character.
    pub(super) fn text(&self, report: &mut Report) -> Option<&'a str> {
        let text = self.text_or_empty(report)?;
        if text.trim().is_empty() {
            self.problem(report, "is empty", "give it a value, or remove it");
            return None;
        }
        Some(text)
    }

    /// Whatever it is, for a reader of its own.
    pub(super) const fn value(&self) -> &'a Value {
        self.value
    }

    /// The text, if it is one; what it must be is judged elsewhere.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(super) fn text_or_empty(&self, report: &mut Report) -> Option<&'a str> {
        match self.value {
            Value::String(text) => Some(text),
            _ => {
                self.wrong_type("a text", report);
                None
            }
        }
    }

    pub(super) fn flag(&self, report: &mut Report) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            self.wrong_type("true or false", report);
        }
        flag
    }

    /// A text that `parse` takes.
    pub(super) fn parse<T, E: fmt::Display>(
        &self,
        report: &mut Report,
        mend: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = parse(self.text(report)?);
        parsed.map_err(|error| self.problem(report, error.to_string(), mend)).ok()
    }

    /// One of a few names.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)], report: &mut Report) -> Option<T> {
        let text = self.text(report)?;
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if chosen.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.problem(report, "is not one of the choices", format!("write {}", alternatives(&names)));
        }
        chosen
    }

    /// A duration such as `45s`, `30m`, `12h` or `7d`, within `range`, which the mend says in `words`.
    pub(super) fn duration(
        &self,
        range: RangeInclusive<Duration>,
        words: &str,
        report: &mut Report,
    ) -> Option<Duration> {
        let duration = duration(self.text(report)?);
        match duration {
            None => self.problem(report, "is not a duration", format!("write a number and a unit, {words}")),
            Some(duration) if !range.contains(&duration) => {
                self.problem(report, "is out of range", format!("choose a duration {words}"));
            }
            Some(_) => {}
        }
        duration
    }

    fn members(&self, report: &mut Report) -> Option<&'a Map<String, Value>> {
        let members = self.value.as_object();
        if members.is_none() {
            self.wrong_type("an object", report);
        }
        members
    }

    fn wrong_type(&self, wanted: &str, report: &mut Report) {
        let found = match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let mend = match (wanted, self.value) {
            ("a text", Value::Number(_) | Value::Bool(_)) => "put it in quotes".to_owned(),
            _ => format!("write {wanted}"),
        };
        self.problem(report, format!("is {found}, not {wanted}"), mend);
    }
}

impl<'a> Object<'a> {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The member, if it is there.
    pub(super) fn member(&self, name: &str) -> Option<Node<'a>> {
        let value = self.members.get(name).filter(|value| !value.is_null())?;
        Some(Node { value, path: member(&self.path, name) })
    }

    /// The member, which is reported as missing if it is not there.
    pub(super) fn required(&self, name: &str, mend: &str, report: &mut Report) -> Option<Node<'a>> {
        if !self.members.contains_key(name) {
            report.problem(&member(&self.path, name), "is missing", mend);
        }
        self.member(name)
    }
}

/// The members of a list, each once, as `read` reads them.
pub(super) fn each_once<T: PartialEq>(
    node: &Node<'_>,
    report: &mut Report,
    read: impl Fn(&Node<'_>, &mut Report) -> Option<T>,
) -> Vec<T> {
    let mut values = Vec::new();
    for node in node.list(report).unwrap_or_default() {
        match read(&node, report) {
            Some(value) if values.contains(&value) => node.problem(report, "is given twice", "remove one of the two"),
            value => values.extend(value),
        }
    }
    values
}

/// The path of a member of `path`.
pub(super) fn member(path: &str, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    match (path, plain && !name.is_empty()) {
        ("", true) => name.to_owned(),
        (_, true) => format!("{path}.{name}"),
        (_, false) => format!("{path}[{name:?}]"),
    }
}

/// The path of an element of `path`.
pub(super) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// `a`, `a or b`, `a, b or c`, each in backticks.
pub(super) fn alternatives(names: &[&str]) -> String {
    list(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>(), "or")
}

fn suggestion(name: &str, known: &[&str]) -> String {
    let distance = |known: &str| edit_distance(&folded(name), &folded(known));
    let nearest = known.iter().map(|known| (distance(known), known)).min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, known)) if distance <= known.len() / 3 => format!("write `{known}`, or remove it"),
        _ => format!("remove it; known here: {}", alternatives(known).replace(" or ", ", ")),
    }
}

/// `client_id`, `ClientId` and `client-id` are all meant as `clientId`.
fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(LONGEST_NAME).collect()
}

/// Levenshtein's distance, row by row.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, wanted) in a.bytes().enumerate() {
        let mut diagonal = index;
        let mut left = index.saturating_add(1);
        let mut next = vec![left];
        for (above, byte) in row.iter().skip(1).zip(b.bytes()) {
            let replaced = diagonal.saturating_add(usize::from(byte != wanted));
            left = replaced.min(left.saturating_add(1)).min(above.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits)? {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    Some(Duration::from_secs(number.checked_mul(unit)?))
}

/// No known name is longer.
const LONGEST_NAME: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [("45s", 45), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "5", "s", "5 s", "-5s", "+5s", "5ms", "5S", "1h30m", "1.5h", "99999999999999999999d", "٥s"] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(duration(&format!("{}d", u64::MAX)), None);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_known_one() {
        let known = ["clientId", "clientSecret", "issuer"];
        for (name, meant) in [
            ("client_id", "clientId"),
            ("clientID", "clientId"),
            ("isuer", "issuer"),
            ("client-secrets", "clientSecret"),
        ] {
            assert_eq!(suggestion(name, &known), format!("write `{meant}`, or remove it"), "{name}");
        }
        assert_eq!(suggestion("colour", &known), "remove it; known here: `clientId`, `clientSecret`, `issuer`");
    }

    #[test]
    fn paths_are_unambiguous() {
        assert_eq!(member("", "providers"), "providers");
        assert_eq!(member(&element("providers", 0), "issuer"), "providers[0].issuer");
        assert_eq!(
            member("providers[0].clusters", "idp.example.com:443"),
            "providers[0].clusters[\"idp.example.com:443\"]"
        );
    }
}
