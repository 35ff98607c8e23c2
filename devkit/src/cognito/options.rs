//! Decides what a pool consists of when it starts: its URLs, clients, users and addresses. The demo pool's content is in
//! `demo`, its run-time switches in `behaviour`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Behaviour, demo};

/// What [`super::Cognito::start`] needs. The default is the demo pool under AWS's host names on free ports of 127.0.0.1.
#[derive(Clone, Debug)]
pub struct Options {
    /// The exact `iss`; its last segment is the pool id. Port 0 in it stands for the port that gets bound.
    pub issuer: String,
    /// Public base URL of the hosted UI and OAuth host. Port 0 in it stands for the port that gets bound.
    pub domain: String,
    /// TLS of the issuer and domain listeners; `None` = plain HTTP. The admin listener is always plain.
    pub tls: Option<Arc<ServerConfig>>,
    /// The app clients.
    pub clients: Vec<Client>,
    /// The users.
    pub users: Vec<User>,
    /// The switches to begin with.
    pub behaviour: Behaviour,
    /// Where to listen.
    pub listen: Listen,
    /// Which of the test keys it begins with; pools that begin with different ones have different keys.
    pub first_keys: usize,
}

/// Addresses to bind; port 0 = any free port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Listen {
    /// Discovery and keys.
    pub issuer: SocketAddr,
    /// Hosted UI and OAuth.
    pub domain: SocketAddr,
    /// The admin port.
    pub admin: SocketAddr,
}

/// An app client.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// The client id.
    pub client_id: String,
    /// Active secrets (Cognito allows two); empty = a public client.
    pub client_secrets: Vec<String>,
    /// Callback URLs; matched exactly.
    pub callback_urls: Vec<String>,
    /// Sign-out URLs; matched exactly.
    pub logout_urls: Vec<String>,
    /// Scopes the client may ask for; `offline_access` never is one.
    pub scopes: Vec<String>,
    /// Whether the authorization code grant is on.
    pub code_grant: bool,
    /// Whether the client credentials grant is on: only without the code grant, and only with a secret.
    pub client_credentials: bool,
    /// Whether tokens of this client can be revoked.
    pub revocation: bool,
}

/// A user of the pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// What is typed in the form, and `cognito:username` unless `federated` or `email_alias` says otherwise.
    pub username: String,
    /// The password.
    pub password: String,
    /// The subject.
    pub sub: String,
    /// The address; in tokens with scope `email`.
    pub email: Option<String>,
    /// Whether it is verified.
    #[serde(default)]
    pub email_verified: bool,
    /// Groups; the claim is absent when there is none.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Further claims: `phone_number*` with scope `phone`, all others with scope `profile`.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// The user comes from another provider, for which the password form stands in.
    pub federated: Option<Federated>,
    /// E-mail is the alias to sign in with: the e-mail works in the form too, and `cognito:username` equals `sub`.
    #[serde(default)]
    pub email_alias: bool,
}

/// Where a federated user comes from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Federated {
    /// For example `Google`.
    pub provider_name: String,
    /// For example `Google`, `SAML`, `OIDC`.
    pub provider_type: String,
    /// The user's id there.
    pub user_id: String,
}

impl Options {
    /// Another pool, in another region, with other clients, users and keys: to run beside the default.
    pub fn partners() -> Options {
        Options {
            issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Partners1".to_owned(),
            domain: "https://partners.auth.eu-west-1.amazoncognito.com".to_owned(),
            clients: demo::partner_clients(),
            users: demo::partners(),
            first_keys: 1,
            ..Options::default()
        }
    }

    /// The demo pool on fixed ports of this machine, over plain HTTP. With port 0, the free port that was found.
    pub fn local(issuer_port: u16, domain_port: u16) -> Options {
        let mut options = Options {
            issuer: format!("http://localhost:{issuer_port}/us-east-1_DemoPool1"),
            domain: format!("http://localhost:{domain_port}"),
            ..Options::default()
        };
        options.listen.issuer.set_port(issuer_port);
        options.listen.domain.set_port(domain_port);
        options
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012".to_owned(),
            domain: "https://demo.auth.us-east-1.amazoncognito.com".to_owned(),
            tls: None,
            clients: demo::clients(),
            users: demo::users(),
            behaviour: Behaviour::default(),
            listen: Listen::default(),
            first_keys: 0,
        }
    }
}

impl Default for Listen {
    fn default() -> Listen {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Listen { issuer: any, domain: any, admin: any }
    }
}

impl Client {
    /// A client with one secret, the scopes `openid email profile phone` and no URLs yet.
    pub fn confidential(client_id: &str, client_secret: &str) -> Client {
        Client { client_secrets: vec![client_secret.to_owned()], ..Client::public(client_id) }
    }

    /// A client without a secret, otherwise the same.
    pub fn public(client_id: &str) -> Client {
        Client {
            client_id: client_id.to_owned(),
            client_secrets: Vec::new(),
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            scopes: ["openid", "email", "profile", "phone"].map(str::to_owned).into(),
            code_grant: true,
            client_credentials: false,
            revocation: true,
        }
    }

    /// A client of a machine: the client credentials grant with these scopes (`<resource server>/<scope>`), and no other.
    pub fn machine(client_id: &str, client_secret: &str, scopes: &[&str]) -> Client {
        Client {
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            code_grant: false,
            client_credentials: true,
            ..Client::confidential(client_id, client_secret)
        }
    }

    /// The scopes of resource servers: all that a machine can get.
    pub(super) fn custom_scopes(&self) -> Vec<String> {
        self.scopes.iter().filter(|scope| scope.contains('/')).cloned().collect()
    }

    /// Refuses what Cognito does not let anybody set up.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Client { client_id, client_secrets, code_grant, client_credentials, .. } = self;
        if *client_credentials && (*code_grant || client_secrets.is_empty()) {
            anyhow::bail!("client {client_id}: client_credentials goes with a secret and without the code grant");
        }
        Ok(())
    }

    /// The same client with these callback and sign-out URLs.
    pub fn with_urls(self, callback_urls: &[&str], logout_urls: &[&str]) -> Client {
        let owned = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect();
        Client { callback_urls: owned(callback_urls), logout_urls: owned(logout_urls), ..self }
    }
}

impl User {
    /// A user with a verified address at example.com, without groups. The `sub` is made from the name.
    pub fn new(username: &str, password: &str) -> User {
        User {
            username: username.to_owned(),
            password: password.to_owned(),
            sub: demo::sub(username),
            email: Some(format!("{username}@example.com")),
            email_verified: true,
            groups: Vec::new(),
            attributes: BTreeMap::new(),
            federated: None,
            email_alias: false,
        }
    }

    /// The same user in these groups.
    pub fn with_groups<G: Into<String>>(self, groups: impl IntoIterator<Item = G>) -> User {
        User { groups: groups.into_iter().map(Into::into).collect(), ..self }
    }

    /// What tokens call the user: `cognito:username`, `username`.
    pub fn token_username(&self) -> String {
        match &self.federated {
            Some(federated) => format!("{}_{}", federated.provider_name, federated.user_id).to_lowercase(),
            None if self.email_alias => self.sub.clone(),
            None => self.username.clone(),
        }
    }
}
