//! Kubernetes manifests: ConfigMaps, Secrets, and the workload that runs authservice.
//!
//! Decides which container is authservice's, and what its environment is made of: `env` before `envFrom`, a later
//! `envFrom` before an earlier one, as the kubelet does.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{Image, Inputs, Setting};

/// The objects of all manifests.
#[derive(Default)]
pub(super) struct Objects(Vec<Object>);

/// One object, and what to call it.
struct Object {
    value: Value,
    kind: String,
    name: String,
    place: String,
}

/// A container that runs authservice.
pub(super) struct Workload {
    container: Value,
    place: String,
}

/// Whether a text is a manifest rather than an env file.
pub(super) fn is_manifest(text: &str) -> bool {
    let begins =
        |line: &str| ["apiVersion:", "kind:", "\"apiVersion\"", "\"kind\""].iter().any(|key| line.starts_with(key));
    text.trim_start().starts_with('{') || text.lines().any(begins)
}

impl Objects {
    /// Adds the objects of a manifest.
    pub(super) fn add(&mut self, file: &str, text: &str) -> Result<(), String> {
        // Snippets would show the lines around an error, and those may hold secrets.
        let options = serde_saphyr::options! { with_snippet: false };
        let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
            .map_err(|error| format!("{file} is neither an env file nor YAML: {error}"))?;
        documents.into_iter().for_each(|document| self.add_object(file, document));
        Ok(())
    }

    fn add_object(&mut self, file: &str, value: Value) {
        let kind = text(&value, "/kind").to_owned();
        if kind == "List" || value.get("items").is_some() {
            let items = value.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            items.into_iter().for_each(|item| self.add_object(file, item));
            return;
        }
        let name = text(&value, "/metadata/name").to_owned();
        let place = format!("{file}, {kind} {name}");
        self.0.push(Object { value, kind, name, place });
    }

    /// The containers that run authservice: by image or name, or the only one there is.
    pub(super) fn workloads(&self) -> Vec<Workload> {
        let containers = self.0.iter().flat_map(|object| {
            let pods = ["/spec/template/spec/containers", "/spec/containers"];
            let found = pods.iter().find_map(|path| object.value.pointer(path)).and_then(Value::as_array);
            found.into_iter().flatten().map(move |container| (object, container))
        });
        let all: Vec<_> = containers.collect();
        let ours = |(_, container): &&(&Object, &Value)| {
            ["/image", "/name"].iter().any(|path| text(container, path).contains("authservice"))
        };
        let named: Vec<_> = all.iter().filter(ours).collect();
        let chosen = match (named.is_empty(), all.as_slice()) {
            (true, [only]) => vec![only],
            _ => named,
        };
        chosen
            .into_iter()
            .map(|(object, container)| Workload { container: (*container).clone(), place: object.place.clone() })
            .collect()
    }

    /// Everything in ConfigMaps and Secrets.
    pub(super) fn data(&self, problems: &mut Vec<String>) -> Vec<Setting> {
        let mut settings = Vec::new();
        for object in self.0.iter().filter(|object| matches!(object.kind.as_str(), "ConfigMap" | "Secret")) {
            let data = object.data(problems);
            settings.extend(data.into_iter().map(|(name, value)| Setting::new(&name, &value, &object.place)));
        }
        settings
    }

    /// Adds the environment of a workload; says which settings of the env files it took under other names.
    pub(super) fn resolve(&self, workload: &Workload, loose: &[Setting], inputs: &mut Inputs) -> BTreeSet<String> {
        let mut environment: BTreeMap<String, Setting> = BTreeMap::new();
        for source in list(&workload.container, "envFrom") {
            self.add_all(source, workload, loose, &mut environment, inputs);
        }
        let mut taken = BTreeSet::new();
        for variable in list(&workload.container, "env") {
            let name = text(variable, "/name").to_owned();
            let place = &workload.place;
            let setting = match variable.get("valueFrom") {
                Some(from) => self.referred(&name, from, workload, loose, inputs),
                None => {
                    let value = expand(text(variable, "/value"), &environment, loose, &mut taken);
                    if value.is_none() {
                        let what = "names a variable that is in none of the files. Write its value out";
                        inputs.problems.push(format!("{name} ({place}) {what}"));
                    }
                    value.map(|value| Setting::new(&name, &value, place))
                }
            };
            let key = variable.get("valueFrom").map(key).filter(|key| *key != name);
            taken.extend(key.map(str::to_owned));
            environment.extend(setting.map(|setting| (name, setting)));
        }
        environment.into_values().for_each(|setting| inputs.add(setting));
        taken
    }

