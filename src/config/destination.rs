//! An address that a browser is sent to with one parameter added.
//!
//! Decides where the parameter stands, and that it stands there once. Who is sent there, and with which value, is `flow`'s.

use url::form_urlencoded::{byte_serialize, parse};

use crate::http::origin::Origin;

/// An absolute URL, or a path of whichever host the browser is at, and the name of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Up to the parameter's value.
    before: String,
    /// What follows that value.
    after: String,
}

impl Destination {
    /// `url` with `parameter` in place of whatever has that name already.
    pub(super) fn new(url: &str, parameter: &str) -> Self {
        let (rest, fragment) =
            url.split_once('#').map_or((url, String::new()), |(rest, end)| (rest, format!("#{end}")));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let named = |pair: &str| parse(pair.as_bytes()).next().is_none_or(|(name, _)| name == parameter);
        let kept: String = query.split('&').filter(|pair| !named(pair)).map(|pair| format!("{pair}&")).collect();
        Self { before: format!("{path}?{kept}{parameter}="), after: fragment }
    }

    /// The address for a browser that is at `origin`.
    pub fn location(&self, origin: &Origin, value: &str) -> String {
        let host = if self.before.starts_with('/') { origin.to_string() } else { String::new() };
        let value: String = byte_serialize(value.as_bytes()).collect();
        format!("{host}{}{value}{}", self.before, self.after)
    }

    /// Whether it is `path` of `origin`, whatever the query.
    pub fn is_at(&self, origin: &Origin, path: &[u8]) -> bool {
        let page = self.before.split('?').next().unwrap_or_default();
        let page = page.strip_prefix(&origin.to_string()).unwrap_or(page);
        page.as_bytes() == path
    }

    /// The address, with `…` in place of the value.
    pub fn shown(&self) -> String {
        format!("{}…{}", self.before, self.after)
    }
}
