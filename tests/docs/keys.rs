//! `docs/configuration.md`, `docs/routes.md` and `src/config`: the same keys, and the defaults and bounds that they say.
//!
//! The keys come out of the parser itself: an object with a name that cannot be is answered with the names that can.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use edge_oidc::config::{Config, Environment, Problems};
use serde_json::{Value, json};

use crate::{
    configurations::{shown, whole},
    corpus::{document, documents, span},
};

/// Far from every name.
const PROBE: &str = "zzzzzzzzzzzzzzzzzzzzzzzz";

struct Variables;

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "SESSION_KEY" => "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c",
            _ => "f3kQ0nX7bPkZwOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1m",
        };
        Some(value.to_owned())
    }
}

/// The documents with tables of keys.
const DOCUMENTS: [&str; 2] = ["docs/configuration.md", "docs/routes.md"];

/// Those with examples of them.
const EXAMPLES: [&str; 4] = ["docs/configuration.md", "docs/programs.md", "docs/providers.md", "docs/routes.md"];

/// Places that are written like others, as their rows say: what is inside stands at the other one.
const LIKE: [(&str, &str); 6] = [
    ("providers[].bearer[].identity", "providers[].identity"),
    ("routes[].forward", "identity.forward"),
    ("routes[].match.not", "routes[].match"),
    ("routes[].require.all[]", "routes[].require"),
    ("routes[].require.any[]", "routes[].require"),
    ("routes[].require.not", "routes[].require"),
];

/// A configuration in which every block is there, so that any one key can be set or taken away.
fn full() -> Value {
    let mut tree = whole(json!({
        "afterSignIn": { "url": "/welcome" },
        "identity": {
            "userId": {
                "claim": "email", "header": "x-user", "transforms": [{ "matches": "^a$", "replaces": "b" }],
            },
            "authMethod": { "header": "x-method" },
            "groups": { "claim": "groups", "header": "x-groups" },
            "headers": [{ "header": "x-name", "claim": "name" }],
            "forward": { "idToken": { "header": "x-id-token" }, "accessToken": { "header": "x-access-token" } },
        },
        "externalAuthorization": { "url": "https://authz.example.com/check" },
        "routes": [{
            "match": { "path": { "prefix": "/x" } },
            "action": "authenticate",
            "require": { "claims": [{ "claim": "a", "exists": true }], "groups": { "any": ["a"] } },
        }],
    }));
    tree["providers"][0]["clientSecret"] = json!({ "env": "SECRET" });
    tree["providers"][0]["clientAuthentication"] = json!("client_secret_basic");
    tree["providers"][0]["bearer"] = json!([{ "kind": "access_token", "clientIds": ["a"] }]);
    tree["providers"][0]["signInParameters"] = json!([{ "name": "lang" }]);
    tree
}

/// The same, with the kind of bearer token that has `key`.
fn full_for(key: &str) -> Value {
    let mut tree = full();
    let entry = match key {
        "providers[].bearer[].cache" => json!({ "kind": "introspection", "audiences": ["a"] }),
        "providers[].bearer[].types" => json!({ "kind": "access_token", "audiences": ["a"] }),
        _ => return tree,
    };
    tree["providers"][0]["issuer"] = json!("https://idp.example.com");
    tree["providers"][0]["bearer"][0] = entry;
    tree
}

fn read(tree: &Value) -> Result<Config, Problems> {
    Config::read(tree, &Variables)
}

/// The steps of `providers[].clientSecret.env`; each `[]` is the first element.
fn steps(key: &str) -> Vec<&str> {
    key.split('.')
        .flat_map(|part| [part.trim_end_matches("[]")].into_iter().chain(part.ends_with("[]").then_some("[]")))
        .collect()
}

/// `tree` with `value` at `key`; what is in the way is replaced.
fn set(tree: &mut Value, key: &str, value: Value) {
    let mut place = tree;
    for step in steps(key) {
        if step == "[]" {
            if place.as_array().is_none_or(Vec::is_empty) {
                *place = json!([null]);
            }
            place = &mut place[0];
        } else {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[step];
        }
    }
    *place = value;
}

