//! What edge-oidc promises for any input at all: nothing panics, hangs or grows without bound, and nobody passes unproved.
//!
//! Each target takes bytes and asserts its promise. `tests/short.rs` calls them with mutated seeds on every run of the
//! tests; `libfuzzer/` lets cargo-fuzz search for as long as one likes. What valid input means is tested elsewhere.

pub mod mutate;

mod bearer;
mod policy;
mod request;
mod transforms;
mod world;

use edge_oidc::{
    config::Config,
    http::{
        call::CallResponse,
        cookie::Cookies,
        origin::Origin,
        path::{RawPath, ReturnPath},
    },
    oidc::{
        authorization::CallbackParameters,
        discovery::process_metadata_response,
        jwks::KeySet,
        jwt::UnverifiedJwt,
        refresh::process_refresh_response,
        signature::{Algorithm, PureRust},
        token::process_token_response,
    },
    secret::Secret,
    session::{Session, read_attempt, read_session},
    time::UnixTime,
};
use url::Url;

pub use bearer::{bearer, challenge, is_believed, lookup};
pub use policy::{policy, with_rules};
pub use request::{logout_token, request};
pub use transforms::{is_rule, transforms};
use world::{World, environment};

/// A target: its name, what it does with bytes, and inputs to begin with.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name on the command line.
    pub name: &'static str,
    /// Takes any bytes; panics if a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs that reach deep.
    pub seeds: &'static [&'static [u8]],
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "bearer", run: bearer, seeds: bearer::TOKENS },
    Target {
        name: "callback",
        run: callback,
        seeds: &[b"code=a&state=b", b"error_description=x&error=invalid_scope", b"iss=https%3A%2F%2Fx"],
    },
    Target { name: "challenge", run: challenge, seeds: bearer::CHALLENGES },
    Target { name: "config", run: config, seeds: &[world::CONFIGURATION.as_bytes()] },
    Target {
        name: "cookie",
        run: cookie,
        seeds: &[
            b"__Host-edge_oidc=AAAA; a=1; __Host-edge_oidc_1=BBBB; __Host-edge_oidc_a_x=CC",
            b"=;;=v; \"q\"; \xff=\xfe",
        ],
    },
    Target { name: "discovery", run: discovery, seeds: &[world::METADATA.as_bytes(), world::TOKENS.as_bytes()] },
    Target { name: "jwks", run: jwks, seeds: &[world::KEYS.as_bytes()] },
    Target { name: "jwt", run: jwt, seeds: &[world::TOKEN.as_bytes(), b"e30.e30.", b"eyJhbGciOiJub25lIn0.e30."] },
    Target { name: "lookup", run: lookup, seeds: bearer::ANSWERS },
    Target { name: "logout_token", run: logout_token, seeds: request::LOGOUT_SEEDS },
    Target {
        name: "path",
        run: path,
        seeds: &[b"/a/..;/%2e%2e/%2fb//c;x=y?q#f", b"/%252e%252e/\\evil.com", b"//evil.com"],
    },
    Target { name: "policy", run: policy, seeds: policy::SEEDS },
    Target { name: "request", run: request, seeds: request::SEEDS },
    Target {
        name: "session",
        run: session,
        seeds: &[b"\x02\x10AAAAAAAAAAAAAAAA\x07default\x02{}\x00\x00\x00\x00\x00\x01\x01\x01\x01\x01"],
    },
    Target { name: "transforms", run: transforms, seeds: transforms::SEEDS },
];

/// A callback's query: parsed or refused.
pub fn callback(data: &[u8]) {
    if let Ok(parameters) = CallbackParameters::parse(data) {
        let _ = parameters.usable_state();
    }
}

/// A configuration: accepted, or refused with at least one problem that has a mend.
pub fn config(data: &[u8]) {
    if let Err(problems) = Config::parse(&String::from_utf8_lossy(data), &environment()) {
        assert!(problems.iter().next().is_some());
        assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
    }
}

/// Cookie lines: no session out of thin air, and nothing of ours is left for the application.
pub fn cookie(data: &[u8]) {
    let world = World::new();
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let cookies = Cookies::parse(lines.iter().copied());
    let (settings, now) = (&world.config.session, UnixTime::from_secs(1));
    let session = read_session(settings, &cookies, "app.example.com", "client");
    assert!(!matches!(session, edge_oidc::session::SessionCookie::Open(_)), "a session that nobody sealed");
    assert!(read_attempt(settings, &cookies, "x", "app.example.com", "client", now).is_none());
    if let Some(rest) = cookies.without(|name| settings.cookie.owns(name)) {
        let rest = Cookies::parse(rest.iter().map(Vec::as_slice));
        assert!(rest.pairs().all(|(name, _)| !settings.cookie.owns(name)));
    }
}

/// A provider's documents: used or refused; endpoints are https whatever the document says.
pub fn discovery(data: &[u8]) {
    let world = World::new();
    let response = CallResponse { status: 200, body: Secret::new(data.to_vec()) };
    let settings = world.config.providers().first();
    if let Some(Ok(metadata)) = settings.map(|settings| process_metadata_response(settings, &response)) {
        let endpoints = metadata.sign_in.iter();
        let urls = endpoints.flat_map(|known| [&known.authorization_endpoint, &known.token_endpoint]);
        let optional = [&metadata.user_info_endpoint, &metadata.introspection_endpoint];
        for url in urls.chain([&metadata.jwks_uri]).chain(optional.into_iter().flatten()) {
            assert_eq!(url.scheme(), "https");
        }
    }
    let _ = process_token_response(&response);
    let _ = process_refresh_response(&response);
}

/// A key set: keys or a refusal.
pub fn jwks(data: &[u8]) {
    if let Ok(keys) = KeySet::parse(data) {
        assert!(!keys.is_empty() && keys.len() <= 64);
    }
}

/// A token: verified only if it is the one that was signed.
pub fn jwt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(keys) = KeySet::parse(world::KEYS.as_bytes()) else { return };
    if let Ok(jwt) = UnverifiedJwt::parse(text) {
        let verified = keys.verify(jwt, &Algorithm::ALL, &PureRust);
        assert!(verified.is_err() || text == world::TOKEN, "a token that nobody signed");
    }
}

/// A path: bounded readings, and a place to come back to that stays on our origin.
pub fn path(data: &[u8]) {
    if let Ok(readings) = RawPath::new(data).readings() {
        assert!(!readings.is_empty() && readings.len() <= 64);
    }
    let (Ok(origin), Ok(base)) = (Origin::parse("https://app.example.com"), Url::parse("https://app.example.com/x"))
    else {
        return;
    };
    if let Some(return_path) = ReturnPath::parse(data, &origin) {
        let target = base.join(return_path.as_str()).map(|url| url.origin().ascii_serialization());
        assert_eq!(target.as_deref(), Ok("https://app.example.com"), "{:?}", return_path.as_str());
    }
}

/// The inside of a seal: decoded or refused, and what decodes encodes to the same again.
pub fn session(data: &[u8]) {
    if let Some(session) = Session::decode(data) {
        assert_eq!(Session::decode(&session.encode()).as_ref(), Some(&session));
    }
}
