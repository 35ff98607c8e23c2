//! Who passes where a plugin stands.
//!
//! Decides what a rule asks for: Kong's `*_required`, its ACL plugin, its consumers.

use serde_json::Value;

use super::{
    super::{
        super::{terms, yaml::Tree},
        input::Inputs,
    },
    consumers::Consumers,
    given::Given,
    identity,
};

/// What a rule says beside its match, for the plugin at hand and the ACL plugin that stands there.
pub(super) fn rule(
    given: &mut Given<'_>,
    inputs: &Inputs,
    acl: Option<&Value>,
    (methods, has_bearer): (&[String], bool),
) -> Tree {
    let signs_in = methods.iter().any(|method| method == "authorization_code");
    let mut rule = Tree::map().with("action", "authenticate");
    if !signs_in {
        rule = rule.with("unauthenticated", "challenge");
    }
    let sign_in = max_age(given);
    let require = require(given, inputs, acl);
    if given.is_set("anonymous") {
        match require.is_empty() && sign_in.is_none() {
            true => {
                given.changed("anonymous", "`unauthenticated: pass`: without any identity header, and without `X-Anonymous-Consumer`. A bad token is refused all the same");
                rule = Tree::map().with("action", "authenticate").with("unauthenticated", "pass");
            }
            false => given.refuse("anonymous", "lets everybody pass, beside settings that say who may: remove one of them, or give the open paths a route of their own"),
        }
    }
    // Kong looks at a session only where it is among the methods, or where people sign in.
    let has_session = signs_in || methods.iter().any(|method| method == "session");
    match (has_session, has_bearer) {
        (true, true) | (false, false) => {}
        (true, false) => rule = rule.with("credentials", Tree::list(["session".into()])),
        (false, true) => rule = rule.with("credentials", Tree::list(["bearer".into()])),
    }
    rule = rule.with_some("signIn", sign_in);
    if require.is_empty() { rule } else { rule.with("require", require) }
}

/// All that must be met.
fn require(given: &mut Given<'_>, inputs: &Inputs, acl: Option<&Value>) -> Tree {
    let consumers = Consumers::read(given);
    let is_of_consumers = consumers.claims.is_some() && !consumers.is_optional;
    let by_authenticated =
        acl.is_some_and(|acl| acl.get("always_use_authenticated_groups") == Some(&Value::Bool(true)));
    let (allow, deny) = acl.map(lists).unwrap_or_default();
    let of_consumers = acl.is_some() && is_of_consumers && !by_authenticated;
    let mut parts: Vec<Tree> = Vec::new();
    if of_consumers && !deny.is_empty() {
        given
            .ledger
            .refused("acl: `deny` is about the groups of consumers: write `allow` with the groups that may pass");
    }
    let allowed = Some(allow.as_slice()).filter(|allow| of_consumers && !allow.is_empty());
    parts.extend(consumers.require(given, inputs, allowed));
    if acl.is_some() {
        match of_consumers {
            true => given.ledger.carried("acl: allow", "the consumers of these groups, by name, in `require`"),
            false => parts.extend(authenticated(given, &allow, &deny)),
        }
    }
    parts.extend(scopes(given));
    parts.extend(membership(given, "groups_required", "groups_claim"));
    parts.extend(membership(given, "roles_required", "roles_claim"));
    parts.extend(forbidden(given));
    parts.extend(domains(given));
    parts.extend(consumer_groups(given, inputs));
    match parts.as_slice() {
        [] => Tree::map(),
        [one] => one.clone(),
        _ => Tree::map().with("all", Tree::list(parts)),
    }
}

