//! The settings of one plugin, and the account of what became of each.
//!
//! Decides how Kong reads a value: a list may be one text, `{}` is an empty list, and null means that there is none, not even the
//! default.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{
    Choices,
    fields::{self, Fate},
    input::{Kind, Plugin},
    ledger::Ledger,
};

/// A migration under way, at one plugin.
pub(in crate::cli::migrate::kong) struct Given<'a> {
    /// What was chosen on the command line.
    pub(super) choices: &'a Choices,
    /// What becomes of everything.
    pub(super) ledger: Ledger,
    /// The plugin.
    pub(super) plugin: Plugin,
    /// Whether there are several.
    pub(super) several: bool,
    said: BTreeSet<(String, String)>,
    unknown: Vec<String>,
}

impl<'a> Given<'a> {
    /// At this plugin.
    pub(super) fn new(choices: &'a Choices, plugin: Plugin, several: bool) -> Self {
        Self { choices, ledger: Ledger::default(), plugin, several, said: BTreeSet::new(), unknown: Vec::new() }
    }

    /// A value that is written, even if it is null.
    pub(super) fn written(&self, name: &str) -> Option<&Value> {
        self.plugin.config.get(name)
    }

    /// Whether a setting says something: not null, not an empty list or text.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.written(name).is_some_and(|value| !is_empty(value))
    }

    /// A text; an empty one is none.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.list(name).into_iter().next()
    }

    /// A list of texts. What stands in a vault is refused: it is needed now.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.written(name).filter(|value| !is_empty(value)).cloned() else { return Vec::new() };
        let Some(texts) = texts(&value).filter(|texts| !texts.is_empty()) else {
            self.refuse(name, "is no list of texts: write it as `[\"…\"]`");
            return Vec::new();
        };
        if texts.iter().any(|text| is_reference(text)) && !SECRET.contains(&name) {
            let mend = match name {
                "issuer" => "give `--issuer URL`, or write it out",
                "client_id" => "give `--client-id ID`, or write it out",
                _ => "write it out",
            };
            let why = format!("stands in a vault or in the environment, where it cannot be read from here: {mend}");
            self.refuse(name, &why);
            return Vec::new();
        }
        texts
    }

    /// A list, or Kong's default of it where nothing is written.
    pub(super) fn list_or_default(&mut self, name: &str) -> Vec<String> {
        match self.written(name) {
            Some(_) => self.list(name),
            None => fields::find(name).and_then(|field| texts(&field.default)).unwrap_or_default(),
        }
    }

    /// A boolean; Kong's default where nothing is written.
    pub(super) fn boolean(&mut self, name: &str) -> bool {
        let default = || fields::find(name).and_then(|field| field.default.as_bool()).unwrap_or_default();
        match self.written(name).cloned() {
            None | Some(Value::Null) => default(),
            Some(Value::Bool(value)) => value,
            Some(_) => {
                self.refuse(name, "is neither true nor false: write one of them, without quotes");
                default()
            }
        }
    }

    /// A number that is written.
    pub(super) fn number(&mut self, name: &str) -> Option<i64> {
        let value = self.written(name).filter(|value| !value.is_null()).cloned()?;
        let number = value
            .as_i64()
            .or_else(|| value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64));
        if number.is_none_or(|number| number < 0) {
            self.refuse(name, "is no whole number of 0 or more: write one, without quotes");
            return None;
        }
        number
    }

    /// What people call a setting in the tables.
    pub(super) fn label(&self, name: &str) -> String {
        let name = match (self.plugin.kind, name) {
            (Kind::Konnect, "issuer") => "issuer_url",
            _ => name,
        };
        match self.several {
            true => format!("{name} ({})", self.plugin.label),
            false => name.to_owned(),
        }
    }

    /// What a problem is said of.
    pub(super) fn origin(&self, name: &str) -> String {
        match self.plugin.config.contains_key(name) {
            true => format!("{name} ({})", self.plugin.place),
            false => format!("{name} (not set; {})", self.plugin.place),
        }
    }

    /// Says that a problem at `path` comes from this setting.
    pub(super) fn source(&mut self, path: &str, name: &str) {
        let origin = self.origin(name);
        self.ledger.source(path, &origin);
    }

    /// Says that a setting goes on at `path` of the configuration.
    pub(super) fn carry(&mut self, name: &str, path: &str) {
        self.source(path, name);
        self.carried(name, format!("`{path}`"));
    }

    /// Says that a setting means the same.
    pub(super) fn carried(&mut self, name: &str, becomes: impl Into<String>) {
        let label = self.told(name);
        self.ledger.carried(&label, becomes);
    }

    /// Says that something is otherwise.
    pub(super) fn changed(&mut self, name: &str, becomes: impl Into<String>) {
        let label = self.told(name);
        self.ledger.changed(&label, becomes);
    }

    /// Says that something is no more.
    pub(super) fn lost(&mut self, name: &str, instead: impl Into<String>) {
        let label = self.told(name);
        self.ledger.lost(&label, instead);
    }

    /// Says what stands in the way.
    pub(super) fn refuse(&mut self, name: &str, why: &str) {
        self.told(name);
        let origin = self.origin(name);
        self.ledger.refused(format!("{origin} {why}"));
    }

    /// Makes a setting accounted for.
    pub(super) fn told(&mut self, name: &str) -> String {
        let plain = name.split(' ').next().unwrap_or_default().to_owned();
        self.said.insert((self.plugin.place.clone(), plain));
        self.label(name)
    }

    /// Where something stands in the way no table is shown, and a typing error may be why.
    pub(super) fn refuse_unknown(&mut self) {
        if self.ledger.refusals().is_empty() {
            return;
        }
        for origin in std::mem::take(&mut self.unknown) {
            self.ledger
                .refused(format!("{origin} is no setting of Kong's that is known here: look for a typing error"));
        }
    }

    /// Every setting that nothing was said of yet.
    pub(super) fn report_rest(&mut self) {
        let mut usual = 0_usize;
        for (name, value) in self.plugin.config.clone() {
            if self.said.contains(&(self.plugin.place.clone(), name.clone())) {
                continue;
            }
            let Some(field) = fields::find(&name) else {
                self.unknown.push(self.origin(&name));
                self.lost(
                    &name,
                    "no setting of Kong's that is known here: a typo, or newer than this tool. Nothing is made of it",
                );
                continue;
            };
            let is_usual = value == field.default || is_empty(&value);
            match field.fate {
                Fate::Always(what) if value == Value::Bool(false) || (!is_usual && value != Value::Bool(true)) => {
                    self.changed(&name, what);
                }
                Fate::Always(what) if !is_empty(&value) => self.carried(&name, what),
                Fate::Gone(instead) if !is_usual => self.lost(&name, instead),
                Fate::Refused(why) if !is_usual => self.refuse(&name, &format!("has no counterpart: {why}")),
                Fate::Read if !is_usual => self.carried(&name, "does nothing beside the other settings, as in Kong"),
                _ => usual = usual.saturating_add(1),
            }
        }
        if usual > 0 {
            let what = match usual {
                1 => "1 more setting".to_owned(),
                usual => format!("{usual} more settings"),
            };
            let label = if self.several { format!("{what} ({})", self.plugin.label) } else { what };
            self.ledger.carried(&label, "empty, or as Kong has it anyway: nothing to move");
        }
    }
}

/// Whether a value says nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Number(number) => Some(vec![number.to_string()]),
        Value::Array(list) => list.iter().map(|entry| texts(entry)?.into_iter().next()).collect(),
        _ => None,
    }
}

/// Whether a text stands for a value that is elsewhere.
pub(super) fn is_reference(text: &str) -> bool {
    text.starts_with("{vault://") || text.contains("${{") || text.starts_with("${") || text.starts_with("!env")
}

/// Whose values may stand elsewhere.
const SECRET: [&str; 2] = ["client_secret", "session_secret"];
