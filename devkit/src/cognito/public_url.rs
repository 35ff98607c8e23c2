//! Decides what the public URL of a host says: its scheme, the authority that requests must name, its path.

use anyhow::{Context, Result, bail};
use url::Url;

/// A base URL under which a host is known; without a slash at its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublicUrl {
    /// The exact text.
    pub(crate) text: String,
    /// Host, and port unless it is the scheme's own.
    pub(crate) authority: String,
    /// The path, empty or with a slash in front.
    pub(crate) path: String,
    /// Whether the scheme is `https`.
    pub(crate) secure: bool,
}

impl PublicUrl {
    /// Reads a base URL. Port 0 stands for `port`, the one that was bound.
    pub(crate) fn parse(text: &str, port: u16) -> Result<PublicUrl> {
        let text = text.trim_end_matches('/');
        let text = match Url::parse(text).with_context(|| format!("{text} is no URL"))?.port() {
            Some(0) => text.replacen(":0", &format!(":{port}"), 1),
            _ => text.to_owned(),
        };
        let url = Url::parse(&text)?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            bail!("{text} is not an http or https URL without query and fragment");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        if !path.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c)) {
            bail!("the path of {text} has characters that no pool id has");
        }
        Ok(PublicUrl { authority: url.authority().to_owned(), path, secure: url.scheme() == "https", text })
    }

    /// Whether a request that names `authority` means this host; the scheme's own port may be spelled out.
    pub(crate) fn answers_for(&self, authority: &str) -> bool {
        let port = if self.secure { ":443" } else { ":80" };
        let given = authority.strip_suffix(port).unwrap_or(authority);
        given.eq_ignore_ascii_case(&self.authority)
    }

    /// The same pool under the issuer type UPDATED; only Cognito's own hosts have one.
    pub(crate) fn updated_issuer(&self) -> PublicUrl {
        let updated = |text: &str| text.replacen("cognito-idp.", "issuer-cognito-idp.", 1);
        if !self.authority.starts_with("cognito-idp.") {
            return self.clone();
        }
        PublicUrl { text: updated(&self.text), authority: updated(&self.authority), ..self.clone() }
    }

    /// The last segment of the path: the pool id of an issuer.
    pub(crate) fn last_segment(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}
