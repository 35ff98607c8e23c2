//! Changes to a header map, in the order in which they must be carried out.
//!
//! Decides nothing: `identity` and `flow` plan the edits, the adapter performs them.

/// An ordered list of changes to a header or trailer map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderEdits(Vec<HeaderEdit>);

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit {
    /// Append one more field. In a request it only ever follows a [`HeaderEdit::Remove`] of the same name, so that no client
    /// value is kept beside it.
    Add(String, Vec<u8>),
    /// Remove every field of this name.
    Remove(String),
    /// Replace every field of this name by this one.
    Set(String, Vec<u8>),
}

impl HeaderEdits {
    /// Removes every field `name`.
    pub fn remove(&mut self, name: impl Into<String>) {
        let edit = HeaderEdit::Remove(name.into());
        if !self.0.contains(&edit) {
            self.0.push(edit);
        }
    }

    /// Makes `value` the only value of `name`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push(HeaderEdit::Set(name.into(), value.into()));
    }

    /// Appends one more field to a response.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push(HeaderEdit::Add(name.into(), value.into()));
    }

    /// Replaces every field `name` by `lines`, one field each; no lines removes it.
    pub fn replace_all(&mut self, name: &str, lines: Vec<Vec<u8>>) {
        match <[Vec<u8>; 1]>::try_from(lines) {
            Ok([only]) => self.set(name, only),
            Err(lines) => {
                self.remove(name);
                self.0.extend(lines.into_iter().map(|line| HeaderEdit::Add(name.into(), line)));
            }
        }
    }

    /// The changes, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &HeaderEdit> {
        self.0.iter()
    }

    /// How many bytes they take.
    pub fn size(&self) -> usize {
        let sizes = self.0.iter().map(|edit| match edit {
            HeaderEdit::Add(name, value) | HeaderEdit::Set(name, value) => name.len().saturating_add(value.len()),
            HeaderEdit::Remove(name) => name.len(),
        });
        sizes.fold(0, usize::saturating_add)
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Carries the changes out on `headers`: what the host does to its map, for tests and `explain`.
    pub fn apply(&self, headers: &mut Vec<(String, Vec<u8>)>) {
        for edit in &self.0 {
            match edit {
                HeaderEdit::Add(name, value) => headers.push((name.clone(), value.clone())),
                HeaderEdit::Remove(name) => headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name)),
                HeaderEdit::Set(name, value) => {
                    headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                    headers.push((name.clone(), value.clone()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_leaves_one_value_whatever_the_client_sent() {
        let mut headers = vec![("X-Id".into(), b"a".to_vec()), ("x-id".into(), b"b".to_vec())];
        let mut edits = HeaderEdits::default();
        edits.set("x-id", "c");
        edits.apply(&mut headers);
        assert_eq!(headers, [("x-id".to_owned(), b"c".to_vec())]);
    }

    #[test]
    fn replacing_by_several_lines_removes_first() {
        let mut edits = HeaderEdits::default();
        edits.replace_all("cookie", vec![b"a=1".to_vec(), b"b=2".to_vec()]);
        let mut headers = vec![("cookie".into(), b"ours=1; a=1".to_vec())];
        edits.apply(&mut headers);
        assert_eq!(headers, [("cookie".to_owned(), b"a=1".to_vec()), ("cookie".to_owned(), b"b=2".to_vec())]);
    }
}
