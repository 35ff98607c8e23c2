//! One sign-in between callback and session: one struct for each message it awaits.
//!
//! Decides what follows from each answer. An exchange belongs to the browser's attempt and not to the request that
//! brought the callback: the provider takes a code only once, so its answer is kept even when that request is gone.

use std::time::Duration;

use crate::{
    config::Config,
    flow::{
        event::CallResult,
        provider::{Asker, ProviderState},
        refusal::Refusal,
    },
    http::{
        call::{Call, CallOutcome, CallResponse},
        origin::Origin,
    },
    oidc::{
        access_token::cognito_granted_scope,
        assurance::{Assurance, scope_values},
        authorization::{CallbackParameters, redirect_uri, validate_authorization_response},
        claims::TrustedClaims,
        id_token::{Expected, IdTokenClaims, validate_id_token},
        jwt::{JwtError, UnverifiedJwt, VerifiedJwt},
        provider::{ProviderKind, ProviderSettings},
        refreshed_id_token::nonce_digest,
        signature::SignatureVerifier,
        token::{TokenError, TokenResponse, authorization_code_request},
        user_info::{ConfirmedUserInfo, UserInfo, UserInfoError, process_user_info_response, user_info_request},
    },
    secret::Secret,
    session::{DIGEST_BYTES, LoginAttempt},
    time::{Deadline, UnixTime},
};

/// How long metadata or keys are waited for.
pub const PROVIDER_WAIT: Duration = Duration::from_secs(5);
/// What a call is given beyond its own timeout.
pub const CALL_GRACE: Duration = Duration::from_secs(2);

/// What every step may use.
pub struct Context<'a> {
    /// The provider and our client there.
    pub settings: &'a ProviderSettings,
    /// What is known about the provider.
    pub provider: &'a mut ProviderState,
    /// Who verifies signatures.
    pub verifier: &'a dyn SignatureVerifier,
    /// Our configuration.
    pub config: &'a Config,
    /// The claims that a session keeps.
    pub wanted_claims: &'a [String],
    /// The tokens that a session keeps.
    pub keeps: Keeps,
    /// The present.
    pub now: UnixTime,
}

/// Which tokens a session keeps beside the refresh token.
#[derive(Clone, Copy, Debug)]
pub struct Keeps {
    /// The ID token: it is forwarded, or the provider wants it back at sign-out.
    pub id_token: bool,
    /// Whether the ID token is forwarded.
    pub forwards_id_token: bool,
    /// The access token: it is forwarded.
    pub access_token: bool,
}

impl Keeps {
    /// When the tokens of an answer end: with the ID token, or with an access token that is forwarded and ends before it.
    pub fn end(self, id_token_expires: UnixTime, expires_in: Option<Duration>, now: UnixTime) -> UnixTime {
        let access_token = expires_in.filter(|_| self.access_token).map(|time| now.plus(time));
        access_token.map_or(id_token_expires, |end| end.min(id_token_expires))
    }
}

/// An exchange, by what it awaits.
#[derive(Debug)]
pub enum Exchange {
    /// Keys that can verify the ID token.
    Keys(AwaitKeys),
    /// The provider's endpoints.
    Metadata(AwaitMetadata),
    /// The token endpoint's answer.
    Tokens(AwaitTokens),
    /// UserInfo's answer.
    UserInfo(Box<AwaitUserInfo>),
}

/// The sign-in that an exchange serves.
#[derive(Debug)]
struct SignIn {
    attempt: LoginAttempt,
    origin: Origin,
    began: UnixTime,
    deadline: Deadline,
}

/// Waits until the provider's endpoints are known.
#[derive(Debug)]
pub struct AwaitMetadata {
    sign_in: SignIn,
    parameters: CallbackParameters,
}

/// Waits for the token endpoint's answer.
#[derive(Debug)]
pub struct AwaitTokens {
    sign_in: SignIn,
}

/// Waits for keys that can verify the ID token.
#[derive(Debug)]
pub struct AwaitKeys {
    sign_in: SignIn,
    tokens: TokenResponse,
    looked: Option<u64>,
}

