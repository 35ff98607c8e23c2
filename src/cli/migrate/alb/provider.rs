//! The providers, and our clients there.
//!
//! Decides that each client of an issuer is a provider of its own, and that rules of one client sign in alike.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    ledger::Ledger,
    pool::Pool,
    render::{CLIENT_SECRET, SecretValue},
    rule::Authentication,
    terms,
    yaml::Tree,
};
use crate::secret::Secret;

/// A client at a provider, as all rules that name it say together.
pub(super) struct Client {
    /// What rules call it, where there are several.
    pub(super) name: String,
    /// For how long it signs people in, in seconds.
    pub(super) timeout: i64,
    /// The domain of a pool, and the hosts of endpoints.
    pub(super) hosts: Vec<String>,
    /// Whether the provider is a pool of Cognito's.
    pub(super) is_cognito: bool,
    /// The id.
    pub(super) id: String,
    cookie: Option<String>,
    is_pool: bool,
    /// The issuer.
    pub(super) issuer: String,
    label: String,
    secret: Option<String>,
    scopes: Vec<String>,
    extra: Value,
    endpoints: Vec<(&'static str, String)>,
}

/// The members of `AuthenticateCognitoConfig` and `AuthenticateOidcConfig`.
pub(super) const SETTINGS: [&str; 16] = [
    "AuthenticationRequestExtraParams",
    "AuthorizationEndpoint",
    "ClientId",
    "ClientSecret",
    "Issuer",
    "OnUnauthenticatedRequest",
    "Scope",
    "SessionCookieName",
    "SessionTimeout",
    "TokenEndpoint",
    "UseExistingClientSecret",
    "UserInfoEndpoint",
    "UserPoolArn",
    "UserPoolClientId",
    "UserPoolDomain",
    // What the Ingress calls the Secret with the client.
    "SecretName",
];

/// What one action says, read member by member.
struct Reading<'a> {
    config: &'a Value,
    label: &'a str,
}

impl Reading<'_> {
    fn origin(&self, name: &str) -> String {
        format!("{name} ({})", self.label)
    }

    /// A member that is a text; one that a template works out is a problem.
    fn text(&self, name: &str, ledger: &mut Ledger) -> Option<String> {
        match self.config.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::String(_) | Value::Null => None,
            Value::Number(number) => Some(number.to_string()),
            _ => {
                ledger.refused(format!("{} is no text: write out what the template works out", self.origin(name)));
                None
            }
        }
    }

    /// A member that must be there.
    fn needed(&self, name: &str, ledger: &mut Ledger) -> String {
        let is_there = self.config.get(name).is_some_and(|value| !value.is_null() && value.as_str() != Some(""));
        if !is_there {
            ledger.refused(format!(
                "{} is not there: give what `aws elbv2 describe-rules` prints, all of it",
                self.origin(name)
            ));
        }
        self.text(name, ledger).unwrap_or_default()
    }
}

/// The client of an action.
pub(super) fn read(action: &Authentication, label: &str, ledger: &mut Ledger) -> Client {
    let reading = Reading { config: &action.config, label };
    let unknown = action.config.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    for name in unknown.filter(|name| !SETTINGS.contains(name)) {
        ledger.unknown(
            name,
            format!("in {label}: no setting of a sign-in that there is; see whether it is a typing mistake"),
        );
    }
    let mut client = if action.is_pool { of_pool(&reading, ledger) } else { of_oidc(&reading, ledger) };
    client.scopes = reading
        .text("Scope", ledger)
        .unwrap_or_else(|| "openid".to_owned())
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    client.timeout = match reading.text("SessionTimeout", ledger).map(|text| text.parse::<i64>()) {
        None => WEEK,
        Some(Ok(seconds)) => seconds,
        Some(Err(_)) => {
            ledger.refused(format!(
                "{} is no number of seconds: write `604800`, or leave it out",
                reading.origin("SessionTimeout")
            ));
            WEEK
        }
    };
    let extra = action.config.get("AuthenticationRequestExtraParams").cloned().unwrap_or_default();
    client.extra = if extra.as_object().is_some_and(serde_json::Map::is_empty) { Value::Null } else { extra };
    client.cookie = reading.text("SessionCookieName", ledger);
    client
}