/// `allow` and `deny` of an ACL plugin, under their older names, too.
fn lists(acl: &Value) -> (Vec<String>, Vec<String>) {
    let list = |names: [&str; 2]| {
        let texts = names.iter().filter_map(|name| acl.get(*name)?.as_array()).flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    (list(["allow", "whitelist"]), list(["deny", "blacklist"]))
}

/// An ACL plugin that goes by `authenticated_groups_claim`.
fn authenticated(given: &mut Given<'_>, allow: &[String], deny: &[String]) -> Option<Tree> {
    if !given.is_set("authenticated_groups_claim") {
        given.refuse(
            "authenticated_groups_claim",
            "is not there, and an acl plugin asks for groups: write the claim that has them, such as `[groups]` (Cognito: `[cognito:groups]`)",
        );
        return None;
    }
    let list = |names: &[String]| Tree::list(names.iter().map(|name| name.as_str().into()));
    if allow.iter().chain(deny).any(|name| name.contains('*')) {
        given
            .ledger
            .refused("acl: a group's name has a `*`, which stands for any run of characters here: rename the group");
    }
    let mut groups = Tree::map();
    if !allow.is_empty() {
        groups = groups.with("any", list(allow));
        given.ledger.carried("acl: allow", "`require.groups.any`");
    }
    if !deny.is_empty() {
        groups = groups.with("none", list(deny));
        given.ledger.carried("acl: deny", "`require.groups.none`");
    }
    (!groups.is_empty()).then(|| Tree::map().with("groups", groups))
}

/// `scopes_required`: entries of which one must be met, each with spaces between scopes of which all must.
fn scopes(given: &mut Given<'_>) -> Option<Tree> {
    let entries = given.list("scopes_required");
    if entries.is_empty() {
        return None;
    }
    let claim = given.list_or_default("scopes_claim");
    let is_usual = matches!(claim.as_slice(), [name] if name == "scope" || name == "scp");
    if !is_usual {
        return membership(given, "scopes_required", "scopes_claim");
    }
    if given.is_set("scopes_claim") {
        given.carried("scopes_claim", "`scope`, or else `scp`");
    }
    given.source("routes", "scopes_required");
    given.changed(
        "scopes_required",
        "`require.scopes`: what the provider granted at the sign-in, or to a program's token",
    );
    let words = |entry: &String| Tree::list(entry.split_whitespace().map(Tree::from));
    any(entries.iter().map(|entry| Tree::map().with("scopes", words(entry))).collect())
}

/// `groups_required` and the like, as tests of a claim.
fn membership(given: &mut Given<'_>, required: &str, claim: &str) -> Option<Tree> {
    let entries = given.list(required);
    if entries.is_empty() {
        return None;
    }
    let path = given.list_or_default(claim);
    given.source("routes", required);
    if given.is_set(claim) {
        given.carried(claim, "`require`");
    }
    given.changed(
        required,
        "`require`, of the ID token of a sign-in, or of a program's access token; Kong looked into the access token of either. Names with \
         spaces between them inside one text are one name here",
    );
    let has_header = path == given.list("authenticated_groups_claim");
    let plain = entries.iter().all(|entry| !entry.contains([' ', '*']));
    if has_header && plain {
        let names = Tree::list(entries.iter().map(|entry| entry.as_str().into()));
        return Some(Tree::map().with("groups", Tree::map().with("any", names)));
    }
    let test = |name: &str| Tree::map().with("claim", identity::claim(&path)).with("contains", name);
    let all = |entry: &String| Tree::map().with("claims", Tree::list(entry.split_whitespace().map(test)));
    any(entries.iter().map(all).collect())
}

fn any(choices: Vec<Tree>) -> Option<Tree> {
    match choices.as_slice() {
        [one] => Some(one.clone()),
        _ => Some(Tree::map().with("any", Tree::list(choices))),
    }
}

/// `claims_forbidden`.
fn forbidden(given: &mut Given<'_>) -> Option<Tree> {
    let names = given.list("claims_forbidden");
    if names.is_empty() {
        return None;
    }
    given.source("routes", "claims_forbidden");
    given.carried("claims_forbidden", "`require`: none of these claims is there");
    let test = |name: &String| Tree::map().with("claim", name.as_str()).with("exists", false);
    Some(Tree::map().with("claims", Tree::list(names.iter().map(test))))
}

/// `domains`: Google's `hd`.
fn domains(given: &mut Given<'_>) -> Option<Tree> {
    let names = given.list("domains");
    if names.is_empty() {
        return None;
    }
    given.source("routes", "domains");
    given.carried("domains", "`require`: the claim `hd` is one of these");
    let test = Tree::map().with("claim", "hd").with("oneOf", Tree::list(names.iter().map(|name| name.as_str().into())));
    Some(Tree::map().with("claims", Tree::list([test])))
}

/// `consumer_groups_claim`, where only known groups pass.
fn consumer_groups(given: &mut Given<'_>, inputs: &Inputs) -> Option<Tree> {
    let path = given.list("consumer_groups_claim");
    if path.is_empty() {
        return None;
    }
    if given.boolean("consumer_groups_optional") {
        given.carried("consumer_groups_optional", "nobody needs one of the groups");
        return None;
    }
    let names = &inputs.declared.consumer_groups;
    if names.is_empty() {
        given.refuse(
            "consumer_groups_claim",
            "lets in only members of groups that Kong knows, and no file has any: add the file with `consumer_groups`, or write \
             `consumer_groups_optional: true` if nobody needs one",
        );
        return None;
    }
    given.carried("consumer_groups_optional (not set)", "`require`: one of the consumer groups of the files");
    let test = |name: &String| {
        let test = Tree::map().with("claim", identity::claim(&path)).with("contains", name.as_str());
        Tree::map().with("claims", Tree::list([test]))
    };
    any(names.iter().map(test).collect())
}

/// `max_age`.
fn max_age(given: &mut Given<'_>) -> Option<Tree> {
    let seconds = given.number("max_age").filter(|seconds| *seconds > 0)?;
    given.carry("max_age", "routes");
    let held = seconds.clamp(60, 30 * 86_400);
    if held != seconds {
        given.changed("max_age", "`signIn.maxAge`: from a minute to 30 days");
    }
    Some(Tree::map().with("maxAge", terms::duration(held)))
}
