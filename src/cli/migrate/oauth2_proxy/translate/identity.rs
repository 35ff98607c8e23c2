//! What applications learn.
//!
//! Decides which claim becomes which header, and that nobody passes without an address, as with oauth2-proxy. Which headers there
//! were is `headers`'.

use super::{
    super::{
        input::alpha::{Header, Source},
        yaml::Tree,
    },
    Given, headers,
    mesh::Mesh,
    provider::Client,
};
use crate::{config::carries_identity, identity::headers::fold};

#[derive(Default)]
struct Parts {
    user_id: Option<Tree>,
    groups: Option<Tree>,
    headers: Vec<Tree>,
    forward: Tokens,
    taken: Vec<String>,
}

#[derive(Default)]
struct Tokens {
    id_token: Option<String>,
    access_token: Option<String>,
}

pub(super) fn translate(given: &mut Given<'_>, client: &Client, mesh: &Mesh) -> Tree {
    let email = email_claim(given);
    let groups = groups_claim(given, client);
    let unverified = unverified(given, &email);
    let user = if client.kind == "gitlab" { "nickname" } else { "sub" };
    let called = |claim: &str| match claim {
        "email" => email.clone(),
        "groups" => groups.clone(),
        "user" => user.to_owned(),
        other => other.to_owned(),
    };
    let mut all = mesh.headers(client);
    let (read, unread) = headers::read(given, mesh);
    all.extend(read);
    // The address is whom the filter asks for; a header with it is the user id's.
    let is_address =
        |header: &Header| matches!(header.sources.as_slice(), [Source::Claim { claim, .. }] if *claim == "email");
    let of_mesh = all.iter().position(|header| header.label.contains("RequestAuthentication") && !is_groups(header));
    let first = of_mesh.or_else(|| all.iter().position(is_address));
    let first = first.or_else(|| {
        all.iter()
            .position(|header| matches!(header.sources.as_slice(), [Source::Claim { claim, .. }] if claim == "user"))
    });
    let mut parts = Parts::default();
    for (index, header) in all.iter().enumerate() {
        add(given, header, &called, Some(index) == first, &mut parts);
    }
    if parts.groups.is_none() && needs_groups(given) {
        given.ledger.source("identity.groups", "allowed_groups");
        given.ledger.changed(
            "groups",
            "`x-forwarded-groups` reaches the applications: a rule asks for groups, and they have a header here",
        );
        parts.taken.push(fold("x-forwarded-groups"));
        parts.groups = Some(Tree::map().with("claim", groups.as_str()).with("header", "x-forwarded-groups"));
    }
    let forward = Tree::map()
        .with_some("idToken", parts.forward.id_token.map(|header| Tree::map().with("header", header)))
        .with_some("accessToken", parts.forward.access_token.map(|header| Tree::map().with("header", header)));
    let mut tree = Tree::map().with_some("userId", parts.user_id).with_some("groups", parts.groups);
    if !parts.headers.is_empty() {
        tree = tree.with("headers", Tree::list(parts.headers));
    }
    if !forward.is_empty() {
        tree = tree.explained(TOKENS, "forward", forward);
    }
    if let Some(removed) = removed(given, unread.iter().filter(|header| header.request).chain(&all), mesh, &parts.taken)
    {
        tree = tree.explained(REMOVED, "remove", removed);
    }
    if unverified {
        tree = tree.with("allowUnverifiedEmail", true);
    }
    tree
}

/// What no client may send, and nothing here sets: oauth2-proxy's customary names, those that it set whatever a client sent, and those
/// that Istio made of a token.
fn removed<'a>(
    given: &mut Given<'_>,
    headers: impl Iterator<Item = &'a Header>,
    mesh: &Mesh,
    taken: &[String],
) -> Option<Tree> {
    let set = headers.map(|header| header.name.as_str());
    let mut known = taken.to_vec();
    let mut names = Vec::new();
    for name in CUSTOMARY.into_iter().chain(set).chain(mesh.written()) {
        let (name, folded) = (name.to_ascii_lowercase(), fold(name));
        if carries_identity(&name) && !known.contains(&folded) {
            known.push(folded);
            names.push(Tree::from(name));
        }
    }
    if names.is_empty() {
        return None;
    }
    given.ledger.source("identity.remove", "identity headers");
    given.ledger.changed(
        "identity headers",
        "those of oauth2-proxy's that nobody sets here are removed, too (`identity.remove`): a client could send them, and did reach the application with them",
    );
    Some(Tree::list(names))
}

