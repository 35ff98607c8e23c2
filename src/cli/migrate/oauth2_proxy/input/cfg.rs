//! Configuration files in TOML.
//!
//! Decides what a value is worth. oauth2-proxy does not start with a name that it does not know, so one is a problem.

use toml::de::{DeTable, DeValue};

use super::{
    super::{names, values},
    Inputs, Layer, Setting,
};

/// Reads a file.
pub(super) fn read(file: &str, text: &str, inputs: &mut Inputs) {
    let line = |offset: usize| text.get(..offset).unwrap_or_default().lines().count().max(1);
    let at = |offset: usize| {
        // An offset at the beginning of a line is in that line.
        let before = text.get(..offset).unwrap_or_default();
        format!("{file}:{}", if before.ends_with('\n') { line(offset).saturating_add(1) } else { line(offset) })
    };
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let place = error.span().map_or_else(|| file.to_owned(), |span| at(span.start));
            // The line itself is not shown: it may hold a secret.
            inputs.unread.push(format!(
                "{place} is neither TOML, as oauth2-proxy's configuration files are, nor an env file nor YAML: {}",
                error.message()
            ));
            return;
        }
    };
    let mut members: Vec<_> = table.get_ref().iter().collect();
    members.sort_by_key(|(name, _)| name.span().start);
    for (name, value) in members {
        let place = at(name.span().start);
        let name = name.get_ref().as_ref();
        let Some(known) = names::by_name(name) else {
            inputs.problems.push(unknown(name, &place));
            continue;
        };
        match of(value.get_ref(), known.kind) {
            Some(values) => inputs.add(Setting::new(known.name, values, name, &place, Layer::File)),
            None => inputs.problems.push(format!("{name} ({place}) is no value of a setting: write a text, a number, `true` or `false`, or a list of texts")),
        }
    }
}

/// What is said of a name that is none.
pub(super) fn unknown(name: &str, place: &str) -> String {
    let meant = names::meant(name).map(|known| format!(": write `{}`", known.name));
    let meant = meant.unwrap_or_else(|| ": look for a typing error, or take the line out".to_owned());
    format!("{name} ({place}) is no setting of oauth2-proxy 7, which does not start with it{meant}")
}

fn of(value: &DeValue<'_>, kind: names::Kind) -> Option<Vec<String>> {
    match value {
        DeValue::Array(elements) => elements.iter().map(|element| scalar(element.get_ref())).collect(),
        value => {
            let text = scalar(value)?;
            Some(if kind == names::Kind::List { values::list(&text) } else { vec![text] })
        }
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(format!("{}s", number.as_str())),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Array(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}
