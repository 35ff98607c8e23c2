//! A request as the flow carries it: what it says, who asks, and which of our own addresses it names.
//!
//! Decides whether a path is one of our endpoints and whether the request's session stands. What follows is `flow`'s.

use crate::{
    config::Config,
    flow::decision::RequestId,
    http::{
        cookie::Cookies,
        origin::Origin,
        path::ReturnPath,
        request::{Client, RequestView},
    },
    oidc::provider::ProviderSettings,
    session::{Session, SessionCookie, read_session},
    time::UnixTime,
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
    /// The public origin that it was sent to; `None` if its host is none of `publicUrls`.
    pub origin: Option<Origin>,
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
}

/// What the session cookies of a request are worth now.
#[derive(Debug)]
pub enum Standing {
    /// No cookie of ours.
    Absent,
    /// Cookies that open nothing, or a session that has ended or belongs elsewhere: to be deleted.
    Void,
    /// A session in force.
    Valid(Box<Session>),
}

impl Inbound {
    /// Takes up a request.
    pub fn new(id: RequestId, view: RequestView, config: &Config) -> Self {
        let cookies = Cookies::parse(view.values("cookie"));
        let origin = config.public_urls.iter().find(|origin| origin.has_authority(view.authority())).cloned();
        Self { id, client: view.client(), cookies, origin, view }
    }

    /// The endpoint of ours that the path names, byte for byte.
    pub fn own_endpoint(&self, config: &Config) -> Option<OwnEndpoint> {
        self.origin.as_ref()?;
        let is = |path: &str| path.as_bytes() == self.view.path();
        let paths = &config.paths;
        let endpoints = [
            (&paths.callback, OwnEndpoint::Callback),
            (&paths.sign_in, OwnEndpoint::SignIn),
            (&paths.sign_out, OwnEndpoint::SignOut),
        ];
        endpoints.into_iter().find(|(path, _)| is(path)).map(|(_, endpoint)| endpoint)
    }

    /// What the session cookies are worth at `now`.
    pub fn standing(&self, config: &Config, origin: &Origin, now: UnixTime) -> Standing {
        let provider = config.provider();
        match read_session(&config.session, &self.cookies, host_scope(config, origin), &provider.client_id) {
            SessionCookie::None => Standing::Absent,
            SessionCookie::Open(session) if in_force(&session, provider, now) => Standing::Valid(Box::new(session)),
            SessionCookie::Bad | SessionCookie::Open(_) => Standing::Void,
        }
    }

    /// The address that the request itself names, as a place to come back to.
    pub fn return_path(&self, origin: &Origin) -> ReturnPath {
        ReturnPath::parse(&self.view.path_and_query(), origin).unwrap_or_else(ReturnPath::root)
    }

    /// `return_to` of the query, if it is safe; `/` otherwise.
    pub fn requested_return_path(&self, origin: &Origin) -> ReturnPath {
        let query = self.view.query().unwrap_or_default();
        let mut values = url::form_urlencoded::parse(query).filter(|(name, _)| name == "return_to");
        let only = values.next().filter(|_| values.next().is_none());
        only.and_then(|(_, value)| ReturnPath::parse(value.as_bytes(), origin)).unwrap_or_else(ReturnPath::root)
    }
}

/// What cookies are bound to: the configured domain, else the public host itself.
pub fn host_scope<'a>(config: &'a Config, origin: &'a Origin) -> &'a str {
    config.session.cookie.domain.as_deref().unwrap_or(origin.authority())
}

fn in_force(session: &Session, provider: &ProviderSettings, now: UnixTime) -> bool {
    session.provider == provider.name && session.valid_at(now).is_ok()
}
