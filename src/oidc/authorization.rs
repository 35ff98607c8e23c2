//! The authorization request and the judgement of its answer at our callback
//! (OpenID Connect Core §3.1.2, RFC 6749 §4.1.1 and §4.1.2, RFC 9207).
//!
//! Decides what is sent to the provider and whether a callback belongs to an attempt. It does not know where attempts are
//! kept, nor what a page says.

use std::fmt;

use url::{Url, form_urlencoded};

use super::{assurance::Assurance, discovery::SignInEndpoints, error::OAuthError, pkce, provider::ProviderSettings};
use crate::{
    http::origin::Origin,
    secret::{Secret, constant_time_eq},
};

/// The most bytes of a callback's query.
const MAX_QUERY: usize = 8 * 1024;
/// The most bytes of a `code`.
const MAX_CODE: usize = 4 * 1024;
/// The most bytes of a `state`; ours have 43.
const MAX_STATE: usize = 256;

/// The random values of one sign-in, as the attempt keeps them.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// `state`.
    pub state: &'a Secret<String>,
    /// `nonce`.
    pub nonce: &'a Secret<String>,
    /// `code_verifier`.
    pub code_verifier: &'a Secret<String>,
    /// Whether the person says anew who they are: `prompt=login` (OpenID Connect Core §3.1.2.1).
    pub prompt_login: bool,
    /// Further members that the person's link asks for, judged.
    pub asked: &'a [(String, String)],
}

/// The members of a callback that we read, each at most once.
#[derive(Debug)]
pub struct CallbackParameters {
    /// `code`.
    pub code: Option<Secret<String>>,
    /// `state`.
    pub state: Option<Secret<String>>,
    /// `error`, by name.
    pub error: Option<OAuthError>,
    /// `iss` (RFC 9207 §2).
    pub iss: Option<String>,
}

/// A callback that belongs to its attempt and brings a code. Only [`validate_authorization_response`] makes one.
#[derive(Debug)]
pub struct ValidatedCallback(Secret<String>);

/// Why a callback is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackError {
    /// Neither `code` nor `error`.
    CodeAbsent,
    /// A parameter came twice (RFC 6749 §3.1).
    DuplicateParameter,
    /// `iss` is not the provider's issuer (RFC 9207 §2.4).
    IssuerMismatch,
    /// The provider announced `iss` and it did not come (RFC 9207 §2.4).
    IssuerAbsent,
    /// The provider answered with an error.
    Provider(OAuthError),
    /// No `state`, or one of a wrong shape.
    StateInvalid,
    /// `state` is not the attempt's.
    StateMismatch,
    /// The query is too long, or a value is.
    TooLong,
}

/// `redirect_uri`: the callback on the public origin, never taken from what the client sent.
pub fn redirect_uri(origin: &Origin, callback_path: &str) -> String {
    format!("{origin}{callback_path}")
}

/// The authorization request's URL (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3).
pub fn authorization_request(
    settings: &ProviderSettings,
    metadata: &SignInEndpoints,
    redirect_uri: &str,
    transaction: Transaction<'_>,
    assurance: &Assurance,
) -> Url {
    let mut url = metadata.authorization_endpoint.clone();
    let prompt = transaction.prompt_login.then(|| ("prompt", "login".to_owned()));
    let demanded: Vec<_> = assurance.parameters().into_iter().chain(prompt).collect();
    // What a rule demands stands in the place of what a link asks for, and both in that of what every sign-in asks for: no
    // parameter twice (RFC 6749 §3.1).
    let asked = transaction.asked;
    let free = |name: &String| demanded.iter().all(|(demanded, _)| demanded != name);
    let configured = settings.authorization_parameters.iter();
    let configured = configured.filter(|(name, _)| free(name) && asked.iter().all(|(asked, _)| asked != name));
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &settings.scopes_with(assurance))
        .append_pair("state", transaction.state.secret())
        .append_pair("nonce", transaction.nonce.secret())
        .append_pair("code_challenge", &pkce::code_challenge(transaction.code_verifier))
        .append_pair("code_challenge_method", pkce::CODE_CHALLENGE_METHOD)
        .extend_pairs(configured)
        .extend_pairs(asked.iter().filter(|(name, _)| free(name)))
        .extend_pairs(demanded);
    url
}