/// `tree` without `key`.
fn removed(mut tree: Value, key: &str) -> Value {
    let (parent, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut place = &mut tree;
    for step in steps(parent).into_iter().filter(|step| !step.is_empty()) {
        place = if step == "[]" { &mut place[0] } else { &mut place[step] };
    }
    if let Some(parent) = place.as_object_mut() {
        parent.remove(last);
    }
    tree
}

/// What the parser knows in the object at `key`; `None` if there is no object with names of its own.
fn known(key: &str) -> Option<Vec<String>> {
    let mut tree = full();
    let inside = if key.is_empty() { PROBE.to_owned() } else { format!("{key}.{PROBE}") };
    set(&mut tree, &inside, json!(1));
    let problems = read(&tree).err()?;
    let path = inside.replace("[]", "[0]");
    let problem = problems.iter().find(|problem| problem.path == path && problem.what == "is not a known name")?;
    Some(problem.mend.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Every key that the parser knows, found by asking it again and again.
fn all_known() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![String::new()];
    while let Some(object) = open.pop() {
        for name in known(&object).unwrap_or_default() {
            let key = if object.is_empty() { name } else { format!("{object}.{name}") };
            let inner = [key.clone(), format!("{key}[]")].into_iter().filter(|inner| !is_like_another(inner));
            open.extend(inner.filter(|inner| known(inner).is_some()));
            assert!(found.insert(key.clone()), "{key} was found twice");
        }
    }
    found
}

fn is_like_another(key: &str) -> bool {
    LIKE.iter().any(|(one, _)| *one == key)
}

/// Key → default and bounds, as the documents' tables say.
fn documented() -> BTreeMap<String, (String, String)> {
    let mut keys = BTreeMap::new();
    for row in DOCUMENTS.iter().flat_map(|name| document(name).rows("Key")) {
        let [key, _, default, bounds, meaning] = row.as_slice() else { panic!("{row:?} has not five cells") };
        let key = span(key).unwrap_or_else(|| panic!("{key} is no key")).to_owned();
        assert!(!meaning.is_empty(), "{key} has no meaning");
        assert!(keys.insert(key.clone(), (default.clone(), bounds.clone())).is_none(), "{key} stands there twice");
    }
    keys
}

#[test]
fn the_parser_names_its_keys() {
    let known = all_known();
    for key in
        ["providers[].endpoints.jwks", "session.keys[].env", "session.cookie.domain", "routes[].match.path.exact"]
    {
        assert!(known.contains(key), "{key} in {known:?}");
    }
}

#[test]
fn the_document_has_every_key_and_no_other() {
    let documented: BTreeSet<String> = documented().into_keys().collect();
    let known = all_known();
    let missing: Vec<_> = known.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&known).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not documented: {missing:?}; not known: {invented:?}");
}

#[test]
fn what_is_written_like_something_else_has_its_names() {
    for (one, other) in LIKE {
        let names = |key: &str| known(key).unwrap_or_else(|| panic!("{key} is no object")).into_iter();
        let same: BTreeSet<_> = names(other).filter(|name| one != "routes[].match.not" || name != "not").collect();
        assert_eq!(names(one).collect::<BTreeSet<_>>(), same, "{one} and {other}");
    }
}

#[test]
fn a_key_that_is_called_required_is() {
    for (key, (default, bounds)) in documented() {
        let refused = read(&removed(full(), &key)).err();
        let missing = refused.iter().flatten().any(|problem| problem.path == key.replace("[]", "[0]"));
        if default == "required" {
            assert!(missing, "{key} is not required");
        } else {
            // What must say something, and what is left then says nothing, is refused one step above.
            assert!(!missing || bounds.starts_with("needed for"), "{key} is required");
        }
    }
}

#[test]
fn every_default_is_what_happens_without_the_key() {
    let mut tried = 0;
    for (key, (default, _)) in documented() {
        let Some(default) = span(&default) else { continue };
        let value: Value = serde_saphyr::from_str(default).unwrap();
        let mut with = full_for(&key);
        set(&mut with, &key, value);
        let without = read(&removed(with.clone(), &key)).unwrap_or_else(|problems| panic!("{key}: {problems}"));
        let with = read(&with).unwrap_or_else(|problems| panic!("{key}: {problems}"));
        assert_eq!(format!("{with:?}"), format!("{without:?}"), "the default of {key}");
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn durations_are_taken_up_to_their_bounds_and_no_further() {
    let mut tried = 0;
    for (key, (_, bounds)) in documented() {
        let Some((low, high)) = bounds.split_once(" to ").and_then(|(low, high)| Some((span(low)?, span(high)?)))
        else {
            continue;
        };
        let takes = |duration: Duration| {
            let mut tree = full_for(&key);
            set(&mut tree, &key, json!(format!("{}s", duration.as_secs())));
            read(&tree).is_ok()
        };
        let (low, high, second) = (seconds(low), seconds(high), Duration::from_secs(1));
        assert!(takes(low) && takes(high), "{key} refuses its bounds");
        assert!(!takes(high + second) && (low.is_zero() || !takes(low - second)), "{key} goes beyond its bounds");
        tried += 1;
    }
    assert!(tried >= 6, "{tried}");
}

/// Members of other things than our configuration that documents write as `name: value`.
const OTHERS: [&str; 9] = ["Authorization", "Connection", "RBAC", "mode", "phase", "prompt", "route", "tls", "typ"];

#[test]
fn settings_that_are_named_in_a_sentence_exist() {
    let known: BTreeSet<String> =
        all_known().iter().filter_map(|key| Some(key.rsplit('.').next()?.to_owned())).collect();
    let mut unknown = BTreeSet::new();
    for document in documents() {
        for text in document.spans() {
            let Some((name, _)) = text.trim_start_matches("{ ").split_once(": ") else { continue };
            let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if plain && !known.contains(name) && !OTHERS.contains(&name) {
                unknown.insert(format!("{}: {text}", document.name));
            }
        }
    }
    assert_eq!(unknown, BTreeSet::new());
}

#[test]
fn every_key_has_an_example() {
    let mut used = BTreeSet::new();
    for fence in EXAMPLES.iter().flat_map(|name| document(name).fences()) {
        if let Some(tree) = shown(&fence) {
            names(&tree, "", &mut used);
        }
    }
    let unused: Vec<_> = documented().into_keys().filter(|key| !used.contains(key)).collect();
    assert_eq!(unused, Vec::<String>::new());
}

fn names(tree: &Value, key: &str, used: &mut BTreeSet<String>) {
    match tree {
        Value::Object(members) => {
            for (name, value) in members {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                used.insert(key.clone());
                names(value, &key, used);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, &format!("{key}[]"), used)),
        _ => {}
    }
}

fn seconds(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => panic!("{text} is no duration"),
    };
    Duration::from_secs(number.parse::<u64>().unwrap() * factor)
}
