//! The provider, and our client there.
//!
//! Decides issuer, client, scopes and parameters. Addresses beside the issuer are `addresses`', tokens of programs `bearer`'s,
//! signing out `sign_out`'s.

use url::Url;

use super::{
    super::super::{
        render::{CLIENT_SECRET, SecretValue},
        terms,
        yaml::Tree,
    },
    addresses, bearer,
    given::{Given, is_reference},
    sign_out,
};
use crate::{oidc::cognito, secret::Secret};

/// Our client at a provider.
pub(super) struct Client {
    /// Whether that is a pool of Cognito's.
    pub(super) is_cognito: bool,
    /// Our id there.
    pub(super) id: String,
    /// Whether people sign in there.
    pub(super) signs_in: bool,
    /// Whether bearer tokens count.
    pub(super) has_bearer: bool,
    /// Its secret, if it has one.
    pub(super) secret: Option<SecretValue>,
    /// The hosts that the provider's metadata names beside the issuer's.
    pub(super) hosts: Vec<String>,
    /// `providers[N]`.
    pub(super) tree: Tree,
}

/// What Kong takes for the issuer, and may be the address of the metadata.
const DISCOVERY: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

/// The provider of the plugin at hand. `name` is there if there are several.
pub(super) fn read(given: &mut Given<'_>, index: usize, name: Option<&str>, methods: &[String]) -> Client {
    let path = format!("providers[{index}]");
    let issuer = issuer(given, &path);
    let is_cognito = Url::parse(&issuer).is_ok_and(|url| cognito::is_issuer(&url));
    let signs_in = methods.iter().any(|method| method == "authorization_code");
    let tokens = bearer::read(given, &path, is_cognito, methods);
    let id = client_id(given, &path, signs_in || tokens.needs_client);
    let mut tree = Tree::map().with_some("name", name).with("issuer", issuer.as_str());
    if !signs_in {
        tree = tree.explained("Nobody signs in here; programs bring tokens.", "signIn", false);
    }
    let mut secret = None;
    if signs_in || tokens.needs_client {
        tree = tree.with("clientId", id.as_str());
        (tree, secret) = authenticated(given, &path, is_cognito, index, tree);
    }
    if signs_in {
        tree = tree.with("scopes", scopes(given, &path, is_cognito));
        if given.boolean("search_user_info") {
            given.carry("search_user_info", &format!("{path}.userInfo"));
            tree = tree.with("userInfo", true);
        }
    }
    let (mut tree, domain) = addresses::read(given, &path, &issuer, is_cognito, tree);
    if signs_in {
        tree = parameters(given, &path, tree);
    }
    tree = limits(given, &path, tree);
    if signs_in {
        tree = tree.with("logout", sign_out::provider(given, &path, is_cognito));
    }
    if !tokens.rules.is_empty() {
        tree = tree.explained(bearer::WHY, "bearer", Tree::list(tokens.rules.iter().cloned()));
    }
    let hosts = domain.into_iter().chain(given.choices.provider_hosts.iter().cloned()).collect();
    Client { is_cognito, id, signs_in, has_bearer: !tokens.rules.is_empty(), secret, hosts, tree }
}

/// `issuer`, which may be the address of the metadata; otherwise kept to the letter.
pub(super) fn issuer(given: &mut Given<'_>, path: &str) -> String {
    let path = format!("{path}.issuer");
    if let Some(issuer) = given.choices.issuer.clone() {
        given.ledger.source(&path, "--issuer");
        if given.is_set("issuer") {
            given.changed("issuer", "`--issuer` says otherwise, and counts");
        }
        return issuer;
    }
    given.source(&path, "issuer");
    let Some(written) = given.text("issuer") else {
        if given.written("issuer").is_none_or(serde_json::Value::is_null) {
            given.refuse("issuer", "is needed: write it, or give `--issuer URL`");
        }
        return String::new();
    };
    let bare = DISCOVERY.iter().find_map(|suffix| written.strip_suffix(suffix));
    let mended = mended(bare.unwrap_or(&written));
    match (bare, &mended) {
        (_, Some((issuer, why))) => given.changed("issuer", format!("`{path}`: {issuer}, {why}")),
        (Some(_), None) => given.carried("issuer", format!("`{path}`: the address of the metadata, without its end")),
        (None, None) if written.ends_with('/') => given.changed(
            "issuer",
            format!("`{path}`, with its last `/`. If the provider's own `issuer` has none, the sign-in fails and the log says so"),
        ),
        (None, None) => given.carried("issuer", format!("`{path}`")),
    }
    mended.map_or_else(|| bare.unwrap_or(&written).to_owned(), |(issuer, _)| issuer)
}

