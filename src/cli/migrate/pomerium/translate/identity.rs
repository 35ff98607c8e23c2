//! What applications learn.
//!
//! Decides which headers there are, and which routes' applications get tokens.

use serde_json::{Map, Value};

use super::{
    super::{criteria::claim_name, yaml::Tree},
    given::Given,
    removed,
};

/// Headers, and who gets them.
pub(super) struct Headers {
    /// `identity`.
    pub(super) tree: Tree,
    /// What `pass_identity_headers` is where a route says nothing.
    passes: bool,
    /// What is handed on where it is true.
    forward: Tree,
}

/// The header of the signed assertion.
const ASSERTION: &str = "x-pomerium-jwt-assertion";

pub(super) fn read(given: &mut Given<'_>, is_cognito: bool) -> Headers {
    let passes = given.is_set("pass_identity_headers").unwrap_or(false);
    let routes: Vec<_> = given.routes.iter().map(|route| passes_headers(&route.settings, passes)).collect();
    let is_passed = routes.iter().any(|passes| *passes);
    let (headers, mut removed) = claims(given, is_cognito, is_passed);
    let mut tree = Tree::map();
    let names: Vec<_> = headers.iter().map(|(name, _)| name.clone()).collect();
    if !headers.is_empty() {
        let one = |(name, claim)| Tree::map().with("header", name).with("claim", claim);
        tree = tree.with("headers", Tree::list(headers.into_iter().map(one)));
    }
    let mut forward = Tree::map();
    if given.choices.forward_id_token && is_passed {
        forward = forward.with("idToken", Tree::map().with("header", ASSERTION));
        given.ledger.source("identity.forward", "--forward-id-token");
        given.ledger.changed("X-Pomerium-Jwt-Assertion", FORWARDED);
    } else {
        removed.push(ASSERTION.to_owned());
        if is_passed {
            given.ledger.lost("X-Pomerium-Jwt-Assertion", NO_ASSERTION);
        }
    }
    let taken = names.into_iter().chain(removed.iter().cloned()).chain([ASSERTION.to_owned()]);
    let taken: Vec<_> = taken.collect();
    removed.extend(removed::read(given, &taken));
    tree = tree.with_some("forward", Some(forward.clone()).filter(|forward| !forward.is_empty()));
    if !removed.is_empty() {
        tree = tree.with("remove", Tree::list(removed.into_iter().map(Tree::from)));
    }
    if given.choices.allow_unverified_email {
        tree = tree.with("allowUnverifiedEmail", true);
    }
    say(given, &routes);
    for name in ["signing_key", "signing_key_file"] {
        if given.take(name).is_some() {
            given.ledger.lost(name, "it signed the assertion, and nothing here signs anything");
        }
    }
    Headers { tree, passes, forward }
}

fn passes_headers(settings: &Map<String, Value>, otherwise: bool) -> bool {
    match settings.get("pass_identity_headers") {
        Some(value) => *value == true || *value == "true",
        None => otherwise,
    }
}

fn say(given: &mut Given<'_>, routes: &[bool]) {
    let is_passed = routes.iter().any(|passes| *passes);
    if is_passed {
        given.ledger.carried("pass_identity_headers", "`identity`");
    } else if given.take("pass_identity_headers").is_some() || !given.routes.is_empty() {
        given.ledger.carried(
            "pass_identity_headers",
            "no application gets a header, as before; what clients send under these names is removed",
        );
    }
    if is_passed && routes.iter().any(|passes| !passes) {
        given.ledger.changed(
            "pass_identity_headers",
            "the headers of claims reach every application behind a sign-in, those of routes without it as well; tokens do not",
        );
    }
}

/// `jwt_claims_headers`: a list of claims, or headers and their claims.
fn claims(given: &mut Given<'_>, is_cognito: bool, is_passed: bool) -> (Vec<(String, Tree)>, Vec<String>) {
    let Some(setting) = given.take("jwt_claims_headers") else { return (Vec::new(), Vec::new()) };
    let own = |claim: &str| (format!("x-pomerium-claim-{claim}"), claim.to_owned());
    let pairs: Vec<(String, String)> = match &setting.value {
        Value::Object(pairs) => pairs
            .iter()
            .map(|(header, claim)| (header.to_ascii_lowercase(), claim.as_str().unwrap_or_default().to_owned()))
            .collect(),
        Value::Array(claims) => claims.iter().filter_map(Value::as_str).map(own).collect(),
        Value::String(text) => text.split([',', ' ', '\n']).filter(|claim| !claim.is_empty()).map(own).collect(),
        _ => {
            given.refuse(
                "jwt_claims_headers",
                "is neither a list of claims nor headers with their claims: write one of these",
            );
            return (Vec::new(), Vec::new());
        }
    };
    if !is_passed {
        given
            .ledger
            .carried("jwt_claims_headers", "`identity.remove`: no route passes them on, and no client may send them");
        return (Vec::new(), pairs.into_iter().map(|(header, _)| header.to_ascii_lowercase()).collect());
    }
    given.carry("jwt_claims_headers", "identity.headers");
    given
        .ledger
        .changed("jwt_claims_headers", "a claim that somebody does not have gives no header; it was an empty one");
    let (mut headers, mut removed) = (Vec::new(), Vec::new());
    for (header, claim) in pairs {
        match renamed(given, &claim, is_cognito) {
            Some(claim) => headers.push((header.to_ascii_lowercase(), claim)),
            None => removed.push(header.to_ascii_lowercase()),
        }
    }
    (headers, removed)
}

