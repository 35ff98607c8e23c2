//! What the files say: the rules of one listener.
//!
//! Decides which JSON of AWS's is read, and that the listener is the one that signs people in. Ingresses are `ingress`', what a
//! rule says is `rule`'s.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use super::{
    World, ingress,
    manifest::{self, Object, list, text},
    rule::Rule,
};

/// The rules that count, and what else the files hold.
#[derive(Default)]
pub(super) struct Inputs {
    /// The rules of the listener in their order, its default last.
    pub(super) rules: Vec<Rule>,
    /// What the listener is called, for people.
    pub(super) listener: String,
    /// Whether rules beside the default can be there that no file has.
    pub(super) is_partial: bool,
    /// Listeners that are not read, in words.
    pub(super) others: Vec<String>,
    /// What an Ingress says beside its rules: names and what becomes of them.
    pub(super) annotations: Vec<(String, &'static str)>,
    /// What stands in the way.
    pub(super) problems: Vec<String>,
}

/// A listener on the way.
#[derive(Default)]
struct Listener {
    name: String,
    rules: Vec<Rule>,
    default: Option<Rule>,
}

/// All that is read.
#[derive(Default)]
struct Found {
    listeners: BTreeMap<String, Listener>,
    objects: Vec<Object>,
    problems: Vec<String>,
    has_rules: bool,
}

impl Inputs {
    /// Reads all files as one load balancer; `wanted` is the listener that counts, or the end of its ARN.
    ///
    /// # Errors
    /// A file that cannot be read at all.
    pub(super) fn read(files: &[PathBuf], wanted: Option<&str>, world: &dyn World) -> Result<Self, String> {
        let mut found = Found::default();
        for file in files {
            let name = if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() };
            let text = world.read(file).map_err(|error| format!("{name}: {error}"))?;
            let documents = manifest::documents(&text);
            let documents = documents.map_err(|error| format!("{name} is neither JSON nor YAML: {error}"))?;
            if is_for_kubernetes(&documents) {
                found.objects.extend(manifest::objects(&name, &text).unwrap_or_default());
                continue;
            }
            documents.iter().for_each(|document| found.add(&name, document));
        }
        let mut inputs = Self::default();
        let ingress = ingress::read(&found.objects);
        inputs.annotations = ingress.annotations;
        found.problems.extend(ingress.problems);
        for (name, rules) in ingress.listeners {
            found.has_rules = true;
            let parsed: Vec<_> = rules.iter().map(|rule| Rule::parse(rule, &mut found.problems)).collect();
            let listener = found.listener(&name, &name);
            let (rules, defaults): (Vec<_>, Vec<_>) = parsed.into_iter().partition(|rule| rule.priority.is_some());
            (listener.rules, listener.default) = (rules, defaults.into_iter().next());
        }
        inputs.choose(found, wanted);
        Ok(inputs)
    }

    fn choose(&mut self, found: Found, wanted: Option<&str>) {
        let Found { listeners, problems, has_rules, .. } = found;
        self.problems = problems;
        let matches = |key: &str, listener: &Listener| match wanted {
            Some(wanted) => {
                key.ends_with(wanted) || wanted.ends_with(key) && !key.is_empty() || listener.name == wanted
            }
            None => listener.rules.iter().chain(&listener.default).any(Rule::authenticates),
        };
        let (chosen, others): (Vec<_>, Vec<_>) =
            listeners.into_iter().partition(|(key, listener)| matches(key, listener));
        self.others = others.into_iter().map(|(_, listener)| listener.name).collect();
        let mut chosen = chosen.into_iter();
        match (chosen.next(), chosen.next()) {
            (Some((_, listener)), None) => {
                self.listener = listener.name;
                self.is_partial = !has_rules;
                let mut rules = listener.rules;
                rules.sort_by_key(|rule| rule.priority);
                let same = rules.windows(2).find_map(|pair| match pair {
                    [one, other] if one.priority == other.priority => Some(one.label.clone()),
                    _ => None,
                });
                self.problems.extend(same.map(|label| {
                    format!("{label} is there twice, and nobody knows which comes first: give each once, and one listener's alone")
                }));
                self.rules = rules.into_iter().chain(listener.default).collect();
            }
            (None, _) if wanted.is_some() => {
                let names = self.others.join("; ");
                self.problems.push(format!("--listener-arn names none of the listeners: there are {names}"));
            }
            (None, _) => self.problems.push(NOBODY.to_owned()),
            (Some((_, first)), Some((_, second))) => {
                let names: Vec<_> = [first, second]
                    .into_iter()
                    .chain(chosen.map(|(_, listener)| listener))
                    .map(|listener| listener.name)
                    .collect();
                self.problems.push(format!(
                    "several listeners sign people in: {}. Say which by `--listener-arn`, and run this again for the others into \
                     folders of their own",
                    names.join("; ")
                ));
            }
        }
    }
}

