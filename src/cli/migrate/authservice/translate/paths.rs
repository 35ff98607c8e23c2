//! Our own endpoints, where authservice had its own, and where people go after signing in.
//!
//! Decides that `AUTHSERVICE_URL_PREFIX` is a path that opens nothing but these.

use super::{
    super::{
        super::yaml::Tree,
        dialect::Dialect,
        go::{self, Reference},
        input::Setting,
    },
    Given,
};

/// The path below which authservice lived.
pub(super) struct Prefix {
    path: Option<String>,
    origin: String,
}

impl Prefix {
    /// A path below it; None where there was no prefix.
    pub(super) fn below(&self, suffix: &str) -> Option<String> {
        self.path.as_ref().map(|path| go::join(path, suffix))
    }
}

/// `AUTHSERVICE_URL_PREFIX`, refused where it opened everything.
pub(super) fn prefix(given: &mut Given<'_>) -> Prefix {
    let none = Prefix { path: None, origin: String::new() };
    if !given.dialect.has_prefix() {
        return none;
    }
    let Some(setting) = given.take("AUTHSERVICE_URL_PREFIX") else {
        given.ledger.refused(
            "AUTHSERVICE_URL_PREFIX is in none of the files: add the file that has it, or `--url-prefix /authservice/`, \
             Kubeflow's own",
        );
        return none;
    };
    let reference = Reference::parse(&setting.value);
    match &reference {
        None => given.refuse(&setting, "is no URL", "write it as `/authservice/`, or give `--url-prefix /authservice/`"),
        Some(prefix) if matches!(go::join(&prefix.path, "").as_str(), "/") => given.refuse(
            &setting,
            "has no path of its own, which opened everything to everyone with authservice",
            "give `--url-prefix /authservice/`, and look at who came in. The prefix was always in the list of open paths (F-3)",
        ),
        Some(Reference { absolute: Some(url), .. }) => {
            let mend = format!(
                "give `--url-prefix {}`, and the host as `--public-url {}`. authservice's \
                 verify endpoint let everybody pass with such a \
                 prefix",
                url.path(),
                url.origin().ascii_serialization()
            );
            given.refuse(&setting, "is an absolute URL, of which the path alone counts here", &mend);
        }
        Some(prefix) if !prefix.path.starts_with('/') => {
            given.refuse(&setting, "does not begin with `/`", "write it as `/authservice/`, or give `--url-prefix \
                                                               /authservice/`");
        }
        Some(_) => {}
    }
    let path = reference.map(|reference| reference.path).unwrap_or_default();
    given.ledger.carried("AUTHSERVICE_URL_PREFIX", "`paths`");
    let what = format!(
        "opens the endpoints in `paths` and nothing else. With authservice everything below it was open{}",
        if path.ends_with('/') { "" } else { ", and whatever begins like it" }
    );
    given.ledger.changed("AUTHSERVICE_URL_PREFIX", what);
    Prefix { path: Some(path), origin: setting.origin() }
}

/// `paths` and `afterSignIn`.
pub(super) fn translate(given: &mut Given<'_>, prefix: &Prefix, is_cognito: bool) -> (Tree, Option<Tree>) {
    let callback = callback(given, prefix);
    let mut paths = Tree::map().with("callback", callback.as_str());
    if prefix.path.is_some() {
        given.ledger.source("paths", &prefix.origin);
    } else if let Some(setting) = given.take("REDIRECT_URL") {
        given.ledger.source("paths", &setting.origin());
    }
    for url in &given.choices.public_urls {
        let what = match url.contains('*') {
            true => format!("`{callback}` at every host of `{url}` that people use, each"),
            false => format!("`{}{callback}`", url.trim_end_matches('/')),
        };
        let at_dex = if is_cognito { "" } else { AT_DEX };
        given.ledger.step(format!("register {what} at the provider as a redirect URI of the client{at_dex}"));
    }
    let sign_out = prefix.below("logout").unwrap_or_else(|| match given.dialect {
        Dialect::LoadBalancer => "/authservice/logout".to_owned(),
        _ => "/logout".to_owned(),
    });
    given.ledger.carried("sign-out", format!("`paths.signOut: {sign_out}`, for all generations of the dashboard"));
    paths = paths.with("signOut", sign_out).with_some("signedOut", prefix.below("site/after_logout"));
    let homepage = homepage(given, prefix);
    let verify = if given.dialect == Dialect::Last { verify(given, prefix) } else { Verify::Absent };
    paths = match (verify, homepage) {
        (Verify::At(path), homepage) => paths.with_some("homepage", homepage).explained(VERIFY, "verify", path),
        (Verify::Possible(path), Some(homepage)) => {
            paths.explained(&format!("{POSSIBLE}\nverify: {path}"), "homepage", homepage)
        }
        (_, homepage) => paths.with_some("homepage", homepage),
    };
    (paths, after_sign_in(given))
}

