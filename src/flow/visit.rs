//! Requests of people who are signed in: what each is for, and what it gets as whom.
//!
//! Decides what becomes of a visit with a session that serves, with one that a refresh made of it, and with one that is
//! over. Continues [`Engine`]; when a refresh is due and who waits for it is `refresh`'s.

use std::rc::Rc;

use super::{
    Engine, Moment,
    cookies::session_cookies,
    decision::{Decision, Gift},
    event::Outcome,
    inbound::{Inbound, Standing, host_scope},
    refusal::Refusal,
    renewal::End,
    whoami,
};
use crate::{
    http::{header_edits::HeaderEdits, origin::Origin, path::ReturnPath, request::Client},
    policy::Unauthenticated,
    secret::Secret,
    session::{Session, SessionCookie},
};

/// A request of somebody who is signed in.
#[derive(Debug)]
pub struct Visit {
    /// The request.
    pub inbound: Inbound,
    /// The session that it brought, or a newer copy of it.
    pub session: Box<Session>,
    /// What it is for.
    pub errand: Errand,
}

/// What a visit is for.
#[derive(Debug)]
pub enum Errand {
    /// The application, after these edits and those that set the identity.
    Forward(HeaderEdits),
    /// The sign-in endpoint, and from there on to this path.
    SignIn(ReturnPath),
    /// Our own answer that says who is signed in.
    Whoami,
}

impl Errand {
    /// How many bytes it holds.
    pub fn size(&self) -> usize {
        match self {
            Self::Forward(edits) => edits.size(),
            Self::SignIn(path) => path.as_str().len(),
            Self::Whoami => 0,
        }
    }
}

/// When the browser is given the session that serves its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giving {
    /// It must have it: the session is new.
    Always,
    /// Another request is about to replace it.
    Never,
    /// It must show that it is used.
    WhenWorn,
}

impl Engine {
    /// What becomes of a visit after the refresh of its session.
    pub(super) fn conclude(&mut self, visit: Visit, end: &End, moment: &mut Moment<'_>) -> Decision {
        match end {
            End::Failed => self.go_on_without(visit, moment),
            End::Refused => self.end(visit.inbound, visit.errand, moment),
            End::Renewed(newer) => match self.party.standing(used(newer, &visit.session), moment) {
                Standing::Valid(session) => self.serve(Visit { session, ..visit }, Giving::Always, moment),
                Standing::Expired(session) => self.serve_unavailable(Visit { session, ..visit }, moment),
                _ => self.end(visit.inbound, visit.errand, moment),
            },
        }
    }

    /// A visit that waited long enough, or in vain: the session that it brought decides.
    pub(super) fn go_on_without(&mut self, visit: Visit, moment: &mut Moment<'_>) -> Decision {
        let Visit { inbound, session, errand } = visit;
        let giving = if self.waits.is_renewing(session.id) { Giving::Never } else { Giving::WhenWorn };
        match self.party.standing(session, moment) {
            Standing::Valid(session) => self.serve(Visit { inbound, session, errand }, giving, moment),
            Standing::Expired(_) => match errand {
                Errand::Forward(edits) if self.takes_anonymous(&inbound) => self.pass_anonymously(&inbound, edits),
                _ => self.refuse(&inbound, &Refusal::ProviderUnavailable, moment.now),
            },
            _ => self.end(inbound, errand, moment),
        }
    }

    /// A visit whose own copy is newer than the one that it waited for.
    pub(super) fn look_again(&mut self, visit: Visit, moment: &mut Moment<'_>) -> Decision {
        let Visit { inbound, session, errand } = visit;
        match self.party.standing(session, moment) {
            Standing::Valid(session) => self.serve(Visit { inbound, session, errand }, Giving::Never, moment),
            Standing::Expired(session) => self.renew(Visit { inbound, session, errand }, moment),
            _ => self.end(inbound, errand, moment),
        }
    }

    /// The session is over: the person signs in again.
    fn end(&mut self, inbound: Inbound, errand: Errand, moment: &mut Moment<'_>) -> Decision {
        match (errand, inbound.client) {
            (Errand::Forward(edits), _) => self.unauthenticated(inbound, edits, moment),
            (Errand::SignIn(return_path), Client::Navigation) => self.sign_in_for(inbound, return_path, moment),
            (Errand::SignIn(_) | Errand::Whoami, _) => self.refuse(&inbound, &Refusal::Unauthenticated, moment.now),
        }
    }

