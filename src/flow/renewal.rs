//! One refresh of a session: one struct for each message it awaits.
//!
//! Decides what follows from each answer, and what a session is after it. A refresh belongs to the session and not to the
//! request that asked for it: a provider that rotates takes a refresh token once, so what it answers is never let go of.
//! Which worker refreshes is `session::handoff`'s; who gets the result is the engine's.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    flow::{
        exchange::{CALL_GRACE, Context, PROVIDER_WAIT, verify_token},
        provider::Asker,
        refusal::Refusal,
    },
    http::call::Call,
    oidc::{
        claims::TrustedClaims,
        error::OAuthError,
        id_token::{IdTokenClaims, IdTokenError},
        jwt::VerifiedJwt,
        refresh::{RefreshResponse, refresh_request},
        refreshed_id_token::{Original, validate_refreshed_id_token},
        token::TokenError,
        user_info::{ConfirmedUserInfo, UserInfo, UserInfoError, user_info_request},
    },
    session::Session,
    time::{Deadline, UnixTime},
};

/// A refresh, by what it awaits.
#[derive(Debug)]
pub enum Renewal {
    /// Keys that can verify the new ID token.
    Keys(AwaitKeys),
    /// The provider's endpoints.
    Metadata(AwaitMetadata),
    /// The token endpoint's answer.
    Tokens(AwaitTokens),
    /// UserInfo's answer.
    UserInfo(Box<AwaitUserInfo>),
}

/// Waits until the provider's endpoints are known.
#[derive(Debug)]
pub struct AwaitMetadata {
    session: Box<Session>,
    deadline: Deadline,
}

/// Waits for the token endpoint's answer.
#[derive(Debug)]
pub struct AwaitTokens {
    session: Box<Session>,
    deadline: Deadline,
}

/// Waits for keys that can verify the new ID token.
#[derive(Debug)]
pub struct AwaitKeys {
    session: Box<Session>,
    deadline: Deadline,
    tokens: RefreshResponse,
    looked: Option<u64>,
}

/// Waits for UserInfo's answer; the new ID token, if there is one, is validated.
#[derive(Debug)]
pub struct AwaitUserInfo {
    session: Box<Session>,
    deadline: Deadline,
    tokens: RefreshResponse,
    token: Option<IdTokenClaims>,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Step {
    /// Send this call.
    Call(Renewal, Call),
    /// It is over.
    Done(Renewed),
    /// Wait on.
    Wait(Renewal),
}

/// How a refresh ended.
#[derive(Debug)]
pub struct Renewed {
    /// What the session is now.
    pub end: End,
    /// What went wrong, for the log.
    pub problem: Option<Refusal>,
}

/// What a session is after its refresh.
#[derive(Clone, Debug)]
pub enum End {
    /// This one; at least its refresh token is new.
    Renewed(Box<Session>),
    /// Over: sign in again.
    Refused,
    /// What it was: the provider gave no usable answer.
    Failed,
}

impl Renewal {
    /// Begins with a session that has a refresh token.
    pub fn begin(session: Box<Session>, context: Context<'_>) -> Step {
        AwaitMetadata { session, deadline: Deadline::new(context.now, PROVIDER_WAIT) }.handle(context)
    }

