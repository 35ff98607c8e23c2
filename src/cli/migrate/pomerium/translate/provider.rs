//! The provider, and our client there.
//!
//! Decides issuer, client and scopes.

use url::Url;

use super::{
    super::{
        render::{CLIENT_SECRET, SecretValue},
        terms,
        yaml::Tree,
    },
    given::Given,
};
use crate::{http::origin::is_loopback, oidc::cognito, secret::Secret};

/// Our client at the provider.
pub(super) struct Client {
    /// Whether that is a pool of Cognito's.
    pub(super) is_cognito: bool,
    /// Our id there.
    pub(super) id: String,
    /// The secrets that the configuration names.
    pub(super) secrets: Vec<SecretValue>,
    /// The hosts that the provider's metadata names beside the issuer's.
    pub(super) hosts: Vec<String>,
    /// Everything up to `logout` and `bearer`.
    pub(super) tree: Tree,
}

/// What Pomerium knows of a provider by its name.
struct Known {
    name: &'static str,
    issuer: &'static str,
    scopes: &'static [&'static str],
    hosts: &'static [&'static str],
    /// What its sign-in always asks for.
    parameters: &'static [(&'static str, &'static str)],
}

const USUAL: &[&str] = &["openid", "profile", "email", "offline_access"];
const SHORT: &[&str] = &["openid", "profile", "email"];
const KNOWN: [Known; 9] = [
    known("auth0", "", USUAL),
    Known { parameters: &[("prompt", "select_account")], ..known("azure", "", USUAL) },
    known("cognito", "", &["openid", "email", "profile"]),
    known("gitlab", "https://gitlab.com", SHORT),
    Known {
        hosts: &["oauth2.googleapis.com", "openidconnect.googleapis.com", "www.googleapis.com"],
        parameters: &[("prompt", "select_account consent"), ("access_type", "offline")],
        ..known("google", "https://accounts.google.com", SHORT)
    },
    known("oidc", "", USUAL),
    known("okta", "", USUAL),
    known(
        "onelogin",
        "https://openid-connect.onelogin.com/oidc",
        &["openid", "profile", "email", "groups", "offline_access"],
    ),
    known("ping", "", USUAL),
];

const fn known(name: &'static str, issuer: &'static str, scopes: &'static [&'static str]) -> Known {
    Known { name, issuer, scopes, hosts: &[], parameters: &[] }
}

pub(super) fn read(given: &mut Given<'_>) -> Client {
    let known = provider(given);
    let issuer = issuer(given, known);
    let is_cognito = Url::parse(&issuer).is_ok_and(|url| cognito::is_issuer(&url));
    let id = given.text("idp_client_id");
    match &id {
        Some(_) => given.carry("idp_client_id", "providers[0].clientId"),
        None => given.ledger.refused(match given.elsewhere.get("idp_client_id") {
            Some(place) => format!("idp_client_id is in {place}, which is in none of the files: add it"),
            None => "idp_client_id is in none of the files: add the one that has it, or IDP_CLIENT_ID".to_owned(),
        }),
    }
    let id = id.unwrap_or_default();
    let mut tree = Tree::map().with("issuer", issuer.as_str()).with("clientId", id.as_str());
    let secret = secret(given);
    tree = tree.with("clientSecret", Tree::map().with("env", CLIENT_SECRET));
    tree = tree.with("scopes", scopes(given, known, is_cognito));
    if !is_cognito {
        tree = tree.explained(
            "Pomerium took claims from UserInfo, too; it is asked for those that the ID token lacks.",
            "userInfo",
            true,
        );
    }
    let mut hosts: Vec<_> = known.hosts.iter().map(|host| (*host).to_owned()).collect();
    if let Some(domain) = domain(given, is_cognito, &issuer) {
        let clusters = Tree::map().with(&domain, format!("outbound|443||{domain}"));
        tree = tree.explained("The pool's domain, where tokens come from.", "clusters", clusters);
        hosts.push(domain);
    }
    tree = tree.with_some("authorizationParameters", parameters(given, known));
    let secrets = [secret].into_iter().chain(terms::session_key(&mut given.ledger)).collect();
    Client { is_cognito, id, secrets, hosts, tree }
}

