//! The headers that applications got.
//!
//! Decides which they were: those of requests where oauth2-proxy passed requests on, and those of answers where another proxy
//! asked it and handed them on.

use super::{
    super::input::alpha::{Header, Source},
    Given,
    mesh::Mesh,
};

/// The headers that applications got, in order, and those that they did not.
pub(super) fn read(given: &mut Given<'_>, mesh: &Mesh) -> (Vec<Header>, Vec<Header>) {
    let is_asked = is_asked(given);
    let all = match &given.alpha {
        Some(alpha) => alpha.headers.clone(),
        None => legacy(given, is_asked),
    };
    let (mut headers, mut unread) = (Vec::new(), Vec::new());
    let mut lost: Vec<(String, Vec<String>, &str)> = Vec::new();
    for header in all {
        let name = header.name.to_ascii_lowercase();
        let is_handed_on = mesh.handed_on.as_ref().is_none_or(|list| list.contains(&name));
        let why = match (header.request == is_asked, is_handed_on) {
            (true, _) if is_asked => NOT_PASSED_ON,
            (true, _) => IN_ANSWERS,
            (false, false) => NOT_HANDED_ON,
            (false, true) => {
                headers.push(header);
                continue;
            }
        };
        match lost.iter_mut().find(|(label, _, reason)| *label == header.label && *reason == why) {
            Some((_, names, _)) => names.push(format!("`{name}`")),
            None => lost.push((header.label.clone(), vec![format!("`{name}`")], why)),
        }
        unread.push(header);
    }
    for (label, names, why) in lost {
        given.ledger.lost(&label, format!("{}: {why}", names.join(", ")));
    }
    (headers, unread)
}

/// Whether another proxy asked about each request and passed it on itself: nothing was behind oauth2-proxy.
fn is_asked(given: &mut Given<'_>) -> bool {
    let Some(setting) = given.take("upstreams") else {
        given.ledger.changed("upstreams (not set)", "nothing was behind oauth2-proxy, so another proxy asked it about each request; now the gateway's filter decides itself");
        return true;
    };
    let is_static = |uri: &String| uri.starts_with("static://") || uri == "file:///dev/null";
    let is_asked = setting.values.iter().all(is_static);
    match is_asked {
        true => given.change(
            &setting,
            "another proxy asked oauth2-proxy about each request; now the gateway's filter decides itself",
        ),
        false => given.lose(&setting, super::super::names::UPSTREAM),
    }
    is_asked
}

/// What the switches amount to.
fn legacy(given: &mut Given<'_>, is_asked: bool) -> Vec<Header> {
    let mut headers = Vec::new();
    let (strips, setting) = given.switch("skip_auth_strip_headers", true);
    if let Some(setting) = setting {
        match strips {
            true => {
                given.ledger.carried(&setting.label, "what clients send under these names is removed, on every path")
            }
            false => given.change(&setting, "what clients send under these names is removed, on open paths, too"),
        }
    }
    let (prefers_email, setting) = given.switch("prefer_email_to_user", false);
    if let Some(setting) = &setting {
        given.ledger.carried(&setting.label, "`identity`");
    }
    basic(given, is_asked);
    let (basic_auth, _) = given.switch("pass_basic_auth", true);
    let (user_headers, setting) = given.switch("pass_user_headers", true);
    if !is_asked && (basic_auth || user_headers) {
        let label = setting.map_or_else(|| "pass_user_headers (not set)".to_owned(), |setting| setting.label);
        given.ledger.carried(&label, "`identity`: `x-forwarded-user`, `-email`, `-groups`, `-preferred-username`");
        headers.push(claim("X-Forwarded-Groups", "groups", "", &label, true));
        match prefers_email {
            true => headers.push(claim("X-Forwarded-User", "email", "", &label, true)),
            false => {
                headers.push(claim("X-Forwarded-User", "user", "", &label, true));
                headers.push(claim("X-Forwarded-Email", "email", "", &label, true));
            }
        }
        headers.push(claim("X-Forwarded-Preferred-Username", "preferred_username", "", &label, true));
    } else if let Some(setting) = setting {
        given.ledger.carried(
            &setting.label,
            if is_asked { "no application got them" } else { "off: no application gets them" },
        );
    }
    let mut switched = |given: &mut Given<'_>, name: &'static str, request: bool, wanted: &[(&str, &str, &str)]| {
        let (on, setting) = given.switch(name, false);
        let Some(setting) = setting else { return false };
        if !on {
            given.ledger.carried(&setting.label, "off");
            return false;
        }
        if request != is_asked {
            given.ledger.carried(&setting.label, "`identity`");
        }
        headers
            .extend(wanted.iter().map(|(header, value, prefix)| claim(header, value, prefix, &setting.label, request)));
        true
    };
    let passes_token = switched(given, "pass_access_token", true, &[("X-Forwarded-Access-Token", "access_token", "")]);
    switched(given, "pass_authorization_header", true, &[("Authorization", "id_token", "Bearer ")]);
    if switched(given, "set_xauthrequest", false, &X_AUTH_REQUEST) && passes_token {
        headers.push(claim("X-Auth-Request-Access-Token", "access_token", "", "pass_access_token", false));
    }
    switched_authorization(given, is_asked, &mut headers);
    headers
}

fn switched_authorization(given: &mut Given<'_>, is_asked: bool, headers: &mut Vec<Header>) {
    let (on, setting) = given.switch("set_authorization_header", false);
    let Some(setting) = setting else { return };
    match on {
        true => {
            if is_asked {
                given.ledger.carried(&setting.label, "`identity.forward.idToken`: as `authorization`");
            }
            headers.push(claim("Authorization", "id_token", "Bearer ", &setting.label, false));
        }
        false => given.ledger.carried(&setting.label, "off"),
    }
}

/// A name and a password, the same for everyone.
fn basic(given: &mut Given<'_>, is_asked: bool) {
    let password = given.take_filled("basic_auth_password");
    let (sets, setting) = given.switch("set_basic_auth", false);
    let wanted = password.is_some() && (sets || !is_asked);
    for setting in password.iter().chain(setting.iter().filter(|_| sets)) {
        given.lose(setting, "no `Authorization: Basic` is made of a name and a password that is the same for everyone: an application takes the name from a header of `identity`, or the ID token (`identity.forward`)");
    }
    if let Some(setting) = given.take("pass_basic_auth") {
        let what = if wanted {
            "`identity`, without the password"
        } else {
            "nothing beside `pass_user_headers`, without a password"
        };
        given.ledger.carried(&setting.label, what);
    }
    if let Some(setting) = setting.filter(|_| !sets) {
        given.ledger.carried(&setting.label, "off");
    }
}

fn claim(name: &str, claim: &str, prefix: &str, label: &str, request: bool) -> Header {
    let source = Source::Claim { claim: claim.to_owned(), prefix: prefix.to_owned() };
    Header { name: name.to_owned(), sources: vec![source], preserve: false, label: label.to_owned(), request }
}

const X_AUTH_REQUEST: [(&str, &str, &str); 4] = [
    ("X-Auth-Request-Email", "email", ""),
    ("X-Auth-Request-User", "user", ""),
    ("X-Auth-Request-Preferred-Username", "preferred_username", ""),
    ("X-Auth-Request-Groups", "groups", ""),
];
const IN_ANSWERS: &str = "stood in answers to browsers, and no application saw it. Nothing does so here";
const NOT_HANDED_ON: &str = "reached no application: it is not among `headersToUpstreamOnAllow`";
const NOT_PASSED_ON: &str =
    "reached no application: another proxy asked oauth2-proxy, and passed the requests on itself";
