//! Ingresses for AWS's Load Balancer Controller.
//!
//! Decides which rules the controller makes of them, and in which order. They are written as AWS prints its own; what they mean is
//! decided in `rule`, which Ingresses are one load balancer's in `balancers`, and who signs people in, in `actions`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    actions,
    balancers::{self, Balancer},
    manifest::{Object, list, text},
};

/// What Ingresses come to.
#[derive(Default)]
pub(super) struct Ingresses {
    /// The load balancers by name, each with rules as `aws elbv2 describe-rules` prints them.
    pub(super) listeners: Vec<(String, Vec<Value>)>,
    /// Annotations that are not about sign-ins, and what becomes of them.
    pub(super) annotations: Vec<(String, &'static str)>,
    /// What stands in the way.
    pub(super) problems: Vec<String>,
}

/// How the controller's annotations begin.
const ANNOTATION: &str = "alb.ingress.kubernetes.io/";
/// Those that are about sign-ins.
pub(super) const AUTH: [&str; 7] = [
    "auth-type",
    "auth-idp-cognito",
    "auth-idp-oidc",
    "auth-on-unauthenticated-request",
    "auth-scope",
    "auth-session-cookie",
    "auth-session-timeout",
];

/// The rules of all Ingresses, those of a group in its order.
pub(super) fn read(objects: &[Object]) -> Ingresses {
    let balancers = balancers::read(objects);
    let mut found = Ingresses { annotations: balancers.left_out, problems: balancers.problems, listeners: Vec::new() };
    let is_asking = |object: &&Object| AUTH.iter().any(|name| annotation(object, name).is_some());
    if let Some(service) = objects.iter().filter(|object| object.kind == "Service").find(is_asking) {
        found.problems.push(format!(
            "{} has annotations for sign-ins, which count for its own paths alone: write them to an Ingress of its own",
            service.described()
        ));
    }
    for balancer in balancers.each {
        let rules = found.rules(&balancer, objects);
        found.listeners.push((balancer.name, rules));
    }
    found
}

/// An Ingress whose rules are being read.
struct Place<'a> {
    ingress: &'a Object,
    objects: &'a [Object],
    actions: Value,
    ports: &'a BTreeSet<u16>,
}

