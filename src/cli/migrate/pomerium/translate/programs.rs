//! Tokens that programs send.
//!
//! Decides which of Pomerium's formats go on as which kind of bearer token.

use serde_json::{Map, Value};

use super::{
    super::{names, yaml::Tree},
    given::Given,
    provider::Client,
};

/// What programs may send.
pub(super) struct Programs {
    /// `bearer` of the provider.
    pub(super) rules: Vec<Tree>,
    /// The format where a route says nothing.
    format: String,
}

pub(super) fn read(given: &mut Given<'_>, client: &Client) -> Programs {
    let format = given.text("bearer_token_format").unwrap_or_default().to_ascii_lowercase();
    let own = given.routes.iter().filter_map(|route| route.settings.get("bearer_token_format")?.as_str());
    let formats: Vec<_> = std::iter::once(format.clone()).chain(own.map(str::to_ascii_lowercase)).collect();
    let has = |name: &str| formats.iter().any(|format| format.trim_start_matches("bearer_token_format_") == name);
    let audiences = given.texts("idp_access_token_allowed_audiences");
    let mut rules = Vec::new();
    given.ledger.source("providers[0].bearer", "bearer_token_format");
    if has("idp_identity_token") {
        given.ledger.carried("bearer_token_format", "`providers[0].bearer`: ID tokens of our own client");
        rules.push(Tree::map().with("kind", "id_token").with("audiences", Tree::list([client.id.as_str().into()])));
    }
    if has("idp_access_token") {
        rules.extend(access_token(given, client, audiences.as_deref()));
    } else if audiences.is_some() {
        given.ledger.lost("idp_access_token_allowed_audiences", "no access token is taken");
    }
    if has("jwt") || given.take("identity_providers").is_some() {
        given.ledger.lost(
            "identity_providers",
            "tokens of other issuers: each issuer is a provider of its own with `bearer`, as docs/programs.md says",
        );
    }
    if rules.is_empty() {
        given.ledger.lost("service accounts, API", names::PROGRAMS);
    }
    Programs { rules, format }
}

fn access_token(given: &mut Given<'_>, client: &Client, audiences: Option<&[String]>) -> Option<Tree> {
    let texts = |list: &[String]| Tree::list(list.iter().map(|text| text.as_str().into()));
    let rule = Tree::map().with("kind", "access_token");
    if client.is_cognito {
        given.ledger.carried(
            "bearer_token_format",
            "`providers[0].bearer`: access tokens of our own client; add the ids of others to `clientIds`",
        );
        if audiences.is_some() {
            given.ledger.changed(
                "idp_access_token_allowed_audiences",
                "Cognito's access tokens have no `aud`: `clientIds` says whose are taken",
            );
        }
        return Some(rule.with("clientIds", texts(std::slice::from_ref(&client.id))));
    }
    match audiences {
        Some(audiences) if !audiences.is_empty() => {
            given.ledger.source("providers[0].bearer", "idp_access_token_allowed_audiences");
            given
                .ledger
                .carried("idp_access_token_allowed_audiences", "`providers[0].bearer`: access tokens for these");
            Some(rule.with("audiences", texts(audiences)).with("types", Tree::list(["at+jwt".into(), "JWT".into()])))
        }
        _ => {
            given.ledger.lost(
                "bearer_token_format",
                "access tokens for anybody: without `idp_access_token_allowed_audiences` Pomerium took those of every client. None is \
                 taken until `providers[].bearer` says for whom they must be",
            );
            None
        }
    }
}

impl Programs {
    /// Whether a route takes what programs send.
    pub(super) fn are_taken(&self, settings: &Map<String, Value>) -> bool {
        let own = settings.get("bearer_token_format").and_then(Value::as_str).map(str::to_ascii_lowercase);
        let format = own.as_deref().unwrap_or(&self.format);
        !matches!(format.trim_start_matches("bearer_token_format_"), "" | "default" | "unknown" | "jwt")
    }
}

/// Above `bearer` in the configuration.
pub(super) const WHY: &str = "Tokens that programs send; without an entry none is taken.";
