//! Somebody is known: what is still asked of them before their request goes on, and as whom it goes.
//!
//! Decides the order of these checks, the same for sessions and for tokens: how strongly the person signed in, the rule's
//! requirement, identity, the external authorizer. Continues [`Engine`].

use std::{rc::Rc, time::Duration};

use super::{
    Engine, Moment,
    decision::{Decision, Gift, Going},
    event::Outcome,
    gate::Treated,
    inbound::{Inbound, Wish},
    provider::ProviderId,
    refusal::Refusal,
};
use crate::{
    config::Config,
    http::{header_edits::HeaderEdits, request::Client},
    identity::{AUTHORIZATION, Identity, IdentityError},
    oidc::{
        bearer::TokenKind,
        claims::{Naming, TrustedClaims},
    },
    policy::{Access, Subject},
    secret::Secret,
    session::Session,
    time::UnixTime,
};

/// Somebody who is known.
#[derive(Debug)]
pub struct Caller {
    /// Who vouches for them.
    pub provider: ProviderId,
    /// What is said of them.
    pub claims: TrustedClaims,
    /// What their claims are called.
    pub naming: Naming,
    /// When they signed in at the provider, in seconds since 1970, where a session knows it.
    pub auth_time: Option<u64>,
    /// What they are known by.
    pub credential: Credential,
}

/// What somebody is known by.
#[derive(Debug)]
pub enum Credential {
    /// A bearer token.
    Bearer {
        /// What it is.
        kind: TokenKind,
        /// It itself.
        token: Secret<String>,
    },
    /// A session.
    Session {
        /// Its ID token, if it keeps it.
        id_token: Option<Secret<String>>,
        /// Its access token, if it keeps it.
        access_token: Option<Secret<String>>,
        /// What its response gives to the browser.
        gift: Option<Gift>,
        /// Whether it came in a header, and not in the cookie.
        by_header: bool,
    },
}

impl Engine {
    /// The checks of a request of somebody who is known. `edits` are what is taken off it.
    pub(super) fn clear(
        &mut self,
        inbound: Inbound,
        edits: HeaderEdits,
        mut caller: Caller,
        moment: &mut Moment<'_>,
    ) -> Decision {
        let config = Rc::clone(&self.party.config);
        let access = config.routes.route(inbound.rule).access();
        let gift = caller.credential.take_gift();
        let identity = match self.judge(&caller, access, moment.now) {
            Ok(identity) => identity,
            Err(refusal) => {
                let cookies = gift.map(|gift| gift.cookies).unwrap_or_default();
                return self.bar(inbound, &caller, &refusal, moment).with_cookies(cookies);
            }
        };
        let going = Going { response: gift, ..going(&config, &inbound, edits, &caller, &identity) };
        match &config.external_authorization {
            Some(authorizer) if access.external_authorization => {
                self.ask_authorizer(authorizer, inbound, going, &caller, &identity, moment)
            }
            _ => self.forward(&inbound, Outcome::Authenticated, going),
        }
    }

    /// As whom somebody goes on who signed in as strongly as `access` demands and meets its requirement.
    fn judge(&self, caller: &Caller, access: &Access, now: UnixTime) -> Result<Identity, Refusal> {
        let config = &self.party.config;
        let leeway = self.party.settings(caller.provider).map_or(Duration::ZERO, |provider| provider.leeway);
        if let Some(shortfall) = access.assurance.shortfall(&caller.claims, caller.auth_time, leeway, now) {
            return Err(Refusal::SignInTooWeak(shortfall));
        }
        let subject = Subject {
            claims: &caller.claims,
            groups_claim: config.identity.groups_claim(&caller.naming),
            groups_prefix: config.identity.groups_prefix(&caller.naming),
            allow_unverified_email: config.identity.allow_unverified_email,
        };
        match access.requirement.as_ref().and_then(|requirement| requirement.unmet(subject)) {
            Some(unmet) => Err(Refusal::Requirement(unmet)),
            None => caller.identity(config).map_err(Refusal::Identity),
        }
    }

    /// The person of a session, and what their response brings.
    pub(super) fn caller(
        &self,
        provider: ProviderId,
        inbound: &Inbound,
        mut session: Session,
        gift: Option<Gift>,
    ) -> Caller {
        Caller {
            provider,
            naming: self.party.settings(provider).map(|provider| provider.naming.clone()).unwrap_or_default(),
            auth_time: session.auth_time,
            credential: Credential::Session {
                id_token: session.id_token.take(),
                access_token: session.access_token.take(),
                gift,
                by_header: inbound.carried.decides(),
            },
            claims: TrustedClaims::unsealed(session.claims),
        }
    }

