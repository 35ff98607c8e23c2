//! The fake provider's tokens: what codes and refresh tokens give, what is taken back, and what it says about a token.

use std::collections::BTreeMap;

use edge_oidc::{http::call::Call, time::UnixTime};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Line, Provider, changed};
use crate::signing;

impl Provider {
    /// <https://openid.net/specs/openid-connect-core-1_0.html#TokenEndpoint>
    pub(super) fn token(&mut self, call: &Call, now: UnixTime) -> (u16, Value) {
        let form = self.proven_form(call);
        match form["grant_type"].as_str() {
            "refresh_token" => self.refresh(&form, now),
            other => {
                assert_eq!(other, "authorization_code");
                self.redeem(&form, now)
            }
        }
    }

    fn redeem(&mut self, form: &BTreeMap<String, String>, now: UnixTime) -> (u16, Value) {
        self.secrets.push(form["code_verifier"].clone());
        let Some(grant) = self.grants.get_mut(&form["code"]).filter(|grant| !grant.used) else {
            return (400, json!({"error": "invalid_grant"}));
        };
        grant.used = true;
        assert_eq!(form["redirect_uri"], grant.redirect_uri);
        let challenge = signing::encode(Sha256::digest(&form["code_verifier"]));
        assert_eq!(challenge, grant.challenge, "the verifier is not the challenge's");
        let (nonce, person) = (grant.nonce.clone(), grant.person.clone());
        let (access, refresh) = (self.fresh("access"), self.fresh("refresh"));
        self.access.insert(access.clone(), person.clone());
        let id_token = self.id_token(Some(&nonce), &person, &access, now, now);
        self.secrets.push(id_token.clone());
        self.lines.insert(refresh.clone(), Line { person, nonce, since: now, replaced: None });
        let body = json!({
            "access_token": access, "refresh_token": refresh, "id_token": id_token, "token_type": "Bearer", "expires_in": 3600,
        });
        (200, changed(body, &self.response.tokens))
    }

    /// <https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokens>; a refreshed ID token repeats no nonce.
    fn refresh(&mut self, form: &BTreeMap<String, String>, now: UnixTime) -> (u16, Value) {
        if let Some((status, body)) = &self.response.instead_of_refresh {
            return (*status, body.clone());
        }
        let token = &form["refresh_token"];
        let grace = self.response.rotation.unwrap_or_default();
        let good = |line: &&mut Line| line.replaced.is_none_or(|replaced| now.since(replaced) < grace);
        let revoked = self.revoked.contains(token);
        let Some(line) = self.lines.get_mut(token).filter(good).filter(|_| !revoked) else {
            return (400, json!({"error": "invalid_grant"}));
        };
        let (person, nonce, since) = (line.person.clone(), line.nonce.clone(), line.since);
        if self.response.rotation.is_some() {
            line.replaced.get_or_insert(now);
        }
        self.refreshed += 1;
        let access = self.fresh("access");
        self.access.insert(access.clone(), person.clone());
        let id_token = self.id_token(None, &person, &access, since, now);
        self.secrets.push(id_token.clone());
        let mut body =
            json!({ "access_token": access, "id_token": id_token, "token_type": "Bearer", "expires_in": 3600 });
        if self.response.rotation.is_some() {
            let refresh = self.fresh("refresh");
            self.lines.insert(refresh.clone(), Line { person, nonce, since, replaced: None });
            body["refresh_token"] = json!(refresh);
        }
        (200, changed(body, &self.response.refreshed_tokens))
    }

    /// The refresh tokens that still are good for something.
    pub fn alive(&self) -> Vec<&str> {
        let good = |(token, line): &(&String, &Line)| line.replaced.is_none() && !self.revoked.contains(token);
        self.lines.iter().filter(good).map(|(token, _)| token.as_str()).collect()
    }

    /// The ID tokens that were given, in order.
    pub fn id_tokens(&self) -> Vec<&str> {
        self.secrets.iter().map(String::as_str).filter(|secret| secret.contains('.')).collect()
    }

    /// Ends every refresh token of everybody: an administrator's doing.
    pub fn end_all(&mut self) {
        self.lines.clear();
    }

    fn id_token(
        &self,
        nonce: Option<&str>,
        person: &str,
        access_token: &str,
        since: UnixTime,
        now: UnixTime,
    ) -> String {
        let half = Sha256::digest(access_token)[..16].to_vec();
        let mut claims = json!({
            "iss": self.response.metadata["issuer"],
            "aud": self.want.client_id,
            "sub": format!("sub of {person}"),
            "email": person,
            "auth_time": since.secs(),
            "iat": now.secs(),
            "exp": now.plus(self.response.lifetime).secs(),
            "at_hash": signing::encode(half),
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        claims = changed(claims, &self.response.claims);
        if nonce.is_none() {
            claims = changed(claims, &self.response.refreshed_claims);
        }
        (self.response.forge)(signing::sign(self.response.algorithm, &self.response.header, &claims))
    }

    /// <https://www.rfc-editor.org/rfc/rfc7009#section-2.1>
    pub(super) fn revoke(&mut self, call: &Call) -> (u16, Value) {
        let form = self.proven_form(call);
        assert_eq!(form["token_type_hint"], "refresh_token");
        self.revoked.push(form["token"].clone());
        (200, json!({}))
    }

    /// <https://openid.net/specs/openid-connect-core-1_0.html#UserInfoRequest>, for any access token.
    pub(super) fn user_info(&self, call: &Call) -> (u16, Value) {
        let credentials =
            call.headers.iter().find(|(name, _)| *name == "authorization").map(|(_, value)| value.secret());
        let token = credentials.and_then(|value| value.strip_prefix("Bearer ")).unwrap();
        match self.access.get(token) {
            Some(person) => (200, changed(json!({"sub": format!("sub of {person}")}), &self.response.user_info)),
            None => (401, json!({"error": "invalid_token"})),
        }
    }

    /// <https://www.rfc-editor.org/rfc/rfc7662#section-2.1>
    pub(super) fn introspect(&self, call: &Call, now: UnixTime) -> (u16, Value) {
        let form = self.proven_form(call);
        assert_eq!(form["token_type_hint"], "access_token");
        let Some(person) = self.access.get(&form["token"]) else { return (200, json!({"active": false})) };
        let body = json!({
            "active": true, "sub": format!("sub of {person}"), "email": person, "client_id": "robot", "aud": ["edge"],
            "scope": "read write", "token_type": "Bearer", "exp": now.plus(self.response.lifetime).secs(),
        });
        (200, changed(body, &self.response.introspection))
    }

    /// An opaque access token that `person` has from elsewhere.
    pub fn opaque(&mut self, person: &str) -> String {
        let token = self.fresh("opaque");
        self.access.insert(token.clone(), person.to_owned());
        token
    }

    /// A token with these claims, really signed, of type `typ`.
    pub fn sign(&self, typ: Option<&str>, claims: &Value) -> String {
        let mut header = self.response.header.clone();
        if let Some(typ) = typ {
            header["typ"] = json!(typ);
        }
        signing::sign(self.response.algorithm, &header, claims)
    }
}