/// The issuer as the provider itself writes it, where that is known and another.
fn mended(issuer: &str) -> Option<(String, &'static str)> {
    let url = Url::parse(issuer).ok()?;
    let host = url.host_str()?;
    let is_slashed = issuer.ends_with('/');
    if is_slashed && (cognito::is_issuer(&url) || host == "accounts.google.com") {
        return Some((issuer.trim_end_matches('/').to_owned(), "without the last `/`, as it stands in the tokens"));
    }
    (!is_slashed && host.ends_with(".auth0.com"))
        .then(|| (format!("{issuer}/"), "with a `/` at its end, as it stands in Auth0's tokens"))
}

/// `client_id`: the first of several.
fn client_id(given: &mut Given<'_>, path: &str, is_needed: bool) -> String {
    let path = format!("{path}.clientId");
    if let Some(id) = given.choices.client_id.clone() {
        given.ledger.source(&path, "--client-id");
        if given.is_set("client_id") {
            given.changed("client_id", "`--client-id` says otherwise, and counts");
        }
        return id;
    }
    given.source(&path, "client_id");
    let ids = given.list("client_id");
    let Some(id) = ids.first() else {
        if is_needed && !given.is_set("client_id") {
            given.refuse("client_id", "is needed: write it, or give `--client-id ID`");
        }
        return String::new();
    };
    match is_needed {
        true => given.carry("client_id", &path),
        false => given.carried("client_id", "where tokens count, in `bearer`"),
    }
    if ids.len() > 1 {
        let others = ids.iter().skip(1).map(String::as_str).collect::<Vec<_>>().join(", ");
        given.lost(
            "client_arg",
            format!(
                "the first client counts. For {others} add a provider of its own with the same issuer; links to \
                 `/oauth2/sign-in?provider=NAME` choose it"
            ),
        );
    }
    id.clone()
}

/// `client_secret` and `client_auth`.
fn authenticated(
    given: &mut Given<'_>,
    path: &str,
    is_cognito: bool,
    index: usize,
    tree: Tree,
) -> (Tree, Option<SecretValue>) {
    let name = if given.is_set("token_endpoint_auth_method") { "token_endpoint_auth_method" } else { "client_auth" };
    let method = given.text(name);
    let secret = given.text("client_secret");
    match method.as_deref() {
        None | Some("client_secret_basic" | "client_secret_post" | "none") => {}
        Some(other) => given.refuse(
            name,
            &format!(
                "is {other}: nothing here signs assertions or shows certificates. Give the client a secret at the provider and write \
                 `client_secret_post`, or make it a public one (PKCE is used either way)"
            ),
        ),
    }
    if secret.is_none() || method.as_deref() == Some("none") {
        let what = "the client is a public one; PKCE is used either way";
        given.changed("client_secret", what);
        if method.is_some() {
            given.carried(name, what);
        }
        return (tree, None);
    }
    let variable =
        if index == 0 { CLIENT_SECRET.to_owned() } else { format!("{CLIENT_SECRET}_{}", index.saturating_add(1)) };
    let at = format!("{path}.clientSecret");
    given.source(&at, "client_secret");
    let value = secret.filter(|secret| !is_reference(secret));
    match value.is_some() {
        true => {
            given.carried("client_secret", format!("`{at}`: the variable `{variable}`, in the file with the secrets"))
        }
        false => given.changed(
            "client_secret",
            format!(
                "`{at}`: the variable `{variable}`, for you to fill in: it stands in a vault or in the environment"
            ),
        ),
    }
    let tree = tree.with("clientSecret", Tree::map().with("env", variable.as_str()));
    let tree = by_method(given, path, is_cognito, (name, method.as_deref()), tree);
    (tree, Some(SecretValue { variable, value: value.map(Secret::new) }))
}

/// `clientAuthentication`, where it is not the usual one.
fn by_method(
    given: &mut Given<'_>,
    path: &str,
    is_cognito: bool,
    (name, method): (&str, Option<&str>),
    tree: Tree,
) -> Tree {
    let usual = if is_cognito { "client_secret_post" } else { "client_secret_basic" };
    match method {
        None if is_cognito => {
            given.changed(
                "client_auth",
                "`client_secret_post`: the only unambiguous one for Cognito's secrets with a `+`",
            );
        }
        None => {}
        Some(method) => {
            given.carry(name, &format!("{path}.clientAuthentication"));
            if method != usual {
                return tree.with("clientAuthentication", method);
            }
        }
    }
    tree
}

