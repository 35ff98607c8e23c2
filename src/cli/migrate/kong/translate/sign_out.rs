//! Signing out.
//!
//! Decides where the browser goes then, which requests begin it, and that the provider's own session ends too.

use url::Url;

use super::{super::super::yaml::Tree, given::Given};

/// Cognito's sign-out page, as people wrote it by hand.
pub(super) struct SignOutPage {
    /// The pool's domain.
    pub(super) domain: String,
    /// Where the browser goes afterwards.
    pub(super) logout_uri: Option<String>,
}

impl SignOutPage {
    /// The page, if a URL is one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| url.path() == "/logout")?;
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        value("client_id")?;
        Some(Self { domain: url.host_str()?.to_owned(), logout_uri: value("logout_uri") })
    }
}

/// `logout` of the provider.
pub(super) fn provider(given: &mut Given<'_>, path: &str, is_cognito: bool) -> Tree {
    let targets = given.list("logout_redirect_uri");
    if targets.len() > 1 {
        given.changed("logout_redirect_uri", "the first counts, as the first client does");
    }
    let target = targets.into_iter().next();
    match is_cognito {
        true => at_cognito(given, path, target),
        false => at_provider(given, path, target),
    }
}

/// The provider's `end_session_endpoint` comes first, as in Kong.
fn at_provider(given: &mut Given<'_>, path: &str, target: Option<String>) -> Tree {
    let mut logout = Tree::map().with("kind", "rpInitiated");
    let registered = match &target {
        Some(target) => {
            given.carry("logout_redirect_uri", &format!("{path}.logout.postLogoutRedirectUri"));
            logout = logout.with("postLogoutRedirectUri", target.as_str());
            target.clone()
        }
        None => {
            given.changed(
                "logout_redirect_uri (not set)",
                "a page of ours, `/oauth2/signed-out`, says that the person is signed out",
            );
            "the public URL and `/oauth2/signed-out`".to_owned()
        }
    };
    given.ledger.step(format!(
        "register {registered} at the provider as a URL for after signing out (`post_logout_redirect_uris`)"
    ));
    logout
}

/// Cognito must know the address to the letter.
fn at_cognito(given: &mut Given<'_>, path: &str, target: Option<String>) -> Tree {
    let at = format!("{path}.logout.logoutUri");
    let mut wanted = None;
    let both = [("logout_redirect_uri", target), ("end_session_endpoint", given.text("end_session_endpoint"))];
    for (name, address) in both {
        let Some(address) = address else { continue };
        given.source(&at, name);
        let Some(page) = SignOutPage::parse(&address) else {
            match name {
                "logout_redirect_uri" => {
                    given.carried(name, format!("`{at}`"));
                    wanted = wanted.or(Some(address));
                }
                _ => given.changed(name, "left out: the way to Cognito's `/logout` is made here"),
            }
            continue;
        };
        let kept = page.logout_uri.as_ref().map_or("has none", |_| "becomes");
        given.changed(name, format!("the way to Cognito's `/logout` is made here; its `logout_uri` {kept} `{at}`"));
        if let Some(uri) = page.logout_uri.filter(|_| wanted.is_none()) {
            if !uri.contains("://") {
                given.refuse(name, &format!("has a `logout_uri` without a scheme, `{uri}`, which Cognito refuses: write `https://{uri}`, and register that"));
            }
            wanted = Some(uri);
        }
    }
    let logout = Tree::map().with("kind", "cognito");
    let registered = wanted.clone().or_else(|| Some(format!("{}/", given.choices.first_host()?)));
    given.ledger.step(format!(
        "register `{}` at the app client as an allowed sign-out URL",
        registered.as_deref().unwrap_or("the public URL and `/`")
    ));
    logout.with_some("logoutUri", wanted)
}

/// `signOut` and `signOutArgument` of `paths`.
pub(super) fn paths(given: &mut Given<'_>, paths: Tree) -> Tree {
    let mut paths = paths;
    let methods: Vec<_> = given.list_or_default("logout_methods");
    let suffix = given.text("logout_uri_suffix");
    let argument = given.text("logout_query_arg");
    if let Some(suffix) = &suffix {
        let path = format!("/{}", suffix.trim_matches('/'));
        given.source("paths.signOut", "logout_uri_suffix");
        given.changed(
            "logout_uri_suffix",
            format!("`paths.signOut: {path}`, this path and no other: Kong took every path that ends so"),
        );
        paths = paths.with("signOut", path);
    }
    if let Some(argument) = &argument {
        given.carry("logout_query_arg", "paths.signOutArgument");
        paths = paths.with("signOutArgument", argument.as_str());
    }
    if suffix.is_none() && argument.is_none() && given.plugin.kind == super::super::input::Kind::Plugin {
        given.changed(
            "signing out",
            "`/oauth2/sign-out`: Kong had no sign-out without logout_query_arg, logout_uri_suffix or logout_post_arg",
        );
    }
    let label = if given.is_set("logout_methods") { "logout_methods" } else { "logout_methods (not set)" };
    match methods.iter().any(|method| method == "GET") {
        true => given.changed(
            label,
            "GET by a person's link or address, and POST; a page of another site gets a question instead. No DELETE",
        ),
        false => given.changed(label, "POST, and GET by a person's link or address of the same site, too. No DELETE"),
    }
    let what = "the refresh token is revoked at every sign-out, wherever the provider has an endpoint for it";
    match given.boolean("logout_revoke") {
        true => given.carried("logout_revoke", what),
        false if given.is_set("logout_revoke") => given.changed("logout_revoke", what),
        false => given.changed("logout_revoke (not set)", what),
    }
    paths
}

impl super::super::Choices {
    /// The first public URL that is one host, without a `/` at its end.
    pub(super) fn first_host(&self) -> Option<String> {
        Some(self.public_urls.iter().find(|url| !url.contains("//*."))?.trim_end_matches('/').to_owned())
    }

    /// The path and query of a URL at one of the public ones; None elsewhere.
    pub(super) fn own_path(&self, address: &str) -> Option<String> {
        use crate::http::{
            origin::Origin,
            public_urls::{PublicUrl, PublicUrls},
        };
        let url = Url::parse(address).ok()?;
        let urls: Result<Vec<_>, _> = self.public_urls.iter().map(|url| PublicUrl::parse(url)).collect();
        let is_ours = PublicUrls::new(urls.ok()?).cover(&Origin::of(&url).ok()?);
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        is_ours.then(|| format!("{}{query}", url.path()))
    }
}
