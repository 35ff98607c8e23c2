//! Decides what the claims of a faultless ID token and access token are, from the grant, the user and the switches. What is
//! wrong with a faulty one is decided in `token_fault`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::ledger::Grant;
use super::random::uuid;
use super::{Behaviour, User};

/// Everything that claims are made of.
pub(super) struct Subject<'a> {
    pub(super) behaviour: &'a Behaviour,
    pub(super) issuer: &'a str,
    pub(super) pool_id: &'a str,
    pub(super) user: &'a User,
    pub(super) grant: &'a Grant,
    pub(super) now: u64,
}

impl Subject<'_> {
    /// The claims of an ID token beside `access_token`.
    pub(super) fn id_token(&self, access_token: Option<&str>) -> Map<String, Value> {
        let Subject { grant, user, .. } = *self;
        let mut claims = self.common("id", self.behaviour.lifetimes(&grant.client_id).id_token);
        claims.extend(user_attributes(user, &grant.scopes));
        set(&mut claims, "aud", json!(grant.client_id));
        set(&mut claims, "cognito:username", json!(user.token_username()));
        set_some(&mut claims, "nonce", grant.nonce.as_deref());
        set_some(&mut claims, "at_hash", access_token.map(at_hash).as_deref());
        if let Some(federated) = &user.federated {
            let identity = json!({
                "userId": federated.user_id, "providerName": federated.provider_name, "providerType": federated.provider_type,
                "issuer": null, "primary": "true", "dateCreated": "1700000000000",
            });
            set(&mut claims, "identities", json!([identity]));
        }
        claims.extend(self.behaviour.extra_claims.clone());
        claims
    }

    /// The claims of an access token.
    pub(super) fn access_token(&self) -> Map<String, Value> {
        let grant = self.grant;
        let mut claims = self.common("access", self.behaviour.lifetimes(&grant.client_id).access_token);
        set(&mut claims, "client_id", json!(grant.client_id));
        set(&mut claims, "username", json!(self.user.token_username()));
        set(&mut claims, "scope", json!(grant.scopes.join(" ")));
        set(&mut claims, "version", json!(2));
        set_some(&mut claims, "aud", grant.resource.as_deref());
        claims.extend(self.behaviour.extra_claims.clone());
        claims
    }

    fn common(&self, token_use: &str, lifetime: u64) -> Map<String, Value> {
        let mut claims = times(self.behaviour, self.now, lifetime);
        set(&mut claims, "sub", json!(self.user.sub));
        set(&mut claims, "iss", json!(self.issuer));
        set(&mut claims, "token_use", json!(token_use));
        set(&mut claims, "auth_time", json!(self.grant.auth_time));
        set_some(&mut claims, "acr", self.grant.acr.as_deref());
        set(&mut claims, "jti", json!(uuid()));
        set(&mut claims, "origin_jti", json!(self.grant.origin_jti));
        set(&mut claims, "event_id", json!(self.grant.event_id));
        let groups = self.groups();
        if !groups.is_empty() {
            set(&mut claims, "cognito:groups", json!(groups));
        }
        claims
    }

    /// A federated user is also in the group `<poolId>_<Provider>`.
    fn groups(&self) -> Vec<String> {
        let provider =
            self.user.federated.iter().map(|federated| format!("{}_{}", self.pool_id, federated.provider_name));
        provider.chain(self.user.groups.iter().cloned()).collect()
    }
}

/// The claims of an access token of the client credentials grant: nobody signed in, and `sub` is the client.
pub(super) fn machine_token(
    behaviour: &Behaviour,
    issuer: &str,
    client_id: &str,
    scopes: &[String],
    now: u64,
) -> Map<String, Value> {
    let mut claims = times(behaviour, now, behaviour.lifetimes(client_id).access_token);
    set(&mut claims, "sub", json!(client_id));
    set(&mut claims, "iss", json!(issuer));
    set(&mut claims, "token_use", json!("access"));
    set(&mut claims, "auth_time", json!(now));
    set(&mut claims, "jti", json!(uuid()));
    set(&mut claims, "client_id", json!(client_id));
    set(&mut claims, "scope", json!(scopes.join(" ")));
    set(&mut claims, "version", json!(2));
    claims.extend(behaviour.extra_claims.clone());
    claims
}

/// The attributes that scopes give to the ID token and, as strings, to userInfo.
pub(super) fn user_attributes(user: &User, scopes: &[String]) -> Map<String, Value> {
    let granted = |scope: &str| scopes.iter().any(|granted| granted == scope);
    let mut claims = Map::new();
    for (name, value) in &user.attributes {
        let scope = if name.starts_with("phone_number") { "phone" } else { "profile" };
        if granted(scope) {
            set(&mut claims, name, value.clone());
        }
    }
    if let Some(email) = user.email.as_ref().filter(|_| granted("email")) {
        set(&mut claims, "email", json!(email));
        set(&mut claims, "email_verified", json!(user.email_verified));
    }
    claims
}

/// `iat` and `exp`.
fn times(behaviour: &Behaviour, now: u64, lifetime: u64) -> Map<String, Value> {
    let lifetime = if behaviour.short_expiry { lifetime.saturating_sub(1) } else { lifetime };
    let mut claims = Map::new();
    set(&mut claims, "iat", json!(now));
    set(&mut claims, "exp", json!(now.saturating_add(lifetime)));
    claims
}

/// OpenID Connect Core 3.1.3.6: the left half of the hash.
fn at_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref().get(..16).unwrap_or_default())
}

fn set(claims: &mut Map<String, Value>, name: &str, value: Value) {
    claims.insert(name.to_owned(), value);
}

fn set_some(claims: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        set(claims, name, json!(value));
    }
}
