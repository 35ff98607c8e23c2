//! What manifests for Kubernetes have in common, whatever the gateway.
//!
//! Decides how names and resources look, and that secrets stand in a Secret alone.

use super::{super::yaml::Tree, Material, SecretValue};

/// The first members of every resource.
pub(super) fn resource(group: &str, kind: &str, metadata: Tree) -> Tree {
    Tree::members([("apiVersion", group.into()), ("kind", kind.into()), ("metadata", metadata)])
}

/// The metadata of something in a namespace.
pub(super) fn metadata(name: &str, namespace: &str) -> Tree {
    Tree::members([("name", name.into()), ("namespace", namespace.into())])
}

/// RFC 1123's labels, which Kubernetes' names are made of.
pub(super) fn name(option: &str, text: &str) -> Result<(), String> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = text.bytes().next().is_some_and(letter) && text.bytes().next_back().is_some_and(letter);
    match ends && text.len() <= 63 && text.bytes().all(|byte| letter(byte) || byte == b'-') {
        true => Ok(()),
        false => Err(format!("{option} {text}: is no name in Kubernetes: small letters, digits and `-`, at most 63")),
    }
}

/// The Secret `edge-oidc`.
pub(super) fn secret(material: &Material, variables: &[SecretValue], namespace: &str) -> Tree {
    let mut data = Tree::map();
    for SecretValue { variable, value } in variables {
        data = match value {
            Some(value) => data.with(variable, value.secret().as_str()),
            None => data.explained(fill_in(material, variable), variable, ""),
        };
    }
    resource("v1", "Secret", metadata("edge-oidc", namespace)).with("type", "Opaque").with("stringData", data)
}

/// What stands above a value that nobody knows here.
pub(super) fn fill_in(material: &Material, variable: &str) -> &'static str {
    match material.is_key(variable) {
        true => "Fill in: `edge-oidc keygen` makes a key. Without it the filter refuses its configuration.",
        false => {
            "Fill in: the secret that the provider gave the client. Without it the filter refuses its configuration."
        }
    }
}

/// The variables of a container, out of that Secret.
pub(super) fn environment(variables: &[SecretValue]) -> Tree {
    let variable = |secret: &SecretValue| {
        let key = Tree::members([("name", "edge-oidc".into()), ("key", secret.variable.as_str().into())]);
        let from = Tree::map().with("secretKeyRef", key);
        Tree::map().with("name", secret.variable.as_str()).with("valueFrom", from)
    };
    Tree::list(variables.iter().map(variable))
}

/// What stands above every Secret.
pub(super) const SECRET: &str = "The filter's secrets. Keep this file out of repositories, and keep the session key: a new one signs\n\
     everybody out.";
