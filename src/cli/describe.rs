//! What a configuration means, in plain words.
//!
//! Decides the words only.

use std::collections::BTreeMap;

use url::Url;

use super::keygen::ROTATION;
use crate::{
    config::Config,
    http::{cluster::cluster_name, cookie::SameSite},
    identity::{AUTHORIZATION, IdentitySettings},
    oidc::{
        claims::ClaimPath,
        client_auth::{BasicEncoding, ClientAuthentication},
        provider::{LogoutKind, ProviderKind, ProviderSettings},
    },
    policy::{Action, Routes, Rule},
    session::SessionSettings,
};

/// Sections of lines, each with its title.
pub(super) fn describe(config: &Config) -> String {
    let sections = [
        ("Sign-in", sign_in(config.provider())),
        ("At the provider, register", registrations(config)),
        ("Our own paths", paths(config)),
        ("Sessions", sessions(config)),
        ("Who passes", routes(&config.routes)),
        ("Headers for the applications", headers(&config.identity)),
        ("Clusters that Envoy must have", clusters(config.provider())),
    ];
    let section = |(title, lines): (&str, Vec<String>)| {
        let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        format!("{title}\n{lines}")
    };
    sections.map(section).join("\n")
}

/// What is good to know about a configuration that is good.
pub(super) fn notes(config: &Config) -> Vec<String> {
    let provider = config.provider();
    let asked = |(name, value): &(String, String)| name == "access_type" && value == "offline";
    let offline = provider.kind == ProviderKind::Cognito
        || provider.scopes.iter().any(|scope| scope == "offline_access")
        || provider.authorization_parameters.iter().any(asked);
    let no_refresh_token = "most providers give a refresh token only for the scope `offline_access`, which is not asked for: \
                            sessions may end with their ID tokens";
    let rotation = "with several gateways, a provider that rotates refresh tokens needs a grace period (Cognito: \
                    RetryGracePeriodSeconds 30 to 60); with 0 a session used at two gateways at once must sign in again";
    let copies = "with several gateways, signing out ends copies of the cookie at one of them; at the others they serve until \
                  their tokens end";
    let several = "with several gateways, each must get every logout token: a provider calls one address";
    let notes = [
        (!offline).then_some(no_refresh_token),
        Some(rotation),
        Some(copies),
        config.paths.back_channel.is_some().then_some(several),
    ];
    notes.into_iter().flatten().map(str::to_owned).collect()
}

fn sign_in(provider: &ProviderSettings) -> Vec<String> {
    let kind = match provider.kind {
        ProviderKind::Cognito => "AWS Cognito",
        ProviderKind::Oidc => "an OpenID provider",
    };
    let authentication = match &provider.client_authentication {
        ClientAuthentication::None => "without a secret, as a public client with PKCE",
        ClientAuthentication::Post { .. } => "with its secret in the form (client_secret_post)",
        ClientAuthentication::Basic { encoding: BasicEncoding::Form, .. } => "with its secret in client_secret_basic",
        ClientAuthentication::Basic { encoding: BasicEncoding::Raw, .. } => {
            "with its secret in client_secret_basic, not percent-encoded"
        }
    };
    let algorithms: Vec<_> = provider.algorithms.iter().map(|algorithm| algorithm.name()).collect();
    let parameters: Vec<_> =
        provider.authorization_parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut lines = vec![
        format!("at {kind}, issuer {}", provider.issuer),
        format!("as client {}, {authentication}", provider.client_id),
        format!("for {}", provider.scopes.join(" ")),
        format!("ID tokens are signed with {}; clocks may differ by {}", algorithms.join(", "), span(provider.leeway)),
        format!("a call to the provider may take {}", span(provider.timeout)),
    ];
    if !parameters.is_empty() {
        lines.push(format!("the sign-in page is asked for with {}", parameters.join(" ")));
    }
    lines
}

