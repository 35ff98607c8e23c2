//! Decides what a test can do to a running pool from within the process; the admin port offers the same over HTTP.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::jwt::TokenKind;
use super::ledger::Grant;
use super::log::{Counters, Recorded};
use super::pool::Pool;
use super::random::uuid;
use super::token_fault::TokenFault;
use super::{Behaviour, Client, User};

/// A handle on a pool.
#[derive(Clone, Debug)]
pub struct Control {
    pool: Arc<Pool>,
}

impl Control {
    pub(super) fn new(pool: Arc<Pool>) -> Control {
        Control { pool }
    }

    /// The switches as they are now.
    pub fn behaviour(&self) -> Behaviour {
        self.pool.behaviour()
    }

    /// Changes switches, for the requests that follow.
    pub fn set_behaviour(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.pool.behaviour_mut());
    }

    /// Moves the pool's clock ahead: what it has issued grows old, what it issues is from the future.
    pub fn advance(&self, by: Duration) {
        self.shift(i64::try_from(by.as_secs()).unwrap_or(i64::MAX));
    }

    /// Moves the pool's clock back: what it issues from now on is already that old.
    pub fn rewind(&self, by: Duration) {
        self.shift(i64::try_from(by.as_secs()).map_or(i64::MIN, |seconds| -seconds));
    }

    /// The pool's time, in seconds since 1970.
    pub fn now(&self) -> u64 {
        self.pool.now()
    }

    /// New ID and access keys; the old ones leave the JWKS.
    pub fn rotate_keys(&self) {
        self.pool.keys().rotate();
    }

    /// Changes, adds or removes users; the next sign-in or refresh sees it.
    pub fn edit_users(&self, edit: impl FnOnce(&mut Vec<User>)) {
        edit(&mut self.pool.users());
    }

    /// Changes one user; the next sign-in or refresh sees it. Whether there is such a user.
    pub fn edit_user(&self, username: &str, edit: impl FnOnce(&mut User)) -> bool {
        self.pool.users().iter_mut().find(|user| user.username == username).map(edit).is_some()
    }

    /// Signs a user out everywhere, as AdminUserGlobalSignOut does: refresh tokens are refused and access tokens too, at
    /// userInfo; JWTs keep verifying, and the SSO cookie stays good unless [`Behaviour::global_sign_out_ends_sso`].
    /// Whether there is such a user.
    pub fn global_sign_out(&self, username: &str) -> bool {
        self.pool.global_sign_out(username)
    }

    /// How often what was asked for.
    pub fn counters(&self) -> Counters {
        self.pool.log().counters.clone()
    }

    /// The latest thousand requests to authorize, login, token, userInfo, revoke and logout, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.pool.log().requests()
    }

    /// A properly signed ID token with `changes` to its claims. An unknown user is made up.
    pub fn mint_id_token(
        &self,
        username: &str,
        client_id: &str,
        nonce: Option<&str>,
        changes: impl FnOnce(&mut Map<String, Value>),
    ) -> String {
        self.mint(TokenKind::Id, self.grant(username, client_id, nonce), changes)
    }

    /// A properly signed access token, with all scopes of the client and with `changes` to its claims.
    pub fn mint_access_token(
        &self,
        username: &str,
        client_id: &str,
        changes: impl FnOnce(&mut Map<String, Value>),
    ) -> String {
        self.mint(TokenKind::Access, self.grant(username, client_id, None), changes)
    }

    /// A properly signed access token of the client credentials grant, with all custom scopes of the client and with
    /// `changes` to its claims.
    pub fn mint_machine_token(&self, client_id: &str, changes: impl FnOnce(&mut Map<String, Value>)) -> String {
        let scopes = self.pool.client(client_id).map(Client::custom_scopes).unwrap_or_default();
        let mut claims = self.pool.machine_claims(client_id, &scopes);
        changes(&mut claims);
        self.sign(TokenKind::Access, claims, None)
    }

    /// Signs any claims with the pool's key for that kind of token, with a fault or without.
    pub fn sign(&self, kind: TokenKind, claims: Map<String, Value>, fault: Option<TokenFault>) -> String {
        self.pool.sign(kind, claims, fault)
    }

    /// The claims that a token of this user would have, for [`Control::sign`].
    pub fn claims(&self, kind: TokenKind, username: &str, client_id: &str, nonce: Option<&str>) -> Map<String, Value> {
        self.claims_of(kind, &self.grant(username, client_id, nonce))
    }

    fn mint(&self, kind: TokenKind, grant: Grant, changes: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = self.claims_of(kind, &grant);
        changes(&mut claims);
        self.sign(kind, claims, None)
    }

    fn claims_of(&self, kind: TokenKind, grant: &Grant) -> Map<String, Value> {
        let user = self.pool.user(&grant.username).unwrap_or_else(|| User::new(&grant.username, ""));
        self.pool.claims(grant, &user, |subject| match kind {
            TokenKind::Access => subject.access_token(),
            TokenKind::Id => subject.id_token(None),
        })
    }

    fn grant(&self, username: &str, client_id: &str, nonce: Option<&str>) -> Grant {
        let scopes = self.pool.client(client_id).map(|client| client.scopes.clone());
        let grant = Grant {
            client_id: client_id.to_owned(),
            username: username.to_owned(),
            scopes: scopes.unwrap_or_else(|| vec!["openid".to_owned(), "email".to_owned(), "profile".to_owned()]),
            nonce: nonce.map(str::to_owned),
            resource: None,
            auth_time: self.pool.now(),
            acr: None,
            origin_jti: uuid(),
            event_id: uuid(),
        };
        self.pool.ledger().note_sign_in(&grant);
        grant
    }

    fn shift(&self, seconds: i64) {
        self.set_behaviour(|behaviour| {
            behaviour.clock_offset_seconds = behaviour.clock_offset_seconds.saturating_add(seconds);
        });
    }
}
