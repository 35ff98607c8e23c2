//! Signing out at the provider.
//!
//! Decides where the browser goes after our own cookies are gone. Cognito's `/logout` is not RP-initiated logout: it
//! takes `client_id` and `logout_uri`, and answers `id_token_hint` or `post_logout_redirect_uri` with an error page.

use url::Url;

use super::{
    discovery::ProviderMetadata,
    provider::{LogoutKind, ProviderSettings},
};
use crate::http::origin::Origin;

/// The provider's sign-out address for a browser, or `None` if signing out ends here.
pub fn logout_request(settings: &ProviderSettings, metadata: &ProviderMetadata, origin: &Origin) -> Option<Url> {
    match &settings.logout {
        LogoutKind::Local => None,
        LogoutKind::Cognito { logout_uri } => {
            let logout_uri = logout_uri.clone().unwrap_or_else(|| format!("{origin}/"));
            let mut url = cognito_logout_endpoint(metadata);
            url.query_pairs_mut().append_pair("client_id", &settings.client_id).append_pair("logout_uri", &logout_uri);
            Some(url)
        }
    }
}

/// `/logout` on the pool's domain; metadata names it since 2024, the authorization endpoint's host always had it.
fn cognito_logout_endpoint(metadata: &ProviderMetadata) -> Url {
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
    use crate::oidc::provider::ProviderKind;

    fn settings(logout: LogoutKind) -> ProviderSettings {
        ProviderSettings { kind: ProviderKind::Cognito, logout, ..ProviderSettings::example() }
    }

    fn metadata(changed: fn(&mut ProviderMetadata)) -> ProviderMetadata {
        let mut metadata = ProviderMetadata::cognito_example();
        changed(&mut metadata);
        metadata
    }

    fn address(logout: LogoutKind, metadata: &ProviderMetadata) -> Option<String> {
        let origin = Origin::parse("https://app.example.com:8443").unwrap();
        logout_request(&settings(logout), metadata, &origin).map(Into::into)
    }

    #[test]
    fn a_local_sign_out_has_no_address() {
        assert_eq!(address(LogoutKind::Local, &metadata(|_| {})), None);
    }

    #[test]
    fn cognito_is_told_the_public_address_or_the_configured_one() {
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
}