fn scopes(given: &mut Given<'_>, path: &str, is_cognito: bool) -> Tree {
    let path = format!("{path}.scopes");
    let mut scopes = given.list_or_default("scopes");
    given.source(&path, "scopes");
    scopes.dedup();
    if !scopes.iter().any(|scope| scope == "openid") {
        given.changed("scopes", format!("`{path}`, with `openid`: without it there is no ID token"));
        scopes.insert(0, "openid".to_owned());
    } else if given.is_set("scopes") {
        given.carried("scopes", format!("`{path}`"));
    } else {
        given.changed(
            "scopes (not set)",
            format!("`{path}: [openid]`: Kong's default. Add `email` if applications read an address"),
        );
    }
    if is_cognito {
        let unknown: Vec<_> = scopes.iter().filter(|scope| !terms::is_scope_of_cognito(scope)).cloned().collect();
        if !unknown.is_empty() {
            let dropped = unknown.join("`, `");
            given
                .changed("scopes", format!("without `{dropped}`: Cognito knows no such scope and refuses the sign-in"));
            scopes.retain(|scope| terms::is_scope_of_cognito(scope));
        }
    } else if !scopes.iter().any(|scope| scope == "offline_access") {
        given.changed(
            "scopes",
            "no `offline_access`, so most providers give no refresh token, and a session ends with its ID token",
        );
    }
    Tree::list(scopes.into_iter().map(Tree::from))
}

/// `authorization_query_args_*` and `audience`.
fn parameters(given: &mut Given<'_>, path: &str, tree: Tree) -> Tree {
    let names = given.list("authorization_query_args_names");
    let values = given.list("authorization_query_args_values");
    let mut pairs = Tree::map();
    let at = format!("{path}.authorizationParameters");
    if names.len() != values.len() {
        given.refuse(
            "authorization_query_args_names",
            "and authorization_query_args_values are not equally long: write a value for each name",
        );
    } else if !names.is_empty() {
        given.carry("authorization_query_args_names", &at);
        given.carry("authorization_query_args_values", &at);
        pairs = names.iter().zip(values).fold(pairs, |pairs, (name, value)| pairs.with(name, value));
    }
    let audiences = given.list("audience");
    match audiences.as_slice() {
        [] => {}
        [audience] => {
            given.carry("audience", &format!("{at}.audience"));
            pairs = pairs.with("audience", audience.as_str());
        }
        _ => given.refuse("audience", "has several values, of which a request can have one here: write one"),
    }
    let tree = if pairs.is_empty() { tree } else { tree.with("authorizationParameters", pairs) };
    let from_links = given.list("authorization_query_args_client");
    if from_links.is_empty() {
        return tree;
    }
    let at = format!("{path}.signInParameters");
    given.source(&at, "authorization_query_args_client");
    given.changed(
        "authorization_query_args_client",
        format!(
            "`{at}`: a link to the sign-in hands them on (`/oauth2/sign-in?{}=…`), where Kong took them out of any address. `oneOf` and \
             `matches` can say which values",
            from_links.first().map(String::as_str).unwrap_or_default()
        ),
    );
    let entries = from_links.iter().map(|name| Tree::map().with("name", name.as_str()));
    tree.explained(LINKS, "signInParameters", Tree::list(entries))
}

/// `timeout` and `leeway`.
fn limits(given: &mut Given<'_>, path: &str, tree: Tree) -> Tree {
    let at = format!("{path}.timeout");
    let milliseconds = given.number("timeout");
    let seconds = milliseconds.map(|milliseconds| milliseconds.saturating_add(999).checked_div(1_000).unwrap_or(1));
    let mut tree = tree;
    if let Some(seconds) = seconds {
        given.carry("timeout", &at);
        let held = seconds.clamp(1, 30);
        if held != seconds {
            given.changed(
                "timeout",
                format!("`{at}: {held}s`: one answer of the provider may take from 1 to 30 seconds"),
            );
        }
        tree = tree.with("timeout", terms::duration(held));
    }
    let at = format!("{path}.leeway");
    match given.number("leeway") {
        None => given.changed("leeway (not set)", "60 seconds, by which clocks may differ; Kong's was none"),
        Some(seconds) if seconds > 300 => {
            given.source(&at, "leeway");
            given.changed(
                "leeway",
                format!("`{at}: 300s`, the most there is: a token must not count long after its end"),
            );
            tree = tree.with("leeway", "300s");
        }
        Some(seconds) => {
            given.carry("leeway", &at);
            tree = tree.with("leeway", format!("{seconds}s"));
        }
    }
    tree
}

const LINKS: &str = "What a link to the sign-in may hand on to the provider.";