impl CallbackParameters {
    /// Reads a callback's query; members that we do not know are ignored (RFC 6749 §4.1.2).
    ///
    /// # Errors
    /// A known parameter came twice or is too long.
    pub fn parse(query: &[u8]) -> Result<Self, CallbackError> {
        if query.len() > MAX_QUERY {
            return Err(CallbackError::TooLong);
        }
        let once = |name| only(query, name);
        let code = bounded(once("code")?, MAX_CODE)?;
        let state = bounded(once("state")?, MAX_STATE)?;
        let iss = bounded(once("iss")?, MAX_QUERY)?;
        Ok(Self {
            code: code.map(Secret::new),
            state: state.map(Secret::new),
            error: once("error")?.map(|name| OAuthError::named(&name)),
            iss,
        })
    }

    /// `state`, if its alphabet is that of the values we make.
    ///
    /// # Errors
    /// It is absent, empty or of another alphabet.
    pub fn usable_state(&self) -> Result<&Secret<String>, CallbackError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        self.state
            .as_ref()
            .filter(|state| !state.secret().is_empty() && state.secret().bytes().all(plain))
            .ok_or(CallbackError::StateInvalid)
    }
}

fn only(query: &[u8], name: &str) -> Result<Option<String>, CallbackError> {
    let mut values = form_urlencoded::parse(query).filter(|(other, _)| other == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        Some(_) => Err(CallbackError::DuplicateParameter),
        None => Ok(value),
    }
}

fn bounded(value: Option<String>, most: usize) -> Result<Option<String>, CallbackError> {
    match value {
        Some(value) if value.len() > most => Err(CallbackError::TooLong),
        value => Ok(value),
    }
}

/// Judges a callback against the attempt it names.
///
/// # Errors
/// [`CallbackError`] says which check failed; no token request may follow.
pub fn validate_authorization_response(
    settings: &ProviderSettings,
    metadata: &SignInEndpoints,
    parameters: CallbackParameters,
    expected_state: &Secret<String>,
) -> Result<ValidatedCallback, CallbackError> {
    let state = parameters.usable_state()?;
    if state != expected_state {
        return Err(CallbackError::StateMismatch);
    }
    // RFC 9207 §2.4: "Clients that support this specification MUST extract the value of the iss parameter … and compare it
    // to the issuer identifier of the authorization server where the authorization request was sent to." Also for errors.
    match &parameters.iss {
        Some(iss) if !constant_time_eq(iss.as_bytes(), settings.issuer.as_bytes()) => {
            return Err(CallbackError::IssuerMismatch);
        }
        None if metadata.authorization_response_iss_parameter_supported => return Err(CallbackError::IssuerAbsent),
        _ => {}
    }
    if let Some(error) = parameters.error {
        return Err(CallbackError::Provider(error));
    }
    parameters.code.filter(|code| !code.secret().is_empty()).map(ValidatedCallback).ok_or(CallbackError::CodeAbsent)
}

impl ValidatedCallback {
    /// `code`.
    pub fn code(&self) -> &Secret<String> {
        &self.0
    }
}

impl CallbackError {
    /// The stable code in logs, metrics, pages and documents.
    pub fn code(self) -> &'static str {
        match self {
            Self::CodeAbsent => "callback_code_absent",
            Self::DuplicateParameter => "callback_duplicate_parameter",
            Self::IssuerAbsent => "callback_iss_absent",
            Self::IssuerMismatch => "callback_iss_mismatch",
            Self::Provider(OAuthError::AccessDenied) => "provider_access_denied",
            Self::Provider(OAuthError::InvalidScope) => "provider_invalid_scope",
            Self::Provider(OAuthError::UnauthorizedClient) => "provider_unauthorized_client",
            Self::Provider(OAuthError::ServerError | OAuthError::TemporarilyUnavailable) => "provider_server_error",
            Self::Provider(_) => "provider_refused",
            Self::StateInvalid => "callback_state_invalid",
            Self::StateMismatch => "callback_state_mismatch",
            Self::TooLong => "callback_too_long",
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CodeAbsent => f.write_str("the callback has neither code nor error"),
            Self::DuplicateParameter => f.write_str("a parameter of the callback came twice"),
            Self::IssuerAbsent => f.write_str("the provider announces iss in its answers and this one has none"),
            Self::IssuerMismatch => f.write_str("iss of the callback is not the configured issuer"),
            Self::Provider(error) => write!(f, "the provider answered error={}", error.name()),
            Self::StateInvalid => f.write_str("the callback's state is absent or malformed"),
            Self::StateMismatch => f.write_str("the callback's state is not that of the attempt"),
            Self::TooLong => f.write_str("the callback is too long"),
        }
    }
}

