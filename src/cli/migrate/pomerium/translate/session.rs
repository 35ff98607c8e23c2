//! Sessions: keys, the cookie, how long; and signing out.
//!
//! Decides where people land when they sign out.

use super::{
    super::{render::SESSION_KEY, terms, yaml::Tree},
    given::Given,
    hosts::{Hosts, SIGNED_OUT},
};
use crate::http::{origin::Scheme, public_urls::PublicUrl};

/// `session`.
pub(super) fn translate(given: &mut Given<'_>, hosts: &Hosts) -> Tree {
    let key = Tree::map().with("env", SESSION_KEY);
    let cookie = cookie(given, hosts);
    let lifetime = lifetime(given);
    for name in ["cookie_secret", "cookie_secret_file"] {
        if given.take(name).is_some() {
            given
                .ledger
                .changed(name, "a new key, in the file with the secrets: Pomerium's sessions count for nothing here");
        }
    }
    Tree::map()
        .explained(KEYS, "keys", Tree::list([key]))
        .with_some("cookie", Some(cookie).filter(|cookie| !cookie.is_empty()))
        .with("lifetime", lifetime)
}

fn cookie(given: &mut Given<'_>, hosts: &Hosts) -> Tree {
    let mut cookie = Tree::map();
    if let Some(name) = given.text("cookie_name") {
        given.carry("cookie_name", "session.cookie.name");
        given.ledger.changed("cookie_name", "with `__Host-` before it, or `__Secure-` where hosts share it");
        cookie = cookie.with("name", name);
    }
    if let Some(domain) = &hosts.domain {
        given.ledger.source("session.cookie.domain", "authenticate_service_url");
        cookie = cookie.with("domain", domain.as_str());
    }
    match given.text("cookie_same_site").map(|text| text.to_ascii_lowercase()).as_deref() {
        Some("none") => {
            given.carry("cookie_same_site", "session.cookie.sameSite");
            cookie = cookie.with("sameSite", "None");
        }
        Some("strict") => given.ledger.changed(
            "cookie_same_site",
            "`Lax`: a `Strict` cookie is not sent after the provider's redirect, so that a sign-in would never end",
        ),
        Some("lax" | "") => given.ledger.carried("cookie_same_site", "`Lax`, as it is by default"),
        Some(_) => given.refuse("cookie_same_site", "is none that there is: write `lax`, `strict` or `none`"),
        None => {}
    }
    for (name, always) in [("cookie_http_only", "`HttpOnly`"), ("cookie_secure", "`Secure`")] {
        match given.is_set(name) {
            Some(true) => given.ledger.carried(name, format!("cookies are always {always}")),
            Some(false) => given.ledger.changed(name, format!("cookies are always {always}")),
            None => {}
        }
    }
    let urls: Vec<_> = hosts.urls.iter().filter_map(|url| PublicUrl::parse(url).ok()).collect();
    if !urls.is_empty() && urls.iter().all(|url| url.scheme() == Scheme::Http) {
        given.ledger.source("session.cookie", "from");
        given
            .ledger
            .changed("from", "http, so cookies are not `Secure`: for a trial on this machine, and for nobody else");
        cookie = cookie.with("insecure", true);
    }
    cookie
}

/// `cookie_expire`, a duration of Go's.
fn lifetime(given: &mut Given<'_>) -> String {
    const PATH: &str = "session.lifetime";
    let Some(text) = given.text("cookie_expire") else {
        given.ledger.source(PATH, "cookie_expire (not set)");
        given.ledger.carried("cookie_expire (not set)", format!("`{PATH}: 14h`: Pomerium's default"));
        return "14h".to_owned();
    };
    given.carry("cookie_expire", PATH);
    let Some(seconds) = seconds(&text).filter(|seconds| *seconds > 0) else {
        given.refuse("cookie_expire", "is no duration above zero: write it as `14h`");
        return "14h".to_owned();
    };
    let held = seconds.clamp(300, 30 * 86_400);
    if held != seconds {
        given
            .ledger
            .changed("cookie_expire", format!("{}: `{PATH}` is from five minutes to 30 days", terms::duration(held)));
    }
    terms::duration(held)
}

/// The seconds of a duration such as `1h30m`.
fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut sum: i64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = rest.split_at_checked(end)?;
        let width = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let (unit, left) = unit.split_at_checked(width)?;
        let size = match unit {
            "h" => 3_600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(size)?)?;
        rest = left;
    }
    (!text.is_empty()).then_some(sum)
}

/// `logout` of the provider.
pub(super) fn sign_out(given: &mut Given<'_>, hosts: &Hosts, is_cognito: bool) -> Tree {
    let wanted = given.text("signout_redirect_url");
    let (kind, path) = match is_cognito {
        true => ("cognito", "logoutUri"),
        false => ("rpInitiated", "postLogoutRedirectUri"),
    };
    let full = format!("providers[0].logout.{path}");
    let own = hosts.authenticate.as_ref().map(|url| format!("{url}{SIGNED_OUT}"));
    match (&wanted, &own) {
        (Some(url), _) => {
            given.carry("signout_redirect_url", &full);
            given.ledger.step(format!("register `{url}` at the client as an address for after a sign-out: the provider leads there now, and not Pomerium"));
        }
        (None, Some(url)) => {
            given.ledger.source(&full, "authenticate_service_url");
            given.ledger.carried("/.pomerium/sign_out", format!("`{full}: {url}`, as it is registered"));
        }
        (None, None) => {}
    }
    Tree::map().with("kind", kind).with_some(path, wanted.or(own))
}

const KEYS: &str = "`edge-oidc keygen` makes a key; to change one see the operations guide.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(seconds("14h"), Some(50_400));
        assert_eq!(seconds("1h30m5s"), Some(5_405));
        assert_eq!(["", "14", "h", "1d", "-1h", "1h "].map(seconds), [None; 6]);
    }
}
