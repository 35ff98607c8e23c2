//! The configurations of a file, with the environment that the proxy will have as far as it is known here.
//!
//! Decides which values stand in for secrets that are only set where the proxy runs. Where a configuration lies in a
//! file is decided in `document`.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use clap::Args;
use sha2::{Digest, Sha256};

use super::{
    World,
    document::{self, Content, Found, Visible},
};
use crate::config::{Config, Environment, Problems};

/// The proxy's environment.
#[derive(Debug, Args)]
pub(super) struct Surroundings {
    /// A variable of the proxy's environment
    #[arg(long = "env", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// A file of `NAME=VALUE` lines, the proxy's environment
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

/// One configuration of a file.
pub(super) struct Read {
    /// The file, and the place in it.
    pub(super) heading: String,
    /// What it means, or everything that is wrong with it.
    pub(super) config: Result<Config, Problems>,
    /// The variables that it names and that nobody knows here.
    pub(super) unset: BTreeSet<String>,
}

impl Surroundings {
    /// Every configuration of `file`.
    ///
    /// # Errors
    /// What the tool cannot read, as it tells people.
    pub(super) fn read(&self, file: &Path, world: &dyn World) -> Result<Vec<Read>, String> {
        let name = file.display();
        let text = world.read(file).map_err(|error| format!("{name}: {error}"))?;
        self.read_text(&name.to_string(), &text, world)
    }

    /// Every configuration of `text`, a file of this name.
    ///
    /// # Errors
    /// What the tool cannot read, as it tells people.
    pub(super) fn read_text(&self, name: &str, text: &str, world: &dyn World) -> Result<Vec<Read>, String> {
        let found = document::find(text).map_err(|error| format!("{name} {error}"))?;
        found.iter().map(|found| self.read_found(name, found, world)).collect()
    }

    /// The configuration `found` in a file of this name.
    ///
    /// # Errors
    /// What the tool cannot read of the proxy's environment, as it tells people.
    pub(super) fn read_found(&self, name: &str, found: &Found, world: &dyn World) -> Result<Read, String> {
        let given = self.given(world)?;
        let environment = ProxyEnvironment { found, given: &given, world, unset: Cell::default() };
        let config = match &found.content {
            Content::Json(text) => Config::parse(text, &environment),
            Content::Tree(tree) => Config::read(tree, &environment),
        };
        let heading = if found.place.is_empty() { name.to_owned() } else { format!("{name}, {}", found.place) };
        Ok(Read { heading, config, unset: environment.unset.take() })
    }

    /// The variables that were given.
    ///
    /// # Errors
    /// What the tool cannot read, as it tells people.
    pub(super) fn given(&self, world: &dyn World) -> Result<BTreeMap<String, String>, String> {
        let mut variables = BTreeMap::new();
        if let Some(path) = &self.env_file {
            let text = world.read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
            for (number, line) in lines {
                let number = number.saturating_add(1);
                let (name, value) = line
                    .split_once('=')
                    .ok_or_else(|| format!("{}, line {number}: is not NAME=VALUE", path.display()))?;
                variables.insert(name.trim().to_owned(), unquoted(value.trim()).to_owned());
            }
        }
        for variable in &self.variables {
            let (name, value) = variable.split_once('=').ok_or("--env: is not NAME=VALUE")?;
            variables.insert(name.to_owned(), value.to_owned());
        }
        Ok(variables)
    }
}

/// The problems of a configuration, a line each.
pub(super) fn list_problems(heading: &str, problems: &Problems) -> String {
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let lines: String = problems.iter().map(|problem| format!("  {problem}\n")).collect();
    format!("{heading} has {count}:\n{lines}")
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
pub(super) fn stand_in(name: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(name))
}

fn unquoted(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}