impl Ingresses {
    /// The rules of a load balancer's, its default last.
    fn rules(&mut self, balancer: &Balancer<'_>, objects: &[Object]) -> Vec<Value> {
        let mut rules = Vec::new();
        let mut default = None;
        for ingress in &balancer.ingresses {
            let actions = actions::read(ingress, objects, &mut self.problems);
            let place = Place { ingress, objects, actions, ports: &balancer.ports };
            for rule in list(ingress.value.pointer("/spec").unwrap_or(&Value::Null), "rules") {
                for path in paths(rule) {
                    rules.extend(self.rule(&place, text(rule, "/host"), path));
                }
            }
            if let Some(backend) = ingress.value.pointer("/spec/defaultBackend") {
                let answer = self.answer(ingress, backend);
                self.judge(&place, answer.as_ref(), backend);
                if default.replace(answer.map_or(place.actions, |answer| json!([answer]))).is_some() {
                    let name = &balancer.name;
                    self.problems.push(format!("{name} has more than one `defaultBackend`: leave one of them"));
                }
            }
            self.others(ingress);
        }
        for (index, rule) in rules.iter_mut().enumerate() {
            rule.insert("Priority".to_owned(), index.saturating_add(1).into());
        }
        let nothing = || json!([{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "404" } }]);
        let last = json!({ "Priority": "default", "IsDefault": true, "Actions": default.unwrap_or_else(nothing) });
        rules.into_iter().map(Value::Object).chain([last]).collect()
    }

    /// The rule for a path; none where the controller makes none.
    fn rule(&mut self, place: &Place<'_>, host: &str, path: &Value) -> Option<Map<String, Value>> {
        let backend = path.get("backend").unwrap_or(&Value::Null);
        let mut seen = Seen::default();
        seen.hosts.extend((!host.is_empty()).then(|| Value::from(host)));
        self.path(place.ingress, path, &mut seen);
        for condition in self.conditions(place.ingress, service(backend).0) {
            seen.add(condition);
        }
        let answer = self.answer(place.ingress, backend);
        if answer.as_ref().is_some_and(|answer| seen.is_circle(answer, place.ports)) {
            self.say(format!("actions.{}", service(backend).0), CIRCLE);
            return None;
        }
        self.judge(place, answer.as_ref(), backend);
        let actions = answer.map_or_else(|| place.actions.clone(), |answer| json!([answer]));
        let members = [("Conditions".to_owned(), seen.conditions()), ("Actions".to_owned(), actions)];
        Some(members.into_iter().collect())
    }

    /// Refuses to open a service that may ask for a sign-in by annotations of its own.
    fn judge(&mut self, place: &Place<'_>, answer: Option<&Value>, backend: &Value) {
        let Place { ingress, objects, .. } = place;
        let (name, port) = service(backend);
        let is_it = |object: &Object| {
            let is_near =
                object.namespace.is_empty() || ingress.namespace.is_empty() || object.namespace == ingress.namespace;
            object.kind == "Service" && object.name == name && is_near
        };
        let is_open = answer.is_none() && port != "use-annotation" && !signs_in(ingress);
        if is_open && !objects.iter().any(is_it) {
            let problem = format!(
                "{} lets everyone pass to the Service {name}, which may ask for a sign-in itself and is in none of the files: add it",
                ingress.described()
            );
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    /// The patterns that the controller makes of a path.
    fn path(&mut self, ingress: &Object, path: &Value, seen: &mut Seen) {
        let (written, kind) = (text(path, "/path"), text(path, "/pathType"));
        let is_regex = annotation(ingress, "use-regex-path-match")
            .is_some_and(|value| !NO.contains(&value.to_lowercase().as_str()));
        match (kind, written) {
            (_, "") => {}
            ("Prefix", "/") => seen.paths.push("/*".into()),
            ("Exact" | "Prefix", written) if written.contains(['*', '?']) => self.problems.push(format!(
                "{} has `{written}` with `pathType: {kind}`, which has no `*` and no `?`: write `ImplementationSpecific`",
                ingress.described()
            )),
            ("Prefix", written) => {
                let start = written.strip_suffix('/').unwrap_or(written);
                seen.paths.extend([start.into(), format!("{start}/*").into()]);
            }
            ("" | "ImplementationSpecific", written) if is_regex => seen.path_expressions.push(written.into()),
            ("" | "Exact" | "ImplementationSpecific", written) => seen.paths.push(written.into()),
            (kind, _) => self.problems.push(format!(
                "`pathType: {kind}` of {} is none that there is: write `Exact`, `Prefix` or `ImplementationSpecific`",
                ingress.described()
            )),
        }
    }

    /// What else an annotation asks of requests for a service.
    fn conditions(&mut self, ingress: &Object, service: &str) -> Vec<Value> {
        let name = format!("conditions.{service}");
        let Some(written) = annotation(ingress, &name) else { return Vec::new() };
        serde_json::from_str::<Vec<Value>>(written).map(|list| list.into_iter().map(renamed).collect()).unwrap_or_else(
            |_| {
                self.problems.push(format!("`{name}` of {} is no list in JSON: write one", ingress.described()));
                Vec::new()
            },
        )
    }

    /// The action of a backend that is no service, but an answer that an annotation has.
    fn answer(&mut self, ingress: &Object, backend: &Value) -> Option<Value> {
        let (name, port) = service(backend);
        if port != "use-annotation" {
            return None;
        }
        let name = format!("actions.{name}");
        let written = annotation(ingress, &name).and_then(|written| serde_json::from_str(written).ok()).map(renamed);
        let Some(action) = written.filter(|action| !text(action, "/Type").is_empty()) else {
            let place = ingress.described();
            self.problems.push(format!("`{name}` of {place} is no action in JSON: write it, or take its path away"));
            return None;
        };
        (text(&action, "/Type") != "forward").then_some(action)
    }

    /// Names every annotation that is not about sign-ins.
    fn others(&mut self, ingress: &Object) {
        let annotations = ingress.value.pointer("/metadata/annotations").and_then(Value::as_object);
        for name in annotations.into_iter().flatten().filter_map(|(name, _)| name.strip_prefix(ANNOTATION)) {
            if name.starts_with("transforms.") {
                self.problems.push(format!(
                    "`{name}` of {} rewrites addresses, and no rule here knows both: rewrite in the gateway's routes, and take it \
                     away",
                    ingress.described()
                ));
            }
            let is_read = READ_ALONE.contains(&name) || name.starts_with("actions.") || name.starts_with("conditions.");
            if !AUTH.contains(&name) {
                let becomes = match name {
                    _ if is_read => READ,
                    name if GUARDS.contains(&name) => GUARD,
                    name if name.starts_with("auth-") => TYPO,
                    _ => BALANCER,
                };
                self.say(name.to_owned(), becomes);
            }
        }
    }

    fn say(&mut self, name: String, becomes: &'static str) {
        if self.annotations.iter().all(|(other, _)| *other != name) {
            self.annotations.push((name, becomes));
        }
    }
}

/// What a rule sees of a request. Values of one kind are one condition, of which one is enough.
#[derive(Default)]
struct Seen {
    hosts: Vec<Value>,
    host_expressions: Vec<Value>,
    paths: Vec<Value>,
    path_expressions: Vec<Value>,
    others: Vec<Value>,
}

impl Seen {
    fn add(&mut self, condition: Value) {
        let (member, values, expressions) = match text(&condition, "/Field") {
            "host-header" => ("HostHeaderConfig", &mut self.hosts, &mut self.host_expressions),
            "path-pattern" => ("PathPatternConfig", &mut self.paths, &mut self.path_expressions),
            _ => return self.others.push(condition),
        };
        let config = condition.get(member).unwrap_or(&Value::Null);
        let before = (values.len(), expressions.len());
        values.extend(list(config, "Values").cloned());
        expressions.extend(list(config, "RegexValues").cloned());
        if before == (values.len(), expressions.len()) {
            // It says nothing, which `rule` refuses.
            self.others.push(condition);
        }
    }

    fn conditions(self) -> Value {
        let one = |field: &str, member: &str, values: Vec<Value>, expressions: Vec<Value>| {
            let mut config = Map::new();
            for (name, list) in [("Values", values), ("RegexValues", expressions)] {
                drop((!list.is_empty()).then(|| config.insert(name.to_owned(), list.into())));
            }
            (!config.is_empty()).then(|| json!({ "Field": field, member: config }))
        };
        let hosts = one("host-header", "HostHeaderConfig", self.hosts, self.host_expressions);
        let paths = one("path-pattern", "PathPatternConfig", self.paths, self.path_expressions);
        let conditions: Vec<_> = self.others.into_iter().chain(hosts).chain(paths).collect();
        match conditions.is_empty() {
            true => json!([{ "Field": "path-pattern", "PathPatternConfig": { "Values": ["/*"] } }]),
            false => conditions.into(),
        }
    }

    /// Whether a redirect leads to the listener of https itself, where the controller leaves its rule out.
    fn is_circle(&self, action: &Value, ports: &BTreeSet<u16>) -> bool {
        let config = action.get("RedirectConfig").unwrap_or(&Value::Null);
        let is_same = |name: &str, itself: &str, has: &dyn Fn(&str) -> bool| match config.get(name) {
            None | Some(Value::Null) => true,
            Some(value) => value.as_str().is_some_and(|value| value == itself || has(value)),
        };
        text(action, "/Type") == "redirect"
            && is_same("Host", "#{host}", &|host| self.hosts.iter().any(|other| other == host))
            && is_same("Path", "/#{path}", &|path| self.paths.iter().any(|other| other == path))
            && is_same("Port", "#{port}", &|port| port.parse().is_ok_and(|port| ports.contains(&port)))
            && is_same("Protocol", "#{protocol}", &|protocol| protocol == "HTTPS")
            && is_same("Query", "#{query}", &|_| false)
    }
}

/// An annotation of the controller's.
pub(super) fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.value.pointer("/metadata/annotations")?.get(format!("{ANNOTATION}{name}"))?.as_str()
}

