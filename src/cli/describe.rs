//! What a configuration means, in plain words.
//!
//! Decides the sections and what stands in those that are about us; the words only.
//!
//! | File | Describes |
//! |---|---|
//! | `providers` | who signs people in, whose tokens are taken, what they must know of us |
//! | `access` | who passes where |
//! | `requirement` | what somebody's claims must be |
//! | `headers` | what the applications get |
//! | `clusters` | what Envoy must reach |

mod access;
mod clusters;
mod headers;
mod providers;
mod requirement;

pub(super) use access::{demands, effect};
pub(super) use clusters::{called, is_discovered};

use super::keygen::ROTATION;
use crate::{
    config::Config,
    http::cookie::SameSite,
    oidc::provider::{ProviderKind, ProviderSettings},
    session::SessionSettings,
};

/// Sections of lines, each with its title; one without lines is left out.
pub(super) fn describe(config: &Config) -> String {
    let sections = [
        ("Sign-in", providers::sign_in(config)),
        ("Bearer tokens", providers::tokens(config)),
        ("At the provider, register", providers::registrations(config)),
        ("Our own paths", paths(config)),
        ("Sessions", sessions(config)),
        ("Who passes", access::routes(config)),
        ("Headers for the applications", headers::headers(config)),
        ("Clusters that Envoy must have", clusters::clusters(config)),
    ];
    let section = |(title, lines): (&str, Vec<String>)| {
        let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        format!("{title}\n{lines}")
    };
    sections.into_iter().filter(|(_, lines)| !lines.is_empty()).map(section).collect::<Vec<_>>().join("\n")
}

/// What is good to know about a configuration that is good.
pub(super) fn notes(config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    let people: Vec<_> = people(config).collect();
    for provider in people.iter().filter(|provider| !may_refresh(provider)) {
        let which = if people.len() > 1 { format!(" at {}", provider.name) } else { String::new() };
        notes.push(format!(
            "most providers give a refresh token only for the scope `offline_access`, which is not asked for{which}: \
             sessions may end with their ID tokens"
        ));
    }
    if !people.is_empty() {
        let rotation = "with several gateways, a provider that rotates refresh tokens needs a grace period (Cognito: \
                        RetryGracePeriodSeconds 30 to 60); with 0 a session used at two gateways at once must sign in again";
        let copies = "with several gateways, signing out ends copies of the cookie at one of them; at the others they serve \
                      until their tokens end";
        notes.extend([rotation.to_owned(), copies.to_owned()]);
    }
    if config.paths.back_channel.is_some() {
        notes.push("with several gateways, each must get every logout token: a provider calls one address".to_owned());
    }
    if let Some(verify) = &config.paths.verify {
        notes.push(format!(
            "{verify} is for another proxy: give it a listener of its own that does not normalise paths, or `..` leads out \
             of it before the filter sees it"
        ));
    }
    notes
}

/// The providers that people sign in at.
fn people(config: &Config) -> impl Iterator<Item = &ProviderSettings> {
    config.providers().iter().filter(|provider| provider.signs_in)
}

fn may_refresh(provider: &ProviderSettings) -> bool {
    let asked = |(name, value): &(String, String)| name == "access_type" && value == "offline";
    provider.kind == ProviderKind::Cognito
        || provider.scopes.iter().any(|scope| scope == "offline_access")
        || provider.authorization_parameters.iter().any(asked)
}

fn paths(config: &Config) -> Vec<String> {
    let paths = &config.paths;
    let callback = |provider: &ProviderSettings| {
        format!("{}: {} sends the browser back here", config.callback_path(provider), provider.name)
    };
    let mut lines: Vec<_> = match people(config).count() > 1 {
        true => people(config).map(callback).collect(),
        false => vec![format!("{}: the provider sends the browser back here", paths.callback)],
    };
    lines.extend([
        format!("{}: people sign in here", paths.sign_in),
        format!("{}: people sign out here", paths.sign_out),
        format!("{}: says that one is signed out", paths.signed_out),
        format!("{}: says who is signed in", paths.whoami),
    ]);
    lines.extend(paths.homepage.iter().map(|path| format!("{path}: says to everyone whether they are signed in")));
    let framed = |path| format!("{path}: the provider ends the browser's session here, in a frame of its own page");
    lines.extend(paths.front_channel.iter().map(framed));
    lines.extend(paths.back_channel.iter().map(|path| {
        format!(
            "{path}: the provider ends sessions here, by a logout token; Envoy's filter there needs \
             `allow_on_headers_stop_iteration: true`, which a WasmPlugin cannot set"
        )
    }));
    lines.extend(paths.verify.iter().map(|path| {
        format!(
            "{path}/PATH: another proxy asks here whether a request for /PATH passes: 204, 401 or 403, never a redirect"
        )
    }));
    lines.extend(paths.sign_out_argument.iter().map(|argument| {
        format!(
            "?{argument} at any other path: people sign out here, too, and the application does not get the request"
        )
    }));
    let elsewhere = [
        ("whoever may not come in", &config.elsewhere.refused),
        ("whoever's sign-in failed", &config.elsewhere.failed),
    ];
    let led = elsewhere.into_iter().filter_map(|(who, page)| Some((who, page.as_ref()?)));
    lines.extend(led.map(|(who, page)| format!("{who} is sent to {}", page.shown())));
    lines
        .extend(config.after_sign_in.iter().map(|page| format!("a completed sign-in leads to {} first", page.shown())));
    lines
}

fn sessions(config: &Config) -> Vec<String> {
    if people(config).next().is_none() {
        return vec!["none: nobody signs in".to_owned()];
    }
    let session = &config.session;
    let mut lines = vec![
        cookie(session),
        format!(
            "a session is renewed while the provider renews its tokens, and lasts {} at most",
            span(session.lifetime)
        ),
    ];
    let leeways: Vec<_> = people(config).map(|provider| (provider.leeway, &provider.name)).collect();
    match leeways.split_first() {
        Some(((leeway, _), rest)) if rest.iter().all(|(other, _)| other == leeway) => {
            lines.push(format!("one without a refresh token ends {} after its tokens", span(*leeway)));
        }
        _ => lines.extend(leeways.iter().map(|(leeway, name)| {
            format!("one of {name} without a refresh token ends {} after its tokens", span(*leeway))
        })),
    }
    lines.extend(session.idle.map(|idle| format!("one that nobody uses for {} ends", span(idle))));
    lines.extend(session.header.iter().map(|header| {
        format!("programs may send the text of the cookie in the header {header}; a sign-out by POST with it is answered 201")
    }));
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

/// `90s` as it would be written: in the largest unit that divides it.
pub(super) fn span(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m")];
    let whole = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, letter) = whole.unwrap_or((1, "s"));
    format!("{}{letter}", seconds.checked_div(unit).unwrap_or_default())
}
