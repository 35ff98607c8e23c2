//! What is told of a request: who asks, which rule decides, what happens.
//!
//! Decides the words only.

use serde_json::{Map, Value};

use super::{
    request::{Unruled, judged, route},
    stand_in::{signing_in_at, signing_out_at},
    trial::{Headers, Trial},
};
use crate::{
    cli::describe::{demands, effect},
    config::Config,
    flow::{
        Decision, Forward,
        event::{LogLine, Outcome},
        inbound::Wish,
    },
    http::{header_edits::HeaderEdit, path::RawPath, reply::Reply},
    oidc::provider::ProviderSettings,
    policy::{Action, list},
};

/// Who asks for what.
pub(super) struct Asked<'a> {
    pub(super) url: &'a str,
    pub(super) method: &'a str,
    pub(super) provider: Option<&'a ProviderSettings>,
    pub(super) claims: Option<&'a Map<String, Value>>,
    pub(super) bearer: bool,
    /// The token that they send, which says nothing to people.
    pub(super) token: Option<&'a str>,
}

/// The whole of it.
pub(super) fn explain(config: &Config, asked: &Asked<'_>, headers: Headers, trial: &Trial) -> String {
    let sections = [
        ("The request", request(asked)),
        ("The rule", rule(config, headers)),
        ("What happens", happens(config, asked, trial)),
    ];
    let section = |(title, lines): (&str, Vec<String>)| {
        let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        format!("{title}\n{lines}")
    };
    sections.map(section).join("\n")
}

fn request(asked: &Asked<'_>) -> Vec<String> {
    let who = match (asked.provider, asked.bearer) {
        (None, _) => "of somebody who is not signed in".to_owned(),
        (Some(provider), false) => format!("of somebody who has just signed in at {}", provider.name),
        (Some(provider), true) => format!("of a program with a bearer token of {}", provider.name),
    };
    let mut lines = vec![format!("{} {}", asked.method, asked.url), who];
    let claims = asked.claims.into_iter().flatten();
    lines.extend(claims.map(|(name, value)| format!("  {name}: {value}")));
    lines
}

/// Which rule decides, and why those before it do not.
fn rule(config: &Config, headers: Headers) -> Vec<String> {
    let inbound = match judged(config, headers) {
        Ok(inbound) => inbound,
        Err(Unruled::Malformed) => {
            return vec!["none: the request is malformed before any rule is looked at".to_owned()];
        }
        Err(Unruled::OwnEndpoint) => {
            return vec!["none: this is an endpoint of ours, which comes before all rules".to_owned()];
        }
        Err(Unruled::SignOut) => {
            let argument = config.paths.sign_out_argument.as_deref().unwrap_or_default();
            return vec![format!("none: `{argument}` in the query makes it a request to sign out, before all rules")];
        }
    };
    let (host, method, path) = (inbound.view.host(), inbound.view.method(), RawPath::new(inbound.view.path()));
    let mut lines = Vec::new();
    if inbound.wish == Wish::Verdict {
        let path = String::from_utf8_lossy(inbound.view.path()).into_owned();
        lines.push(format!("another proxy asks whether a request for {path} passes"));
    }
    let (Ok(route), Ok(misses)) = (route(config, &inbound), config.routes.why_not(host, method, &path)) else {
        lines.push("none: the path can be read in ways that fall under different rules, or cannot be read".to_owned());
        return lines;
    };
    let numbered = misses.iter().zip(1_usize..);
    lines.extend(numbered.map(|(miss, number)| format!("{number}. {}: no, {miss}", miss.rule.name)));
    let action = effect(route.action(), route.access(), config);
    match (route.index(), route.rule()) {
        (Some(index), Some(rule)) => {
            lines.push(format!("{}. {}: decides; {action}", index.saturating_add(1), rule.name));
        }
        _ => lines.push(format!("everything else: {action}")),
    }
    if route.action() == Action::Authenticate {
        lines.extend(demands(route.access(), config).into_iter().map(|line| format!("     {line}")));
    }
    lines
}

fn happens(config: &Config, asked: &Asked<'_>, trial: &Trial) -> Vec<String> {
    let mut lines = Vec::new();
    if trial.asked_authorizer {
        let url = config.external_authorization.as_ref().map(|authorizer| authorizer.url.as_str()).unwrap_or_default();
        lines.push(format!("the external authorizer is asked: {url}; if it lets the request pass:"));
    }
    match &trial.decision {
        Decision::Forward(forward) => lines.extend(goes_on(forward, trial.outcome, asked.token)),
        Decision::ReadBody => lines.push("its body is read first; that depends on what is sent".to_owned()),
        Decision::Reply(reply) => lines.extend(answered(config, reply, trial)),
        Decision::Wait => lines.push("it waits for an answer that was not foreseen here".to_owned()),
    }
    lines
}

