//! Signing out.
//!
//! Decides where the browser goes then, and that Cognito's own session ends too.

use url::Url;

use super::{super::yaml::Tree, Given, provider::Client};

/// `logout` of the provider, and its `endpoints.endSession` where no metadata tells.
pub(super) fn translate(given: &mut Given<'_>, client: &Client) -> (Tree, Option<String>) {
    let backend = given.take_filled("backend_logout_url");
    whitelist(given);
    if client.is_cognito {
        given.ledger.changed("sign-out", "goes on to Cognito's `/logout`, so that the next person signs in anew");
        let registered = given.first_host().unwrap_or_else(|| "the public URL".to_owned());
        given.ledger.step(format!("register `{registered}/` at the app client as an allowed sign-out URL"));
        if let Some(setting) = backend {
            given.change(&setting, "`providers[0].logout.kind: cognito`: the browser goes there itself");
        }
        return (Tree::map().with("kind", "cognito"), None);
    }
    let Some(setting) = backend else {
        given.ledger.carried("sign-out", "ends the session here, and the refresh token where the provider revokes it. With `logout: { kind: rpInitiated }` it ends the provider's own session, too");
        return (Tree::map().with("kind", "local").with("returnUrl", "/"), None);
    };
    let path = "providers[0].logout";
    given.ledger.source(path, &setting.origin());
    given.change(
        &setting,
        "`providers[0].logout.kind: rpInitiated`: the browser goes to the provider's `end_session_endpoint` with the ID token, and comes \
         back. oauth2-proxy called that address itself",
    );
    let registered = given.first_host().unwrap_or_else(|| "the public URL".to_owned());
    let prefix = given.peek("proxy_prefix").map_or_else(|| "/oauth2".to_owned(), |setting| setting.text().to_owned());
    let prefix = prefix.trim_end_matches('/');
    given.ledger.step(format!(
        "register `{registered}{prefix}/signed-out` at the provider as a post-logout redirect URI of the client"
    ));
    let end_session = Url::parse(setting.text()).ok().filter(|_| client.by_hand).map(|mut url| {
        url.set_query(None);
        url.to_string()
    });
    given.ledger.source("providers[0].endpoints.endSession", &setting.origin());
    (Tree::map().with("kind", "rpInitiated"), end_session)
}

/// `whitelist_domains`: where `rd` may lead.
fn whitelist(given: &mut Given<'_>) {
    let Some(setting) = given.take_filled("whitelist_domains") else { return };
    given.change(
        &setting,
        "`rd` leads to a path of the host that was called. After signing out it may lead to an address of `logout.returnUrls`, which \
         names each to the letter: a whole domain would be anyone's page there",
    );
}
