//! The checks of a request in their order: own endpoints, route, bearer token, session, and what happens to nobody.
//!
//! Decides which of them a request comes to, what is taken off it on every branch, and how a refusal is counted and logged.
//! Continues [`Engine`]; own endpoints are `endpoints`', tokens `bearer`'s, visits `visit`'s, and what is asked of somebody who
//! is known is `clearance`'s.

use std::rc::Rc;

use super::{
    Engine, Moment, answer,
    bearer::Presented,
    carried::Carried,
    decision::{Decision, Forward, Going},
    event::{Event, Outcome},
    inbound::{Inbound, OwnEndpoint, Standing, Wish},
    offer::Before,
    refusal::Refusal,
    sign_out,
    visit::{Errand, Visit},
};
use crate::{
    config::Config,
    http::{
        header_edits::HeaderEdits,
        origin::Origin,
        path::RawPath,
        reply::Reply,
        request::{Client, MalformedRequest, RequestView},
    },
    identity::AUTHORIZATION,
    policy::{Action, Route, Routes, Unauthenticated},
    session::{delete_session, has_landed},
    time::UnixTime,
};

impl Engine {
    /// The checks in their order: own endpoints, route, sign-in state, identity.
    pub(super) fn decide(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let config = Rc::clone(&self.party.config);
        let inbound = self.look_for_session(inbound);
        match inbound.own_endpoint(&config) {
            Some(OwnEndpoint::Callback) => return self.callback(inbound, moment),
            Some(OwnEndpoint::SignIn) => return self.sign_in(inbound, moment),
            Some(OwnEndpoint::SignOut) => return self.sign_out(inbound, moment),
            Some(OwnEndpoint::SignedOut) => return self.signed_out(&inbound, moment),
            Some(OwnEndpoint::Whoami) => return self.whoami(inbound, moment),
            Some(OwnEndpoint::BackChannel) => return self.back_channel(inbound, moment),
            Some(OwnEndpoint::FrontChannel) => return self.front_channel(&inbound, moment),
            Some(OwnEndpoint::Homepage) => return self.homepage(&inbound, moment),
            None => {}
        }
        let inbound = inbound.or_verdict(&config);
        if sign_out::is_asked_for(&config, &inbound) {
            return self.sign_out(inbound, moment);
        }
        let Some(route) = decide_each(&config.routes, &inbound.view) else {
            return self.refuse(&inbound, &Refusal::AmbiguousPath, moment.now);
        };
        let inbound = Inbound { rule: route.index(), ..inbound };
        match route.action() {
            Action::Allow => {
                let going = Going::plain(self.strip(&inbound));
                self.forward(&inbound, Outcome::Allowed, going)
            }
            Action::Deny => self.refuse(&inbound, &Refusal::Denied, moment.now),
            Action::Authenticate => self.authenticate(inbound, moment),
        }
    }

    fn authenticate(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let config = Rc::clone(&self.party.config);
        let access = config.routes.route(inbound.rule).access();
        let credentials = config.credentials(access);
        let takes_bearer = match inbound.carried {
            Carried::Absent | Carried::Foreign => credentials.bearer,
            // A header can be for both.
            Carried::Void => credentials.bearer && config.session.header.as_ref() == Some(&config.bearer.header),
            // Two headers, two credentials: a token that nobody judged would go on beside the session.
            Carried::Session(..) if credentials.bearer && self.has_token_beside(&inbound) => {
                return self.refuse(&inbound, &Refusal::HeaderSessionMalformed, moment.now);
            }
            Carried::Session(..) => false,
            Carried::Confused => return self.refuse(&inbound, &Refusal::HeaderSessionMalformed, moment.now),
        };
        if takes_bearer {
            match Presented::in_request(&inbound.view, &config.bearer) {
                Presented::Nothing => {}
                Presented::Malformed => return self.refuse(&inbound, &Refusal::BearerMalformed, moment.now),
                Presented::Token(token) => return self.bearer(inbound, token, moment),
            }
        }
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        if inbound.view.is_cors_preflight() {
            let going = Going::plain(self.strip(&inbound));
            return self.forward(&inbound, Outcome::Preflight, going);
        }
        if matches!(inbound.carried, Carried::Void) {
            return self.refuse(&inbound, &Refusal::HeaderSessionInvalid, moment.now);
        }
        if !credentials.session {
            return match access.unauthenticated {
                Unauthenticated::Pass => {
                    let edits = self.strip(&inbound);
                    self.pass_anonymously(&inbound, edits)
                }
                // Whatever session there is, it is not asked for.
                _ => self.refuse(&inbound, &Refusal::BearerAbsent, moment.now),
            };
        }
        self.by_session(inbound, &origin, moment)
    }

