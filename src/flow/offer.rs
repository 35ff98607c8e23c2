//! Where people go to sign in: the sign-in endpoint, and who is sent to it.
//!
//! Decides which providers are offered for which place, how strongly the person must sign in there, and that one redirect is
//! not followed by another of the same kind. Continues [`Engine`]; the redirect itself is `sign_in`'s.

use std::rc::Rc;

use super::{
    Engine, Moment, answer,
    decision::Decision,
    event::{Event, Outcome},
    inbound::{Inbound, Standing},
    provider::ProviderId,
    refusal::Refusal,
    sign_in::{SignIn, landed_mark, redirect_to_provider},
    visit::{Errand, Visit},
    waiting::Then,
};
use crate::{
    config::Config,
    http::{
        origin::Origin,
        path::{RawPath, ReturnPath},
        reply::Reply,
        request::Client,
    },
    oidc::assurance::Assurance,
    policy::{Access, Routes},
    session::{Session, delete_session, has_landed},
    time::UnixTime,
};

/// Who is known when somebody is sent to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nobody: what cookies of ours there are stand for nothing.
    Nobody,
    /// Somebody, whose session stays until there is another.
    Somebody,
}

/// What the sign-in endpoint is asked for.
struct Wanted {
    /// A place to go to, on the same host.
    return_path: ReturnPath,
    /// A provider.
    provider: Option<String>,
    /// A new sign-in, whoever is signed in here and at the provider.
    again: bool,
}

/// What a link to the sign-in endpoint asks a provider for.
struct Asked<'a> {
    /// What is handed on.
    taken: Vec<(String, String)>,
    /// A parameter that is not: its value is none that may be, or it came twice.
    ignored: Option<&'a str>,
}

impl Engine {
    /// The sign-in endpoint: on to where it is asked to lead, by way of a provider unless a session stands that is good enough.
    pub(super) fn sign_in(&mut self, inbound: Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        let wanted = Wanted::of(&self.party.config, &inbound, &origin);
        // What is asked for here is what the place that the person goes to asks for.
        let inbound = Inbound { rule: rule_of(&self.party.config.routes, &origin, &wanted.return_path), ..inbound };
        let config = Rc::clone(&self.party.config);
        let access = config.routes.route(inbound.rule).access();
        match (inbound.standing(&mut self.party, &origin, moment), inbound.client) {
            (_, Client::Submission) => self.refuse(&inbound, &Refusal::MethodNotAllowed, moment.now),
            // Whoever asks: "not signed in" would delete a session that stands.
            (Standing::Valid(session), _) if wanted.is_met_by(&session, access) => {
                let reply = self.landing(&inbound, &wanted.return_path);
                self.reply(Outcome::Endpoint, reply)
            }
            (Standing::Expired(session), _) if wanted.is_met_by(&session, access) => {
                self.renew(Visit { inbound, session, errand: Errand::SignIn(wanted.return_path) }, moment)
            }
            (Standing::Valid(_) | Standing::Expired(_), Client::Navigation) => {
                self.offer(inbound, wanted, Before::Somebody, moment)
            }
            (Standing::Valid(_) | Standing::Expired(_), _) => {
                self.refuse(&inbound, &Refusal::OtherProvider, moment.now)
            }
            (_, Client::Navigation) => self.offer(inbound, wanted, Before::Nobody, moment),
            (_, _) => self.refuse(&inbound, &Refusal::Unauthenticated, moment.now),
        }
    }

    /// A person who asked for a page is sent to sign in and comes back to it.
    pub(super) fn send_to_sign_in(&mut self, inbound: Inbound, before: Before, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        let wanted = Wanted { return_path: inbound.return_path(&origin), provider: None, again: false };
        if before == Before::Somebody && self.has_just_signed_in(&inbound) {
            return self.refuse_sign_in(&inbound, &Refusal::SignInUnmet, moment.now);
        }
        self.offer(inbound, wanted, before, moment)
    }

