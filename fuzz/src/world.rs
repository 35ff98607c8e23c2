//! What the targets need around them: a configuration, documents of a provider, a token that is really signed.
//!
//! Decides no promise; all values are examples.

use edge_oidc::{
    config::{Config, Environment},
    memory::{SharedMemory, Stamp, WriteError},
    time::{Entropy, EntropyError},
};

/// A configuration with a public path and identity headers.
pub const CONFIGURATION: &str = r#"{
  "providers": [{ "issuer": "https://issuer.example", "clientId": "client", "clientSecret": { "env": "SECRET" } }],
  "publicUrls": ["https://app.example.com"],
  "paths": { "backChannel": "/oauth2/back-channel-logout" },
  "session": { "keys": [{ "env": "KEY" }], "idle": "1h", "header": "authorization" },
  "identity": { "userId": { "claim": "email", "header": "kubeflow-userid" },
                "groups": { "claim": "groups", "header": "kubeflow-groups" } },
  "routes": [{ "match": { "path": { "prefix": "/healthz" } }, "action": "allow" },
             { "match": { "path": { "prefix": "/internal" } }, "action": "deny" }]
}"#;

/// Metadata of that provider.
pub const METADATA: &str = r#"{"issuer":"https://issuer.example","authorization_endpoint":"https://issuer.example/authorize",
"token_endpoint":"https://issuer.example/token","jwks_uri":"https://issuer.example/keys","end_session_endpoint":
"https://issuer.example/logout","revocation_endpoint":"https://issuer.example/revoke","x":[{"a":null}]}"#;

/// A token endpoint's answer.
pub const TOKENS: &str =
    r#"{"id_token":"a.b.c","access_token":"x","refresh_token":"y","token_type":"Bearer","expires_in":3600}"#;

/// Two keys; the first is RFC 7515's of appendix A.3.
pub const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"OKP","crv":"Ed25519","kid":"e","x":
"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// RFC 7515, appendix A.3: signed with the first key.
pub const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// The surroundings of one run.
pub struct World {
    /// The configuration.
    pub config: Config,
}

impl World {
    /// The example configuration; there is no other.
    pub fn new() -> Self {
        match Config::parse(CONFIGURATION, &environment()) {
            Ok(config) => Self { config },
            Err(problems) => panic!("the example configuration: {problems}"),
        }
    }
}

/// An environment that holds the two secrets.
pub const fn environment() -> Secrets {
    Secrets
}

/// Two secrets.
pub struct Secrets;

impl Environment for Secrets {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "KEY" => Some("b3BlbnNzbC1yYW5kLTMyLWJ5dGVzLWV4YW1wbGUtMDE".into()),
            "SECRET" => Some("client-secret-of-the-example-0123456789".into()),
            _ => None,
        }
    }
}

/// Random bytes that are the same in every run.
pub struct Counted(pub u8);

impl Entropy for Counted {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(31).wrapping_add(7);
            *byte = self.0;
        }
        Ok(())
    }
}

/// A host whose workers share nothing.
pub struct NoMemory;

impl SharedMemory for NoMemory {
    fn read(&self, _: &str) -> Option<(Vec<u8>, Stamp)> {
        None
    }

    fn write(&mut self, _: &str, _: &[u8], _: Option<Stamp>) -> Result<(), WriteError> {
        Err(WriteError::Unavailable)
    }
}
