//! Token revocation at sign-out (RFC 7009 §2.1).
//!
//! Decides the request and what counts as done; that a failure never blocks sign-out is `flow`'s.

use super::{client_auth::authenticate, discovery::SignInEndpoints, provider::ProviderSettings};
use crate::{
    http::{
        call::{Call, CallResponse},
        cluster::cluster_name,
    },
    secret::Secret,
};

/// The request that revokes `refresh_token`, if the provider has an endpoint for it.
pub fn revocation_request(
    settings: &ProviderSettings,
    metadata: &SignInEndpoints,
    refresh_token: &Secret<String>,
) -> Option<Call> {
    let endpoint = metadata.revocation_endpoint.clone()?;
    let mut form = vec![("token", refresh_token.secret().as_str()), ("token_type_hint", "refresh_token")];
    let authorization = authenticate(&settings.client_authentication, &settings.client_id, &mut form);
    let cluster = cluster_name(&settings.clusters, &endpoint);
    let mut call = Call::post_form(endpoint, cluster, settings.timeout, &form);
    call.headers.extend(authorization.map(|value| ("authorization", value)));
    Some(call)
}

/// Whether the token is revoked now. RFC 7009 §2.2: 200 also for a token that was invalid before; the body is ignored.
pub fn process_revocation_response(response: &CallResponse) -> bool {
    response.status == 200
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::{
        client_auth::{BasicEncoding, ClientAuthentication},
        provider::ProviderKind,
    };

    fn settings(client_authentication: ClientAuthentication) -> ProviderSettings {
        ProviderSettings { kind: ProviderKind::Cognito, client_authentication, ..ProviderSettings::example() }
    }

    fn metadata(changed: fn(&mut SignInEndpoints)) -> SignInEndpoints {
        let mut metadata = SignInEndpoints::cognito_example();
        changed(&mut metadata);
        metadata
    }

    fn request(client_authentication: ClientAuthentication) -> Call {
        let token = Secret::new("r+1".to_owned());
        revocation_request(&settings(client_authentication), &metadata(|_| {}), &token).unwrap()
    }

    // RFC 7009 §2.1
    #[test]
    fn the_form_names_the_token_its_kind_and_the_client() {
        let call = request(ClientAuthentication::None);
        assert_eq!(call.url.path(), "/oauth2/revoke");
        assert_eq!(call.body.secret(), "token=r%2B1&token_type_hint=refresh_token&client_id=edge");
    }

    #[test]
    fn the_client_proves_itself_as_at_the_token_endpoint() {
        let secret = || Secret::new("s".to_owned());
        assert!(request(ClientAuthentication::Post { secret: secret() }).body.secret().ends_with("&client_secret=s"));
        let basic = request(ClientAuthentication::Basic { secret: secret(), encoding: BasicEncoding::Form });
        let header = basic.headers.iter().find(|(name, _)| *name == "authorization");
        assert_eq!(header.unwrap().1.secret(), "Basic ZWRnZTpz");
    }

    #[test]
    fn without_an_endpoint_nothing_is_asked() {
        let none = metadata(|metadata| metadata.revocation_endpoint = None);
        let token = Secret::new("r".to_owned());
        assert!(revocation_request(&settings(ClientAuthentication::None), &none, &token).is_none());
    }

    #[test]
    fn only_a_200_means_revoked() {
        let done = |status| process_revocation_response(&CallResponse { status, body: Secret::default() });
        assert!(done(200));
        assert!(![204, 302, 400, 401, 503].into_iter().any(done));
    }
}
