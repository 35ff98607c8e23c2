//! Which claim becomes which header, and which tokens go on.
//!
//! Decides by which name a claim goes for whoever vouched for it, which headers are ours, and the order in which a user id is
//! made. Valid by construction in `config`.

use super::{IdentityError, transform::Transforms};
use crate::{
    oidc::claims::{ClaimPath, Naming},
    secret::Secret,
};

/// Which claim becomes which header; valid by construction in `config`.
#[derive(Clone, Debug, Default)]
pub struct IdentitySettings {
    /// The user id.
    pub user_id: Option<UserIdRule>,
    /// The groups.
    pub groups: Option<GroupsRule>,
    /// Further headers.
    pub headers: Vec<HeaderRule>,
    /// The header, lower case, that says how somebody proved who they are: by a session's cookie, or by a header.
    pub auth_method: Option<String>,
    /// Headers, lower case, that applications believe, that we do not set, and that no client may bring.
    pub removed: Vec<String>,
    /// Which tokens go on.
    pub forward: Forwarding,
    /// Whether an `email` that the provider calls unverified may name a person.
    pub allow_unverified_email: bool,
    /// Whether the identity also goes into Envoy's filter state, for filters and access logs.
    pub filter_state: bool,
}

/// The user id: claim, then rules, then lower case, then prefix, then header. One that is absent or empty refuses the request.
#[derive(Clone, Debug, Default)]
pub struct UserIdRule {
    /// The claims (`email`, `cognito:username`), used whole: the first that is there counts. Never empty.
    pub claims: Vec<ClaimPath>,
    /// The header's name, lower case.
    pub header: String,
    /// What rewrites the value.
    pub transforms: Transforms,
    /// Whether letters of ASCII become small. No others: the Kelvin sign would become a `k`, and its bearer somebody else.
    pub lowercase: bool,
    /// Put before the value.
    pub prefix: String,
}

/// The groups: claim, prefix of each, header.
#[derive(Clone, Debug)]
pub struct GroupsRule {
    /// The claim: an array of strings, or one string.
    pub claim: ClaimPath,
    /// The header's name, lower case.
    pub header: String,
    /// Put before each group.
    pub prefix: String,
}

/// Any other header from a claim.
#[derive(Clone, Debug)]
pub struct HeaderRule {
    /// The header's name, lower case.
    pub header: String,
    /// The claim.
    pub claim: ClaimPath,
}

/// Which tokens go on, each in which header (lower case): as `Bearer TOKEN` in `authorization`, in others as they are.
#[derive(Clone, Debug, Default)]
pub struct Forwarding {
    /// The ID token's header.
    pub id_token: Option<String>,
    /// The access token's header.
    pub access_token: Option<String>,
}

impl UserIdRule {
    /// What a claim's value becomes before the prefix, and by which rule, counted from 0.
    ///
    /// # Errors
    /// [`IdentityError`] if nothing is left of it, or nothing that can stand in a header.
    pub fn rewrite(&self, value: &str) -> Result<(String, Option<usize>), IdentityError> {
        let rewritten = self.transforms.apply(value).map_err(|_| IdentityError::UserIdUnusable)?;
        let (rule, mut text) = rewritten.map_or((None, value.to_owned()), |(rule, text)| (Some(rule), text));
        if text.is_empty() {
            return Err(IdentityError::UserIdTransformedAway);
        }
        if !is_usable(&text) {
            return Err(IdentityError::UserIdUnusable);
        }
        if self.lowercase {
            text.make_ascii_lowercase();
        }
        Ok((text, rule))
    }
}

/// Whether a header carries `text` as it is.
pub(super) fn is_usable(text: &str) -> bool {
    !text.chars().any(char::is_control) && text.trim() == text
}

impl IdentitySettings {
    /// Where the user id stands: the first of these that is there counts. None if it goes into no header.
    pub fn user_id_claims<'a>(&'a self, naming: &'a Naming) -> &'a [ClaimPath] {
        let Some(rule) = &self.user_id else { return &[] };
        naming.user_id_claims.as_deref().unwrap_or(&rule.claims)
    }

    /// What stands before the user id.
    pub fn user_id_prefix<'a>(&'a self, naming: &'a Naming) -> &'a str {
        let common = self.user_id.as_ref().map_or("", |rule| rule.prefix.as_str());
        naming.user_id_prefix.as_deref().unwrap_or(common)
    }

    /// Where the groups stand.
    pub fn groups_claim<'a>(&'a self, naming: &'a Naming) -> Option<&'a ClaimPath> {
        let rule = self.groups.as_ref()?;
        Some(naming.groups_claim.as_ref().unwrap_or(&rule.claim))
    }

    /// What stands before each group.
    pub fn groups_prefix<'a>(&'a self, naming: &'a Naming) -> &'a str {
        let common = self.groups.as_ref().map_or("", |rule| rule.prefix.as_str());
        naming.groups_prefix.as_deref().unwrap_or(common)
    }

    /// Every header that applications take identity from, and that no client may bring; those of tokens are [`Forwarding`]'s.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        let user_id = self.user_id.iter().map(|rule| rule.header.as_str());
        let groups = self.groups.iter().map(|rule| rule.header.as_str());
        let headers = self.headers.iter().map(|rule| rule.header.as_str());
        let removed = self.removed.iter().map(String::as_str);
        user_id.chain(groups).chain(headers).chain(self.auth_method.as_deref()).chain(removed)
    }

    /// Every top-level claim that a session of somebody must keep whose claims go by `naming`.
    pub fn claim_names<'a>(&'a self, naming: &'a Naming) -> impl Iterator<Item = &'a str> {
        let user_id = self.user_id_claims(naming).iter();
        let groups = self.groups_claim(naming).into_iter();
        let claims = user_id.chain(groups).chain(self.headers.iter().map(|rule| &rule.claim));
        // Whether an address may be believed is asked on every request, so the answer is kept beside it.
        claims.flat_map(|claim| [Some(claim.root.as_str()), claim.is_email().then_some("email_verified")]).flatten()
    }
}

impl Forwarding {
    /// Whether the applications expect a token of ours in `authorization`.
    pub fn takes_authorization(&self) -> bool {
        self.headers().any(|header| header == AUTHORIZATION)
    }

    /// Every header that is only ours: the client's own `authorization` stays where no token of ours belongs.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers().filter(|header| *header != AUTHORIZATION)
    }

    /// The header fields that hand tokens on. A token that cannot stand in a header as it is gives none: an ID token is
    /// always base64url and dots, an access token is whatever the provider writes.
    pub fn token_headers(
        &self,
        id_token: Option<&Secret<String>>,
        access_token: Option<&Secret<String>>,
    ) -> Vec<(String, Vec<u8>)> {
        let pairs = [(&self.id_token, id_token), (&self.access_token, access_token)];
        let field = |(header, token): (&Option<String>, Option<&Secret<String>>)| {
            let (header, token) = (header.as_ref()?, token?.secret());
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return None;
            }
            let value = if header == AUTHORIZATION { format!("Bearer {token}") } else { token.clone() };
            Some((header.clone(), value.into_bytes()))
        };
        pairs.into_iter().filter_map(field).collect()
    }

    fn headers(&self) -> impl Iterator<Item = &str> {
        [&self.id_token, &self.access_token].into_iter().flatten().map(String::as_str)
    }
}

/// The header of credentials (RFC 9110 §11.6.2): the client's own stays in it wherever no token of ours belongs.
pub const AUTHORIZATION: &str = "authorization";