    /// Whether a token, or what should be one, comes in another header than the session.
    fn has_token_beside(&self, inbound: &Inbound) -> bool {
        let config = &self.party.config;
        config.session.header.as_ref() != Some(&config.bearer.header)
            && !matches!(Presented::in_request(&inbound.view, &config.bearer), Presented::Nothing)
    }

    fn by_session(&mut self, inbound: Inbound, origin: &Origin, moment: &mut Moment<'_>) -> Decision {
        let config = Rc::clone(&self.party.config);
        let access = config.routes.route(inbound.rule).access();
        // Only a cookie comes along without the page's doing.
        let by_cookie = !inbound.carried.decides();
        let foreign =
            by_cookie && inbound.view.is_web_socket() && is_foreign_origin(&inbound.view, &origin.to_string());
        match inbound.standing(&mut self.party, origin, moment) {
            Standing::Valid(_) | Standing::Expired(_) if foreign => {
                self.refuse(&inbound, &Refusal::CrossOriginUpgrade, moment.now)
            }
            Standing::Valid(session) | Standing::Expired(session) if !access.takes(&session.provider) => {
                self.signed_in_elsewhere(inbound, moment)
            }
            Standing::Valid(session) => {
                let errand = Errand::Forward(self.strip(&inbound));
                self.admit(Visit { inbound, session, errand }, moment)
            }
            Standing::Expired(session) => {
                let errand = Errand::Forward(self.strip(&inbound));
                self.renew(Visit { inbound, session, errand }, moment)
            }
            Standing::Absent | Standing::Ended(_) | Standing::Void => {
                let edits = self.strip(&inbound);
                self.unauthenticated(inbound, edits, moment)
            }
        }
    }

    /// Nobody is signed in: a person is sent to sign in, all others are told, or it is all the same. `edits` are what must go
    /// of the request as it came: one that waited has forgotten its headers.
    pub(super) fn unauthenticated(
        &mut self,
        inbound: Inbound,
        edits: HeaderEdits,
        moment: &mut Moment<'_>,
    ) -> Decision {
        match self.treated(inbound) {
            Treated::Anonymous(inbound) => self.pass_anonymously(&inbound, edits),
            Treated::Known(inbound) => match (inbound.client, inbound.origin.is_some()) {
                // Another redirect would come back just the same: it is said once, and the person decides.
                (Client::Navigation, true) if has_landed(&self.party.config.session, &inbound.cookies, None) => {
                    self.refuse_sign_in(&inbound, &Refusal::SessionLost, moment.now)
                }
                (Client::Navigation, true) => self.send_to_sign_in(inbound, Before::Nobody, moment),
                (_, _) => self.refuse(&inbound, &Refusal::Unauthenticated, moment.now),
            },
        }
    }

    /// Somebody is signed in, but at a provider that does not count here. Their session stays until there is another.
    fn signed_in_elsewhere(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        match self.treated(inbound) {
            Treated::Anonymous(inbound) => {
                let edits = self.strip(&inbound);
                self.pass_anonymously(&inbound, edits)
            }
            Treated::Known(inbound) if inbound.client == Client::Navigation => {
                self.send_to_sign_in(inbound, Before::Somebody, moment)
            }
            Treated::Known(inbound) => self.refuse(&inbound, &Refusal::OtherProvider, moment.now),
        }
    }

    /// What the rule says of requests that nobody is known for, and of how to take who asks.
    pub(super) fn treated(&self, inbound: Inbound) -> Treated {
        let access = self.party.config.routes.route(inbound.rule).access();
        let reads = matches!(inbound.view.method(), "GET" | "HEAD");
        match (access.unauthenticated, inbound.client) {
            // A program that says who it is, is told that it is not, and never taken for a person or for nobody.
            _ if inbound.carried.decides() => Treated::Known(inbound),
            (Unauthenticated::Pass, _) => Treated::Anonymous(inbound),
            (_, Client::Grpc | Client::GrpcWeb | Client::WebSocket) => Treated::Known(inbound),
            (Unauthenticated::Challenge, _) => Treated::Known(Inbound { client: Client::Program, ..inbound }),
            (Unauthenticated::Login, Client::Program) if reads && inbound.wish == Wish::Forward => {
                Treated::Known(Inbound { client: Client::Navigation, ..inbound })
            }
            (Unauthenticated::Auto | Unauthenticated::Login, _) => Treated::Known(inbound),
        }
    }

    /// On to the application, as nobody.
    pub(super) fn pass_anonymously(&mut self, inbound: &Inbound, mut edits: HeaderEdits) -> Decision {
        if self.party.config.forwarding(inbound.rule).takes_authorization() {
            edits.remove(AUTHORIZATION);
        }
        self.forward(inbound, Outcome::Anonymous, Going::plain(edits))
    }