    /// A person whose session is too weak for the place is sent to the provider of that session, once.
    pub(super) fn step_up(&mut self, inbound: Inbound, provider: ProviderId, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(&inbound, &Refusal::HostUnknown, moment.now);
        };
        if self.has_just_signed_in(&inbound) {
            return self.refuse_sign_in(&inbound, &Refusal::SignInUnmet, moment.now);
        }
        let (assurance, return_path) = (self.assurance(&inbound), inbound.return_path(&origin));
        self.start_sign_in(
            inbound,
            SignIn { provider, assurance, return_path, again: false, keeps_session: true },
            moment,
        )
    }

    /// A session that was over when it was to be refreshed: the person signs in anew, on the way to `return_path`.
    pub(super) fn sign_in_for(
        &mut self,
        inbound: Inbound,
        return_path: ReturnPath,
        moment: &mut Moment<'_>,
    ) -> Decision {
        self.offer(inbound, Wanted { return_path, provider: None, again: false }, Before::Nobody, moment)
    }

    /// One provider is gone to at once; of several the person chooses.
    fn offer(&mut self, inbound: Inbound, wanted: Wanted, before: Before, moment: &mut Moment<'_>) -> Decision {
        let candidates = self.candidates(&inbound, wanted.provider.as_deref());
        let keeps_session = before == Before::Somebody;
        // A page of another site does not change who is signed in here without a word.
        let asks = keeps_session && inbound.view.text("sec-fetch-site") == Some("cross-site");
        match *candidates {
            [] => self.refuse_sign_in(&inbound, &Refusal::ProviderUnknown, moment.now),
            [provider] if !asks => {
                let assurance = self.assurance(&inbound);
                let Wanted { return_path, again, .. } = wanted;
                let sign_in = SignIn { provider, assurance, return_path, again, keeps_session };
                self.start_sign_in(inbound, sign_in, moment)
            }
            _ => {
                let config = &self.party.config;
                let asked = |id: ProviderId| Some((self.party.settings(id)?, Asked::of(config, &inbound, id).taken));
                let providers = candidates.iter().filter_map(|id| asked(*id));
                let void = if keeps_session { Vec::new() } else { delete_session(&config.session, &inbound.cookies) };
                let reply =
                    answer::choice(config, &inbound, providers, &wanted.return_path, wanted.again).with_cookies(void);
                self.reply(Outcome::Unauthenticated, reply)
            }
        }
    }

    /// The providers that a person may sign in at for this request, or the one of them that is named.
    fn candidates(&self, inbound: &Inbound, named: Option<&str>) -> Vec<ProviderId> {
        let access = self.party.config.routes.route(inbound.rule).access();
        let counts = |id: &ProviderId| {
            let provider = self.party.settings(*id).filter(|provider| provider.signs_in);
            let fits = |name: &str| access.takes(name) && named.is_none_or(|named| named == name);
            provider.is_some_and(|provider| fits(&provider.name))
        };
        self.party.ids().filter(counts).collect()
    }

    fn assurance(&self, inbound: &Inbound) -> Assurance {
        self.party.config.routes.route(inbound.rule).access().assurance.clone()
    }

    /// Whether a sign-in for just this has completed a moment ago: another would end just the same.
    fn has_just_signed_in(&self, inbound: &Inbound) -> bool {
        let (session, assurance) = (&self.party.config.session, self.assurance(inbound));
        self.candidates(inbound, None).into_iter().any(|id| {
            let mark = self.party.settings(id).map(|provider| landed_mark(&provider.name, &assurance));
            mark.is_some_and(|mark| has_landed(session, &inbound.cookies, Some(&mark)))
        })
    }

    /// On to where a person who is signed in wanted to go.
    pub(super) fn landing(&self, inbound: &Inbound, return_path: &ReturnPath) -> Reply {
        let origin = inbound.origin.as_ref().map(ToString::to_string).unwrap_or_default();
        Reply::redirect(&format!("{origin}{}", return_path.as_str()))
    }

    /// Redirects to the provider, as soon as its endpoints are known.
    fn start_sign_in(&mut self, inbound: Inbound, sign_in: SignIn, moment: &mut Moment<'_>) -> Decision {
        match self.knows_endpoints(sign_in.provider, moment) {
            true => self.redirect(&inbound, sign_in, moment),
            false => self.wait_for_metadata(inbound, Then::SignIn(sign_in), moment),
        }
    }

    fn log_ignored(&mut self, inbound: &Inbound, name: Option<&str>, now: UnixTime) {
        let Some(name) = name else { return };
        let text = format!(
            "the parameter {name} of a link to the sign-in endpoint is left out: it came twice, or signInParameters do not take \
             its value"
        );
        let line = self.journal.line(log::Level::Debug, inbound.view.request_id(), IGNORED_CODE, text, now);
        line.into_iter().for_each(|line| self.output.event(Event::Log(line)));
    }

    pub(super) fn redirect(&mut self, inbound: &Inbound, sign_in: SignIn, moment: &mut Moment<'_>) -> Decision {
        let Moment { now, entropy, .. } = moment;
        let endpoints = self.party.state(sign_in.provider).and_then(|state| state.endpoints());
        let known = self.party.settings(sign_in.provider).zip(endpoints);
        let (Some(provider), Some(origin)) = (known, &inbound.origin) else {
            return self.refuse_sign_in(inbound, &Refusal::ProviderUnavailable, *now);
        };
        let config = Rc::clone(&self.party.config);
        let asked = Asked::of(&config, inbound, sign_in.provider);
        let sign_in = (sign_in, asked.taken.as_slice());
        match redirect_to_provider(&config, provider, inbound, origin, sign_in, *now, *entropy) {
            Ok(reply) => {
                self.log_ignored(inbound, asked.ignored, *now);
                self.output.event(Event::SignInStarted);
                self.reply(Outcome::Redirected, reply)
            }
            Err(refusal) => self.refuse_sign_in(inbound, &refusal, *now),
        }
    }
}