/// Waits for UserInfo's answer; the ID token is validated.
#[derive(Debug)]
pub struct AwaitUserInfo {
    sign_in: SignIn,
    tokens: TokenResponse,
    token: IdTokenClaims,
    scope: String,
}

/// A completed sign-in: everything that a session is made of.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The name of the provider.
    pub provider: String,
    /// Validated claims, those that the configuration needs.
    pub claims: TrustedClaims,
    /// What renews the tokens, and is revoked at sign-out.
    pub refresh_token: Option<Secret<String>>,
    /// The ID token, if sessions keep it.
    pub id_token: Option<Secret<String>>,
    /// The access token, if sessions keep it.
    pub access_token: Option<Secret<String>>,
    /// Of the nonce, which a refreshed ID token may repeat.
    pub nonce_digest: [u8; DIGEST_BYTES],
    /// `auth_time` of the ID token, in seconds.
    pub auth_time: Option<u64>,
    /// When the tokens end.
    pub token_expires: UnixTime,
    /// When the callback came. What ends a person's sessions ends this one too, if it comes before the browser has it.
    pub began: UnixTime,
    /// The `scope` values that were granted.
    pub scope: String,
    /// What was demanded beyond the ordinary, and is met.
    pub assurance: Assurance,
    /// Where the person wanted to go.
    pub return_path: String,
    /// On which host, if not the one that the callback came to.
    pub authority: Option<String>,
}

/// What follows from a message.
#[derive(Debug)]
pub enum Step {
    /// Send this token request and wait for its answer.
    Call(Exchange, Call),
    /// It is over.
    Done(Result<Box<SignedIn>, Refusal>),
    /// Wait on.
    Wait(Exchange),
}

impl Exchange {
    /// Begins with a callback that named `attempt`.
    pub fn begin(attempt: LoginAttempt, origin: Origin, parameters: CallbackParameters, context: Context<'_>) -> Step {
        let (began, deadline) = (context.now, Deadline::new(context.now, PROVIDER_WAIT));
        let sign_in = SignIn { attempt, origin, began, deadline };
        AwaitMetadata { sign_in, parameters }.handle(context)
    }

    /// Metadata or keys may have come.
    pub fn handle_provider(self, context: Context<'_>) -> Step {
        match self {
            Self::Keys(state) => state.handle(context),
            Self::Metadata(state) => state.handle(context),
            Self::Tokens(_) | Self::UserInfo(_) => Step::Wait(self),
        }
    }

    /// The token endpoint answered.
    pub fn handle_tokens(self, tokens: Result<TokenResponse, Refusal>, context: Context<'_>) -> Step {
        match self {
            Self::Tokens(state) => state.handle(tokens, context),
            Self::Keys(_) | Self::Metadata(_) | Self::UserInfo(_) => Step::Wait(self),
        }
    }

    /// UserInfo answered.
    pub fn handle_user_info(self, answer: Result<UserInfo, Refusal>, context: &Context<'_>) -> Step {
        match self {
            Self::UserInfo(state) => (*state).handle(answer, context),
            Self::Keys(_) | Self::Metadata(_) | Self::Tokens(_) => Step::Wait(self),
        }
    }

    /// When it ends at the latest.
    pub fn deadline(&self) -> Deadline {
        match self {
            Self::Keys(AwaitKeys { sign_in, .. })
            | Self::Metadata(AwaitMetadata { sign_in, .. })
            | Self::Tokens(AwaitTokens { sign_in }) => sign_in.deadline,
            Self::UserInfo(state) => state.sign_in.deadline,
        }
    }
}

