//! `edge-oidc check FILE`: every problem, or what the configuration means.
//!
//! Decides what is said of a configuration, and in which order. How it is read is decided in `surroundings`, how it is
//! described in `describe`.

use std::path::PathBuf;

use clap::Args;

use super::{
    Outcome, World, describe,
    surroundings::{Read, Surroundings, list_problems},
};
use crate::config::Problem;

/// What to check, and with which environment.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A configuration, a WasmPlugin or TrafficExtension, or an Envoy configuration, in YAML or JSON; `-` is the standard input
    file: PathBuf,
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
        let answer = answer(read);
        outcome.code = outcome.code.max(u8::from(answer.is_err()));
        outcome.output.push_str(&answer.unwrap_or_else(|problems| problems));
    }
    outcome
}

/// What one configuration means, or what is wrong with it.
fn answer(read: &Read) -> Result<String, String> {
    let heading = &read.heading;
    let config = read.config.as_ref().map_err(|problems| list_problems(heading, problems))?;
    let warnings = list("Warnings", config.warnings().iter().map(Problem::to_string));
    let note = |name| format!("`{name}` is not set here, so its value was not checked; `--env-file` can tell it");
    let notes = list("Notes", describe::notes(config).into_iter().chain(read.unset.iter().map(note)));
    Ok(format!("{heading} is good.\n\n{}{warnings}{notes}", describe::describe(config)))
}

fn list(title: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{title}\n{lines}") }
}