    /// What a client may not bring, and our own cookies, are removed on every branch.
    pub(super) fn strip(&self, inbound: &Inbound) -> HeaderEdits {
        let mut edits = self.reserved.strip(inbound.view.headers());
        // In a header that is the application's, too, a session is still ours alone; any other is reserved.
        if inbound.carried.decides() && self.party.config.session.header.as_deref() == Some(AUTHORIZATION) {
            edits.remove(AUTHORIZATION);
        }
        let cookie = &self.party.config.session.cookie;
        if let Some(lines) = inbound.cookies.without(|name| cookie.owns(name)) {
            edits.replace_all("cookie", lines);
        }
        edits
    }

    /// On to the application; or, to whoever asked for no more than our verdict, that it may.
    pub(super) fn forward(&mut self, inbound: &Inbound, outcome: Outcome, going: Going) -> Decision {
        self.output.event(Event::Decided(outcome));
        let Going { edits: mut request, fields, properties, response } = going;
        if inbound.wish == Wish::Verdict {
            let cookies = response.map(|gift| gift.cookies).unwrap_or_default();
            return Decision::Reply(
                fields.into_iter().fold(Reply::empty(204), Reply::with_field).with_cookies(cookies),
            );
        }
        for (name, value) in fields {
            request.set(name, value);
        }
        Decision::Forward(Forward { request, properties, response })
    }

    /// Says no. Where that is because nobody is signed in, cookies of ours stand for nothing and are deleted (T-65).
    pub(super) fn refuse(&mut self, inbound: &Inbound, refusal: &Refusal, now: UnixTime) -> Decision {
        self.refuse_by(answer::refuse, inbound, refusal, now)
    }

    /// Says no where a sign-in should begin, or has just ended in vain.
    pub(super) fn refuse_sign_in(&mut self, inbound: &Inbound, refusal: &Refusal, now: UnixTime) -> Decision {
        self.refuse_by(answer::refuse_sign_in, inbound, refusal, now)
    }

    fn refuse_by(
        &mut self,
        answer: fn(&Config, &Inbound, &Refusal) -> Reply,
        inbound: &Inbound,
        refusal: &Refusal,
        now: UnixTime,
    ) -> Decision {
        // A session of the header is told apart, and leaves the cookies alone.
        let refusal = match refusal {
            Refusal::Unauthenticated if inbound.carried.decides() => &Refusal::HeaderSessionInvalid,
            refusal => refusal,
        };
        self.output.event(Event::Decided(outcome_of(refusal)));
        self.log_refusal(inbound, refusal, now);
        let config = &self.party.config;
        let void = match refusal {
            Refusal::SessionLost | Refusal::Unauthenticated => delete_session(&config.session, &inbound.cookies),
            _ => Vec::new(),
        };
        Decision::Reply(answer(config, inbound, refusal).with_cookies(void))
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

/// The rule of a request, if what applications may take for its method falls under the same one.
fn decide_each<'a>(routes: &'a Routes, view: &RequestView) -> Option<Route<'a>> {
    let path = RawPath::new(view.path());
    let decide = |method: &str| routes.decide(view.host(), method, &path).ok();
    let route = decide(view.method())?;
    if view.other_methods().count() > MOST_METHODS {
        return None;
    }
    let same = |method: &[u8]| Some(decide(str::from_utf8(method).ok()?)?.index() == route.index());
    view.other_methods().all(|method| same(method) == Some(true)).then_some(route)
}

/// How many other methods a request may name: one is a habit of some clients, more are none's.
const MOST_METHODS: usize = 3;

/// How a request is taken that nobody is known for, or nobody known well enough.
pub(super) enum Treated {
    /// It passes all the same.
    Anonymous(Inbound),
    /// Somebody must be known; `client` is who is told so.
    Known(Inbound),
}

/// An upgrade that a page of another origin opened with this person's cookie.
fn is_foreign_origin(view: &RequestView, own: &str) -> bool {
    view.values("origin").any(|value| value != own.as_bytes())
}

fn outcome_of(refusal: &Refusal) -> Outcome {
    match (refusal, refusal.status()) {
        (Refusal::AmbiguousPath | Refusal::BearerMalformed | Refusal::HeaderSessionMalformed, _) => Outcome::Malformed,
        (_, 401) => Outcome::Unauthenticated,
        (_, 403) => Outcome::Denied,
        (Refusal::LookupEndpointAbsent, _) | (_, 503) => Outcome::Unavailable,
        _ => Outcome::Endpoint,
    }
}
