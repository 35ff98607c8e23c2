//! Sessions: keys, the cookie, how long, and the header that programs may send one in.
//!
//! Decides that scripts find the cookie by its old name.

use super::{
    super::{super::yaml::Tree, dialect::Dialect, terms},
    Given,
};

/// `session`.
pub(super) fn translate(given: &mut Given<'_>) -> Tree {
    let key = Tree::map().with("env", SESSION_KEY);
    let mut session = Tree::map().explained(KEYS, "keys", Tree::list([key]));
    if given.dialect == Dialect::LoadBalancer {
        given.ledger.source("session.header", "sign-out by a script");
        given.ledger.carried(
            "sign-out by a script",
            "`session.header: authorization`: the dashboard's script is answered as it expects",
        );
        let cookie = terms::insecure(&mut given.ledger, &given.choices.public_urls, Tree::map());
        let cookie = Some(cookie).filter(|cookie| !cookie.is_empty());
        return session.with_some("cookie", cookie).explained(SCRIPT, "header", "authorization");
    }
    let mut cookie = Tree::map().with("name", "authservice_session").explained(PREFIX, "prefix", false);
    cookie = cookie.with_some("sameSite", same_site(given));
    cookie = terms::insecure(&mut given.ledger, &given.choices.public_urls, cookie);
    given.ledger.carried("cookie", "`session.cookie`: its name `authservice_session`, which scripts look for");
    session = session.with("cookie", cookie).with_some("lifetime", lifetime(given));
    match header(given) {
        Some(header) => session.explained(HEADER, "header", header),
        None => session,
    }
}

/// `SESSION_MAX_AGE`, in seconds.
fn lifetime(given: &mut Given<'_>) -> Option<String> {
    let seconds = match given.take_integer("SESSION_MAX_AGE") {
        None => {
            given.defaulted("SESSION_MAX_AGE", "session.lifetime: 24h");
            return Some("24h".to_owned());
        }
        Some((setting, seconds)) => {
            if seconds <= 0 {
                let mend = "write a positive number of seconds, such as 86400, or leave it out: with authservice no \
                            session ever counted";
                given.refuse(&setting, "is not positive", mend);
                return None;
            }
            given.carry(&setting, "session.lifetime");
            seconds
        }
    };
    let held = seconds.clamp(SHORTEST, LONGEST);
    if held < seconds {
        given.ledger.changed(
            "SESSION_MAX_AGE",
            "30 days, the most there is: authservice's store forgot sessions after that, too",
        );
    } else if held > seconds {
        given.ledger.changed("SESSION_MAX_AGE", "five minutes, the least there is");
    }
    Some(terms::duration(held))
}

/// `SESSION_SAME_SITE`.
fn same_site(given: &mut Given<'_>) -> Option<Tree> {
    let setting = given.take("SESSION_SAME_SITE")?;
    given.carry(&setting, "session.cookie.sameSite");
    match setting.value.as_str() {
        "None" => Some("None".into()),
        "Strict" => {
            let what =
                "`Lax`: a `Strict` cookie is not sent after the provider's redirect, so that a sign-in would never end";
            given.ledger.changed("SESSION_SAME_SITE", what);
            Some("Lax".into())
        }
        "Lax" => Some("Lax".into()),
        _ => {
            given
                .ledger
                .changed("SESSION_SAME_SITE", "`Lax`: authservice took anything but `None` and `Strict` for it");
            Some("Lax".into())
        }
    }
}

/// `AUTH_HEADER`; the first release had a fixed one.
fn header(given: &mut Given<'_>) -> Option<String> {
    if !given.dialect.has_prefix() {
        given.ledger.source("session.header", "X-Auth-Token, the header of sessions");
        given.ledger.carried("X-Auth-Token", "`session.header`: programs may send the cookie's text there");
        return Some("x-auth-token".to_owned());
    }
    let Some(setting) = given.take("AUTH_HEADER") else {
        given.defaulted("AUTH_HEADER", "session.header: authorization");
        return Some("authorization".to_owned());
    };
    if setting.value.is_empty() {
        given.ledger.carried(&setting.name, "empty: no header carries sessions");
        return None;
    }
    given.carry(&setting, "session.header");
    Some(setting.value.to_ascii_lowercase())
}

/// The variable with the key that seals sessions.
const SESSION_KEY: &str = "SESSION_KEY";
/// The bounds of `session.lifetime` in seconds.
const SHORTEST: i64 = 300;
const LONGEST: i64 = 30 * 86_400;
const KEYS: &str = "`edge-oidc keygen` makes a key; to change one see the operations guide.";
const PREFIX: &str = "Scripts look for the cookie by its name. Without `__Host-` another host of the domain can overwrite \
                      it: remove both lines\n\
                      when no script needs the name any more. That ends all sessions once.";
const SCRIPT: &str = "The dashboard of Kubeflow 1.7 to 1.9.1 signs out by a POST with this header, and waits for an `afterLogoutURL`. With it\n\
                      programs may send the text of a session here, too. Remove it when the dashboard is a later one.";
const HEADER: &str =
    "Programs may send the cookie's text here: authservice's way. Remove it when they have tokens of their own.";
