//! `edge-oidc check FILE`: every problem, or what the configuration means.
//!
//! Decides which values stand in for secrets that are only set where the proxy runs. Where a configuration lies in a
//! file is decided in `document`, how it is described in `describe`.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use clap::Args;
use sha2::{Digest, Sha256};

use super::{
    Outcome, World, describe,
    document::{self, Content, Found, Visible},
};
use crate::config::{Config, Environment, Problem, Problems};

/// What to check, and with which environment.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A configuration, a WasmPlugin or TrafficExtension, or an Envoy configuration, in YAML or JSON; `-` is the standard input
    file: PathBuf,
    /// A variable of the proxy's environment
    #[arg(long = "env", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// A file of `NAME=VALUE` lines, the proxy's environment
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Outcome {
    let given = match variables(arguments, world) {
        Ok(given) => given,
        Err(error) => return Outcome::failed(error),
    };
    let file = arguments.file.display();
    let text = match world.read(&arguments.file) {
        Ok(text) => text,
        Err(error) => return Outcome::failed(format!("{file}: {error}")),
    };
    let found = match document::find(&text) {
        Ok(found) => found,
        Err(error) => return Outcome::failed(format!("{file} {error}")),
    };
    let mut outcome = Outcome::default();
    for found in &found {
        let environment = ProxyEnvironment { found, given: &given, world, unset: Cell::default() };
        if !outcome.output.is_empty() {
            outcome.output.push('\n');
        }
        let heading = if found.place.is_empty() { file.to_string() } else { format!("{file}, {}", found.place) };
        let answer = answer(&heading, found, environment);
        outcome.code = outcome.code.max(u8::from(answer.is_err()));
        outcome.output.push_str(&answer.unwrap_or_else(|problems| problems));
    }
    outcome
}

/// What one configuration means, or what is wrong with it.
fn answer(heading: &str, found: &Found, environment: ProxyEnvironment<'_>) -> Result<String, String> {
    let config = match &found.content {
        Content::Json(text) => Config::parse(text, &environment),
        Content::Tree(tree) => Config::read(tree, &environment),
    };
    let config = config.map_err(|problems| list_problems(heading, &problems))?;
    let warnings = list("Warnings", config.warnings().iter().map(Problem::to_string));
    let note = |name| format!("`{name}` is not set here, so its value was not checked; `--env-file` can tell it");
    let notes = list("Notes", describe::notes(&config).into_iter().chain(environment.unset.take().iter().map(note)));
    Ok(format!("{heading} is good.\n\n{}{warnings}{notes}", describe::describe(&config)))
}

fn list_problems(heading: &str, problems: &Problems) -> String {
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let lines: String = problems.iter().map(|problem| format!("  {problem}\n")).collect();
    format!("{heading} has {count}:\n{lines}")
}

fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{title}\n{lines}") }
}

/// The environment that the filter will have, as far as it is known here.
struct ProxyEnvironment<'a> {
    found: &'a Found,
    given: &'a BTreeMap<String, String>,
    world: &'a dyn World,
    unset: Cell<BTreeSet<String>>,
}

impl Environment for ProxyEnvironment<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        if let Visible::Only(variables) = &self.found.visible
            && let Some(value) = variables.get(name)?
        {
            return Some(value.clone());
        }
        let known = self.given.get(name).cloned().or_else(|| self.world.variable(name));
        Some(known.unwrap_or_else(|| {
            let mut unset = self.unset.take();
            unset.insert(name.to_owned());
            self.unset.set(unset);
            stand_in(name)
        }))
    }
}

/// A value that every rule for secrets takes, another one for each name.
fn stand_in(name: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(name))
}

fn variables(arguments: &Arguments, world: &dyn World) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    if let Some(path) = &arguments.env_file {
        let text = world.read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        for (number, line) in lines {
            let number = number.saturating_add(1);
            let (name, value) =
                line.split_once('=').ok_or_else(|| format!("{}, line {number}: is not NAME=VALUE", path.display()))?;
            variables.insert(name.trim().to_owned(), unquoted(value.trim()).to_owned());
        }
    }
    for variable in &arguments.variables {
        let (name, value) = variable.split_once('=').ok_or("--env: is not NAME=VALUE")?;
        variables.insert(name.to_owned(), value.to_owned());
    }
    Ok(variables)
}

fn unquoted(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}