/// Whether an object has any.
pub(super) fn has_annotations(object: &Object) -> bool {
    let annotations = object.value.pointer("/metadata/annotations").and_then(Value::as_object);
    annotations.into_iter().flatten().any(|(name, _)| name.starts_with(ANNOTATION))
}

/// Whether an Ingress asks for a sign-in.
pub(super) fn signs_in(ingress: &Object) -> bool {
    annotation(ingress, "auth-type").is_some_and(|kind| kind != "none")
}

/// The paths of a rule in the controller's order: exact ones, prefixes with the longest first, then its own patterns.
fn paths(rule: &Value) -> Vec<&Value> {
    let http = rule.get("http").unwrap_or(&Value::Null);
    let mut paths: Vec<_> = list(http, "paths").collect();
    paths.sort_by_key(|path| match text(path, "/pathType") {
        "Exact" => (0, 0),
        "Prefix" => (1, usize::MAX.saturating_sub(text(path, "/path").len())),
        _ => (2, 0),
    });
    paths
}

/// The name and the port of a backend's service.
fn service(backend: &Value) -> (&str, &str) {
    let older = (text(backend, "/serviceName"), text(backend, "/servicePort"));
    match text(backend, "/service/name") {
        "" => older,
        name => (name, text(backend, "/service/port/name")),
    }
}