fn of_pool(reading: &Reading<'_>, ledger: &mut Ledger) -> Client {
    let arn = reading.needed("UserPoolArn", ledger);
    let pool = Pool::of_arn(&arn);
    if pool.is_none() && !arn.is_empty() {
        let mend = "write `arn:aws:cognito-idp:REGION:ACCOUNT:userpool/POOL_ID`";
        ledger.refused(format!("{} is no ARN of a user pool: {mend}", reading.origin("UserPoolArn")));
    }
    let domain = reading.needed("UserPoolDomain", ledger);
    let host = pool.as_ref().and_then(|pool| pool.host(&domain));
    if pool.is_some() && host.is_none() {
        let what = "is a prefix, and nobody knows below which host in this partition: write the whole host of the pool's domain";
        ledger.refused(format!("{} {what}", reading.origin("UserPoolDomain")));
    }
    let name = host.as_deref().and_then(|host| host.split('.').next()).unwrap_or("pool").to_owned();
    Client {
        hosts: host.into_iter().collect(),
        is_cognito: true,
        is_pool: true,
        id: reading.needed("UserPoolClientId", ledger),
        issuer: pool.map(|pool| pool.issuer).unwrap_or_default(),
        ..Client::named(name, reading.label)
    }
}

fn of_oidc(reading: &Reading<'_>, ledger: &mut Ledger) -> Client {
    let issuer = reading.needed("Issuer", ledger);
    let names =
        [("AuthorizationEndpoint", "authorization"), ("TokenEndpoint", "token"), ("UserInfoEndpoint", "userInfo")];
    let endpoints: Vec<_> = names.into_iter().map(|(name, member)| (member, reading.needed(name, ledger))).collect();
    let host = |url: &str| url::Url::parse(url).ok().and_then(|url| Some(url.host_str()?.to_owned()));
    let is_cognito = url::Url::parse(&issuer).is_ok_and(|issuer| crate::oidc::cognito::is_issuer(&issuer));
    let token = endpoints.iter().find(|(member, _)| *member == "token").and_then(|(_, url)| host(url));
    Client {
        hosts: token.into_iter().filter(|_| is_cognito).collect(),
        is_cognito,
        id: reading.needed("ClientId", ledger),
        secret: reading.text("ClientSecret", ledger).filter(|secret| !secret.starts_with("{{resolve:")),
        // What the metadata of a pool says of its domain is what these say.
        endpoints: if is_cognito { Vec::new() } else { endpoints },
        ..Client::named(host(&issuer).unwrap_or_else(|| "provider".to_owned()), reading.label).of_issuer(issuer)
    }
}

impl Client {
    fn named(name: String, label: &str) -> Self {
        Self {
            name,
            timeout: WEEK,
            hosts: Vec::new(),
            is_cognito: false,
            id: String::new(),
            cookie: None,
            is_pool: false,
            issuer: String::new(),
            label: label.to_owned(),
            secret: None,
            scopes: Vec::new(),
            extra: Value::Null,
            endpoints: Vec::new(),
        }
    }

    fn of_issuer(self, issuer: String) -> Self {
        Self { issuer, ..self }
    }

    /// Whether its endpoints are at other hosts than the issuer, so that the keys may be as well.
    pub(super) fn is_at_several_hosts(&self) -> bool {
        let host = |url: &str| Some(url::Url::parse(url).ok()?.host_str()?.to_owned());
        self.endpoints.iter().any(|(_, url)| host(url) != host(&self.issuer))
    }

    /// Under a name that none of the others has.
    pub(super) fn renamed(self, others: &[Self]) -> Self {
        let numbered = (2_u32..).map(|number| format!("{}-{number}", self.name));
        let free = |name: &String| others.iter().all(|other| other.name != *name);
        let name = std::iter::once(self.name.clone()).chain(numbered).find(free).unwrap_or_default();
        Self { name, ..self }
    }

