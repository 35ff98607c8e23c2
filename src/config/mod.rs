//! The configuration: one JSON document in, a [`Config`] that is valid by construction out, or every [`Problem`] at once.
//!
//! Decides what may be written and what is meant where nothing is. What the settings do is decided by the modules that
//! own their types; `Config` only gathers them.
//!
//! | File | Reads |
//! |---|---|
//! | `document` | the text, without duplicate members |
//! | `read` | values by type, unknown names, emptiness |
//! | `provider`, `client`, `address`, `logout` | `providers`: the provider, our client there, its URLs, signing out |
//! | `session`, `identity`, `routes` | the blocks of these names |
//! | `secret` | a text or `{ env: NAME }` |

mod address;
mod client;
mod document;
mod identity;
mod logout;
mod problem;
mod provider;
mod read;
mod routes;
mod secret;
mod session;

use std::collections::BTreeSet;

use serde_json::Value;

pub use problem::{Problem, Problems};

use crate::{
    http::{
        cookie::SameSite,
        origin::{Origin, OriginError, Scheme},
    },
    identity::IdentitySettings,
    oidc::provider::ProviderSettings,
    policy::Routes,
    session::SessionSettings,
};
use read::{Node, Object, Report};

/// A whole configuration. [`Config::parse`] is the only way to one, and there is no default.
#[derive(Clone, Debug)]
pub struct Config {
    /// The origins that people reach us at, each once.
    pub public_urls: Vec<Origin>,
    /// Our own endpoints.
    pub paths: Paths,
    /// Sessions and their cookies.
    pub session: SessionSettings,
    /// The headers that applications get.
    pub identity: IdentitySettings,
    /// Who passes where.
    pub routes: Routes,
    provider: ProviderSettings,
    warnings: Vec<Problem>,
}

/// The exact paths of our own endpoints on each public URL, all different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The redirection endpoint (RFC 6749 §3.1.2), registered at the provider.
    pub callback: String,
    /// Starts a sign-in.
    pub sign_in: String,
    /// Ends a session.
    pub sign_out: String,
    /// Where the provider sends the browser back to after a sign-out there.
    pub signed_out: String,
    /// Says who is signed in.
    pub whoami: String,
    /// Takes logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.5), where it is wanted.
    pub back_channel: Option<String>,
    /// Ends the session in a frame of the provider's page (OpenID Connect Front-Channel Logout 1.0 §2), where it is wanted.
    pub front_channel: Option<String>,
}

impl Paths {
    /// Whether the provider names its own session by `sid` when it ends sessions here.
    pub const fn want_sid(&self) -> bool {
        self.back_channel.is_some() || self.front_channel.is_some()
    }
}

/// The environment variables that `{ env: NAME }` names.
pub trait Environment {
    /// The variable's value, if it is set.
    fn variable(&self, name: &str) -> Option<String>;
}

impl Config {
    /// Reads the JSON document that Envoy hands over.
    ///
    /// # Errors
    /// Every problem, each with its place and its mend.
    pub fn parse(json: &str, environment: &dyn Environment) -> Result<Self, Problems> {
        let mut report = Report::default();
        let config = document::parse(json, &mut report).and_then(|tree| root(&tree, environment, &mut report));
        Self::finish(config, report)
    }

    /// Reads a tree that was parsed elsewhere, as the command-line tool does from YAML.
    ///
    /// # Errors
    /// Every problem, each with its place and its mend.
    pub fn read(tree: &Value, environment: &dyn Environment) -> Result<Self, Problems> {
        let mut report = Report::default();
        let config = root(tree, environment, &mut report);
        Self::finish(config, report)
    }

    /// Who signs people in: the one provider of this release.
    pub fn provider(&self) -> &ProviderSettings {
        &self.provider
    }

    /// What is allowed and still worth knowing.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    fn finish(config: Option<Self>, report: Report) -> Result<Self, Problems> {
        let warnings = report.finish()?;
        let config = config.ok_or_else(Problems::default)?;
        Ok(Self { warnings, ..config })
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            callback: "/oauth2/callback".to_owned(),
            sign_in: "/oauth2/sign-in".to_owned(),
            sign_out: "/oauth2/sign-out".to_owned(),
            signed_out: "/oauth2/signed-out".to_owned(),
            whoami: "/oauth2/whoami".to_owned(),
            back_channel: None,
            front_channel: None,
        }
    }
}