impl std::error::Error for CallbackError {}

#[cfg(test)]
mod tests {

    use super::*;

    fn settings() -> ProviderSettings {
        ProviderSettings::example()
    }

    fn metadata(announces_iss: bool) -> SignInEndpoints {
        let url = |path: &str| Url::parse(&format!("https://idp.example.net/{path}")).unwrap();
        SignInEndpoints {
            authorization_endpoint: url("authorize?tenant=1"),
            token_endpoint: url("token"),
            end_session_endpoint: None,
            revocation_endpoint: None,
            authorization_response_iss_parameter_supported: announces_iss,
        }
    }

    fn judge(query: &str, announces_iss: bool) -> Result<String, CallbackError> {
        let parameters = CallbackParameters::parse(query.as_bytes())?;
        let state = Secret::new("af0ifjsldkj".to_owned());
        let callback = validate_authorization_response(&settings(), &metadata(announces_iss), parameters, &state)?;
        Ok(callback.code().secret().clone())
    }

    // Core §3.1.2.1, RFC 7636 §4.3
    #[test]
    fn the_request_has_these_members_in_this_order() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let (state, nonce, verifier) =
            (secret("s"), secret("n"), secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        let transaction =
            Transaction { state: &state, nonce: &nonce, code_verifier: &verifier, prompt_login: false, asked: &[] };
        let settings = ProviderSettings {
            scopes: vec!["openid".into(), "a/b".into()],
            authorization_parameters: vec![("lang".into(), "de & fr".into())],
            ..settings()
        };
        let redirect_uri = redirect_uri(&Origin::parse("https://app.example.com").unwrap(), "/oauth2/callback");
        let url = authorization_request(&settings, &metadata(false), &redirect_uri, transaction, &Assurance::default());
        let expected = "https://idp.example.net/authorize?tenant=1&response_type=code&client_id=edge\
                        &redirect_uri=https%3A%2F%2Fapp.example.com%2Foauth2%2Fcallback&scope=openid+a%2Fb&state=s&nonce=n\
                        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&lang=de+%26+fr";
        assert_eq!(url.as_str(), expected);
    }

    /// The value of each member `name` of a request that demands `assurance`.
    fn demanded(assurance: &Assurance, name: &str) -> Vec<String> {
        asked(assurance, &[], name)
    }

    /// The same, where the person's link asks for more.
    fn asked(assurance: &Assurance, pairs: &[(&str, &str)], name: &str) -> Vec<String> {
        let asked: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let secret = Secret::new("x".to_owned());
        let transaction =
            Transaction { state: &secret, nonce: &secret, code_verifier: &secret, prompt_login: false, asked: &asked };
        let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let settings = ProviderSettings {
            scopes: vec!["openid".into(), "email".into()],
            authorization_parameters: vec![owned("max_age", "9"), owned("lang", "de")],
            ..settings()
        };
        let url = authorization_request(&settings, &metadata(false), "https://app", transaction, assurance);
        url.query_pairs().filter(|(other, _)| other == name).map(|(_, value)| value.into_owned()).collect()
    }

    // Core §3.1.2.1, RFC 9470 §4
    #[test]
    fn what_a_rule_demands_is_asked_for_once() {
        let assurance = Assurance {
            scopes: vec!["email".into(), "pool/admin".into(), "pool/admin".into()],
            acr_values: vec!["urn:mfa".into(), "phr".into()],
            max_age: Some(std::time::Duration::from_mins(15)),
        };
        assert_eq!(demanded(&assurance, "scope"), ["openid email pool/admin"]);
        assert_eq!(demanded(&assurance, "acr_values"), ["urn:mfa phr"]);
        assert_eq!(demanded(&assurance, "max_age"), ["900"]);
        assert_eq!(demanded(&assurance, "lang"), ["de"]);
        let nothing = Assurance::default();
        assert_eq!(demanded(&nothing, "scope"), ["openid email"]);
        assert_eq!(demanded(&nothing, "max_age"), ["9"]);
        assert!(demanded(&nothing, "acr_values").is_empty());
    }

