//! A page about an application, and what stands in its fences: the tests use the very configuration that people copy.

use std::fs;

use devkit::install::workspace;
use serde_json::Value;

/// A page below `docs/applications/`.
pub struct Page {
    name: String,
    text: String,
}

impl Page {
    /// Reads `docs/applications/NAME.md`.
    pub fn of(name: &str) -> Page {
        Self::document(&format!("docs/applications/{name}.md"))
    }

    /// Reads any other document, by its path from the root of the repository.
    pub fn document(name: &str) -> Page {
        let path = workspace().join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Page { name: name.to_owned(), text }
    }

    /// The blocks in this language, in order, without the indentation that a list gives them.
    pub fn fences(&self, language: &str) -> Vec<String> {
        let mut fences = Vec::new();
        let mut open: Option<(usize, bool, String)> = None;
        for line in self.text.lines() {
            let content = line.trim_start();
            match (&mut open, content.strip_prefix("```")) {
                (None, Some(is)) => open = Some((line.len() - content.len(), is == language, String::new())),
                (Some(_), Some(_)) => fences.extend(open.take().filter(|fence| fence.1).map(|fence| fence.2)),
                (Some((indent, _, text)), None) => {
                    text.push_str(line.get(*indent..).unwrap_or_default());
                    text.push('\n');
                }
                (None, None) => {}
            }
        }
        fences
    }

    /// The first block in this language that holds `mark`.
    pub fn fence(&self, language: &str, mark: &str) -> String {
        let found = self.fences(language).into_iter().find(|text| text.contains(mark));
        found.unwrap_or_else(|| panic!("{}: no {language} with {mark:?}", self.name))
    }

    /// The configuration of the filter: the first YAML with `providers`.
    pub fn configuration(&self) -> Value {
        let text = self.fence("yaml", "providers:");
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}
