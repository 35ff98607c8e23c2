//! What a match is replaced by: Go's templates with `$1`, `${name}` and `$$`.
//!
//! Decides which groups a template names. What they matched is the caller's to say.

/// A template whose names are resolved.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    /// Groups of one name or number: the first that matched.
    Groups(Vec<usize>),
    Text(String),
}

impl Template {
    /// Reads `template` for an expression whose groups have these names. `None` if a name goes on beyond ASCII, or begins so: Go's
    /// tables of letters would have to be at hand to tell where it ends.
    pub(super) fn parse(template: &str, groups: &[Option<String>]) -> Option<Self> {
        let (mut parts, mut rest) = (Vec::new(), template);
        while let Some((before, after)) = rest.split_once('$') {
            parts.push(Part::Text(before.to_owned()));
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                parts.push(Part::Text("$".to_owned()));
                rest = after;
                continue;
            }
            match name(rest)? {
                Some((name, after)) => {
                    parts.push(Part::Groups(groups_of(name, groups)));
                    rest = after;
                }
                None => parts.push(Part::Text("$".to_owned())),
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        Some(Self(parts))
    }

    /// Appends what it becomes where `group` says what each group matched.
    pub(super) fn expand<'a>(&self, group: impl Fn(usize) -> Option<&'a str>, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Groups(groups) => out.push_str(groups.iter().find_map(|index| group(*index)).unwrap_or_default()),
                Part::Text(text) => out.push_str(text),
            }
        }
    }
}

/// The name after `$`, and what stands after it: the longest run of letters, digits and `_`, alone or in braces. `Some(None)`
/// if it is no name, and the `$` a character.
fn name(text: &str) -> Option<Option<(&str, &str)>> {
    let inner = text.strip_prefix('{');
    let begin = inner.unwrap_or(text);
    let rest = begin.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
    if rest.starts_with(|letter: char| !letter.is_ascii()) {
        return None;
    }
    let name = begin.strip_suffix(rest).filter(|name| !name.is_empty());
    let rest = if inner.is_some() { rest.strip_prefix('}') } else { Some(rest) };
    Some(name.zip(rest))
}

/// A number without a leading zero is that of a group; anything else is a name, also one that no group has.
fn groups_of(name: &str, groups: &[Option<String>]) -> Vec<usize> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    if is_number && name.len() < LONGEST_NUMBER {
        return name.parse().into_iter().collect();
    }
    let named = groups.iter().enumerate().filter(|(_, group)| group.as_deref() == Some(name));
    named.map(|(index, _)| index.saturating_add(1)).collect()
}

/// Go takes a number with more digits for a name.
const LONGEST_NUMBER: usize = 10;
