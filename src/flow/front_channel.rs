//! The provider ends the session in this browser, in a frame of its own page (OpenID Connect Front-Channel Logout 1.0 §2).
//!
//! Decides that only the session whose cookie comes with the request can end, and only if `iss` and `sid` name it: any site
//! can frame this address, but none knows a person's `sid`. Nothing is revoked at the provider (T-187). Continues
//! [`Engine`].

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use super::{
    Engine, Moment,
    decision::Decision,
    event::Outcome,
    inbound::{Inbound, Standing},
    refusal::Refusal,
};
use crate::{
    http::reply::Reply,
    session::{Session, delete_session},
};

impl Engine {
    /// The front-channel endpoint. Whether a session ended is not told to whoever frames it.
    pub(super) fn front_channel(&mut self, inbound: &Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(inbound, &Refusal::HostUnknown, moment.now);
        };
        if inbound.view.method() != "GET" {
            return self.refuse(inbound, &Refusal::MethodNotAllowed, moment.now);
        }
        let session = match inbound.standing(&mut self.party, &origin, moment) {
            Standing::Valid(session) | Standing::Expired(session) | Standing::Ended(session) => Some(session),
            Standing::Absent | Standing::Void => None,
        };
        let cookies = match session.filter(|session| is_named(inbound, session)) {
            Some(session) => {
                if self.party.can_end(&session, moment) {
                    self.mark_ended(&session, moment);
                }
                delete_session(&self.party.config.session, &inbound.cookies)
            }
            None => Vec::new(),
        };
        let policy = format!("default-src 'none'; frame-ancestors {}", self.provider_origins());
        let reply = Reply::empty(200).with("content-security-policy", policy);
        self.reply(Outcome::Endpoint, reply.with_cookies(cookies))
    }

    /// Where the providers' pages are.
    fn provider_origins(&self) -> String {
        let issuers = self.party.config.providers().iter().filter(|provider| provider.signs_in);
        let issuers = issuers.filter_map(|provider| Url::parse(&provider.issuer).ok());
        let endpoints = self.party.ids().filter_map(|id| self.party.state(id)?.endpoints());
        let pages = endpoints.map(|endpoints| endpoints.authorization_endpoint.clone());
        let origins = issuers.chain(pages).map(|url| url.origin().ascii_serialization());
        origins.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
    }
}

/// §3: "iss" and "sid" name the session, each once.
fn is_named(inbound: &Inbound, session: &Session) -> bool {
    let query = inbound.view.query().unwrap_or_default();
    ["iss", "sid"].into_iter().all(|name| {
        let mut values = url::form_urlencoded::parse(query).filter(|(other, _)| other == name);
        let only = values.next().filter(|_| values.next().is_none());
        let claim = session.claims.get(name).and_then(Value::as_str);
        only.is_some_and(|(_, value)| claim == Some(&*value))
    })
}