    /// Whether both are the same client at the same provider.
    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.issuer, &self.id) == (&other.issuer, &other.id)
    }

    /// Takes over what another rule says of the same client.
    pub(super) fn merge(&mut self, other: Self, ledger: &mut Ledger) {
        let where_ = format!("{} and {}", self.label, other.label);
        if self.extra != other.extra {
            ledger.refused(format!(
                "AuthenticationRequestExtraParams of {where_} are not the same, and a provider has one set of them here: write \
                 the same to both, or give one of them a client of its own"
            ));
        }
        if self.hosts != other.hosts || self.endpoints != other.endpoints {
            ledger
                .refused(format!("the addresses of the provider in {where_} are not the same: write the same to both"));
        }
        if self.timeout != other.timeout {
            self.timeout = self.timeout.min(other.timeout);
            ledger.changed(
                "SessionTimeout",
                format!("{where_} differ; there is one session, and the shorter time counts"),
            );
        }
        let more: Vec<_> = other.scopes.into_iter().filter(|scope| !self.scopes.contains(scope)).collect();
        if !more.is_empty() {
            ledger.changed("Scope", format!("{where_} differ; each sign-in asks for all of them"));
            self.scopes.extend(more);
        }
        self.secret = self.secret.take().or(other.secret);
    }

    /// The provider, at this place of the configuration, and its secret.
    pub(super) fn tree(
        &self,
        index: usize,
        is_one_of_several: bool,
        logout: Tree,
        ledger: &mut Ledger,
    ) -> (Tree, SecretValue) {
        let path = |member: &str| format!("providers[{index}].{member}");
        let mut carry = |name: &str, member: &str| {
            ledger.source(&path(member), &format!("{name} ({})", self.label));
            ledger.carried(name, format!("`{}`", path(member)));
        };
        let (issuer, id, domain) = match self.is_pool {
            true => ("UserPoolArn", "UserPoolClientId", "UserPoolDomain"),
            false => ("Issuer", "ClientId", "TokenEndpoint"),
        };
        carry(issuer, "issuer");
        carry(id, "clientId");
        let named = if is_one_of_several { Tree::map().with("name", self.name.as_str()) } else { Tree::map() };
        let variable = match index {
            0 => CLIENT_SECRET.to_owned(),
            index => format!("{CLIENT_SECRET}_{}", index.saturating_add(1)),
        };
        let mut tree = named.with("issuer", self.issuer.as_str()).with("clientId", self.id.as_str());
        tree = tree.with("clientSecret", Tree::map().with("env", variable.as_str()));
        if let Some(host) = self.hosts.first() {
            carry(domain, "clusters");
            let clusters = Tree::map().with(host, format!("outbound|443||{host}"));
            tree = tree.with("scopes", self.scopes(index, ledger)).explained(DOMAIN, "clusters", clusters);
        } else {
            for (name, member) in [
                ("AuthorizationEndpoint", "endpoints.authorization"),
                ("TokenEndpoint", "endpoints.token"),
                ("UserInfoEndpoint", "endpoints.userInfo"),
            ] {
                carry(name, member);
            }
            let endpoints = self.endpoints.iter().map(|(member, url)| (*member, url.as_str().into()));
            tree = tree.with("scopes", self.scopes(index, ledger)).with("endpoints", Tree::members(endpoints));
        }
        tree = tree.with_some("authorizationParameters", self.parameters(index, ledger));
        ledger.source(&path("clientSecret"), &format!("ClientSecret ({})", self.label));
        self.say_secret(&variable, ledger);
        if let Some(cookie) = &self.cookie {
            ledger.lost("SessionCookieName", format!("`{cookie}`: {COOKIE}"));
        }
        let value = self.secret.clone().map(Secret::new);
        (tree.with("logout", logout), SecretValue { variable, value })
    }

    fn say_secret(&self, variable: &str, ledger: &mut Ledger) {
        match &self.secret {
            Some(_) => {
                ledger.carried("ClientSecret", format!("the variable `{variable}`, from the file with the secrets"))
            }
            None => ledger.changed(
                "ClientSecret",
                format!("the variable `{variable}`, which is for you to fill in: AWS prints no secret of a rule"),
            ),
        }
    }

    fn scopes(&self, index: usize, ledger: &mut Ledger) -> Tree {
        let mut scopes = self.scopes.clone();
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let (known, dropped): (Vec<_>, Vec<_>) =
            scopes.into_iter().partition(|scope| !self.is_cognito || terms::is_scope_of_cognito(scope));
        if !dropped.is_empty() {
            let what =
                format!("without `{}`: Cognito knows no such scope and refuses the sign-in", dropped.join("`, `"));
            ledger.changed("Scope", what);
        }
        let path = format!("providers[{index}].scopes");
        ledger.source(&path, &format!("Scope ({})", self.label));
        ledger.carried("Scope", format!("`{path}`"));
        Tree::list(known.into_iter().map(Tree::from))
    }

    fn parameters(&self, index: usize, ledger: &mut Ledger) -> Option<Tree> {
        let parameters: BTreeMap<_, _> = self.extra.as_object()?.iter().collect();
        let path = format!("providers[{index}].authorizationParameters");
        ledger.source(&path, &format!("AuthenticationRequestExtraParams ({})", self.label));
        ledger.carried("AuthenticationRequestExtraParams", format!("`{path}`"));
        let tree =
            parameters.into_iter().fold(Tree::map(), |tree, (name, value)| tree.with(name, Tree::from(value.clone())));
        Some(tree).filter(|tree| !tree.is_empty())
    }
}

/// How long a session of the load balancer's lasts by default.
pub(super) const WEEK: i64 = 604_800;
const COOKIE: &str = "ours is `__Host-edge_oidc`, or what `session.cookie.name` says. An application that ends a session by expiring \
                      it sends people to `paths.signOut` from now on";
const DOMAIN: &str = "The pool's domain, where tokens come from.";
