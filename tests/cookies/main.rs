//! Sessions and login attempts in cookies, as a browser and an attacker would bring them. T-numbers are those of the
//! security catalogue.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test"
)]

mod attempts;
mod cognito;
mod lines;
#[path = "../support/memory.rs"]
#[allow(dead_code, reason = "this uses a part of it")]
mod memory;
mod revoked;
mod sessions;
#[path = "../support/stream.rs"]
mod stream;

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use edge_oidc::{
    http::cookie::{CookieAttributes, Cookies, SameSite, delete_cookie, set_cookie},
    oidc::assurance::Assurance,
    secret::Secret,
    session::{
        ATTEMPT_LIFETIME, CookieSettings, Ended, Keyring, LARGEST_COOKIE, Limits, LoginAttempt, MOST_ATTEMPTS,
        MOST_BYTES, SealError, Session, SessionCookie, SessionId, SessionSettings, delete_attempt, delete_attempts,
        delete_session, generate_key, landed_cookie, read_attempt, read_session, write_attempt, write_session,
    },
    time::{Entropy, EntropyError, UnixTime},
};
use serde_json::{Map, Value, json};

use stream::Stream;

const HOST: &str = "apps.example.com";
const CLIENT: &str = "4e8k2v9q1w7r5t3y6u0i8o2p4a";
const NAME: &str = "__Host-edge_oidc";
const NOW: UnixTime = UnixTime::from_secs(1_795_180_000);
const HOUR: Duration = Duration::from_secs(3_600);

impl Stream {
    /// So many random bytes as text.
    fn text(&mut self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        self.fill(&mut random).unwrap();
        BASE64_URL_SAFE_NO_PAD.encode(random)
    }
}

/// A browser's cookies, refusing what browsers refuse (RFC 6265bis section 5.7, T-80).
#[derive(Clone, Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    fn take(&mut self, lines: &[String]) {
        for line in lines {
            assert!(line.len() <= LARGEST_COOKIE, "{} bytes", line.len());
            let (pair, attributes) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let attributes: Vec<&str> = attributes.split("; ").collect();
            let is_host = !attributes.iter().any(|attribute| attribute.starts_with("Domain="));
            assert!(!name.starts_with("__") || attributes.contains(&"Secure"), "{line}");
            assert!(!name.starts_with("__Host-") || (is_host && attributes.contains(&"Path=/")), "{line}");
            assert!(attributes.contains(&"HttpOnly"), "{line}");
            if attributes.contains(&"Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn cookies(&self) -> Cookies {
        let line = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        header(&line)
    }

    fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

fn header(line: &str) -> Cookies {
    Cookies::parse([line.as_bytes()].into_iter())
}

fn settings() -> SessionSettings {
    let key = generate_key(&mut Stream(7)).unwrap();
    SessionSettings {
        keys: Keyring::new(&[key]).unwrap(),
        cookie: CookieSettings::default(),
        lifetime: Duration::from_secs(7 * 24 * 3_600),
        idle: None,
        header: None,
    }
}

fn session(claims: Value, refresh_token: Option<String>) -> Session {
    let Value::Object(claims) = claims else { panic!("not an object") };
    Session {
        id: SessionId::random(&mut Stream(41)).unwrap(),
        provider: "cognito".into(),
        claims,
        refresh_token: refresh_token.map(Secret::new),
        id_token: None,
        access_token: None,
        nonce_digest: Some([7; 16]),
        auth_time: Some(NOW.secs()),
        created: NOW,
        refreshed: NOW,
        seen: NOW,
        token_expires: NOW.plus(HOUR),
        expires: NOW.plus(settings().lifetime),
    }
}

/// A session whose cookies hold about `bytes`.
fn session_of(bytes: usize) -> Session {
    session(json!({"sub": "kim", "filler": "x".repeat(bytes)}), None)
}

fn write(brought: &Jar, session: &Session, seed: u64) -> Result<Vec<String>, SealError> {
    write_session(&settings(), &brought.cookies(), session, HOST, CLIENT, &mut Stream(seed), NOW)
}

fn jar_of(session: &Session, seed: u64) -> Jar {
    let mut jar = Jar::default();
    jar.take(&write(&jar, session, seed).unwrap());
    jar
}

fn read(cookies: &Cookies) -> SessionCookie {
    read_session(&settings(), cookies, HOST, CLIENT)
}

fn attempt(number: u64, created: UnixTime) -> LoginAttempt {
    let mut stream = Stream(number);
    LoginAttempt {
        assurance: Assurance::default(),
        authority: None,
        provider: "cognito".into(),
        state: Secret::new(stream.text(32)),
        nonce: Secret::new(stream.text(32)),
        code_verifier: Secret::new(stream.text(32)),
        return_path: "/pipeline/?ns=kim#/runs".into(),
        created,
    }
}