/// Whether these are objects of Kubernetes.
fn is_for_kubernetes(documents: &[Value]) -> bool {
    documents.iter().any(|document| document.get("kind").is_some() || document.get("items").is_some())
}

impl Found {
    fn listener(&mut self, key: &str, name: &str) -> &mut Listener {
        let listener = self.listeners.entry(key.to_owned()).or_default();
        if listener.name.is_empty() || name.len() > listener.name.len() {
            listener.name = name.to_owned();
        }
        listener
    }

    fn add(&mut self, file: &str, document: &Value) {
        let before = self.listeners.len();
        let had_rules = self.has_rules;
        for rule in list(document, "Rules") {
            self.rule(key(text(rule, "/RuleArn")), rule);
        }
        for listener in list(document, "Listeners") {
            self.listening(listener, "DefaultActions");
        }
        let resources = document.get("Resources").and_then(Value::as_object);
        for (name, resource) in resources.into_iter().flatten() {
            self.resource(name, resource);
        }
        let is_action = |value: &Value| value.get("Type").is_some();
        match document {
            Value::Array(values) if values.iter().any(is_action) => {
                self.listener("", "the actions").default =
                    Some(Rule::default(&serde_json::json!({ "Actions": values }), "Actions"));
            }
            Value::Array(rules) => rules.iter().for_each(|rule| self.rule(key(text(rule, "/RuleArn")), rule)),
            document if document.get("DefaultActions").is_some() => self.listening(document, "DefaultActions"),
            document if document.get("Actions").is_some() => self.rule(key(text(document, "/RuleArn")), document),
            _ => {}
        }
        if before == self.listeners.len() && had_rules == self.has_rules && list(document, "Listeners").count() == 0 {
            self.problems.push(format!(
                "{file} holds no rule of a load balancer: give what `aws elbv2 describe-rules --listener-arn ARN` and \
                 `aws elbv2 describe-listeners` print, a template with `AWS::ElasticLoadBalancingV2::ListenerRule`, or an Ingress"
            ));
        }
    }

    fn rule(&mut self, key: &str, rule: &Value) {
        self.has_rules = true;
        let mut problems = Vec::new();
        let parsed = Rule::parse(rule, &mut problems);
        self.problems.extend(problems);
        let listener =
            self.listener(key, &if key.is_empty() { "the rules".to_owned() } else { format!("the listener {key}") });
        match parsed.priority {
            Some(_) => listener.rules.push(parsed),
            None => listener.default = Some(parsed),
        }
    }

    fn listening(&mut self, listener: &Value, member: &str) {
        let key = key(text(listener, "/ListenerArn"));
        let (protocol, port) = (text(listener, "/Protocol"), listener.get("Port").and_then(Value::as_u64));
        let name = port.map_or_else(
            || format!("the listener {key}"),
            |port| format!("the listener {protocol}:{port} {key}").trim_end().to_owned(),
        );
        let default = Rule::default(listener, member);
        let listener = self.listener(key, name.trim_end());
        // `describe-rules` prints the default, too, and has more to say.
        listener.default.get_or_insert(default);
    }

    /// One resource of a CloudFormation template.
    fn resource(&mut self, name: &str, resource: &Value) {
        let properties = resource.get("Properties").cloned().unwrap_or_default();
        match text(resource, "/Type") {
            "AWS::ElasticLoadBalancingV2::Listener" => {
                let default = Rule::default(&properties, "DefaultActions");
                self.listener(name, &format!("the listener {name}")).default = Some(default);
            }
            "AWS::ElasticLoadBalancingV2::ListenerRule" => {
                let arn = properties.get("ListenerArn");
                let referred =
                    arn.and_then(|arn| arn.get("Ref").or(Some(arn))).and_then(Value::as_str).unwrap_or_default();
                let owner = if referred.starts_with("arn:") { key(referred) } else { referred };
                self.rule(owner, &properties);
            }
            _ => {}
        }
    }
}

/// What the ARNs of a listener and of its rules have in common.
fn key(arn: &str) -> &str {
    let Some((_, path)) = arn.split_once("/app/") else { return arn };
    // NAME/LOAD-BALANCER/LISTENER, and in a rule's /RULE behind it.
    let end = path.match_indices('/').nth(2).map_or(path.len(), |(end, _)| end);
    path.get(..end).unwrap_or(path)
}

const NOBODY: &str = "no rule in these files signs anyone in: there is no `authenticate-cognito`, no `authenticate-oidc` and no \
                      `alb.ingress.kubernetes.io/auth-type` in them. Add the file that has it";