/// What the token calls a claim of the assertion.
fn renamed(given: &mut Given<'_>, claim: &str, is_cognito: bool) -> Option<Tree> {
    match claim {
        "iss" | "aud" | "jti" | "iat" | "exp" | "sid" => {
            given.ledger.lost(
                "jwt_claims_headers",
                format!("`{claim}` was about the assertion, and there is none: the header is removed"),
            );
            None
        }
        "user" => Some("sub".into()),
        "groups" => {
            match (&given.choices.groups_claim, is_cognito) {
                (Some(claim), _) => Some(claim_name(claim)),
                (None, true) => {
                    given.ledger.changed("jwt_claims_headers", "`groups` is `cognito:groups`: so Cognito calls them");
                    Some("cognito:groups".into())
                }
                (None, false) => {
                    given.ledger.changed("jwt_claims_headers", "`groups` is the token's claim of that name; `--groups-claim` names another. No directory is asked");
                    Some("groups".into())
                }
            }
        }
        claim => Some(claim_name(claim)),
    }
}

impl Headers {
    /// The `forward` of a route, where it is not what all others have; what of `set_request_headers` is a token is in it.
    pub(super) fn forward(&self, given: &mut Given<'_>, settings: &Map<String, Value>, label: &str) -> Option<Tree> {
        let mut forward = if passes_headers(settings, self.passes) { self.forward.clone() } else { Tree::map() };
        let written = settings.get("set_request_headers").and_then(Value::as_object);
        let mut is_routing = false;
        for (header, value) in written.into_iter().flatten() {
            let kind = match written_there(header, value) {
                There::Token(kind) => kind,
                There::Unknown => {
                    let what =
                        format!("{label}: `{header}` is made of what no rule here hands on; the header is not set");
                    given.ledger.lost("set_request_headers", what);
                    continue;
                }
                There::Fixed => {
                    is_routing = true;
                    continue;
                }
            };
            forward.set(kind, Tree::map().with("header", header.to_ascii_lowercase()));
            given.ledger.carried("set_request_headers", format!("{label}: `{header}` is `forward.{kind}` of its rule"));
        }
        if is_routing {
            given
                .ledger
                .lost("set_request_headers", format!("{label}: what is the same for everyone is the gateway's to set; what clients send under these names is removed"));
        }
        (forward != self.forward).then_some(forward)
    }
}

/// What Pomerium writes into a header of `set_request_headers`.
pub(super) enum There {
    /// The same for everyone.
    Fixed,
    /// A token, by its name in `forward`.
    Token(&'static str),
    /// Something of the person's that no rule hands on.
    Unknown,
}

/// What this value is.
pub(super) fn written_there(header: &str, value: &Value) -> There {
    let template = value.as_str().unwrap_or_default().replace("${", "$").replace('}', "");
    let is_authorization = header.eq_ignore_ascii_case("authorization");
    let token = if is_authorization { template.strip_prefix("Bearer ").unwrap_or_default() } else { template.as_str() };
    match token {
        "$pomerium.access_token" => There::Token("accessToken"),
        "$pomerium.id_token" => There::Token("idToken"),
        _ if template.contains("$pomerium") => There::Unknown,
        _ => There::Fixed,
    }
}

/// Above `identity` in the configuration.
pub(super) const WHY: &str =
    "What applications learn. Clients cannot send these headers: theirs are removed on every path.";
const FORWARDED: &str = "the provider's ID token (`identity.forward.idToken`), and not Pomerium's own: signed by the provider, with its issuer \
                         in `iss` and our client in `aud`. An application that verifies it takes the provider's keys (`jwks_uri`) in place \
                         of `/.well-known/pomerium/jwks.json`, and its issuer and audience in place of the route's host";
const NO_ASSERTION: &str = "nothing here signs an assertion. Applications that verify it can take the provider's ID token under that name \
                            (`--forward-id-token`), with the provider's keys, issuer and our client as the audience; others read the \
                            headers of `jwt_claims_headers`";
