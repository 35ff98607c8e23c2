//! From oauth2-proxy's settings to a configuration of ours.
//!
//! Decides the order of the parts, and that no setting is dropped in silence. What each part becomes is decided below:
//!
//! | File | Decides |
//! |---|---|
//! | `given` | which settings count, and what options say instead |
//! | `provider`, `addresses` | `providers`: the issuer, our client there, its addresses |
//! | `parameters` | what the sign-in asks for |
//! | `programs` | bearer tokens |
//! | `paths`, `sign_out` | our endpoints, and where people go |
//! | `headers`, `identity` | what applications learn |
//! | `access`, `routes` | who may pass, and what is open |
//! | `session` | cookies and lifetimes |
//! | `mesh` | what Istio's objects around it say |
//! | `retired` | which of those go, and when |
//! | `rest` | what has no counterpart, and what is otherwise whatever was set |

mod access;
mod addresses;
mod given;
mod headers;
mod identity;
mod mesh;
mod parameters;
mod paths;
mod programs;
mod provider;
mod rest;
mod retired;
mod routes;
mod session;
mod sign_out;

pub(super) use given::Given;

use super::{Translation, render::Material, yaml::Tree};

/// Translates all that is given; and what is to be done last. The refusals are in the ledger.
pub(super) fn translate(mut given: Given<'_>) -> (Translation, Vec<String>) {
    paths::public_urls(&mut given);
    let mesh = mesh::read(&mut given);
    let client = provider::read(&mut given);
    let programs = programs::translate(&mut given, &client, &mesh);
    let last_steps = retired::steps(&given, &mesh, &programs.issuers(&client));
    let asked = parameters::translate(&mut given, &client);
    let logout = sign_out::translate(&mut given, &client);
    let paths = paths::translate(&mut given);
    let identity = identity::translate(&mut given, &client, &mesh);
    let session = session::translate(&mut given);
    let access = access::translate(&mut given, &client);
    let routes = routes::translate(&mut given, &client, access, &asked, &mesh);
    rest::translate(&mut given);
    let providers = provider::trees(&client, &programs, &asked, logout);
    let mut configuration = Tree::map()
        .explained("Who signs people in.", "providers", providers)
        .explained(PUBLIC_URLS, "publicUrls", Tree::list(given.public_urls.iter().map(|url| url.as_str().into())))
        .with_some("callbackUrl", paths.callback_url)
        .explained(paths::WHY, "paths", paths.tree)
        .with("session", session);
    if !identity.is_empty() {
        configuration = configuration.explained(identity::WHY, "identity", identity);
    }
    if !routes.is_empty() {
        configuration = configuration.explained(routes::WHY, "routes", routes);
    }
    given.report_dead();
    let material =
        Material { command: COMMAND.to_owned(), configuration, secrets: client.secrets, provider_hosts: client.hosts };
    (Translation { material, ledger: given.ledger }, last_steps)
}

const PUBLIC_URLS: &str = "Where people reach the gateway. All other hosts get no sign-in and no cookie.";
/// What made the files; what was given to it may hold secrets.
const COMMAND: &str = "edge-oidc migrate oauth2-proxy";