    /// How long one may take altogether: for so long the other workers leave it to this one.
    pub fn longest(timeout: Duration) -> Duration {
        timeout.saturating_add(CALL_GRACE).saturating_add(PROVIDER_WAIT.saturating_mul(2))
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
    pub fn handle_tokens(self, tokens: Result<RefreshResponse, Refusal>, context: Context<'_>) -> Step {
        match self {
            Self::Tokens(state) => state.handle(tokens, context),
            Self::Keys(_) | Self::Metadata(_) | Self::UserInfo(_) => Step::Wait(self),
        }
    }

    /// UserInfo answered.
    pub fn handle_user_info(self, answer: Result<UserInfo, Refusal>, context: &Context<'_>) -> Step {
        match self {
            Self::UserInfo(state) => Step::Done((*state).handle(answer, context)),
            Self::Keys(_) | Self::Metadata(_) | Self::Tokens(_) => Step::Wait(self),
        }
    }

    /// It took too long. What the token endpoint gave is kept even if nothing could be verified.
    pub fn give_up(self, context: &Context<'_>) -> Renewed {
        match self {
            Self::Keys(AwaitKeys { session, tokens, .. }) => {
                keep(*session, tokens, Refusal::ProviderUnavailable, context)
            }
            Self::Metadata(_) | Self::Tokens(_) => failed(Refusal::ProviderUnavailable),
            Self::UserInfo(state) => {
                let AwaitUserInfo { session, tokens, .. } = *state;
                keep(*session, tokens, Refusal::ProviderUnavailable, context)
            }
        }
    }

    /// The session that is refreshed.
    pub fn session(&self) -> &Session {
        match self {
            Self::Keys(AwaitKeys { session, .. })
            | Self::Metadata(AwaitMetadata { session, .. })
            | Self::Tokens(AwaitTokens { session, .. }) => session,
            Self::UserInfo(state) => &state.session,
        }
    }

    /// Whether the token endpoint's answer is still to come.
    pub const fn awaits_tokens(&self) -> bool {
        matches!(self, Self::Tokens(_))
    }

    /// Gives the token endpoint's answer a second time to come: if a clock was set forward, it is still on its way.
    pub fn wait_again(&mut self, timeout: Duration, now: UnixTime) {
        if let Self::Tokens(AwaitTokens { deadline, .. }) = self {
            *deadline = Deadline::new(now, timeout.saturating_add(CALL_GRACE));
        }
    }

    /// When it ends at the latest.
    pub fn deadline(&self) -> Deadline {
        match self {
            Self::Keys(AwaitKeys { deadline, .. })
            | Self::Metadata(AwaitMetadata { deadline, .. })
            | Self::Tokens(AwaitTokens { deadline, .. }) => *deadline,
            Self::UserInfo(state) => state.deadline,
        }
    }
}

impl AwaitMetadata {
    fn handle(self, context: Context<'_>) -> Step {
        let Some(endpoints) = context.provider.endpoints() else { return Step::Wait(Renewal::Metadata(self)) };
        let Self { session, .. } = self;
        let Some(refresh_token) = &session.refresh_token else {
            return Step::Done(Renewed { end: End::Refused, problem: None });
        };
        let call = refresh_request(context.settings, endpoints, refresh_token);
        let deadline = Deadline::new(context.now, context.settings.timeout.saturating_add(CALL_GRACE));
        Step::Call(Renewal::Tokens(AwaitTokens { session, deadline }), call)
    }
}

impl AwaitTokens {
    fn handle(self, tokens: Result<RefreshResponse, Refusal>, context: Context<'_>) -> Step {
        let Self { session, .. } = self;
        match tokens {
            Ok(tokens) if tokens.id_token.is_some() => {
                let deadline = Deadline::new(context.now, PROVIDER_WAIT);
                AwaitKeys { session, deadline, tokens, looked: None }.handle(context)
            }
            // A request would go on without the token that the applications are promised.
            Ok(_) if context.keeps.forwards_id_token => {
                let problem = Some(Refusal::Token(TokenError::Absent("id_token")));
                Step::Done(Renewed { end: End::Refused, problem })
            }
            Ok(tokens) => identified(session, tokens, None, &context),
            Err(refusal) => Step::Done(refused(&session, refusal, &context)),
        }
    }
}

impl AwaitKeys {
    fn handle(mut self, mut context: Context<'_>) -> Step {
        let Some(id_token) = &self.tokens.id_token else { return Step::Wait(Renewal::Keys(self)) };
        let Some(verdict) = verify_token(id_token, &mut self.looked, Asker::Ourselves, &mut context) else {
            return Step::Wait(Renewal::Keys(self));
        };
        match verdict {
            Ok(jwt) => self.validated(jwt, &context),
            // The keys that we are given may lag behind the one that signed.
            Err(error) if error.wants_new_keys() => {
                Step::Done(keep(*self.session, self.tokens, Refusal::Jwt(error), &context))
            }
            Err(error) => Step::Done(Renewed { end: End::Refused, problem: Some(Refusal::Jwt(error)) }),
        }
    }

