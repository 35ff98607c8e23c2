//! From authservice's settings to a configuration of ours.
//!
//! Decides the order of the parts, and that no setting is dropped in silence. What each part becomes is decided below:
//!
//! | File | Decides |
//! |---|---|
//! | `given` | which settings count, and what options say instead |
//! | `load_balancer` | what the parameters of a load balancer mean |
//! | `provider`, `addresses` | `providers`: the issuer, our client there, its addresses |
//! | `sign_out` | `logout` |
//! | `programs` | bearer tokens |
//! | `paths` | our endpoints, and where people go |
//! | `identity` | user ids and groups |
//! | `routes`, `allowlist` | what is open, and who may pass |
//! | `session` | cookies and lifetimes |
//! | `rest` | what has no counterpart |
//! | `differences` | what is otherwise, whatever was set |

mod addresses;
mod allowlist;
mod differences;
pub(super) mod given;
mod identity;
mod load_balancer;
mod paths;
mod programs;
mod provider;
mod rest;
mod routes;
mod session;
mod sign_out;

use super::{Translation, render::Material, yaml::Tree};
pub(super) use given::Given;

/// Translates all that is given. The refusals are in the ledger.
pub(super) fn translate(mut given: Given<'_>) -> Translation {
    load_balancer::unfold(&mut given);
    given.ledger.source("publicUrls", "--public-url");
    let client = provider::read(&mut given);
    let prefix = paths::prefix(&mut given);
    let programs = programs::translate(&mut given, &client);
    let logout = sign_out::translate(&mut given, &client, &prefix);
    let (paths, after_sign_in) = paths::translate(&mut given, &prefix, client.is_cognito);
    let identity = identity::translate(&mut given, &client);
    let session = session::translate(&mut given);
    let routes = routes::translate(&mut given, &client, programs.kubernetes_issuer.as_deref());
    let several = programs.kubernetes.is_some();
    let mut configuration = Tree::map()
        .explained("Who signs people in.", "providers", provider::trees(&client, &programs, logout, several))
        .explained(
            PUBLIC_URLS,
            "publicUrls",
            Tree::list(given.choices.public_urls.iter().map(|url| url.as_str().into())),
        )
        .explained(paths::WHY, "paths", paths)
        .with_some("afterSignIn", after_sign_in)
        .with("session", session);
    if !identity.is_empty() {
        configuration = configuration.explained(identity::WHY, "identity", identity);
    }
    configuration = configuration.with_some("bearer", programs.place);
    configuration = rest::translate(&mut given, configuration);
    if !routes.is_empty() {
        configuration = configuration.explained(routes::WHY, "routes", routes);
    }
    differences::say(&mut given);
    given.report_dead();
    let material =
        Material { command: COMMAND.to_owned(), configuration, secrets: client.secrets, provider_hosts: client.hosts };
    Translation { material, ledger: given.ledger }
}

const PUBLIC_URLS: &str =
    "Where people reach the gateway. authservice took any host; here all others get no sign-in and no cookie.";
/// What made the files; what was given to it may hold secrets.
const COMMAND: &str = "edge-oidc migrate authservice";