fn is_groups(header: &Header) -> bool {
    matches!(header.sources.as_slice(), [Source::Claim { claim, .. }] if claim == "groups")
}

/// One header, in the place that its claim belongs to.
fn add(given: &mut Given<'_>, header: &Header, called: &dyn Fn(&str) -> String, is_user_id: bool, parts: &mut Parts) {
    let name = header.name.to_ascii_lowercase();
    if header.preserve {
        given
            .ledger
            .changed(&header.label, format!("a `{name}` that a client sends is removed; it was kept, and believed"));
    }
    let [Source::Claim { claim, prefix }] = header.sources.as_slice() else {
        return odd(given, header, &name);
    };
    // The same header twice, from two places, is one.
    if parts.taken.contains(&fold(&name)) {
        return;
    }
    let label = header.label.clone();
    let is_alpha = label.starts_with("inject");
    let say = |given: &mut Given<'_>, path: &str| {
        given.ledger.source(path, &label);
        if is_alpha {
            given.ledger.carried(&label, format!("`{path}`: `{name}`"));
        }
    };
    if ["id_token", "access_token"].contains(&claim.as_str()) {
        if let Some(path) = token(given, &label, (claim, prefix), &name, parts) {
            say(given, path);
        }
        return;
    }
    let claim = match claim.as_str() {
        "created_at" | "expires_on" | "refresh_token" => {
            given.ledger.lost(&label, format!("`{name}`: no application gets a refresh token, nor the times of a session; `paths.whoami` has those"));
            return;
        }
        claim => claim_tree(&called(claim)),
    };
    parts.taken.push(fold(&name));
    let is_first_group = is_groups(header) && parts.groups.is_none();
    let tree = Tree::map().with("claim", claim).with("header", name.as_str());
    let with_prefix = |tree: Tree| if prefix.is_empty() { tree } else { tree.with("prefix", prefix.as_str()) };
    if is_user_id {
        say(given, "identity.userId");
        parts.user_id = Some(with_prefix(tree));
    } else if is_first_group {
        say(given, "identity.groups");
        parts.groups = Some(with_prefix(tree));
    } else {
        say(given, &format!("identity.headers[{}]", parts.headers.len()));
        if !prefix.is_empty() {
            given.ledger.refused(format!("{label} puts `{prefix}` before a claim in `{name}`: only the user id and the groups can have a prefix here; leave it out, and let the application add it"));
        }
        parts.headers.push(tree);
    }
}

/// A header with a token; where it is handed on, unless it is already.
fn token(
    given: &mut Given<'_>,
    label: &str,
    (claim, prefix): (&str, &str),
    name: &str,
    parts: &mut Parts,
) -> Option<&'static str> {
    let (place, path) = match claim {
        "id_token" => (&mut parts.forward.id_token, "identity.forward.idToken"),
        _ => (&mut parts.forward.access_token, "identity.forward.accessToken"),
    };
    if let Some(other) = place.as_ref() {
        let what = format!("`{name}`: the token stands in `{other}` already, and is handed on once");
        given.ledger.lost(label, what);
        return None;
    }
    if (prefix.trim() == "Bearer") != (name == "authorization") {
        let what =
            format!("`{name}`: in `authorization` the token has `Bearer` before it, and in any other header nothing");
        given.ledger.changed(label, what);
    }
    *place = Some(name.to_owned());
    parts.taken.push(fold(name));
    Some(path)
}

