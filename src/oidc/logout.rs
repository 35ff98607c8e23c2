//! Signing out at the provider.
//!
//! Decides where the browser goes after our own cookies are gone: OpenID Connect RP-Initiated Logout 1.0 §2, or Cognito's
//! `/logout`, which is none: it takes `client_id` and `logout_uri`, and answers `id_token_hint` or
//! `post_logout_redirect_uri` with an error page.

use url::Url;

use super::{
    discovery::SignInEndpoints,
    provider::{LogoutKind, ProviderSettings},
};
use crate::secret::Secret;

/// The most characters of an `id_token_hint` in an address: with a longer one it would exceed what servers take.
const MAX_HINT: usize = 4096;

/// One person's way out.
#[derive(Clone, Copy, Debug)]
pub struct LogoutTarget<'a> {
    /// Where the person asked to land; one of the configured places.
    pub chosen: Option<&'a str>,
    /// Where the browser should land if neither the person nor the configuration names a place; absolute.
    pub return_url: &'a str,
    /// The session's ID token, if it was kept.
    pub id_token_hint: Option<&'a Secret<String>>,
    /// What comes back with the browser as `state`.
    pub state: &'a str,
}

/// The provider's sign-out address for a browser, or `None` if signing out ends here.
pub fn logout_request(
    settings: &ProviderSettings,
    metadata: &SignInEndpoints,
    logout: LogoutTarget<'_>,
) -> Option<Url> {
    match &settings.logout {
        LogoutKind::Local { .. } => None,
        LogoutKind::Cognito { logout_uri } => {
            let logout_uri = logout.chosen.or(logout_uri.as_deref()).unwrap_or(logout.return_url);
            let mut url = cognito_logout_endpoint(metadata);
            url.query_pairs_mut().append_pair("client_id", &settings.client_id).append_pair("logout_uri", logout_uri);
            Some(url)
        }
        LogoutKind::RpInitiated { post_logout_redirect_uri, id_token_hint } => {
            let mut url = metadata.end_session_endpoint.clone()?;
            let hint = logout.id_token_hint.map(|hint| hint.secret().as_str());
            let hint = hint.filter(|hint| *id_token_hint && hint.len() <= MAX_HINT);
            let configured = post_logout_redirect_uri.as_deref();
            let redirect_uri = logout.chosen.or(configured).unwrap_or(logout.return_url);
            url.query_pairs_mut()
                .extend_pairs(hint.map(|hint| ("id_token_hint", hint)))
                // Always: it is what tells the provider whose redirect URI this is when there is no hint.
                .append_pair("client_id", &settings.client_id)
                .append_pair("post_logout_redirect_uri", redirect_uri)
                .append_pair("state", logout.state);
            Some(url)
        }
    }
}

/// `/logout` on the pool's domain; metadata names it since 2024, the authorization endpoint's host always had it.
fn cognito_logout_endpoint(metadata: &SignInEndpoints) -> Url {
    metadata.end_session_endpoint.clone().unwrap_or_else(|| {
        let mut url = metadata.authorization_endpoint.clone();
        url.set_path("/logout");
        url.set_query(None);
        url
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(logout: LogoutKind) -> ProviderSettings {
        ProviderSettings { logout, ..ProviderSettings::example() }
    }

    fn metadata(changed: fn(&mut SignInEndpoints)) -> SignInEndpoints {
        let mut metadata = SignInEndpoints::cognito_example();
        changed(&mut metadata);
        metadata
    }

    const RETURN_URL: &str = "https://app.example.com:8443/";

    fn address_with(logout: LogoutKind, metadata: &SignInEndpoints, hint: Option<&str>) -> Option<String> {
        let hint = hint.map(|hint| Secret::new(hint.to_owned()));
        let target = LogoutTarget { chosen: None, return_url: RETURN_URL, id_token_hint: hint.as_ref(), state: "s&1" };
        logout_request(&settings(logout), metadata, target).map(Into::into)
    }

    fn address(logout: LogoutKind, metadata: &SignInEndpoints) -> Option<String> {
        address_with(logout, metadata, Some("e30.e30.AA"))
    }

    fn rp_initiated(post_logout_redirect_uri: Option<&str>, id_token_hint: bool) -> LogoutKind {
        LogoutKind::RpInitiated { post_logout_redirect_uri: post_logout_redirect_uri.map(str::to_owned), id_token_hint }
    }

    #[test]
    fn a_local_sign_out_has_no_address() {
        assert_eq!(address(LogoutKind::LOCAL, &metadata(|_| {})), None);
    }

    #[test]
    fn cognito_is_told_the_return_url_or_the_configured_one_and_nothing_else() {
        let base = "https://demo.auth.eu-west-1.amazoncognito.com/logout?y=1&client_id=edge&logout_uri=";
        let root = address(LogoutKind::Cognito { logout_uri: None }, &metadata(|_| {}));
        assert_eq!(root, Some(format!("{base}https%3A%2F%2Fapp.example.com%3A8443%2F")));
        let logout_uri = Some("https://WWW.example.com/bye".to_owned());
        let chosen = address(LogoutKind::Cognito { logout_uri }, &metadata(|_| {}));
        assert_eq!(chosen, Some(format!("{base}https%3A%2F%2FWWW.example.com%2Fbye")));
    }

    #[test]
    fn a_pool_whose_metadata_names_no_sign_out_has_it_beside_its_sign_in() {
        let old = metadata(|metadata| metadata.end_session_endpoint = None);
        let expected = "https://demo.auth.eu-west-1.amazoncognito.com/logout?client_id=edge&logout_uri=";
        assert!(address(LogoutKind::Cognito { logout_uri: None }, &old).unwrap().starts_with(expected));
    }

    // RP-Initiated Logout §2
    #[test]
    fn an_rp_initiated_sign_out_keeps_the_endpoints_own_query() {
        let base = "https://demo.auth.eu-west-1.amazoncognito.com/logout?y=1&id_token_hint=e30.e30.AA&client_id=edge";
        let root = address(rp_initiated(None, true), &metadata(|_| {}));
        let back = "post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%3A8443%2F&state=s%261";
        assert_eq!(root, Some(format!("{base}&{back}")));
        let chosen = address(rp_initiated(Some("https://WWW.example.com/bye?a=b"), true), &metadata(|_| {}));
        let back = "post_logout_redirect_uri=https%3A%2F%2FWWW.example.com%2Fbye%3Fa%3Db&state=s%261";
        assert_eq!(chosen, Some(format!("{base}&{back}")));
    }

    #[test]
    fn a_hint_is_sent_if_it_is_wanted_there_and_short_enough() {
        let sent = |wanted, hint: Option<&str>| {
            let address = address_with(rp_initiated(None, wanted), &metadata(|_| {}), hint).unwrap();
            assert!(address.contains("&client_id=edge&"), "{address}");
            address.contains("id_token_hint=")
        };
        let (longest, longer) = ("x".repeat(4096), "x".repeat(4097));
        assert!(sent(true, Some("e30.e30.AA")) && sent(true, Some(&longest)));
        assert!(!sent(true, Some(&longer)) && !sent(true, None) && !sent(false, Some("e30.e30.AA")));
    }

    #[test]
    fn a_provider_without_the_endpoint_signs_nobody_out() {
        let none = metadata(|metadata| metadata.end_session_endpoint = None);
        assert_eq!(address(rp_initiated(None, true), &none), None);
    }
}
