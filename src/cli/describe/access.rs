//! Who passes where.
//!
//! Decides the words only.

use super::{requirement, span};
use crate::{
    config::Config,
    identity::Forwarding,
    oidc::assurance::Assurance,
    policy::{Access, Action, Exclusion, HostPattern, PathPattern, Rule, Unauthenticated, list},
};

/// Each rule and, below it, what it asks for.
pub(super) fn routes(config: &Config) -> Vec<String> {
    let rules = config.routes.rules();
    let mut lines = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let number = index.saturating_add(1);
        lines.push(format!(
            "{number}. {}: {} ({})",
            subject(rule),
            effect(rule.action, &rule.access, config),
            rule.name
        ));
        if rule.action == Action::Authenticate {
            lines.extend(demands(&rule.access, config).into_iter().map(|line| format!("     {line}")));
            let forward = config.forwarding(Some(index));
            let own = (!std::ptr::eq(forward, &config.identity.forward)).then(|| handed_on(forward));
            lines.extend(own.map(|line| format!("     {line}")));
        }
    }
    let rest = if rules.is_empty() { "everything" } else { "everything else" };
    lines.push(format!("{rest}: {}", effect(Action::Authenticate, &Access::default(), config)));
    if let Some(authorizer) = &config.external_authorization {
        let silence = "its refusal and its silence both refuse";
        let all = "whoever is known passes only if the external authorizer lets them";
        lines.push(format!("{all}: {}, within {}; {silence}", authorizer.url, span(authorizer.timeout)));
    }
    lines
}

/// What a rule does, in a few words.
pub(in crate::cli) fn effect(action: Action, access: &Access, config: &Config) -> String {
    match action {
        Action::Allow => "open to everyone".to_owned(),
        Action::Authenticate => whom(access, config),
        Action::Deny => "closed to everyone".to_owned(),
    }
}

fn whom(access: &Access, config: &Config) -> String {
    let credentials = config.credentials(access);
    let who = match (credentials.session, credentials.bearer) {
        (true, true) => "signed-in people and programs with a token",
        (true, false) => "signed-in people",
        (false, true) => "programs with a token",
        (false, false) => "nobody",
    };
    let of = match access.providers.is_empty() {
        true => String::new(),
        false => format!(" of {}", list(&access.providers, "or")),
    };
    match access.unauthenticated {
        Unauthenticated::Pass => format!("everyone passes; of {who}{of} the application learns who they are"),
        _ => format!("{who}{of} only"),
    }
}

/// What a rule asks for beyond that, a line each.
pub(in crate::cli) fn demands(access: &Access, config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(access.requirement.as_ref().map(|wanted| format!("required: {}", requirement::words(wanted))));
    lines.extend(stronger(&access.assurance));
    lines.extend(match access.unauthenticated {
        Unauthenticated::Auto | Unauthenticated::Pass => None,
        Unauthenticated::Challenge => Some("who is not known is told so by 401, never sent to sign in".to_owned()),
        Unauthenticated::Login => Some("who is not known and asks by GET or HEAD is always sent to sign in".to_owned()),
    });
    if config.external_authorization.is_some() && !access.external_authorization {
        lines.push("the external authorizer is not asked".to_owned());
    }
    lines
}

fn stronger(assurance: &Assurance) -> Option<String> {
    let scopes = (!assurance.scopes.is_empty()).then(|| format!("with the scopes {}", assurance.scopes.join(" ")));
    let acr =
        (!assurance.acr_values.is_empty()).then(|| format!("at the level (acr) {}", list(&assurance.acr_values, "or")));
    let age = assurance.max_age.map(|age| format!("within the last {}", span(age)));
    let parts: Vec<_> = [scopes, acr, age].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("who did not sign in {} signs in again", parts.join(", ")))
}

fn handed_on(forward: &Forwarding) -> String {
    let tokens = [("ID", &forward.id_token), ("access", &forward.access_token)];
    let token =
        |(kind, header): (&str, &Option<String>)| header.as_ref().map(|header| format!("the {kind} token in {header}"));
    let tokens: Vec<_> = tokens.into_iter().filter_map(token).collect();
    match tokens.is_empty() {
        true => "no token goes on".to_owned(),
        false => format!("here {} goes on, and no other token", list(&tokens, "and")),
    }
}

/// Which requests a rule is for: `GET or HEAD of /healthz and below at app.example.com`.
fn subject(rule: &Rule) -> String {
    let matched = requests(&rule.hosts, &rule.methods, rule.path.as_ref());
    match &rule.not {
        Some(Exclusion { hosts, methods, path }) => {
            format!("{matched}, but not {}", requests(hosts, methods, path.as_ref()))
        }
        None => matched,
    }
}

fn requests(hosts: &[HostPattern], methods: &[String], path: Option<&PathPattern>) -> String {
    let path = path.map_or_else(|| "every path".to_owned(), ToString::to_string);
    let methods = if methods.is_empty() { String::new() } else { format!("{} of ", list(methods, "or")) };
    let hosts = if hosts.is_empty() { String::new() } else { format!(" at {}", list(hosts, "or")) };
    format!("{methods}{path}{hosts}")
}
