//! Claims as the text of header fields.
//!
//! Decides which values can stand in a header at all, and how a list keeps its members apart.

use serde_json::Value;

/// One claim as one header value: strings in UTF-8 as they are, numbers and booleans as JSON writes them, arrays as a list.
/// An object, null, or a string with a control character gives no header.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.chars().any(char::is_control) => Some(text.trim().to_owned()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) => Some(list(&names(value), "")),
        Value::Null | Value::Object(_) | Value::String(_) => None,
    }
}

/// The names in a claim that is a list of them, or one. A name with a control character is left out: it can only be an attack.
pub(super) fn names(value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    let members = value.as_array().map_or(one, Vec::as_slice);
    let name = |member: &Value| match member {
        Value::String(name) if !name.is_empty() && !name.chars().any(char::is_control) => Some(name.clone()),
        Value::Bool(_) | Value::Number(_) => Some(member.to_string()),
        _ => None,
    };
    members.iter().filter_map(name).collect()
}

/// A list of names joined by commas. A comma, a percent sign and everything beyond printable ASCII inside a name are
/// percent-encoded, so that no name can read as two and every application decodes the same bytes.
pub(super) fn list(names: &[String], prefix: &str) -> String {
    names.iter().map(|name| encode_member(&format!("{prefix}{name}"))).collect::<Vec<_>>().join(",")
}

fn encode_member(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut encoded, byte| {
        match byte {
            b',' | b'%' | 0x7f.. => encoded.push_str(&format!("%{byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
        encoded
    })
}