/// The JSON of an annotation with the names that AWS has for its members; the controller takes them in any case.
fn renamed(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(renamed).collect(),
        Value::Object(members) => {
            let known = |name: &String| NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
            let named = |name: String| known(&name).map_or(name, |known| (*known).to_owned());
            Value::Object(members.into_iter().map(|(name, value)| (named(name), renamed(value))).collect())
        }
        other => other,
    }
}

const NAMES: [&str; 19] = [
    "Field",
    "Values",
    "RegexValues",
    "HostHeaderConfig",
    "HttpHeaderConfig",
    "HttpHeaderName",
    "HttpRequestMethodConfig",
    "PathPatternConfig",
    "QueryStringConfig",
    "SourceIpConfig",
    "Key",
    "Value",
    "Type",
    "RedirectConfig",
    "Host",
    "Path",
    "Port",
    "Protocol",
    "Query",
];
/// How a boolean that is false is written.
const NO: [&str; 3] = ["false", "f", "0"];
/// Annotations that say which rules there are.
const READ_ALONE: [&str; 4] = ["group.name", "group.order", "listen-ports", "use-regex-path-match"];
/// What is said of those.
pub(super) const READ: &str = "which rules there are, when they apply and what they do: `routes`";
/// Annotations that keep people away before any rule does.
const GUARDS: [&str; 8] = [
    "inbound-cidrs",
    "mutual-authentication",
    "security-group-prefix-lists",
    "security-groups",
    "waf-acl-id",
    "wafv2-acl-arn",
    "wafv2-acl-name",
    "web-acl-id",
];
const GUARD: &str = "the load balancer's: whom it keeps away comes in where the load balancer is no longer in front of the gateway. \
                     Leave it there, or close the gateway likewise";
const CIRCLE: &str =
    "a redirect to https: the listener for https has no such rule, and the gateway's for http is the place for it";
const BALANCER: &str = "the load balancer's or the gateway's: nothing of it is about sign-ins";
/// What is said of one that is like them.
pub(super) const TYPO: &str = "no annotation for sign-ins that there is: see whether it is a typing mistake";
