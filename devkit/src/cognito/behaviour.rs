//! Decides which switches the local Cognito has, their wire names and their defaults. What AWS documents or users observed
//! is the default; where Cognito's behaviour is unknown, both variants are selectable. What a switch does is decided where it acts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::elsewhere::{CallbackIssuer, MixUp, UserInfoVariant};
use super::fault::{Endpoint, Fault, FaultRule};
use super::merge_patch;
use super::token_fault::{TokenFault, TokenFaultRule};

/// Every switch. On the wire: camelCase JSON, unknown members refused, absent members at their default.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Behaviour {
    /// Added to the real time: positive makes everything age at once, negative issues tokens that are already old.
    pub clock_offset_seconds: i64,
    /// Lifetime of ID tokens.
    pub id_token_seconds: u64,
    /// Lifetime of access tokens, and `expires_in`.
    pub access_token_seconds: u64,
    /// Lifetime of authorization codes.
    pub code_seconds: u64,
    /// How long a login form may stay open.
    pub login_seconds: u64,
    /// Lifetime of the SSO session behind the cookie `cognito`; 0 never signs in silently.
    pub sso_seconds: u64,
    /// Lifetime of refresh tokens.
    pub refresh_token_seconds: u64,
    /// Other lifetimes of the tokens of some clients, by client id; for what is issued from now on.
    pub client_lifetimes: BTreeMap<String, ClientLifetimes>,
    /// Which of the two issuer hosts tokens name.
    pub issuer_type: IssuerType,
    /// What the discovery document contains.
    pub discovery: DiscoveryVariant,
    /// Members added to, or replacing those of, the discovery document.
    pub metadata: Map<String, Value>,
    /// `Cache-Control` of discovery and JWKS; absent by default (Cognito's is unknown).
    pub metadata_cache_control: Option<String>,
    /// Managed login knows `prompt` and `login_hint`; the classic hosted UI ignores both.
    pub login_version: LoginVersion,
    /// Whether `max_age` and `acr_values` are honoured, as on the plans Essentials and Plus; Lite ignores them. What AWS
    /// makes of the values is unknown: here a new sign-in has the first that was asked for.
    pub step_up: bool,
    /// Whether the login page lists the users and their passwords.
    pub show_users: bool,
    /// What an unknown or unticked scope leads to.
    pub scope_error: ScopeError,
    /// Order of the members of an error at the callback.
    pub error_order: ErrorOrder,
    /// Whether an error at the callback repeats `state`.
    pub error_state: bool,
    /// `iss` at the callback.
    pub callback_issuer: CallbackIssuer,
    /// Sends browsers on to another provider.
    pub mix_up: Option<MixUp>,
    /// Every right authorization request is answered at the callback with this error.
    pub callback_error: Option<CallbackError>,
    /// Returns `=`, `+` and `/` in `state` without percent-encoding.
    pub mangle_state: bool,
    /// Answers an empty 400 when `state` is JSON.
    pub empty_on_json_state: bool,
    /// Basic credentials are form-decoded (RFC 6749 2.3.1) in place of taken as they are (inferred from AWS's documents).
    pub basic_form_decoded: bool,
    /// The error for a used or expired code, a wrong verifier or a wrong `redirect_uri`.
    pub code_error: CodeError,
    /// Every code grant fails as if the client could not read an attribute of a granted scope.
    pub unreadable_attribute: bool,
    /// Refresh-token rotation; absent = off.
    pub rotation: Option<Rotation>,
    /// Whether ID tokens of the code grant carry `at_hash`.
    pub at_hash: bool,
    /// Whether JWT headers carry `typ` (Cognito's do not).
    pub typ_header: bool,
    /// `exp - iat` is one second less than the lifetime, as observed.
    pub short_expiry: bool,
    /// What the ID token of a refresh is like.
    pub refresh: RefreshVariant,
    /// Whether a global sign-out ends the SSO sessions of the user too (AWS: it does not).
    pub global_sign_out_ends_sso: bool,
    /// Claims added to, or replacing those of, both tokens.
    pub extra_claims: Map<String, Value>,
    /// A fault built into the next, or all, ID tokens of the token endpoint.
    pub id_token_fault: Option<TokenFaultRule>,
    /// What UserInfo answers.
    pub user_info: UserInfoVariant,
    /// Faulty answers, by endpoint.
    pub faults: BTreeMap<Endpoint, FaultRule>,
    /// `Retry-After` of every faulty answer, as it is.
    pub retry_after: Option<String>,
}

