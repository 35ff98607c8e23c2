//! What the files say: plugins, the routes they stand on, and the consumers that Kong knows.
//!
//! Decides which kind of file each is, and which plugin stands on which route: the route's own, else its service's, else the one
//! for everything. What a setting means is `translate`'s.
//!
//! | File | Decides |
//! |---|---|
//! | `annotations` | what annotations of Kubernetes's objects say of routes and plugins |
//! | `conf` | `kong.conf`, environment files, workspaces: Kong Manager's and the Dev Portal's settings |
//! | `declared` | `kong.yml` and the answers of the Admin API |
//! | `kubernetes` | KongPlugin, Ingress, HTTPRoute, Secrets |
//! | `konnect` | the Dev Portal of Konnect |

mod annotations;
mod conf;
mod declared;
mod konnect;
mod kubernetes;

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{World, manifest};
pub(super) use declared::{Consumer, Declared, On, Route};
pub(super) use kubernetes::BY_LENGTH;

/// Whose settings a plugin's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Konnect's Dev Portal.
    Konnect,
    /// Kong Manager's `admin_gui_auth_conf`.
    Manager,
    /// A plugin on routes.
    Plugin,
    /// The Dev Portal's `portal_auth_conf`.
    Portal,
}

/// An `openid-connect` plugin. Without `Debug`: it may hold secrets.
#[derive(Clone)]
pub(super) struct Plugin {
    /// What people call it: its instance, its route or its service.
    pub(super) label: String,
    /// The file, and the object in it.
    pub(super) place: String,
    /// Whose it is.
    pub(super) kind: Kind,
    /// Its settings.
    pub(super) config: Map<String, Value>,
    /// Where it stands.
    pub(super) on: On,
}

/// What all files say together.
#[derive(Default)]
pub(super) struct Inputs {
    /// The plugins, in the order of the files.
    pub(super) plugins: Vec<Plugin>,
    /// Those that `--plugin` leaves for another time.
    pub(super) left_out: Vec<Plugin>,
    /// Everything beside them.
    pub(super) declared: Declared,
    /// What is wrong with the files.
    pub(super) problems: Vec<String>,
    /// What in the files is nobody's setting here.
    pub(super) others: Vec<(String, &'static str)>,
}

impl Inputs {
    /// Reads all files as one set.
    ///
    /// # Errors
    /// A file that cannot be read at all.
    pub(super) fn read(files: &[PathBuf], world: &dyn World) -> Result<Self, String> {
        let mut inputs = Self::default();
        let mut objects = Vec::new();
        for file in files {
            let name = if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() };
            let text = world.read(file).map_err(|error| format!("{name}: {error}"))?;
            if conf::is_conf(&text) {
                conf::read(&name, &text, &mut inputs);
                continue;
            }
            let documents = manifest::documents(&text)
                .map_err(|error| format!("{name} is neither YAML, JSON nor a kong.conf: {error}"))?;
            let is_object = |document: &Value| document.get("apiVersion").is_some() || document.get("items").is_some();
            match documents.iter().any(is_object) {
                true => objects.extend(manifest::objects(&name, &text)?),
                false => documents.iter().for_each(|document| inputs.add(&name, document)),
            }
        }
        kubernetes::read(&objects, &mut inputs);
        inputs.resolve();
        Ok(inputs)
    }

    /// A document that is no object of Kubernetes's.
    fn add(&mut self, file: &str, document: &Value) {
        if konnect::read(file, document, self) || conf::read_workspace(file, document, self) {
            return;
        }
        if is_settings(document) {
            let config = document.as_object().cloned().unwrap_or_default();
            let kind = conf::kind_of(file, document);
            let place = file.to_owned();
            self.plugins.push(Plugin { label: "all".to_owned(), place, kind, config, on: On::Everything });
            return;
        }
        self.declared.add(file, document, &mut self.problems);
    }

    /// Takes the plugins out of what was declared.
    fn resolve(&mut self) {
        for (plugin, place, on) in self.declared.take_plugins("openid-connect") {
            if plugin.get("enabled") == Some(&Value::Bool(false)) {
                self.others.push((place, "switched off (`enabled: false`), so nothing is made of it"));
                continue;
            }
            if on == On::Consumer {
                let what = "stands on a consumer, whom nobody knows before the plugin ran: remove it";
                self.problems.push(format!("{place} {what}"));
                continue;
            }
            let label = self.declared.label(&plugin, &on);
            let config = self.declared.config(&plugin, &place, &mut self.problems);
            self.plugins.push(Plugin { label, place, kind: Kind::Plugin, config, on });
        }
    }
}

/// Whether a document is the plugin's settings by themselves.
fn is_settings(document: &Value) -> bool {
    document.get("issuer").is_some() && document.get("config").is_none()
}
