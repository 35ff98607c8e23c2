//! Kubernetes manifests: ConfigMaps, Secrets, the workload that runs oauth2-proxy, and Istio's objects around it.
//!
//! Decides which container is oauth2-proxy's, what its environment and its configuration files are, and which objects of Istio's
//! have a part in it.

use serde_json::Value;

use super::{
    super::{
        manifest::{self, Object, list, text},
        names,
    },
    Inputs, Kind, compose, flags,
};

/// The objects of all manifests.
#[derive(Default)]
pub(super) struct Objects(Vec<Object>);

impl Objects {
    /// Adds the objects of a manifest.
    pub(super) fn add(&mut self, file: &str, text: &str) -> Result<(), String> {
        self.0.extend(manifest::objects(file, text).map_err(|error| format!("{file} is no YAML: {error}"))?);
        Ok(())
    }

    /// Adds the services of a file of Docker Compose.
    pub(super) fn add_services(&mut self, file: &str, text: &str) -> Result<(), String> {
        self.0.extend(compose::objects(file, text)?);
        Ok(())
    }

    /// Reads them all.
    pub(super) fn read(mut self, inputs: &mut Inputs) {
        let workloads: Vec<_> = self.workloads();
        match workloads.as_slice() {
            [] => self.loose(inputs),
            [(place, container)] => self.workload(place, container, inputs),
            several => {
                let places: Vec<_> = several.iter().map(|(place, _)| place.as_str()).collect();
                inputs.problems.push(format!(
                    "several workloads run an oauth2-proxy: {}. Give the objects of one alone: each is a gateway's configuration of \
                     its own",
                    places.join("; ")
                ));
            }
        }
        self.0.retain(|object| MESH.contains(&object.kind.as_str()));
        inputs.mesh = self.0;
    }

    /// The containers that run oauth2-proxy, by image or name.
    fn workloads(&self) -> Vec<(String, Value)> {
        let is_ours = |container: &Value| {
            ["/image", "/name"].iter().any(|path| text(container, path).replace('_', "-").contains("oauth2-proxy"))
        };
        let mut workloads: Vec<(String, Value)> = Vec::new();
        for object in self
            .0
            .iter()
            .filter(|object| object.kind != "Pod" || object.value.pointer("/metadata/ownerReferences").is_none())
        {
            let pods = ["/spec/template/spec/containers", "/spec/containers"];
            let containers = pods.iter().find_map(|path| object.value.pointer(path)).and_then(Value::as_array);
            let ours = containers.into_iter().flatten().find(|container| is_ours(container));
            workloads.extend(ours.map(|container| (object.described(), container.clone())));
        }
        workloads
    }

    fn sources(&self) -> impl Iterator<Item = &Object> {
        self.0.iter().filter(|object| matches!(object.kind.as_str(), "ConfigMap" | "Secret"))
    }

    /// Without a workload: whatever in ConfigMaps and Secrets is a setting or a file of settings.
    fn loose(&self, inputs: &mut Inputs) {
        for object in self.sources() {
            for (key, value) in object.data() {
                let Ok(value) = value else { continue };
                let variable = match key.as_str() {
                    "client-id" | "client-secret" | "cookie-secret" => {
                        format!("{}{}", names::VARIABLE, key.replace('-', "_").to_ascii_uppercase())
                    }
                    key => key.to_owned(),
                };
                match Kind::of(&value) {
                    _ if variable.starts_with(names::VARIABLE) => inputs.add_variable(&variable, &value, &object.place),
                    kind @ (Kind::Alpha | Kind::Env) => inputs.add_file(kind, &within(object, &key), &value),
                    kind @ Kind::Emails if value.contains('\n') || key.contains("email") || key.contains("user") => {
                        inputs.add_file(kind, &within(object, &key), &value)
                    }
                    Kind::Cfg if key.ends_with(".cfg") || key.ends_with(".toml") => {
                        inputs.add_file(Kind::Cfg, &within(object, &key), &value)
                    }
                    Kind::Cfg | Kind::Chart | Kind::Compose | Kind::Emails | Kind::Flags | Kind::Manifest => {}
                }
            }
        }
    }

