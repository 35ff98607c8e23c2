//! `docs/operations.md` and the source: the same codes and the same metrics.
//!
//! Codes are read from the source text: those of a refusal and of what it wraps, and those that only the log has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use edge_oidc::{
    flow::{
        Gauges,
        event::{CallResult, Endpoint, Event, Outcome},
        refusal::Refusal,
    },
    http::request::MalformedRequest,
    identity::IdentityError,
    metrics::{self, Metric},
    oidc::{
        authorization::CallbackError, bearer::BearerError, error::OAuthError, id_token::IdTokenError, jwt::JwtError,
        logout_token::LogoutTokenError, token::TokenError, user_info::UserInfoError,
    },
    policy::Unmet,
};

use crate::corpus::{document, root, span};

/// File → its text without comments and inline tests.
fn sources() -> BTreeMap<String, String> {
    fn collect(folder: &Path, sources: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                let code =
                    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
                sources.insert(path.strip_prefix(root()).unwrap().display().to_string(), code);
            }
        }
    }
    let mut sources = BTreeMap::new();
    collect(&root().join("src"), &mut sources);
    sources
}

/// The body of the block that begins at `head`.
fn block<'a>(text: &'a str, head: &str) -> Option<&'a str> {
    let rest = text.split_once(head)?.1;
    let start = rest.find('{')?;
    let mut depth = 0_usize;
    for (at, letter) in rest.char_indices().skip(start) {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return rest.get(start + 1..at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn literals(text: &str) -> BTreeSet<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The body of `code()` of the type that is defined as `definition`.
fn code_of(sources: &BTreeMap<String, String>, definition: &str) -> String {
    let holders: Vec<_> = sources.values().filter(|text| text.contains(&format!("{definition} {{"))).collect();
    assert_eq!(holders.len(), 1, "{definition}");
    let name = definition.rsplit(' ').next().unwrap();
    let body = block(holders[0], &format!("\nimpl {name} ")).and_then(|body| block(body, "fn code("));
    body.unwrap_or_else(|| panic!("{name} has no code()")).to_owned()
}

/// The codes of refusals: their own, and those of what they wrap.
fn refusal_codes(sources: &BTreeMap<String, String>) -> BTreeSet<String> {
    let own = code_of(sources, "pub enum Refusal");
    let mut codes = literals(&own);
    let variants = block(&sources["src/flow/refusal.rs"], "pub enum Refusal").unwrap();
    for delegated in own.split("Self::").skip(1).filter(|arm| arm.contains(".code()")) {
        let variant = delegated.split('(').next().unwrap();
        let wrapped = variants.split_once(&format!(" {variant}(")).unwrap().1.split(')').next().unwrap();
        codes.extend(literals(&code_of(sources, &format!("pub enum {wrapped}"))));
    }
    codes
}

/// Types whose codes the log has though no refusal wraps them.
const LOGGED: [&str; 2] = ["CallFailure", "LookupError"];

/// Types whose codes stand nowhere: another code with their text does.
const UNSEEN: [&str; 2] = ["DiscoveryError", "JwksError"];

/// The codes that only the log has, and that of the page after signing out.
fn other_codes(sources: &BTreeMap<String, String>) -> BTreeSet<String> {
    let is_code =
        |text: &String| text.contains('_') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut codes = BTreeSet::new();
    for text in sources.values() {
        for after in ["\"[-] ", "code: \"", "_CODE: &str = \""].iter().flat_map(|mark| text.split(mark).skip(1)) {
            codes.insert(after.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect());
        }
    }
    // What is wrong with a provider's documents: every such name that is written there is a code.
    codes.extend(literals(&sources["src/flow/provider.rs"]));
    for name in LOGGED {
        codes.extend(literals(&code_of(sources, &format!("pub enum {name}"))));
    }
    codes.into_iter().filter(is_code).collect()
}

fn documented(first: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for row in document("docs/operations.md").rows(first) {
        let name = span(&row[0]).unwrap_or_else(|| panic!("{} is no name", row[0])).to_owned();
        assert!(row.iter().all(|cell| !cell.is_empty()), "{name} is not explained");
        assert!(found.insert(name.clone()), "{name} stands there twice");
    }
    found
}

fn assert_same(documented: &BTreeSet<String>, real: &BTreeSet<String>) {
    let missing: Vec<_> = real.difference(documented).collect();
    let invented: Vec<_> = documented.difference(real).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not documented: {missing:?}; not in the source: {invented:?}");
}

#[test]
fn every_code_is_explained_and_none_is_invented() {
    let sources = sources();
    let refusals = refusal_codes(&sources);
    assert!(refusals.contains("login_required") && refusals.contains("jwt_unknown_kid"), "{refusals:?}");
    let others = other_codes(&sources);
    assert!(others.contains("configuration_refused") && others.contains("metadata_unavailable"), "{others:?}");
    assert_same(&documented("Code"), &refusals.union(&others).cloned().collect());
}

fn has_code(implementation: &str) -> bool {
    let mut signatures = implementation.split("fn code(").skip(1).filter_map(|rest| rest.split('{').next());
    signatures.any(|signature| signature.contains("-> &'static str"))
}

#[test]
fn every_type_with_codes_is_looked_at_or_never_seen() {
    let sources = sources();
    let refusal = block(&sources["src/flow/refusal.rs"], "pub enum Refusal").unwrap();
    let mut left = BTreeSet::new();
    for text in sources.values() {
        let implementations = text.split("\nimpl ").skip(1).filter(|text| has_code(text));
        let names = implementations.filter_map(|text| text.split([' ', '<']).next());
        let is_known = |name: &&str| refusal.contains(&format!("({name})")) || *name == "Refusal";
        left.extend(names.filter(|name| !is_known(name)).map(str::to_owned));
    }
    let known: BTreeSet<_> = LOGGED.into_iter().chain(UNSEEN).map(str::to_owned).collect();
    assert_eq!(left, known);
}

#[test]
fn codes_that_other_documents_name_exist() {
    let sources = sources();
    let real: BTreeSet<_> = refusal_codes(&sources).union(&other_codes(&sources)).cloned().collect();
    let heads: BTreeSet<_> = real.iter().filter_map(|code| code.split_once('_')).map(|(head, _)| head).collect();
    // Names of claims, parameters, Envoy's settings and the providers' own codes that begin alike.
    let others = "access_token bearer_ bearer_token_format body_too_large email_verified host_env_keys id_token id_token_ id_token_hint jwt_ jwt_claims_headers \
                  login_hint logout_token logout_token_ no_host provider_domain provider_issuer session_expires_at sign_in sign_in_failed signed_in_at \
                  token_endpoint token_type_hint token_use user_id user_info user_info_";
    let others: BTreeSet<_> = others.split(' ').collect();
    let mut unknown = BTreeSet::new();
    // The names of other products' settings, and of the example's variables, are held by tests of their own.
    let settings = ["docs/kong.md", "docs/oauth2-proxy.md", "examples/terraform/cognito/README.md"];
    let documents = crate::corpus::documents().into_iter().filter(|document| !settings.contains(&&*document.name));
    for document in documents {
        for name in document.spans() {
            let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && name.contains('_');
            let begins_alike = name.split_once('_').is_some_and(|(head, _)| heads.contains(head));
            if plain && begins_alike && !real.contains(&name) && !others.contains(name.as_str()) {
                unknown.insert(format!("{}: {name}", document.name));
            }
        }
    }
    assert_eq!(unknown, BTreeSet::new());
}

/// The names of all metrics, with CODE for a code.
fn metric_names() -> BTreeSet<String> {
    let mut metrics = metrics::at_start();
    metrics.extend(metrics::of_gauges(Gauges { waiting: 1, key_age: Some(Duration::from_secs(1)) }));
    let mut events =
        vec![Event::SessionWritten(1), Event::SignInCompleted, Event::SignInFailed("CODE"), Event::SignInStarted];
    events.extend(Outcome::ALL.map(Event::Decided));
    for (endpoint, outcome) in pairs() {
        events.push(Event::ProviderCall { endpoint, outcome, elapsed: Duration::from_millis(1) });
    }
    metrics.extend(events.iter().flat_map(metrics::of_event));
    let name = |metric| match metric {
        Metric::Count(name) | Metric::Observe(name, _) => name,
        Metric::Gauge(name, _) | Metric::Level(name, _) => name.to_owned(),
    };
    metrics.into_iter().map(name).collect()
}

fn pairs() -> impl Iterator<Item = (Endpoint, CallResult)> {
    Endpoint::ALL.into_iter().flat_map(|endpoint| CallResult::ALL.map(|result| (endpoint, result)))
}

#[test]
fn every_metric_is_explained_and_none_is_invented() {
    let mut documented_names = BTreeSet::new();
    for row in documented("Metric") {
        for (endpoint, result) in pairs() {
            documented_names.insert(row.replace("ENDPOINT", endpoint.name()).replace("RESULT", result.name()));
        }
    }
    assert_same(&documented_names, &metric_names());
}

#[test]
fn no_metric_of_the_source_escapes_the_list_above() {
    let text = &sources()["src/metrics.rs"];
    let names = metric_names();
    for literal in literals(text).iter().filter(|literal| literal.starts_with("edge_oidc")) {
        let stem = literal.split('{').next().unwrap_or_default();
        assert!(names.iter().any(|name| name.starts_with(stem)), "{literal} is made by no event that this test knows");
    }
}

#[test]
fn the_tables_of_codes_say_the_status_that_is_sent() {
    let document = document("docs/operations.md");
    let statuses: BTreeMap<String, String> = document
        .rows("Code")
        .into_iter()
        .filter(|row| row[1].bytes().all(|byte| byte.is_ascii_digit()))
        .map(|row| (span(&row[0]).unwrap().to_owned(), row[1].clone()))
        .collect();
    for (refusal, code, status) in refusals() {
        assert_eq!(statuses.get(code), Some(&status.to_string()), "{refusal}");
    }
}

/// One whose status hangs on more than the code.
#[test]
fn a_sign_in_that_is_too_weak_has_two_statuses() {
    use edge_oidc::{flow::refusal::Refusal, oidc::assurance::Shortfall};
    let [weak, narrow] = [Shortfall::Acr, Shortfall::Scope].map(Refusal::SignInTooWeak);
    let rows = document("docs/operations.md").rows("Code");
    let row = rows.iter().find(|row| span(&row[0]) == Some(weak.code())).unwrap();
    assert_eq!(row[1], format!("{} or {}", weak.status(), narrow.status()));
    assert_eq!(weak.code(), narrow.code());
}

/// Refusals of every status, as far as they can be made without their cause.
fn refusals() -> Vec<(String, &'static str, u16)> {
    let all = [
        Refusal::AmbiguousPath,
        Refusal::AttemptAbsent,
        Refusal::AuthorizerDenied,
        Refusal::AuthorizerUnavailable,
        Refusal::Bearer(BearerError::Audience),
        Refusal::Bearer(BearerError::Malformed("sub")),
        Refusal::BearerAbsent,
        Refusal::BearerMalformed,
        Refusal::BodyUnread,
        Refusal::Callback(CallbackError::CodeAbsent),
        Refusal::Callback(CallbackError::StateInvalid),
        Refusal::CrossOriginUpgrade,
        Refusal::CrossSiteSignOut,
        Refusal::Denied,
        Refusal::HostUnknown,
        Refusal::IdToken(IdTokenError::Nonce),
        Refusal::Identity(IdentityError::EmailUnverified),
        Refusal::Identity(IdentityError::UserIdAbsent),
        Refusal::Identity(IdentityError::UserIdTransformedAway),
        Refusal::Identity(IdentityError::UserIdUnusable),
        Refusal::Jwt(JwtError::UnknownKid),
        Refusal::LogoutToken(LogoutTokenError::Nonce),
        Refusal::LookupEndpointAbsent,
        Refusal::LogoutTokenAbsent,
        Refusal::LogoutTokenReplayed,
        Refusal::Malformed(MalformedRequest::Path),
        Refusal::MemoryUnavailable,
        Refusal::MethodNotAllowed,
        Refusal::NoEntropy,
        Refusal::OtherProvider,
        Refusal::ProviderUnavailable,
        Refusal::ProviderUnknown,
        Refusal::Requirement(Unmet { text: String::new(), scopes: Vec::new() }),
        Refusal::ScopeNotGranted,
        Refusal::SessionLost,
        Refusal::SessionTooLarge,
        Refusal::SignInPageClosed,
        Refusal::SignInUnmet,
        Refusal::TooManyWaiting,
        Refusal::Unauthenticated,
        Refusal::UserInfo(UserInfoError::Refused),
        Refusal::UserInfo(UserInfoError::Subject),
        Refusal::UserInfo(UserInfoError::Unavailable(500)),
        Refusal::WhoamiForeign,
        Refusal::Token(TokenError::Absent("id_token")),
        Refusal::Token(TokenError::TokenType),
        Refusal::Token(TokenError::Unavailable(500)),
    ];
    let all = all.into_iter().chain(refusals_of_providers());
    all.map(|refusal| (format!("{refusal:?}"), refusal.code(), refusal.status())).collect()
}

/// What a provider says itself.
fn refusals_of_providers() -> impl Iterator<Item = Refusal> {
    let callback = |error| Refusal::Callback(CallbackError::Provider(error));
    let token = |error| Refusal::Token(TokenError::Refused(error));
    let all = [
        callback(OAuthError::AccessDenied),
        callback(OAuthError::InvalidRequest),
        callback(OAuthError::InvalidScope),
        callback(OAuthError::ServerError),
        callback(OAuthError::UnauthorizedClient),
        token(OAuthError::InvalidClient),
        token(OAuthError::InvalidGrant),
        token(OAuthError::UnauthorizedClient),
    ];
    all.into_iter()
}
