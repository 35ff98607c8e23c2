//! Headers that Pomerium took off every request, or wrote itself.
//!
//! Decides that no client sends what applications had from Pomerium alone. Headers of claims and of tokens are `identity`'s.

use serde_json::Value;

use super::{
    super::input::Route,
    given::Given,
    identity::{There, written_there},
};
use crate::{config::carries_identity, identity::headers::fold};

/// Names for `identity.remove`, beside those that are taken.
pub(super) fn read(given: &mut Given<'_>, taken: &[String]) -> Vec<String> {
    let mut found = Found::default();
    if let Some(names) = given.texts("remove_request_headers") {
        found.names.extend(names);
    }
    given.routes.iter().for_each(|route| found.route(route));
    found.problems.iter().for_each(|problem| given.ledger.refused(problem.clone()));
    let mut known: Vec<_> = taken.iter().map(|name| fold(name)).collect();
    known.extend(found.tokens.iter().map(|name| fold(name)));
    let mut removed = Vec::new();
    for name in found.names.iter().map(|name| name.trim().to_ascii_lowercase()) {
        if known.contains(&fold(&name)) {
            continue;
        }
        known.push(fold(&name));
        if !carries_identity(&name) {
            given.ledger.lost(
                &name,
                "HTTP, Envoy or a sign-in needs this header, so nothing here takes it off: let the gateway's routes do that where \
                 an application believes it",
            );
            continue;
        }
        given
            .ledger
            .carried(&name, "`identity.remove`: Pomerium took it off or wrote it itself, so no client may send it");
        removed.push(name);
    }
    if !removed.is_empty() {
        given.ledger.source("identity.remove", "remove_request_headers");
    }
    removed
}

#[derive(Default)]
struct Found {
    names: Vec<String>,
    /// Headers of tokens, which are removed as such.
    tokens: Vec<String>,
    problems: Vec<String>,
}

impl Found {
    fn route(&mut self, route: &Route) {
        let label = &route.label;
        match route.settings.get("remove_request_headers") {
            None | Some(Value::Null) => {}
            Some(Value::String(name)) => self.names.push(name.clone()),
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
                self.names.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Some(_) => {
                self.problems.push(format!("{label}: `remove_request_headers` is no list of headers: write one"))
            }
        }
        match route.settings.get("set_request_headers") {
            None | Some(Value::Null) => {}
            Some(Value::Object(headers)) => {
                for (name, value) in headers {
                    match written_there(name, value) {
                        There::Token(_) => self.tokens.push(name.clone()),
                        There::Fixed | There::Unknown => self.names.push(name.clone()),
                    }
                }
            }
            Some(_) => self.problems.push(format!(
                "{label}: `set_request_headers` has no headers that can be read here: write their names with any values, so that no \
                 client may send them"
            )),
        }
        let account = ["kubernetes_service_account_token", "kubernetes_service_account_token_file"];
        if account.iter().any(|name| route.settings.contains_key(*name)) {
            self.names.extend(["impersonate-user", "impersonate-group", "impersonate-uid"].map(str::to_owned));
        }
    }
}