    /// Whether the request goes on all the same if nobody is known.
    fn takes_anonymous(&self, inbound: &Inbound) -> bool {
        let access = self.party.config.routes.route(inbound.rule).access();
        access.unauthenticated == Unauthenticated::Pass && !inbound.carried.decides()
    }

    /// The tokens could not be renewed, but the refresh token was; the browser must have it.
    fn serve_unavailable(&mut self, mut visit: Visit, moment: &mut Moment<'_>) -> Decision {
        let cookies = self.give(&mut visit, moment).unwrap_or_default();
        self.refuse(&visit.inbound, &Refusal::ProviderUnavailable, moment.now).with_cookies(cookies)
    }

    /// Does what the visit is for, as whom its session says.
    pub(super) fn serve(&mut self, mut visit: Visit, giving: Giving, moment: &mut Moment<'_>) -> Decision {
        let config = Rc::clone(&self.party.config);
        let worn = || visit.session.is_worn(moment.now, config.session.idle);
        let given = match giving {
            Giving::Always => self.give(&mut visit, moment),
            Giving::WhenWorn if worn() => Ok(self.give(&mut visit, moment).unwrap_or_default()),
            Giving::Never | Giving::WhenWorn => Ok(Vec::new()),
        };
        let cookies = match given {
            Ok(cookies) => cookies,
            Err(refusal) => return self.refuse(&visit.inbound, &refusal, moment.now),
        };
        let Visit { inbound, session, errand } = visit;
        match errand {
            Errand::Forward(edits) => match self.party.provider_of(&session) {
                Some(provider) => {
                    let gift = gift(&session, cookies);
                    let caller = self.caller(provider, &inbound, *session, gift);
                    self.clear(inbound, edits, caller, moment)
                }
                None => self.unauthenticated(inbound, edits, moment),
            },
            Errand::SignIn(return_path) => {
                let reply = self.landing(&inbound, &return_path);
                self.reply(Outcome::Endpoint, reply).with_cookies(cookies)
            }
            Errand::Whoami => {
                let provider = self.party.provider_of(&session);
                let caller = provider.map(|id| self.caller(id, &inbound, (*session).clone(), None));
                let told = caller.and_then(|caller| Some(caller.fields(&config, &caller.identity(&config).ok()?)));
                let reply = whoami::reply(&config, &inbound, &session, &told.unwrap_or_default());
                self.reply(Outcome::Endpoint, reply).with_cookies(cookies)
            }
        }
    }

    /// The cookies that give the browser the visit's session.
    fn give(&mut self, visit: &mut Visit, moment: &mut Moment<'_>) -> Result<Vec<String>, Refusal> {
        let Visit { inbound, session, .. } = visit;
        let Some(origin) = &inbound.origin else { return Err(Refusal::HostUnknown) };
        if inbound.carried.decides() && !self.may_keep(inbound, origin, session) {
            return Ok(Vec::new());
        }
        let Moment { now, entropy, .. } = moment;
        let (cookies, event) = session_cookies(&self.party.config, inbound, origin, session, *now, *entropy)?;
        self.output.event(event);
        Ok(cookies)
    }

    /// Whether whoever sent `session` in a header may be given its cookies: a page's script must not make the browser somebody
    /// else (a program that keeps cookies has the same session in one, or none).
    fn may_keep(&self, inbound: &Inbound, origin: &Origin, session: &Session) -> bool {
        match self.party.open(&inbound.cookies, host_scope(&self.party.config, origin)) {
            SessionCookie::None => inbound.view.values("sec-fetch-site").next().is_none(),
            SessionCookie::Open(kept) => kept.id == session.id,
            SessionCookie::Bad | SessionCookie::Several => false,
        }
    }
}

/// `newer` as used when `own` was, of which it is a newer copy.
fn used(newer: &Session, own: &Session) -> Box<Session> {
    Box::new(Session { seen: newer.seen.max(own.seen), ..newer.clone() })
}

/// `cookies` for the response, with what is needed to judge then whether they still count.
fn gift(session: &Session, cookies: Vec<String>) -> Option<Gift> {
    if cookies.is_empty() {
        return None;
    }
    let names = ["iss", "sub", "sid"].into_iter();
    let claims = names.filter_map(|name| Some((name.to_owned(), session.claims.get(name)?.clone()))).collect();
    // That there is a refresh token counts, what it is does not.
    let refresh_token = session.refresh_token.as_ref().map(|_| Secret::default());
    let session = Session { claims, refresh_token, id_token: None, access_token: None, ..session.clone() };
    Some(Gift { cookies, session: Box::new(session) })
}
