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
            let logout_uri = logout_uri.as_ref().map_or_else(|| format!("{origin}/"), ToString::to_string);
            let mut url = cognito_logout_endpoint(metadata);
            url.query_pairs_mut()
                .append_pair("client_id", &settings.client_id)
                .append_pair("logout_uri", &logout_uri);
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
