//! What the sign-in asks the provider for, and what a link to it may add.
//!
//! Decides that `acr_values` and `max_age` become demands that are verified, and that nothing forbids the provider to show its
//! page.

use super::{
    super::{input::alpha::Parameter, yaml::Tree},
    Given,
    provider::Client,
};

/// What is asked for.
pub(super) struct Asked {
    /// `authorizationParameters`.
    pub(super) fixed: Tree,
    /// `signInParameters`.
    pub(super) offered: Tree,
    /// `signIn` of every rule.
    pub(super) demands: Tree,
}

pub(super) fn translate(given: &mut Given<'_>, client: &Client) -> Asked {
    let mut asked = Asked { fixed: Tree::map(), offered: Tree::list([]), demands: Tree::map() };
    if client.kind == "google" {
        given.ledger.source("providers[0].authorizationParameters", "provider");
        given.ledger.carried(
            "access_type",
            "`providers[0].authorizationParameters`: `offline`, for a refresh token, as oauth2-proxy asked",
        );
        asked.fix("access_type", "offline");
    }
    for (name, parameter) in [("prompt", "prompt"), ("acr_values", "acr_values")] {
        if let Some(setting) = given.take_filled(name) {
            fixed(given, &mut asked, parameter, setting.text(), (&setting.label, &setting.origin()));
        }
    }
    approval(given, client, &mut asked);
    if let Some(setting) = given.take_filled("resource") {
        match client.kind.as_str() {
            "azure" if !client.issuer.contains("/v2.0") => {
                fixed(given, &mut asked, "resource", setting.text(), (&setting.label, &setting.origin()));
            }
            "adfs" => given.lose(
                &setting,
                "write it before the scopes yourself: `providers[0].scopes`, such as `RESOURCE/openid`",
            ),
            _ => given.lose(&setting, "oauth2-proxy sent it to no such provider, either"),
        }
    }
    if let Some(setting) = given.take_filled("auth_request_response_mode") {
        match setting.text() {
            "query" => given.ledger.carried(&setting.label, "`query`, as it always is here"),
            _ => given.change(
                &setting,
                "`query`: the provider answers in the address, with a code that is of no use to anybody else (PKCE)",
            ),
        }
    }
    let parameters = given.alpha.as_ref().map(|alpha| alpha.parameters.clone()).unwrap_or_default();
    for parameter in &parameters {
        of_alpha(given, &mut asked, parameter);
    }
    asked
}

impl Asked {
    fn fix(&mut self, name: &str, value: &str) {
        self.fixed.set(name, value);
    }
}

/// `approval_prompt`, which oauth2-proxy sends unless something is in its place.
fn approval(given: &mut Given<'_>, client: &Client, asked: &mut Asked) {
    let setting = given.take_filled("approval_prompt");
    let label = setting.as_ref().map_or("approval_prompt (not set)", |setting| setting.label.as_str()).to_owned();
    let is_needless = given.alpha.is_some() || given.is_set("prompt");
    match (client.kind.as_str(), &setting) {
        ("google", _) if !is_needless => {
            asked.fix("prompt", "consent");
            given.ledger.carried(
                &label,
                "`providers[0].authorizationParameters`: `prompt: consent`, its name in OpenID Connect",
            );
        }
        (_, Some(_)) => given
            .ledger
            .lost(&label, "it is Google's of old; `providers[0].authorizationParameters` has `prompt` for it"),
        (_, None) if !is_needless => {
            given.ledger.changed(
                &label,
                "`approval_prompt=force` is not sent; some providers took it for a wish to ask every time",
            );
        }
        (_, None) => {}
    }
}

/// A parameter with one value.
fn fixed(given: &mut Given<'_>, asked: &mut Asked, name: &str, value: &str, (label, origin): (&str, &str)) {
    let path = format!("providers[0].authorizationParameters.{name}");
    match (name, value) {
        ("prompt", "none") => given.ledger.changed(
            label,
            "`none` is not sent: it forbids the provider to show its sign-in page, so that nobody who is not known there could sign in",
        ),
        ("acr_values", values) => {
            given.ledger.source("routes", origin);
            given.ledger.carried(label, "`signIn.acrValues` of the rules in `routes`");
            given.ledger.changed(label, "the ID token must say so, too, in `acr`; oauth2-proxy asked for it and believed any answer");
            asked.demands.set("acrValues", Tree::list(values.split_whitespace().map(Tree::from)));
        }
        ("max_age", seconds) => match seconds.parse::<i64>() {
            Ok(seconds) => {
                given.ledger.source("routes", origin);
                given.ledger.carried(label, "`signIn.maxAge` of the rules in `routes`, verified by `auth_time`");
                asked.demands.set("maxAge", super::super::terms::duration(seconds));
            }
            Err(_) => given.ledger.refused(format!("{origin} is no number of seconds: write one, or leave it out")),
        },
        _ => {
            given.ledger.source(&path, origin);
            given.ledger.carried(label, format!("`{path}`"));
            asked.fix(name, value);
        }
    }
}

/// `loginURLParameters`: a default, and what a link may name in its place.
fn of_alpha(given: &mut Given<'_>, asked: &mut Asked, parameter: &Parameter) {
    let place = given.alpha.as_ref().map(|alpha| alpha.place.clone()).unwrap_or_default();
    let label = format!("{} ({})", parameter.label, parameter.name);
    let origin = format!("{} ({place})", parameter.label);
    match parameter.default.as_slice() {
        [] => {}
        [value] => fixed(given, asked, &parameter.name, value, (&label, &origin)),
        _ => given.ledger.refused(format!("{origin} has several defaults: a parameter is sent once, so name one")),
    }
    let offered = Tree::map().with("name", parameter.name.as_str());
    let offered = match (parameter.values.is_empty(), parameter.patterns.is_empty()) {
        (true, true) => return,
        (false, true) => offered.with("oneOf", Tree::list(parameter.values.iter().map(|value| value.as_str().into()))),
        (_, false) => {
            let values = parameter.values.iter().map(|value| format!("^{}$", quoted(value)));
            let all: Vec<_> = values.chain(parameter.patterns.iter().cloned()).map(|pattern| whole(&pattern)).collect();
            if parameter.patterns.iter().any(|pattern| !(pattern.starts_with('^') && pattern.ends_with('$'))) {
                given.ledger.changed(&label, "its expression is found anywhere in the value, as before, and `^` and `$` are missing: write what the whole value may be");
            }
            offered.with("matches", all.join("|"))
        }
    };
    let index = asked.offered.elements().count();
    let path = format!("providers[0].signInParameters[{index}]");
    given.ledger.source(&path, &origin);
    given.ledger.carried(&label, format!("`{path}`: a link to `paths.signIn` may name it"));
    asked.offered = Tree::list(asked.offered.elements().cloned().chain([offered]));
}

/// An expression that the whole value matches where this one is found in it.
fn whole(pattern: &str) -> String {
    let body = pattern.strip_prefix('^');
    let before = if body.is_some() { "" } else { ".*" };
    let body = body.unwrap_or(pattern);
    let end = body.strip_suffix('$').filter(|body| !body.ends_with('\\'));
    let behind = if end.is_some() { "" } else { ".*" };
    format!("{before}(?:{}){behind}", end.unwrap_or(body))
}

/// The expression that is this text.
pub(super) fn quoted(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_punctuation() && c != '_' { format!("\\{c}") } else { c.to_string() }).collect()
}