/// A header that no claim says by itself.
fn odd(given: &mut Given<'_>, header: &Header, name: &str) {
    let instead = match header.sources.as_slice() {
        [] => "it has no value",
        [Source::Basic] => {
            "no `Authorization: Basic` is made of a name and a password that is the same for everyone: an application takes the name from a header of `identity`, or the ID token (`identity.forward`)"
        }
        [Source::Fixed] => {
            "a text that is always the same is the gateway's to add: `headers.request.set` of a VirtualService, or `request_headers_to_add` of Envoy's route"
        }
        _ => "a header has one claim: name each in a header of its own",
    };
    let still = match carries_identity(name) {
        true => "",
        false => ". What a client sends under this name reaches the applications",
    };
    given.ledger.lost(&header.label, format!("`{name}`: {instead}{still}"));
}

/// A claim by its name, or by its path: `organization.name`.
fn claim_tree(claim: &str) -> Tree {
    match claim.contains('.') && !claim.contains(['/', ':']) {
        true => Tree::list(claim.split('.').map(Tree::from)),
        false => claim.into(),
    }
}

/// `oidc_email_claim`, or its deprecated name.
fn email_claim(given: &mut Given<'_>) -> String {
    let older = given.take_filled("user_id_claim");
    let setting = given.take_filled("oidc_email_claim");
    let is_default = setting.as_ref().is_none_or(|setting| setting.text() == "email");
    let counts = match (older, setting) {
        (Some(older), _) if is_default && older.text() != "email" => Some(older),
        (older, setting) => {
            if let Some(older) = older {
                given.ledger.carried(&older.label, "`email`, or what `oidc_email_claim` says");
            }
            setting
        }
    };
    let Some(setting) = counts else { return "email".to_owned() };
    given.carry(&setting, "identity");
    setting.text().to_owned()
}

/// `oidc_groups_claim`. Cognito's are in a claim of its own.
fn groups_claim(given: &mut Given<'_>, client: &Client) -> String {
    let setting = given.take_filled("oidc_groups_claim");
    if let Some(setting) = &setting {
        given.carry(setting, "identity.groups.claim");
    }
    let claim = setting.as_ref().map_or("groups", |setting| setting.text());
    if client.is_cognito && claim == "groups" {
        let label = setting.as_ref().map_or("oidc_groups_claim (not set)", |setting| setting.label.as_str());
        given.ledger.changed(label, "`cognito:groups`: so Cognito calls them, and oauth2-proxy saw none");
        return "cognito:groups".to_owned();
    }
    claim.to_owned()
}

/// `insecure_oidc_allow_unverified_email`.
fn unverified(given: &mut Given<'_>, email: &str) -> bool {
    let (allowed, setting) = given.switch("insecure_oidc_allow_unverified_email", false);
    let Some(setting) = setting else { return false };
    match allowed {
        true => {
            given.carry(&setting, "identity.allowUnverifiedEmail");
            given.change(&setting, "warning: whoever may write any address into an account at the provider is taken for its owner. Leave it out where the provider verifies addresses");
        }
        false => given.ledger.carried(&setting.label, "off: an unverified address is refused"),
    }
    allowed && email == "email"
}

/// Whether a rule will ask for groups.
fn needs_groups(given: &Given<'_>) -> bool {
    ["allowed_groups", "keycloak_groups", "gitlab_groups"].iter().any(|name| given.says(name))
}

/// Above `identity` in the configuration.
pub(super) const WHY: &str =
    "What applications learn. Clients cannot send these headers: theirs are removed on every path.";
const TOKENS: &str = "Whole tokens make cookies large: remove what no application reads.";
const REMOVED: &str = "Nobody sets these, and no client may: applications behind oauth2-proxy believe them by custom.";
/// The headers that oauth2-proxy is known for.
const CUSTOMARY: [&str; 10] = [
    "x-forwarded-access-token",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-user",
    "x-auth-request-access-token",
    "x-auth-request-email",
    "x-auth-request-groups",
    "x-auth-request-preferred-username",
    "x-auth-request-user",
];
