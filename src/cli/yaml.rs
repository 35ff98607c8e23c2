//! YAML as people want to read it: members in an order that means something, and comments above them.
//!
//! Decides layout alone. How a scalar must be quoted is serde-saphyr's matter, and what stands in a file is that of whoever
//! builds it: `render`, `init`, `migrate`.

mod read;

use std::fmt::Write as _;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A document, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    /// Null, true, false, a number or a text.
    Scalar(Value),
    /// A list.
    List(Vec<Item>),
    /// An object.
    Map(Vec<Member>),
}

/// An element of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// What stands above it, without `#`; none if empty.
    pub(super) comment: String,
    /// What it is.
    pub(super) tree: Tree,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// What stands above it, without `#`; none if empty.
    pub(super) comment: String,
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) tree: Tree,
}

impl Tree {
    /// An object without members.
    pub(super) const fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// An object with these members.
    pub(super) fn members<'a>(members: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        members.into_iter().fold(Self::map(), |map, (name, tree)| map.with(name, tree))
    }

    /// A list of these.
    pub(super) fn list(elements: impl IntoIterator<Item = Self>) -> Self {
        Self::List(elements.into_iter().map(|tree| Item { comment: String::new(), tree }).collect())
    }

    /// With one member more; a scalar or a list becomes an object of this member.
    #[must_use]
    pub(super) fn with(self, name: &str, tree: impl Into<Self>) -> Self {
        self.explained("", name, tree)
    }

    /// With one member more where there is a value for it.
    #[must_use]
    pub(super) fn with_some(self, name: &str, tree: Option<impl Into<Self>>) -> Self {
        match tree {
            Some(tree) => self.with(name, tree),
            None => self,
        }
    }

    /// With one member more, and a comment of one line or several above it.
    #[must_use]
    pub(super) fn explained(self, comment: &str, name: &str, tree: impl Into<Self>) -> Self {
        let mut members = match self {
            Self::Map(members) => members,
            Self::List(_) | Self::Scalar(_) => Vec::new(),
        };
        members.push(Member { comment: comment.to_owned(), name: name.to_owned(), tree: tree.into() });
        Self::Map(members)
    }

    /// The member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|member| member.name == name).map(|member| &member.tree),
            Self::List(_) | Self::Scalar(_) => None,
        }
    }

    /// The member of this name.
    pub(super) fn member_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Map(members) => members.iter_mut().find(|member| member.name == name).map(|member| &mut member.tree),
            Self::List(_) | Self::Scalar(_) => None,
        }
    }

    /// Makes `tree` the member of this name, in the place of one that is there, or last.
    pub(super) fn set(&mut self, name: &str, tree: impl Into<Self>) {
        match self.member_mut(name) {
            Some(member) => *member = tree.into(),
            None => *self = std::mem::replace(self, Self::map()).with(name, tree),
        }
    }

    /// Takes the member of this name away.
    pub(super) fn remove(&mut self, name: &str) {
        if let Self::Map(members) = self {
            members.retain(|member| member.name != name);
        }
    }

    /// Puts `tree` before the other elements of a list, under a comment.
    pub(super) fn insert_first(&mut self, comment: &str, tree: Self) {
        if let Self::List(items) = self {
            items.insert(0, Item { comment: comment.to_owned(), tree });
        }
    }

    /// The elements, none of what is no list.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        let items = if let Self::List(items) = self { items.as_slice() } else { &[] };
        items.iter().map(|item| &item.tree)
    }

    /// The elements, none of what is no list.
    pub(super) fn elements_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        let items = if let Self::List(items) = self { items.as_mut_slice() } else { &mut [] };
        items.iter_mut().map(|item| &mut item.tree)
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Scalar(value) = self { value.as_str() } else { None }
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(value) => value.is_null(),
            Self::List(items) => items.is_empty(),
            Self::Map(members) => members.is_empty(),
        }
    }

    /// The value, without comments and order.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::List(items) => Value::Array(items.iter().map(|item| item.tree.to_value()).collect()),
            Self::Map(members) => {
                let pair = |member: &Member| (member.name.clone(), member.tree.to_value());
                Value::Object(members.iter().map(pair).collect::<Map<_, _>>())
            }
        }
    }

    /// The text, with a line end after it.
    pub(super) fn to_yaml(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Scalar(value) => text.push_str(&scalar(value)),
            Self::List(items) if items.is_empty() => text.push_str("[]"),
            Self::Map(members) if members.is_empty() => text.push_str("{}"),
            tree => tree.write(0, &mut text),
        }
        text.trim_end().to_owned() + "\n"
    }

    /// Writes an object or a list in lines of its own, `depth` steps in.
    fn write(&self, depth: usize, text: &mut String) {
        match self {
            Self::Scalar(value) => writeln(text, depth, &scalar(value)),
            Self::List(items) => items.iter().for_each(|item| item.write(depth, text)),
            Self::Map(members) => members.iter().for_each(|member| member.write(depth, text)),
        }
    }

    /// On the line of what it belongs to, if it fits there.
    fn short(&self) -> Option<String> {
        match self {
            Self::Scalar(value) => Some(scalar(value)),
            Self::List(items) if items.is_empty() => Some("[]".to_owned()),
            Self::Map(members) if members.is_empty() => Some("{}".to_owned()),
            Self::List(_) | Self::Map(_) => None,
        }
    }
}

