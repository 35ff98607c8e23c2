//! Kong's consumers: who passes because Kong knows them.
//!
//! Decides that a consumer is known by a claim, and that nobody passes whom Kong would have refused.

use serde_json::Value;

use super::{
    super::{super::yaml::Tree, input::Inputs},
    given::Given,
    identity,
};

/// How a person is found among the consumers.
pub(super) struct Consumers {
    /// The setting, and the claims that may hold a consumer's name, the preferred first.
    pub(super) claims: Option<(String, Vec<Tree>)>,
    /// Whether people pass whom Kong does not know.
    pub(super) is_optional: bool,
    /// Places in a consumer's names that are looked at: the id, the user name, the custom id.
    by: Vec<usize>,
    ignores_case: bool,
}

impl Consumers {
    /// As the plugin at hand says.
    pub(super) fn read(given: &mut Given<'_>) -> Self {
        let path = given.list("consumer_claim");
        let claims = match (path.is_empty(), given.written("consumer_claims").cloned()) {
            (_, Some(Value::Array(paths))) if !paths.is_empty() => {
                let steps = |path: &Value| match path {
                    Value::Array(steps) => steps.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                    other => vec![other.as_str().unwrap_or_default().to_owned()],
                };
                let trees = paths.iter().map(|path| identity::claim(&steps(path))).collect();
                Some(("consumer_claims".to_owned(), trees))
            }
            (false, _) => Some(("consumer_claim".to_owned(), vec![identity::claim(&path)])),
            (true, _) => None,
        };
        let is_optional = given.boolean("consumer_optional");
        let by = given.list_or_default("consumer_by");
        let ignores_case = given.boolean("by_username_ignore_case");
        let place = |by: &String| ["id", "username", "custom_id"].iter().position(|name| name == by);
        let by: Vec<_> = by.iter().filter_map(place).collect();
        if claims.is_some() {
            for name in ["consumer_by", "by_username_ignore_case", "consumer_optional"] {
                given.told(name);
            }
        }
        Self { claims, is_optional, by, ignores_case }
    }

    /// The header that Kong would have written the name into.
    pub(super) fn header(&self) -> &'static str {
        match self.by.as_slice() {
            by if by.contains(&1) => "x-consumer-username",
            by if by.contains(&2) => "x-consumer-custom-id",
            _ => "x-consumer-id",
        }
    }

    /// What a rule asks for, so that consumers alone pass; those of these groups, if there are any.
    pub(super) fn require(&self, given: &mut Given<'_>, inputs: &Inputs, groups: Option<&[String]>) -> Option<Tree> {
        let (name, claims) = self.claims.clone()?;
        if self.is_optional {
            given.carried("consumer_optional", "everybody passes whom the provider signs in");
            return None;
        }
        if given.choices.without_consumers {
            given.changed("consumer_by", "everybody passes whom the provider signs in, as `--without-consumers` says; Kong let its consumers in only");
            return None;
        }
        let known = |consumer: &super::super::input::Consumer| {
            groups.is_none_or(|groups| consumer.groups.iter().any(|group| groups.contains(group)))
        };
        let consumers = inputs.declared.consumers.iter().filter(|consumer| known(consumer));
        let mut names: Vec<String> = consumers
            .flat_map(|consumer| self.by.iter().filter_map(|place| consumer.names.get(*place)?.clone()))
            .chain(given.choices.consumers.iter().cloned())
            .collect();
        names.sort();
        names.dedup();
        if let (true, Some(groups), false) = (names.is_empty(), groups, inputs.declared.consumers.is_empty()) {
            let groups = groups.join(", ");
            given.refuse(
                &name,
                &format!(
                    "lets in only whom Kong knows as a consumer, and none of the files' is in a group that the acl plugin allows \
                     ({groups}): add the file that says so, give `--consumer NAME` for each, or `--without-consumers`"
                ),
            );
            return None;
        }
        if names.is_empty() {
            given.refuse(
                &name,
                "lets in only whom Kong knows as a consumer, and no file has any: add the file that has them (`deck gateway dump`), give \
                 `--consumer NAME` for each, or `--without-consumers` to let everybody in whom the provider signs in",
            );
            return None;
        }
        let said = format!(
            "the {} consumers of the files and of `--consumer`, by name, in `require`: a new one is added there",
            names.len()
        );
        given.changed("consumer_by", if names.len() == 1 { said.replace("1 consumers", "one consumer") } else { said });
        Some(self.by_name(given, claims, names))
    }

    fn by_name(&self, given: &mut Given<'_>, claims: Vec<Tree>, names: Vec<String>) -> Tree {
        let is_email = claims == [Tree::from("email")];
        if self.ignores_case {
            match is_email {
                true => given.carried("by_username_ignore_case", "`require.emails`, whatever the case"),
                false => given.changed(
                    "by_username_ignore_case",
                    "names are compared letter by letter: write each as the provider has it",
                ),
            }
        }
        let list = || Tree::list(names.iter().map(|name| name.as_str().into()));
        let addresses = names.iter().all(|name| name.matches('@').count() == 1);
        if is_email && self.ignores_case && addresses {
            return Tree::map().with("emails", list());
        }
        let test = |claim: Tree| Tree::map().with("claim", claim).with("oneOf", list());
        let each: Vec<_> =
            claims.into_iter().map(|claim| Tree::map().with("claims", Tree::list([test(claim)]))).collect();
        match each.as_slice() {
            [one] => one.clone(),
            _ => Tree::map().with("any", Tree::list(each)),
        }
    }
}