impl AwaitMetadata {
    fn handle(self, context: Context<'_>) -> Step {
        let Some(endpoints) = context.provider.endpoints() else { return Step::Wait(Exchange::Metadata(self)) };
        let Self { mut sign_in, parameters } = self;
        let settings = context.settings;
        match validate_authorization_response(settings, endpoints, parameters, &sign_in.attempt.state) {
            Ok(callback) => {
                let redirect_uri = redirect_uri(&sign_in.origin, &context.config.callback_path(settings));
                let verifier = &sign_in.attempt.code_verifier;
                let call = authorization_code_request(settings, endpoints, &callback, &redirect_uri, verifier);
                sign_in.deadline = Deadline::new(context.now, settings.timeout.saturating_add(CALL_GRACE));
                Step::Call(Exchange::Tokens(AwaitTokens { sign_in }), call)
            }
            Err(error) => Step::Done(Err(Refusal::Callback(error))),
        }
    }
}

impl AwaitTokens {
    fn handle(self, tokens: Result<TokenResponse, Refusal>, context: Context<'_>) -> Step {
        let Self { mut sign_in } = self;
        match tokens {
            Ok(tokens) => {
                sign_in.deadline = Deadline::new(context.now, PROVIDER_WAIT);
                AwaitKeys { sign_in, tokens, looked: None }.handle(context)
            }
            Err(refusal) => Step::Done(Err(refusal)),
        }
    }
}

impl AwaitKeys {
    fn handle(mut self, mut context: Context<'_>) -> Step {
        match verify_token(&self.tokens.id_token, &mut self.looked, Asker::Ourselves, &mut context) {
            Some(Ok(jwt)) => self.validated(jwt, &context),
            Some(Err(error)) => Step::Done(Err(Refusal::Jwt(error))),
            None => Step::Wait(Exchange::Keys(self)),
        }
    }

    fn validated(self, jwt: VerifiedJwt, context: &Context<'_>) -> Step {
        let Self { mut sign_in, tokens, .. } = self;
        let Context { settings, now, .. } = *context;
        let SignIn { attempt, .. } = &sign_in;
        let expected = Expected {
            settings,
            nonce: &attempt.nonce,
            access_token: &tokens.access_token,
            assurance: &attempt.assurance,
            now,
        };
        let token = match validate_id_token(jwt, expected) {
            Ok(token) => token,
            Err(error) => return Step::Done(Err(Refusal::IdToken(error))),
        };
        let scope = granted_scope(&tokens, &attempt.assurance, context);
        if !attempt.assurance.is_granted(&scope_values(&scope).collect::<Vec<_>>()) {
            return Step::Done(Err(Refusal::ScopeNotGranted));
        }
        if !settings.user_info {
            return Step::Done(Ok(complete(sign_in, tokens, &token, scope, None, context)));
        }
        let metadata = context.provider.metadata();
        match metadata.and_then(|metadata| user_info_request(settings, metadata, &tokens.access_token)) {
            Some(call) => {
                sign_in.deadline = Deadline::new(now, settings.timeout.saturating_add(CALL_GRACE));
                Step::Call(Exchange::UserInfo(Box::new(AwaitUserInfo { sign_in, tokens, token, scope })), call)
            }
            None => Step::Done(Err(Refusal::UserInfo(UserInfoError::EndpointAbsent))),
        }
    }
}

impl AwaitUserInfo {
    fn handle(self, answer: Result<UserInfo, Refusal>, context: &Context<'_>) -> Step {
        let Self { sign_in, tokens, token, scope } = self;
        let answer = answer.and_then(|answer| answer.for_subject(token.subject()).map_err(Refusal::UserInfo));
        Step::Done(answer.map(|answer| complete(sign_in, tokens, &token, scope, Some(&answer), context)))
    }
}

/// Everything is validated: what the session is made of.
fn complete(
    sign_in: SignIn,
    tokens: TokenResponse,
    token: &IdTokenClaims,
    scope: String,
    user_info: Option<&ConfirmedUserInfo>,
    context: &Context<'_>,
) -> Box<SignedIn> {
    let SignIn { attempt, began, .. } = sign_in;
    let Context { now, keeps, .. } = *context;
    Box::new(SignedIn {
        provider: attempt.provider,
        claims: TrustedClaims::of(token, user_info, context.wanted_claims.iter().map(String::as_str)),
        refresh_token: tokens.refresh_token,
        id_token: Some(tokens.id_token).filter(|_| keeps.id_token),
        access_token: Some(tokens.access_token).filter(|_| keeps.access_token),
        nonce_digest: nonce_digest(attempt.nonce.secret()),
        auth_time: token.auth_time(),
        token_expires: keeps.end(token.expires(), tokens.expires_in, now),
        began,
        scope,
        assurance: attempt.assurance,
        return_path: attempt.return_path,
        authority: attempt.authority,
    })
}