    /// Whoever would be sent to sign in if they were nobody, and whose sign-in is too weak, is sent to sign in again, once; all
    /// others are told what is lacking.
    fn bar(&mut self, inbound: Inbound, caller: &Caller, refusal: &Refusal, moment: &mut Moment<'_>) -> Decision {
        let (Refusal::SignInTooWeak(_), Credential::Session { .. }) = (refusal, &caller.credential) else {
            return self.refuse(&inbound, refusal, moment.now);
        };
        match self.treated(inbound) {
            Treated::Known(inbound) if inbound.client == Client::Navigation && inbound.wish == Wish::Forward => {
                self.step_up(inbound, caller.provider, moment)
            }
            Treated::Anonymous(inbound) | Treated::Known(inbound) => self.refuse(&inbound, refusal, moment.now),
        }
    }
}

/// As whom the request goes on: identity and tokens, in headers and in what the filters after us can read.
fn going(config: &Config, inbound: &Inbound, mut edits: HeaderEdits, caller: &Caller, identity: &Identity) -> Going {
    let forward = config.forwarding(inbound.rule);
    let (id_token, access_token) = caller.credential.tokens();
    // A verdict says who it is. A page's script can ask for one, too, and no token is for it.
    let tokens = match inbound.wish {
        Wish::Forward => forward.token_headers(id_token, access_token),
        Wish::Verdict => Vec::new(),
    };
    // Where a token of ours belongs, the client's own would be taken for it; one that we verified is as good.
    let replaced = tokens.iter().any(|(name, _)| name == AUTHORIZATION);
    let verified = matches!(caller.credential, Credential::Bearer { .. }) && config.bearer.header == AUTHORIZATION;
    if replaced || forward.takes_authorization() && !verified {
        edits.remove(AUTHORIZATION);
    }
    let fields = caller.fields(config, identity).into_iter().chain(tokens).collect();
    let properties = if config.identity.filter_state { properties(config, caller, identity) } else { Vec::new() };
    Going { edits, fields, properties, response: None }
}

/// What the filters after us and the access log can read: `wasm.` and these names in Envoy's filter state.
fn properties(config: &Config, caller: &Caller, identity: &Identity) -> Vec<(&'static str, Vec<u8>)> {
    let provider = config.providers().get(caller.provider.index()).map(|provider| provider.name.as_str());
    let subject = caller.claims.claim("sub").and_then(serde_json::Value::as_str);
    let values = [
        ("edge_oidc_user", identity.user_id()),
        ("edge_oidc_groups", Some(identity.groups()).filter(|groups| !groups.is_empty())),
        ("edge_oidc_provider", provider),
        ("edge_oidc_subject", subject),
    ];
    values.into_iter().filter_map(|(name, value)| Some((name, value?.as_bytes().to_vec()))).collect()
}

impl Caller {
    /// As whom they are known to the applications.
    ///
    /// # Errors
    /// Their claims give no usable user id.
    pub fn identity(&self, config: &Config) -> Result<Identity, IdentityError> {
        Identity::from_claims(&config.identity, &self.naming, &self.claims)
    }

    /// What the applications are told of them, as header fields: `identity`, and by what they are known.
    pub fn fields(&self, config: &Config, identity: &Identity) -> Vec<(String, Vec<u8>)> {
        let method = self.credential.method().as_bytes();
        let method = config.identity.auth_method.iter().map(|header| (header.clone(), method.to_vec()));
        identity.headers().iter().cloned().chain(method).collect()
    }
}

impl Credential {
    /// What authservice calls the way somebody is known by.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Bearer { .. } | Self::Session { by_header: true, .. } => "header",
            Self::Session { by_header: false, .. } => "cookie",
        }
    }

    fn take_gift(&mut self) -> Option<Gift> {
        match self {
            Self::Bearer { .. } => None,
            Self::Session { gift, .. } => gift.take(),
        }
    }

    /// The ID token and the access token, as far as there are any to hand on.
    fn tokens(&self) -> (Option<&Secret<String>>, Option<&Secret<String>>) {
        match self {
            Self::Bearer { kind: TokenKind::IdToken, token } => (Some(token), None),
            Self::Bearer { token, .. } => (None, Some(token)),
            Self::Session { id_token, access_token, .. } => (id_token.as_ref(), access_token.as_ref()),
        }
    }
}
