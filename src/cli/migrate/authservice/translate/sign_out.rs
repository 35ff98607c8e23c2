//! Signing out.
//!
//! Decides where the browser goes then, and that Cognito's own session ends too.

use super::{
    super::{super::yaml::Tree, dialect::Dialect, go::Reference, input::Setting},
    Given,
    load_balancer::SignOutPage,
    paths::Prefix,
    provider::Client,
};

const RETURN_URL: &str = "providers[0].logout.returnUrl";
const LOGOUT_URI: &str = "providers[0].logout.logoutUri";

/// `logout` of the provider.
pub(super) fn translate(given: &mut Given<'_>, client: &Client, prefix: &Prefix) -> Tree {
    let name = if given.dialect == Dialect::LoadBalancer { "LOGOUT_URL" } else { "AFTER_LOGOUT_URL" };
    let setting = given.take_filled(name);
    match client.is_cognito {
        true => at_cognito(given, setting),
        false => local(given, setting, prefix),
    }
}

fn local(given: &mut Given<'_>, setting: Option<Setting>, prefix: &Prefix) -> Tree {
    let logout = Tree::map().with("kind", "local");
    given.ledger.changed(
        "sign-out",
        "ends the session here, and the refresh token where the provider revokes it. With `logout: { kind: rpInitiated }` \
         it ends the provider's own session, too, where the provider's metadata names an `end_session_endpoint`; Dex's \
         does not (F-9)",
    );
    if let Some(setting) = setting {
        given.carry(&setting, RETURN_URL);
        return logout.with("returnUrl", setting.value);
    }
    match (given.dialect, prefix.below("site/after_logout")) {
        (Dialect::First | Dialect::Parameters, _) => {
            given.ledger.carried("sign-out", format!("`{RETURN_URL}: /`, as authservice did"));
            logout.with("returnUrl", "/")
        }
        (_, Some(page)) => {
            let what = format!(
                "`paths.signedOut: {page}`: authservice's default. Kubeflow never showed its page, this one is there"
            );
            given.ledger.carried("AFTER_LOGOUT_URL (not set)", what);
            logout
        }
        (_, None) => logout,
    }
}

/// Cognito must know the address to the letter.
fn at_cognito(given: &mut Given<'_>, setting: Option<Setting>) -> Tree {
    let mut logout = Tree::map().with("kind", "cognito");
    let wanted = setting.as_ref().and_then(|setting| logout_uri(given, setting));
    if let Some(setting) = &setting {
        given.carry(setting, LOGOUT_URI);
    }
    given.ledger.changed("sign-out", "goes on to Cognito's `/logout`, so that the next person signs in anew (F-9)");
    let registered = wanted.clone().or_else(|| Some(format!("{}/", given.choices.first_host()?)));
    given.ledger.step(format!(
        "register `{}` at the app client as an allowed sign-out URL",
        registered.as_deref().unwrap_or("the public URL and `/`")
    ));
    if let Some(wanted) = wanted {
        logout = logout.with("logoutUri", wanted);
    }
    logout
}

fn logout_uri(given: &mut Given<'_>, setting: &Setting) -> Option<String> {
    if let Some(page) = SignOutPage::parse(&setting.value) {
        given.ledger.changed(
            &setting.name,
            format!(
                "its `logout_uri` becomes `{LOGOUT_URI}`: the way to Cognito's page at {} is made here",
                page.domain
            ),
        );
        return page.logout_uri;
    }
    let reference = Reference::parse(&setting.value)?;
    match (reference.absolute, given.choices.first_host()) {
        (None, Some(host)) if reference.path.starts_with('/') => Some(format!("{host}{}", reference.path_and_query)),
        _ => Some(setting.value.clone()),
    }
}
