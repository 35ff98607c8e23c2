//! The external authorizer: a service of the operator's own that is asked about each request of somebody who is known.
//!
//! Decides what it is told (oidc-authservice's document), and that nothing passes without its word. Continues [`Engine`].

use serde_json::{Value, json};

use super::{
    Engine, Moment,
    clearance::{Caller, Credential},
    decision::{Decision, Going, RequestId},
    event::{CallResult, Outcome},
    exchange::CALL_GRACE,
    inbound::Inbound,
    output::Purpose,
    refusal::Refusal,
    waiting::Waiting,
};
use crate::{
    config::ExternalAuthorization,
    http::{
        call::{Call, CallOutcome},
        path::RawPath,
    },
    identity::Identity,
    time::{Deadline, UnixTime},
};

/// A request that goes on if the authorizer says so.
#[derive(Debug)]
pub struct Pass {
    /// The request.
    pub inbound: Inbound,
    /// When it is refused for want of an answer.
    pub deadline: Deadline,
    going: Going,
}

impl Pass {
    /// How many bytes it holds beside the request.
    pub fn size(&self) -> usize {
        self.going.size()
    }
}

impl Engine {
    /// Asks about a request; it waits.
    pub(super) fn ask_authorizer(
        &mut self,
        authorizer: &ExternalAuthorization,
        inbound: Inbound,
        going: Going,
        caller: &Caller,
        identity: &Identity,
        moment: &Moment<'_>,
    ) -> Decision {
        // Its word is about one place, and must not be about another where it is read otherwise.
        if !RawPath::new(inbound.view.path()).names_one_place() {
            return self.refuse_pass(&inbound, going, &Refusal::AmbiguousPath, moment.now);
        }
        if !self.waits.has_room_for_authorization() {
            return self.refuse_pass(&inbound, going, &Refusal::TooManyWaiting, moment.now);
        }
        let ExternalAuthorization { url, cluster, timeout } = authorizer;
        let provider = self.party.settings(caller.provider).map_or("", |provider| &provider.name);
        let document = document(provider, &inbound, caller, identity, moment.now);
        let call = Call::post_json(url.clone(), cluster.clone(), *timeout, &document);
        let (id, inbound) = (inbound.id, inbound.slim(&self.party.config));
        let deadline = Deadline::new(moment.now, timeout.saturating_add(CALL_GRACE));
        self.waits.request(Waiting::Authorization(Box::new(Pass { inbound, deadline, going })));
        self.output.call(Purpose::Authorization(id), call, moment.now);
        Decision::Wait
    }

    /// The authorizer answered about `request`: 2xx lets it pass, 401 and 403 refuse it, all else is no answer.
    pub(super) fn authorizer_answered(
        &mut self,
        request: RequestId,
        outcome: &CallOutcome,
        moment: &Moment<'_>,
    ) -> CallResult {
        let (result, refusal) = match outcome {
            CallOutcome::Answer(answer) if (200..300).contains(&answer.status) => (CallResult::Ok, None),
            CallOutcome::Answer(answer) if matches!(answer.status, 401 | 403) => {
                (CallResult::Refused, Some(Refusal::AuthorizerDenied))
            }
            _ => (CallResult::Unavailable, Some(Refusal::AuthorizerUnavailable)),
        };
        // Answered in the meantime, or its client went away.
        let waiting = self.waits.take_authorization(request);
        if let Some(Pass { inbound, going, .. }) = waiting {
            let decision = match refusal {
                None => self.forward(&inbound, Outcome::Authenticated, going),
                Some(refusal) => self.refuse_pass(&inbound, going, &refusal, moment.now),
            };
            self.output.decide(request, decision);
        }
        result
    }

    /// The authorizer did not answer in time.
    pub(super) fn without_verdict(&mut self, pass: Pass, moment: &Moment<'_>) -> Decision {
        self.refuse_pass(&pass.inbound, pass.going, &Refusal::AuthorizerUnavailable, moment.now)
    }

    /// A session that was renewed for the request reaches the browser all the same.
    fn refuse_pass(&mut self, inbound: &Inbound, going: Going, refusal: &Refusal, now: UnixTime) -> Decision {
        self.refuse(inbound, refusal, now).with_cookies(going.into_cookies())
    }
}

/// authservice's document, with the provider added. `name` and groups are without the prefixes that all have, as authservice
/// tells them, but with those that tell one provider's people from another's. `claims` are those of a bearer token, validated.
fn document(provider: &str, inbound: &Inbound, caller: &Caller, identity: &Identity, now: UnixTime) -> Value {
    let claims = match caller.credential {
        Credential::Bearer { .. } => Value::Object(caller.claims.clone().into_map()),
        Credential::Session { .. } => Value::Null,
    };
    let naming = &caller.naming;
    let prefix = naming.user_id_prefix.as_deref().unwrap_or_default();
    let name = identity.name().map(|name| format!("{prefix}{name}"));
    let prefix = naming.groups_prefix.as_deref().unwrap_or_default();
    let groups: Vec<String> = identity.group_names().iter().map(|group| format!("{prefix}{group}")).collect();
    let port = inbound.origin.as_ref().map(crate::http::origin::Origin::port);
    json!({
        "timestamp": now.rfc3339(),
        "user": {
            "name": name.unwrap_or_default(),
            "id": "",
            "groups": groups,
            "extra": { "auth-method": [caller.credential.method()], "provider": [provider] },
            "claims": claims,
        },
        "request": {
            "host": inbound.view.host(),
            "port": port,
            "path": String::from_utf8_lossy(inbound.view.path()),
            "method": inbound.view.method(),
        },
    })
}
