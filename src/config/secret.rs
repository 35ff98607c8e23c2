//! Secrets: a text, or `{ env: NAME }`.
//!
//! Decides where a secret comes from. What it must be good for is decided where it is used; no problem ever quotes one.

use super::{
    Environment,
    read::{Node, Report},
};
use crate::secret::Secret;

/// The secret at `node`, without the line end that files and `echo` leave.
pub(super) fn read(node: &Node<'_>, environment: &dyn Environment, report: &mut Report) -> Option<Secret<String>> {
    let secret = match node.is_object() {
        true => from_environment(node, environment, report)?,
        false => inline(node, report)?,
    };
    if secret.is_empty() || secret.chars().any(char::is_control) {
        node.problem(report, "is empty or holds a line break or control character", "set it to the secret alone");
        return None;
    }
    Some(Secret::new(secret))
}

fn inline(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let text = node.text(report)?;
    let mend = "take it from the environment as `{ env: NAME }`; the configuration is readable in Kubernetes and Envoy";
    report.warning(node.path(), "is a secret in plain text", mend);
    Some(trimmed(text))
}

fn from_environment(node: &Node<'_>, environment: &dyn Environment, report: &mut Report) -> Option<String> {
    let variable = node.object(&["env"], report)?.required("env", "name the environment variable", report)?;
    let name = variable.text(report)?;
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(letters) || name.starts_with(|c: char| c.is_ascii_digit()) {
        // Not quoted: whoever confuses the two writes the secret itself here.
        let mend = "write the variable's name: letters, digits and `_`";
        variable.problem(report, "is not the name of an environment variable", mend);
        return None;
    }
    let value = environment.variable(name);
    if value.is_none() {
        let mend = "set it for the proxy and pass it on: Istio's `vmConfig.env`, Envoy's `environment_variables`";
        variable.problem(report, format!("names the environment variable `{name}`, which is not set"), mend);
    }
    value.map(|value| trimmed(&value))
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).to_owned()
}
