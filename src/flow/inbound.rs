//! A request as the flow carries it: what it says, who asks, and which of our own addresses it names.
//!
//! Decides whether a path is one of our endpoints and whether the request's session stands. What follows is `flow`'s.

use crate::{
    config::Config,
    flow::{Moment, carried::Carried, decision::RequestId, relying_party::RelyingParty},
    http::{
        cookie::Cookies,
        origin::Origin,
        path::ReturnPath,
        request::{Client, RequestView},
    },
    session::{Session, SessionCookie},
};

/// A request that is being decided.
#[derive(Debug)]
pub struct Inbound {
    /// As the host numbers it.
    pub id: RequestId,
    /// What it says.
    pub view: RequestView,
    /// Who asks.
    pub client: Client,
    /// Its cookies.
    pub cookies: Cookies,
    /// What it says in the header for sessions.
    pub carried: Carried,
    /// The public origin that it was sent to; `None` if its host is none of `publicUrls`.
    pub origin: Option<Origin>,
    /// The rule that it falls under, by its place; `None` before that is known, and where none matches.
    pub rule: Option<usize>,
    /// What is wanted of us.
    pub wish: Wish,
}

/// What is wanted with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// That it goes on to the application.
    Forward,
    /// Only our verdict: a proxy in front of the application asks for it.
    Verdict,
}

/// Our own addresses: exact paths on a public origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnEndpoint {
    /// Where the provider sends the browser back to.
    Callback,
    /// Starts a sign-in.
    SignIn,
    /// Ends the session.
    SignOut,
    /// Where the browser lands after a sign-out at the provider.
    SignedOut,
    /// Says who is signed in.
    Whoami,
    /// Takes logout tokens.
    BackChannel,
    /// Ends the session in a frame of the provider's page.
    FrontChannel,
    /// Says to everyone who is signed in, and leads on.
    Homepage,
}

/// What the session of a request is worth now.
#[derive(Debug)]
pub enum Standing {
    /// None.
    Absent,
    /// A session of ours that is over for good: its time, or somebody ended it.
    Ended(Box<Session>),
    /// A session of ours whose tokens are over; a refresh may renew it.
    Expired(Box<Session>),
    /// Cookies or a header that open nothing, or a session of another provider or for other claims: to be deleted.
    Void,
    /// A session in force.
    Valid(Box<Session>),
}

impl Inbound {
    /// Takes up a request.
    pub fn new(id: RequestId, view: RequestView, config: &Config) -> Self {
        let cookies = Cookies::parse(view.values("cookie"));
        let origin = config.public_urls.origin_for(view.authority());
        let (client, carried, wish) = (view.client(), Carried::Absent, Wish::Forward);
        Self { id, client, cookies, carried, origin, rule: None, wish, view }
    }

    /// The endpoint of ours that the path names, byte for byte.
    pub fn own_endpoint(&self, config: &Config) -> Option<OwnEndpoint> {
        self.origin.as_ref()?;
        let is = |path: &str| path.as_bytes() == self.view.path();
        let paths = &config.paths;
        if config.is_callback(self.view.path()) {
            return Some(OwnEndpoint::Callback);
        }
        let endpoints = [
            (Some(&paths.sign_in), OwnEndpoint::SignIn),
            (Some(&paths.sign_out), OwnEndpoint::SignOut),
            (Some(&paths.signed_out), OwnEndpoint::SignedOut),
            (Some(&paths.whoami), OwnEndpoint::Whoami),
            (paths.back_channel.as_ref(), OwnEndpoint::BackChannel),
            (paths.front_channel.as_ref(), OwnEndpoint::FrontChannel),
            (paths.homepage.as_ref(), OwnEndpoint::Homepage),
        ];
        endpoints.into_iter().find(|(path, _)| path.is_some_and(|path| is(path))).map(|(_, endpoint)| endpoint)
    }

