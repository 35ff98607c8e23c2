//! From Pomerium's settings to a configuration of ours.
//!
//! Decides the order of the parts, and that no setting is dropped in silence. What each part becomes is decided below:
//!
//! | File | Decides |
//! |---|---|
//! | `given` | which settings count |
//! | `hosts` | `publicUrls`, the callback, and who shares a session |
//! | `provider` | `providers`: the issuer, our client there |
//! | `session` | cookies and lifetimes, signing out |
//! | `identity` | headers |
//! | `removed` | headers that Pomerium took off or wrote itself |
//! | `programs` | bearer tokens |
//! | `routes` | who may pass |
//! | `rest` | what is otherwise, and what has no counterpart |

mod given;
mod hosts;
mod identity;
mod programs;
mod provider;
mod removed;
mod rest;
mod routes;
mod session;

use self::given::Given;
use super::{Choices, Translation, input::Inputs, render::Material, yaml::Tree};

/// Translates all that is given. The refusals are in the ledger.
pub(super) fn translate(inputs: Inputs, choices: &Choices) -> Translation {
    let mut given = Given::new(inputs, choices);
    let hosts = hosts::read(&mut given);
    let client = provider::read(&mut given);
    let programs = programs::read(&mut given, &client);
    let logout = session::sign_out(&mut given, &hosts, client.is_cognito);
    let mut provider = client.tree.with("logout", logout);
    if !programs.rules.is_empty() {
        provider = provider.explained(programs::WHY, "bearer", Tree::list(programs.rules.iter().cloned()));
    }
    let mut configuration = Tree::map()
        .explained("Who signs people in.", "providers", Tree::list([provider]))
        .explained(hosts::WHY, "publicUrls", Tree::list(hosts.urls.iter().map(|url| url.as_str().into())));
    if let Some(callback) = &hosts.callback {
        configuration = configuration.explained(hosts::CALLBACK, "callbackUrl", callback.as_str());
    }
    configuration = configuration
        .explained(hosts::PATHS, "paths", hosts::paths(&mut given))
        .with("session", session::translate(&mut given, &hosts));
    let headers = identity::read(&mut given, client.is_cognito);
    if !headers.tree.is_empty() {
        configuration = configuration.explained(identity::WHY, "identity", headers.tree.clone());
    }
    let routes = routes::translate(&mut given, &headers, &programs);
    configuration = configuration.explained(routes::WHY, "routes", routes);
    rest::say(&mut given, &hosts);
    let provider_hosts = client.hosts.into_iter().chain(choices.provider_hosts.iter().cloned()).collect();
    let material = Material { command: COMMAND.to_owned(), configuration, secrets: client.secrets, provider_hosts };
    Translation { material, ledger: given.ledger }
}

/// What made the files; what was given to it may hold secrets.
const COMMAND: &str = "edge-oidc migrate pomerium";
