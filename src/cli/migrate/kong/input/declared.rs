//! `kong.yml` as decK writes it, and the answers of the Admin API.
//!
//! Decides what is a service, a route, a plugin or a consumer, and which belongs to which.

use serde_json::{Map, Value};

use super::super::manifest::{list, text};

/// Where a plugin stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::migrate::kong) enum On {
    /// On a consumer.
    Consumer,
    /// On everything.
    Everything,
    /// On the route of this name or id.
    Route(String),
    /// On the service of this name or id.
    Service(String),
}

/// A route of Kong's.
#[derive(Clone)]
pub(in crate::cli::migrate::kong) struct Route {
    /// What people call it.
    pub(in crate::cli::migrate::kong) name: String,
    /// The file, and the object in it.
    pub(in crate::cli::migrate::kong) place: String,
    /// All of it.
    pub(in crate::cli::migrate::kong) value: Value,
    keys: Vec<String>,
    service: Option<String>,
}

/// Somebody whom Kong knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli::migrate::kong) struct Consumer {
    /// `id`, `username`, `custom_id`.
    pub(in crate::cli::migrate::kong) names: [Option<String>; 3],
    /// The ACL groups they are in.
    pub(in crate::cli::migrate::kong) groups: Vec<String>,
}

/// Everything that is declared.
#[derive(Default)]
pub(in crate::cli::migrate::kong) struct Declared {
    /// The routes.
    pub(in crate::cli::migrate::kong) routes: Vec<Route>,
    /// The consumers; none where no file has any.
    pub(in crate::cli::migrate::kong) consumers: Vec<Consumer>,
    /// The names of consumer groups.
    pub(in crate::cli::migrate::kong) consumer_groups: Vec<String>,
    services: Vec<(String, Vec<String>)>,
    plugins: Vec<(Value, String, On)>,
    shared: Map<String, Value>,
}

impl Declared {
    /// Adds a document.
    pub(super) fn add(&mut self, file: &str, document: &Value, problems: &mut Vec<String>) {
        let known = ["services", "routes", "plugins", "consumers", "consumer_groups", "acls", "_plugin_configs"];
        if known.iter().any(|name| document.get(name).is_some()) {
            return self.add_all(file, document);
        }
        if document.get("data").is_some_and(Value::is_array) {
            return list(document, "data").for_each(|entity| self.add(file, entity, problems));
        }
        if document.get("config").is_some() && document.get("name").is_some() {
            self.add_plugin(file, document, None);
        } else if document.get("paths").is_some() || document.get("hosts").is_some() {
            self.add_route(file, document, None);
        } else if document.get("connect_timeout").is_some() && document.get("host").is_some() {
            self.add_service(file, document);
        } else if document.get("custom_id").is_some() || document.get("username").is_some() {
            self.add_consumer(file, document);
        } else {
            let what = "holds nothing of Kong's that is known here: give a kong.yml (`deck gateway dump`), a plugin as the Admin API \
                        shows it, KongPlugin objects, or a kong.conf";
            problems.push(format!("{file} {what}"));
        }
    }

    fn add_all(&mut self, file: &str, document: &Value) {
        list(document, "services").for_each(|service| self.add_service(file, service));
        list(document, "routes").for_each(|route| self.add_route(file, route, None));
        list(document, "plugins").for_each(|plugin| self.add_plugin(file, plugin, None));
        list(document, "consumers").for_each(|consumer| self.add_consumer(file, consumer));
        for plugin in list(document, "consumer_groups").flat_map(|group| list(group, "plugins")) {
            self.add_plugin(file, plugin, Some(On::Consumer));
        }
        let names = list(document, "consumer_groups").filter_map(|group| group.get("name")?.as_str());
        self.consumer_groups.extend(names.map(str::to_owned));
        let shared = document.get("_plugin_configs").and_then(Value::as_object);
        self.shared.extend(shared.into_iter().flatten().map(|(name, config)| (name.clone(), config.clone())));
        for entry in list(document, "acls") {
            let whose = reference(entry.get("consumer"));
            let mut consumers = self.consumers.iter_mut();
            let known =
                consumers.find(|consumer| consumer.names.iter().flatten().any(|name| Some(name) == whose.as_ref()));
            if let Some(consumer) = known {
                consumer.groups.push(text(entry, "/group").to_owned());
            }
        }
    }

