//! The configuration: one JSON document in, a [`Config`] that is valid by construction out, or every [`Problem`] at once.
//!
//! Decides what may be written and what is meant where nothing is. What the settings do is decided by the modules that
//! own their types; `Config` only gathers them.
//!
//! | File | Reads |
//! |---|---|
//! | `document` | the text, without duplicate members |
//! | `read` | values by type, unknown names, emptiness |
//! | `people` | nothing; warns of people who could be taken for others |
//! | `providers`, `provider`, `role`, `client`, `address`, `logout`, `tokens` | `providers`: each provider, our client there, its URLs, signing out, bearer tokens |
//! | `public_urls`, `paths`, `after_sign_in`, `pages`, `session`, `identity`, `bearer`, `authorizer`, `routes` | the blocks of these names |
//! | `user_ids` | out of which claims a user id is made, and by which rules |
//! | `sign_in_parameters` | what a link may hand on to a provider |
//! | `sign_in_page` | nothing; refuses a provider's page that is behind our own sign-in |
//! | `elsewhere`, `destination` | where people are sent in place of a page of ours |
//! | `parameter` | names of query parameters |
//! | `secret` | a text or `{ env: NAME }` |

mod address;
mod after_sign_in;
mod authorizer;
mod bearer;
mod client;
mod destination;
mod document;
mod elsewhere;
mod identity;
mod logout;
mod pages;
mod parameter;
mod paths;
mod people;
mod problem;
mod provider;
mod providers;
mod public_urls;
mod read;
mod role;
mod routes;
mod secret;
mod session;
mod sign_in_page;
mod sign_in_parameters;
mod tokens;
mod user_ids;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use after_sign_in::AfterSignIn;
pub use authorizer::ExternalAuthorization;
pub use bearer::BearerSettings;
pub use destination::Destination;
pub use elsewhere::Elsewhere;
pub use identity::carries_identity;
pub use pages::Theme;
pub use paths::Paths;
pub use problem::{Problem, Problems};
pub use sign_in_parameters::SignInParameter;
pub use tokens::KINDS as TOKEN_KINDS;

use crate::{
    http::{origin::Origin, public_urls::PublicUrls},
    identity::{AUTHORIZATION, Forwarding, IdentitySettings, headers::ReservedHeaders},
    oidc::provider::ProviderSettings,
    policy::{Access, Credentials, HostPattern, Requirement, Routes},
    session::SessionSettings,
};
use read::{Node, Report};

