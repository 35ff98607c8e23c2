//! Sessions: the key, the cookie, how long.
//!
//! Decides what Kong's timeouts come to.

use super::{
    super::super::{render::SESSION_KEY, terms, yaml::Tree},
    given::Given,
};

/// `session`.
pub(super) fn translate(given: &mut Given<'_>) -> Tree {
    let key = Tree::map().with("env", SESSION_KEY);
    let cookie = cookie(given);
    let lifetime = lifetime(given);
    let mut session = Tree::map().explained(KEYS, "keys", Tree::list([key]));
    if !cookie.is_empty() {
        session = session.with("cookie", cookie);
    }
    let idle = idle(given, lifetime);
    session.with("lifetime", terms::duration(lifetime)).with_some("idle", idle)
}

fn cookie(given: &mut Given<'_>) -> Tree {
    let mut cookie = Tree::map();
    if let Some(name) = given.text("session_cookie_name") {
        match name == "session" {
            true => given.changed("session_cookie_name", NAME),
            false => {
                given.carry("session_cookie_name", "session.cookie.name");
                cookie = cookie.with("name", name);
            }
        }
    } else {
        given.changed("session_cookie_name (not set)", NAME);
    }
    if let Some(domain) = given.text("session_cookie_domain") {
        given.carry("session_cookie_domain", "session.cookie.domain");
        cookie = cookie.with("domain", domain.trim_start_matches('.'));
    }
    for name in ["session_cookie_same_site", "session_cookie_samesite"] {
        let Some(value) = given.text(name) else { continue };
        match value.to_ascii_lowercase().as_str() {
            "none" => {
                given.carry(name, "session.cookie.sameSite");
                cookie = cookie.with("sameSite", "None");
            }
            "strict" => given.changed(
                name,
                "`Lax`: a `Strict` cookie is not sent after the provider's redirect, so that a sign-in would never end",
            ),
            "lax" => given.carried(name, "`Lax`"),
            _ => given.changed(name, "`Lax`"),
        }
    }
    if given.text("session_cookie_path").is_some_and(|path| path != "/") {
        given.changed("session_cookie_path", "`/`: one session for the whole host");
    }
    terms::insecure(&mut given.ledger, &given.choices.public_urls, cookie)
}

/// `session_absolute_timeout`: a day, if it is not set; no end, if it is 0.
fn lifetime(given: &mut Given<'_>) -> i64 {
    let name = "session_absolute_timeout";
    let Some(seconds) = given.number(name) else {
        given.source("session.lifetime", name);
        given.carried("session_absolute_timeout (not set)", "`session.lifetime: 24h`: Kong's default");
        return 86_400;
    };
    given.carry(name, "session.lifetime");
    let held = if seconds == 0 { LONGEST } else { seconds.clamp(300, LONGEST) };
    if held != seconds {
        given.changed(name, format!("`session.lifetime: {}`: from five minutes to 30 days", terms::duration(held)));
    }
    held
}

/// `session_idling_timeout`: a quarter of an hour, if it is not set; none, if it is 0.
fn idle(given: &mut Given<'_>, lifetime: i64) -> Option<String> {
    let name =
        if given.is_set("session_cookie_idletime") { "session_cookie_idletime" } else { "session_idling_timeout" };
    given.source("session.idle", name);
    let (seconds, is_written) = match given.number(name) {
        Some(0) => {
            given.carried(name, "0: a session may lie idle until its end");
            return None;
        }
        Some(seconds) => (seconds, true),
        None => (900, false),
    };
    let held = seconds.max(900);
    if held >= lifetime {
        given.changed(name, "no `session.idle`: the session ends before that");
        return None;
    }
    match is_written {
        true if held == seconds => given.carried(name, "`session.idle`"),
        true => given.changed(name, "`session.idle: 15m`, the least there is"),
        false => given.carried("session_idling_timeout (not set)", "`session.idle: 15m`: Kong's default"),
    }
    Some(terms::duration(held))
}

const LONGEST: i64 = 30 * 86_400;
const KEYS: &str = "`edge-oidc keygen` makes a key; to change one see the operations guide.";
const NAME: &str = "`__Host-edge_oidc`, sealed: nobody can read it or make one, and Kong's is no session here";
