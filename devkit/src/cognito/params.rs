//! Decides how queries and form bodies are read: percent-decoding as a browser encodes, the order kept, repetition noticed.

use std::collections::HashSet;

use url::form_urlencoded;

/// The members of a query or of a form.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded`; nothing is an error, malformed UTF-8 is replaced.
    pub(super) fn parse(encoded: &[u8]) -> Params {
        Params(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The first value of `name`; an empty one counts as absent, as it does at Cognito's gateway.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(given, _)| given == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether some member is given twice, which OAuth forbids.
    pub(super) fn repeats(&self) -> bool {
        let mut seen = HashSet::new();
        !self.0.iter().all(|(name, _)| seen.insert(name))
    }

    /// All members in order.
    pub(super) fn into_vec(self) -> Vec<(String, String)> {
        self.0
    }
}

/// `url` with `query` appended, after `?` or `&` as needed.
pub(super) fn with_query(url: &str, query: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    if query.is_empty() { url.to_owned() } else { format!("{url}{mark}{query}") }
}

/// One value, encoded.
pub(super) fn encode(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