    /// A service, with what is nested in it.
    pub(super) fn add_service(&mut self, file: &str, service: &Value) {
        let mut keys = keys(service);
        keys.push(format!("{file}#service{}", self.services.len()));
        let key = keys.last().cloned().unwrap_or_default();
        let name = keys.first().cloned().unwrap_or_default();
        self.services.push((name, keys));
        list(service, "routes").for_each(|route| self.add_route(file, route, Some(&key)));
        list(service, "plugins").for_each(|plugin| self.add_plugin(file, plugin, Some(On::Service(key.clone()))));
    }

    /// A route, with what is nested in it.
    pub(super) fn add_route(&mut self, file: &str, route: &Value, service: Option<&str>) {
        let mut keys = keys(route);
        let number = self.routes.len();
        let name = keys.first().cloned().unwrap_or_else(|| format!("route {}", number.saturating_add(1)));
        keys.push(format!("{file}#route{number}"));
        let key = keys.last().cloned().unwrap_or_default();
        let service = service.map(str::to_owned).or_else(|| reference(route.get("service")));
        let place = format!("{file}, route {name}");
        self.routes.push(Route { name, place, value: route.clone(), keys, service });
        list(route, "plugins").for_each(|plugin| self.add_plugin(file, plugin, Some(On::Route(key.clone()))));
    }

    /// A plugin, nested or by itself.
    pub(super) fn add_plugin(&mut self, file: &str, plugin: &Value, on: Option<On>) {
        let own = |name| reference(plugin.get(name));
        let on = on.or_else(|| {
            let consumer = own("consumer").or_else(|| own("consumer_group")).map(|_| On::Consumer);
            consumer.or_else(|| own("route").map(On::Route)).or_else(|| own("service").map(On::Service))
        });
        let on = on.unwrap_or(On::Everything);
        let name = text(plugin, "/name");
        let place = match self.named(&on) {
            Some(whose) => format!("{file}, plugin {name} of {whose}"),
            None => format!("{file}, plugin {name}"),
        };
        self.plugins.push((plugin.clone(), place, on));
    }

    fn add_consumer(&mut self, file: &str, consumer: &Value) {
        list(consumer, "plugins").for_each(|plugin| self.add_plugin(file, plugin, Some(On::Consumer)));
        let name = |key: &str| consumer.get(key).and_then(Value::as_str).map(str::to_owned);
        let groups = list(consumer, "acls").map(|entry| text(entry, "/group").to_owned()).collect();
        self.consumers.push(Consumer { names: ["id", "username", "custom_id"].map(name), groups });
    }

    /// The plugins of this name, each with its place and where it stands; they are here no more.
    pub(super) fn take_plugins(&mut self, name: &str) -> Vec<(Value, String, On)> {
        let (taken, left) =
            std::mem::take(&mut self.plugins).into_iter().partition(|(value, _, _)| text(value, "/name") == name);
        self.plugins = left;
        taken
    }

    /// The settings of a plugin, over those that it shares with others.
    pub(super) fn config(&self, plugin: &Value, place: &str, problems: &mut Vec<String>) -> Map<String, Value> {
        let mut config = Map::new();
        if let Some(name) = plugin.get("_config").and_then(Value::as_str) {
            match self.shared.get(name).and_then(Value::as_object) {
                Some(shared) => config.extend(shared.clone()),
                None => problems
                    .push(format!("{place}: its `_config` {name} is in none of the files. Add the file that has it")),
            }
        }
        config.extend(plugin.get("config").and_then(Value::as_object).cloned().unwrap_or_default());
        config
    }

