//! The provider, and our client there.
//!
//! Decides issuer, client, scopes, and whether UserInfo is asked. Addresses beside the issuer are `addresses`', tokens of
//! programs are `programs`'.

use url::Url;

use super::{
    super::{
        super::{render::SecretValue, yaml::Tree},
        dialect::Dialect,
        go,
        input::Setting,
        names, terms,
    },
    Given, addresses,
    programs::Programs,
};
use crate::{oidc::cognito, secret::Secret};

/// Our client at a provider.
pub(super) struct Client {
    /// Whether that is a pool of Cognito's.
    pub(super) is_cognito: bool,
    /// Our id there.
    pub(super) id: String,
    /// The secrets that the configuration names.
    pub(super) secrets: Vec<SecretValue>,
    /// The hosts that the provider's metadata names beside the issuer's.
    pub(super) hosts: Vec<String>,
    /// Where browsers sign in, if the settings say.
    pub(super) authorization: Option<Url>,
    /// Which setting says so.
    pub(super) authorization_source: String,
    /// Everything up to `logout` and `bearer`.
    tree: Tree,
}

pub(super) fn read(given: &mut Given<'_>) -> Client {
    let issuer = issuer(given);
    let is_cognito = Url::parse(&issuer).is_ok_and(|url| cognito::is_issuer(&url));
    let id = given.take_filled("CLIENT_ID");
    match &id {
        Some(setting) => given.carry(setting, "providers[0].clientId"),
        None => given.ledger.refused(absent("CLIENT_ID", "--client-id ID", given.dialect)),
    }
    let id = id.map(|setting| setting.value).unwrap_or_default();
    let tree = Tree::map().with("issuer", issuer.as_str()).with("clientId", id.as_str());
    let (mut tree, secret) = secret(given, is_cognito, tree);
    let secrets = secret.into_iter().chain(terms::session_key(&mut given.ledger)).collect();
    tree = tree.explained(if is_cognito { "" } else { SCOPES }, "scopes", scopes(given, is_cognito));
    if !is_cognito {
        tree = tree.explained(
            "authservice took claims from UserInfo; it is asked for those that the ID token lacks.",
            "userInfo",
            true,
        );
    }
    let authorization_source = given.take("OIDC_AUTH_URL").map(|setting| setting.origin()).unwrap_or_default();
    let (tree, addresses) = addresses::read(given, &issuer, is_cognito, tree);
    let hosts = addresses.domain.into_iter().chain(given.choices.provider_hosts.iter().cloned()).collect();
    Client { is_cognito, id, secrets, hosts, authorization: addresses.authorization, authorization_source, tree }
}

/// All providers: the one where people sign in, and the cluster's own for its service accounts.
pub(super) fn trees(client: &Client, programs: &Programs, logout: Tree, several: bool) -> Tree {
    let named = if several { Tree::map().with("name", "people") } else { Tree::map() };
    let mut people = match (named, &client.tree) {
        (Tree::Map(mut members), Tree::Map(more)) => {
            members.extend(more.iter().cloned());
            Tree::Map(members)
        }
        (_, tree) => tree.clone(),
    };
    people = people.with("logout", logout);
    if !programs.rules.is_empty() {
        people = people.explained(
            "Tokens that programs send; without an entry none is taken.",
            "bearer",
            Tree::list(programs.rules.iter().cloned()),
        );
    }
    Tree::list([people].into_iter().chain(programs.kubernetes.clone()))
}

/// `OIDC_PROVIDER`, kept to the letter.
fn issuer(given: &mut Given<'_>) -> String {
    let Some(setting) = given.take_filled("OIDC_PROVIDER") else {
        given.ledger.refused(absent("OIDC_PROVIDER", "--issuer URL", given.dialect));
        return String::new();
    };
    given.carry(&setting, "providers[0].issuer");
    let name = setting.label();
    let bare = setting.value.strip_suffix('/');
    match bare {
        Some(bare) if Url::parse(bare).is_ok_and(|url| cognito::is_issuer(&url)) => {
            let what = "without its last `/`: the issuers of Cognito have none, and both are compared letter by letter (F-15)";
            given.ledger.changed(name, what);
            return bare.to_owned();
        }
        Some(_) => given.ledger.changed(
            name,
            "ends in `/`, and stays so. If the provider's own `issuer` has none at its end, the sign-in fails and says so; \
             authservice waited for ever (F-15)",
        ),
        None => {}
    }
    setting.value
}

