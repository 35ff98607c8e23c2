//! The settings that count: those that the dialect reads, with options in place of some.
//!
//! Decides defaults for nobody; keeps account of what was read, so that the rest can be named.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    Choices,
    dialect::Dialect,
    go,
    input::{Inputs, Setting},
    ledger::Ledger,
    names,
};

/// A migration under way.
pub(in crate::cli::migrate::authservice) struct Given<'a> {
    /// Whose settings they are.
    pub(super) dialect: Dialect,
    /// What was chosen on the command line.
    pub(super) choices: &'a Choices,
    /// What becomes of everything.
    pub(super) ledger: Ledger,
    settings: BTreeMap<String, Setting>,
    read: BTreeSet<String>,
}

impl Setting {
    /// Whether it is an option of the command line.
    pub(super) fn is_option(&self) -> bool {
        self.place.starts_with("--")
    }

    /// What to call it: the variable and its place, or the option.
    pub(super) fn origin(&self) -> String {
        match self.is_option() {
            true => self.place.clone(),
            false => format!("{} ({})", self.name, self.place),
        }
    }

    /// What its reader wrote: a variable, a parameter, or the option.
    pub(super) fn label(&self) -> &str {
        let parameter = self.place.strip_prefix('`').and_then(|place| place.split('`').next());
        let option = Some(self.place.as_str()).filter(|_| self.is_option());
        option.or(parameter).unwrap_or(&self.name)
    }

    /// Whether quotes stand around its value: env files keep them.
    fn is_quoted(&self) -> bool {
        let inside = |quote: char| {
            let inside = self.value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            inside.is_some() && !self.is_option()
        };
        inside('"') || inside('\'')
    }
}

impl<'a> Given<'a> {
    /// Everything in the files, and what was chosen instead.
    pub(in crate::cli::migrate::authservice) fn new(dialect: Dialect, inputs: Inputs, choices: &'a Choices) -> Self {
        let mut ledger = Ledger::default();
        ledger.refuse_all(inputs.problems);
        let settings = inputs.settings;
        let mut given = Self { dialect, choices, ledger, settings, read: BTreeSet::new() };
        if dialect == Dialect::Parameters {
            given.rename_parameters();
        }
        given.choose();
        given.judge_quotes();
        for (name, place) in inputs.elsewhere {
            let counts =
                names::reads(dialect, &name) && !names::is_secret(&name) && !given.settings.contains_key(&name);
            if counts {
                given.ledger.refused(format!("{name}: {place}, which is in none of the files. Add it"));
            }
        }
        given
    }

    /// Quotes belong to a value, as kustomize reads it, and are seldom meant.
    fn judge_quotes(&mut self) {
        for setting in self.settings.values().filter(|setting| names::reads(self.dialect, &setting.name)) {
            if setting.is_quoted() && !names::is_secret(&setting.name) {
                self.ledger.quoted(&setting.origin());
                self.ledger.changed(setting.label(), QUOTES);
            }
        }
    }

    /// The StatefulSet of those releases made variables of the parameters, and had some of its own.
    fn rename_parameters(&mut self) {
        for (parameter, name) in names::PARAMETERS {
            if let Some(setting) = self.settings.remove(parameter) {
                let place = format!("`{parameter}` of {}", setting.place);
                self.settings.insert(name.to_owned(), Setting { name: name.to_owned(), place, ..setting });
            }
        }
        for (name, value) in names::HARD_CODED {
            let place = "Kubeflow's own manifests".to_owned();
            let setting = Setting { name: name.to_owned(), value: value.to_owned(), place };
            self.settings.entry(name.to_owned()).or_insert(setting);
        }
        // The installer filled this one in.
        if self.settings.get("USERID_HEADER").is_some_and(|setting| setting.value.is_empty()) {
            self.settings.remove("USERID_HEADER");
        }
    }

