//! Client authentication at the token and revocation endpoints (RFC 6749 §2.3.1).
//!
//! Decides how id and secret travel; which method a client uses is configured.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::secret::Secret;

/// How our client proves itself.
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// A public client: `client_id` only, PKCE proves the rest.
    None,
    /// `client_secret_basic`.
    Basic {
        /// `client_secret`.
        secret: Secret<String>,
        /// How id and secret are encoded before base64.
        encoding: BasicEncoding,
    },
    /// `client_secret_post`.
    Post {
        /// `client_secret`.
        secret: Secret<String>,
    },
}

/// How id and secret are encoded before base64 in `client_secret_basic`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicEncoding {
    /// `application/x-www-form-urlencoded` first, as RFC 6749 §2.3.1 says.
    Form,
    /// As they are, as Cognito documents it.
    Raw,
}

/// Puts our client's proof into a form and header fields.
///
/// `client_id` is in the body in every method: Cognito needs it there for public clients and takes it beside Basic.
pub fn authenticate<'a>(
    authentication: &'a ClientAuthentication,
    client_id: &'a str,
    form: &mut Vec<(&'static str, &'a str)>,
) -> Option<Secret<String>> {
    form.push(("client_id", client_id));
    match authentication {
        ClientAuthentication::None => None,
        ClientAuthentication::Post { secret } => {
            form.push(("client_secret", secret.secret()));
            None
        }
        ClientAuthentication::Basic { secret, encoding } => Some(basic(client_id, secret, *encoding)),
    }
}

fn basic(client_id: &str, secret: &Secret<String>, encoding: BasicEncoding) -> Secret<String> {
    let encode = |text: &str| match encoding {
        BasicEncoding::Form => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        BasicEncoding::Raw => text.to_owned(),
    };
    let pair = format!("{}:{}", encode(client_id), encode(secret.secret()));
    Secret::new(format!("Basic {}", STANDARD.encode(pair)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(authentication: &ClientAuthentication) -> (Vec<(&'static str, String)>, Option<String>) {
        let mut form = Vec::new();
        let header = authenticate(authentication, "id", &mut form).map(|header| header.secret().clone());
        (form.into_iter().map(|(name, value)| (name, value.to_owned())).collect(), header)
    }

    #[test]
    fn a_public_client_sends_only_its_id() {
        assert_eq!(proof(&ClientAuthentication::None), (vec![("client_id", "id".into())], None));
    }

    #[test]
    fn post_sends_the_secret_in_the_body_only() {
        let post = ClientAuthentication::Post { secret: Secret::new("a+b".into()) };
        assert_eq!(proof(&post), (vec![("client_id", "id".into()), ("client_secret", "a+b".into())], None));
    }

    #[test]
    fn basic_is_form_encoded_unless_raw_is_asked_for() {
        let basic = |encoding| ClientAuthentication::Basic { secret: Secret::new("a+b/c".into()), encoding };
        let header = |encoding| proof(&basic(encoding)).1.unwrap();
        assert_eq!(header(BasicEncoding::Form), format!("Basic {}", STANDARD.encode("id:a%2Bb%2Fc")));
        assert_eq!(header(BasicEncoding::Raw), format!("Basic {}", STANDARD.encode("id:a+b/c")));
    }
}
