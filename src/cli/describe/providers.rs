//! The providers: who signs people in, whose tokens are taken, and what must be registered there.
//!
//! Decides the words only.

use super::{headers::choice, people, span};
use crate::{
    config::Config,
    http::public_urls::PublicUrl,
    identity::AUTHORIZATION,
    oidc::{
        bearer::{BearerRule, TokenKind},
        claims::{ClaimPath, Naming},
        client_auth::{BasicEncoding, ClientAuthentication},
        provider::{LogoutKind, ProviderKind, ProviderSettings},
    },
    policy::list,
};

/// Who signs people in.
pub(super) fn sign_in(config: &Config) -> Vec<String> {
    let several = people(config).count() > 1;
    let mut lines = Vec::new();
    if several {
        let names: Vec<_> = people(config).map(|provider| &provider.display_name).collect();
        lines.push(format!("people choose among {}, where a rule does not", list(&names, "and")));
    }
    for (index, provider) in config.providers().iter().enumerate().filter(|(_, provider)| provider.signs_in) {
        let asked = config.sign_in_parameters(index).iter();
        let asked = asked
            .map(|asked| format!("a link to {} may hand on {}: {}", config.paths.sign_in, asked.name, asked.words()));
        lines.extend(under(provider, several, sign_in_at(provider).into_iter().chain(asked).collect()));
    }
    if lines.is_empty() {
        lines.push("nobody signs in: only programs with bearer tokens come in".to_owned());
    }
    lines
}

/// `lines`, below the provider's name where there are several.
fn under(provider: &ProviderSettings, several: bool, lines: Vec<String>) -> Vec<String> {
    if !several || lines.is_empty() {
        return lines;
    }
    let heading = match provider.display_name == provider.name {
        true => format!("{}:", provider.name),
        false => format!("{} ({}):", provider.display_name, provider.name),
    };
    std::iter::once(heading).chain(lines.into_iter().map(|line| format!("  {line}"))).collect()
}

fn sign_in_at(provider: &ProviderSettings) -> Vec<String> {
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
    if provider.user_info {
        lines.push("claims that the ID token lacks are asked for at UserInfo".to_owned());
    }
    if !parameters.is_empty() {
        lines.push(format!("the sign-in page is asked for with {}", parameters.join(" ")));
    }
    lines
}

/// Which bearer tokens are taken.
pub(super) fn tokens(config: &Config) -> Vec<String> {
    let issuers = config.providers().iter().filter(|provider| !provider.bearer.is_empty());
    let mut lines: Vec<_> = issuers
        .flat_map(|provider| {
            let heading = format!("of {}, issuer {}:", provider.name, provider.issuer);
            let rules = provider.bearer.iter().map(|rule| format!("  {}", token(rule, provider)));
            std::iter::once(heading).chain(rules)
        })
        .collect();
    if !lines.is_empty() {
        let header = &config.bearer.header;
        let form = if config.bearer.raw { "as `Bearer TOKEN`, or the token alone" } else { "as `Bearer TOKEN`" };
        let place = if header == AUTHORIZATION { "in the Authorization header" } else { "in the header" };
        let name = if header == AUTHORIZATION { String::new() } else { format!(" {header}") };
        lines.insert(0, format!("{place}{name}, {form}"));
    }
    lines
}

fn token(rule: &BearerRule, provider: &ProviderSettings) -> String {
    let audiences = || list(&rule.audiences, "or");
    let clients = || list(&rule.client_ids, "or");
    let made_for = |word: &str| match rule.client_ids.is_empty() {
        true => String::new(),
        false => format!("{word}made for the client {}", clients()),
    };
    let what = match (rule.kind, provider.kind) {
        (TokenKind::AccessToken, ProviderKind::Cognito) => {
            let bound = if rule.audiences.is_empty() { String::new() } else { format!(", bound to {}", audiences()) };
            format!("access tokens of the app client {}{bound}", clients())
        }
        (TokenKind::AccessToken, ProviderKind::Oidc) => {
            format!("access tokens for {} (JWTs of type {}){}", audiences(), rule.types.join(" or "), made_for(", "))
        }
        (TokenKind::IdToken, _) => format!("ID tokens for {}{}", audiences(), made_for(", ")),
        (TokenKind::Introspection, _) => {
            let whose = match rule.audiences.is_empty() {
                true => made_for(""),
                false => format!("for {}{}", audiences(), made_for(" and ")),
            };
            format!("opaque tokens that introspection calls active, {whose}; an answer counts for {}", span(rule.cache))
        }
        (TokenKind::ServiceAccount, _) => format!("tokens of Kubernetes service accounts for {}", audiences()),
        (TokenKind::UserInfo, _) => {
            format!("opaque tokens of any client, if UserInfo takes them; an answer counts for {}", span(rule.cache))
        }
    };
    format!("{what}{}", renamed(&rule.naming))
}

