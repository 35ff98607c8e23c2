//! Env files: `OAUTH2_PROXY_...`, a line each.
//!
//! Decides what a line says: Docker, kustomize and systemd differ about quotes, so a pair of them around a whole value is left
//! away.

use super::Inputs;

/// Reads a file.
pub(super) fn read(file: &str, text: &str, inputs: &mut Inputs) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{file}:{}", number.saturating_add(1));
        match line.trim_start_matches("export ").split_once('=') {
            Some((name, value)) if is_name(name.trim()) => {
                inputs.add_variable(name.trim(), unquoted(value.trim()), &place)
            }
            // The line itself is not shown: it may be the rest of a secret.
            Some(_) | None => inputs.problems.push(format!("{place} is not NAME=value")),
        }
    }
}

fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}
