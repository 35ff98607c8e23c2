//! Tokens that programs bring, and the methods by which Kong took credentials.
//!
//! Decides which tokens count, and that none does of which nobody knows for whom it is.

use super::{super::super::yaml::Tree, given::Given};

/// Which tokens count at a provider.
#[derive(Default)]
pub(super) struct Tokens {
    /// `bearer`.
    pub(super) rules: Vec<Tree>,
    /// Whether the client itself is asked for, beside signing in.
    pub(super) needs_client: bool,
}

/// `auth_methods`, of which some are there at all. What Kong had without the setting is all of them.
pub(super) fn methods(given: &mut Given<'_>) -> Vec<String> {
    if given.plugin.kind != super::super::input::Kind::Plugin {
        let what = "a sign-in and a session, as Kong has it there whatever is written";
        given.carried(if given.is_set("auth_methods") { "auth_methods" } else { "auth_methods (not set)" }, what);
        return ["authorization_code", "session"].map(str::to_owned).into();
    }
    let methods = given.list("auth_methods");
    let is_every = EVERY.split(' ').all(|method| methods.iter().any(|other| other == method));
    if !given.is_set("auth_methods") || is_every {
        given.changed(if is_every { "auth_methods" } else { "auth_methods (not set)" }, ALL);
        places(given);
        return ["authorization_code", "session", "bearer"].map(str::to_owned).into();
    }
    given.carried("auth_methods", format!("`{}`", methods.join("`, `")));
    for method in &methods {
        match method.as_str() {
            "authorization_code" | "bearer" | "session" | "introspection" | "userinfo" => {}
            "password" => given.lost(
                "auth_methods: password",
                "nobody gives a password to the gateway: people sign in at the provider",
            ),
            "client_credentials" => given.lost("auth_methods: client_credentials", FETCH),
            "refresh_token" => given.lost("auth_methods: refresh_token", FETCH),
            "kong_oauth2" => given.lost(
                "auth_methods: kong_oauth2",
                "tokens that Kong itself made count at Kong alone: let the provider make them",
            ),
            other => given.refuse("auth_methods", &format!("holds {other}, which is no method of Kong's: remove it")),
        }
    }
    let has = |name: &str| methods.iter().any(|method| method == name);
    if !["authorization_code", "bearer", "introspection", "userinfo"].iter().any(|name| has(name)) {
        given.refuse(
            "auth_methods",
            "leaves nothing that there is here: add `authorization_code` for people, or `bearer` for programs that bring tokens",
        );
    }
    if has("authorization_code") && !has("session") {
        given.changed(
            "auth_methods",
            "a sign-in always makes a session: without one Kong sent people to the provider at each request",
        );
    }
    if TOKENS.iter().any(|name| has(name)) {
        places(given);
    }
    methods
}

/// `bearer` of the provider.
pub(super) fn read(given: &mut Given<'_>, path: &str, is_cognito: bool, methods: &[String]) -> Tokens {
    let has = |name: &str| methods.iter().any(|method| method == name);
    let mut tokens = Tokens::default();
    if !TOKENS.iter().any(|name| has(name)) {
        return tokens;
    }
    let audiences = audiences(given, is_cognito);
    given.source(&format!("{path}.bearer"), "auth_methods");
    let introspects = has("introspection") || (has("bearer") && given.boolean("introspect_jwt_tokens"));
    if introspects && is_cognito {
        given
            .refuse("auth_methods", "asks for introspection, which Cognito does not have: write `bearer` in its place");
    } else if introspects {
        tokens.needs_client = true;
        let rule = Tree::map().with("kind", "introspection");
        let rule = match audiences.as_slice() {
            [] => rule.with("clientIds", Tree::list(given.list("client_id").into_iter().map(Tree::from))),
            some => rule.with("audiences", Tree::list(some.iter().map(|audience| audience.as_str().into()))),
        };
        tokens.rules.push(rule);
        given.changed(
            "introspection",
            format!(
                "`{path}.bearer`: an answer is believed for a minute (`cache`), and only for these audiences or clients"
            ),
        );
    }
    if has("userinfo") {
        match is_cognito {
            true => given.refuse("auth_methods", "holds userinfo, which tells nothing of Cognito's tokens that they do not say themselves: write `bearer`"),
            false => {
                given.changed("auth_methods: userinfo", "`kind: user_info`, with a warning: UserInfo does not say for which application a token is. `introspection` does");
                tokens.rules.push(Tree::map().with("kind", "user_info").with("anyClient", true));
            }
        }
    }
    if given.boolean("introspect_jwt_tokens") {
        given.carried("introspect_jwt_tokens", "the provider is asked about each token");
    } else if has("bearer") {
        access_tokens(given, path, is_cognito, &audiences, methods, &mut tokens);
    }
    tokens
}

