//! A local Amazon Cognito user pool: two hosts (issuer: discovery and keys; domain: hosted UI and OAuth) and an admin port.
//! It decides nothing about edge-oidc; it is what edge-oidc meets in the demo and in tests, quirks included. The facts are
//! those of the project's checklist: documented and observed behaviour is the default, unknown behaviour is a switch.
//!
//! ```text
//!  relying party ──► issuer listener ─ gate ─ issuer_host            ┐
//!  browser, RP   ──► domain listener ─ gate ─ authorize login token… ├─► pool: behaviour · users · keys · ledger · log
//!  curl, tests   ──► admin listener / Control                        ┘
//! ```
//!
//! Each listener answers 404 for the other's paths and for any `:authority` that is not its own, and says so in the body.
//!
//! # Admin port
//!
//! | Request | Does |
//! |---|---|
//! | `GET /` | a page with everything below |
//! | `GET /behaviour` | every switch of [`Behaviour`], as JSON |
//! | `PATCH /behaviour` | JSON merge patch (RFC 7396): `{"atHash":false,"faults":{"token":{"fault":"noAnswer","remaining":2}}}`; `null` = default |
//! | `PUT /behaviour` | replaces all; absent members at their default (the only way to a claim that is `null`) |
//! | `POST /rotate-keys` | new keys; answers the new JWKS |
//! | `GET /counters` | [`Counters`] |
//! | `GET /requests` | the latest [`Recorded`] requests, credentials included |
//! | `GET /users` | the users, passwords included |
//! | `PATCH /users/{username}` | JSON merge patch of one: `{"groups":["admins"],"attributes":{"custom:team":null}}` |
//! | `POST /users/{username}/global-sign-out` | revokes every token of the user, as AdminUserGlobalSignOut |
//!
//! Refreshes: `{"rotation":{"graceSeconds":30}}`, `{"rotation":null}`, `{"refresh":{"nonce":"repeated"}}`,
//! `{"faults":{"refresh":{"fault":"tooManyRequestsHtml","remaining":2}},"retryAfter":"5"}`,
//! `{"clientLifetimes":{"CLIENT":{"accessTokenSeconds":1}}}`.
//!
//! Two pools run beside each other: [`Options::partners`] is the second. One of them hostile:
//! `{"mixUp":{"authorizationEndpoint":"https://…/oauth2/authorize","clientId":"…"}}`, `{"callbackIssuer":"own"}`,
//! `{"metadata":{"token_endpoint":"https://…"}}`; or down: [`Behaviour::set_fault_everywhere`].
//! UserInfo: `{"userInfo":{"sub":"other","signed":true,"claims":{"groups":["a"]}}}`.
//!
//! Lifetimes need no sleeping: `clockOffsetSeconds` moves the pool's clock ([`Control::advance`], [`Control::rewind`]).

mod admin;
mod authorize;
mod behaviour;
mod claims;
mod client_auth;
mod clock;
mod control;
mod demo;
mod domain_host;
mod elsewhere;
mod fault;
mod gate;
mod issuer_host;
mod jwt;
mod keys;
mod ledger;
mod listen;
mod log;
mod login;
mod logout;
mod merge_patch;
mod options;
mod page;
mod params;
mod pool;
mod public_url;
mod random;
mod token;
mod token_fault;
mod userinfo;

use std::net::SocketAddr;
use std::sync::Arc;

pub use behaviour::{
    Behaviour, CallbackError, ClientLifetimes, CodeError, DiscoveryVariant, ErrorOrder, IssuerType, LoginVersion,
    RefreshNonce, RefreshVariant, Rotation, ScopeError,
};
pub use control::Control;
pub use elsewhere::{CallbackIssuer, MixUp, UserInfoSub, UserInfoVariant};
pub use fault::{Endpoint, Fault, FaultRule};
pub use jwt::TokenKind;
pub use log::{Counters, Recorded, RefreshCounters};
pub use options::{Client, Federated, Listen, Options, User};
pub use token_fault::{TokenFault, TokenFaultRule};

pub(crate) use clock::now;
pub(crate) use listen::{Server, bind};
use pool::Pool;
pub(crate) use public_url::PublicUrl;
pub(crate) use random::uuid;

/// A running local Cognito; it stops when this is dropped.
#[derive(Debug)]
pub struct Cognito {
    pool: Arc<Pool>,
    issuer: Server,
    domain: Server,
    admin: Server,
}

impl Cognito {
    /// Binds the three listeners and serves.
    pub async fn start(options: Options) -> anyhow::Result<Cognito> {
        let Options { issuer, domain, tls, clients, users, behaviour, listen, first_keys } = options;
        clients.iter().try_for_each(Client::check)?;
        let issuer_listener = bind(listen.issuer).await?;
        let domain_listener = bind(listen.domain).await?;
        let admin_listener = bind(listen.admin).await?;
        let issuer = PublicUrl::parse(&issuer, issuer_listener.local_addr()?.port())?;
        let domain = PublicUrl::parse(&domain, domain_listener.local_addr()?.port())?;
        let pool = Arc::new(Pool::new(issuer, domain, clients, users, behaviour, first_keys));
        Ok(Cognito {
            issuer: Server::start(issuer_listener, tls.clone(), issuer_host::router(&pool))?,
            domain: Server::start(domain_listener, tls, domain_host::router(&pool))?,
            admin: Server::start(admin_listener, None, admin::router(&pool))?,
            pool,
        })
    }

    /// Where the issuer listener is.
    pub fn issuer_addr(&self) -> SocketAddr {
        self.issuer.addr
    }

    /// Where the domain listener is.
    pub fn domain_addr(&self) -> SocketAddr {
        self.domain.addr
    }

    /// Where the admin listener is.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr
    }

    /// The issuer: of [`Options`], with the real port.
    pub fn issuer(&self) -> &str {
        &self.pool.issuer.text
    }

    /// The base URL of the domain: of [`Options`], with the real port.
    pub fn domain(&self) -> &str {
        &self.pool.domain.text
    }

    /// A handle for tests.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.pool))
    }
}
