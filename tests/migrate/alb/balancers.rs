//! Which Ingresses are one load balancer's.

use serde_json::{Value, json};

use super::{
    given::{Migrated, refuses, with},
    ingresses::{cognito, ingress, migrate, to},
};

/// What signs people in at `/`, with these annotations more.
fn own(name: &str, annotations: &[(&str, &str)]) -> Value {
    let cognito = cognito();
    let auth = [("auth-type", "cognito"), ("auth-idp-cognito", cognito.as_str())];
    let all: Vec<_> = auth.iter().chain(annotations).copied().collect();
    ingress(name, &all, &json!([to("/", "Prefix")]))
}

/// What lets everyone read the documents, before it.
fn open(annotations: &[(&str, &str)]) -> Value {
    ingress("a", annotations, &json!([to("/docs", "Prefix")]))
}

fn of_class(mut ingress: Value, class: &str) -> Value {
    ingress["spec"]["ingressClassName"] = json!(class);
    ingress
}

/// Fails unless everything needs a sign-in.
#[track_caller]
fn asks_everywhere(migrated: &Migrated) {
    let rules = migrated.at("/routes");
    let mut actions = rules.as_array().into_iter().flatten().map(|rule| &rule["action"]);
    assert!(actions.all(|action| action == "authenticate" || action == "deny"), "{rules}");
}

#[test]
fn an_ingress_without_a_group_has_a_load_balancer_of_its_own() {
    let two = migrate(&[open(&[("scheme", "internet-facing")]), own("b", &[])]);
    asks_everywhere(&two);
    two.says("the Ingress a a listener that is not read");
    let grouped = [("group.name", "front")];
    assert_eq!(migrate(&[open(&grouped), own("b", &grouped)]).at("/routes/0/action"), "allow");
    asks_everywhere(&migrate(&[open(&grouped), own("b", &[("group.name", "back")])]));
    let both = json!({ "apiVersion": "v1", "kind": "List", "items": [own("b", &[]), own("c", &[])] }).to_string();
    refuses(&with(&both, &[]), "several listeners sign people in: the Ingress b; the Ingress c");
    assert_eq!(with(&both, &["--listener-arn=the Ingress c"]).outcome.code, 0);
}

#[test]
fn ingresses_of_another_controller_are_left_out() {
    let other = migrate(&[of_class(open(&[]), "nginx"), of_class(own("b", &[]), "alb")]);
    asks_everywhere(&other);
    other.says("the Ingress a another controller's: it is not read");
    let group = [("group.name", "front")];
    let unknown = || [of_class(open(&group), "inner"), own("b", &group)];
    refuses(&migrate(&unknown()), "is of the class `inner`, and nobody knows whose that is: add its IngressClass");
    let class = |controller: &str| json!({ "kind": "IngressClass", "metadata": { "name": "inner" }, "spec": { "controller": controller } });
    let of = |controller: &str| migrate(&unknown().into_iter().chain([class(controller)]).collect::<Vec<_>>());
    assert_eq!(of("ingress.k8s.aws/alb").at("/routes/0/action"), "allow");
    asks_everywhere(&of("k8s.io/ingress-nginx"));
    let group =
        json!({ "kind": "IngressClassParams", "metadata": { "name": "p" }, "spec": { "group": { "name": "front" } } });
    refuses(
        &migrate(&[own("b", &[]), group]),
        "puts Ingresses into a group: write `alb.ingress.kubernetes.io/group.name`",
    );
}

#[test]
fn an_ingress_for_http_alone_is_not_of_the_listener_that_signs_people_in() {
    let group = ("group.name", "front");
    let plain = ("listen-ports", r#"[{"HTTP": 80}]"#);
    let left_out = migrate(&[open(&[group, plain]), own("b", &[group])]);
    asks_everywhere(&left_out);
    left_out.says("the Ingress a for http alone (`listen-ports`)");
    refuses(&migrate(&[own("b", &[plain])]), "has no `HTTPS`, and load balancers sign people in there alone");
    let port = |number: u32| format!(r#"[{{"HTTPS": {number}}}]"#);
    let (one, other) = (port(443), port(8443));
    let differing = migrate(&[open(&[group, ("listen-ports", &one)]), own("b", &[group, ("listen-ports", &other)])]);
    refuses(&differing, "`listen-ports` differ within the group front");
    refuses(&migrate(&[own("b", &[("listen-ports", "443")])]), "is no list of ports");
}

#[test]
fn an_order_that_is_no_number_is_refused() {
    refuses(&migrate(&[own("b", &[("group.order", "first")])]), "`group.order` of a.json, Ingress b is no number");
}
