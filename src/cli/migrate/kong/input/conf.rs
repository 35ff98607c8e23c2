//! `kong.conf` and environment files, workspaces: the settings of Kong Manager and of the Dev Portal.
//!
//! Decides where the JSON of `admin_gui_auth_conf` and `portal_auth_conf` begins and ends.

use serde_json::Value;

use super::{Inputs, Kind, On, Plugin};

const NAMES: [(&str, Kind); 3] = [
    ("admin_gui_auth_conf", Kind::Manager),
    ("portal_gui_auth_conf", Kind::Portal),
    ("portal_auth_conf", Kind::Portal),
];

/// Whether a text is a kong.conf or an environment file.
pub(super) fn is_conf(text: &str) -> bool {
    text.lines().any(|line| assignment(line).is_some())
}

/// The name and the beginning of the value of a line of Kong's.
fn assignment(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let name = name.strip_prefix("kong_").unwrap_or(&name).to_owned();
    let known = ["admin_gui_", "portal", "enforce_rbac"].iter().any(|start| name.starts_with(start));
    (known && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some((name, value))
}

/// The settings of a text.
pub(super) fn read(file: &str, text: &str, inputs: &mut Inputs) {
    let mut rest = text;
    while let Some(line) = rest.lines().next() {
        let after = rest.get(line.len().saturating_add(1)..).unwrap_or_default();
        let Some((name, value)) = assignment(line) else {
            rest = after;
            continue;
        };
        rest = after;
        let Some((known, kind)) = NAMES.into_iter().find(|(known, _)| *known == name) else {
            other(file, &name, value.trim(), inputs);
            continue;
        };
        let start = text.len().saturating_sub(after.len()).saturating_sub(line.len()).saturating_sub(1);
        let whole = text.get(start..).unwrap_or_default();
        let value = whole.split_once('=').map(|(_, value)| value).unwrap_or_default();
        match object(value) {
            Some((json, consumed)) => {
                add(file, known, kind, &json, inputs);
                rest = value.get(consumed..).unwrap_or_default();
            }
            None => {
                inputs.problems.push(format!("{file}: {known} has no object behind its `=`: write `{{\"issuer\": …}}`"))
            }
        }
    }
}

/// A text between its first `{` and the `}` that closes it, and where it ends; backslashes before quotes are a shell's.
fn object(value: &str) -> Option<(String, usize)> {
    let start = value.find('{').filter(|start| value.get(..*start).is_some_and(|before| before.trim().len() <= 1))?;
    let escaped = value.get(start.saturating_add(1)..)?.trim_start().starts_with("\\\"")
        || value.get(start.saturating_add(1)..)?.trim_start().starts_with("\\\n");
    let mut depth = 0_u32;
    let (mut inside, mut before) = (false, ' ');
    for (index, letter) in value.char_indices().skip_while(|(index, _)| *index < start) {
        match letter {
            '"' if escaped || before != '\\' => inside = !inside,
            '{' if !inside => depth = depth.saturating_add(1),
            '}' if !inside => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
        if depth == 0 {
            let end = index.saturating_add(1);
            let json = value.get(start..end)?;
            let json = if escaped { json.replace("\\\"", "\"") } else { json.to_owned() };
            return Some((json.replace("\\\n", "\n"), end));
        }
    }
    None
}

fn add(file: &str, name: &str, kind: Kind, json: &str, inputs: &mut Inputs) {
    let place = format!("{file}, {name}");
    // serde_json's message would not quote the text, and neither does this.
    match serde_json::from_str::<Value>(json).ok().and_then(|value| value.as_object().cloned()) {
        Some(config) => {
            let label = if kind == Kind::Manager { "manager" } else { "portal" }.to_owned();
            inputs.plugins.push(Plugin { label, place, kind, config, on: On::Everything });
        }
        None => inputs.problems.push(format!("{place} is no JSON object: write `{{\"issuer\": …}}`")),
    }
}

/// What else is said about the two.
fn other(file: &str, name: &str, value: &str, inputs: &mut Inputs) {
    let value = value.trim_matches(['"', '\'', ' ']);
    match name {
        "admin_gui_auth" | "portal_auth" if value != "openid-connect" => {
            let what = "is not `openid-connect`, so its `auth_conf` is another plugin's: give the files of an `openid-connect` one";
            inputs.problems.push(format!("{file}: {name} {what}"));
        }
        "admin_gui_session_conf" | "portal_session_conf" => {
            inputs.others.push((name.to_owned(), "the session plugin's, which `openid-connect` did not use"));
        }
        _ => inputs.others.push((name.to_owned(), "Kong's own; it stays with Kong")),
    }
}

/// A workspace as the Admin API shows it, with the settings of its Dev Portal.
pub(super) fn read_workspace(file: &str, document: &Value, inputs: &mut Inputs) -> bool {
    let Some(conf) = document.pointer("/config/portal_auth_conf") else { return false };
    match conf.as_str() {
        Some(json) => add(file, "portal_auth_conf", Kind::Portal, json, inputs),
        None => add(file, "portal_auth_conf", Kind::Portal, &conf.to_string(), inputs),
    }
    true
}

/// The settings in a Secret or a ConfigMap, under the name of either.
pub(super) fn read_data(place: &str, key: &str, text: &str, inputs: &mut Inputs) {
    if let Some((name, kind)) = NAMES.into_iter().find(|(name, _)| *name == key) {
        add(place, name, kind, text, inputs);
    }
}

/// Whose settings a document is that has nothing around it.
pub(super) fn kind_of(file: &str, document: &Value) -> Kind {
    match document.get("admin_claim").is_some() || file.contains("admin_gui") {
        true => Kind::Manager,
        false if file.contains("portal") => Kind::Portal,
        false => Kind::Plugin,
    }
}