    /// What it is if it asks for our verdict on another path, which only its own path names (T-24): that request, as the proxy
    /// that asks would have sent it on.
    #[must_use]
    pub fn or_verdict(self, config: &Config) -> Self {
        let rest = config.paths.verify.as_ref().and_then(|path| self.view.path().strip_prefix(path.as_bytes()));
        match rest.filter(|rest| rest.is_empty() || rest.starts_with(b"/")).map(<[u8]>::to_vec) {
            Some(rest) if self.origin.is_some() => {
                let path = if rest.is_empty() { b"/".to_vec() } else { rest };
                Self { client: Client::Program, view: self.view.at(path), wish: Wish::Verdict, ..self }
            }
            _ => self,
        }
    }

    /// What the session is worth now: that of the header if there is one, else that of the cookies.
    pub fn standing(&self, party: &mut RelyingParty, origin: &Origin, moment: &Moment<'_>) -> Standing {
        match &self.carried {
            Carried::Session(session, _) => party.standing(session.clone(), moment),
            Carried::Confused | Carried::Void => Standing::Void,
            Carried::Absent | Carried::Foreign => self.cookie_standing(party, origin, moment),
        }
    }

    /// The session that a sign-out ends: that of the cookies also where the header has none.
    pub fn ending(&self, party: &mut RelyingParty, origin: &Origin, moment: &Moment<'_>) -> Option<Box<Session>> {
        let of = |standing| match standing {
            Standing::Valid(session) | Standing::Ended(session) | Standing::Expired(session) => Some(session),
            Standing::Absent | Standing::Void => None,
        };
        of(self.standing(party, origin, moment)).or_else(|| of(self.cookie_standing(party, origin, moment)))
    }

    /// What the session cookies are worth now.
    pub fn cookie_standing(&self, party: &mut RelyingParty, origin: &Origin, moment: &Moment<'_>) -> Standing {
        match party.open(&self.cookies, host_scope(&party.config, origin)) {
            SessionCookie::None => Standing::Absent,
            SessionCookie::Open(session) => party.standing(session, moment),
            SessionCookie::Bad | SessionCookie::Several => Standing::Void,
        }
    }

    /// The address that the request itself names, as a place to come back to; without its query if that is too long.
    pub fn return_path(&self, origin: &Origin) -> ReturnPath {
        let whole = ReturnPath::parse(&self.view.path_and_query(), origin);
        whole.or_else(|| ReturnPath::parse(self.view.path(), origin)).unwrap_or_else(ReturnPath::root)
    }

    /// What a wait needs of the request, and no more: thousands may wait, and a client can send headers by the hundred KB.
    #[must_use]
    pub fn slim(self, config: &Config) -> Self {
        let cookies = self.cookies.only(|name| config.session.cookie.owns(name));
        Self { view: self.view.keeping(&["referer", "sec-fetch-site", "x-request-id"]), cookies, ..self }
    }

    /// How many bytes it holds.
    pub fn size(&self) -> usize {
        self.view.size().saturating_add(self.cookies.size()).saturating_add(self.carried.size())
    }

    /// The place that the query asks to come to, if it is safe; `/` otherwise.
    pub fn requested_return_path(&self, config: &Config, origin: &Origin) -> ReturnPath {
        let asked = self.return_to(config).and_then(|path| ReturnPath::parse(path.as_bytes(), origin));
        asked.unwrap_or_else(ReturnPath::root)
    }

    /// The place that the query asks to come to, unjudged, if it is there once.
    pub fn return_to(&self, config: &Config) -> Option<String> {
        self.parameter(&config.paths.return_parameter)
    }

    /// Whether the query has the member `name`, whatever its value.
    pub fn has_parameter(&self, name: &str) -> bool {
        let query = self.view.query().unwrap_or_default();
        url::form_urlencoded::parse(query).any(|(other, _)| other == name)
    }

    /// The member `name` of the query, if it is there once.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.view.query().unwrap_or_default();
        let mut values = url::form_urlencoded::parse(query).filter(|(other, _)| other == name);
        let only = values.next().filter(|_| values.next().is_none());
        only.map(|(_, value)| value.into_owned())
    }
}

/// What cookies are bound to: the configured domain, else the public host itself.
pub fn host_scope<'a>(config: &'a Config, origin: &'a Origin) -> &'a str {
    config.session.cookie.domain.as_deref().unwrap_or(origin.authority())
}
