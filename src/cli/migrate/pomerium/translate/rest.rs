//! What is otherwise, whatever was set, and everything that has no counterpart.
//!
//! Decides the words.

use super::{
    given::{Given, UNKNOWN},
    hosts::Hosts,
};

/// Says it all.
pub(super) fn say(given: &mut Given<'_>, hosts: &Hosts) {
    for (what, now) in CHANGED {
        given.ledger.changed(what, now);
    }
    given.ledger.changed(
        "e-mail",
        match given.choices.allow_unverified_email {
            true => "`allowUnverifiedEmail: true`: an address that the provider does not call verified is believed, as before",
            false => UNVERIFIED,
        },
    );
    for name in ["allow_upgrades", "policy_file"] {
        if given.take(name).is_some() {
            given.ledger.lost(name, if name == "policy_file" { "give that file, too" } else { "the gateway's" });
        }
    }
    for (name, said) in given.rest() {
        match said {
            UNKNOWN => given.ledger.unknown(&name, said),
            said => given.ledger.lost(&name, said),
        }
    }
    for (what, instead) in LOST {
        given.ledger.lost(what, instead);
    }
    if let Some(wild) = hosts.urls.iter().find(|url| url.contains("//*.")).filter(|_| hosts.callback.is_none()) {
        given.ledger.step(format!("name the hosts of {wild} that people use: each has a callback of its own"));
    }
}

/// Of all sign-ins.
const CHANGED: [(&str, &str); 5] = [
    (
        "sign-in",
        "a nonce, PKCE always, and up to sixteen tabs at once, each for ten minutes; Pomerium had one at a time",
    ),
    ("XHR, APIs, other methods", "401 instead of a redirect to the sign-in page"),
    (
        "preflights",
        "a CORS preflight (with `Origin` and `Access-Control-Request-Method`) passes without a sign-in on every route that is not denied",
    ),
    (
        "paths",
        "judged in every form that some server reads: `//`, `..`, `%2e`, `..;`, `%5c`. Where the forms fall under different rules: 400",
    ),
    (
        "addresses in policies",
        "compared without regard to upper and lower case of ASCII; Pomerium compared to the letter",
    ),
];
const UNVERIFIED: &str = "`email` and `domain` of a policy count only if the provider calls the address verified (`email_verified`), and an \
                          address that it calls unverified is in no header; Pomerium never looked. `--allow-unverified-email` believes \
                          them all: some providers, such as Entra ID, never say so";
const LOST: [(&str, &str); 4] = [
    ("sessions", "everyone signs in once more"),
    (
        "/.pomerium/jwt and the like",
        "our own page at `/.pomerium` says who is signed in; there is no list of routes, no device and no key",
    ),
    (
        "sign-out everywhere",
        "a copy of a cookie made before signing out is refused by the gateway's pod that saw the sign-out, not by every replica, until the session ends",
    ),
    ("directory sync", "groups are those that the token names"),
];