fn absent(name: &str, option: &str, dialect: Dialect) -> String {
    let parameter = names::PARAMETERS.into_iter().find(|(_, variable)| *variable == name);
    let parameter = parameter.filter(|_| dialect == Dialect::Parameters).map(|(parameter, _)| parameter);
    let name = match (dialect, name) {
        (Dialect::LoadBalancer, "OIDC_PROVIDER") => "CognitoUserPoolArn",
        (Dialect::LoadBalancer, "CLIENT_ID") => "CognitoAppClientId",
        (_, name) => parameter.unwrap_or(name),
    };
    format!("{name} is empty, or in none of the files: add the file that has it, or `{option}`")
}

/// `CLIENT_SECRET`: in the environment only, and for Cognito in the form that is unambiguous.
fn secret(given: &mut Given<'_>, is_cognito: bool, tree: Tree) -> (Tree, Option<SecretValue>) {
    let setting = given.take("CLIENT_SECRET");
    if setting.as_ref().is_some_and(|setting| setting.value.is_empty()) {
        given.ledger.changed("CLIENT_SECRET", "is empty, so the client is a public one; PKCE is used either way (F-6)");
        return (tree, None);
    }
    let path = "providers[0].clientSecret";
    match &setting {
        Some(setting) => {
            given.ledger.source(path, &setting.origin());
            let what = format!("`{path}`: the variable `{CLIENT_SECRET}`, from the file with the secrets");
            given.ledger.carried("CLIENT_SECRET", what);
            if setting.value == PUBLISHED {
                given.ledger.changed("CLIENT_SECRET", NO_SECRET);
            }
        }
        None => {
            let what = format!(
                "`{path}`: the variable `{CLIENT_SECRET}`, which is for you to fill in; it is in none of the files"
            );
            given.ledger.changed("CLIENT_SECRET", what);
        }
    }
    let tree = tree.with("clientSecret", Tree::map().with("env", CLIENT_SECRET));
    let tree = match is_cognito {
        true => {
            let what = "`client_secret_post`: the only unambiguous one for Cognito's secrets with a `+`";
            given.ledger.changed("client authentication", what);
            tree
        }
        false => tree.with("clientAuthentication", "client_secret_basic"),
    };
    let value = setting.map(|Setting { value, .. }| Secret::new(value));
    (tree, Some(SecretValue { variable: CLIENT_SECRET.to_owned(), value }))
}

/// `OIDC_SCOPES`, with commas or spaces.
fn scopes(given: &mut Given<'_>, is_cognito: bool) -> Tree {
    let setting = given.take("OIDC_SCOPES");
    let value = setting.as_ref().map_or("openid,email", |setting| setting.value.as_str());
    let mut scopes: Vec<&str> = vec!["openid"];
    for scope in go::list(value) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if is_cognito && !scopes.iter().all(|scope| terms::is_scope_of_cognito(scope)) {
        let dropped: Vec<_> = scopes.iter().filter(|scope| !terms::is_scope_of_cognito(scope)).copied().collect();
        given.ledger.changed(
            "OIDC_SCOPES",
            format!("without `{}`: Cognito knows no such scope and refuses the sign-in", dropped.join("`, `")),
        );
        scopes.retain(|scope| terms::is_scope_of_cognito(scope));
    }
    if given.choices.offline_access && !is_cognito && !scopes.contains(&"offline_access") {
        scopes.push("offline_access");
    }
    if !is_cognito && !scopes.contains(&"offline_access") {
        given.ledger.changed("OIDC_SCOPES", WITHOUT_REFRESH);
    }
    match &setting {
        Some(setting) => given.carry(setting, "providers[0].scopes"),
        None => given.defaulted("OIDC_SCOPES", "providers[0].scopes"),
    }
    Tree::list(scopes.into_iter().map(Tree::from))
}

/// The variable with the client's secret.
const CLIENT_SECRET: &str = "OIDC_CLIENT_SECRET";
const PUBLISHED: &str = "pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok";
const NO_SECRET: &str = "warning: it is no secret. Kubeflow's repository publishes this one, so everyone can sign in at Dex in this \
                         client's name: make a new one (`openssl rand -hex 32`), in Dex's `staticClients` and in the file with the \
                         secrets";
const WITHOUT_REFRESH: &str = "no `offline_access`, so most providers give no refresh token, and a session ends with its ID token; \
                               authservice's lasted for SESSION_MAX_AGE. `--offline-access` asks for one";
const SCOPES: &str = "`--offline-access` adds `offline_access`, which makes most providers give a refresh token. Without \
                      one a session ends\n\
                      with its ID token; authservice's lasted for SESSION_MAX_AGE.";
