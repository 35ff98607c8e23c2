//! Which Ingresses are one load balancer's.
//!
//! Decides by class, group and port, and the order within a group. Which rules they have is decided in `ingress`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ingress::{annotation, has_annotations, signs_in},
    manifest::{Object, text},
};

/// The Ingresses of one load balancer, as far as they are for its listener of https.
pub(super) struct Balancer<'a> {
    /// The group, or the Ingress that has none.
    pub(super) name: String,
    /// In the order of their rules.
    pub(super) ingresses: Vec<&'a Object>,
    /// Where it listens for https.
    pub(super) ports: BTreeSet<u16>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Balancers<'a> {
    /// Each once.
    pub(super) each: Vec<Balancer<'a>>,
    /// Ingresses that count for none of them, and why.
    pub(super) left_out: Vec<(String, &'static str)>,
    /// What stands in the way.
    pub(super) problems: Vec<String>,
}

/// The load balancers that these objects ask for.
pub(super) fn read(objects: &[Object]) -> Balancers<'_> {
    let mut found = Balancers::default();
    let groups =
        |object: &&Object| object.kind == "IngressClassParams" && object.value.pointer("/spec/group").is_some();
    found.problems.extend(objects.iter().find(groups).map(|object| {
        format!(
            "{} puts Ingresses into a group: write `alb.ingress.kubernetes.io/group.name` to each of them in place of that, and \
             take it out of the file",
            object.described()
        )
    }));
    let mut groups: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
    for ingress in objects.iter().filter(|object| object.kind == "Ingress") {
        if found.counts(ingress, objects) {
            groups.entry(group(ingress)).or_default().push(ingress);
        }
    }
    for (name, mut ingresses) in groups {
        ingresses.sort_by_key(|ingress| (order(ingress).unwrap_or_default(), full_name(ingress)));
        let ports = found.ports(&name, &ingresses);
        found.each.push(Balancer { name, ingresses, ports });
    }
    found
}

impl Balancers<'_> {
    /// Whether an Ingress is for a listener of https of this controller's.
    fn counts(&mut self, ingress: &Object, objects: &[Object]) -> bool {
        if order(ingress).is_none() {
            self.problems.push(format!("`group.order` of {} is no number: write one", ingress.described()));
        }
        let class = class(ingress);
        let declared = objects.iter().find(|object| object.kind == "IngressClass" && object.name == class);
        let is_ours = match declared {
            Some(declared) => text(&declared.value, "/spec/controller").ends_with("/alb"),
            None => matches!(class, "" | "alb"),
        };
        if !is_ours && (declared.is_some() || !has_annotations(ingress)) {
            self.left_out.push((title(ingress), OTHER_CLASS));
            return false;
        }
        if !is_ours {
            self.problems.push(format!(
                "{} is of the class `{class}`, and nobody knows whose that is: add its IngressClass to the files, or take the \
                 Ingress out",
                ingress.described()
            ));
            return false;
        }
        match ports(ingress) {
            Ok(Some(ports)) if ports.is_empty() && signs_in(ingress) => self.problems.push(format!(
                "`listen-ports` of {} has no `HTTPS`, and load balancers sign people in there alone: see which Ingress is meant",
                ingress.described()
            )),
            Ok(Some(ports)) if ports.is_empty() => self.left_out.push((title(ingress), PLAIN)),
            Ok(_) => return true,
            Err(NoPorts) => self.problems.push(format!(
                "`listen-ports` of {} is no list of ports: write it as `[{{\"HTTPS\": 443}}]`",
                ingress.described()
            )),
        }
        false
    }

    /// Where a group listens for https; what says nothing of it is for all ports.
    fn ports(&mut self, name: &str, ingresses: &[&Object]) -> BTreeSet<u16> {
        let mut written = ingresses.iter().filter_map(|ingress| ports(ingress).ok()?);
        let first = written.next().unwrap_or_else(|| BTreeSet::from([443]));
        if written.any(|other| other != first) {
            self.problems.push(format!(
                "`listen-ports` differ within {name}, so that each port has rules of its own: give the Ingresses of one port, and \
                 run this again for the others into a folder of their own"
            ));
        }
        first
    }
}

/// The group of an Ingress. One that has none has a load balancer of its own.
fn group(ingress: &Object) -> String {
    annotation(ingress, "group.name").map_or_else(|| title(ingress), |group| format!("the group {group}"))
}

fn class(ingress: &Object) -> &str {
    match text(&ingress.value, "/spec/ingressClassName") {
        "" => text(&ingress.value, "/metadata/annotations/kubernetes.io~1ingress.class"),
        class => class,
    }
}

/// Its place within the group; none if that is no number.
fn order(ingress: &Object) -> Option<i32> {
    annotation(ingress, "group.order").map_or(Some(0), |order| order.parse().ok())
}

/// A `listen-ports` that is no list of ports.
struct NoPorts;

/// The ports for https that an Ingress names; none if it names no port at all.
fn ports(ingress: &Object) -> Result<Option<BTreeSet<u16>>, NoPorts> {
    let Some(written) = annotation(ingress, "listen-ports") else { return Ok(None) };
    let ports: Vec<BTreeMap<String, u16>> = serde_json::from_str(written).map_err(|_| NoPorts)?;
    Ok(Some(ports.into_iter().flatten().filter(|(protocol, _)| protocol == "HTTPS").map(|(_, port)| port).collect()))
}

/// The name with the namespace before it.
fn full_name(ingress: &Object) -> String {
    match ingress.namespace.as_str() {
        "" => ingress.name.clone(),
        namespace => format!("{namespace}/{}", ingress.name),
    }
}

fn title(ingress: &Object) -> String {
    format!("the Ingress {}", full_name(ingress))
}

const OTHER_CLASS: &str = "another controller's: it is not read";
const PLAIN: &str = "for http alone (`listen-ports`), where load balancers sign nobody in: it is not read";
