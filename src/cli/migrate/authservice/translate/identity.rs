//! User ids and groups.
//!
//! Decides which claim becomes which header. What a rule for user ids means is decided in `identity`.

use serde_json::Value;

use super::{
    super::{super::yaml::Tree, dialect::Dialect, go, input::Setting},
    Given,
    provider::Client,
};
use crate::identity::headers::fold;

/// `identity`.
pub(super) fn translate(given: &mut Given<'_>, client: &Client) -> Tree {
    let mut removed = Vec::new();
    let user_id = user_id(given, client, &mut removed);
    let groups = groups(given, client, &mut removed);
    let forward = forward(given);
    let method = if user_id.is_some() { method(given, &mut removed) } else { None };
    let identity = Tree::map()
        .with_some("userId", user_id)
        .with_some("groups", groups)
        .with_some("authMethod", method)
        .with_some("forward", forward);
    let removed = only_removed(given, &identity, removed);
    if removed.is_empty() {
        return identity;
    }
    identity.explained(REMOVED, "remove", Tree::list(removed))
}

/// A header that applications may believe, and the setting because of which nobody sets it.
struct Removed {
    header: String,
    because: Setting,
}

/// The headers that are only removed: what is set is removed anyway.
fn only_removed(given: &mut Given<'_>, identity: &Tree, removed: Vec<Removed>) -> Vec<Tree> {
    let mut taken = Vec::new();
    headers_in(&identity.to_value(), &mut taken);
    let mut trees = Vec::new();
    for Removed { header, because } in removed {
        let folded = fold(&header);
        if !taken.contains(&folded) {
            given.ledger.source(&format!("identity.remove[{}]", trees.len()), &because.origin());
            trees.push(header.into());
            taken.push(folded);
        }
    }
    trees
}

/// Every `header` at any depth, folded.
fn headers_in(tree: &Value, headers: &mut Vec<String>) {
    for (name, value) in tree.as_object().into_iter().flatten() {
        match value.as_str().filter(|_| name == "header") {
            Some(header) => headers.push(fold(header)),
            None => headers_in(value, headers),
        }
    }
}

fn user_id(given: &mut Given<'_>, client: &Client, removed: &mut Vec<Removed>) -> Option<Tree> {
    let claim = claim(given, client);
    let prefix = given.take("USERID_PREFIX");
    let transforms = transforms(given);
    let header = given.take("USERID_HEADER");
    let name = match &header {
        Some(setting) if setting.value.is_empty() => {
            let what = "empty: applications get no user id, as with authservice. `identity.remove` takes away the \
                        `kubeflow-userid` that clients send; name the header there if applications believe another (F-1)";
            given.ledger.changed("USERID_HEADER", what);
            removed.push(Removed { header: KUBEFLOW_USERID.to_owned(), because: setting.clone() });
            return None;
        }
        Some(setting) => {
            given.carry(setting, "identity.userId.header");
            setting.value.clone()
        }
        None if given.dialect == Dialect::Parameters => {
            given.ledger.source("identity.userId.header", "userid-header (not set)");
            let what = "`kubeflow-userid`: `userid-header` was for the installer to fill in, and this is what it wrote. \
                        `--user-id-header` says otherwise";
            given.ledger.changed("USERID_HEADER", what);
            KUBEFLOW_USERID.to_owned()
        }
        None => {
            given.defaulted("USERID_HEADER", "identity.userId.header: kubeflow-userid");
            KUBEFLOW_USERID.to_owned()
        }
    };
    given.ledger.changed("user ids", CASE);
    let mut user_id = Tree::map().with("claim", claim).with("header", name).with_some("transforms", transforms);
    if let Some(setting) = prefix {
        given.carry(&setting, "identity.userId.prefix");
        if !setting.value.is_empty() {
            user_id = user_id.with("prefix", setting.value);
        }
    }
    Some(user_id)
}

