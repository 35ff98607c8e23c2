//! What the files say: one set of settings, each with the place it stands at.
//!
//! Decides which kind of file each is, by its content, and which of several places counts: a flag before the environment, and
//! that before a file, as with oauth2-proxy. Two places of the same kind that differ are a problem.
//!
//! | File | Reads |
//! |---|---|
//! | `alpha` | the alpha configuration |
//! | `cfg` | configuration files in TOML |
//! | `compose` | files of Docker Compose |
//! | `env` | env files |
//! | `flags` | the arguments of a container or of a command line |
//! | `kubernetes` | manifests |

pub(super) mod alpha;
mod cfg;
mod compose;
mod env;
mod flags;
mod kubernetes;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
};

use super::{World, manifest, names, values};

/// A setting as a file has it. Without `Debug`: its value may be a secret.
#[derive(Clone)]
pub(super) struct Setting {
    /// Its name in a configuration file.
    pub(super) name: &'static str,
    /// Its values, as the program would have got them; one, unless it is a list.
    pub(super) values: Vec<String>,
    /// What its reader wrote: a name, a variable, a flag.
    pub(super) label: String,
    /// The file, and the line or the object in it.
    pub(super) place: String,
    layer: Layer,
}

/// Where a setting stands; a later one counts before an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    File,
    Environment,
    Flag,
}

/// What all files say together.
#[derive(Default)]
pub(super) struct Inputs {
    /// The settings by name.
    pub(super) settings: BTreeMap<&'static str, Setting>,
    /// The alpha configuration.
    pub(super) alpha: Option<alpha::Alpha>,
    /// The addresses of an `authenticated_emails_file`, and which file that is.
    pub(super) emails: Option<(Vec<String>, String)>,
    /// Objects of Istio's that have a part in it.
    pub(super) mesh: Vec<manifest::Object>,
    /// Secrets whose value stands in an object that is in none of the files, by name.
    pub(super) elsewhere: BTreeMap<&'static str, String>,
    /// Settings that nothing read or that another one overrules, and why.
    pub(super) dead: Vec<(String, String)>,
    /// What is wrong with the files.
    pub(super) problems: Vec<String>,
    /// Why a file could not be read at all.
    pub(super) unread: Vec<String>,
    /// Files that a command line names.
    awaited: Vec<(&'static str, String, Kind)>,
    /// All variables of the environment, for the alpha configuration.
    variables: BTreeMap<String, String>,
    alphas: Vec<(String, String)>,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Alpha,
    Cfg,
    /// The values of the chart.
    Chart,
    Compose,
    Emails,
    Env,
    Flags,
    Manifest,
}

impl Kind {
    fn of(text: &str) -> Self {
        let lines =
            || text.lines().map(str::trim_end).filter(|line| !line.trim_start().is_empty() && !line.starts_with('#'));
        let is_variable = |line: &str| line.trim_start().trim_start_matches("export ").starts_with(names::VARIABLE);
        let is_member = |line: &str| {
            alpha::MEMBERS.iter().any(|name| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))
        };
        let has = |names: &[&str]| lines().any(|line| names.iter().any(|name| line.starts_with(name)));
        if has(&["services:"]) && !has(&["kind:"]) {
            return Self::Compose;
        }
        // A manifest can hold the others as texts, but those are indented.
        if lines().any(is_variable) && !lines().any(|line| line.starts_with("kind:")) {
            return Self::Env;
        }
        if lines().any(is_member) && !lines().any(|line| line.starts_with("kind:")) {
            return Self::Alpha;
        }
        if manifest::is_manifest(text) {
            return Self::Manifest;
        }
        if has(&["config:", "alphaConfig:", "extraArgs:", "extraEnv:", "proxyVarsAsSecrets:"]) {
            return Self::Chart;
        }
        let is_flag = |line: &str| line.trim_start().starts_with("--") && line.trim_end() != "---";
        let command = lines().next().and_then(|line| line.split_whitespace().next()).unwrap_or_default();
        if lines().any(is_flag) || command.rsplit('/').next() == Some("oauth2-proxy") {
            return Self::Flags;
        }
        match lines().next().is_some() && lines().all(|line| line.contains('@') && !line.contains('=')) {
            true => Self::Emails,
            false => Self::Cfg,
        }
    }
}

