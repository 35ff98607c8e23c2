//! One sign-in between callback and session: one struct for each message it awaits.
//!
//! Decides what follows from each answer. An exchange belongs to the browser's attempt and not to the request that
//! brought the callback: the provider takes a code only once, so its answer is kept even when that request is gone.

use std::time::Duration;

use crate::{
    flow::{event::CallResult, provider::ProviderState, refusal::Refusal},
    http::{
        call::{Call, CallOutcome},
        origin::Origin,
    },
    oidc::{
        authorization::{CallbackParameters, redirect_uri, validate_authorization_response},
        claims::TrustedClaims,
        id_token::{Expected, validate_id_token},
        jwt::{UnverifiedJwt, VerifiedJwt},
        provider::ProviderSettings,
        signature::SignatureVerifier,
        token::{TokenError, TokenResponse, authorization_code_request, process_token_response},
    },
    secret::Secret,
    session::LoginAttempt,
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
    /// Our callback's path.
    pub callback_path: &'a str,
    /// The claims that a session keeps.
    pub wanted_claims: &'a [String],
    /// The present.
    pub now: UnixTime,
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
}

/// The sign-in that an exchange serves.
#[derive(Debug)]
struct SignIn {
    attempt: LoginAttempt,
    origin: Origin,
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

/// A completed sign-in: everything that a session is made of.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Validated claims, those that the configuration needs.
    pub claims: TrustedClaims,
    /// For revocation at sign-out.
    pub refresh_token: Option<Secret<String>>,
    /// `exp` of the ID token and the leeway.
    pub token_expires: UnixTime,
    /// Where the person wanted to go.
    pub return_path: String,
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
        let sign_in = SignIn { attempt, origin, deadline: Deadline::new(context.now, PROVIDER_WAIT) };
        AwaitMetadata { sign_in, parameters }.handle(context)
    }

    /// Metadata or keys may have come.
    pub fn handle_provider(self, context: Context<'_>) -> Step {
        match self {
            Self::Keys(state) => state.handle(context),
            Self::Metadata(state) => state.handle(context),
            Self::Tokens(_) => Step::Wait(self),
        }
    }

    /// The token endpoint answered.
    pub fn handle_tokens(self, tokens: Result<TokenResponse, Refusal>, context: Context<'_>) -> Step {
        match self {
            Self::Tokens(state) => state.handle(tokens, context),
            Self::Keys(_) | Self::Metadata(_) => Step::Wait(self),
        }
    }

    /// When it ends at the latest.
    pub fn deadline(&self) -> Deadline {
        match self {
            Self::Keys(AwaitKeys { sign_in, .. })
            | Self::Metadata(AwaitMetadata { sign_in, .. })
            | Self::Tokens(AwaitTokens { sign_in }) => sign_in.deadline,
        }
    }
}

impl AwaitMetadata {
    fn handle(self, context: Context<'_>) -> Step {
        let Some(metadata) = context.provider.metadata() else { return Step::Wait(Exchange::Metadata(self)) };
        let Self { mut sign_in, parameters } = self;
        let settings = context.settings;
        match validate_authorization_response(settings, metadata, parameters, &sign_in.attempt.state) {
            Ok(callback) => {
                let redirect_uri = redirect_uri(&sign_in.origin, context.callback_path);
                let verifier = &sign_in.attempt.code_verifier;
                let call = authorization_code_request(settings, metadata, &callback, &redirect_uri, verifier);
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
    fn handle(mut self, context: Context<'_>) -> Step {
        let key_sets = context.provider.key_sets();
        let verdict = match context.provider.keys(context.now) {
            Some(keys) if self.looked != Some(key_sets) => {
                let jwt = UnverifiedJwt::parse(self.tokens.id_token.secret());
                jwt.and_then(|jwt| keys.verify(jwt, &context.settings.algorithms, context.verifier))
            }
            _ => return Step::Wait(Exchange::Keys(self)),
        };
        // OpenID Connect Core §10.1.1: an unknown kid may mean that the provider changed its keys. One more look is worth it.
        let worth_a_look = verdict.as_ref().is_err_and(|error| error.wants_new_keys()) && self.looked.is_none();
        if worth_a_look && context.provider.refetch_keys(context.now) {
            self.looked = Some(key_sets);
            return Step::Wait(Exchange::Keys(self));
        }
        Step::Done(verdict.map_err(Refusal::Jwt).and_then(|jwt| self.complete(jwt, &context)))
    }

    fn complete(self, jwt: VerifiedJwt, context: &Context<'_>) -> Result<Box<SignedIn>, Refusal> {
        let Self { sign_in: SignIn { attempt, .. }, tokens, .. } = self;
        let Context { settings, now, .. } = *context;
        let expected = Expected { settings, nonce: &attempt.nonce, access_token: &tokens.access_token, now };
        let token = validate_id_token(jwt, expected).map_err(Refusal::IdToken)?;
        Ok(Box::new(SignedIn {
            claims: TrustedClaims::of(&token, context.wanted_claims.iter().map(String::as_str)),
            refresh_token: tokens.refresh_token,
            // What the validation forgave, the session must forgive too: else it would end as it begins, in a loop.
            token_expires: token.expires().plus(settings.leeway),
            return_path: attempt.return_path,
        }))
    }
}

/// Judges the end of a token call: what it gave, and how it counts in the metrics.
pub fn judge_tokens(outcome: &CallOutcome) -> (CallResult, Result<TokenResponse, Refusal>) {
    let CallOutcome::Answer(response) = outcome else {
        return (CallResult::Unavailable, Err(Refusal::ProviderUnavailable));
    };
    let tokens = process_token_response(response);
    let result = match &tokens {
        Ok(_) => CallResult::Ok,
        Err(TokenError::Refused(_)) => CallResult::Refused,
        Err(TokenError::Unavailable(_)) => CallResult::Unavailable,
        Err(_) => CallResult::Invalid,
    };
    (result, tokens.map_err(Refusal::Token))
}
