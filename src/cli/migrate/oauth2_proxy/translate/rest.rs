//! What is left: settings that were dangerous, and what is otherwise whatever was set.
//!
//! Decides the words. Each is a promise that the guide has at more length.

use super::Given;

/// Says it all.
pub(super) fn translate(given: &mut Given<'_>) {
    always(given);
    pkce(given);
    for (name, off, on) in SWITCHES {
        let (is_on, setting) = given.switch(name, false);
        let Some(setting) = setting else { continue };
        match is_on {
            true => given.change(&setting, on),
            false => given.ledger.carried(&setting.label, off),
        }
    }
    for (what, now) in CHANGED {
        given.ledger.changed(what, now);
    }
    given.ledger.lost("sessions", "everyone signs in once more");
    given.ledger.lost(
        "X-Auth-Request-Redirect",
        "no header says where a sign-in leads: the address that was asked for does, or `rd`",
    );
    given.ledger.lost(
        "/robots.txt, /ping, /ready",
        "the application's, like any other path: they need a sign-in unless `--open` names them",
    );
}

/// Checks that could be switched off, and are always made.
fn always(given: &mut Given<'_>) {
    let (skipped, setting) = given.switch("ssl_insecure_skip_verify", false);
    if let Some(setting) = setting {
        match skipped {
            true => given.change(
                &setting,
                "the provider's certificate is always verified. Where an authority of your own vouches for it, say so: `caCertificates` or \
                 `credentialName` in the `tls` of the provider's DestinationRule, `--trusted-ca` for Envoy",
            ),
            false => given.ledger.carried(&setting.label, "off, as it always is here"),
        }
    }
    let (skipped, setting) = given.switch("insecure_oidc_skip_nonce", true);
    let label = setting.map_or_else(|| "insecure_oidc_skip_nonce (not set)".to_owned(), |setting| setting.label);
    match skipped {
        true => given.ledger.changed(&label, "a nonce is always sent, and the ID token must have it"),
        false => given.ledger.carried(&label, "off, as it always is here"),
    }
}

/// `code_challenge_method`.
fn pkce(given: &mut Given<'_>) {
    let older = given.take_filled("force_code_challenge_method");
    let setting = given.take_filled("code_challenge_method");
    if let (Some(older), Some(setting)) = (&older, &setting) {
        given.lose(older, format!("`{}` counts, as with oauth2-proxy", setting.label));
    }
    let setting = setting.or(older);
    match &setting {
        Some(setting) if setting.text() == "S256" => {
            given.ledger.carried(&setting.label, "`S256`, as it always is here")
        }
        Some(setting) => given.change(setting, "`S256`: `plain` guards a code against nobody who reads the request"),
        None => given.ledger.changed("code_challenge_method (not set)", "PKCE with `S256`, always"),
    }
}

/// Switches that say how oauth2-proxy went about something: what they mean here, off and on.
const SWITCHES: [(&str, &str, &str); 3] = [
    (
        "encode_state",
        "nothing that a provider could mangle is in `state`",
        "nothing that a provider could mangle is in `state`: it is random letters",
    ),
    (
        "force_https",
        "the gateway's listeners say where http leads",
        "the gateway's: a listener for http that redirects (`tls.httpsRedirect` of Istio's Gateway)",
    ),
    ("skip_provider_button", PAGE, "people go straight to the provider, as before"),
];
const PAGE: &str =
    "people go straight to the provider: no page of ours asks before. Scripts and frames begin no sign-in of their own";
/// Whatever was set.
const CHANGED: [(&str, &str); 7] = [
    ("sign-in", "up to sixteen tabs at once, each for ten minutes"),
    ("signatures", "`RS256`, unless `providers[0].algorithms` names others; oauth2-proxy took those of the metadata"),
    (
        "XHR, other methods, WebSockets",
        "401 and JSON instead of a sign-in page; a form that was sent without a session gets a page that keeps it from being lost",
    ),
    (
        "identity headers",
        "what clients send under these names is removed on every path, open ones and OPTIONS included, with `-`, `_` or any other sign",
    ),
    (
        "paths",
        "judged in every form that some server reads: `//`, `..`, `%2e`, `..;`, `%5c`. Where the forms fall under different rules: 400",
    ),
    (
        "open paths",
        "nobody has identity headers there; with oauth2-proxy who was signed in had. `action: authenticate` with `unauthenticated: pass` in place of `allow` is for an application that greets them",
    ),
    (
        "/oauth2/sign_out",
        "a link of another site asks first; `rd` leads to a path of this host, or to one of `logout.returnUrls`",
    ),
];
