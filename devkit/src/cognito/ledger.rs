//! Decides what the pool remembers and for how long: open login forms, SSO sessions, codes, refresh tokens, revocations.
//! Time is an argument. Everything is bounded: what has expired is swept whenever something is added.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::behaviour::Rotation;
use super::random::{refresh_token, uuid};

/// What one sign-in granted; codes and refresh tokens stand for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) username: String,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) auth_time: u64,
    pub(super) acr: Option<String>,
    pub(super) origin_jti: String,
    pub(super) event_id: String,
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: Option<String>,
    pub(super) expires: u64,
}

/// What a refresh token stands for.
#[derive(Clone, Debug)]
pub(super) struct RefreshToken {
    pub(super) grant: Grant,
    pub(super) expires: u64,
    /// When it stops working because rotation replaced it.
    pub(super) replaced_until: Option<u64>,
}

/// Who signed in interactively, and when.
#[derive(Clone, Debug)]
pub(super) struct SsoSession {
    pub(super) username: String,
    pub(super) auth_time: u64,
    pub(super) acr: Option<String>,
    expires: u64,
}

/// Everything that was issued and not forgotten yet.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    forms: HashMap<FormId, u64>,
    sessions: HashMap<String, SsoSession>,
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
    /// The user of every `origin_jti`.
    sign_ins: HashMap<String, String>,
    revoked: HashSet<String>,
}

/// A login form: the browser's XSRF token and the query it was shown for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct FormId {
    pub(super) xsrf: String,
    pub(super) query: String,
}

/// No map grows beyond this; an outgrown one is emptied, which a development server survives.
const LIMIT: usize = 100_000;

impl Ledger {
    /// A form was shown; showing it again does not extend it.
    pub(super) fn open_form(&mut self, form: FormId, now: u64, lifetime: u64) {
        sweep(&mut self.forms, |opened| now <= opened.saturating_add(lifetime));
        self.forms.entry(form).or_insert(now);
    }

    /// Whether that form was shown and is not too old.
    pub(super) fn form_is_open(&self, form: &FormId, now: u64, lifetime: u64) -> bool {
        self.forms.get(form).is_some_and(|opened| now <= opened.saturating_add(lifetime))
    }

    /// Begins an SSO session: the cookie's value.
    pub(super) fn begin_session(&mut self, username: &str, acr: Option<String>, now: u64, lifetime: u64) -> String {
        sweep(&mut self.sessions, |session| now < session.expires);
        let id = uuid();
        let expires = now.saturating_add(lifetime);
        self.sessions.insert(id.clone(), SsoSession { username: username.to_owned(), auth_time: now, acr, expires });
        id
    }

    /// The living session behind a cookie.
    pub(super) fn session(&self, id: &str, now: u64) -> Option<SsoSession> {
        self.sessions.get(id).filter(|session| now < session.expires).cloned()
    }

    /// Ends a session.
    pub(super) fn end_session(&mut self, id: &str) {
        self.sessions.remove(id);
    }

    /// A code for `code`.
    pub(super) fn issue_code(&mut self, code: Code, now: u64) -> String {
        sweep(&mut self.codes, |code| now < code.expires);
        let name = uuid();
        self.codes.insert(name.clone(), code);
        name
    }

    /// The code, which is used up by this; a code of another client stays as it is.
    pub(super) fn redeem_code(&mut self, name: &str, client_id: &str, now: u64) -> Option<Code> {
        self.codes.get(name).filter(|code| code.grant.client_id == client_id)?;
        self.codes.remove(name).filter(|code| now < code.expires)
    }

    /// A refresh token for `grant`.
    pub(super) fn issue_refresh_token(&mut self, grant: Grant, expires: u64, now: u64) -> String {
        sweep(&mut self.refresh_tokens, |token| now < token.expires);
        self.note_sign_in(&grant);
        let name = refresh_token();
        self.refresh_tokens.insert(name.clone(), RefreshToken { grant, expires, replaced_until: None });
        name
    }

    /// The refresh token, if it is known, whoever asks and whatever became of it.
    pub(super) fn refresh_token(&self, name: &str) -> Option<&RefreshToken> {
        self.refresh_tokens.get(name)
    }

    /// Uses a refresh token: what it stands for and, with rotation, the one that takes its place and has its expiry. A token
    /// that is replaced already works until the grace of its first use is over.
    pub(super) fn use_refresh_token(
        &mut self,
        name: &str,
        client_id: &str,
        now: u64,
        rotation: Option<Rotation>,
    ) -> Option<(Grant, Option<String>)> {
        let token = self.refresh_tokens.get_mut(name)?;
        let (grant, expires) = (token.grant.clone(), token.expires);
        if grant.client_id != client_id || now >= expires || self.revoked.contains(&grant.origin_jti) {
            return None;
        }
        if token.replaced_until.is_some_and(|until| now >= until) {
            if rotation.is_some_and(|rotation| rotation.reuse_revokes_family) {
                self.revoke(&grant.origin_jti);
            }
            return None;
        }
        let Some(rotation) = rotation else { return Some((grant, None)) };
        token.replaced_until.get_or_insert(now.saturating_add(rotation.grace_seconds));
        let successor = self.issue_refresh_token(grant.clone(), expires, now);
        Some((grant, Some(successor)))
    }

    /// Remembers whose sign-in it is, for [`Ledger::sign_out_globally`].
    pub(super) fn note_sign_in(&mut self, grant: &Grant) {
        sweep(&mut self.sign_ins, |_| true);
        self.sign_ins.insert(grant.origin_jti.clone(), grant.username.clone());
    }

    /// Revokes every token of one sign-in; whether they were not before.
    pub(super) fn revoke(&mut self, origin_jti: &str) -> bool {
        if self.revoked.len() >= LIMIT {
            self.revoked.clear();
        }
        self.revoked.insert(origin_jti.to_owned())
    }

    /// Revokes every token of a user; a code that is still to be redeemed stays good.
    pub(super) fn sign_out_globally(&mut self, username: &str) {
        let own = self.sign_ins.iter().filter(|(_, user)| *user == username);
        let own: Vec<_> = own.map(|(origin_jti, _)| origin_jti.clone()).collect();
        for origin_jti in own {
            self.revoke(&origin_jti);
        }
    }

    /// Ends the SSO sessions of a user.
    pub(super) fn end_sessions_of(&mut self, username: &str) {
        self.sessions.retain(|_, session| session.username != username);
    }

    /// Whether the tokens of that sign-in are revoked.
    pub(super) fn is_revoked(&self, origin_jti: &str) -> bool {
        self.revoked.contains(origin_jti)
    }
}

fn sweep<K: Eq + Hash, V>(map: &mut HashMap<K, V>, alive: impl Fn(&V) -> bool) {
    map.retain(|_, value| alive(value));
    if map.len() >= LIMIT {
        map.clear();
    }
}
