//! The provider ends sessions behind the browser's back (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8).
//!
//! Decides how a logout token is read out of a request, what it waits for, and which sessions it ends, on this gateway.
//! Continues [`Engine`]; the token itself is judged in `oidc::logout_token`.

use std::rc::Rc;

use super::{
    Engine, Moment,
    decision::{Decision, RequestId},
    event::{Event, Outcome},
    exchange::{PROVIDER_WAIT, verify_token},
    inbound::Inbound,
    provider::{Asker, ProviderId},
    refusal::Refusal,
    relying_party::RelyingParty,
    waiting::Waiting,
};
use crate::{
    http::reply::Reply,
    oidc::{
        bearer::issuer_hint,
        jwt::{UnverifiedJwt, VerifiedJwt},
        logout_token::{LogoutToken, LogoutTokenError, validate_logout_token},
    },
    secret::Secret,
    session::Whose,
    time::{Deadline, UnixTime},
};

/// A logout token that waits for keys.
#[derive(Debug)]
pub struct LogoutExchange {
    /// Whose keys are awaited.
    pub provider: ProviderId,
    token: Secret<String>,
    looked: Option<u64>,
    deadline: Deadline,
}

impl LogoutExchange {
    /// How many bytes it holds.
    pub fn size(&self) -> usize {
        self.token.secret().len()
    }

    /// When it ends at the latest.
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }
}

impl Engine {
    /// The back-channel endpoint: the body is read first.
    pub(super) fn back_channel(&mut self, inbound: Inbound, moment: &Moment<'_>) -> Decision {
        if inbound.view.method() != "POST" {
            return self.refuse(&inbound, &Refusal::MethodNotAllowed, moment.now);
        }
        let form = inbound.view.text("content-type").is_some_and(is_form);
        if !form || inbound.view.is_complete() {
            return self.refuse_logout_token(&inbound, &Refusal::LogoutTokenAbsent, moment);
        }
        if !self.waits.has_room_for_body() {
            return self.refuse(&inbound, &Refusal::TooManyWaiting, moment.now);
        }
        let inbound = inbound.slim(&self.party.config);
        self.waits.request(Waiting::Body(inbound, Deadline::new(moment.now, PROVIDER_WAIT)));
        Decision::ReadBody
    }

    /// The body of a request to the back-channel endpoint.
    pub(super) fn body_read(&mut self, id: RequestId, body: Option<Vec<u8>>, moment: &mut Moment<'_>) -> Decision {
        // Decided in the meantime, or none of ours.
        let Some(Waiting::Body(inbound, _)) = self.waits.forget(id) else { return Decision::Wait };
        let Some(token) = body.as_deref().and_then(logout_token) else {
            return self.refuse_logout_token(&inbound, &Refusal::LogoutTokenAbsent, moment);
        };
        // What is no JWT waits for no keys.
        if let Err(error) = UnverifiedJwt::parse(token.secret()) {
            return self.refuse_logout_token(&inbound, &Refusal::LogoutTokenJwt(error), moment);
        }
        // Which keys are looked for is all that hangs on what is not verified yet.
        let provider = issuer_hint(token.secret()).and_then(|issuer| self.party.of_issuer(&issuer).first().copied());
        let Some(provider) = provider else {
            let refusal = Refusal::LogoutToken(LogoutTokenError::Issuer);
            return self.refuse_logout_token(&inbound, &refusal, moment);
        };
        let deadline = Deadline::new(moment.now, PROVIDER_WAIT);
        let exchange = LogoutExchange { provider, token, looked: None, deadline };
        let decision = self.judge_logout_token(inbound, exchange, moment);
        self.fetch_due(moment.now);
        decision
    }

    /// Keys of `provider` came: logout tokens that wait for them get another look.
    pub(super) fn logout_tokens_moved(&mut self, provider: ProviderId, moment: &mut Moment<'_>) {
        let waits =
            |waiting: &Waiting| matches!(waiting, Waiting::LogoutToken(_, exchange) if exchange.provider == provider);
        for waiting in self.waits.take_requests(waits) {
            let Waiting::LogoutToken(inbound, exchange) = waiting else { continue };
            let id = inbound.id;
            let decision = self.judge_logout_token(inbound, exchange, moment);
            self.output.decide(id, decision);
        }
    }

