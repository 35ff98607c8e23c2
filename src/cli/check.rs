//! `edge-oidc check FILE`: every problem, or what the configuration means.
//!
//! Decides what is said of a configuration and of user ids to try it with, and in which order. How it is read is decided in `surroundings`, how it is
//! described in `describe`.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;

use super::{
    Outcome, World, describe,
    surroundings::{Read, Surroundings, list_problems},
};
use crate::config::{Config, Problem};

/// What to check, and with which environment.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A configuration, a WasmPlugin or TrafficExtension, or an Envoy configuration, in YAML or JSON; `-` is the standard input
    file: PathBuf,
    /// A user id as the claim has it, such as an address: what becomes of it is shown (may be given several times)
    #[arg(long = "user-id", value_name = "ID")]
    user_ids: Vec<String>,
    #[command(flatten)]
    surroundings: Surroundings,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Outcome {
    let read = match arguments.surroundings.read(&arguments.file, world) {
        Ok(read) => read,
        Err(error) => return Outcome::failed(error),
    };
    let mut outcome = Outcome::default();
    for read in &read {
        if !outcome.output.is_empty() {
            outcome.output.push('\n');
        }
        let answer = answer(read, &arguments.user_ids);
        outcome.code = outcome.code.max(u8::from(answer.is_err()));
        outcome.output.push_str(&answer.unwrap_or_else(|problems| problems));
    }
    outcome
}

/// What one configuration means, or what is wrong with it or with what it makes of `ids`.
fn answer(read: &Read, ids: &[String]) -> Result<String, String> {
    let heading = &read.heading;
    let config = read.config.as_ref().map_err(|problems| list_problems(heading, problems))?;
    let (lines, problems) = user_ids(config, ids);
    let made = list("User ids", lines.into_iter());
    let refused = list("Problems with user ids", problems.into_iter());
    let warnings = list("Warnings", config.warnings().iter().map(Problem::to_string));
    let note = |name| format!("`{name}` is not set here, so its value was not checked; `--env-file` can tell it");
    let notes = list("Notes", describe::notes(config).into_iter().chain(read.unset.iter().map(note)));
    let verdict = if refused.is_empty() { "is good." } else { "can be loaded, but not every user id is good." };
    let answer = format!("{heading} {verdict}\n\n{}{made}{refused}{warnings}{notes}", describe::describe(config));
    if refused.is_empty() { Ok(answer) } else { Err(answer) }
}

/// What becomes of each user id, and which are refused or become one.
fn user_ids(config: &Config, ids: &[String]) -> (Vec<String>, Vec<String>) {
    let Some(rule) = config.identity.user_id.as_ref() else {
        let none = "no user id goes into a header: `identity.userId` is not configured".to_owned();
        return (Vec::new(), ids.first().map(|_| none).into_iter().collect());
    };
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    let mut made: BTreeMap<String, &String> = BTreeMap::new();
    for id in ids {
        if id.is_empty() {
            problems.push(EMPTY.to_owned());
            continue;
        }
        match rule.rewrite(id) {
            Err(error) => problems.push(format!("`{id}`: {error}")),
            Ok((text, by)) => {
                let by = by.map_or_else(|| "no rule".to_owned(), |rule| format!("rule {}", rule.saturating_add(1)));
                lines.push(format!("{id} → {}{text} ({by})", rule.prefix));
                match made.get(&text) {
                    Some(other) if *other != id => {
                        problems.push(format!("`{other}` and `{id}` become one: {}{text}", rule.prefix));
                    }
                    _ => drop(made.insert(text, id)),
                }
            }
        }
    }
    (lines, problems)
}

fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{title}\n{lines}") }
}

const EMPTY: &str = "`--user-id` is empty: a claim without a value counts as absent, and names nobody";
