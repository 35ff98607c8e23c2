//! The provider, and our client there.
//!
//! Decides issuer, client, scopes, and whether UserInfo is asked. Which provider is none of OpenID Connect's is decided here,
//! too. Addresses beside the issuer are `addresses`'.

use url::Url;

use super::{
    super::{
        input::Setting,
        render::{CLIENT_SECRET, SecretValue},
        terms,
        yaml::Tree,
    },
    Given, addresses,
    parameters::Asked,
    programs::Programs,
};
use crate::{oidc::cognito, secret::Secret};

/// Our client at a provider.
pub(super) struct Client {
    /// What oauth2-proxy calls the provider.
    pub(super) kind: String,
    /// The issuer.
    pub(super) issuer: String,
    /// Whether that is a pool of Cognito's.
    pub(super) is_cognito: bool,
    /// Our id there.
    pub(super) id: String,
    /// The secrets that the configuration names.
    pub(super) secrets: Vec<SecretValue>,
    /// The hosts that the provider's metadata names beside the issuer's.
    pub(super) hosts: Vec<String>,
    /// Where browsers sign in, if the settings say, and which of them does.
    pub(super) authorization: Option<(Url, String)>,
    /// Whether endpoints stand in the settings because no metadata is fetched.
    pub(super) by_hand: bool,
    /// `endpoints`, to which a sign-out may add one.
    endpoints: Tree,
    /// Everything before those.
    tree: Tree,
}

pub(super) fn read(given: &mut Given<'_>) -> Client {
    let kind = kind(given);
    let issuer = issuer(given, &kind);
    let is_cognito = Url::parse(&issuer).is_ok_and(|url| cognito::is_issuer(&url));
    let id = given.take_filled("client_id");
    match &id {
        Some(setting) => given.carry(setting, "providers[0].clientId"),
        None => given.ledger.refused("client_id is in none of the files: add the file that has it"),
    }
    let id = id.map(|setting| setting.text().to_owned()).unwrap_or_default();
    let tree = Tree::map().with("issuer", issuer.as_str()).with("clientId", id.as_str());
    let (tree, secret) = secret(given, is_cognito, tree);
    let secrets = secret.into_iter().chain(terms::session_key(&mut given.ledger)).collect();
    let tree = tree.with("scopes", scopes(given, &kind, is_cognito));
    let (tree, addresses) = addresses::read(given, &kind, &issuer, is_cognito, tree);
    let tree = user_info(given, is_cognito, &addresses, tree);
    let tree = algorithms(given, tree);
    let hosts = addresses.domain.into_iter().chain(given.choices.provider_hosts.iter().cloned()).collect();
    let (authorization, by_hand, endpoints) = (addresses.authorization, addresses.by_hand, addresses.endpoints);
    Client { kind, issuer, is_cognito, id, secrets, hosts, authorization, by_hand, endpoints, tree }
}

/// `providers`: the one that signs people in, and those whose tokens count besides.
pub(super) fn trees(client: &Client, programs: &Programs, asked: &Asked, logout: (Tree, Option<String>)) -> Tree {
    let (logout, end_session) = logout;
    let several = !programs.others.is_empty();
    let named = if several { Tree::map().with("name", "default") } else { Tree::map() };
    let mut tree = match (named, client.tree.clone()) {
        (Tree::Map(mut first), Tree::Map(rest)) => {
            first.extend(rest);
            Tree::Map(first)
        }
        (_, tree) => tree,
    };
    let endpoints = client.endpoints.clone().with_some("endSession", end_session);
    if !endpoints.is_empty() {
        tree = tree.with("endpoints", endpoints);
    }
    if !asked.fixed.is_empty() {
        tree = tree.with("authorizationParameters", asked.fixed.clone());
    }
    if !asked.offered.is_empty() {
        tree = tree.with("signInParameters", asked.offered.clone());
    }
    tree = tree.with("logout", logout);
    if !programs.rules.is_empty() {
        tree = tree.with("bearer", Tree::list(programs.rules.clone()));
    }
    Tree::list([tree].into_iter().chain(programs.others.clone()))
}

