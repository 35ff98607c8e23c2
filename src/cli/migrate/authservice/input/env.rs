//! Env files, as kustomize reads those of its `envs`.
//!
//! Decides what a line says. Nothing is unquoted and nothing is trimmed after the `=`: `PORT="8080"` has its quotes.

use super::{super::names, Setting};

/// The settings of a file, in its order.
pub(super) fn parse(file: &str, text: &str, problems: &mut Vec<String>) -> Vec<Setting> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim_start).enumerate();
    let mut settings = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let place = format!("{file}:{}", number.saturating_add(1));
        match line.split_once('=') {
            Some((name, value)) if is_name(name) => settings.push(Setting::new(name, value, &place)),
            // The line itself is not shown: what is no setting may be a secret on a line of its own.
            Some((name, _)) if name.starts_with("export ") => {
                problems.push(format!("{place} begins with `export`, which only a shell knows. Remove the word"));
            }
            Some(_) => problems.push(format!("{place}: what stands before the `=` is no name of a variable")),
            None if names::is_known(line) && !line.starts_with(names::TEMPLATE_CONTEXT) => problems.push(format!(
                "{place}: {line} has no `=`, so kustomize takes its value from its own environment. Write it out"
            )),
            // What looks like a name can be the rest of a secret that was broken over two lines.
            None => problems.push(format!("{place} is not NAME=value")),
        }
    }
    settings
}

/// A name as Kubernetes takes it: dashes and dots may be in it.
fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> (Vec<(String, String, String)>, Vec<String>) {
        let mut problems = Vec::new();
        let settings = parse("a.env", text, &mut problems);
        (settings.into_iter().map(|setting| (setting.name, setting.value, setting.place)).collect(), problems)
    }

    // M-5, M-13
    #[test]
    fn a_value_is_everything_after_the_first_equals_sign() {
        let text = "\u{feff}# x=1\n\n  PORT=\"8080\"\r\nA= b=c \nUSERID_PREFIX=\nuserid-header=x";
        let (settings, problems) = values(text);
        let expected = [
            ("PORT", "\"8080\"", "a.env:3"),
            ("A", " b=c ", "a.env:4"),
            ("USERID_PREFIX", "", "a.env:5"),
            ("userid-header", "x", "a.env:6"),
        ];
        let expected: Vec<_> =
            expected.map(|(name, value, place)| (name.to_owned(), value.to_owned(), place.to_owned())).into();
        assert_eq!((settings, problems), (expected, Vec::new()));
    }

    #[test]
    fn what_is_no_setting_is_named_by_its_line_alone() {
        let (settings, problems) = values("hunter2 hunter2\nhunter 2=x\nCLIENT_SECRET\n1A=x\nexport A=hunter");
        assert!(settings.is_empty());
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert_eq!(problems[4], "a.env:5 begins with `export`, which only a shell knows. Remove the word");
        assert!(
            problems[2].contains("CLIENT_SECRET has no `=`") && !problems.concat().contains("hunter"),
            "{problems:?}"
        );
    }

    #[test]
    fn the_rest_of_a_broken_secret_is_not_shown() {
        let (_, problems) = values("CLIENT_SECRET=x\nhunter2SECRETmore\nHUNTER_2\nTEMPLATE_CONTEXT_hunter2");
        assert_eq!(problems, ["a.env:2", "a.env:3", "a.env:4"].map(|place| format!("{place} is not NAME=value")));
    }
}