    fn workload(&self, place: &str, container: &Value, inputs: &mut Inputs) {
        for source in list(container, "envFrom") {
            let (kind, reference) = reference(source, "configMapRef", "secretRef");
            let name = text(reference, "/name");
            let Some(object) = self.named(kind, name) else {
                if reference.get("optional") != Some(&Value::Bool(true)) {
                    let what = format!(
                        "{place} takes variables from the {kind} {name}, which is in none of the files. Add it"
                    );
                    inputs.problems.push(what);
                }
                continue;
            };
            let prefix = text(source, "/prefix");
            for (key, value) in object.data() {
                if let Ok(value) = value {
                    inputs.add_variable(&format!("{prefix}{key}"), &value, &object.place);
                }
            }
        }
        for variable in list(container, "env") {
            self.variable(place, variable, inputs);
        }
        let expanded = |value: &Value| value.as_str().map(|text| expand(text, inputs));
        let arguments: Vec<_> =
            ["command", "args"].iter().flat_map(|part| list(container, part)).filter_map(expanded).collect();
        if arguments.iter().any(|argument| argument == "-c") {
            inputs.problems.push(format!("{place} runs a shell; write the flags as a list below `args`, one each"));
            return;
        }
        let named = flags::read(&arguments, place, inputs);
        for (flag, file, kind) in [("--config", named.config, Kind::Cfg), ("--alpha-config", named.alpha, Kind::Alpha)]
        {
            if let Some(file) = file {
                self.mounted(place, flag, &file, kind, inputs);
            }
        }
        let emails = inputs.settings.get("authenticated_emails_file").map(|setting| setting.text().to_owned());
        if let Some(file) =
            emails.as_deref().and_then(|path| path.rsplit('/').next()).filter(|_| inputs.emails.is_none())
        {
            self.mounted(place, "", file, Kind::Emails, inputs);
        }
    }

    /// A file that a flag names, in a ConfigMap or a Secret of that name, or given by itself.
    fn mounted(&self, place: &str, flag: &str, file: &str, kind: Kind, inputs: &mut Inputs) {
        let found = self.sources().find_map(|object| Some((object, object.data().remove(file)?.ok()?)));
        let is_given = match kind {
            Kind::Alpha => !inputs.alphas.is_empty(),
            Kind::Cfg => inputs.settings.values().any(|setting| setting.layer == super::Layer::File),
            Kind::Chart | Kind::Compose | Kind::Emails | Kind::Env | Kind::Flags | Kind::Manifest => true,
        };
        match found {
            Some((object, text)) => inputs.add_file(kind, &within(object, file), &text),
            None if is_given => {}
            None => inputs.problems.push(format!(
                "{place} names the file {file} by `{flag}`, which no ConfigMap and no Secret in these files holds. Add it"
            )),
        }
    }

    fn variable(&self, place: &str, variable: &Value, inputs: &mut Inputs) {
        let name = text(variable, "/name");
        let Some(from) = variable.get("valueFrom") else {
            let value = expand(text(variable, "/value"), inputs);
            return inputs.add_variable(name, &value, place);
        };
        let (kind, reference) = reference(from, "configMapKeyRef", "secretKeyRef");
        let (object, key) = (text(reference, "/name"), text(reference, "/key"));
        let found = self.named(kind, object).and_then(|found| Some((found, found.data().remove(key)?)));
        match (found, names::by_variable(name)) {
            (Some((found, Ok(value))), _) => inputs.add_variable(name, &value, &found.place),
            (Some((found, Err(why))), _) => inputs.problems.push(format!("{key} ({}) {why}", found.place)),
            (None, Some(known)) if names::SECRETS.contains(&known.name) => {
                let place = format!("{place} takes it from the {kind} {object}, which is in none of the files");
                inputs.elsewhere.insert(known.name, place);
            }
            (None, Some(_)) if reference.get("optional") != Some(&Value::Bool(true)) => inputs.problems.push(format!(
                "{name}: {place} takes it from the {kind} {object}, which is in none of the files. Add it"
            )),
            (None, _) => {}
        }
    }

    fn named(&self, kind: &str, name: &str) -> Option<&Object> {
        self.sources().find(|object| object.kind == kind && object.name == name)
    }
}

/// `$(NAME)` as the kubelet puts it in.
fn expand(value: &str, inputs: &Inputs) -> String {
    let mut expanded = value.to_owned();
    for (name, known) in &inputs.variables {
        expanded = expanded.replace(&format!("$({name})"), known);
    }
    expanded
}

fn within(object: &Object, key: &str) -> String {
    format!("{}, {key}", object.place)
}

fn reference<'a>(source: &'a Value, map: &str, secret: &str) -> (&'static str, &'a Value) {
    match (source.get(map), source.get(secret)) {
        (Some(reference), _) => ("ConfigMap", reference),
        (None, Some(reference)) => ("Secret", reference),
        (None, None) => ("", &Value::Null),
    }
}

/// The kinds of Istio's objects that are looked at.
const MESH: [&str; 5] = ["AuthorizationPolicy", "ConfigMap", "EnvoyFilter", "RequestAuthentication", "VirtualService"];