/// `provider`; Google if it is not set.
fn kind(given: &mut Given<'_>) -> String {
    let name = given.take_filled("provider_display_name");
    if let Some(setting) = name {
        given.lose(
            &setting,
            "no page asks before signing in, so none shows it; `providers[0].displayName` is for a choice of several",
        );
    }
    let Some(setting) = given.take_filled("provider") else {
        if given.choices.issuer.is_none() {
            given.ledger.changed("provider (not set)", "`google`: oauth2-proxy's default");
            return "google".to_owned();
        }
        return "oidc".to_owned();
    };
    let kind = setting.text().to_owned();
    let mend = match kind.as_str() {
        "adfs" | "azure" | "cidaas" | "entra-id" | "gitlab" | "google" | "keycloak-oidc" | "oidc" => {
            given.ledger.carried(&setting.label, "`providers[0]`");
            if let Some((_, what)) = PARTICULAR.iter().find(|(name, _)| *name == kind) {
                given.change(&setting, *what);
            }
            return kind;
        }
        "keycloak" => "Keycloak is an OpenID provider: give `--issuer https://HOST/realms/REALM`",
        "login.gov" => {
            "it wants its clients to sign with a key of theirs (`private_key_jwt`), which is not done here: put an OpenID provider between that does, and give `--issuer URL` of that one"
        }
        "nextcloud" => "install Nextcloud's app `oidc`, which makes it an OpenID provider, and give `--issuer URL`",
        "github" => {
            "GitHub, and Gitea by this way, is OAuth 2.0 without OpenID Connect. Gitea is an OpenID provider itself: give `--issuer https://HOST/`. Before GitHub put one that signs people in there, such as Dex with its connector `github`, and give `--issuer URL` of that"
        }
        _ => {
            "it is OAuth 2.0 without OpenID Connect: put an OpenID provider between that signs people in there, such as Dex or Keycloak, and give `--issuer URL` of that one"
        }
    };
    match given.choices.issuer.is_some() {
        true => given.change(&setting, "`oidc`: `--issuer` names an OpenID provider in its place. Its client's id and secret must be those of the settings, or be replaced"),
        false => {
            given.refuse(&setting, &format!("is `{kind}`, which is no OpenID provider as it stands"), mend);
            return String::new();
        }
    }
    "oidc".to_owned()
}

/// `oidc_issuer_url`, or what the kind of provider says.
fn issuer(given: &mut Given<'_>, kind: &str) -> String {
    let path = "providers[0].issuer";
    let setting = given.take_filled("oidc_issuer_url");
    let tenant = given.take_filled("azure_tenant");
    skipped_issuer(given);
    if let Some(issuer) = given.choices.issuer.clone() {
        given.ledger.source(path, "--issuer");
        given.ledger.carried("--issuer", format!("`{path}`"));
        if let Some(setting) = setting.filter(|setting| setting.text() != issuer) {
            given.change(&setting, "`--issuer` says otherwise, and counts");
        }
        return issuer;
    }
    if kind.is_empty() {
        return String::new();
    }
    if kind == "google" {
        given.ledger.source(path, "provider");
        given.ledger.carried("provider", format!("`{path}: {GOOGLE}`"));
        return GOOGLE.to_owned();
    }
    if let Some(tenant) = &tenant {
        given.ledger.carried(&tenant.label, "a part of the issuer");
    }
    let issuer = match (&setting, kind, &tenant) {
        (Some(setting), ..) => {
            given.carry(setting, path);
            setting.text().to_owned()
        }
        (None, "gitlab", _) => {
            given.ledger.source(path, "provider");
            given
                .ledger
                .carried("oidc_issuer_url (not set)", format!("`{path}: https://gitlab.com`: oauth2-proxy's default"));
            "https://gitlab.com".to_owned()
        }
        (None, "azure" | "entra-id", Some(tenant)) => {
            given.ledger.source(path, &tenant.origin());
            format!("https://login.microsoftonline.com/{}/v2.0", tenant.text())
        }
        (None, ..) => {
            given
                .ledger
                .refused("oidc_issuer_url is in none of the files: add the file that has it, or give `--issuer URL`");
            return String::new();
        }
    };
    tenants(given, setting.as_ref(), &issuer);
    issuer
}

