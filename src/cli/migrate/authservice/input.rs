//! What the files say: one set of settings, each with the place it stands at.
//!
//! Decides that several files are one set and that no two of them may differ. How an env file is read is `env`'s, what a
//! Kubernetes manifest gives is `kubernetes`', what a setting means is `translate`'s.

mod env;
mod kubernetes;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{World, manifest, names};

/// A setting as a file has it. Without `Debug`: its value may be a secret.
#[derive(Clone)]
pub(super) struct Setting {
    /// Its name.
    pub(super) name: String,
    /// Its value, as the program would have got it.
    pub(super) value: String,
    /// The file, and the line or the object in it.
    pub(super) place: String,
}

/// A container of authservice's own.
pub(super) struct Image {
    /// What stands after the last `:` of its image.
    pub(super) tag: String,
    /// The file and the object.
    pub(super) place: String,
}

/// What all files say together.
#[derive(Default)]
pub(super) struct Inputs {
    /// The settings by name.
    pub(super) settings: BTreeMap<String, Setting>,
    /// The container's image, where a workload is among the files.
    pub(super) image: Option<Image>,
    /// Settings whose value stands in an object that is in none of the files, by name.
    pub(super) elsewhere: BTreeMap<String, String>,
    /// What is wrong with the files.
    pub(super) problems: Vec<String>,
    /// Why nobody can tell whose settings they are; then there are none.
    pub(super) unclear: Vec<String>,
}

impl Setting {
    fn new(name: &str, value: &str, place: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), place: place.to_owned() }
    }
}

impl Inputs {
    /// Reads all files as one set.
    ///
    /// # Errors
    /// A file that cannot be read at all.
    pub(super) fn read(files: &[PathBuf], world: &dyn World) -> Result<Self, String> {
        let mut inputs = Self::default();
        let mut loose = Vec::new();
        let mut objects = kubernetes::Objects::default();
        for file in files {
            let name = if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() };
            let text = world.read(file).map_err(|error| format!("{name}: {error}"))?;
            match manifest::is_manifest(&text) {
                true => objects.add(&name, &text)?,
                false => loose.extend(env::parse(&name, &text, &mut inputs.problems)),
            }
        }
        let workloads = objects.workloads();
        inputs.unclear = objects.unclear(&workloads);
        if !inputs.unclear.is_empty() {
            return Ok(inputs);
        }
        if workloads.is_empty() {
            loose.extend(objects.data(&mut inputs.problems));
        }
        let mut used = BTreeSet::new();
        for workload in &workloads {
            inputs.image = inputs.image.take().or_else(|| workload.image());
            let resolved = objects.resolve(workload, &loose, &mut inputs);
            used.extend(resolved);
        }
        // What a workload took under another name is no setting of its own.
        for setting in loose.into_iter().filter(|setting| !used.contains(&setting.name)) {
            inputs.add(setting);
        }
        Ok(inputs)
    }

    /// The value never stands in the message: it may be a secret.
    fn add(&mut self, setting: Setting) {
        match self.settings.get(&setting.name) {
            // Keys that are no settings, as `ca.crt`, may be in many objects.
            Some(other) if other.value != setting.value && names::is_known(&setting.name) => {
                self.problems.push(format!(
                    "{} has two values: in {} and in {}. Remove one of them, or leave that file out",
                    setting.name, other.place, setting.place
                ))
            }
            Some(_) => {}
            None => {
                self.settings.insert(setting.name.clone(), setting);
            }
        }
    }
}
