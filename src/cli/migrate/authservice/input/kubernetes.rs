//! Kubernetes manifests: ConfigMaps, Secrets, and the workload that runs authservice.
//!
//! Decides which container is authservice's, and what its environment is made of: `env` before `envFrom`, a later
//! `envFrom` before an earlier one, as the kubelet does. A name means an object of the workload's own namespace: another
//! namespace is somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    super::{
        manifest::{self, Object, described, list, members, text},
        names,
    },
    Image, Inputs, Setting,
};

/// The objects of all manifests.
#[derive(Default)]
pub(super) struct Objects(Vec<Object>);

/// A container that runs authservice.
#[derive(Clone)]
pub(super) struct Workload {
    container: Value,
    namespace: String,
    place: String,
}

impl Objects {
    /// Adds the objects of a manifest.
    pub(super) fn add(&mut self, file: &str, text: &str) -> Result<(), String> {
        let objects = manifest::objects(file, text)
            .map_err(|error| format!("{file} is neither an env file nor YAML: {error}"))?;
        self.0.extend(objects);
        Ok(())
    }

    /// The containers that run authservice: by image or name, or the only one there is. What another of the objects made is
    /// that one's, and the same container twice is one.
    pub(super) fn workloads(&self) -> Vec<Workload> {
        let containers = self.0.iter().filter(|object| !self.is_made(object)).flat_map(|object| {
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
        let mut workloads: Vec<Workload> = Vec::new();
        for (object, container) in chosen {
            let (namespace, place) = (object.namespace.clone(), object.place.clone());
            let workload = Workload { container: (*container).clone(), namespace, place };
            if !workloads.iter().any(|other| other.is_like(&workload)) {
                workloads.push(workload);
            }
        }
        workloads
    }

    /// Whether the files have the object that made this one: the StatefulSet of a Pod.
    fn is_made(&self, object: &Object) -> bool {
        let owners = object.value.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let has = |owner: &Value| {
            let (kind, name) = (text(owner, "/kind"), text(owner, "/name"));
            self.0.iter().any(|other| {
                other.kind == kind && other.name == name && !name.is_empty() && other.namespace == object.namespace
            })
        };
        owners.into_iter().flatten().any(has)
    }

    /// Why nobody can tell whose settings these are: several workloads, several namespaces, or two objects of one name.
    pub(super) fn unclear(&self, workloads: &[Workload]) -> Vec<String> {
        if let [_, _, ..] = workloads {
            let places: Vec<_> = workloads.iter().map(Workload::described).collect();
            return vec![format!("several workloads run an authservice: {}. {ONE_NAMESPACE}", places.join("; "))];
        }
        let own = workloads.first().map_or("", |workload| &workload.namespace);
        let data: Vec<_> = self.sources().filter(|object| is_same_set(&object.namespace, own)).collect();
        let named = data.iter().filter(|object| !object.namespace.is_empty());
        let namespaces: BTreeMap<_, _> = named.map(|object| (&object.namespace, object.described())).collect();
        if namespaces.len() > 1 {
            let places: Vec<_> = namespaces.into_values().collect();
            let what = "the objects are of several namespaces, and no workload tells which one counts";
            return vec![format!("{what}: {}. {ONE_NAMESPACE}", places.join("; "))];
        }
        let mut problems = Vec::new();
        for (index, object) in data.iter().enumerate() {
            let is_other = |earlier: &&&Object| {
                let is_same = earlier.kind == object.kind && earlier.name == object.name;
                is_same && earlier.data() != object.data()
            };
            if let Some(earlier) = data.iter().take(index).find(is_other) {
                problems.push(format!(
                    "the {} {} is there twice, with other contents: in {} and in {}. Leave one of them out",
                    object.kind,
                    object.name,
                    earlier.described(),
                    object.described()
                ));
            }
        }
        problems
    }

    /// The ConfigMaps and Secrets.
    fn sources(&self) -> impl Iterator<Item = &Object> {
        self.0.iter().filter(|object| matches!(object.kind.as_str(), "ConfigMap" | "Secret"))
    }

    /// Everything in ConfigMaps and Secrets that hold a setting: others of the same namespace have nothing to do with it.
    pub(super) fn data(&self, problems: &mut Vec<String>) -> Vec<Setting> {
        let mut settings = Vec::new();
        for object in self.sources().filter(|object| object.holds_settings()) {
            let data = object.settings(problems);
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
        let Some(object) = self.named(kind, name, workload) else {
            if loose.is_empty() && reference.get("optional") != Some(&Value::Bool(true)) {
                inputs.problems.push(format!(
                    "{} takes its settings from the {kind} {name}, which is in none of the files. Add it",
                    workload.place
                ));
            }
            return;
        };
        for (name, value) in object.settings(&mut inputs.problems) {
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
        let found = self.named(kind, object, workload);
        let value = match found.and_then(|found| Some((found, found.data().remove(key)?))) {
            Some((found, Err(why))) => {
                inputs.problems.push(format!("{key} ({}) {why}", found.place));
                return None;
            }
            Some((_, Ok(value))) => Some(value),
            None => None,
        };
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

    /// The object that a workload means by a name.
    fn named(&self, kind: &str, name: &str, workload: &Workload) -> Option<&Object> {
        let mut near = self.sources().filter(|object| is_same_set(&object.namespace, &workload.namespace));
        near.find(|object| object.kind == kind && object.name == name)
    }
}

impl Object {
    fn holds_settings(&self) -> bool {
        let names = ["data", "stringData"].into_iter().flat_map(|field| members(&self.value, field));
        names.into_iter().any(|(name, _)| names::is_known(name))
    }

    /// The texts in it. What is none is a problem for a setting alone: Secrets hold certificates and bytes, too.
    fn settings(&self, problems: &mut Vec<String>) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        for (name, value) in self.data() {
            match value {
                Ok(value) => drop(settings.insert(name, value)),
                Err(why) if names::is_known(&name) => problems.push(format!("{name} ({}) {why}", self.place)),
                Err(_) => {}
            }
        }
        settings
    }
}

impl Workload {
    fn described(&self) -> String {
        described(&self.place, &self.namespace)
    }

    /// Whether both are the same program with the same environment.
    fn is_like(&self, other: &Self) -> bool {
        let same = |part: &&str| self.container.get(part) == other.container.get(part);
        self.namespace == other.namespace && ["image", "env", "envFrom"].iter().all(same)
    }

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

/// Whether objects of these namespaces can belong together: manifests that name none are applied to one.
fn is_same_set(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
}

const ONE_NAMESPACE: &str = "Give those of one authservice alone, as `kubectl -n istio-system get statefulset/authservice \
                             configmap/oidc-authservice-parameters secret/oidc-authservice-client -o yaml` does, or leave \
                             the others out";
