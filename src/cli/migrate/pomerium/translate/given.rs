//! The settings that count.
//!
//! Keeps account of what was read, so that the rest can be named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::{
    Choices,
    input::{Inputs, Route, Setting},
    ledger::Ledger,
    names,
};

/// A migration under way.
pub(super) struct Given<'a> {
    /// What was chosen on the command line.
    pub(super) choices: &'a Choices,
    /// What becomes of everything.
    pub(super) ledger: Ledger,
    /// The routes.
    pub(super) routes: Vec<Route>,
    /// Variables whose value is in none of the files, and where they would be.
    pub(super) elsewhere: BTreeMap<String, String>,
    settings: BTreeMap<String, Setting>,
    read: BTreeSet<String>,
}

impl<'a> Given<'a> {
    pub(super) fn new(inputs: Inputs, choices: &'a Choices) -> Self {
        let mut ledger = Ledger::default();
        ledger.refuse_all(inputs.problems);
        for (name, place) in inputs.overruled {
            ledger.changed(&name, format!("the environment says otherwise than {place}, and counts, as in Pomerium"));
        }
        let Inputs { settings, routes, elsewhere, .. } = inputs;
        Self { choices, ledger, routes, elsewhere, settings, read: BTreeSet::new() }
    }

    /// A setting that is there. Asking makes it accounted for.
    pub(super) fn take(&mut self, name: &str) -> Option<Setting> {
        self.read.insert(name.to_owned());
        self.settings.get(name).cloned()
    }

    /// A setting that is there, as a text that is not empty.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let setting = self.take(name)?;
        let text = setting.text();
        if text.is_none() {
            self.refuse(name, "is no text: write one");
        }
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Whether a setting is there and true.
    pub(super) fn is_set(&mut self, name: &str) -> Option<bool> {
        let text = self.text(name)?;
        match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                self.refuse(name, "is no boolean: write `true` or `false`");
                None
            }
        }
    }

    /// A setting that is there, as a list of texts: a list, or one text with commas.
    pub(super) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let setting = self.take(name)?;
        let list = match &setting.value {
            Value::String(text) => text.split([',', ' ']).filter(|text| !text.is_empty()).map(str::to_owned).collect(),
            Value::Array(values) if values.iter().all(Value::is_string) => {
                values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => {
                self.refuse(name, "is no list of texts: write one");
                Vec::new()
            }
        };
        Some(list)
    }

    /// What to call a setting: its name and its place.
    pub(super) fn origin(&self, name: &str) -> String {
        match self.settings.get(name) {
            Some(setting) => format!("{name} ({})", setting.place),
            None => name.to_owned(),
        }
    }

    /// Says what stands in the way.
    pub(super) fn refuse(&mut self, name: &str, why: &str) {
        let origin = self.origin(name);
        self.ledger.refused(format!("{origin} {why}"));
    }

    /// Says that a setting goes on at `path` of the configuration.
    pub(super) fn carry(&mut self, name: &str, path: &str) {
        let origin = self.origin(name);
        self.ledger.source(path, &origin);
        self.ledger.carried(name, format!("`{path}`"));
    }

    /// Every setting that nothing asked for, and what is said of it.
    pub(super) fn rest(&self) -> Vec<(String, &'static str)> {
        let unread = self.settings.keys().filter(|name| !self.read.contains(*name));
        unread
            .map(|name| {
                (
                    name.clone(),
                    names::rest(name).unwrap_or(if name.starts_with("spec.") { CONTROLLER } else { UNKNOWN }),
                )
            })
            .collect()
    }
}

/// What is said of a name that no setting has.
pub(super) const UNKNOWN: &str = "no setting that Pomerium reads: see whether it is a typing mistake";
const CONTROLLER: &str = "of the Ingress controller: the gateway's own, or nothing that is needed here";
