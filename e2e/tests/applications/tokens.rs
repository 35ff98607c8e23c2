//! An application that takes the pool's ID tokens, as applications do: by the keys that the pool publishes, and for clients that it knows.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{CLIENT_ID, World};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

/// The keys of a pool, and what is believed of tokens that they signed.
pub struct Tokens {
    issuer: String,
    clients: Vec<&'static str>,
    keys: Vec<Value>,
}

impl Tokens {
    /// Fetches the keys of the world's pool; takes tokens for the gateway's client.
    pub async fn of(world: &World) -> Tokens {
        let issuer = world.cognito.issuer().to_owned();
        let set = world.person().get(&format!("{issuer}/.well-known/jwks.json")).await.expect(200).json();
        Tokens { issuer, clients: vec![CLIENT_ID], keys: set["keys"].as_array().expect("keys").clone() }
    }

    /// Takes tokens for this client, too.
    pub fn and_of(mut self, client: &'static str) -> Tokens {
        self.clients.push(client);
        self
    }

    /// The claims of a value of `Authorization`, if that is a good ID token.
    pub fn bearer(&self, value: &str) -> Option<Value> {
        self.claims(value.strip_prefix("Bearer ")?)
    }

    /// The claims of a good ID token.
    pub fn claims(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let (header, claims) = (object(header)?, object(payload)?);
        let key = self.keys.iter().find(|key| key["kid"] == header["kid"])?;
        let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
        let key = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).ok()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let meant = self.clients.iter().any(|client| claims["aud"] == *client);
        let meant = meant && claims["iss"] == self.issuer && claims["token_use"] == "id";
        (meant && claims["exp"].as_u64()? > now).then_some(claims)
    }

    /// The address of whoever a value of `Authorization` stands for.
    pub fn person(&self, value: &str) -> Option<String> {
        self.bearer(value)?["email"].as_str().map(str::to_owned)
    }
}

fn object(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