/// Which issuer tokens name.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum IssuerType {
    /// The issuer of [`super::Options`].
    #[default]
    Original,
    /// `issuer-cognito-idp.<region>` in place of `cognito-idp.<region>`; other hosts stay as they are.
    Updated,
}

/// What the discovery document contains.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DiscoveryVariant {
    /// Publishes `revocation_endpoint` (unknown whether Cognito does).
    pub revocation_endpoint: bool,
    /// Publishes `end_session_endpoint`.
    pub end_session_endpoint: bool,
    /// Publishes `authorization_response_iss_parameter_supported`; what is sent is [`Behaviour::callback_issuer`].
    pub iss_parameter: bool,
    /// Adds members nobody knows.
    pub unknown_member: bool,
    /// The pool has a domain; without one the endpoints are named below the issuer and do not work.
    pub domain: bool,
}

/// Which sign-in pages the domain has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LoginVersion {
    /// The classic hosted UI.
    Classic,
    /// Managed login.
    #[default]
    Managed,
}

/// What an unknown or unticked scope leads to. AWS's pages and users' reports disagree.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ScopeError {
    /// Observed: callback with `error=invalid_request` and `error_description=invalid_scope`.
    #[default]
    Callback,
    /// Documented: callback with `error=invalid_scope`.
    Documented,
    /// The form appears, but after it the sign-in ends on the error page.
    Failed,
    /// The scope is dropped.
    Ignored,
    /// Observed: the page `/error?error=invalid_scope`.
    Page,
}

/// Order of the members of an error at the callback.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorOrder {
    /// `error_description`, `state`, `error`, as observed.
    #[default]
    DescriptionFirst,
    /// `error`, `error_description`, `state`.
    ErrorFirst,
}

/// An error at the callback, such as `access_denied`, or `server_error` with what a federated provider said.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallbackError {
    /// `error`
    pub error: String,
    /// `error_description`
    #[serde(default)]
    pub error_description: Option<String>,
}

/// What the token endpoint answers when a code cannot be redeemed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeError {
    /// As documented for a used code.
    #[default]
    InvalidGrant,
    /// The other plausible code.
    InvalidRequest,
}

/// Lifetimes of the tokens of one client; what is absent is as in the pool.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClientLifetimes {
    /// Lifetime of ID tokens.
    pub id_token_seconds: Option<u64>,
    /// Lifetime of access tokens, and `expires_in`.
    pub access_token_seconds: Option<u64>,
    /// Lifetime of refresh tokens.
    pub refresh_token_seconds: Option<u64>,
}

/// The lifetimes in effect for a client, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetimes {
    pub(super) id_token: u64,
    pub(super) access_token: u64,
    pub(super) refresh_token: u64,
}

/// What the ID token of a refresh is like.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RefreshVariant {
    /// Whether there is one.
    pub id_token: bool,
    /// Its `nonce`.
    pub nonce: RefreshNonce,
    /// A fault built into the next, or all, ID tokens of refreshes; before [`Behaviour::id_token_fault`].
    pub id_token_fault: Option<TokenFaultRule>,
}

/// The `nonce` of a refreshed ID token; Cognito's is unknown.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RefreshNonce {
    /// None.
    #[default]
    Absent,
    /// A new one.
    Other,
    /// That of the sign-in.
    Repeated,
}

/// Refresh-token rotation.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rotation {
    /// How long a used refresh token still works (0..60 at AWS); the grace at its first use counts.
    pub grace_seconds: u64,
    /// Whether a used refresh token that comes after its grace revokes all tokens of its sign-in (unknown at AWS).
    pub reuse_revokes_family: bool,
}

impl Behaviour {
    /// The behaviour after an RFC 7396 merge patch; `null` returns a member to its default.
    pub fn patched(&self, patch: &Value) -> serde_json::Result<Behaviour> {
        merge_patch::patched(self, patch)
    }

    /// Makes `endpoint` answer with `fault`: `times` times, or until changed.
    pub fn set_fault(&mut self, endpoint: Endpoint, fault: Fault, times: impl Into<Option<u32>>) {
        let remaining = times.into();
        self.faults.insert(endpoint, FaultRule { fault, remaining });
    }