    /// `envFrom`: everything in an object. The env files of the same set are what kustomize makes such objects of.
    fn add_all(
        &self,
        source: &Value,
        workload: &Workload,
        loose: &[Setting],
        environment: &mut BTreeMap<String, Setting>,
        inputs: &mut Inputs,
    ) {
        let (kind, reference) = reference(source, "configMapRef", "secretRef");
        let name = text(reference, "/name");
        let prefix = text(source, "/prefix");
        let Some(object) = self.named(kind, name) else {
            if loose.is_empty() && reference.get("optional") != Some(&Value::Bool(true)) {
                inputs.problems.push(format!(
                    "{} takes its settings from the {kind} {name}, which is in none of the files. Add it",
                    workload.place
                ));
            }
            return;
        };
        for (name, value) in object.data(&mut inputs.problems) {
            let name = format!("{prefix}{name}");
            let setting = Setting::new(&name, &value, &object.place);
            environment.insert(name, setting);
        }
    }

    /// `valueFrom`: one key of an object.
    fn referred(
        &self,
        name: &str,
        from: &Value,
        workload: &Workload,
        loose: &[Setting],
        inputs: &mut Inputs,
    ) -> Option<Setting> {
        let (kind, reference) = reference(from, "configMapKeyRef", "secretKeyRef");
        let (object, key) = (text(reference, "/name"), text(reference, "/key"));
        let found = self.named(kind, object);
        let value = found.and_then(|found| found.data(&mut inputs.problems).remove(key));
        match (value, found, loose.iter().find(|setting| setting.name == key)) {
            (Some(value), Some(found), _) => Some(Setting::new(name, &value, &found.place)),
            (None, None, Some(loose)) => Some(Setting::new(name, &loose.value, &loose.place)),
            _ if reference.get("optional") == Some(&Value::Bool(true)) => None,
            _ => {
                let place = match kind {
                    "" => format!("{} takes it from the pod itself", workload.place),
                    kind => format!("{} takes it from the {kind} {object}", workload.place),
                };
                inputs.elsewhere.insert(name.to_owned(), place);
                None
            }
        }
    }

    fn named(&self, kind: &str, name: &str) -> Option<&Object> {
        self.0.iter().find(|object| object.kind == kind && object.name == name)
    }
}

impl Object {
    /// The data of a ConfigMap or a Secret, decoded.
    fn data(&self, problems: &mut Vec<String>) -> BTreeMap<String, String> {
        let mut data = BTreeMap::new();
        for (name, value) in members(&self.value, "data") {
            let plain = match (self.kind.as_str(), value.as_str()) {
                ("Secret", Some(value)) => {
                    BASE64_STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok())
                }
                (_, value) => value.map(str::to_owned),
            };
            match plain {
                Some(plain) => drop(data.insert(name.clone(), plain)),
                None => problems.push(format!("{name} ({}) is no text: Kubernetes would not take it", self.place)),
            }
        }
        let plain =
            members(&self.value, "stringData").filter_map(|(name, value)| Some((name.clone(), value.as_str()?)));
        data.extend(plain.map(|(name, value)| (name, value.to_owned())));
        data
    }
}

impl Workload {
    /// The image that it runs.
    pub(super) fn image(&self) -> Option<Image> {
        let image = text(&self.container, "/image").split('@').next()?;
        let (_, tag) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))?;
        Some(Image { tag: tag.to_owned(), place: self.place.clone() })
    }
}

/// `$(NAME)` as the kubelet puts it in, or kustomize before it; `$$(` is `$(`. None where a name is known to nobody.
fn expand(
    value: &str,
    known: &BTreeMap<String, Setting>,
    loose: &[Setting],
    taken: &mut BTreeSet<String>,
) -> Option<String> {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("$(") {
        if let Some(literal) = before.strip_suffix('$') {
            expanded.extend([literal, "$("]);
            rest = after;
            continue;
        }
        let (name, left) = after.split_once(')')?;
        let parameter = loose.iter().find(|setting| setting.name == name);
        taken.extend(parameter.map(|setting| setting.name.clone()));
        expanded.extend([before, &known.get(name).or(parameter)?.value]);
        rest = left;
    }
    expanded.push_str(rest);
    Some(expanded)
}

fn reference<'a>(source: &'a Value, map: &str, secret: &str) -> (&'static str, &'a Value) {
    match (source.get(map), source.get(secret)) {
        (Some(reference), _) => ("ConfigMap", reference),
        (None, Some(reference)) => ("Secret", reference),
        (None, None) => ("", &Value::Null),
    }
}

fn key(from: &Value) -> &str {
    text(reference(from, "configMapKeyRef", "secretKeyRef").1, "/key")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flatten()
}
