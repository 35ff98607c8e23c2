//! The arguments of a container or of a command line.
//!
//! Decides what a flag says, with one dash or two and with its value behind `=` or in the next argument, which files flags name, and
//! where a command line's words end.

use super::{
    super::{
        names::{self, Kind},
        values,
    },
    Inputs, Layer, Setting,
    cfg::unknown,
};

/// Files that flags name, by their last part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// `--config`
    pub(super) config: Option<String>,
    /// `--alpha-config`
    pub(super) alpha: Option<String>,
}

/// The words of a command line, as a shell reads them.
///
/// # Errors
/// What cannot be read; never with a word, since that may be a secret.
pub(super) fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '$' | '`') => return Err("takes a variable of the shell: write its value"),
            (None | Some('"'), '\\') => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            (None, '#') if word.is_none() => drop(chars.by_ref().find(|c| *c == '\n')),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err("has a quote that does not end") } else { Ok(words) }
}

/// Reads all arguments; answers which files they name.
pub(super) fn read(arguments: &[String], place: &str, inputs: &mut Inputs) -> Named {
    let mut named = Named::default();
    let mut lists: Vec<Setting> = Vec::new();
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        let Some(flag) = argument.strip_prefix('-') else { continue };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (flag, value) = flag.split_once('=').map_or((flag, None), |(flag, value)| (flag, Some(value.to_owned())));
        let known = names::by_flag(flag);
        let is_switch = known.is_some_and(|known| known.kind == Kind::Flag);
        let value = value.or_else(|| match is_switch {
            true => Some("true".to_owned()),
            false => arguments.next_if(|next| !next.starts_with("--")).cloned(),
        });
        let last = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        match (flag, known, value) {
            ("config", _, Some(path)) => named.config = Some(last(&path)),
            ("alpha-config", _, Some(path)) => named.alpha = Some(last(&path)),
            ("config-test" | "convert-config-to-alpha" | "version", ..) => {}
            (_, Some(known), Some(value)) => {
                let label = format!("--{flag}");
                let values = if known.kind == Kind::List { values::list(&value) } else { vec![value] };
                match lists.iter_mut().find(|setting| setting.name == known.name && known.kind == Kind::List) {
                    Some(earlier) => earlier.values.extend(values),
                    None => lists.push(Setting::new(known.name, values, &label, place, Layer::Flag)),
                }
            }
            (_, Some(_), None) => inputs.problems.push(format!("--{flag} ({place}) has no value")),
            (flag, None, _) => inputs.problems.push(unknown(&format!("--{flag}"), place)),
        }
    }
    lists.into_iter().for_each(|setting| inputs.add(setting));
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_a_shell_ends_them() {
        let text = "oauth2-proxy \\\n  --a='b c'\"d\" \\\r\n--e=f\\ g # no\n -h \"\"";
        let text = text.replace('\r', "");
        let expected = ["oauth2-proxy", "--a=b cd", "--e=f g", "-h", ""].map(str::to_owned).to_vec();
        assert_eq!(words(&text), Ok(expected));
        assert_eq!(words("--a='$b`'"), Ok(vec!["--a=$b`".to_owned()]));
        for text in ["--a=\"b", "--a=$(b)", "--a=\"$b\"", "--a=`b`"] {
            assert!(words(text).is_err(), "{text}");
        }
    }

    #[test]
    fn flags_are_read_in_every_way_of_writing_them() {
        let mut inputs = Inputs::default();
        let arguments = [
            "/bin/oauth2-proxy",
            "-provider=oidc",
            "--client-id",
            "a",
            "--pass-access-token",
            "--email-domain=a.example,b.example",
            "--email-domain=c.example",
            "--config=/etc/x/y.cfg",
            "--cookie-secure=false",
        ];
        let named = read(&arguments.map(str::to_owned), "here", &mut inputs);
        assert_eq!(named, Named { config: Some("y.cfg".to_owned()), alpha: None });
        let values = |name| inputs.settings.get(name).map(|setting: &Setting| setting.values.join(" "));
        let read = ["provider", "client_id", "pass_access_token", "email_domains", "cookie_secure"].map(values);
        let expected =
            ["oidc", "a", "true", "a.example b.example c.example", "false"].map(|text| Some(text.to_owned()));
        assert_eq!((read, inputs.problems), (expected, Vec::new()));
    }
}