/// `USERID_CLAIM`. Cognito's ID token says otherwise what its UserInfo calls `username`.
fn claim(given: &mut Given<'_>, client: &Client) -> String {
    let Some(setting) = given.take("USERID_CLAIM") else {
        given.defaulted("USERID_CLAIM", "identity.userId.claim: email");
        return "email".to_owned();
    };
    given.carry(&setting, "identity.userId.claim");
    if client.is_cognito && setting.value == "username" {
        given
            .ledger
            .changed("USERID_CLAIM", "`cognito:username`: so the ID token calls what UserInfo calls `username`");
        return "cognito:username".to_owned();
    }
    setting.value
}

/// `USERID_TRANSFORMERS`, as far as its JSON goes.
fn transforms(given: &mut Given<'_>) -> Option<Tree> {
    let setting = given.take("USERID_TRANSFORMERS")?;
    let read: Result<Value, _> = serde_json::from_str(&setting.value);
    let rules = match read {
        Ok(Value::Null) => Vec::new(),
        Ok(Value::Array(rules)) => rules,
        Ok(_) | Err(_) => {
            let mend = "write `[{\"matches\": \"...\", \"replaces\": \"...\"}]`, or leave it out: authservice does not \
                        start with anything else, nor with an empty \
                        one";
            given.refuse(&setting, "is no JSON array", mend);
            return None;
        }
    };
    let mut trees = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        match (rule.get("matches").and_then(Value::as_str), rule.get("replaces").and_then(Value::as_str)) {
            (Some(matches), Some(replaces)) => {
                trees.push(Tree::members([("matches", matches.into()), ("replaces", replaces.into())]))
            }
            _ => {
                let what = format!("has an element that is no rule, number {}", index.saturating_add(1));
                let mend = "write both `matches` and `replaces`, as texts: authservice does not start without them";
                given.refuse(&setting, &what, mend);
            }
        }
    }
    if trees.is_empty() {
        given.ledger.carried("USERID_TRANSFORMERS", "no rules");
        return None;
    }
    given.carry(&setting, "identity.userId.transforms");
    Some(Tree::list(trees))
}

fn groups(given: &mut Given<'_>, client: &Client, removed: &mut Vec<Removed>) -> Option<Tree> {
    let claim = given.take("GROUPS_CLAIM");
    let header = given.take("GROUPS_HEADER");
    if let Some(setting) = claim.as_ref().filter(|setting| setting.value.is_empty()) {
        let named = header.filter(|header| !header.value.is_empty());
        let name = named.as_ref().map_or(KUBEFLOW_GROUPS, |header| header.value.as_str()).to_owned();
        let what = format!("empty: no groups. `identity.remove` takes away the `{name}` that clients send");
        given.ledger.carried(&setting.name, what);
        removed.push(Removed { header: name, because: named.unwrap_or_else(|| setting.clone()) });
        return None;
    }
    let needed = given.needs_groups();
    let header = match header {
        Some(setting) if setting.value.is_empty() && !needed => {
            let what = "empty: no groups for applications, as with authservice. `identity.remove` takes away the \
                        `kubeflow-groups` that clients send; name the header there if applications believe another (F-1)";
            given.ledger.changed("GROUPS_HEADER", what);
            removed.push(Removed { header: KUBEFLOW_GROUPS.to_owned(), because: setting });
            return None;
        }
        Some(setting) if setting.value.is_empty() => {
            given.ledger.source("identity.groups.header", &setting.origin());
            given.ledger.changed(
                "GROUPS_HEADER",
                "`kubeflow-groups`: GROUPS_ALLOWLIST asks for groups, and they have a header here",
            );
            KUBEFLOW_GROUPS.to_owned()
        }
        Some(setting) => {
            given.carry(&setting, "identity.groups.header");
            setting.value
        }
        None => {
            given.ledger.source("identity.groups.header", "GROUPS_HEADER (not set)");
            KUBEFLOW_GROUPS.to_owned()
        }
    };
    let claim = groups_claim(given, client, claim);
    let before = match given.dialect {
        Dialect::LoadBalancer => "Nothing set it before",
        Dialect::First | Dialect::Parameters => "authservice had no groups",
        Dialect::Last | Dialect::Middle => "Kubeflow's own filter dropped it, and let what clients sent go on",
    };
    let what = format!(
        "`{header}` reaches the applications, as `identity.groups` says. {before}. Commas inside a name become `%2C`, and \
         one text counts as one group (F-1, F-11, \
         F-12)"
    );
    given.ledger.changed("groups", what);
    Some(Tree::map().with("claim", claim).with("header", header))
}