    fn validated(self, jwt: VerifiedJwt, context: &Context<'_>) -> Step {
        let Self { session, tokens, .. } = self;
        match validate(&session, jwt, &tokens, context) {
            Ok(token) => identified(session, tokens, Some(token), context),
            // Clocks that differ for a while are nobody's fault and no reason to lose a refresh token.
            Err(error) if error.is_about_time() => Step::Done(keep(*session, tokens, Refusal::IdToken(error), context)),
            Err(error) => Step::Done(Renewed { end: End::Refused, problem: Some(Refusal::IdToken(error)) }),
        }
    }
}

impl AwaitUserInfo {
    fn handle(self, answer: Result<UserInfo, Refusal>, context: &Context<'_>) -> Renewed {
        let Self { session, tokens, token, .. } = self;
        let subject = session.claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        match answer.and_then(|answer| answer.for_subject(subject).map_err(Refusal::UserInfo)) {
            Ok(answer) => {
                let session = renewed(session, tokens, token.as_ref(), Some(&answer), context);
                Renewed { end: End::Renewed(session), problem: None }
            }
            // Who is refused there for good may sign in anew once the tokens are over; till then, and otherwise, it may pass.
            Err(refusal @ Refusal::UserInfo(UserInfoError::Refused | UserInfoError::Subject))
                if is_over(&session, context) =>
            {
                Renewed { end: End::Refused, problem: Some(refusal) }
            }
            Err(refusal) => keep(*session, tokens, refusal, context),
        }
    }
}

/// The tokens are good: further claims are asked for where that is wanted, and the rest is done.
fn identified(
    session: Box<Session>,
    tokens: RefreshResponse,
    token: Option<IdTokenClaims>,
    context: &Context<'_>,
) -> Step {
    let Context { settings, now, .. } = *context;
    let metadata = context.provider.metadata().filter(|_| settings.user_info);
    match metadata.and_then(|metadata| user_info_request(settings, metadata, &tokens.access_token)) {
        Some(call) => {
            let deadline = Deadline::new(now, settings.timeout.saturating_add(CALL_GRACE));
            Step::Call(Renewal::UserInfo(Box::new(AwaitUserInfo { session, deadline, tokens, token })), call)
        }
        None if settings.user_info => {
            Step::Done(keep(*session, tokens, Refusal::UserInfo(UserInfoError::EndpointAbsent), context))
        }
        None => {
            let session = renewed(session, tokens, token.as_ref(), None, context);
            Step::Done(Renewed { end: End::Renewed(session), problem: None })
        }
    }
}

fn validate(
    session: &Session,
    jwt: VerifiedJwt,
    tokens: &RefreshResponse,
    context: &Context<'_>,
) -> Result<IdTokenClaims, IdTokenError> {
    let original = Original {
        settings: context.settings,
        sub: session.claims.get("sub").and_then(Value::as_str).unwrap_or_default(),
        nonce_digest: session.nonce_digest.as_ref(),
        auth_time: session.auth_time,
        access_token: &tokens.access_token,
        now: context.now,
    };
    validate_refreshed_id_token(jwt, original)
}

/// The session after a good answer. Without an ID token, which is valid (OpenID Connect Core §12.2), its claims stay.
fn renewed(
    session: Box<Session>,
    tokens: RefreshResponse,
    token: Option<&IdTokenClaims>,
    user_info: Option<&ConfirmedUserInfo>,
    context: &Context<'_>,
) -> Box<Session> {
    let keeps = context.keeps;
    let before = session.token_expires.since(session.refreshed).max(Duration::from_mins(1));
    let token_expires = match token {
        Some(token) => keeps.end(token.expires(), tokens.expires_in, context.now),
        None => context.now.plus(tokens.expires_in.unwrap_or(before)),
    };
    let claims = claims_of(token, user_info, tokens.scope.as_deref(), &session, context);
    let id_token = tokens.id_token.filter(|_| keeps.id_token).or(session.id_token);
    Box::new(Session {
        claims,
        refresh_token: tokens.refresh_token.or(session.refresh_token),
        id_token,
        access_token: Some(tokens.access_token).filter(|_| keeps.access_token),
        refreshed: context.now.max(session.refreshed.plus(Duration::from_millis(1))),
        token_expires,
        ..*session
    })
}

/// The new claims. The session at the provider is still the same, so its name, its strength and what was granted stay where
/// the new tokens do not say them; without a new ID token, only UserInfo says anything new.
fn claims_of(
    token: Option<&IdTokenClaims>,
    user_info: Option<&ConfirmedUserInfo>,
    scope: Option<&str>,
    session: &Session,
    context: &Context<'_>,
) -> Map<String, Value> {
    let wanted = || context.wanted_claims.iter().map(String::as_str);
    let mut claims = match (token, user_info) {
        (Some(token), user_info) => TrustedClaims::of(token, user_info, wanted()).into_map(),
        (None, Some(user_info)) => TrustedClaims::unsealed(session.claims.clone()).renewed_by(user_info).into_map(),
        (None, None) => session.claims.clone(),
    };
    for name in ["acr", "scope", "sid"] {
        if let (Some(new), Some(old)) = (claims.get_mut(name), session.claims.get(name))
            && new.is_null()
        {
            *new = old.clone();
        }
    }
    if let (Some(granted), Some(scope)) = (claims.get_mut("scope"), scope) {
        *granted = scope.into();
    }
    claims
}

/// The tokens cannot be used now, but the refresh token that came with them may be the only one that still is good.
fn keep(session: Session, tokens: RefreshResponse, problem: Refusal, context: &Context<'_>) -> Renewed {
    let Some(refresh_token) = tokens.refresh_token else { return failed(problem) };
    let refreshed = context.now.max(session.refreshed.plus(Duration::from_millis(1)));
    let session = Session { refresh_token: Some(refresh_token), refreshed, ..session };
    Renewed { end: End::Renewed(Box::new(session)), problem: Some(problem) }
}

/// Whether the tokens of `session` serve no longer.
fn is_over(session: &Session, context: &Context<'_>) -> bool {
    context.now >= session.token_expires.plus(context.settings.leeway)
}

fn failed(problem: Refusal) -> Renewed {
    Renewed { end: End::Failed, problem: Some(problem) }
}

/// No tokens. `invalid_grant` ends the session at once; another refusal is a setting's fault, which ends it no sooner than
/// its tokens; all else may pass.
fn refused(session: &Session, refusal: Refusal, context: &Context<'_>) -> Renewed {
    let over = is_over(session, context);
    let end = match &refusal {
        Refusal::Token(TokenError::Refused(OAuthError::InvalidGrant)) => End::Refused,
        Refusal::Token(TokenError::Refused(_)) if over => End::Refused,
        _ => End::Failed,
    };
    Renewed { end, problem: Some(refusal) }
}