/// What claims are called here, if it is not as usual.
fn renamed(naming: &Naming) -> String {
    let part = |what: &str, claim: Option<String>, prefix: &Option<String>| {
        let claim = claim.map(|claim| format!(" from claim {claim}"));
        let prefix = prefix.as_ref().map(|prefix| format!(" after `{prefix}`"));
        let said = claim.is_some() || prefix.is_some();
        said.then(|| format!("; the {what}{}{}", claim.unwrap_or_default(), prefix.unwrap_or_default()))
    };
    let user_id = part("user id", naming.user_id_claims.as_deref().map(choice), &naming.user_id_prefix);
    let groups = part("groups", naming.groups_claim.as_ref().map(ClaimPath::to_string), &naming.groups_prefix);
    user_id.into_iter().chain(groups).collect()
}

/// What each provider must know of us.
pub(super) fn registrations(config: &Config) -> Vec<String> {
    let several = people(config).count() > 1;
    people(config).flat_map(|provider| under(provider, several, registrations_at(provider, config))).collect()
}

fn registrations_at(provider: &ProviderSettings, config: &Config) -> Vec<String> {
    let everywhere = |what: &str, path: &str| {
        let line = |url: &PublicUrl| format!("{what} {}", address(url, path));
        config.public_urls.iter().map(line).collect::<Vec<_>>()
    };
    let callback = config.callback_path(provider);
    let mut lines = match &config.callback_origin {
        Some(origin) => vec![format!("callback URL {origin}{callback}, where all hosts' sign-ins come back")],
        None => everywhere("callback URL", &callback),
    };
    match &provider.logout {
        LogoutKind::Cognito { logout_uri: Some(url) } => lines.push(format!("sign-out URL {url}")),
        LogoutKind::Cognito { logout_uri: None } => lines.extend(everywhere("sign-out URL", "/")),
        LogoutKind::RpInitiated { post_logout_redirect_uri: Some(url), .. } => {
            lines.push(format!("post-logout redirect URL {url}"));
        }
        LogoutKind::RpInitiated { post_logout_redirect_uri: None, .. } => {
            lines.extend(everywhere("post-logout redirect URL", &config.paths.signed_out));
        }
        LogoutKind::Local { return_url } => {
            let lands = return_url.as_ref().map(|url| format!(" and leads to {url}")).unwrap_or_default();
            lines.push(format!("no sign-out URL: signing out ends our own session only{lands}"));
        }
    }
    if !matches!(provider.logout, LogoutKind::Local { .. }) {
        let urls = provider.logout_return_urls.iter();
        let parameter = &config.paths.return_parameter;
        lines.extend(urls.map(|url| format!("sign-out URL {url}, for people who ask for it with `{parameter}`")));
    }
    if let (Some(path), Some(url)) = (&config.paths.back_channel, config.public_urls.first()) {
        let one = if matches!(url, PublicUrl::Below(_)) { "; one HOST is enough" } else { "" };
        lines.push(format!("back-channel logout URL {}{one}", url_of(url, path)));
    }
    if let Some(path) = &config.paths.front_channel {
        lines
            .extend(everywhere("front-channel logout URL", path).into_iter().map(|line| format!("{line}, with `sid`")));
    }
    let wildcards = config.public_urls.iter().any(|url| matches!(url, PublicUrl::Below(_)));
    if wildcards && config.callback_origin.is_none() {
        lines.push(
            "few providers take wildcards: with `callbackUrl` one callback URL is enough for all hosts".to_owned(),
        );
    }
    lines
}

fn address(url: &PublicUrl, path: &str) -> String {
    let each = if matches!(url, PublicUrl::Below(_)) { " for each HOST" } else { "" };
    format!("{}{each}", url_of(url, path))
}

/// `https://HOST.apps.example.com/path` where there are many.
fn url_of(url: &PublicUrl, path: &str) -> String {
    format!("{}{path}", url.to_string().replacen("*", "HOST", 1))
}