fn registrations(config: &Config) -> Vec<String> {
    let origins = &config.public_urls;
    let mut lines: Vec<_> =
        origins.iter().map(|origin| format!("callback URL {origin}{}", config.paths.callback)).collect();
    match &config.provider().logout {
        LogoutKind::Cognito { logout_uri: Some(url) } => lines.push(format!("sign-out URL {url}")),
        LogoutKind::Cognito { logout_uri: None } => {
            lines.extend(origins.iter().map(|origin| format!("sign-out URL {origin}/")));
        }
        LogoutKind::RpInitiated { post_logout_redirect_uri: Some(url), .. } => {
            lines.push(format!("post-logout redirect URL {url}"));
        }
        LogoutKind::RpInitiated { post_logout_redirect_uri: None, .. } => {
            let path = &config.paths.signed_out;
            lines.extend(origins.iter().map(|origin| format!("post-logout redirect URL {origin}{path}")));
        }
        LogoutKind::Local => lines.push("no sign-out URL: signing out ends our own session only".to_owned()),
    }
    if config.provider().logout != LogoutKind::Local {
        let urls = config.provider().logout_return_urls.iter();
        lines.extend(urls.map(|url| format!("sign-out URL {url}, for people who ask for it with `return_to`")));
    }
    if let (Some(path), Some(origin)) = (&config.paths.back_channel, origins.first()) {
        lines.push(format!("back-channel logout URL {origin}{path}"));
    }
    if let Some(path) = &config.paths.front_channel {
        lines.extend(origins.iter().map(|origin| format!("front-channel logout URL {origin}{path}, with `sid`")));
    }
    lines
}

fn paths(config: &Config) -> Vec<String> {
    let paths = &config.paths;
    let mut lines = vec![
        format!("{}: the provider sends the browser back here", paths.callback),
        format!("{}: people sign in here", paths.sign_in),
        format!("{}: people sign out here", paths.sign_out),
        format!("{}: says that one is signed out", paths.signed_out),
        format!("{}: says who is signed in", paths.whoami),
    ];
    let framed = |path| format!("{path}: the provider ends the browser's session here, in a frame of its own page");
    lines.extend(paths.front_channel.iter().map(framed));
    lines.extend(paths.back_channel.iter().map(|path| {
        format!(
            "{path}: the provider ends sessions here, by a logout token; Envoy's filter there needs \
             `allow_on_headers_stop_iteration: true`, which a WasmPlugin cannot set"
        )
    }));
    lines
}

fn sessions(config: &Config) -> Vec<String> {
    let session = &config.session;
    let mut lines = vec![
        cookie(session),
        format!(
            "a session is renewed while the provider renews its tokens, and lasts {} at most",
            span(session.lifetime)
        ),
        format!("one without a refresh token ends {} after its tokens", span(config.provider().leeway)),
    ];
    lines.extend(session.idle.map(|idle| format!("one that nobody uses for {} ends", span(idle))));
    lines.push(ROTATION.to_owned());
    lines
}

fn cookie(session: &SessionSettings) -> String {
    let cookie = &session.cookie;
    let hosts = match &cookie.domain {
        Some(domain) => format!("one session for {domain} and all hosts below it"),
        None => "each host has its own session".to_owned(),
    };
    let transport = if cookie.insecure { "not Secure: for this machine only" } else { "Secure" };
    let same_site = match cookie.same_site {
        SameSite::Lax => "Lax",
        SameSite::None => "None",
        SameSite::Strict => "Strict",
    };
    format!("{}, {transport}, HttpOnly, SameSite={same_site}; {hosts}", cookie.session_name())
}

fn routes(routes: &Routes) -> Vec<String> {
    let numbered = routes.rules().iter().zip(1..).map(|(rule, number): (&Rule, u32)| {
        format!("{number}. {}: {} ({})", subject(rule), effect(rule.action), rule.name)
    });
    let rest = if routes.rules().is_empty() { "everything" } else { "everything else" };
    numbered.chain([format!("{rest}: {}", effect(Action::Authenticate))]).collect()
}

