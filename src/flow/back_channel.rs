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
    provider::Asker,
    refusal::Refusal,
    relying_party::RelyingParty,
    waiting::Waiting,
};
use crate::{
    http::reply::Reply,
    oidc::{
        jwt::UnverifiedJwt,
        logout_token::{LogoutToken, validate_logout_token},
    },
    secret::Secret,
    session::Whose,
    time::Deadline,
};

/// A logout token that waits for keys.
#[derive(Debug)]
pub struct LogoutExchange {
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
        let deadline = Deadline::new(moment.now, PROVIDER_WAIT);
        let decision = self.judge_logout_token(inbound, LogoutExchange { token, looked: None, deadline }, moment);
        self.fetch_due(moment.now);
        decision
    }

    /// Keys came: logout tokens that wait for them get another look.
    pub(super) fn logout_tokens_moved(&mut self, moment: &mut Moment<'_>) {
        for waiting in self.waits.take_requests(|waiting| matches!(waiting, Waiting::LogoutToken(..))) {
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
        let LogoutExchange { token, looked, .. } = &mut exchange;
        // Anyone can send a token with a made-up key name.
        let Some(verdict) = verify_token(token, looked, Asker::Others, &mut self.party.context(moment.now)) else {
            if !self.waits.has_room_for_logout_token() {
                return self.refuse_logout_token(&inbound, &Refusal::TooManyWaiting, moment);
            }
            self.waits.request(Waiting::LogoutToken(inbound, exchange));
            return Decision::Wait;
        };
        let settings = self.party.config.provider();
        let token = verdict
            .map_err(Refusal::LogoutTokenJwt)
            .and_then(|jwt| validate_logout_token(jwt, settings, moment.now).map_err(Refusal::LogoutToken));
        match token.and_then(|token| self.end_sessions(&token, moment)) {
            Ok(()) => {
                self.output.event(Event::LogoutToken { accepted: true });
                self.reply(Outcome::Endpoint, Reply::empty(200))
            }
            Err(refusal) => self.refuse_logout_token(&inbound, &refusal, moment),
        }
    }

    /// §2.7: by `sid` one session of the provider's, else all of the person's. Sessions that know no `sid` end with any
    /// of them.
    fn end_sessions(&mut self, token: &LogoutToken, moment: &mut Moment<'_>) -> Result<(), Refusal> {
        let config = Rc::clone(&self.party.config);
        let (issuer, lasts) = (&config.provider().issuer, config.session.lifetime);
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