impl Asked<'_> {
    /// Only a request to the sign-in endpoint asks for anything.
    fn of<'a>(config: &'a Config, inbound: &Inbound, provider: ProviderId) -> Asked<'a> {
        let mut asked = Asked { taken: Vec::new(), ignored: None };
        if inbound.view.path() != config.paths.sign_in.as_bytes() {
            return asked;
        }
        for parameter in config.sign_in_parameters(provider.index()) {
            match inbound.parameter(&parameter.name) {
                Some(value) if parameter.takes(&value) => asked.taken.push((parameter.name.clone(), value)),
                None if !inbound.has_parameter(&parameter.name) => {}
                _ => asked.ignored = Some(&parameter.name),
            }
        }
        asked
    }
}

impl Wanted {
    /// Nothing in a query adds anything to what the provider is asked for (T-71), but that it asks the person again, and what
    /// [`Asked`] takes.
    fn of(config: &Config, inbound: &Inbound, origin: &Origin) -> Self {
        Self {
            return_path: inbound.requested_return_path(config, origin),
            provider: inbound.parameter("provider"),
            again: inbound.parameter("again").is_some(),
        }
    }

    fn is_met_by(&self, session: &Session, access: &Access) -> bool {
        let named = self.provider.as_ref().is_none_or(|name| *name == session.provider);
        !self.again && named && access.takes(&session.provider)
    }
}

const IGNORED_CODE: &str = "sign_in_parameter_ignored";

/// The rule for a page of ours, as its readers will ask for it.
fn rule_of(routes: &Routes, origin: &Origin, path: &ReturnPath) -> Option<usize> {
    routes.decide(origin.host(), "GET", &RawPath::new(path.as_str().as_bytes())).ok()?.index()
}
