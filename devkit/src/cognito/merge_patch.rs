//! Decides how a JSON merge patch (RFC 7396) changes a value: `null` takes a member out, which returns it to its default.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The value after the patch; an error if it is none of its type any more.
pub(super) fn patched<T: DeserializeOwned + Serialize>(value: &T, patch: &Value) -> serde_json::Result<T> {
    let mut value = serde_json::to_value(value)?;
    merge(&mut value, patch);
    serde_json::from_value(value)
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}
