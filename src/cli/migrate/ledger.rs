//! What becomes of each setting, for people to read.
//!
//! Decides the three tables and where a problem of the written configuration came from. What stands in them is decided in
//! `translate`.

use std::fmt::Write as _;

use crate::config::Problem;

/// One line of a table.
struct Row {
    what: String,
    becomes: String,
}

/// The accounts of a migration.
#[derive(Default)]
pub(super) struct Ledger {
    carried: Vec<Row>,
    changed: Vec<Row>,
    lost: Vec<Row>,
    refused: Vec<String>,
    unknown: Vec<String>,
    steps: Vec<String>,
    sources: Vec<(String, String)>,
    quoted: Vec<String>,
}

impl Ledger {
    /// A setting that means the same in the new configuration.
    pub(super) fn carried(&mut self, what: &str, becomes: impl Into<String>) {
        self.carried.push(Row { what: what.to_owned(), becomes: becomes.into() });
    }

    /// Something that is otherwise from now on, and why.
    pub(super) fn changed(&mut self, what: &str, becomes: impl Into<String>) {
        self.changed.push(Row { what: what.to_owned(), becomes: becomes.into() });
    }

    /// Something that is no more, and what to do instead.
    pub(super) fn lost(&mut self, what: &str, instead: impl Into<String>) {
        self.lost.push(Row { what: what.to_owned(), becomes: instead.into() });
    }

    /// A name that no setting has. It is said with whatever stands in the way, too: it may be why.
    pub(super) fn unknown(&mut self, what: &str, why: impl Into<String>) {
        let why = why.into();
        self.unknown.push(format!("{what}: {why}"));
        self.lost(what, why);
    }

    /// Something that stands in the way, and its mend.
    pub(super) fn refused(&mut self, why: impl Into<String>) {
        let why = self.with_quotes(why.into());
        self.refused.push(why);
    }

    /// The value of `source` has quotes around it.
    pub(super) fn quoted(&mut self, source: &str) {
        self.quoted.push(source.to_owned());
    }

    /// What is wrong with a setting; its quotes may be why.
    pub(super) fn with_quotes(&self, why: String) -> String {
        match self.quoted.iter().any(|source| why.starts_with(source)) {
            true => format!("{why}. The quotes around it belong to the value, as kustomize reads it"),
            false => why,
        }
    }

    /// Something for people to do afterwards.
    pub(super) fn step(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    /// What stands at `path` of the configuration was written because of `source`.
    pub(super) fn source(&mut self, path: &str, source: &str) {
        self.sources.push((path.to_owned(), source.to_owned()));
    }

    /// Takes over what the files were refused for.
    pub(super) fn refuse_all(&mut self, problems: Vec<String>) {
        self.refused.extend(problems);
    }

    /// Whatever stands in the way.
    pub(super) fn refusals(&self) -> &[String] {
        &self.refused
    }

    /// Names that no setting has.
    pub(super) fn unknown_names(&self) -> &[String] {
        &self.unknown
    }

    /// The setting that a problem of the written configuration comes from; None if that is our own mistake.
    pub(super) fn source_of(&self, problem: &Problem) -> Option<&str> {
        let below = |path: &str| {
            problem.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let sources = self.sources.iter().filter(|(path, _)| below(path));
        sources.max_by_key(|(path, _)| path.len()).map(|(_, source)| source.as_str())
    }

    /// The tables and the steps.
    pub(super) fn tables(&self) -> String {
        let mut text = String::new();
        table("Carried over", &self.carried, &mut text);
        table("Changed", &self.changed, &mut text);
        table("No counterpart", &self.lost, &mut text);
        text
    }

    /// What to do before anything is applied, in order.
    pub(super) fn steps(&self) -> &[String] {
        &self.steps
    }
}

/// The width of what people read at a terminal.
const WIDTH: usize = 120;

fn table(title: &str, rows: &[Row], text: &mut String) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    let widest = rows.iter().map(|row| row.what.chars().count()).max().unwrap_or_default();
    for (index, row) in rows.iter().enumerate() {
        // Several that come to the same stand above each other, and it is said once.
        let is_said_below = rows.get(index.saturating_add(1)).is_some_and(|next| next.becomes == row.becomes);
        let body = if is_said_below { "" } else { &row.becomes };
        wrap(&format!("  {:widest$}  ", row.what), body, text);
    }
}

/// Lines of bounded width: the first behind `head`, the others below it.
pub(super) fn wrap(head: &str, body: &str, text: &mut String) {
    let indent = head.chars().count();
    let mut line = head.to_owned();
    let mut is_empty = true;
    for word in body.split(' ') {
        let longer = line.chars().count().saturating_add(word.chars().count()).saturating_add(1);
        if longer > WIDTH && !is_empty {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &str) -> Problem {
        Problem { path: path.into(), what: "is wrong".into(), mend: "mend it".into() }
    }

    #[test]
    fn a_problem_is_said_of_the_nearest_setting_above_it() {
        let mut ledger = Ledger::default();
        ledger.source("identity", "A");
        ledger.source("identity.userId.transforms", "B (b.env:2)");
        let source = |path| ledger.source_of(&problem(path));
        assert_eq!(source("identity.userId.transforms[1].matches"), Some("B (b.env:2)"));
        assert_eq!(source("identity.userId.transforms"), Some("B (b.env:2)"));
        assert_eq!(source("identity.userId.transformsX"), Some("A"));
        assert_eq!(source("identities"), None);
    }

    #[test]
    fn long_rows_are_broken_between_words() {
        let mut ledger = Ledger::default();
        ledger.changed("SHORT", "word ".repeat(60).trim_end());
        ledger.changed("A_LONGER_NAME", "x");
        let text = ledger.tables();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], "Changed");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(lines[3].starts_with("                 word"), "{text}");
        assert_eq!(text.matches("word").count(), 60);
    }

    #[test]
    fn what_several_come_to_is_said_once() {
        let mut ledger = Ledger::default();
        [("A", "gone"), ("LONG", "gone"), ("C", "gone")].iter().for_each(|(what, instead)| ledger.lost(what, *instead));
        assert_eq!(ledger.tables(), "\nNo counterpart\n  A\n  LONG\n  C     gone\n");
    }
}
