//! What applications learn.
//!
//! Decides which claim becomes which header, and that no header of Kong's is believed that a client sent.

use serde_json::Value;

use super::{
    super::{
        super::yaml::Tree,
        input::{Kind, Plugin},
    },
    consumers::Consumers,
    given::Given,
};
use crate::identity::headers::fold;

/// Headers that Kong sets or removes, so that applications believe them.
const OF_KONG: [&str; 8] = [
    "x-consumer-id",
    "x-consumer-username",
    "x-consumer-custom-id",
    "x-consumer-groups",
    "x-credential-identifier",
    "x-authenticated-userid",
    "x-authenticated-groups",
    "x-anonymous-consumer",
];

/// `identity`.
pub(super) fn translate(given: &mut Given<'_>, consumers: &Consumers, plugins: &[Plugin], signs_in: bool) -> Tree {
    let mut identity = Tree::map();
    if let Some(user_id) = user_id(given, consumers) {
        identity = identity.with("userId", user_id);
    }
    if let Some(groups) = groups(given) {
        identity = identity.with("groups", groups);
    }
    let headers = headers(given);
    if !headers.is_empty() {
        identity = identity.with("headers", Tree::list(headers));
    }
    if let Some(forward) = forward(given, signs_in) {
        identity = identity.with("forward", forward);
    }
    let mut taken = names(&identity.to_value());
    // A program's own token stays there.
    taken.push("authorization".to_owned());
    let mut removed = Vec::new();
    for header in OF_KONG.into_iter().map(str::to_owned).chain(plugins.iter().flat_map(set_by)) {
        if !taken.contains(&fold(&header)) {
            taken.push(fold(&header));
            removed.push(header);
        }
    }
    given.ledger.changed(
        "Kong's other headers",
        "`identity.remove`: nobody sets `X-Consumer-ID` and its like any more, nor what has no counterpart below; what clients send under \
         these names is removed",
    );
    let removed = Tree::list(removed.into_iter().map(Tree::from));
    if removed == Tree::list([]) { identity } else { identity.explained(REMOVED, "remove", removed) }
}

/// The headers that a plugin's settings name, which Kong wrote over a client's.
fn set_by(plugin: &Plugin) -> Vec<String> {
    let texts = |value: &Value| match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        other => other.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    let of = |(name, value): (&String, &Value)| match name.as_str() {
        "upstream_headers_names" => texts(value),
        "upstream_headers" => {
            let mappings = value.as_array().into_iter().flatten();
            mappings.filter_map(|mapping| Some(mapping.get("header")?.as_str()?.to_owned())).collect()
        }
        "session_request_headers" => texts(value).iter().map(|name| format!("session-{name}")).collect(),
        name if name.starts_with("upstream_") && name.ends_with("_header") => texts(value),
        _ => Vec::new(),
    };
    let names = plugin.config.iter().flat_map(of).map(|name| header_of(&name));
    names.filter(|name| !name.is_empty() && name != "nil").collect()
}