fn access_tokens(
    given: &mut Given<'_>,
    path: &str,
    is_cognito: bool,
    audiences: &[String],
    methods: &[String],
    tokens: &mut Tokens,
) {
    let rule = Tree::map().with("kind", "access_token");
    if is_cognito {
        let chosen = given.choices.client_id.clone().map(|id| vec![id]);
        let mut clients = audiences.to_vec();
        if clients.is_empty() {
            clients = chosen.unwrap_or_else(|| given.list("client_id"));
        }
        clients.extend(given.choices.bearer_clients.iter().cloned());
        clients.dedup();
        given.changed(
            "bearer tokens",
            format!(
                "access tokens of {}: Kong took those of every client of the pool, and ID tokens too. `--bearer-client ID` adds a client; \
                 for ID tokens add `{{ kind: id_token, audiences: […] }}` to `{path}.bearer`",
                clients.join(", ")
            ),
        );
        tokens.rules.push(rule.with("clientIds", Tree::list(clients.into_iter().map(Tree::from))));
        return;
    }
    if !audiences.is_empty() {
        given.changed(
            "bearer tokens",
            format!(
                "access tokens (`typ` is `at+jwt`) for {}. Where the provider writes another `typ`, as most do, add `types: [at+jwt, JWT]` \
                 to the entry in `{path}.bearer`; ID tokens do not count",
                audiences.join(", ")
            ),
        );
        tokens
            .rules
            .push(rule.with("audiences", Tree::list(audiences.iter().map(|audience| audience.as_str().into()))));
        return;
    }
    let what = "no setting says for whom bearer tokens are, and Kong took those that were made for anybody";
    match methods.iter().any(|method| method == "authorization_code") {
        true => given.changed(
            "bearer tokens",
            format!("none count: {what}. `--audience AUDIENCE` takes those for that audience"),
        ),
        false if tokens.rules.is_empty() => {
            given.refuse("audience_required", &format!("is needed: {what}. Write it, or give `--audience AUDIENCE`"));
        }
        false => {}
    }
}

/// `audience_required` and `audience_claim`.
fn audiences(given: &mut Given<'_>, is_cognito: bool) -> Vec<String> {
    let required = given.list("audience_required");
    let claim = given.list_or_default("audience_claim");
    let mut audiences = given.choices.audiences.clone();
    if required.is_empty() {
        return audiences;
    }
    let (known, word) = match (is_cognito, claim.as_slice()) {
        (true, [name]) if name == "client_id" => (true, "clientIds"),
        (false, [name]) if name == "aud" => (true, "audiences"),
        _ => (false, ""),
    };
    if !known {
        let why = match is_cognito {
            true => {
                "is held against a claim that Cognito's access tokens do not have: write `audience_claim: [client_id]` and the client's id"
            }
            false => {
                "is held against another claim than `aud`: remove both, and give `--audience AUDIENCE` for what stands in `aud`"
            }
        };
        given.refuse("audience_required", why);
        return audiences;
    }
    if required.iter().any(|entry| entry.contains(' ')) {
        given.refuse("audience_required", "asks for several audiences at once, of which a token needs one here: write the one that means this gateway");
        return audiences;
    }
    given.source("providers[0].bearer", "audience_required");
    given.changed(
        "audience_required",
        format!("`{word}` of `bearer`, for programs' tokens. Of a sign-in the ID token must be for our client, which is always checked"),
    );
    if given.is_set("audience_claim") {
        given.carried("audience_claim", format!("`{word}` of `bearer`"));
    }
    audiences.extend(required);
    audiences
}

/// Where tokens stand in a request.
fn places(given: &mut Given<'_>) {
    if !given.is_set("bearer_token_param_type") {
        given.changed(
            "bearer_token_param_type (not set)",
            format!("{HEADER}; Kong looked in addresses and bodies, too"),
        );
        return;
    }
    let places = given.list("bearer_token_param_type");
    match places.iter().any(|place| place == "header") {
        true if places.len() == 1 => given.carried("bearer_token_param_type", HEADER),
        true => given.changed("bearer_token_param_type", format!("{HEADER}: in addresses tokens end up in logs and histories, and bodies are not read")),
        false => given.refuse(
            "bearer_token_param_type",
            "has no `header`, the only place for tokens here: addresses end up in logs and histories, bodies are not read, and a cookie is \
             sent by every page. Let programs send `Authorization: Bearer`, and write `[header]`",
        ),
    }
    if given.is_set("bearer_token_cookie_name") {
        given.lost(
            "bearer_token_cookie_name",
            "a token in a cookie of its own does not count: browsers have sessions here",
        );
    }
}

/// `bearer`, where it is another header than usual.
pub(super) fn place(given: &mut Given<'_>) -> Option<Tree> {
    let header = given.text("bearer_token_header_name")?;
    given.carry("bearer_token_header_name", "bearer.header");
    if header.eq_ignore_ascii_case("authorization") {
        return None;
    }
    Some(Tree::map().with("header", header.to_ascii_lowercase()).with("raw", true))
}

/// The methods by which a program brings a token.
pub(super) const TOKENS: [&str; 3] = ["bearer", "introspection", "userinfo"];
const EVERY: &str =
    "authorization_code bearer client_credentials introspection kong_oauth2 password refresh_token session userinfo";
/// Above `bearer` in the configuration.
pub(super) const WHY: &str = "Tokens that programs send; without an entry none is taken.";
const HEADER: &str = "in `Authorization`, after the word `Bearer`";
const ALL: &str = "all of Kong's, of which there are: people sign in, programs bring access tokens. Passwords, clients' secrets and refresh tokens have \
                   no counterpart, and introspection or UserInfo count where they are chosen";
const FETCH: &str = "the gateway fetches no tokens for programs: they fetch them at the provider's token endpoint, and bring them as \
                     `Authorization: Bearer`";