    /// What people call a plugin: its instance, or what it stands on.
    pub(super) fn label(&self, plugin: &Value, on: &On) -> String {
        let instance = text(plugin, "/instance_name");
        match (instance, on) {
            ("", On::Route(key) | On::Service(key)) => self.short(on).unwrap_or_else(|| key.clone()),
            ("", _) => "all".to_owned(),
            (instance, _) => instance.to_owned(),
        }
    }

    fn short(&self, on: &On) -> Option<String> {
        match on {
            On::Route(key) => self.routes.iter().find(|route| route.keys.contains(key)).map(|route| route.name.clone()),
            On::Service(key) => self.services.iter().find(|(_, keys)| keys.contains(key)).map(|(name, _)| name.clone()),
            On::Consumer | On::Everything => None,
        }
    }

    /// What a plugin stands on, if the files have it.
    pub(in crate::cli::migrate::kong) fn named(&self, on: &On) -> Option<String> {
        let kind = if matches!(on, On::Route(_)) { "route" } else { "service" };
        Some(format!("{kind} {}", self.short(on)?))
    }

    /// Other plugins on a route, by name: each that stands nearest.
    pub(in crate::cli::migrate::kong) fn beside(&self, route: &Route) -> Vec<(&str, &Value)> {
        let mut found: Vec<(&str, &Value, u8)> = Vec::new();
        let enabled = self.plugins.iter().filter(|(value, _, _)| value.get("enabled") != Some(&Value::Bool(false)));
        for (value, _, on) in enabled {
            let Some(nearness) = route.nearness(on, &self.services) else { continue };
            let name = text(value, "/name");
            match found.iter_mut().find(|(other, _, _)| *other == name) {
                Some(other) if other.2 >= nearness => {}
                Some(other) => *other = (name, value, nearness),
                None => found.push((name, value, nearness)),
            }
        }
        found.into_iter().map(|(name, value, _)| (name, value)).collect()
    }

    /// All other plugins that are switched on: name, place, and where each stands.
    pub(in crate::cli::migrate::kong) fn enabled(&self) -> impl Iterator<Item = (&str, &str, &On)> {
        let enabled = self.plugins.iter().filter(|(value, _, _)| value.get("enabled") != Some(&Value::Bool(false)));
        enabled.map(|(value, place, on)| (text(value, "/name"), place.as_str(), on))
    }

    /// How near a plugin is that stands there: the nearest counts.
    pub(in crate::cli::migrate::kong) fn nearness(&self, route: &Route, on: &On) -> Option<u8> {
        route.nearness(on, &self.services)
    }

    /// Whether a plugin of another name stands on everything.
    pub(in crate::cli::migrate::kong) fn everywhere(&self, name: &str) -> Option<&Value> {
        let found = self.plugins.iter().find(|(value, _, on)| text(value, "/name") == name && *on == On::Everything);
        found.map(|(value, _, _)| value)
    }
}

impl Route {
    fn nearness(&self, on: &On, services: &[(String, Vec<String>)]) -> Option<u8> {
        match on {
            On::Consumer => None,
            On::Everything => Some(0),
            On::Route(key) => self.keys.contains(key).then_some(2),
            On::Service(key) => {
                let service = self.service.as_ref()?;
                let is_same = |keys: &Vec<String>| keys.contains(service) && keys.contains(key);
                (service == key || services.iter().any(|(_, keys)| is_same(keys))).then_some(1)
            }
        }
    }
}

/// The names by which others refer to an entity.
fn keys(entity: &Value) -> Vec<String> {
    let name = |key: &str| entity.get(key).and_then(Value::as_str).map(str::to_owned);
    ["name", "id"].iter().filter_map(|key| name(key)).collect()
}

/// A name or an id, however it is written.
fn reference(value: Option<&Value>) -> Option<String> {
    let value = value?;
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    value.as_str().or_else(|| member("id")).or_else(|| member("name")).or_else(|| member("username")).map(str::to_owned)
}