    fn judge_logout_token(
        &mut self,
        inbound: Inbound,
        mut exchange: LogoutExchange,
        moment: &mut Moment<'_>,
    ) -> Decision {
        let LogoutExchange { provider, token, looked, .. } = &mut exchange;
        let provider = *provider;
        // Anyone can send a token with a made-up key name.
        let context = self.party.context(provider, moment.now);
        let verdict = context.and_then(|mut context| verify_token(token, looked, Asker::Others, &mut context));
        let Some(verdict) = verdict else {
            if !self.waits.has_room_for_logout_token() {
                return self.refuse_logout_token(&inbound, &Refusal::TooManyWaiting, moment);
            }
            self.waits.request(Waiting::LogoutToken(inbound, exchange));
            return Decision::Wait;
        };
        let token = verdict.map_err(Refusal::LogoutTokenJwt).and_then(|jwt| self.validate(&jwt, provider, moment.now));
        match token.and_then(|(issuer, token)| self.end_sessions(&issuer, &token, moment)) {
            Ok(()) => {
                self.output.event(Event::LogoutToken { accepted: true });
                self.reply(Outcome::Endpoint, Reply::empty(200))
            }
            Err(refusal) => self.refuse_logout_token(&inbound, &refusal, moment),
        }
    }

    /// A logout token for one of our clients at the issuer of `provider`, and that issuer.
    fn validate(
        &self,
        jwt: &VerifiedJwt,
        provider: ProviderId,
        now: UnixTime,
    ) -> Result<(String, LogoutToken), Refusal> {
        let issuer = self.party.settings(provider).map(|settings| settings.issuer.clone()).unwrap_or_default();
        let clients = self.party.of_issuer(&issuer).into_iter().filter_map(|id| self.party.settings(id));
        let mut verdict = Err(LogoutTokenError::Issuer);
        for client in clients {
            verdict = validate_logout_token(jwt.clone(), client, now);
            // Only another client of ours could be meant.
            if verdict.as_ref().err() != Some(&LogoutTokenError::Audience) {
                break;
            }
        }
        verdict.map(|token| (issuer, token)).map_err(Refusal::LogoutToken)
    }

    /// §2.7: by `sid` one session of the provider's, else all of the person's. Sessions that know no `sid` end with any
    /// of them.
    fn end_sessions(&mut self, issuer: &str, token: &LogoutToken, moment: &mut Moment<'_>) -> Result<(), Refusal> {
        let config = Rc::clone(&self.party.config);
        let lasts = config.session.lifetime;
        let forgotten = token.forget_after.since(moment.now);
        let mut shared = RelyingParty::shared(&config, moment);
        // Without a memory of the tokens that were here each could be sent again and again, so none is taken then (T-188).
        let known = self.party.revoked.knows(issuer, &token.jti, &shared);
        if known.map_err(|_| Refusal::MemoryUnavailable)? {
            return Err(Refusal::LogoutTokenReplayed);
        }
        let whose = match (&token.sid, &token.sub) {
            (Some(sid), sub) => {
                let unnamed = sub.as_deref().map(|sub| Whose::SubjectWithoutSession(issuer, sub));
                [Some(Whose::ProviderSession(issuer, sid)), unnamed]
            }
            (None, sub) => [sub.as_deref().map(|sub| Whose::Subject(issuer, sub)), None],
        };
        for whose in whose.into_iter().flatten() {
            let marked = self.party.revoked.mark(whose, lasts, &mut shared);
            marked.map_err(|_| Refusal::MemoryUnavailable)?;
        }
        // Noted last: a provider that is told 503 sends the same token again.
        let noted = self.party.revoked.note(issuer, &token.jti, forgotten, &mut shared);
        noted.map_err(|_| Refusal::MemoryUnavailable)
    }

    pub(super) fn refuse_logout_token(
        &mut self,
        inbound: &Inbound,
        refusal: &Refusal,
        moment: &Moment<'_>,
    ) -> Decision {
        self.output.event(Event::LogoutToken { accepted: false });
        self.log_refusal(inbound, refusal, moment.now);
        // §2.8: a refused token is answered 400 with an OAuth error.
        let status = if refusal.status() == 503 { 503 } else { 400 };
        let body = serde_json::json!({ "error": "invalid_request", "error_description": refusal.code() });
        self.reply(Outcome::Endpoint, Reply::json(status, &body))
    }
}

fn is_form(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The one `logout_token` of a form.
fn logout_token(body: &[u8]) -> Option<Secret<String>> {
    let mut tokens = url::form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
    let only = tokens.next().filter(|_| tokens.next().is_none());
    only.map(|(_, token)| Secret::new(token.into_owned()))
}
