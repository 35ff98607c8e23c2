//! Links lead somewhere, and paths that the documents name are there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::corpus::{Document, document, documents, root};

/// The targets of `[text](target)` outside fences.
fn targets(document: &Document) -> Vec<String> {
    let prose = document.prose();
    let after = prose.split("](").skip(1);
    after.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The anchors that headings get: lower case, words joined by `-`.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// `path` seen from the folder of `document`.
fn beside(document: &Document, path: &str) -> PathBuf {
    root().join(&document.name).parent().unwrap_or(Path::new("")).join(path)
}

#[test]
fn every_relative_link_leads_somewhere() {
    let (mut followed, mut broken) = (0, Vec::new());
    for document in documents() {
        for target in targets(&document).into_iter().filter(|target| !target.contains("://")) {
            followed += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { root().join(&document.name) } else { beside(&document, file) };
            let there = match anchor {
                "" => path.exists(),
                anchor => fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(anchor)),
            };
            if !there {
                broken.push(format!("{}: {target}", document.name));
            }
        }
    }
    assert!(followed > 30, "{followed}");
    assert_eq!(broken, Vec::<String>::new());
}

/// Whether a code span is meant as a path of this repository: its first folder is one, or it is a file by its ending.
fn is_path(span: &str) -> bool {
    let plain = span.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte));
    let mut parts = span.split('/');
    let first = parts.next().unwrap_or_default();
    let folder = parts.next().is_some() && root().join(first).is_dir() && !matches!(first, "" | "." | ".." | "target");
    let file =
        [".md", ".rs", ".toml", ".yaml"].iter().any(|ending| span.ends_with(ending) && span.len() > ending.len());
    plain && (folder || file && !span.starts_with('/'))
}

/// The files that the tool writes, as its golden files name them.
fn rendered() -> BTreeSet<String> {
    let golden = fs::read_dir(root().join("tests/golden/render/out")).unwrap();
    let texts: Vec<_> = golden.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    let names = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("==== "));
    names.map(|name| name.split(',').next().unwrap().to_owned()).collect()
}

#[test]
fn every_path_that_is_named_exists() {
    let (mut named, mut absent) = (0, Vec::new());
    let rendered = rendered();
    for document in documents() {
        let shell = document.fences().into_iter().filter(|fence| fence.language == "sh").map(|fence| fence.text);
        let words = shell.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let words = words.filter(|word| word.contains('/'));
        for path in document.spans().into_iter().chain(words).filter(|span| is_path(span)) {
            named += 1;
            let written = path.strip_prefix("edge-oidc/").unwrap_or(&path);
            let written = rendered.iter().any(|file| file == written || file.ends_with(&format!("/{written}")));
            if !written && !root().join(&path).exists() && !beside(&document, &path).exists() {
                absent.push(format!("{}: {path}", document.name));
            }
        }
    }
    assert!(named > 60, "{named}");
    assert_eq!(absent, Vec::<String>::new());
}

#[test]
fn every_file_that_is_named_as_a_test_holds_tests() {
    let rows = document("docs/security.md").rows("Attack");
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        for file in row[2].split('`').skip(1).step_by(2).filter(|file| file.ends_with(".rs")) {
            let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains("#[test]") || text.contains("#[tokio::test"), "{file} holds no test");
        }
    }
}

/// The documents that a document leads to.
fn led_to(name: &str) -> BTreeSet<String> {
    let from = document(name);
    let files = targets(&from).into_iter().filter(|target| !target.contains("://"));
    let files = files.filter_map(|target| beside(&from, target.split('#').next()?).canonicalize().ok());
    let root = root().canonicalize().unwrap();
    files.filter_map(|file| Some(file.strip_prefix(&root).ok()?.to_str()?.to_owned())).collect()
}

#[test]
fn every_document_is_reached_from_the_readme_by_two_links() {
    let near = led_to("README.md");
    let far = near.iter().filter(|name| name.ends_with(".md")).flat_map(|name| led_to(name));
    let reached: BTreeSet<_> = far.chain(near.iter().cloned()).collect();
    let own = |name: &str| ["README.md", "envoy/README.md"].contains(&name);
    for document in documents().into_iter().filter(|document| !own(&document.name)) {
        assert!(reached.contains(&document.name), "README.md does not lead to {}", document.name);
    }
}