impl Inputs {
    /// Reads all files as one set.
    ///
    /// # Errors
    /// A file that cannot be read at all.
    pub(super) fn read(files: &[PathBuf], world: &dyn World) -> Result<Self, String> {
        let mut inputs = Self::default();
        let mut objects = kubernetes::Objects::default();
        for file in files {
            let name = if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() };
            let text = world.read(file).map_err(|error| format!("{name}: {error}"))?;
            match Kind::of(&text) {
                Kind::Compose => {
                    if let Err(why) = objects.add_services(&name, &text) {
                        inputs.unread.push(why);
                    }
                }
                Kind::Manifest => objects.add(&name, &text)?,
                kind => inputs.add_file(kind, &name, &text),
            }
        }
        objects.read(&mut inputs);
        for (place, text) in std::mem::take(&mut inputs.alphas) {
            alpha::read(&place, &text, &mut inputs);
        }
        inputs.await_files();
        Ok(inputs)
    }

    /// Files that a command line names must be given, too.
    fn await_files(&mut self) {
        for (flag, file, kind) in std::mem::take(&mut self.awaited) {
            let is_given = match kind {
                Kind::Alpha => self.alpha.is_some(),
                _ => self.settings.values().any(|setting| setting.layer == Layer::File),
            };
            if !is_given {
                self.problems.push(format!("{flag} names {file}, which is none of these files: give it, too"));
            }
        }
    }

    fn add_flags(&mut self, place: &str, text: &str) {
        match flags::words(text) {
            Ok(words) => {
                let named = flags::read(&words, place, self);
                self.awaited.extend(named.config.map(|file| ("--config", file, Kind::Cfg)));
                self.awaited.extend(named.alpha.map(|file| ("--alpha-config", file, Kind::Alpha)));
            }
            Err(why) => self.unread.push(format!("{place} {why}")),
        }
    }

    fn add_file(&mut self, kind: Kind, place: &str, text: &str) {
        match kind {
            Kind::Alpha => self.alphas.push((place.to_owned(), text.to_owned())),
            Kind::Emails => self.emails = Some((emails(text), place.to_owned())),
            Kind::Env => env::read(place, text, self),
            Kind::Flags => self.add_flags(place, text),
            Kind::Chart => self.unread.push(format!(
                "{place} is the chart's values: give what `helm template` prints with them, the Deployment, its ConfigMaps and Secrets"
            )),
            Kind::Cfg | Kind::Compose | Kind::Manifest => cfg::read(place, text, self),
        }
    }

    /// A variable of the environment, whether it is a setting or not.
    fn add_variable(&mut self, variable: &str, value: &str, place: &str) {
        self.variables.insert(variable.to_owned(), value.to_owned());
        let Some(known) = names::by_variable(variable) else {
            if variable.starts_with(names::VARIABLE) {
                let meant = names::meant(variable.trim_start_matches(names::VARIABLE));
                let meant =
                    meant.map(|known| format!("; `{}{}` was meant", names::VARIABLE, known.name.to_ascii_uppercase()));
                let why =
                    format!("oauth2-proxy reads no such variable, so it did nothing{}", meant.unwrap_or_default());
                self.dead.push((variable.to_owned(), why));
            }
            return;
        };
        let values = match known.kind {
            names::Kind::List => values::list(value),
            names::Kind::Flag | names::Kind::Text => vec![value.to_owned()],
        };
        self.add(Setting::new(known.name, values, variable, place, Layer::Environment));
    }

    /// The value never stands in the message: it may be a secret.
    fn add(&mut self, setting: Setting) {
        match self.settings.entry(setting.name) {
            Entry::Vacant(entry) => drop(entry.insert(setting)),
            Entry::Occupied(mut entry) => {
                let other = entry.get_mut();
                if other.values == setting.values {
                    return;
                }
                // What is empty says nothing, as Kubeflow's ConfigMap has it.
                if other.layer == setting.layer && (other.is_empty() || setting.is_empty()) {
                    if other.is_empty() {
                        *other = setting;
                    }
                    return;
                }
                if other.layer == setting.layer {
                    self.problems.push(format!(
                        "{} has two values: in {} and in {}. Remove one of them, or leave that file out",
                        setting.label, other.place, setting.place
                    ));
                    return;
                }
                let (counts, overruled) =
                    if other.layer > setting.layer { (&*other, &setting) } else { (&setting, &*other) };
                let why =
                    format!("`{}` ({}) says otherwise, and counts, as with oauth2-proxy", counts.label, counts.place);
                self.dead.push((overruled.label.clone(), why));
                if setting.layer > other.layer {
                    *other = setting;
                }
            }
        }
    }
}

impl Setting {
    fn new(name: &'static str, values: Vec<String>, label: &str, place: &str, layer: Layer) -> Self {
        Self { name, values, label: label.to_owned(), place: place.to_owned(), layer }
    }

    /// Its value, if it is one.
    pub(super) fn text(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// Whether nothing is written.
    fn is_empty(&self) -> bool {
        self.values.is_empty() || (self.values.as_slice() == [""] && self.label.starts_with(names::VARIABLE))
    }

    /// What to call it in a message.
    pub(super) fn origin(&self) -> String {
        format!("{} ({})", self.label, self.place)
    }
}

/// The first column of each row, as oauth2-proxy read it.
fn emails(text: &str) -> Vec<String> {
    let rows = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.filter_map(|line| Some(line.split(',').next()?.trim_matches('"').trim().to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_what_is_in_them() {
        let texts = [
            ("# x\nprovider = \"oidc\"\n", Kind::Cfg),
            ("email_domains = [\"a@b\"]\n", Kind::Cfg),
            ("OAUTH2_PROXY_PROVIDER=oidc\nX=1\n", Kind::Env),
            ("providers:\n  - provider: oidc\n", Kind::Alpha),
            ("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    providers: []\n", Kind::Manifest),
            ("# who\nada@example.com\nbob@example.com,x\n", Kind::Emails),
            ("services:\n  a:\n    environment:\n      OAUTH2_PROXY_X: y\n", Kind::Compose),
            ("config:\n  clientID: a\n", Kind::Chart),
            ("/bin/oauth2-proxy -a=b\n", Kind::Flags),
            ("# x\n--a=b@c\n--d\n", Kind::Flags),
            ("", Kind::Cfg),
        ];
        for (text, kind) in texts {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
        assert_eq!(emails("Ada@example.com\n# no\n\"bob@example.com\",1\n"), ["ada@example.com", "bob@example.com"]);
    }
}