fn goes_on(forward: &Forward, outcome: Option<Outcome>, token: Option<&str>) -> Vec<String> {
    let how = match outcome {
        Some(Outcome::Allowed) => ": the rule is open to everyone, so nobody's identity goes with it",
        Some(Outcome::Anonymous) => ": nobody is known, and the rule lets that pass",
        Some(Outcome::Preflight) => ": a CORS preflight brings no credentials, and the application answers it",
        _ => "",
    };
    let mut lines = Vec::new();
    let text = |value: &[u8]| String::from_utf8_lossy(value).replace(token.unwrap_or("THE_TOKEN"), "THE_TOKEN");
    let set: Vec<&str> = forward.request.iter().filter_map(set_name).collect();
    for edit in forward.request.iter() {
        match edit {
            // Our own cookies are taken off every request.
            HeaderEdit::Add(name, _) | HeaderEdit::Remove(name) | HeaderEdit::Set(name, _) if name == "cookie" => {}
            HeaderEdit::Add(name, value) | HeaderEdit::Set(name, value) => {
                lines.push(format!("  {name}: {}", text(value)))
            }
            HeaderEdit::Remove(name) if set.contains(&name.as_str()) => {}
            HeaderEdit::Remove(name) => lines.push(format!("  {name} is taken off")),
        }
    }
    let state = forward.properties.iter();
    lines.extend(state.map(|(name, value)| format!("  filter state wasm.{name}: {}", String::from_utf8_lossy(value))));
    let how = match (how, lines.is_empty()) {
        ("", true) => ", and no header tells it who asks",
        ("", false) => ", with",
        (how, _) => how,
    };
    lines.insert(0, format!("it goes on to the application{how}"));
    lines
}

fn set_name(edit: &HeaderEdit) -> Option<&str> {
    match edit {
        HeaderEdit::Add(name, _) | HeaderEdit::Set(name, _) => Some(name),
        HeaderEdit::Remove(_) => None,
    }
}

fn answered(config: &Config, reply: &Reply, trial: &Trial) -> Vec<String> {
    let status = reply.status();
    let mut lines = Vec::new();
    match (reply.header("location"), &trial.reason) {
        (Some(location), reason) => {
            let told = |reason: &&LogLine| location.contains(&format!("error={}", reason.code));
            let why = reason.as_ref().filter(told).map(|reason| format!(", for {}: {}", reason.code, text_of(reason)));
            lines.push(format!("{status}: {}{}", sent_to(config, location), why.unwrap_or_default()));
            let aside = reason.iter().filter(|reason| reason.level == log::Level::Debug && !told(reason));
            lines.extend(aside.map(|reason| format!("  {}: {}", reason.code, text_of(reason))));
        }
        (None, Some(reason)) => lines.push(format!("{status}, {}: {}", reason.code, text_of(reason))),
        (None, None) if trial.outcome == Some(Outcome::Unauthenticated) => {
            lines.push(format!("{status}: a page on which people choose where to sign in"));
        }
        (None, None) => lines.push(format!("{status}: an answer of ours")),
    }
    lines.extend(reply.header("www-authenticate").map(|challenge| format!("  www-authenticate: {challenge}")));
    lines.extend(reply.header("grpc-status").map(|status| format!("  grpc-status: {status}")));
    lines.extend(reply.grpc_status().map(|status| format!("  grpc-status: {}", status.code())));
    lines
}

/// What the log says, without whose fault it would be.
fn text_of(reason: &LogLine) -> &str {
    reason.text.rsplit_once(" (fault: ").map_or(&reason.text, |(text, _)| text)
}

fn sent_to(config: &Config, location: &str) -> String {
    match signing_in_at(config, location) {
        Some(provider) => {
            let url = url::Url::parse(location).ok();
            let asked = |name: &str| {
                let found = url.as_ref()?.query_pairs().find(|(other, _)| other == name);
                found.map(|(_, value)| format!("{name} {value}"))
            };
            let place = config.providers().iter().position(|other| other.name == provider.name);
            let handed = place.map(|place| config.sign_in_parameters(place)).unwrap_or_default();
            let handed = handed.iter().map(|parameter| parameter.name.as_str());
            let more: Vec<_> = ["scope", "acr_values", "max_age"].into_iter().chain(handed).filter_map(asked).collect();
            format!("sent to sign in at {} ({}), asked for {}", provider.name, provider.issuer, list(&more, "and"))
        }
        None => match signing_out_at(config, location) {
            Some(provider) => format!("sent on to sign out at {} ({})", provider.name, provider.issuer),
            None => format!("sent to {location}"),
        },
    }
}
