//! Header hygiene: what a client may not bring, and what an application must not receive.
//!
//! Decides which inbound fields are removed on every branch, public paths and our own answers included: every spelling of
//! an identity header that an application could fold to the same name, members of `Connection` that would let the next
//! hop drop our headers, and announcements of trailers that carry such names.

use crate::http::{header_edits::HeaderEdits, request::Header};

/// Members of `Connection` that may stand: Envoy 1.40 forwards others on upgrades as they are.
const CONNECTION_MEMBERS: [&str; 5] = ["upgrade", "keep-alive", "close", "te", "http2-settings"];

/// The names that identity occupies, folded.
#[derive(Clone, Debug, Default)]
pub struct ReservedHeaders(Vec<String>);

impl ReservedHeaders {
    /// Reserves `names`.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(fold).collect())
    }

    /// Whether an application could read `name` as one of ours (T-40).
    pub fn covers(&self, name: &str) -> bool {
        self.0.contains(&fold(name))
    }

    /// The removals that `headers` need before they may go on.
    pub fn strip(&self, headers: &[Header]) -> HeaderEdits {
        let mut edits = HeaderEdits::default();
        for header in headers.iter().filter(|header| self.covers(&header.name)) {
            edits.remove(header.name.clone());
        }
        keep_members(&mut edits, headers, "connection", |member| {
            CONNECTION_MEMBERS.iter().any(|known| member.eq_ignore_ascii_case(known.as_bytes()))
        });
        keep_members(&mut edits, headers, "trailer", |member| !self.covers(&String::from_utf8_lossy(member)));
        edits
    }

    /// The removals that request trailers need.
    pub fn strip_trailers(&self, trailers: &[Header]) -> HeaderEdits {
        let mut edits = HeaderEdits::default();
        for trailer in trailers.iter().filter(|trailer| self.covers(&trailer.name)) {
            edits.remove(trailer.name.clone());
        }
        edits
    }
}

/// The name that CGI, WSGI and their kin would make of `name`: case does not count, and neither does which character
/// stands between letters and digits.
pub fn fold(name: &str) -> String {
    let folded = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    name.trim().chars().map(folded).collect()
}

/// Leaves of the list header `name` only the members that `allowed` accepts; changes nothing if all are.
fn keep_members(edits: &mut HeaderEdits, headers: &[Header], name: &str, allowed: impl Fn(&[u8]) -> bool) {
    let lines = headers.iter().filter(|header| header.name == name);
    let members: Vec<&[u8]> = lines
        .flat_map(|header| header.value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
        .collect();
    let kept: Vec<&[u8]> = members.iter().copied().filter(|member| allowed(member)).collect();
    match (kept.len() == members.len(), kept.is_empty()) {
        (true, _) => {}
        (false, true) => edits.remove(name),
        (false, false) => edits.set(name, kept.join(b", ".as_slice())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        let reserved = ReservedHeaders::new(["kubeflow-userid", "kubeflow-groups"]);
        let mut pairs: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).into(), value.as_bytes().to_vec())).collect();
        let views: Vec<_> = pairs
            .iter()
            .map(|(name, value): &(String, Vec<u8>)| Header { name: name.clone(), value: value.clone() })
            .collect();
        reserved.strip(&views).apply(&mut pairs);
        pairs
    }

    // T-40
    #[test]
    fn every_spelling_that_folds_to_an_identity_header_is_removed() {
        for name in [
            "kubeflow-userid",
            "Kubeflow-Userid",
            "kubeflow_userid",
            "KUBEFLOW_USERID",
            "kubeflow.userid",
            "kubeflow userid",
            "kubeflow!userid",
            "kubeflow~userid",
        ] {
            assert_eq!(stripped(&[(name, "forged"), (name, "twice")]), [], "{name}");
        }
    }

    #[test]
    fn other_headers_stay_as_they_are() {
        let others =
            [("x-kubeflow-userid", "a"), ("accept", "b"), ("connection", "Upgrade, keep-alive"), ("trailer", "x-sum")];
        assert_eq!(stripped(&others).len(), others.len());
    }

    #[test]
    fn connection_names_only_what_hops_need() {
        assert_eq!(
            stripped(&[("connection", "Upgrade, kubeflow-userid")]),
            [("connection".into(), b"Upgrade".to_vec())]
        );
        assert_eq!(stripped(&[("connection", "cookie")]), []);
    }

    #[test]
    fn announced_trailers_lose_identity_names() {
        assert_eq!(stripped(&[("trailer", "x-sum, Kubeflow_Userid")]), [("trailer".into(), b"x-sum".to_vec())]);
    }
}
