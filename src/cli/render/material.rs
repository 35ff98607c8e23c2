//! A configuration that is to be written: what it means, and which secrets it names.
//!
//! Decides where secrets stand in a configuration, and that none of them is written into it.

use super::{
    super::{
        keygen::SystemEntropy,
        surroundings::{list_problems, stand_in},
        yaml::Tree,
    },
    Material, SecretValue,
};
use crate::{
    config::{Config, Environment},
    secret::Secret,
    session::generate_key,
};

/// The variable of a client's secret.
pub(in crate::cli) const CLIENT_SECRET: &str = "OIDC_CLIENT_SECRET";
/// The variable of the key that seals sessions.
pub(in crate::cli) const SESSION_KEY: &str = "SESSION_KEY";

impl Material {
    /// What the configuration means.
    ///
    /// # Errors
    /// Every problem, as people are told.
    pub(in crate::cli) fn understand(&self) -> Result<Config, String> {
        let config = Config::read(&self.configuration.to_value(), &Values(&self.secrets));
        config.map_err(|problems| list_problems("the configuration", &problems))
    }

    /// The variables that the configuration names, in order, each with its value if that is known.
    pub(super) fn variables(&self) -> Vec<SecretValue> {
        let mut variables: Vec<SecretValue> = Vec::new();
        for name in places(&self.configuration).filter_map(|place| place.tree.member("env")?.text()) {
            if variables.iter().all(|other| other.variable != name) {
                let known = self.secrets.iter().find(|secret| secret.variable == name);
                let value = known.and_then(|secret| secret.value.clone());
                variables.push(SecretValue { variable: name.to_owned(), value });
            }
        }
        variables
    }

    /// Whether a variable holds a key that seals sessions.
    pub(super) fn is_key(&self, variable: &str) -> bool {
        let names = |place: &Place<'_>| place.tree.member("env").and_then(Tree::text) == Some(variable);
        places(&self.configuration).filter(|place| place.is_key).any(|place| names(&place))
    }
}

/// A new key that seals sessions.
///
/// # Errors
/// If the machine has no random bytes.
pub(in crate::cli) fn new_session_key() -> Result<SecretValue, String> {
    let key = generate_key(&mut SystemEntropy).map_err(|error| error.to_string())?;
    Ok(SecretValue { variable: SESSION_KEY.to_owned(), value: Some(key) })
}

/// Takes the secrets that stand in a configuration out of it, each into a variable of its own.
pub(super) fn lift(configuration: &mut Tree) -> Vec<SecretValue> {
    let taken: Vec<String> =
        places(configuration).filter_map(|place| Some(place.tree.member("env")?.text()?.to_owned())).collect();
    let mut lifted: Vec<SecretValue> = Vec::new();
    let mut lift = |usual: &str, tree: &mut Tree| {
        let Some(value) = tree.text().map(str::to_owned) else { return };
        let free = |name: &String| !taken.contains(name) && lifted.iter().all(|other| other.variable != *name);
        let numbered = (2_u32..).map(|number| format!("{usual}_{number}"));
        let name = std::iter::once(usual.to_owned()).chain(numbered).find(free).unwrap_or_default();
        *tree = Tree::map().with("env", name.as_str());
        lifted.push(SecretValue { variable: name, value: Some(Secret::new(value)) });
    };
    for provider in configuration.member_mut("providers").into_iter().flat_map(Tree::elements_mut) {
        provider.member_mut("clientSecret").into_iter().for_each(|secret| lift(CLIENT_SECRET, secret));
    }
    let keys = configuration.member_mut("session").and_then(|session| session.member_mut("keys"));
    keys.into_iter().flat_map(Tree::elements_mut).for_each(|key| lift(SESSION_KEY, key));
    lifted
}

/// Where a secret stands.
struct Place<'a> {
    tree: &'a Tree,
    is_key: bool,
}

fn places(configuration: &Tree) -> impl Iterator<Item = Place<'_>> {
    let providers = configuration.member("providers").into_iter().flat_map(Tree::elements);
    let clients = providers.filter_map(|provider| provider.member("clientSecret"));
    let keys = configuration.member("session").and_then(|session| session.member("keys"));
    let keys = keys.into_iter().flat_map(Tree::elements);
    clients.map(|tree| Place { tree, is_key: false }).chain(keys.map(|tree| Place { tree, is_key: true }))
}

/// The environment that the filter will have; what nobody knows yet is taken as good.
struct Values<'a>(&'a [SecretValue]);

impl Environment for Values<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let known = self.0.iter().find(|secret| secret.variable == name).and_then(|secret| secret.value.as_ref());
        Some(known.map_or_else(|| stand_in(name), |value| value.secret().clone()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_taken_out_into_variables_of_their_own() {
        let mut tree = Tree::from(json!({
            "providers": [
                { "clientSecret": "hunter2" },
                { "clientSecret": { "env": "OIDC_CLIENT_SECRET_2" } },
                { "clientSecret": "hunter3" },
                { "clientId": "public" },
            ],
            "session": { "keys": ["hunter4", { "env": "SESSION_KEY" }] },
        }));
        let lifted = lift(&mut tree);
        let named: Vec<_> = lifted.iter().map(|secret| (secret.variable.as_str(), secret.value.clone())).collect();
        let value = |text: &str| Some(Secret::new(text.to_owned()));
        let expected = [
            ("OIDC_CLIENT_SECRET", value("hunter2")),
            ("OIDC_CLIENT_SECRET_3", value("hunter3")),
            ("SESSION_KEY_2", value("hunter4")),
        ];
        assert_eq!(named, expected);
        assert!(!tree.to_yaml().contains("hunter"), "{}", tree.to_yaml());
        let material =
            Material { command: String::new(), configuration: tree, secrets: lifted, provider_hosts: Vec::new() };
        let names: Vec<_> = material.variables().into_iter().map(|secret| secret.variable).collect();
        let all =
            ["OIDC_CLIENT_SECRET", "OIDC_CLIENT_SECRET_2", "OIDC_CLIENT_SECRET_3", "SESSION_KEY_2", "SESSION_KEY"];
        assert_eq!(names, all);
        assert!(material.is_key("SESSION_KEY_2") && !material.is_key("OIDC_CLIENT_SECRET"));
    }
}