/// Each block is read even if another is broken.
fn root(tree: &Value, environment: &dyn Environment, report: &mut Report) -> Option<Config> {
    let known = ["providers", "publicUrls", "paths", "session", "identity", "routes"];
    let root = Node::root(tree).object(&known, report)?;
    let provider = provider(&root, environment, report);
    let public_urls = public_urls(&root, report);
    let paths = root.member("paths").map_or_else(|| Some(Paths::default()), |node| paths(&node, report));
    let mend = "add `session: { keys: [{ env: SESSION_KEY }] }`; `edge-oidc keygen` makes a key";
    let session = root.required("session", mend, report);
    let session = session.and_then(|node| session::read(&node, &public_urls, environment, report));
    let identity = root.member("identity");
    let identity = identity.map_or_else(Default::default, |node| identity::read(&node, report));
    let routes = root.member("routes").map_or_else(Routes::default, |node| routes::read(&node, report));
    if let (Some(paths), Some(session)) = (&paths, &session) {
        judge_front_channel(&root, paths, session.cookie.same_site, report);
    }
    Some(Config {
        public_urls,
        paths: paths?,
        session: session?,
        identity,
        routes,
        provider: provider?,
        warnings: Vec::new(),
    })
}

fn provider(root: &Object<'_>, environment: &dyn Environment, report: &mut Report) -> Option<ProviderSettings> {
    let mend = "add one provider with `issuer` and `clientId`";
    let nodes = root.required("providers", mend, report)?.list(report)?;
    for second in nodes.iter().skip(1) {
        second.problem(
            report,
            "is a second provider",
            "keep one: this release signs people in at exactly one provider",
        );
    }
    nodes.iter().map(|node| provider::read(node, environment, report)).fold(None, Option::or)
}

fn public_urls(root: &Object<'_>, report: &mut Report) -> Vec<Origin> {
    let mend = "add the addresses that people type, as `publicUrls: [https://app.example.com]`";
    let nodes = root.required("publicUrls", mend, report).and_then(|node| node.list(report));
    let mut origins: Vec<Origin> = Vec::new();
    for node in nodes.unwrap_or_default() {
        let mend = "write `https://HOST` or `https://HOST:PORT` and nothing else";
        let Some(origin) = node.parse::<_, OriginError>(report, mend, Origin::parse) else { continue };
        if origin.scheme() == Scheme::Http && !origin.is_loopback() {
            node.problem(report, "is plain http", "use https; http is for loopback hosts such as `localhost` only");
        } else if origins.contains(&origin) {
            node.problem(report, "is given twice", "remove one of the two");
        } else if origins.iter().any(|other| other.host() == origin.host()) {
            let mend = "keep one for each host name: browsers share cookies between the ports and schemes of a host";
            node.problem(report, "differs from another only in its port or scheme", mend);
        } else {
            origins.push(origin);
        }
    }
    origins
}

fn paths(node: &Node<'_>, report: &mut Report) -> Option<Paths> {
    let known = ["callback", "signIn", "signOut", "signedOut", "whoami", "backChannel", "frontChannel"];
    let object = node.object(&known, report)?;
    let default = Paths::default();
    let mut taken = BTreeSet::new();
    let mut path = |name: &str, default: Option<String>| {
        let (path, place) = match object.member(name) {
            Some(node) => (Some(plain_path(&node, report)?.to_owned()), node.path().to_owned()),
            None => (default, read::member(object.path(), name)),
        };
        if path.as_ref().is_some_and(|path| !taken.insert(path.clone())) {
            report.problem(&place, "is the path of another endpoint", "give each endpoint a path of its own");
        }
        Some(path)
    };
    let callback = path("callback", Some(default.callback));
    let sign_in = path("signIn", Some(default.sign_in));
    let sign_out = path("signOut", Some(default.sign_out));
    let signed_out = path("signedOut", Some(default.signed_out));
    let whoami = path("whoami", Some(default.whoami));
    let back_channel = path("backChannel", None);
    let front_channel = path("frontChannel", None);
    Some(Paths {
        callback: callback??,
        sign_in: sign_in??,
        sign_out: sign_out??,
        signed_out: signed_out??,
        whoami: whoami??,
        back_channel: back_channel?,
        front_channel: front_channel?,
    })
}

fn plain_path<'a>(node: &Node<'a>, report: &mut Report) -> Option<&'a str> {
    let path = node.text(report)?;
    if !is_plain_path(path) {
        let mend = "write segments of letters, digits, `-`, `.`, `_` and `~`, such as `/oauth2/callback`";
        node.problem(report, "is not a plain absolute path", mend);
    }
    Some(path)
}

/// Only a cookie with `SameSite=None` comes along with a frame of another site.
fn judge_front_channel(root: &Object<'_>, paths: &Paths, same_site: SameSite, report: &mut Report) {
    if paths.front_channel.is_some() && same_site != SameSite::None {
        let place = read::member(&read::member(root.path(), "paths"), "frontChannel");
        let mend = "write `session.cookie.sameSite: None`, or use `backChannel`: it needs no browser";
        report.warning(&place, "gets no session cookie in the provider's frame", mend);
    }
}

/// A path that every reader reads alike: no escapes, no dot segments, no empty segments, and not the root.
fn is_plain_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    let segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(plain);
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment))
}