    fn choose(&mut self) {
        let choices = self.choices;
        let chosen = [
            ("--issuer", "OIDC_PROVIDER", &choices.issuer),
            ("--client-id", "CLIENT_ID", &choices.client_id),
            ("--url-prefix", "AUTHSERVICE_URL_PREFIX", &choices.url_prefix),
            ("--authorization-url", "OIDC_AUTH_URL", &choices.authorization_url),
            ("--user-id-header", "USERID_HEADER", &choices.user_id_header),
        ];
        for (option, name, value) in chosen {
            let Some(value) = value else { continue };
            let setting = Setting { name: name.to_owned(), value: value.clone(), place: option.to_owned() };
            let before = self.settings.insert(name.to_owned(), setting);
            if let Some(before) = before.filter(|before| !before.value.is_empty() && before.value != *value) {
                self.ledger.changed(name, format!("`{option}` says otherwise than {}, and counts", before.place));
            }
        }
    }

    /// A setting that is there, even if it is empty. Asking makes it accounted for.
    pub(super) fn take(&mut self, name: &str) -> Option<Setting> {
        let counts = names::reads(self.dialect, name);
        let setting = self.settings.get(name).filter(|_| counts).cloned();
        self.read.extend(setting.as_ref().map(|setting| setting.name.clone()));
        setting
    }

    /// A setting that is there and says something. An empty one is said to be as good as absent.
    pub(super) fn take_filled(&mut self, name: &str) -> Option<Setting> {
        let setting = self.take(name)?;
        if setting.value.is_empty() {
            self.ledger.carried(name, "empty: as if it were not set");
            return None;
        }
        Some(setting)
    }

    /// A boolean; `default` if it is not set.
    pub(super) fn take_boolean(&mut self, name: &str, default: bool) -> bool {
        let Some(setting) = self.take(name) else { return default };
        go::boolean(&setting.value).unwrap_or_else(|| {
            let mend = "write `true` or `false`, or leave it out: authservice does not start with anything else, nor with \
                        an empty one";
            self.refuse(&setting, "is no boolean", mend);
            default
        })
    }

    /// An integer, if it is set.
    pub(super) fn take_integer(&mut self, name: &str) -> Option<(Setting, i64)> {
        let setting = self.take(name)?;
        let number = go::integer(&setting.value);
        if number.is_none() {
            let mend = "write a whole number, or leave it out: authservice does not start with anything else, nor with an \
                        empty one";
            self.refuse(&setting, "is no whole number", mend);
        }
        Some((setting, number?))
    }

    /// Says what stands in the way.
    pub(super) fn refuse(&mut self, setting: &Setting, what: &str, mend: &str) {
        self.ledger.refused(format!("{} {what}: {mend}", setting.origin()));
    }

    /// Says that a setting goes on at `path` of the configuration.
    pub(super) fn carry(&mut self, setting: &Setting, path: &str) {
        self.ledger.source(path, &setting.origin());
        self.ledger.carried(setting.label(), format!("`{path}`"));
    }

    /// Says that a setting is not there and what that comes to. A load balancer had none of them.
    pub(super) fn defaulted(&mut self, name: &str, becomes: &str) {
        let path = becomes.split(':').next().unwrap_or_default();
        self.ledger.source(path, &format!("{name} (not set)"));
        if self.dialect != Dialect::LoadBalancer {
            self.ledger.carried(&format!("{name} (not set)"), format!("`{becomes}`: authservice's default"));
        }
    }

    /// The settings that a name begins.
    pub(super) fn beginning(&self, start: &str) -> Vec<String> {
        self.settings.keys().filter(|name| name.starts_with(start)).cloned().collect()
    }

    /// Puts a setting in that other ones amount to.
    pub(super) fn put(&mut self, name: &str, value: &str, like: &Setting) {
        if let Some(other) = self.settings.get(name) {
            match other.value == value {
                true => self.ledger.carried(&like.name, format!("as `{}` says", other.label())),
                false => self.ledger.changed(&like.name, format!("`{}` says otherwise, and counts", other.label())),
            }
            return;
        }
        let place = format!("`{}` of {}", like.name, like.place);
        let setting = Setting { name: name.to_owned(), value: value.to_owned(), place };
        self.settings.insert(name.to_owned(), setting);
    }

    /// Every variable that nothing asked for.
    pub(super) fn report_dead(&mut self) {
        let dead: Vec<_> = self.settings.keys().filter(|name| !self.read.contains(*name)).cloned().collect();
        for name in dead {
            self.ledger.lost(&name, names::dead(self.dialect, &name));
        }
    }
}

const QUOTES: &str = "the quotes around it belong to the value: kustomize keeps them, and so does this. Remove them where they are not meant";
