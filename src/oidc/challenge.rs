//! The `WWW-Authenticate` field of a refusal (RFC 6750 §3, RFC 9470 §3).
//!
//! Decides its exact text. What is wrong with a request, and with which status it is refused, is decided by whoever refuses it.

use std::{fmt, time::Duration};

/// What a program is told about a request that is not let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// Whose protection this is; characters that RFC 6750 does not allow are left out.
    pub realm: &'a str,
    /// What is wrong; nothing where the request simply has no credentials (§3.1: then it "SHOULD NOT include an error code").
    pub error: Option<ChallengeError>,
    /// The `scope` values that would do.
    pub scope: &'a [String],
    /// The `acr` values that would do.
    pub acr_values: &'a [String],
    /// How long ago the sign-in may be.
    pub max_age: Option<Duration>,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeError {
    /// The token is good, but was granted for less.
    InsufficientScope,
    /// The token is good, but the sign-in behind it was too weak or too long ago (RFC 9470).
    InsufficientUserAuthentication,
    /// The request is malformed, or has two credentials.
    InvalidRequest,
    /// The token is not good.
    InvalidToken,
}

impl ChallengeError {
    /// The code on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
        }
    }
}

/// The field's value. `realm` is always there: the scheme needs at least one attribute (RFC 6750 §3); none comes twice.
impl fmt::Display for Challenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let realm: String = self.realm.chars().filter(|letter| *letter == ' ' || is_plain(*letter)).collect();
        write!(f, "Bearer realm=\"{realm}\"")?;
        if let Some(error) = self.error {
            write!(f, ", error=\"{}\"", error.name())?;
        }
        for (name, values) in [("scope", self.scope), ("acr_values", self.acr_values)] {
            let values: Vec<&str> = values.iter().map(String::as_str).filter(|value| is_token(value)).collect();
            if !values.is_empty() {
                write!(f, ", {name}=\"{}\"", values.join(" "))?;
            }
        }
        match self.max_age {
            Some(age) => write!(f, ", max_age=\"{}\"", age.as_secs()),
            None => Ok(()),
        }
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )` (RFC 6749 §3.3); one with another character cannot be said here.
fn is_token(value: &str) -> bool {
    !value.is_empty() && value.chars().all(is_plain)
}

/// A visible character of ASCII that needs no escape in a quoted string.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_graphic() && letter != '"' && letter != '\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(error: ChallengeError) -> Challenge<'static> {
        Challenge { realm: "edge", error: Some(error), ..Challenge::default() }
    }

    fn owned(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    // RFC 6750 §3.1
    #[test]
    fn without_credentials_there_is_a_realm_and_no_error() {
        let challenge = Challenge { realm: "https://app.example.com", ..Challenge::default() };
        assert_eq!(challenge.to_string(), r#"Bearer realm="https://app.example.com""#);
    }

    // RFC 6750 §3.1, RFC 9470 §3
    #[test]
    fn each_error_has_its_name() {
        for (error, text) in [
            (ChallengeError::InvalidRequest, r#"Bearer realm="edge", error="invalid_request""#),
            (ChallengeError::InvalidToken, r#"Bearer realm="edge", error="invalid_token""#),
            (ChallengeError::InsufficientScope, r#"Bearer realm="edge", error="insufficient_scope""#),
            (
                ChallengeError::InsufficientUserAuthentication,
                r#"Bearer realm="edge", error="insufficient_user_authentication""#,
            ),
        ] {
            assert_eq!(challenge(error).to_string(), text);
        }
    }

    // RFC 6750 §3.1: "The response MAY include the scope attribute with the scope necessary"; RFC 9470 §3 has max_age quoted.
    #[test]
    fn what_would_do_is_named_once_each() {
        let (scope, acr_values) = (owned(&["openid", "pool/admin"]), owned(&["urn:mfa", "phr"]));
        let all = Challenge {
            scope: &scope,
            acr_values: &acr_values,
            max_age: Some(Duration::from_secs(300)),
            ..challenge(ChallengeError::InsufficientUserAuthentication)
        };
        assert_eq!(
            all.to_string(),
            r#"Bearer realm="edge", error="insufficient_user_authentication", scope="openid pool/admin", acr_values="urn:mfa phr", max_age="300""#
        );
        let scope = Challenge { scope: &scope, ..challenge(ChallengeError::InsufficientScope) };
        assert_eq!(scope.to_string(), r#"Bearer realm="edge", error="insufficient_scope", scope="openid pool/admin""#);
    }

    // RFC 6750 §3: "Values … MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E".
    #[test]
    fn characters_that_could_end_a_value_or_a_line_are_left_out() {
        let scope = owned(&["a\"b", "a b", "", "é", "ok", "x\\", "y\r\nz"]);
        let challenge =
            Challenge { realm: "a\"b\\c\r\nd é~ !", scope: &scope, acr_values: &scope[..1], ..Challenge::default() };
        assert_eq!(challenge.to_string(), r#"Bearer realm="abcd ~ !", scope="ok""#);
    }
}