/// `idp_provider`.
fn provider(given: &mut Given<'_>) -> &'static Known {
    const GENERIC: &Known = &known("oidc", "", USUAL);
    let Some(name) = given.text("idp_provider") else {
        given.ledger.refused(
            "idp_provider is in none of the files: add the one that has it. Pomerium's hosted sign-in (`authenticate.pomerium.app`) \
             has no counterpart: make a client at your own provider, and write `idp_provider`, `idp_provider_url`, \
             `idp_client_id` and `idp_client_secret` as for a Pomerium of your own",
        );
        return GENERIC;
    };
    if let Some(known) = KNOWN.iter().find(|known| known.name == name) {
        given.ledger.carried("idp_provider", "`providers[0].issuer`");
        return known;
    }
    let why = match name.as_str() {
        "github" => {
            "is no OpenID provider: GitHub gives no ID token. Put a provider in front of it (Cognito, Dex, Keycloak), and name that"
        }
        "apple" => {
            "has a client secret that ends after some months: put a provider in front of it (Cognito, Keycloak), and name that"
        }
        "hosted" => "is Pomerium's own sign-in: make a client at your own provider, and name that",
        _ => "is no provider that Pomerium knows: write `oidc` for any that has metadata",
    };
    given.refuse("idp_provider", &format!("(`{name}`) {why}"));
    GENERIC
}

/// `idp_provider_url`.
fn issuer(given: &mut Given<'_>, known: &Known) -> String {
    let written = given.text("idp_provider_url");
    if written.is_none() && known.issuer.is_empty() {
        let why = match known.name {
            "azure" => {
                "idp_provider_url is not set, so that Pomerium took people of every tenant and did not compare the issuer: write \
                        `https://login.microsoftonline.com/TENANT/v2.0`, with the id of your own tenant"
            }
            _ => "idp_provider_url is in none of the files: write the issuer",
        };
        given.ledger.refused(why);
        return String::new();
    }
    let issuer = written.clone().unwrap_or_else(|| known.issuer.to_owned());
    match &written {
        Some(_) => given.carry("idp_provider_url", "providers[0].issuer"),
        None => {
            given.ledger.source("providers[0].issuer", "idp_provider");
            given
                .ledger
                .carried("idp_provider_url (not set)", format!("`providers[0].issuer: {issuer}`: Pomerium's default"));
        }
    }
    let url = Url::parse(&issuer).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
    if url.as_ref().is_some_and(|url| url.scheme() == "http") && !is_loopback(&host) {
        given.refuse("idp_provider_url", "is plain http: whoever is on the way could sign in as anyone. Write https");
    }
    if known.name == "azure"
        && ["/common/", "/organizations/", "/consumers/"].iter().any(|shared| issuer.contains(shared))
    {
        given.refuse(
            "idp_provider_url",
            "takes people of every tenant, and no token has that issuer: write the id of your own tenant in its place",
        );
    }
    if known.name == "auth0" && !issuer.ends_with('/') {
        given.ledger.changed("idp_provider_url", "with a `/` at its end, as Auth0's own issuer has it");
        return format!("{issuer}/");
    }
    match issuer.strip_suffix('/').filter(|_| known.name != "auth0") {
        Some(bare) if Url::parse(bare).is_ok_and(|url| cognito::is_issuer(&url)) => {
            given.ledger.changed("idp_provider_url", "without its last `/`: the issuers of Cognito have none");
            bare.to_owned()
        }
        _ => issuer,
    }
}

fn secret(given: &mut Given<'_>) -> SecretValue {
    let value = given.text("idp_client_secret");
    let file = given.take("idp_client_secret_file").is_some();
    let origin = given.origin("idp_client_secret");
    given.ledger.source("providers[0].clientSecret", &origin);
    match &value {
        Some(_) => given
            .ledger
            .carried("idp_client_secret", format!("the variable `{CLIENT_SECRET}`, from the file with the secrets")),
        None => given.ledger.changed(
            if file { "idp_client_secret_file" } else { "idp_client_secret" },
            format!("the variable `{CLIENT_SECRET}`, which is for you to fill in; it is in none of the files"),
        ),
    }
    SecretValue { variable: CLIENT_SECRET.to_owned(), value: value.map(Secret::new) }
}

fn scopes(given: &mut Given<'_>, known: &Known, is_cognito: bool) -> Tree {
    const PATH: &str = "providers[0].scopes";
    let written = given.texts("idp_scopes").filter(|scopes| !scopes.is_empty());
    match &written {
        Some(_) => given.carry("idp_scopes", PATH),
        None => {
            given.ledger.source(PATH, "idp_scopes (not set)");
            given.ledger.carried("idp_scopes (not set)", format!("`{PATH}`: Pomerium's default"));
        }
    }
    let default = || known.scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let mut scopes: Vec<String> = written.unwrap_or_else(default);
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".to_owned());
    }
    let (scopes, dropped): (Vec<_>, Vec<_>) =
        scopes.into_iter().partition(|scope| !is_cognito || terms::is_scope_of_cognito(scope));
    if !dropped.is_empty() {
        given.ledger.changed(
            "idp_scopes",
            format!("without `{}`: Cognito knows no such scope and refuses the sign-in", dropped.join("`, `")),
        );
    }
    Tree::list(scopes.into_iter().map(Tree::from))
}

