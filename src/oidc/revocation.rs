//! Token revocation at sign-out (RFC 7009 §2.1).
//!
//! Decides the request and what counts as done; that a failure never blocks sign-out is `flow::logout`'s.

use super::{client_auth::authenticate, discovery::ProviderMetadata, provider::ProviderSettings};
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
    metadata: &ProviderMetadata,
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
