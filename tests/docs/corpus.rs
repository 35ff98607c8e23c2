//! The documents as these tests read them: plain Markdown of our own making, and no more of it than we use.

use std::{fs, path::PathBuf};

/// One document.
pub struct Document {
    /// Its path from the root of the repository.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// A fenced block.
pub struct Fence {
    /// Where it begins.
    pub place: String,
    /// `yaml`, `sh`, `text`, …
    pub language: String,
    /// What is inside.
    pub text: String,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every document that people read.
pub fn documents() -> Vec<Document> {
    let mut names: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "envoy/README.md", "istio/README.md"].map(str::to_owned).into();
    ["docs", "examples"].into_iter().for_each(|folder| add_all(folder, &mut names));
    names.sort();
    names.into_iter().map(|name| document(&name)).collect()
}

/// The documents of a folder, and of those in it.
fn add_all(folder: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder)).into_iter().flatten() {
        let name = format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap());
        match root().join(&name).is_dir() {
            true => add_all(&name, names),
            false if name.ends_with(".md") => names.push(name),
            false => {}
        }
    }
}

pub fn document(name: &str) -> Document {
    let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    Document { name: name.to_owned(), text }
}

impl Document {
    /// The fenced blocks in order, without the indentation that a list gives them.
    pub fn fences(&self) -> Vec<Fence> {
        let mut fences = Vec::new();
        let mut open: Option<(usize, Fence)> = None;
        for (number, line) in self.text.lines().enumerate() {
            let content = line.trim_start();
            let indent = line.len() - content.len();
            match (&mut open, content.strip_prefix("```")) {
                (None, Some(language)) => {
                    let place = format!("{}:{}", self.name, number + 1);
                    open = Some((indent, Fence { place, language: language.to_owned(), text: String::new() }));
                }
                (Some(_), Some(_)) => fences.extend(open.take().map(|(_, fence)| fence)),
                (Some((indent, fence)), None) => {
                    fence.text.push_str(line.get(*indent..).unwrap_or_default());
                    fence.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{} has a fence without an end", self.name);
        fences
    }

    /// The text outside fences.
    pub fn prose(&self) -> String {
        let outside = self.text.split("```").step_by(2);
        outside.collect::<Vec<_>>().join("\n")
    }

    /// Whatever stands in backticks outside fences.
    pub fn spans(&self) -> Vec<String> {
        self.prose().lines().flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
    }

    /// The cells of the rows of every table whose header begins with `first`, without header and rule.
    pub fn rows(&self, first: &str) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let mut inside = false;
        for line in self.text.lines() {
            let Some(cells) = cells(line) else {
                inside = false;
                continue;
            };
            match inside {
                false => inside = cells[0] == first,
                true if cells[0].starts_with("---") => {}
                true => rows.push(cells),
            }
        }
        rows
    }
}

/// The cells of a row of a table; `\|` is no border.
fn cells(line: &str) -> Option<Vec<String>> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells = row.replace("\\|", "\u{1}");
    Some(cells.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect())
}

/// The content of a cell that is exactly one code span.
pub fn span(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|inner| !inner.contains('`'))
}

#[test]
fn tables_and_fences_are_read() {
    let text = "a `b` c\n\n| Key | X |\n|---|---|\n| `a\\|b` | c |\n\n| No | X |\n|---|---|\n| d | e |\n\n  ```sh\n  x\n    y\n  ```\n";
    let document = Document { name: "d".into(), text: text.into() };
    assert_eq!(document.rows("Key"), [["`a|b`", "c"]]);
    assert_eq!(span(&document.rows("Key")[0][0]), Some("a|b"));
    let fences = document.fences();
    assert_eq!((fences.len(), fences[0].language.as_str(), fences[0].text.as_str()), (1, "sh", "x\n  y\n"));
    assert_eq!(document.spans(), ["b", "a\\|b"]);
}
