//! What somebody lacks, in words for a person.
//!
//! Decides how the parts of a requirement read together, and how long that may become. The words name what the
//! configuration says, never a claim's value.

/// What somebody lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Goes on from "Whoever comes in here": `must be in one of the groups admins or team-*`. At most 300 characters.
    pub text: String,
    /// Where scopes alone are lacking: all that are asked for (`scope` of RFC 6750 §3). Empty where anything else is.
    pub scopes: Vec<String>,
}

/// What is lacking so far.
#[derive(Debug)]
pub(super) struct Lack {
    text: String,
    compound: bool,
    scopes: Option<Vec<String>>,
}

impl Lack {
    /// One thing, as a clause that begins with `must`.
    pub(super) const fn new(text: String) -> Self {
        Self { text, compound: false, scopes: None }
    }

    /// That it is a matter of scopes alone.
    pub(super) fn of_scopes(self, scopes: Option<&Vec<String>>) -> Self {
        Self { scopes: scopes.cloned(), ..self }
    }

    /// What is lacking where all parts are asked for.
    pub(super) fn all(parts: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let lacks: Vec<_> = parts.flatten().collect();
        let scopes = lacks.iter().map(|lack| lack.scopes.clone()).collect::<Option<Vec<_>>>();
        let lack = Self::join("", ", and ", lacks)?;
        Some(Self { scopes: scopes.map(|scopes| scopes.concat()), ..lack })
    }

    /// What is lacking where one of the parts is asked for; nobody has one of none.
    pub(super) fn any(parts: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let lacks = parts.collect::<Option<Vec<_>>>()?;
        let scopes = lacks.iter().map(|lack| lack.scopes.clone()).collect::<Option<Vec<_>>>();
        let lack = Self::join("either ", ", or ", lacks)
            .unwrap_or_else(|| Self::new("must be somebody whom nothing describes".to_owned()));
        Some(Self { scopes: scopes.and_then(|scopes| scopes.into_iter().next()), ..lack })
    }

    fn join(before: &str, between: &str, lacks: Vec<Self>) -> Option<Self> {
        let mut lacks = lacks.into_iter();
        let first = lacks.next()?;
        let Some(second) = lacks.next() else { return Some(first) };
        let mut text = format!("{before}{}", first.parenthesised());
        for next in [second].into_iter().chain(lacks) {
            text.push_str(between);
            text.push_str(&next.parenthesised());
        }
        Some(Self { text: shortened(text), compound: true, scopes: None })
    }

    fn parenthesised(&self) -> String {
        if self.compound { format!("({})", self.text) } else { self.text.clone() }
    }

    /// The whole, with the scope values that are asked for `always`.
    pub(super) fn finish(self, always: &[&str]) -> Unmet {
        let mut scopes = Vec::new();
        for scope in always.iter().map(ToString::to_string).chain(self.scopes.iter().flatten().cloned()) {
            if self.scopes.is_some() && !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Unmet { text: shortened(self.text), scopes }
    }
}

/// `a`, `a or b`, `a, b or c`, with `word` before the last.
pub fn list<T: ToString>(names: &[T], word: &str) -> String {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text,
        Some(_) => text.chars().take(LONGEST_TEXT.saturating_sub(1)).chain(['…']).collect(),
    }
}

const LONGEST_TEXT: usize = 300;
