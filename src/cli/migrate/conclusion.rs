//! How a migration ends: in files and tables, or in all that stands in the way.
//!
//! Decides that nothing is written where something stands in the way, and of which setting a problem is said.

use clap::Args;

use super::{
    Outcome, World,
    ledger::{self, Ledger},
    render::{self, Beforehand, GatewayArguments, Material, OutputArguments},
};
use crate::config::{Config, Environment, Problem};

/// What becomes of a migration, whatever it is from.
#[derive(Debug, Args)]
pub(super) struct Ending {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    gateway: GatewayArguments,
}

/// What a migration comes to.
pub(super) struct Translation {
    /// What manifests are made of.
    pub(super) material: Material,
    /// What became of everything.
    pub(super) ledger: Ledger,
}

/// What is said beside the tables.
#[derive(Default)]
pub(super) struct Telling<'a> {
    /// Whose settings they are, a line or more.
    pub(super) heading: String,
    /// What follows the tables.
    pub(super) notes: &'a str,
    /// Whether authservice signed people in so far.
    pub(super) authservice: bool,
    /// What is to be done when everything else is.
    pub(super) last_steps: &'a [&'a str],
}

/// Writes the files, and says what became of everything; or says what stands in the way, and writes nothing.
///
/// # Errors
/// What cannot be written, as people are told.
pub(super) fn conclude(
    translation: &Translation,
    telling: &Telling<'_>,
    ending: &Ending,
    world: &dyn World,
) -> Result<Outcome, String> {
    let warnings = match check(translation) {
        Ok(warnings) => warnings,
        Err(refusals) => return Ok(refused(format!("{}\n", telling.heading), &refusals)),
    };
    let Translation { material, ledger } = translation;
    let beforehand = Beforehand { steps: ledger.steps(), authservice: telling.authservice };
    let mut files = render::files(material, ending.gateway.gateway(), &beforehand, world)?;
    files.artifacts.insert(0, render::source(material));
    files.steps.extend(telling.last_steps.iter().map(|step| (*step).to_owned()));
    let files = render::report(&files, &ending.output, world)?;
    let mut text = format!("{}{}{}", telling.heading, ledger.tables(), telling.notes);
    list("Warnings of the new configuration", &warnings, &mut text);
    Ok(Outcome { output: format!("{text}\n{files}"), ..Outcome::default() })
}

/// What stands in the way, all of it, and nothing else.
pub(super) fn refused(heading: String, refusals: &[String]) -> Outcome {
    let count = match refusals.len() {
        1 => "1 thing stands in the way".to_owned(),
        count => format!("{count} things stand in the way"),
    };
    let mut output = format!("{heading}Nothing was written: {count}.\n");
    refusals.iter().for_each(|refusal| ledger::wrap("  - ", refusal, &mut output));
    Outcome { output, code: 1, ..Outcome::default() }
}

/// The configuration as the filter will read it: its warnings, or all that stands in the way. A problem of the configuration
/// is said of the setting that it comes from; one that comes from none is ours, if nothing else is wrong.
fn check(translation: &Translation) -> Result<Vec<String>, Vec<String>> {
    let ledger = &translation.ledger;
    let tree = translation.material.configuration.to_value();
    let read = Config::read(&tree, &Secrets(&translation.material));
    let refusals = ledger.refusals();
    match &read {
        Ok(config) if refusals.is_empty() => return Ok(config.warnings().iter().map(Problem::to_string).collect()),
        _ => {}
    }
    let problems = read.err().unwrap_or_default();
    let is_ours = refusals.is_empty() && problems.iter().all(|problem| ledger.source_of(problem).is_none());
    let said = |problem: &Problem| match ledger.source_of(problem) {
        Some(source) if refusals.iter().any(|refusal| refusal.starts_with(source)) => None,
        Some(source) => Some(ledger.with_quotes(format!("{source}: {problem}"))),
        None => is_ours.then(|| format!("{problem}. This is a mistake of edge-oidc's own; please report it")),
    };
    Err(refusals.iter().chain(ledger.unknown_names()).cloned().chain(problems.iter().filter_map(said)).collect())
}

/// The secrets that are known here; one that is not stands for any that would do.
struct Secrets<'a>(&'a Material);

impl Environment for Secrets<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let secret = self.0.secrets.iter().find(|secret| secret.variable == name)?;
        let value = secret.value.as_ref().map(|value| value.secret().clone());
        Some(value.unwrap_or_else(|| "to-be-filled-in".to_owned()))
    }
}

fn list(title: &str, lines: &[String], output: &mut String) {
    if !lines.is_empty() {
        output.extend(["\n", title, "\n"]);
        lines.iter().for_each(|line| ledger::wrap("  - ", line, output));
    }
}
