//! Where AWS Cognito differs from the specifications.
//!
//! Decides which hosts are Cognito's and which of its endpoints discovery leaves out. Its token rules are in
//! `id_token`, its sign-out in `logout`.

use url::Url;

/// Whether `issuer` is a Cognito user pool: issuer type ORIGINAL (`cognito-idp.`) or UPDATED (`issuer-cognito-idp.`), any
/// partition.
pub fn is_issuer(issuer: &Url) -> bool {
    let host = issuer.host_str().unwrap_or_default();
    let regional = host.strip_prefix("cognito-idp.").or_else(|| host.strip_prefix("issuer-cognito-idp."));
    regional.is_some_and(|rest| rest.ends_with(".amazonaws.com") || rest.ends_with(".amazonaws.com.cn"))
}

/// Whether discovery described a pool without a domain: its endpoints lie below the issuer then and do not work.
pub fn lacks_domain(issuer: &str, authorization_endpoint: &Url) -> bool {
    authorization_endpoint.as_str().starts_with(issuer)
}

/// `/oauth2/revoke` beside the token endpoint; discovery is not known to name it.
pub fn revocation_endpoint(token_endpoint: &Url) -> Option<Url> {
    let base = token_endpoint.path().strip_suffix("/token")?;
    let mut url = token_endpoint.clone();
    url.set_path(&format!("{base}/revoke"));
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_issuer_types_of_any_partition_are_cognito() {
        let is = |text: &str| is_issuer(&Url::parse(text).unwrap());
        assert!(is("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x"));
        assert!(is("https://issuer-cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_x"));
        assert!(!is("https://cognito-idp.evil.example/x"));
        assert!(!is("https://evil.example/cognito-idp.eu-west-1.amazonaws.com"));
        assert!(!is("https://cognito-idp.eu-west-1.amazonaws.com.evil.example/x"));
    }

    #[test]
    fn revocation_lies_beside_the_token_endpoint() {
        let token = Url::parse("https://demo.auth.eu-west-1.amazoncognito.com/oauth2/token").unwrap();
        assert_eq!(
            revocation_endpoint(&token).unwrap().as_str(),
            "https://demo.auth.eu-west-1.amazoncognito.com/oauth2/revoke"
        );
    }
}
