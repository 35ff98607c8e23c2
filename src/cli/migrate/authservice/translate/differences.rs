//! What is otherwise from now on, whatever was set.
//!
//! Decides the words. Each is a promise that the guide has at more length.

use super::{super::dialect::Dialect, Given};

/// Says it all.
pub(super) fn say(given: &mut Given<'_>) {
    for (what, now) in CHANGED {
        given.ledger.changed(what, now);
    }
    if given.dialect != Dialect::LoadBalancer {
        for (what, now) in FROM_AUTHSERVICE {
            given.ledger.changed(what, now);
        }
    }
    if given.dialect == Dialect::First || given.dialect == Dialect::Parameters {
        given.ledger.changed(
            "GET sign-out",
            "ends the session by a link of the same site only; a page of another site gets a question instead",
        );
    }
    given.ledger.lost("sessions", "everyone signs in once more (N-1)");
    given.ledger.lost(
        "sign-out on the server",
        "a copy of a cookie made before signing out is refused by the gateway's pod that saw the sign-out, not by every \
         replica, until the session ends \
         (N-5)",
    );
}

/// Of all that signed people in before.
const CHANGED: [(&str, &str); 4] = [
    ("sign-in", "PKCE and a nonce; up to sixteen tabs at once, each for ten minutes (F-6, F-7)"),
    (
        "email",
        "an address that the provider calls unverified (`email_verified` is there and not true) is refused; \
         `identity.allowUnverifiedEmail: true` takes it, as before",
    ),
    (
        "identity headers",
        "what clients send under these names is removed on every path, open ones and OPTIONS included (F-1)",
    ),
    (
        "paths",
        "judged in every form that some server reads: `//`, `..`, `%2e`, `..;`, `%5c`. Where the forms fall under \
         different rules: 400 (F-4)",
    ),
];

/// Of authservice.
const FROM_AUTHSERVICE: [(&str, &str); 7] = [
    (
        "OPTIONS",
        "passes without a sign-in as a CORS preflight only: with `Origin` and `Access-Control-Request-Method` (F-2)",
    ),
    ("XHR, APIs, other methods", "401 instead of a redirect to the sign-in page (F-5)"),
    ("cookies", "`Secure` and `HttpOnly`: no script in a page can read the session any more (F-8)"),
    ("a session in a header", "decides alone: a bad one is 401. Only signing out falls back to the cookie"),
    ("a bare token", "counts in `authorization` only behind the word `Bearer`, in any case (F-5)"),
    (
        "pages",
        "escape what they show; a refusal of the provider's is said, and no redirect leaves for another host (F-10, F-14, \
         F-16)",
    ),
    ("log", "holds no secret, no token and no cookie (F-17)"),
];
