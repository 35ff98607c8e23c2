//! The settings that count, with options in place of some.
//!
//! Decides defaults for nobody; keeps account of what was read, so that the rest can be named.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    Choices,
    input::{Inputs, Setting, alpha::Alpha},
    ledger::Ledger,
    manifest::Object,
    names, values,
};

/// A migration under way.
pub(in crate::cli::migrate::oauth2_proxy) struct Given<'a> {
    /// What was chosen on the command line.
    pub(super) choices: &'a Choices,
    /// What becomes of everything.
    pub(super) ledger: Ledger,
    /// Where people reach the gateway.
    pub(super) public_urls: Vec<String>,
    /// The alpha configuration.
    pub(super) alpha: Option<Alpha>,
    /// The addresses that may pass, and the file they stand in.
    pub(super) emails: Option<(Vec<String>, String)>,
    /// Objects of Istio's.
    pub(super) mesh: Vec<Object>,
    settings: BTreeMap<&'static str, Setting>,
    elsewhere: BTreeMap<&'static str, String>,
    dead: Vec<(String, String)>,
    read: BTreeSet<&'static str>,
}

impl<'a> Given<'a> {
    /// Everything in the files, and what was chosen instead.
    pub(in crate::cli::migrate::oauth2_proxy) fn new(inputs: Inputs, choices: &'a Choices) -> Self {
        let mut ledger = Ledger::default();
        ledger.refuse_all(inputs.problems);
        Self {
            choices,
            ledger,
            public_urls: choices.public_urls.clone(),
            alpha: inputs.alpha,
            emails: inputs.emails,
            mesh: inputs.mesh,
            settings: inputs.settings,
            elsewhere: inputs.elsewhere,
            dead: inputs.dead,
            read: BTreeSet::new(),
        }
    }

    /// A setting that is there, even if it is empty. Asking makes it accounted for.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Setting> {
        debug_assert!(names::by_name(name).is_some(), "{name}");
        let setting = self.settings.get(name).cloned();
        self.read.insert(name);
        setting
    }

    /// A setting that says something. oauth2-proxy took an empty one for none.
    pub(super) fn take_filled(&mut self, name: &'static str) -> Option<Setting> {
        let setting = self.take(name)?;
        if setting.values.iter().all(String::is_empty) {
            self.ledger.carried(&setting.label, "empty: as if it were not set");
            return None;
        }
        Some(setting)
    }

    /// A list of whom to let in that says something. One of empty names alone let nobody in.
    pub(super) fn take_members(&mut self, name: &'static str) -> Option<Setting> {
        let setting = self.take(name)?;
        if !setting.values.is_empty() && setting.values.iter().all(String::is_empty) {
            let mend = "name who may pass, or leave it out if whoever signs in may";
            self.refuse(&setting, "holds an empty name alone, which nobody has, so that nobody passed", mend);
            return None;
        }
        self.take_filled(name)
    }

    /// A switch, and the setting if there is one; `default` if it is not set.
    pub(super) fn switch(&mut self, name: &'static str, default: bool) -> (bool, Option<Setting>) {
        let Some(setting) = self.take(name) else { return (default, None) };
        let flag = values::boolean(setting.text());
        if flag.is_none() {
            let mend = "write `true` or `false`, or leave it out: oauth2-proxy does not start with anything else";
            self.refuse(&setting, "is no boolean", mend);
        }
        (flag.unwrap_or(default), Some(setting))
    }

    /// A setting, without its being accounted for.
    pub(super) fn peek(&self, name: &str) -> Option<Setting> {
        self.settings.get(name).filter(|setting| !setting.text().is_empty()).cloned()
    }

    /// Whether a setting says something.
    pub(super) fn says(&self, name: &str) -> bool {
        self.settings.get(name).is_some_and(|setting| setting.values.iter().any(|value| !value.is_empty()))
    }

    /// Whether a setting is there.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.settings.contains_key(name)
    }

    /// A number of seconds, if it is set.
    pub(super) fn seconds(&mut self, name: &'static str) -> Option<(Setting, i64)> {
        let setting = self.take_filled(name)?;
        let seconds = values::seconds(setting.text());
        if seconds.is_none() {
            self.refuse(
                &setting,
                "is no duration",
                "write it as `168h` or `30m`: oauth2-proxy does not start with anything else",
            );
        }
        Some((setting, seconds?))
    }

    /// Where a secret is that is in none of the files.
    pub(super) fn elsewhere(&self, name: &str) -> Option<&String> {
        self.elsewhere.get(name)
    }

    /// Says what stands in the way.
    pub(super) fn refuse(&mut self, setting: &Setting, what: &str, mend: &str) {
        self.ledger.refused(format!("{} {what}: {mend}", setting.origin()));
    }

    /// Says that a setting goes on at `path` of the configuration.
    pub(super) fn carry(&mut self, setting: &Setting, path: &str) {
        self.ledger.source(path, &setting.origin());
        self.ledger.carried(&setting.label, format!("`{path}`"));
    }

    /// Says that a setting is otherwise from now on.
    pub(super) fn change(&mut self, setting: &Setting, becomes: impl Into<String>) {
        self.ledger.changed(&setting.label, becomes);
    }

    /// Says that a setting has no counterpart.
    pub(super) fn lose(&mut self, setting: &Setting, instead: impl Into<String>) {
        self.ledger.lost(&setting.label, instead);
    }

    /// Whether it is Kubeflow's oauth2-proxy, by the name of its cookie.
    pub(super) fn is_kubeflow(&self) -> bool {
        self.peek("cookie_name").is_some_and(|setting| setting.text().contains("kubeflow"))
    }

    /// The first public URL that is one host, without a `/` at its end.
    pub(super) fn first_host(&self) -> Option<String> {
        let first = self.public_urls.iter().find(|url| !url.contains("//*."))?;
        Some(first.trim_end_matches('/').to_owned())
    }

    /// What has no counterpart whatever it says, what nothing asked for, and what counted for nothing before.
    pub(super) fn report_dead(&mut self) {
        let left: Vec<_> =
            self.settings.values().filter(|setting| !self.read.contains(setting.name)).cloned().collect();
        let mut lost: Vec<(String, String)> = left
            .iter()
            .map(|setting| {
                let instead = names::by_name(setting.name).and_then(|known| known.instead);
                (setting.label.clone(), instead.unwrap_or("not used with these other settings").to_owned())
            })
            .collect();
        // Those that come to the same stand together.
        lost.sort_by(|(one, why), (other, because)| (why, one).cmp(&(because, other)));
        for (label, why) in lost.into_iter().chain(std::mem::take(&mut self.dead)) {
            self.ledger.lost(&label, why);
        }
    }
}
