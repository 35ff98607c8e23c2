//! What the files say: one set of settings, and the routes in their order.
//!
//! Decides that several files are one set, and that the environment counts before a file, as in Pomerium. What a Kubernetes manifest
//! gives is `kubernetes`'.

use std::{collections::BTreeMap, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{World, kubernetes, manifest, names};

/// A setting. Without `Debug`: its value may be a secret.
#[derive(Clone)]
pub(super) struct Setting {
    /// What it is set to.
    pub(super) value: Value,
    /// The file, and the object in it.
    pub(super) place: String,
    /// Whether the environment has it.
    is_variable: bool,
}

/// A route.
pub(super) struct Route {
    /// Its settings.
    pub(super) settings: Map<String, Value>,
    /// What to call it.
    pub(super) label: String,
}

/// What all files say together.
#[derive(Default)]
pub(super) struct Inputs {
    /// The settings by name, without the routes.
    pub(super) settings: BTreeMap<String, Setting>,
    /// The routes.
    pub(super) routes: Vec<Route>,
    /// Variables whose value is in none of the files, and where they would be.
    pub(super) elsewhere: BTreeMap<String, String>,
    /// Settings that the environment overrules, and where it is.
    pub(super) overruled: Vec<(String, String)>,
    /// What stands in the way.
    pub(super) problems: Vec<String>,
}

impl Inputs {
    /// Reads all files as one set.
    ///
    /// # Errors
    /// A file that cannot be read at all.
    pub(super) fn read(files: &[PathBuf], world: &dyn World) -> Result<Self, String> {
        let mut inputs = Self::default();
        let mut objects = Vec::new();
        for file in files {
            let name = if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() };
            let text = world.read(file).map_err(|error| format!("{name}: {error}"))?;
            if manifest::is_manifest(&text) && !text.trim_start().starts_with('{') {
                let found = manifest::objects(&name, &text).map_err(|error| format!("{name} is no YAML: {error}"))?;
                objects.extend(found);
            } else if is_env(&text) {
                inputs.env(&name, &text);
            } else {
                inputs.config(&name, &text);
            }
        }
        kubernetes::read(&objects, &mut inputs);
        Ok(inputs)
    }

    /// `config.yaml`, in YAML or JSON.
    pub(super) fn config(&mut self, place: &str, text: &str) {
        let documents = match manifest::documents(text) {
            Ok(documents) => documents,
            Err(error) => return self.problems.push(format!("{place} is no YAML: {error}")),
        };
        for document in documents {
            match document {
                Value::Object(settings) => self.members(place, settings),
                Value::Null => {}
                _ => self.problems.push(format!("{place} is no configuration of Pomerium's: settings have names")),
            }
        }
    }

    fn members(&mut self, place: &str, settings: Map<String, Value>) {
        for (name, value) in settings {
            match (name.as_str(), value) {
                ("routes" | "policy", Value::Array(routes)) => self.routes(place, &name, routes),
                ("routes" | "policy", Value::Null) => {}
                ("routes" | "policy", _) => {
                    self.problems.push(format!("{name} ({place}) is no list of routes: write one"))
                }
                (_, value) => self.add(&name, value, place, false),
            }
        }
    }

    fn routes(&mut self, place: &str, name: &str, routes: Vec<Value>) {
        for (index, route) in routes.into_iter().enumerate() {
            match route {
                Value::Object(settings) => {
                    let from = settings.get("from").and_then(Value::as_str).unwrap_or_default();
                    let label = format!("{name}[{index}] ({from})");
                    self.routes.push(Route { settings, label });
                }
                _ => self
                    .problems
                    .push(format!("{name}[{index}] ({place}) is no route: write `from`, `to` and `policy`")),
            }
        }
    }

    /// Adds a setting. The value never stands in a message: it may be a secret.
    pub(super) fn add(&mut self, name: &str, value: Value, place: &str, is_variable: bool) {
        if value.is_null() {
            return;
        }
        let setting = Setting { value, place: place.to_owned(), is_variable };
        match self.settings.get(name) {
            Some(other) if other.value == setting.value => {}
            Some(other) if other.is_variable == is_variable => self.problems.push(format!(
                "{name} has two values: in {} and in {place}. Remove one of them, or leave that file out",
                other.place
            )),
            Some(other) if other.is_variable => self.overruled.push((name.to_owned(), other.place.clone())),
            Some(other) => {
                self.overruled.push((name.to_owned(), other.place.clone()));
                self.settings.insert(name.to_owned(), setting);
            }
            None => drop(self.settings.insert(name.to_owned(), setting)),
        }
    }

    /// A variable of the environment.
    pub(super) fn variable(&mut self, name: &str, value: &str, place: &str) {
        let name = name.to_ascii_lowercase();
        if !matches!(name.as_str(), "routes" | "policy") {
            return self.add(&name, value.into(), place, true);
        }
        let decoded = BASE64_STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let routes =
            decoded.and_then(|text| manifest::documents(&text).ok()).and_then(|documents| documents.into_iter().next());
        match routes {
            Some(Value::Array(routes)) => self.routes(place, &name, routes),
            _ => self.problems.push(format!(
                "{} ({place}) is no list of routes in base64: write it as Pomerium takes it",
                name.to_ascii_uppercase()
            )),
        }
    }

    fn env(&mut self, file: &str, text: &str) {
        for (number, line) in text.lines().map(str::trim).enumerate() {
            let place = format!("{file}:{}", number.saturating_add(1));
            let line = line.strip_prefix("export ").unwrap_or(line);
            match line.split_once('=') {
                _ if line.is_empty() || line.starts_with('#') => {}
                Some((name, value)) if is_variable(name) => {
                    let bare = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
                    self.variable(name, bare.unwrap_or(value), &place);
                }
                // The line itself is not shown: it may be the rest of a secret.
                _ => self.problems.push(format!("{place} is not NAME=value")),
            }
        }
    }
}

impl Setting {
    /// The text, or a number or a boolean as one.
    pub(super) fn text(&self) -> Option<String> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }
}

fn is_env(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        line.split_once('=').is_some_and(|(name, _)| is_variable(name))
    })
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a key of an object is a setting: a variable of Pomerium's.
pub(super) fn is_setting(name: &str) -> bool {
    is_variable(name) && names::is_known(&name.to_ascii_lowercase())
}