/// `REDIRECT_URL`: its path. The provider gets it with the host that the person called.
fn callback(given: &mut Given<'_>, prefix: &Prefix) -> String {
    let derived = prefix.below("oidc/callback").unwrap_or_else(|| match given.dialect {
        Dialect::LoadBalancer => "/oauth2/callback".to_owned(),
        _ => "/login/oidc".to_owned(),
    });
    let Some(setting) = given.take_filled("REDIRECT_URL") else {
        given.defaulted("REDIRECT_URL", &format!("paths.callback: {derived}"));
        return derived;
    };
    let Some(reference) = Reference::parse(&setting.value).filter(|reference| reference.path.starts_with('/')) else {
        given.refuse(&setting, "has no path", &format!("write it as `{derived}`, or with https:// and the host"));
        return derived;
    };
    if given.dialect == Dialect::First && !reference.path.ends_with("/login/oidc") {
        let mend = "write one that does, or leave it out: authservice waited for answers at that path only";
        given.refuse(&setting, "does not end in `/login/oidc`", mend);
    }
    given.carry(&setting, "paths.callback");
    if reference.path_and_query != reference.path {
        given
            .ledger
            .changed("REDIRECT_URL", "without its query: the provider answers at the path, with a query of its own");
    }
    if given.dialect == Dialect::Middle && reference.path != derived {
        let what = format!(
            "`paths.callback`. authservice e236439 waited at `{derived}` all the same, and such a sign-in never ended"
        );
        given.ledger.changed("REDIRECT_URL", what);
    }
    let host = reference.absolute.map(|url| url.origin().ascii_serialization());
    match host {
        Some(host) if !given.choices.covers(&host) => {
            let mend = format!("add `--public-url {host}`, or write the path alone");
            given.refuse(&setting, "is at a host that is no public URL", &mend);
        }
        Some(_) => {}
        None => given.ledger.changed(
            "REDIRECT_URL",
            "sent with https:// and the host that was called: only then do all providers compare it",
        ),
    }
    reference.path
}

/// `HOMEPAGE_URL`: our own page, where nothing else was meant by it.
fn homepage(given: &mut Given<'_>, prefix: &Prefix) -> Option<String> {
    let derived = prefix.below("site/homepage");
    let Some(setting) = given.take("HOMEPAGE_URL") else {
        given.defaulted("HOMEPAGE_URL", &format!("paths.homepage: {}", derived.as_ref()?));
        return derived;
    };
    if Reference::parse(&setting.value).map(|reference| reference.path) == derived {
        given.carry(&setting, "paths.homepage");
        return derived;
    }
    let instead = "a callback without a code shows our own page with a link to sign in, and a refusal one with a link to \
                   sign in again; the application's own page stays where it \
                   is";
    given.ledger.lost("HOMEPAGE_URL", instead);
    derived
}

/// What becomes of the verify endpoint.
enum Verify {
    Absent,
    At(String),
    /// It was at this path by itself; nothing tells whether anybody asked there.
    Possible(String),
}

/// `VERIFY_AUTH_URL`.
fn verify(given: &mut Given<'_>, prefix: &Prefix) -> Verify {
    let Some(setting) = given.take_filled("VERIFY_AUTH_URL") else {
        let Some(derived) = prefix.below("verify") else { return Verify::Absent };
        let instead = format!(
            "no verify endpoint: write `paths.verify: {derived}` if another proxy asks there whether a request passes, and \
             let nobody else ask"
        );
        given.ledger.changed("VERIFY_AUTH_URL (not set)", instead);
        return Verify::Possible(derived);
    };
    match Reference::parse(&setting.value) {
        Some(Reference { absolute: None, path, .. }) if path.starts_with('/') => {
            given.carry(&setting, "paths.verify");
            Verify::At(go::join(&path, ""))
        }
        _ => {
            let mend = "write its path alone, such as `/authservice/verify`: with an absolute URL authservice's answer \
                        was always 204, whoever \
                        asked";
            given.refuse(&setting, "is no path", mend);
            Verify::Absent
        }
    }
}

/// `AFTER_LOGIN_URL`, or what the first release called so.
fn after_sign_in(given: &mut Given<'_>) -> Option<Tree> {
    let setting: Setting = given.take_filled("AFTER_LOGIN_URL").or_else(|| {
        let setting = given.take_filled("STATIC_DESTINATION_URL")?;
        given.ledger.changed("STATIC_DESTINATION_URL", "the page gets the one that was wanted as `next`; it had none");
        Some(setting)
    })?;
    given.carry(&setting, "afterSignIn.url");
    Some(Tree::map().with("url", setting.value).with("parameter", "next"))
}

impl super::super::Choices {
    /// Whether an origin is one of the public URLs, or may be: one that cannot be read is refused elsewhere.
    pub(super) fn covers(&self, origin: &str) -> bool {
        use crate::http::{
            origin::Origin,
            public_urls::{PublicUrl, PublicUrls},
        };
        let urls: Result<Vec<_>, _> = self.public_urls.iter().map(|url| PublicUrl::parse(url)).collect();
        match (urls, Origin::parse(origin)) {
            (Ok(urls), Ok(origin)) => PublicUrls::new(urls).cover(&origin),
            _ => true,
        }
    }
}

/// Above `paths` in the configuration.
pub(super) const WHY: &str = "Where authservice had its endpoints. The others have the paths of `edge-oidc check`.";
const AT_DEX: &str = " (at Dex: `redirectURIs` of the static client; a relative one alone does not do any more)";
const VERIFY: &str =
    "Below it another proxy asks whether a request passes. It needs a listener that leaves paths alone.";
const POSSIBLE: &str = "Where another proxy asks whether a request passes, at a listener that leaves paths alone, and nobody else can ask:";