    // RFC 6749 §3.1
    #[test]
    fn what_a_link_asks_for_is_asked_for_once_and_gives_way_to_what_a_rule_demands() {
        let assurance = Assurance { max_age: Some(std::time::Duration::from_mins(15)), ..Assurance::default() };
        let pairs = [("lang", "fr"), ("max_age", "1"), ("login_hint", "a b")];
        assert_eq!(asked(&assurance, &pairs, "max_age"), ["900"]);
        assert_eq!(asked(&assurance, &pairs, "lang"), ["fr"]);
        assert_eq!(asked(&assurance, &pairs, "login_hint"), ["a b"]);
        assert_eq!(asked(&Assurance::default(), &pairs, "max_age"), ["1"]);
    }

    #[test]
    fn a_callback_with_the_attempts_state_brings_its_code() {
        assert_eq!(judge("code=c%2B1&state=af0ifjsldkj&session_state=x&session_state=y", false), Ok("c+1".into()));
        assert_eq!(judge("iss=https%3A%2F%2Fidp.example.net&state=af0ifjsldkj&code=c", true), Ok("c".into()));
    }

    // Style, row 8: every check has its own error.
    #[test]
    fn each_check_refuses_by_its_own_name() {
        let long = format!("code={}&state=af0ifjsldkj", "c".repeat(MAX_CODE + 1));
        let table = [
            ("state=af0ifjsldkj", CallbackError::CodeAbsent, "callback_code_absent"),
            ("code=&state=af0ifjsldkj", CallbackError::CodeAbsent, "callback_code_absent"),
            ("code=c&state=a&state=a", CallbackError::DuplicateParameter, "callback_duplicate_parameter"),
            ("code=c&state=af0ifjsldkj&iss=x", CallbackError::IssuerMismatch, "callback_iss_mismatch"),
            ("error=x&state=af0ifjsldkj&iss=x", CallbackError::IssuerMismatch, "callback_iss_mismatch"),
            (
                "error=access_denied&state=af0ifjsldkj",
                CallbackError::Provider(OAuthError::AccessDenied),
                "provider_access_denied",
            ),
            (
                "code=c&error=invalid_scope&state=af0ifjsldkj",
                CallbackError::Provider(OAuthError::InvalidScope),
                "provider_invalid_scope",
            ),
            ("code=c", CallbackError::StateInvalid, "callback_state_invalid"),
            ("code=c&state=a%20b", CallbackError::StateInvalid, "callback_state_invalid"),
            ("code=c&state=af0ifjsldkJ", CallbackError::StateMismatch, "callback_state_mismatch"),
            (long.as_str(), CallbackError::TooLong, "callback_too_long"),
        ];
        for (query, error, code) in table {
            assert_eq!(judge(query, false), Err(error), "{query}");
            assert!(error.code() == code && !error.to_string().is_empty());
        }
        assert_eq!(judge("code=c&state=af0ifjsldkj", true), Err(CallbackError::IssuerAbsent));
        assert_eq!(judge("error=x&state=af0ifjsldkj", true), Err(CallbackError::IssuerAbsent));
    }

    // T-61
    #[test]
    fn no_query_is_too_odd_to_be_judged() {
        for query in ["", "&&&", "=", "%", "%00=%00", "state", "code=%FF%FE&state=%FF", "a=b=c&&state==&code"] {
            assert!(judge(query, false).is_err(), "{query}");
        }
        assert_eq!(judge(&"x".repeat(MAX_QUERY + 1), false), Err(CallbackError::TooLong));
        assert_eq!(judge(&format!("code=c&state={}", "s".repeat(MAX_STATE + 1)), false), Err(CallbackError::TooLong));
    }

    #[test]
    fn debug_shows_neither_code_nor_state() {
        let parameters = CallbackParameters::parse(b"code=hunter2&state=hunter2").unwrap();
        assert!(!format!("{parameters:?}").contains("hunter2"));
    }
}