/// `GROUPS_CLAIM`. Cognito's are in its tokens alone, where authservice never looked.
fn groups_claim(given: &mut Given<'_>, client: &Client, setting: Option<Setting>) -> String {
    let before = setting.as_ref().map_or("groups", |setting| setting.value.as_str()).to_owned();
    if let Some(setting) = &setting {
        given.carry(setting, "identity.groups.claim");
    }
    if client.is_cognito && before == "groups" {
        if given.dialect != Dialect::LoadBalancer {
            let what =
                "`cognito:groups`, from the ID token: UserInfo has none, so authservice never saw a group of Cognito's";
            given.ledger.changed("GROUPS_CLAIM", what);
        }
        return "cognito:groups".to_owned();
    }
    before
}

/// `USERID_TOKEN_HEADER`: the first release handed the ID token on.
fn forward(given: &mut Given<'_>) -> Option<Tree> {
    let setting = given.take("USERID_TOKEN_HEADER")?;
    if given.dialect != Dialect::First && given.dialect != Dialect::Parameters {
        let instead = "read and used nowhere. `identity.forward.idToken: { header: ... }` hands the ID token on";
        given.ledger.lost("USERID_TOKEN_HEADER", instead);
        return None;
    }
    if setting.value.is_empty() {
        given.ledger.carried("USERID_TOKEN_HEADER", "empty: no token goes on");
        return None;
    }
    given.carry(&setting, "identity.forward.idToken.header");
    Some(Tree::map().with("idToken", Tree::map().with("header", setting.value)))
}

/// `AUTH_METHOD_HEADER`.
fn method(given: &mut Given<'_>, removed: &mut Vec<Removed>) -> Option<Tree> {
    if given.dialect != Dialect::Last {
        return None;
    }
    let Some(setting) = given.take("AUTH_METHOD_HEADER") else {
        given.defaulted("AUTH_METHOD_HEADER", "identity.authMethod.header: auth-method");
        return Some(Tree::map().with("header", "auth-method"));
    };
    if setting.value.is_empty() {
        let what = "empty: no header says how somebody signed in. `identity.remove` takes away the `auth-method` that clients send";
        given.ledger.carried(&setting.name, what);
        removed.push(Removed { header: "auth-method".to_owned(), because: setting });
        return None;
    }
    given.carry(&setting, "identity.authMethod.header");
    Some(Tree::map().with("header", setting.value))
}

impl Given<'_> {
    /// Whether a rule will ask for groups.
    fn needs_groups(&mut self) -> bool {
        let list = self.take("GROUPS_ALLOWLIST");
        list.is_some_and(|setting| {
            let elements = go::raw_list(&setting.value);
            !elements.iter().any(|element| element.trim() == "*")
                && elements.iter().any(|element| !element.trim().is_empty())
        })
    }
}

/// Above `identity` in the configuration.
pub(super) const WHY: &str =
    "What applications learn. Clients cannot send these headers: theirs are removed on every path.";
const REMOVED: &str = "Nobody sets these, and no client may.";
const CASE: &str = "upper and lower case are left alone, as before. Kubeflow compares user ids to the letter: `lowercase: \
                    true` in `identity.userId` ends that trouble where namespaces belong to names in lower case \
                    (F-13)";
const KUBEFLOW_USERID: &str = "kubeflow-userid";
const KUBEFLOW_GROUPS: &str = "kubeflow-groups";
