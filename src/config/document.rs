//! The text of a configuration as a JSON tree.
//!
//! Decides that it is one JSON document without duplicate members, of which two readers could take a different one. What
//! the members mean is left to the readers of each block.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::read::{Report, element, member};

/// The tree of `json`; duplicate members and a broken syntax go to `report`.
pub(super) fn parse(json: &str, report: &mut Report) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let tree = Tree { path: String::new(), report: &mut *report }.deserialize(&mut deserializer);
    match tree.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Some(value),
        Err(error) => {
            let mend = "give one JSON object; `edge-oidc check` reads YAML as well and says where it breaks";
            report.problem("", format!("is not JSON ({error})"), mend);
            None
        }
    }
}

/// Reads the value at `path`.
struct Tree<'r> {
    path: String,
    report: &'r mut Report,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            let tree = Tree { path: element(&self.path, values.len()), report: &mut *self.report };
            match sequence.next_element_seed(tree)? {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = member(&self.path, &name);
            if members.contains_key(&name) {
                self.report.problem(&path, "is given twice", "keep one of the two");
            }
            let value = map.next_value_seed(Tree { path, report: &mut *self.report })?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