/// Every header's name, folded.
fn names(tree: &Value) -> Vec<String> {
    match tree {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value.as_str().filter(|_| name == "header") {
                Some(header) => vec![fold(header)],
                None => names(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

/// The consumer's name; at Kong Manager and at Konnect the person's.
fn user_id(given: &mut Given<'_>, consumers: &Consumers) -> Option<Tree> {
    let at = "identity.userId";
    match given.plugin.kind {
        Kind::Konnect => {
            let claim = mapped(given, "email");
            given.source(at, "claim_mappings");
            given.changed("claim_mappings", format!("`{at}`: {claim} as `x-auth-email`; `name` as `x-auth-name`, `groups` as `x-auth-groups`. Konnect kept them to itself"));
            return Some(Tree::map().with("claim", claim).with("header", "x-auth-email"));
        }
        Kind::Manager => {
            let claim = given.text("admin_claim").unwrap_or_else(|| "email".to_owned());
            let name = if given.is_set("admin_claim") { "admin_claim" } else { "admin_claim (not set)" };
            given.source(at, "admin_claim");
            given.changed(name, format!("`{at}`: `{claim}` as `kong-admin-user`. Kong Manager's own sign-in stays with Kong: this guards what takes its place, or stands before it"));
            return Some(Tree::map().with("claim", claim).with("header", "kong-admin-user"));
        }
        Kind::Plugin | Kind::Portal => {}
    }
    let (name, claims) = consumers.claims.clone()?;
    if consumers.is_optional {
        given.changed(&name, "no header: not everybody who passes is a consumer (consumer_optional). `identity.headers` gives the claim another name");
        return None;
    }
    let header = consumers.header();
    given.source(at, &name);
    given.carried(&name, format!("`{at}`, as `{header}`"));
    let mut user_id = match claims.as_slice() {
        [claim] => Tree::map().with("claim", claim.clone()),
        several => Tree::map().with("claims", Tree::list(several.iter().cloned())),
    };
    user_id = user_id.with("header", header);
    Some(user_id)
}

/// A claim of `claim_mappings`.
fn mapped(given: &Given<'_>, name: &str) -> String {
    let mapping = given.written("claim_mappings").and_then(|mappings| mappings.get(name)).and_then(Value::as_str);
    mapping.unwrap_or(name).to_owned()
}

fn groups(given: &mut Given<'_>) -> Option<Tree> {
    let at = "identity.groups";
    if given.plugin.kind == Kind::Konnect {
        let claim = mapped(given, "groups");
        return Some(Tree::map().with("claim", claim).with("header", "x-auth-groups"));
    }
    let (name, header) = match given.is_set("authenticated_groups_claim") || given.plugin.kind == Kind::Manager {
        true => ("authenticated_groups_claim", "x-authenticated-groups"),
        false => ("consumer_groups_claim", "x-consumer-groups"),
    };
    let mut path = given.list(name);
    if path.is_empty() && given.plugin.kind == Kind::Manager {
        path = vec!["groups".to_owned()];
    }
    if path.is_empty() {
        return None;
    }
    given.source(at, name);
    given.changed(
        name,
        format!("`{at}`, as `{header}`: names joined by commas without a space, and a comma inside a name is `%2C`"),
    );
    if name == "authenticated_groups_claim" && given.is_set("consumer_groups_claim") {
        given.lost("consumer_groups_claim", "there is one list of groups here, and authenticated_groups_claim is it; `identity.headers` gives another header");
    }
    Some(Tree::map().with("claim", claim(&path)).with("header", header))
}

/// A claim's path: a text if it has one step.
pub(super) fn claim(path: &[String]) -> Tree {
    match path {
        [name] => name.as_str().into(),
        several => Tree::list(several.iter().map(|name| name.as_str().into())),
    }
}

/// `upstream_headers`, and its older form.
fn headers(given: &mut Given<'_>) -> Vec<Tree> {
    let mut headers = Vec::new();
    let entry =
        |header: &str, claim: Tree| Tree::map().with("header", header.to_ascii_lowercase()).with("claim", claim);
    if given.plugin.kind == Kind::Konnect {
        headers.push(entry("x-auth-name", mapped(given, "name").into()));
    }
    let written = given.written("upstream_headers").and_then(Value::as_array).cloned().unwrap_or_default();
    for mapping in &written {
        let path: Vec<_> = mapping
            .get("path")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        match mapping.get("header").and_then(Value::as_str) {
            Some(header) if !path.is_empty() => headers.push(entry(header, claim(&path))),
            _ => given.refuse("upstream_headers", "has an entry without `header` or `path`: write both"),
        }
    }
    if !written.is_empty() {
        given.carry("upstream_headers", "identity.headers");
    }
    let (claims, named) = (given.list("upstream_headers_claims"), given.list("upstream_headers_names"));
    if claims.len() != named.len() {
        given.refuse(
            "upstream_headers_claims",
            "and upstream_headers_names are not equally long: write a header for each claim",
        );
    } else if !claims.is_empty() {
        given.carry("upstream_headers_claims", "identity.headers");
        given.carry("upstream_headers_names", "identity.headers");
        headers.extend(claims.into_iter().zip(named).map(|(claim, header)| entry(&header, claim.into())));
    }
    if given.is_set("credential_claim")
        && *given.written("credential_claim").unwrap_or(&Value::Null) != serde_json::json!(["sub"])
    {
        let path = given.list("credential_claim");
        given.carried("credential_claim", "`identity.headers`, as `x-credential-identifier`");
        given.source("identity.headers", "credential_claim");
        headers.push(entry("x-credential-identifier", claim(&path)));
    }
    if !headers.is_empty() {
        given.ledger.changed("claims", "from the ID token; Kong looked into the access token first. A claim that only the access token has must be put into the ID token at the provider, or come from UserInfo (`userInfo: true`)");
    }
    headers
}

/// `upstream_access_token_header` and `upstream_id_token_header`. Kong hands the access token on unless it is told not to.
fn forward(given: &mut Given<'_>, signs_in: bool) -> Option<Tree> {
    let mut forward = Tree::map();
    if given.plugin.kind == Kind::Plugin {
        let name = "upstream_access_token_header";
        let written = given.written(name).is_some();
        let value = given.list_or_default(name).into_iter().next().filter(|value| value != "nil");
        let label = if written { name } else { "upstream_access_token_header (not set)" };
        match value {
            None => given.carried(name, "empty: applications get no access token"),
            Some(_) if !signs_in => given.carried(label, "a program's own token stays in `Authorization`"),
            Some(value) => {
                let header = header_of(&value);
                given.source("identity.forward.accessToken", name);
                given.changed(label, format!("`identity.forward.accessToken`, as `{header}`, with a warning: Kong did so, and an application that gets a token can use it as the person. Remove it where none needs it"));
                forward = forward.with("accessToken", Tree::map().with("header", header));
            }
        }
    }
    if let Some(value) = given.text("upstream_id_token_header").filter(|value| value != "nil") {
        given.carry("upstream_id_token_header", "identity.forward.idToken");
        forward = forward.with("idToken", Tree::map().with("header", header_of(&value)));
    }
    Some(forward).filter(|forward| !forward.is_empty())
}

/// A header's name, without the scheme that may stand behind it.
fn header_of(value: &str) -> String {
    value.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// Above `identity` in the configuration.
pub(super) const WHY: &str =
    "What applications learn. Clients cannot send these headers: theirs are removed on every path.";
const REMOVED: &str = "Nobody sets these, and no client may.";
