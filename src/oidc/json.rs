//! Strict JSON for everything that providers and tokens send (RFC 8259; RFC 7515 §4 and RFC 7519 §4 on duplicate names).
//!
//! Decides that a text is UTF-8 and one object, within its limits of size and depth, in which no object names a member
//! twice: two readers of a duplicate name may each see another value. What the members mean is left to the callers.

use std::{cell::Cell, error::Error, fmt};

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// How large and how deep a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Objects and arrays inside each other, the outermost counted.
    pub depth: usize,
}

impl Limits {
    /// A document of the provider's own: metadata, keys, the answers of its endpoints.
    pub const DOCUMENT: Self = Self { bytes: 256 * 1024, depth: 32 };
    /// The header of a token, which is read before anything is proved.
    pub const HEADER: Self = Self { bytes: 8 * 1024, depth: 16 };
    /// The claims of a token.
    pub const CLAIMS: Self = Self { bytes: 32 * 1024, depth: 32 };
}

/// Why a text is not the strict JSON object that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Objects and arrays are nested too deeply.
    Depth,
    /// An object names a member twice.
    Duplicate,
    /// The text is JSON, but no object.
    NotAnObject,
    /// The text is too long.
    Size,
    /// The text is not JSON, or something follows it.
    Syntax,
    /// The text is not UTF-8.
    Utf8,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Depth => "nested too deeply",
            Self::Duplicate => "a member is named twice",
            Self::NotAnObject => "not a JSON object",
            Self::Size => "too long",
            Self::Syntax => "not JSON",
            Self::Utf8 => "not UTF-8",
        })
    }
}

impl Error for JsonError {}

/// The one object that `bytes` hold.
pub fn parse_object(bytes: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(JsonError::Size);
    }
    let text = str::from_utf8(bytes).map_err(|_| JsonError::Utf8)?;
    let refusal = Cell::new(JsonError::Syntax);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value =
        Strict { depth: limits.depth, refusal: &refusal }.deserialize(&mut deserializer).map_err(|_| refusal.get())?;
    deserializer.end().map_err(|_| JsonError::Syntax)?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError::NotAnObject),
    }
}

/// Reads one value that may nest `depth` levels; `refusal` is what a failure means, since the deserializer's own error cannot carry it.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    refusal: &'a Cell<JsonError>,
}

impl Strict<'_> {
    fn refuse<E: de::Error>(&self, reason: JsonError) -> E {
        self.refusal.set(reason);
        E::custom(reason)
    }

    /// The reader of what lies one level further in.
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.refuse(JsonError::Depth)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // JSON has no NaN and no infinity, and the deserializer refuses what overflows to one.
        let number = Number::from_f64(value).ok_or_else(|| self.refuse(JsonError::Syntax));
        Ok(Value::Number(number?))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(value) = members.next_element_seed(inner)? {
            array.push(value);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(self.refuse(JsonError::Duplicate));
            }
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 100, depth: 3 };

    fn refusal(text: &str) -> JsonError {
        parse_object(text.as_bytes(), LIMITS).unwrap_err()
    }

    #[test]
    fn an_object_is_read_as_it_is() {
        let object = parse_object(br#" {"a":[1,-2,1.5,"x\u00e9",null,true,{}]} "#, LIMITS).unwrap();
        assert_eq!(Value::Object(object), serde_json::json!({"a": [1, -2, 1.5, "x\u{e9}", null, true, {}]}));
    }

    #[test]
    fn a_member_named_twice_is_refused_at_every_level() {
        assert_eq!(refusal(r#"{"a":1,"a":1}"#), JsonError::Duplicate);
        assert_eq!(refusal(r#"{"b":[{"a":1,"\u0061":2}]}"#), JsonError::Duplicate);
    }

    #[test]
    fn depth_counts_the_outermost_object() {
        assert!(parse_object(br#"{"a":[[1]]}"#, LIMITS).is_ok());
        assert_eq!(refusal(r#"{"a":[[[]]]}"#), JsonError::Depth);
        assert_eq!(refusal(&"[".repeat(100)), JsonError::Depth);
    }

    #[test]
    fn only_one_whole_object_is_accepted() {
        assert_eq!(refusal("[]"), JsonError::NotAnObject);
        assert_eq!(refusal("null"), JsonError::NotAnObject);
        assert_eq!(refusal("{} {}"), JsonError::Syntax);
        assert_eq!(refusal("{}\0"), JsonError::Syntax);
        assert_eq!(refusal("\u{feff}{}"), JsonError::Syntax);
        assert_eq!(refusal(""), JsonError::Syntax);
        assert_eq!(refusal(r#"{"a":1,}"#), JsonError::Syntax);
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for number in ["NaN", "Infinity", "1e400", "-1e400", "01", "+1", "0x1"] {
            assert_eq!(refusal(&format!(r#"{{"a":{number}}}"#)), JsonError::Syntax, "{number}");
        }
    }

    #[test]
    fn text_must_be_utf8_and_strings_whole_characters() {
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}", LIMITS), Err(JsonError::Utf8));
        assert_eq!(refusal(r#"{"a":"\ud800"}"#), JsonError::Syntax);
    }

    #[test]
    fn a_text_over_the_limit_is_not_read() {
        assert_eq!(refusal(&" ".repeat(101)), JsonError::Size);
    }
}