    /// The pool is down, or as good as: every endpoint answers with `fault` until `faults` is cleared.
    pub fn set_fault_everywhere(&mut self, fault: &Fault) {
        for endpoint in Endpoint::ALL {
            self.set_fault(endpoint, fault.clone(), None);
        }
    }

    /// Builds `fault` into ID tokens: into the next `times`, or into all until changed.
    pub fn set_id_token_fault(&mut self, fault: TokenFault, times: impl Into<Option<u32>>) {
        let remaining = times.into();
        self.id_token_fault = Some(TokenFaultRule { fault, remaining });
    }

    /// The same for the ID tokens of refreshes only: sign-ins stay good.
    pub fn set_refresh_id_token_fault(&mut self, fault: TokenFault, times: impl Into<Option<u32>>) {
        let remaining = times.into();
        self.refresh.id_token_fault = Some(TokenFaultRule { fault, remaining });
    }

    /// Turns rotation on, with this grace.
    pub fn rotate_refresh_tokens(&mut self, grace_seconds: u64) {
        self.rotation = Some(Rotation { grace_seconds, ..Rotation::default() });
    }

    /// The lifetimes in effect for a client.
    pub(super) fn lifetimes(&self, client_id: &str) -> Lifetimes {
        let own = self.client_lifetimes.get(client_id).copied().unwrap_or_default();
        Lifetimes {
            id_token: own.id_token_seconds.unwrap_or(self.id_token_seconds),
            access_token: own.access_token_seconds.unwrap_or(self.access_token_seconds),
            refresh_token: own.refresh_token_seconds.unwrap_or(self.refresh_token_seconds),
        }
    }

    /// Claims of every JSON type, as a pre-token Lambda may add them; for [`Behaviour::extra_claims`].
    pub fn claims_of_every_type() -> Map<String, Value> {
        let claims = json!({
            "x:null": null, "x:true": true, "x:integer": -7, "x:large": 9_007_199_254_740_993_u64, "x:fraction": 1.5,
            "x:string": "Grüße \" \\ / \u{1F511}", "x:array": [1, "two", null, [3]], "x:object": {"a": {"b": []}}, "x:empty": "",
        });
        claims.as_object().cloned().unwrap_or_default()
    }
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            clock_offset_seconds: 0,
            id_token_seconds: 3600,
            access_token_seconds: 3600,
            code_seconds: 300,
            login_seconds: 300,
            sso_seconds: 3600,
            refresh_token_seconds: 30 * 24 * 3600,
            client_lifetimes: BTreeMap::new(),
            issuer_type: IssuerType::default(),
            discovery: DiscoveryVariant::default(),
            metadata: Map::new(),
            metadata_cache_control: None,
            login_version: LoginVersion::default(),
            step_up: false,
            show_users: true,
            scope_error: ScopeError::default(),
            error_order: ErrorOrder::default(),
            error_state: true,
            callback_issuer: CallbackIssuer::default(),
            mix_up: None,
            callback_error: None,
            mangle_state: false,
            empty_on_json_state: false,
            basic_form_decoded: false,
            code_error: CodeError::default(),
            unreadable_attribute: false,
            rotation: None,
            at_hash: true,
            typ_header: false,
            short_expiry: false,
            refresh: RefreshVariant::default(),
            global_sign_out_ends_sso: false,
            extra_claims: Map::new(),
            id_token_fault: None,
            user_info: UserInfoVariant::default(),
            faults: BTreeMap::new(),
            retry_after: None,
        }
    }
}

impl Default for RefreshVariant {
    fn default() -> RefreshVariant {
        RefreshVariant { id_token: true, nonce: RefreshNonce::default(), id_token_fault: None }
    }
}

impl Default for DiscoveryVariant {
    fn default() -> DiscoveryVariant {
        DiscoveryVariant {
            revocation_endpoint: false,
            end_session_endpoint: true,
            iss_parameter: false,
            unknown_member: false,
            domain: true,
        }
    }
}

impl CodeError {
    /// The wire spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            CodeError::InvalidGrant => "invalid_grant",
            CodeError::InvalidRequest => "invalid_request",
        }
    }
}
