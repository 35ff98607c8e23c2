//! `paths`: our own endpoints on each public URL.
//!
//! Decides that no two endpoints share a path, and that every reader reads each path alike. What the endpoints do is
//! `flow`'s; which names their parameters may have is `parameter`'s.

use std::collections::BTreeSet;

use super::{
    parameter,
    read::{self, Node, Object, Report},
};
use crate::{
    http::cookie::SameSite,
    oidc::provider::{LogoutKind, ProviderSettings},
};

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
    /// Below it, the rest of the path is judged for another proxy (`/oauth2/verify/REST`), where it is wanted.
    pub verify: Option<String>,
    /// A page for everyone: who is signed in, or a link to sign in, where it is wanted.
    pub homepage: Option<String>,
    /// The parameter of the query, if there is one, that makes a request for any path one to sign out.
    pub sign_out_argument: Option<String>,
    /// The parameter of the query that says where to go after signing in or out.
    pub return_parameter: String,
}

impl Paths {
    /// Where `provider`, one of `providers`, sends the browser back to.
    pub(super) fn callback_of(&self, provider: &ProviderSettings, providers: &[ProviderSettings]) -> String {
        let first = providers.iter().find(|provider| provider.signs_in);
        match first.is_some_and(|first| first.name == provider.name) {
            true => self.callback.clone(),
            false => format!("{}/{}", self.callback, provider.name),
        }
    }

    /// Every endpoint that is this path and no other; those that several providers send the browser back to are beside these.
    pub fn exact(&self) -> impl Iterator<Item = &str> {
        let always = [&self.callback, &self.sign_in, &self.sign_out, &self.signed_out, &self.whoami];
        let wanted = [&self.back_channel, &self.front_channel, &self.homepage].into_iter().flatten();
        always.into_iter().chain(wanted).map(String::as_str)
    }

    /// Whether `query` has the argument that makes any request one to sign out, whatever its value.
    pub fn signs_out_by(&self, query: &[u8]) -> bool {
        let named = |argument: &String| url::form_urlencoded::parse(query).any(|(name, _)| name == *argument);
        self.sign_out_argument.as_ref().is_some_and(named)
    }

    /// Whether `location`, a path with or without a query, is an endpoint that signs people in or out: no page to end on.
    pub(super) fn moves_on(&self, location: &str) -> bool {
        let location = location.split('#').next().unwrap_or_default();
        let (path, query) = location.split_once('?').unwrap_or((location, ""));
        self.signs_out_by(query.as_bytes())
            || [&self.callback, &self.sign_in, &self.sign_out].into_iter().any(|own| own == path)
    }

    /// Whether the provider names its own session by `sid` when it ends sessions here.
    pub const fn want_sid(&self) -> bool {
        self.back_channel.is_some() || self.front_channel.is_some()
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
            verify: None,
            homepage: None,
            sign_out_argument: None,
            return_parameter: "return_to".to_owned(),
        }
    }
}

pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Option<Paths> {
    let object = node.object(&KNOWN, report)?;
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
    let homepage = path("homepage", None);
    let verify = path("verify", None);
    let parameter = |name: &str, default: Option<String>, report: &mut Report| match object.member(name) {
        Some(node) => Some(Some(parameter::name(&node, default.as_deref().unwrap_or("logout"), report)?.to_owned())),
        None => Some(default),
    };
    let sign_out_argument = parameter("signOutArgument", None, report);
    let return_parameter = parameter("returnParameter", Some(default.return_parameter), report);
    judge_verify(&object, verify.as_ref()?.as_deref(), &taken, report);
    Some(Paths {
        callback: callback??,
        sign_in: sign_in??,
        sign_out: sign_out??,
        signed_out: signed_out??,
        whoami: whoami??,
        back_channel: back_channel?,
        front_channel: front_channel?,
        verify: verify?,
        homepage: homepage?,
        sign_out_argument: sign_out_argument?,
        return_parameter: return_parameter??,
    })
}

const KNOWN: [&str; 11] = [
    "callback",
    "signIn",
    "signOut",
    "signedOut",
    "whoami",
    "backChannel",
    "frontChannel",
    "verify",
    "homepage",
    "signOutArgument",
    "returnParameter",
];

/// What stands below `verify` is another proxy's path.
fn judge_verify(object: &Object<'_>, verify: Option<&str>, taken: &BTreeSet<String>, report: &mut Report) {
    let Some(verify) = verify else { return };
    let below = |path: &&String| path.strip_prefix(verify).is_some_and(|rest| rest.starts_with('/'));
    if let Some(path) = taken.iter().find(below) {
        let mend = "choose another path for one of them: all that is below `verify` names the path to judge";
        report.problem(&read::member(object.path(), "verify"), format!("is above the endpoint `{path}`"), mend);
    }
}

/// No endpoint may be where another provider than the first sends the browser back to: that would take the sign-ins away.
pub(super) fn judge_callbacks(root: &Object<'_>, paths: &Paths, providers: &[ProviderSettings], report: &mut Report) {
    let people = providers.iter().filter(|provider| provider.signs_in);
    let callbacks: Vec<_> = people.skip(1).map(|provider| (paths.callback_of(provider, providers), provider)).collect();
    let always = [("signIn", &paths.sign_in), ("signOut", &paths.sign_out), ("signedOut", &paths.signed_out)];
    let wanted = [
        ("backChannel", &paths.back_channel),
        ("frontChannel", &paths.front_channel),
        ("verify", &paths.verify),
        ("homepage", &paths.homepage),
    ];
    let wanted = wanted.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
    for (name, path) in always.into_iter().chain([("whoami", &paths.whoami)]).chain(wanted) {
        if let Some((_, provider)) = callbacks.iter().find(|(callback, _)| callback == path) {
            let place = read::member(&read::member(root.path(), "paths"), name);
            let mend =
                "choose another path: each provider but the first sends people back to `paths.callback` and its name";
            report.problem(&place, format!("is the callback of `{}`", provider.name), mend);
        }
    }
}

/// No sign-out may lead to an endpoint that signs people in or out: round and round, or straight back in.
pub(super) fn judge_landings(root: &Object<'_>, paths: &Paths, providers: &[ProviderSettings], report: &mut Report) {
    let place = read::member(root.path(), "providers");
    for (index, provider) in providers.iter().enumerate() {
        let LogoutKind::Local { return_url: Some(url) } = &provider.logout else { continue };
        if paths.moves_on(url) {
            let mend = "write the path of a page, or remove it: a page of ours then says that one is signed out";
            let place = format!("{place}[{index}].logout.returnUrl");
            report.problem(&place, "is an endpoint that signs people in or out", mend);
        }
    }
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
pub(super) fn judge_front_channel(root: &Object<'_>, paths: &Paths, same_site: SameSite, report: &mut Report) {
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