impl Member {
    fn write(&self, depth: usize, text: &mut String) {
        comment(&self.comment, depth, text);
        let name = scalar(&Value::from(self.name.as_str()));
        if let Some(lines) = self.tree.text().and_then(literal) {
            writeln(text, depth, &format!("{name}: |"));
            lines.for_each(|line| writeln(text, depth.saturating_add(1), line));
            return;
        }
        match self.tree.short() {
            Some(short) => writeln(text, depth, &format!("{name}: {short}")),
            None => {
                writeln(text, depth, &format!("{name}:"));
                self.tree.write(depth.saturating_add(1), text);
            }
        }
    }
}

impl Item {
    fn write(&self, depth: usize, text: &mut String) {
        comment(&self.comment, depth, text);
        match self.tree.short() {
            Some(short) => writeln(text, depth, &format!("- {short}")),
            None => {
                // The first line of what is inside stands behind the dash, where its two spaces of depth would be.
                let mut inner = String::new();
                self.tree.write(depth.saturating_add(1), &mut inner);
                let indent = INDENT.repeat(depth.saturating_add(1));
                let first = inner.strip_prefix(&indent).unwrap_or(&inner);
                let _ = write!(text, "{}- {first}", INDENT.repeat(depth));
            }
        }
    }
}

const INDENT: &str = "  ";

fn writeln(text: &mut String, depth: usize, line: &str) {
    let _ = writeln!(text, "{}{line}", INDENT.repeat(depth));
}

fn comment(comment: &str, depth: usize, text: &mut String) {
    comment.lines().for_each(|line| writeln(text, depth, format!("# {line}").trim_end()));
}

/// The lines of a text that can stand as they are, below a `|`.
fn literal(text: &str) -> Option<std::str::Lines<'_>> {
    let (lines, last) = text.rsplit_once('\n')?;
    let plain = |line: &str| !line.trim().is_empty() && !line.contains(|c: char| c.is_control() || BREAKS.contains(&c));
    let good = last.is_empty() && lines.split('\n').all(plain) && !text.starts_with(char::is_whitespace);
    good.then(|| text.lines())
}

/// Some parsers end lines at these, too.
const BREAKS: [char; 3] = ['\u{2028}', '\u{2029}', '\u{feff}'];

/// A scalar on one line. A text of several lines, or one that YAML's plain styles do not hold, is JSON's, which is YAML, too.
fn scalar(value: &Value) -> String {
    let json = || value.to_string();
    match value {
        Value::String(text) if text.chars().any(char::is_control) => json(),
        value => serde_saphyr::to_string(value)
            .ok()
            .map(|text| text.trim_end().to_owned())
            .filter(|text| !text.contains('\n'))
            .unwrap_or_else(json),
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(values) => Self::list(values.into_iter().map(Self::from)),
            Value::Object(members) => {
                members.into_iter().fold(Self::map(), |map, (name, value)| map.with(&name, Self::from(value)))
            }
            scalar => Self::Scalar(scalar),
        }
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Scalar(text.into())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Scalar(text.into())
    }
}

impl From<bool> for Tree {
    fn from(flag: bool) -> Self {
        Self::Scalar(flag.into())
    }
}

impl From<u64> for Tree {
    fn from(number: u64) -> Self {
        Self::Scalar(number.into())
    }
}

/// In its order, without comments.
impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items.iter().map(|item| &item.tree)),
            Self::Map(members) => serializer.collect_map(members.iter().map(|member| (&member.name, &member.tree))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Tree {
        let provider = Tree::members([("issuer", "https://a.example".into()), ("clientId", "123".into())]);
        let rules = [json!({ "match": { "path": { "prefix": "/a b" } }, "action": "allow" }).into(), Tree::map()];
        Tree::map()
            .explained("Who signs people in.\nOne of them.", "providers", Tree::list([provider]))
            .with("publicUrls", Tree::list(["https://*.b.example".into()]))
            .with("cognito:groups", json!([[1, true], null, "yes", "# no", "- x", "", "a\nb", "1e3", "~"]))
            .with("rules", Tree::list(rules))
            .with("none", Tree::list([]))
            .with("patch", "a: 1\nb:\n  - c\n")
            .with("odd", json!({ "blank": "a\n\nb\n", "indented": "  a\nb\n", "open": "a\nb", "tail": "a\n\n", "return": "a\r\n" }))
    }

    #[test]
    fn members_stand_in_order_under_their_comments() {
        let text = sample().to_yaml();
        let head = "# Who signs people in.\n# One of them.\nproviders:\n  - issuer: ";
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains("\npublicUrls:\n  - "), "{text}");
        assert!(text.contains("\npatch: |\n  a: 1\n  b:\n    - c\n"), "{text}");
    }

    #[test]
    fn what_is_written_reads_as_what_was_meant() {
        let tree = sample();
        let text = tree.to_yaml();
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, tree.to_value(), "{text}");
        let ordered: Tree = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(Tree::from(json!({})).to_yaml(), "{}\n");
        let names = |tree: &Tree| match tree {
            Tree::Map(members) => members.iter().map(|member| member.name.clone()).collect(),
            _ => Vec::new(),
        };
        assert_eq!(names(&ordered), names(&tree));
        let json = serde_json::to_string(&tree).unwrap();
        assert_eq!(names(&serde_json::from_str(&json).unwrap()), names(&tree));
    }
}