/// The domain of a pool.
fn domain(given: &mut Given<'_>, is_cognito: bool, issuer: &str) -> Option<String> {
    match (is_cognito, &given.choices.domain) {
        (true, Some(domain)) => {
            given.ledger.source("providers[0].clusters", "--domain");
            Some(domain.trim_start_matches("https://").trim_end_matches('/').to_owned())
        }
        (true, None) => {
            given.ledger.refused(
                "no setting names the domain of the pool: add `--domain HOST`, such as demo.auth.us-east-1.amazoncognito.com: tokens \
                 come from there, so the gateway needs a way to it",
            );
            None
        }
        (false, Some(_)) if !issuer.is_empty() => {
            given.ledger.refused("--domain is for a pool of Cognito's, and the issuer is none: leave it out");
            None
        }
        (false, _) => None,
    }
}

/// `idp_request_params`, and what Pomerium adds by itself.
fn parameters(given: &mut Given<'_>, known: &Known) -> Option<Tree> {
    const PATH: &str = "providers[0].authorizationParameters";
    let mut parameters: Vec<_> =
        known.parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let written = given.take("idp_request_params");
    for (name, value) in written.iter().filter_map(|setting| setting.value.as_object()).flatten() {
        if name == "hd" {
            given.ledger.lost(
                "idp_request_params",
                "`hd` only chose what Google's page offers, and nothing held anyone to it: `allowed_domains`, or `require: { claims: [{ \
                 claim: hd, equals: example.com }] }`, does",
            );
            continue;
        }
        let Some(text) = value.as_str() else {
            given.refuse("idp_request_params", &format!("has a `{name}` that is no text: write one"));
            continue;
        };
        parameters.retain(|(other, _)| other != name);
        parameters.push((name.clone(), text.to_owned()));
    }
    match &written {
        Some(setting) if setting.value.is_object() => given.carry("idp_request_params", PATH),
        Some(_) => given.refuse("idp_request_params", "is no object: write names and texts"),
        None => given.ledger.source(PATH, "idp_provider"),
    }
    (!parameters.is_empty())
        .then(|| parameters.iter().fold(Tree::map(), |tree, (name, value)| tree.with(name, value.as_str())))
}
