//! Decides how the parts of a pool are shared between listeners, admin port and tests: one `Pool`, a lock for each part that
//! changes, never held across an await.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::behaviour::IssuerType;
use super::claims::{Subject, machine_token};
use super::clock;
use super::fault::{Endpoint, Fault};
use super::jwt::{Draft, TokenKind};
use super::keys::KeyRing;
use super::ledger::{Grant, Ledger};
use super::log::Log;
use super::public_url::PublicUrl;
use super::token_fault::{TokenFault, TokenFaultRule};
use super::{Behaviour, Client, User};

/// The state of a running pool.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) issuer: PublicUrl,
    pub(super) updated_issuer: PublicUrl,
    pub(super) domain: PublicUrl,
    pub(super) clients: Vec<Client>,
    users: Mutex<Vec<User>>,
    behaviour: Mutex<Behaviour>,
    keys: Mutex<KeyRing>,
    ledger: Mutex<Ledger>,
    log: Mutex<Log>,
}

impl Pool {
    pub(super) fn new(
        issuer: PublicUrl,
        domain: PublicUrl,
        clients: Vec<Client>,
        users: Vec<User>,
        behaviour: Behaviour,
        first_keys: usize,
    ) -> Pool {
        Pool {
            updated_issuer: issuer.updated_issuer(),
            keys: Mutex::new(KeyRing::new(&issuer.text, first_keys)),
            issuer,
            domain,
            clients,
            users: Mutex::new(users),
            behaviour: Mutex::new(behaviour),
            ledger: Mutex::default(),
            log: Mutex::default(),
        }
    }

    /// The switches as they are now.
    pub(super) fn behaviour(&self) -> Behaviour {
        held(&self.behaviour).clone()
    }

    /// The switches, to be changed.
    pub(super) fn behaviour_mut(&self) -> MutexGuard<'_, Behaviour> {
        held(&self.behaviour)
    }

    pub(super) fn users(&self) -> MutexGuard<'_, Vec<User>> {
        held(&self.users)
    }

    pub(super) fn keys(&self) -> MutexGuard<'_, KeyRing> {
        held(&self.keys)
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        held(&self.ledger)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        held(&self.log)
    }

    /// The pool's time.
    pub(super) fn now(&self) -> u64 {
        clock::now(held(&self.behaviour).clock_offset_seconds)
    }

    pub(super) fn client(&self, client_id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.client_id == client_id)
    }

    pub(super) fn user(&self, username: &str) -> Option<User> {
        self.users().iter().find(|user| user.username == username).cloned()
    }

    /// The user who signs in with that name (or e-mail alias) and that password.
    pub(super) fn authenticated(&self, name: &str, password: &str) -> Option<User> {
        let named = |user: &&User| user.username == name || (user.email_alias && user.email.as_deref() == Some(name));
        self.users().iter().filter(named).find(|user| user.password == password).cloned()
    }

    /// The issuer that tokens name now.
    pub(super) fn issuer_in_effect(&self) -> &PublicUrl {
        match held(&self.behaviour).issuer_type {
            IssuerType::Original => &self.issuer,
            IssuerType::Updated => &self.updated_issuer,
        }
    }

    /// The fault that is due at an endpoint; takes one occurrence.
    pub(super) fn take_fault(&self, endpoint: Endpoint) -> Option<Fault> {
        let mut behaviour = self.behaviour_mut();
        let (fault, left) = behaviour.faults.remove(&endpoint)?.take();
        if let Some(left) = left {
            behaviour.faults.insert(endpoint, left);
        }
        fault
    }

    /// The fault that is due in an ID token; takes one occurrence.
    pub(super) fn take_id_token_fault(&self) -> Option<TokenFault> {
        take(&mut self.behaviour_mut().id_token_fault)
    }

    /// The same for the ID token of a refresh.
    pub(super) fn take_refresh_id_token_fault(&self) -> Option<TokenFault> {
        let own = take(&mut self.behaviour_mut().refresh.id_token_fault);
        own.or_else(|| self.take_id_token_fault())
    }

    /// Signs a user out everywhere, as AdminUserGlobalSignOut does; whether there is such a user.
    pub(super) fn global_sign_out(&self, username: &str) -> bool {
        if self.user(username).is_none() {
            return false;
        }
        let ends_sso = self.behaviour().global_sign_out_ends_sso;
        let mut ledger = self.ledger();
        ledger.sign_out_globally(username);
        if ends_sso {
            ledger.end_sessions_of(username);
        }
        self.log().counters.global_sign_outs += 1;
        true
    }

    /// Signs claims, spoiled by `fault` if there is one.
    pub(super) fn sign(&self, kind: TokenKind, claims: Map<String, Value>, fault: Option<TokenFault>) -> String {
        match fault {
            Some(TokenFault::Garbage) => return "not-a-jwt".to_owned(),
            Some(TokenFault::MissingToken) => return String::new(),
            _ => {}
        }
        let mut draft = Draft::new(kind, claims);
        if self.behaviour().typ_header {
            draft.more_header.insert("typ".to_owned(), Value::from("JWT"));
        }
        if let Some(fault) = fault {
            fault.spoil(&mut draft);
        }
        draft.sign(&self.keys())
    }

    /// The claims of a machine's access token.
    pub(super) fn machine_claims(&self, client_id: &str, scopes: &[String]) -> Map<String, Value> {
        machine_token(&self.behaviour(), &self.issuer_in_effect().text, client_id, scopes, self.now())
    }

    /// Hands what claims are made of to `make`.
    pub(super) fn claims<T>(&self, grant: &Grant, user: &User, make: impl FnOnce(&Subject<'_>) -> T) -> T {
        let behaviour = self.behaviour();
        let issuer = self.issuer_in_effect();
        let pool_id = self.issuer.last_segment();
        make(&Subject { behaviour: &behaviour, issuer: &issuer.text, pool_id, user, grant, now: self.now() })
    }
}

fn take(rule: &mut Option<TokenFaultRule>) -> Option<TokenFault> {
    let (fault, left) = rule.take()?.take();
    *rule = left;
    fault
}

/// Locks; a panic elsewhere (in a test's closure, say) does not make the pool unusable.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
