//! Sessions: keys, the cookie, and how long.
//!
//! Decides that nobody's cookie is taken over: everyone signs in once.

use super::{
    super::{render::SESSION_KEY, terms, yaml::Tree},
    Given,
};
use crate::http::{origin::Scheme, public_urls::PublicUrl};

/// `session`.
pub(super) fn translate(given: &mut Given<'_>) -> Tree {
    for name in ["cookie_secret", "cookie_secret_file"] {
        if let Some(setting) = given.take(name) {
            given.change(
                &setting,
                "`session.keys`: a new key, in the file with the secrets. Everyone signs in once more",
            );
        }
    }
    let key = Tree::map().with("env", SESSION_KEY);
    let session = Tree::map().explained(KEYS, "keys", Tree::list([key]));
    let cookie = cookie(given);
    let session = match cookie.is_empty() {
        true => session,
        false => session.with("cookie", cookie),
    };
    refresh(given);
    let session = session.with("lifetime", lifetime(given));
    if !given.is_kubeflow() {
        return session;
    }
    given.ledger.source("session.header", "cookie_name");
    given
        .ledger
        .carried("the dashboard's sign-out", "`session.header: authorization`: its script is answered as it expects");
    session.explained(DASHBOARD, "header", "authorization")
}

fn cookie(given: &mut Given<'_>) -> Tree {
    let mut cookie = Tree::map();
    if let Some(setting) = given.take_filled("cookie_name") {
        given.ledger.source("session.cookie.name", &setting.origin());
        let bare = setting.text().trim_start_matches("__Host-").trim_start_matches("__Secure-");
        given
            .ledger
            .carried(&setting.label, format!("`session.cookie.name`: `{bare}`, behind `__Host-` or `__Secure-`"));
        cookie = cookie.with("name", bare);
    }
    cookie = cookie.with_some("domain", domain(given)).with_some("sameSite", same_site(given));
    if let Some(setting) = given.take_filled("cookie_path") {
        match setting.text() {
            "/" => given.ledger.carried(&setting.label, "`/`, as it always is here"),
            _ => given.change(
                &setting,
                "`/`: the session holds for the whole host. What is below other paths is said in `routes`",
            ),
        }
    }
    match given.switch("cookie_httponly", true) {
        (false, Some(setting)) => given.change(&setting, "always `HttpOnly`: no script in a page can read the session"),
        (true, Some(setting)) => given.ledger.carried(&setting.label, "`HttpOnly`, as it always is here"),
        (_, None) => {}
    }
    insecure(given, cookie)
}

/// `cookie_domains`: one, where several hosts share the session.
fn domain(given: &mut Given<'_>) -> Option<String> {
    let setting = given.take_filled("cookie_domains")?;
    let hosts = given.public_urls.iter().any(|url| url.contains('*')) || given.public_urls.len() > 1;
    if !hosts {
        given.change(
            &setting,
            "the one host has the session to itself (`__Host-`). Where several hosts shall share it, name each by `--public-url` and run \
             this again",
        );
        return None;
    }
    match setting.values.as_slice() {
        [one] => {
            given.carry(&setting, "session.cookie.domain");
            Some(one.trim_start_matches("*.").trim_start_matches('.').to_owned())
        }
        _ => {
            given.refuse(
                &setting,
                "names several domains",
                "name the one that holds all public URLs, or make a gateway's configuration for each",
            );
            None
        }
    }
}

/// Cookies without `Secure`: on people's own machine alone.
fn insecure(given: &mut Given<'_>, cookie: Tree) -> Tree {
    let (secure, setting) = given.switch("cookie_secure", true);
    let urls: Vec<_> = given.public_urls.iter().filter_map(|url| PublicUrl::parse(url).ok()).collect();
    let is_trial = |url: &PublicUrl| url.scheme() == Scheme::Http && url.is_loopback();
    if let (false, Some(setting)) = (secure, &setting) {
        match urls.iter().any(is_trial) {
            true => {
                given.ledger.carried(&setting.label, "`session.cookie.insecure: true`, for a trial on this machine")
            }
            false => given.change(setting, "cookies are `Secure`, and people come by https alone"),
        }
    } else if let Some(setting) = &setting {
        given.ledger.carried(&setting.label, "cookies are `Secure`, as they always are here");
    }
    if urls.is_empty() || !urls.iter().all(is_trial) {
        return cookie;
    }
    given.ledger.source("session.cookie", "--public-url");
    cookie.explained(INSECURE, "insecure", true)
}

fn same_site(given: &mut Given<'_>) -> Option<Tree> {
    let setting = given.take_filled("cookie_samesite")?;
    match setting.text() {
        "none" => {
            given.carry(&setting, "session.cookie.sameSite");
            Some("None".into())
        }
        "strict" => {
            given.change(
                &setting,
                "`Lax`: a `Strict` cookie is not sent after the provider's redirect, so that a sign-in would never end",
            );
            Some("Lax".into())
        }
        "lax" => {
            given.carry(&setting, "session.cookie.sameSite");
            Some("Lax".into())
        }
        _ => {
            given.refuse(&setting, "is none of `lax`, `strict` and `none`", "write `lax`, or leave it out");
            None
        }
    }
}

/// `cookie_expire`.
fn lifetime(given: &mut Given<'_>) -> String {
    let path = "session.lifetime";
    let Some((setting, seconds)) = given.seconds("cookie_expire") else {
        given.ledger.source(path, "cookie_expire (not set)");
        given.ledger.carried("cookie_expire (not set)", format!("`{path}: 7d`: oauth2-proxy's default"));
        return "7d".to_owned();
    };
    given.carry(&setting, path);
    if seconds <= 0 {
        given.change(
            &setting,
            "twelve hours: it stood for as long as the browser is open, which no server sees the end of",
        );
        return "12h".to_owned();
    }
    let held = seconds.clamp(SHORTEST, LONGEST);
    if held != seconds {
        let bound = if held < seconds { "30 days, the most there is" } else { "five minutes, the least there is" };
        given.change(&setting, bound);
    }
    terms::duration(held)
}

/// `cookie_refresh`.
fn refresh(given: &mut Given<'_>) {
    let Some((setting, seconds)) = given.seconds("cookie_refresh") else {
        given.ledger.changed("cookie_refresh (not set)", REFRESH);
        return;
    };
    let what = if seconds == 0 {
        REFRESH
    } else {
        "a session is renewed when its tokens are about to end, and not after a fixed time; one request renews, the others wait for it"
    };
    given.change(&setting, what);
}

/// The bounds of `session.lifetime` in seconds.
const SHORTEST: i64 = 300;
const LONGEST: i64 = 30 * 86_400;
const DASHBOARD: &str = "The dashboard of Kubeflow 1.9 signs out by a POST with this header, and waits for an `afterLogoutURL`. With it\nprograms may send the text of a session here, too. Remove it when the dashboard is a later one.";
const KEYS: &str = "`edge-oidc keygen` makes a key; to change one see the operations guide.";
const INSECURE: &str = "For a trial by http on this machine. Remove it where people come by https.";
const REFRESH: &str = "a session is renewed when its tokens are about to end, where the provider gave a refresh token; without one it ends \
                       with its ID token. oauth2-proxy asked nobody until `cookie_expire`";