/// What was granted: what the answer says, else what was asked for (RFC 6749 §5.1). Cognito says nothing even where it grants
/// less, so there its access token says it.
fn granted_scope(tokens: &TokenResponse, asked: &Assurance, context: &Context<'_>) -> String {
    let Context { settings, verifier, now, .. } = *context;
    match (&tokens.scope, settings.kind) {
        (Some(scope), _) => scope.clone(),
        (None, ProviderKind::Oidc) => settings.scopes_with(asked),
        (None, ProviderKind::Cognito) if context.wanted_claims.iter().any(|name| name == "scope") => {
            let jwt = UnverifiedJwt::parse(tokens.access_token.secret()).ok();
            let verified = jwt
                .zip(context.provider.keys(now))
                .and_then(|(jwt, keys)| keys.verify(jwt, &settings.algorithms, verifier).ok());
            verified.and_then(|token| cognito_granted_scope(token, settings)).unwrap_or_default()
        }
        (None, ProviderKind::Cognito) => String::new(),
    }
}

/// The verdict on a token's signature, or `None` as long as keys are awaited. `looked` remembers the key set that did not
/// have its key; `asker` says on whose account another one is asked for.
pub fn verify_token(
    token: &Secret<String>,
    looked: &mut Option<u64>,
    asker: Asker,
    context: &mut Context<'_>,
) -> Option<Result<VerifiedJwt, JwtError>> {
    let key_sets = context.provider.key_sets();
    let keys = context.provider.keys(context.now).filter(|_| *looked != Some(key_sets))?;
    let jwt = UnverifiedJwt::parse(token.secret());
    let verdict = jwt.and_then(|jwt| keys.verify(jwt, &context.settings.algorithms, context.verifier));
    // OpenID Connect Core §10.1.1: an unknown kid may mean that the provider changed its keys. One more look is worth it.
    let worth_a_look = verdict.as_ref().is_err_and(|error| error.wants_new_keys()) && looked.is_none();
    if worth_a_look && context.provider.refetch_keys(asker, context.now) {
        *looked = Some(key_sets);
        return None;
    }
    Some(verdict)
}

/// Judges the end of a token call: what it gave, and how it counts in the metrics.
pub fn judge_tokens<T>(
    outcome: &CallOutcome,
    process: impl FnOnce(&CallResponse) -> Result<T, TokenError>,
) -> (CallResult, Result<T, Refusal>) {
    let CallOutcome::Answer(response) = outcome else {
        return (CallResult::Unavailable, Err(Refusal::ProviderUnavailable));
    };
    let tokens = process(response);
    let result = match &tokens {
        Ok(_) => CallResult::Ok,
        Err(TokenError::Refused(_)) => CallResult::Refused,
        Err(TokenError::Unavailable(_)) => CallResult::Unavailable,
        Err(_) => CallResult::Invalid,
    };
    (result, tokens.map_err(Refusal::Token))
}

/// Judges the end of a UserInfo call.
pub fn judge_user_info(outcome: &CallOutcome) -> (CallResult, Result<UserInfo, Refusal>) {
    let CallOutcome::Answer(response) = outcome else {
        return (CallResult::Unavailable, Err(Refusal::ProviderUnavailable));
    };
    let answer = process_user_info_response(response);
    let result = match &answer {
        Ok(_) => CallResult::Ok,
        Err(UserInfoError::Refused) => CallResult::Refused,
        Err(UserInfoError::Unavailable(_)) => CallResult::Unavailable,
        Err(_) => CallResult::Invalid,
    };
    (result, answer.map_err(Refusal::UserInfo))
}
