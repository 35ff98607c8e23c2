//! The checks of a request in their order: own endpoints, route, sign-in state.
//!
//! Decides which of them a request comes to, what is taken off it on every branch, and how a refusal is counted and logged.
//! Continues [`Engine`]; visits are `visit`'s, own endpoints `endpoints`'s.

use std::rc::Rc;

use super::{
    Engine, Moment, answer,
    decision::{Decision, Forward, Gift},
    event::{Event, Outcome},
    inbound::{Inbound, OwnEndpoint, Standing},
    refusal::Refusal,
    visit::{Errand, Visit},
};
use crate::{
    http::{
        header_edits::HeaderEdits,
        path::RawPath,
        reply::Reply,
        request::{Client, MalformedRequest, RequestView},
    },
    policy::Action,
    session::{delete_session, has_landed},
    time::UnixTime,
};

impl Engine {
    /// The checks in their order: own endpoints, route, sign-in state, identity.
    pub(super) fn decide(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let config = Rc::clone(&self.party.config);
        match inbound.own_endpoint(&config) {
            Some(OwnEndpoint::Callback) => return self.callback(inbound, moment),
            Some(OwnEndpoint::SignIn) => return self.sign_in(inbound, moment),
            Some(OwnEndpoint::SignOut) => return self.sign_out(inbound, moment),
            Some(OwnEndpoint::SignedOut) => return self.signed_out(&inbound, moment),
            Some(OwnEndpoint::Whoami) => return self.whoami(inbound, moment),
            Some(OwnEndpoint::BackChannel) => return self.back_channel(inbound, moment),
            Some(OwnEndpoint::FrontChannel) => return self.front_channel(&inbound, moment),
            None => {}
        }
        let path = RawPath::new(inbound.view.path());
        let Ok(route) = config.routes.decide(inbound.view.host(), inbound.view.method(), &path) else {
            return self.refuse(&inbound, &Refusal::AmbiguousPath, moment.now);
        };
        match route.action() {
            Action::Allow => self.forward(self.strip(&inbound), Outcome::Allowed, Vec::new(), None),
            Action::Deny => self.refuse(&inbound, &Refusal::Denied, moment.now),
            Action::Authenticate => self.authenticate(inbound, moment),
        }
    }

    pub(super) fn authenticate(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        if inbound.view.is_cors_preflight() {
            return self.forward(self.strip(&inbound), Outcome::Preflight, Vec::new(), None);
        }
        let foreign = inbound.client == Client::WebSocket && is_foreign_origin(&inbound.view, &origin.to_string());
        match inbound.standing(&mut self.party, &origin, moment) {
            Standing::Valid(_) | Standing::Expired(_) if foreign => {
                self.refuse(&inbound, &Refusal::CrossOriginUpgrade, moment.now)
            }
            Standing::Valid(session) => {
                let errand = Errand::Forward(self.strip(&inbound));
                self.admit(Visit { inbound, session, errand }, moment)
            }
            Standing::Expired(session) => {
                let errand = Errand::Forward(self.strip(&inbound));
                self.renew(Visit { inbound, session, errand }, moment)
            }
            Standing::Absent | Standing::Ended(_) | Standing::Void => self.unauthenticated(inbound, moment),
        }
    }

    /// Nobody is signed in: a person is sent to sign in, all others are told.
    pub(super) fn unauthenticated(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        match (inbound.client, inbound.origin.clone()) {
            // Another redirect would come back just the same: it is said once, and the person decides.
            (Client::Navigation, Some(_)) if has_landed(&self.party.config.session, &inbound.cookies) => {
                self.refuse(&inbound, &Refusal::SessionLost, moment.now)
            }
            (Client::Navigation, Some(origin)) => {
                let return_path = inbound.return_path(&origin);
                self.start_sign_in(inbound, return_path, moment)
            }
            (_, _) => self.refuse(&inbound, &Refusal::Unauthenticated, moment.now),
        }
    }

    /// What a client may not bring, and our own cookies, are removed on every branch.
    pub(super) fn strip(&self, inbound: &Inbound) -> HeaderEdits {
        let mut edits = self.reserved.strip(inbound.view.headers());
        let cookie = &self.party.config.session.cookie;
        if let Some(lines) = inbound.cookies.without(|name| cookie.owns(name)) {
            edits.replace_all("cookie", lines);
        }
        edits
    }

    /// On to the application, with `fields` set, each the only one of its name.
    pub(super) fn forward(
        &mut self,
        mut request: HeaderEdits,
        outcome: Outcome,
        fields: Vec<(String, Vec<u8>)>,
        response: Option<Gift>,
    ) -> Decision {
        self.output.event(Event::Decided(outcome));
        for (name, value) in fields {
            request.set(name, value);
        }
        Decision::Forward(Forward { request, response })
    }

    /// Says no. Where that is because nobody is signed in, cookies of ours stand for nothing and are deleted (T-65).
    pub(super) fn refuse(&mut self, inbound: &Inbound, refusal: &Refusal, now: UnixTime) -> Decision {
        self.output.event(Event::Decided(outcome_of(refusal)));
        self.log_refusal(inbound, refusal, now);
        let config = &self.party.config;
        let void = match refusal {
            Refusal::SessionLost | Refusal::Unauthenticated => delete_session(&config.session, &inbound.cookies),
            _ => Vec::new(),
        };
        Decision::Reply(answer::refuse(config, inbound, refusal).with_cookies(void))
    }

    pub(super) fn refuse_malformed(&mut self, malformed: MalformedRequest, now: UnixTime) -> Decision {
        let refusal = Refusal::Malformed(malformed);
        self.output.event(Event::Decided(Outcome::Malformed));
        let line = self.journal.refusal("-", &refusal, now);
        line.into_iter().for_each(|line| self.output.event(Event::Log(line)));
        let body = serde_json::json!({ "error": refusal.code(), "error_description": refusal.text() });
        Decision::Reply(Reply::json(refusal.status(), &body))
    }

    pub(super) fn log_refusal(&mut self, inbound: &Inbound, refusal: &Refusal, now: UnixTime) {
        let line = self.journal.refusal(inbound.view.request_id(), refusal, now);
        line.into_iter().for_each(|line| self.output.event(Event::Log(line)));
    }

    pub(super) fn log(&mut self, level: log::Level, code: &'static str, text: String, now: UnixTime) {
        let line = self.journal.line(level, "-", code, text, now);
        line.into_iter().for_each(|line| self.output.event(Event::Log(line)));
    }
}

/// An upgrade that a page of another origin opened with this person's cookie.
fn is_foreign_origin(view: &RequestView, own: &str) -> bool {
    view.values("origin").any(|value| value != own.as_bytes())
}

fn outcome_of(refusal: &Refusal) -> Outcome {
    match (refusal, refusal.status()) {
        (Refusal::AmbiguousPath, _) => Outcome::Malformed,
        (_, 401) => Outcome::Unauthenticated,
        (_, 403) => Outcome::Denied,
        (_, 503) => Outcome::Unavailable,
        _ => Outcome::Endpoint,
    }
}