/// A whole configuration. [`Config::parse`] is the only way to one, and there is no default.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where people reach us.
    pub public_urls: PublicUrls,
    /// The origin that all sign-ins come back to; each host's own if absent.
    pub callback_origin: Option<Origin>,
    /// Our own endpoints.
    pub paths: Paths,
    /// The page that every completed sign-in leads to, if it is not the one that was wanted.
    pub after_sign_in: Option<AfterSignIn>,
    /// How our own pages look.
    pub theme: Theme,
    /// Pages in place of ours.
    pub elsewhere: Elsewhere,
    /// Sessions and their cookies.
    pub session: SessionSettings,
    /// The headers that applications get.
    pub identity: IdentitySettings,
    /// Where bearer tokens stand in requests.
    pub bearer: BearerSettings,
    /// Who is asked about each request, too.
    pub external_authorization: Option<ExternalAuthorization>,
    /// Who passes where.
    pub routes: Routes,
    forwarding: BTreeMap<usize, Forwarding>,
    providers: Vec<ProviderSettings>,
    sign_in_parameters: Vec<Vec<SignInParameter>>,
    warnings: Vec<Problem>,
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

    /// Who vouches for people and programs, in order.
    pub fn providers(&self) -> &[ProviderSettings] {
        &self.providers
    }

    /// What a link to the sign-in endpoint may hand on to the provider with this place among [`Config::providers`].
    pub fn sign_in_parameters(&self, provider: usize) -> &[SignInParameter] {
        self.sign_in_parameters.get(provider).map_or(&[], Vec::as_slice)
    }

    /// Where a provider sends the browser back to. Each has an address of its own, so that no provider can bring in another's
    /// code as its own (RFC 9700 §4.4.2.2): the first that signs people in has `paths.callback`, each other its name below.
    pub fn callback_path(&self, provider: &ProviderSettings) -> String {
        self.paths.callback_of(provider, &self.providers)
    }

    /// Whether some provider sends the browser back to `path`.
    pub fn is_callback(&self, path: &[u8]) -> bool {
        let below = path.strip_prefix(self.paths.callback.as_bytes());
        let named = |below: &[u8]| {
            let people = self.providers.iter().filter(|provider| provider.signs_in);
            let others = people.skip(1).map(|provider| provider.name.as_bytes());
            below.strip_prefix(b"/").is_some_and(|name| others.into_iter().any(|other| other == name))
        };
        below.is_some_and(|below| below.is_empty() || named(below))
    }

    /// The provider that a sign-in or a session remembers.
    pub fn provider_named(&self, name: &str) -> Option<&ProviderSettings> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// The credentials that count where `access` is asked for.
    pub fn credentials(&self, access: &Access) -> Credentials {
        access.credentials_of(&self.providers)
    }

    /// Which tokens go on from the rule of `routes` with this index, or where none decides.
    pub fn forwarding(&self, rule: Option<usize>) -> &Forwarding {
        rule.and_then(|rule| self.forwarding.get(&rule)).unwrap_or(&self.identity.forward)
    }

    /// What goes on from every rule, and where none decides.
    pub fn forwardings(&self) -> impl Iterator<Item = &Forwarding> {
        std::iter::once(&self.identity.forward).chain(self.forwarding.values())
    }

    /// Every header that no application may get from a client.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        // What clients send sessions in is for us alone; `authorization` may be the application's, too.
        let session = self.session.header.as_deref().filter(|header| *header != AUTHORIZATION);
        let forwarded = self.forwardings().flat_map(Forwarding::header_names);
        self.identity.header_names().chain(forwarded).chain(session)
    }

    /// Every top-level claim that a session must keep, each once.
    pub fn wanted_claims(&self) -> Vec<String> {
        let requirements = self.routes.rules().iter().filter_map(|rule| rule.access.requirement.as_ref());
        let asked = requirements.flat_map(Requirement::claim_names);
        // The provider names its own session so when it ends ours.
        let sid = self.paths.want_sid().then_some("sid");
        let assured = self.routes.rules().iter().flat_map(|rule| rule.access.assurance.claim_names());
        let people = self.providers.iter().filter(|provider| provider.signs_in);
        let named = people.flat_map(|provider| self.identity.claim_names(&provider.naming));
        let unique: BTreeSet<&str> = named.chain(asked).chain(assured).chain(sid).collect();
        unique.into_iter().map(str::to_owned).collect()
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

/// Each block is read even if another is broken.
fn root(tree: &Value, environment: &dyn Environment, report: &mut Report) -> Option<Config> {
    let root = Node::root(tree).object(&KNOWN, report)?;
    let providers = providers::read(&root, environment, report);
    let public_urls = public_urls::read(&root, report);
    let paths = root.member("paths").map_or_else(|| Some(Paths::default()), |node| paths::read(&node, report));
    judge_paths(&root, paths.as_ref(), providers.as_deref(), report);
    let taken = paths.as_ref().map(|paths| paths.return_parameter.as_str());
    let sign_in_parameters = sign_in_parameters::read(&root, taken, report);
    let after_sign_in =
        root.member("afterSignIn").map(|node| after_sign_in::read(&node, paths.as_ref(), &public_urls, report));
    let session = read_session(&root, &public_urls, environment, report);
    let domain = session.as_ref().and_then(|session| session.cookie.domain.as_deref());
    let callback_origin = public_urls::callback(&root, &public_urls, domain, report);
    let theme = root.member("pages").map(|node| pages::read(&node, report)).unwrap_or_default();
    let identity = root.member("identity").map(|node| identity::read(&node, report)).unwrap_or_default();
    people::warn(providers.as_deref().unwrap_or_default(), &identity, report);
    let authorizer = root.member("externalAuthorization").map(|node| authorizer::read(&node, report));
    let hosts = public_urls.iter().filter_map(|url| HostPattern::parse(&url.hosts()).ok()).collect();
    let known = routes::Known {
        providers: providers.as_deref(),
        identity: &identity,
        authorizer: root.member("externalAuthorization").is_some(),
        paths: paths.as_ref(),
        hosts,
    };
    let (routes, forwarding) =
        root.member("routes").map(|node| routes::read(&node, &known, report)).unwrap_or_default();
    let ours = headers_of_ours(&identity, &forwarding);
    let bearer = read_bearer(&root, providers.as_deref(), &ours, report);
    if let Some(session) = &session {
        session::judge_header(&root, session, &ours, report);
        if let Some(paths) = &paths {
            paths::judge_front_channel(&root, paths, session.cookie.same_site, report);
        }
    }
    let known = paths.as_ref().zip(providers.as_deref());
    let known = known.map(|(paths, providers)| elsewhere::Known::new(paths, providers, &public_urls, &routes));
    let elsewhere = elsewhere::read(&root, known.as_ref(), report);
    let providers = providers?;
    sign_in_page::judge(&root, &providers, &public_urls, &routes, report);
    Some(Config {
        public_urls,
        callback_origin,
        paths: paths?,
        after_sign_in: after_sign_in.map_or(Some(None), |page| page.map(Some))?,
        theme,
        elsewhere,
        session: session?,
        identity,
        bearer,
        external_authorization: authorizer.map_or(Some(None), |authorizer| authorizer.map(Some))?,
        routes,
        forwarding,
        providers,
        sign_in_parameters,
        warnings: Vec::new(),
    })
}

fn judge_paths(
    root: &read::Object<'_>,
    paths: Option<&Paths>,
    providers: Option<&[ProviderSettings]>,
    report: &mut Report,
) {
    let Some(paths) = paths else { return };
    if let Some(providers) = providers {
        paths::judge_callbacks(root, paths, providers, report);
        paths::judge_landings(root, paths, providers, report);
    }
    parameter::judge(root, paths, report);
}

fn read_session(
    root: &read::Object<'_>,
    public_urls: &PublicUrls,
    environment: &dyn Environment,
    report: &mut Report,
) -> Option<SessionSettings> {
    let mend = "add `session: { keys: [{ env: SESSION_KEY }] }`; `edge-oidc keygen` makes a key";
    let session = root.required("session", mend, report);
    session.and_then(|node| session::read(&node, public_urls, environment, report))
}

/// The headers that only we may set.
fn headers_of_ours(identity: &IdentitySettings, forwarding: &BTreeMap<usize, Forwarding>) -> ReservedHeaders {
    let forwarded = std::iter::once(&identity.forward).chain(forwarding.values()).flat_map(Forwarding::header_names);
    ReservedHeaders::new(identity.header_names().chain(forwarded))
}

fn read_bearer(
    root: &read::Object<'_>,
    providers: Option<&[ProviderSettings]>,
    ours: &ReservedHeaders,
    report: &mut Report,
) -> bearer::BearerSettings {
    let taken = providers.is_none_or(|all| all.iter().any(|provider| !provider.bearer.is_empty()));
    let known = bearer::Known { taken, ours };
    root.member("bearer").map(|node| bearer::read(&node, known, report)).unwrap_or_default()
}

const KNOWN: [&str; 11] = [
    "providers",
    "publicUrls",
    "callbackUrl",
    "paths",
    "afterSignIn",
    "pages",
    "session",
    "identity",
    "bearer",
    "externalAuthorization",
    "routes",
];