/// Each tenant of Microsoft's is an issuer of its own.
fn tenants(given: &mut Given<'_>, setting: Option<&Setting>, issuer: &str) {
    let shared = ["common", "organizations", "consumers"];
    let is_shared = issuer.contains("microsoftonline.") && issuer.split('/').any(|part| shared.contains(&part));
    if is_shared {
        let label = setting.map_or_else(|| "azure_tenant".to_owned(), Setting::origin);
        given.ledger.refused(format!(
            "{label} names the issuer of all tenants, which no token has: give `--issuer https://login.microsoftonline.com/TENANT/v2.0` \
             with your tenant's id. Several tenants are several providers, each with a name"
        ));
    }
    if let Some(setting) = given.take_filled("entra_id_allowed_tenants") {
        match setting.values.as_slice() {
            [one] if issuer.contains(one.as_str()) => given.ledger.carried(&setting.label, "`providers[0].issuer`, which is this tenant's"),
            _ => given.refuse(&setting, "names tenants beside the issuer's", "give `--issuer` with the one that counts, and add a provider for each other one to the configuration afterwards"),
        }
    }
    let (federated, setting) = given.switch("entra_id_federated_token_auth", false);
    if let Some(setting) = setting {
        match federated {
            true => given.refuse(
                &setting,
                "is on",
                "clients prove themselves by a secret here: make one for the app registration, and leave this out",
            ),
            false => given.ledger.carried(&setting.label, "off, as it always is here"),
        }
    }
}

/// `insecure_oidc_skip_issuer_verification`.
fn skipped_issuer(given: &mut Given<'_>) {
    let (skipped, setting) = given.switch("insecure_oidc_skip_issuer_verification", false);
    let Some(setting) = setting else { return };
    match (skipped, given.choices.issuer.is_some()) {
        (false, _) => given.ledger.carried(&setting.label, "off, as it always is here"),
        (true, true) => given.change(&setting, "the issuer of every token is compared, to the letter, with `--issuer`"),
        (true, false) => given.refuse(
            &setting,
            "is on, so that tokens of any issuer counted",
            "give `--issuer URL` as the tokens have it in `iss`; every token is held against it",
        ),
    }
}

/// `client_secret`, or the file it stands in.
fn secret(given: &mut Given<'_>, is_cognito: bool, tree: Tree) -> (Tree, Option<SecretValue>) {
    let path = "providers[0].clientSecret";
    let file = given.take_filled("client_secret_file");
    let setting = given.take_filled("client_secret");
    let fill = "`OIDC_CLIENT_SECRET`, which is for you to fill in";
    match (&setting, &file) {
        (Some(setting), file) => {
            given.ledger.source(path, &setting.origin());
            given.ledger.carried(
                &setting.label,
                format!("`{path}`: the variable `{CLIENT_SECRET}`, from the file with the secrets"),
            );
            if setting.text() == PUBLISHED {
                given.change(setting, NO_SECRET);
            }
            if let Some(file) = file {
                given.lose(file, format!("`{}` counts, as with oauth2-proxy", setting.label));
            }
        }
        (None, Some(file)) => {
            given.ledger.source(path, &file.origin());
            let what = format!("`{path}`: the variable {fill}: it is in the file {}", file.text());
            given.change(file, what);
        }
        (None, None) => match given.elsewhere("client_secret").cloned() {
            Some(place) => given.ledger.changed("client_secret", format!("`{path}`: the variable {fill}: {place}")),
            None => {
                given.ledger.changed("client_secret (not set)", "a public client; PKCE is used either way");
                return (tree, None);
            }
        },
    }
    let tree = tree.with("clientSecret", Tree::map().with("env", CLIENT_SECRET));
    let what = match is_cognito {
        true => "`client_secret_post`: the only unambiguous one for Cognito's secrets with a `+`",
        false => {
            "`client_secret_basic`; oauth2-proxy tried `client_secret_post`, too. `providers[0].clientAuthentication` says which"
        }
    };
    given.ledger.changed("client authentication", what);
    let value = setting.map(|setting| Secret::new(setting.text().to_owned()));
    (tree, Some(SecretValue { variable: CLIENT_SECRET.to_owned(), value }))
}