fn effect(action: Action) -> &'static str {
    match action {
        Action::Allow => "open to everyone",
        Action::Authenticate => "signed-in people only",
        Action::Deny => "closed to everyone",
    }
}

/// Which requests a rule is for: `GET or HEAD of /healthz and below at app.example.com`.
fn subject(rule: &Rule) -> String {
    let hosts: Vec<_> = rule.hosts.iter().map(ToString::to_string).collect();
    let path = rule.path.as_ref().map_or_else(|| "every path".to_owned(), ToString::to_string);
    let methods = if rule.methods.is_empty() { String::new() } else { format!("{} of ", rule.methods.join(" or ")) };
    let hosts = if hosts.is_empty() { String::new() } else { format!(" at {}", hosts.join(" or ")) };
    format!("{methods}{path}{hosts}")
}

fn headers(identity: &IdentitySettings) -> Vec<String> {
    let prefixed = |prefix: &str| if prefix.is_empty() { String::new() } else { format!(", after `{prefix}`") };
    let user = identity.user_id.iter().map(|rule| {
        let prefix = prefixed(&rule.prefix);
        format!(
            "{}: the user id, from claim {}{prefix}; without it nobody passes",
            rule.header,
            claim_name(&rule.claim)
        )
    });
    let groups = identity.groups.iter().map(|rule| {
        format!("{}: the groups, from claim {}{}", rule.header, claim_name(&rule.claim), prefixed(&rule.prefix))
    });
    let others = identity.headers.iter().map(|rule| format!("{}: from claim {}", rule.header, claim_name(&rule.claim)));
    let forward = &identity.forward;
    let tokens = [("ID", &forward.id_token), ("access", &forward.access_token)];
    let tokens = tokens.into_iter().filter_map(|(kind, header)| {
        let header = header.as_ref()?;
        let form = if header == AUTHORIZATION { "as `Bearer TOKEN`, in place of the client's own" } else { "as it is" };
        Some(format!("{header}: the {kind} token, {form}"))
    });
    let lines: Vec<_> = user.chain(groups).chain(others).chain(tokens).collect();
    match lines.is_empty() {
        true => vec!["none: the applications do not learn who signed in".to_owned()],
        false => lines,
    }
}

/// `realm_access.roles`: a claim as the documentation of providers writes it.
fn claim_name(claim: &ClaimPath) -> String {
    std::iter::once(&claim.root).chain(&claim.rest).map(String::as_str).collect::<Vec<_>>().join(".")
}

/// What is known without asking the provider.
fn clusters(provider: &ProviderSettings) -> Vec<String> {
    let endpoints = &provider.endpoints;
    let discovered = endpoints.authorization.is_none() || endpoints.token.is_none() || endpoints.jwks.is_none();
    let issuer = Url::parse(&provider.issuer).ok().filter(|_| discovered);
    let called = [endpoints.token.clone(), endpoints.jwks.clone(), endpoints.revocation.clone()];
    let mut clusters: BTreeMap<String, String> = BTreeMap::new();
    for url in issuer.iter().chain(called.iter().flatten()) {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        clusters.insert(format!("{host}:{port}"), cluster_name(&provider.clusters, url));
    }
    for (host, cluster) in &provider.clusters {
        let named = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let host = if named { host.clone() } else { format!("{host}:443") };
        clusters.entry(host).or_insert_with(|| cluster.clone());
    }
    let mut lines: Vec<_> = clusters.iter().map(|(host, cluster)| format!("{cluster} to {host}")).collect();
    if discovered {
        let whose = match provider.kind {
            ProviderKind::Cognito => " (the pool's domain)",
            ProviderKind::Oidc => "",
        };
        lines.push(format!(
            "outbound|PORT||HOST for every other host that discovery names{whose}, unless `clusters` has it"
        ));
    }
    lines
}

/// `90s` as it would be written: in the largest unit that divides it.
fn span(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m")];
    let whole = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, letter) = whole.unwrap_or((1, "s"));
    format!("{}{letter}", seconds.checked_div(unit).unwrap_or_default())
}