/// `scope`, or oauth2-proxy's default for the kind of provider.
fn scopes(given: &mut Given<'_>, kind: &str, is_cognito: bool) -> Tree {
    let path = "providers[0].scopes";
    let setting = given.take_filled("scope");
    let default = match kind {
        "google" => "profile email",
        "azure" | "entra-id" | "oidc" | "keycloak-oidc" if given.is_set("allowed_groups") && !is_cognito => {
            "openid email profile groups"
        }
        "cidaas" => "openid email profile roles groups",
        _ => "openid email profile",
    };
    let default = if kind == "azure" { "openid email" } else { default };
    let text = setting.as_ref().map_or(default, Setting::text).to_owned();
    let mut scopes = vec!["openid"];
    for scope in text.split_whitespace() {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let label = setting.as_ref().map_or("scope (not set)", |setting| setting.label.as_str()).to_owned();
    let (kept, dropped): (Vec<_>, Vec<_>) =
        scopes.into_iter().partition(|scope| !is_cognito || terms::is_scope_of_cognito(scope));
    if !dropped.is_empty() {
        let what = format!("without `{}`: Cognito knows no such scope and refuses the sign-in", dropped.join("`, `"));
        given.ledger.changed(&label, what);
    }
    if !is_cognito && kind != "google" && !kept.contains(&"offline_access") {
        given.ledger.changed(&label, WITHOUT_REFRESH);
    }
    match &setting {
        Some(setting) => given.carry(setting, path),
        None => {
            given.ledger.source(path, "scope (not set)");
            given.ledger.carried(&label, format!("`{path}: [{}]`: oauth2-proxy's default", kept.join(", ")));
        }
    }
    Tree::list(kept.into_iter().map(Tree::from))
}

/// Claims that the ID token lacks: `profile_url`, or the endpoint of the metadata. Cognito's has them all.
fn user_info(given: &mut Given<'_>, is_cognito: bool, addresses: &addresses::Addresses, tree: Tree) -> Tree {
    let (skipped, setting) = given.switch("skip_claims_from_profile_url", false);
    if let Some(setting) = setting {
        let becomes = if skipped { "`userInfo` stays off" } else { "`providers[0].userInfo`" };
        given.ledger.carried(&setting.label, becomes);
    }
    match skipped || is_cognito || (addresses.by_hand && !addresses.has_user_info) {
        true => tree,
        false => {
            given.ledger.source("providers[0].userInfo", "profile_url");
            tree.explained("UserInfo is asked for claims that the ID token lacks.", "userInfo", true)
        }
    }
}

/// `oidc_enabled_signing_algs`, and keys that stand in files.
fn algorithms(given: &mut Given<'_>, tree: Tree) -> Tree {
    if let Some(setting) = given.take_filled("oidc_public_key_files") {
        let mend = "give the address of the provider's keys by `oidc_jwks_url`, and leave the files out: keys are fetched, so that a new \
                    one is known";
        given.refuse(&setting, "names keys in files", mend);
    }
    let Some(setting) = given.take_filled("oidc_enabled_signing_algs") else { return tree };
    given.carry(&setting, "providers[0].algorithms");
    let names = setting.values.iter().map(|name| if name == "EdDSA" { "Ed25519" } else { name.as_str() });
    tree.with("algorithms", Tree::list(names.map(Tree::from)))
}

const GOOGLE: &str = "https://accounts.google.com";
/// What is otherwise at particular providers.
const PARTICULAR: [(&str, &str); 5] = [
    (
        "adfs",
        "an address that is only in `upn` is no `email`: add a rule for the claim `email` at ADFS, or set `identity.userId.claim: upn`",
    ),
    (
        "azure",
        "all claims come from the ID token; oauth2-proxy asked Microsoft Graph for the address and the groups. Add the optional claims `email` and `groups` to the app registration",
    ),
    ("cidaas", "groups are those of the claim; oauth2-proxy put their roles behind them, as `group:role`"),
    ("gitlab", "`x-forwarded-user` is the claim `nickname`, from UserInfo, as before"),
    (
        "keycloak-oidc",
        "roles count where the ID token has them; oauth2-proxy read them in the access token, and put them among the groups as `role:NAME`",
    ),
];
/// Kubeflow's own.
const PUBLISHED: &str = "pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok";
const NO_SECRET: &str = "warning: it is no secret. Kubeflow's repository publishes this one, so everyone can sign in at Dex in this \
                         client's name: make a new one (`openssl rand -hex 32`), in Dex's `staticClients` and in the file with the \
                         secrets";
const WITHOUT_REFRESH: &str = "no `offline_access`, so most providers give no refresh token, and a session ends with its ID token; \
                               oauth2-proxy's lasted for `cookie_expire`. Add the scope to `providers[0].scopes` where the provider \
                               knows it";
