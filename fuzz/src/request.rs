//! The whole request: any headers, in any order, against a running engine.
//!
//! Promises: whatever is forwarded without a session was public or a preflight, carries no identity and no cookie of ours;
//! every answer is uncacheable and its redirects stay on our origin or lead to the provider.

use edge_oidc::{
    flow::{Decision, Engine, Moment, RequestId},
    http::{
        call::{CallOutcome, CallResponse},
        cookie::Cookies,
        reply::Reply,
    },
    oidc::signature::PureRust,
    secret::Secret,
    time::UnixTime,
};
use url::Url;

use crate::world::{Counted, KEYS, METADATA, NoMemory, World};

/// Requests as lines of `name: value`.
pub const SEEDS: &[&[u8]] = &[
    b":method: GET\n:path: /deep?x=1\n:authority: app.example.com\nsec-fetch-mode: navigate\nsec-fetch-dest: document\n",
    b":method: GET\n:path: /healthz\n:authority: app.example.com\nkubeflow-userid: x\ncookie: __Host-edge_oidc=a; b=c\n",
    b":method: OPTIONS\n:path: /x\n:authority: app.example.com\norigin: https://o\naccess-control-request-method: PUT\n",
    b":method: GET\n:path: /oauth2/callback?code=a&state=b\n:authority: app.example.com\naccept: text/html\n",
    b":method: POST\n:path: /oauth2/sign-out\n:authority: app.example.com\norigin: https://app.example.com\naccept: text/html\n",
    b":method: GET\n:path: /oauth2/sign-in?return_to=%2Fx\n:authority: app.example.com\naccept: text/html\n",
    b":method: POST\n:path: /pkg.Svc/Call\n:authority: app.example.com\ncontent-type: application/grpc\nte: trailers\n",
    b":method: GET\n:path: /ws\n:authority: app.example.com\nupgrade: websocket\nconnection: Upgrade, kubeflow-userid\n",
];

/// Bodies of requests to the back-channel endpoint.
pub const LOGOUT_SEEDS: &[&[u8]] = &[
    b"logout_token=eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UifQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    b"a=b&logout_token=%65%79&logout_token=&=",
];

/// Judges one body that is sent to the back-channel endpoint: nothing that was not signed is taken.
pub fn logout_token(data: &[u8]) {
    let mut engine = ready();
    let lines = b":method: POST\n:path: /oauth2/back-channel-logout\n:authority: app.example.com\n\
content-type: application/x-www-form-urlencoded\n";
    let mut moment = Moment { now: UnixTime::from_secs(2), entropy: &mut Counted(1), memory: &mut NoMemory };
    let id = RequestId(1);
    assert_eq!(engine.handle_request(id, parse(lines), false, &mut moment), Decision::ReadBody);
    match engine.handle_body(id, Some(data.to_vec()), &mut moment) {
        Decision::Reply(reply) => {
            judge_reply(&reply);
            assert_eq!(reply.status(), 400, "{}", reply.body());
        }
        // It names a key that may have been published since.
        Decision::Wait => {}
        other => panic!("{other:?}"),
    }
}

/// Judges one request.
pub fn request(data: &[u8]) {
    let mut engine = ready();
    let headers = parse(data);
    let mut moment = Moment { now: UnixTime::from_secs(2), entropy: &mut Counted(1), memory: &mut NoMemory };
    match engine.handle_request(RequestId(1), headers.clone(), true, &mut moment) {
        Decision::Forward(forward) => {
            let mut upstream = headers;
            forward.request.apply(&mut upstream);
            assert!(forward.response.is_none(), "nobody is signed in, so there is no cookie to give");
            judge_forwarded(&upstream);
        }
        Decision::Reply(reply) => judge_reply(&reply),
        Decision::ReadBody | Decision::Wait => panic!("nothing is configured or valid that a request could wait for"),
    }
}

/// An engine that knows its provider's endpoints.
fn ready() -> Engine {
    let mut engine = Engine::new(World::new().config, Box::new(PureRust));
    let mut moment = Moment { now: UnixTime::from_secs(1), entropy: &mut Counted(1), memory: &mut NoMemory };
    engine.handle_tick(&mut moment);
    while let Some((id, call)) = engine.poll_call() {
        let document = if call.url.path() == "/keys" { KEYS } else { METADATA };
        let response = CallResponse { status: 200, body: Secret::new(document.as_bytes().to_vec()) };
        engine.handle_call(id, &CallOutcome::Answer(response), &mut moment);
    }
    engine
}

fn parse(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let lines = data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let split = |line: &[u8]| {
        // A pseudo header's own colon does not end its name.
        let end = line.iter().skip(1).position(|byte| *byte == b':').map_or(line.len(), |at| at + 1);
        let value = line.get(end + 1..).unwrap_or_default().trim_ascii();
        (String::from_utf8_lossy(&line[..end]).into_owned(), value.to_vec())
    };
    lines.map(split).collect()
}

fn judge_forwarded(upstream: &[(String, Vec<u8>)]) {
    let cookie = World::new().config.session.cookie;
    let value = |name: &str| upstream.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_slice());
    let path = value(":path").unwrap_or_default();
    let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
    // Coarse on purpose: which readings of a path are public is `tests/paths.rs`'s; here it must at least be named.
    let public = String::from_utf8_lossy(path).contains("healthz");
    let preflight = value(":method") == Some(b"OPTIONS");
    assert!(public || preflight, "forwarded without a session: {:?}", String::from_utf8_lossy(path));
    for (name, value) in upstream {
        let folded = name.trim().to_lowercase().replace(['_', '.', ' '], "-");
        assert!(folded != "kubeflow-userid" && folded != "kubeflow-groups", "a forged {name}");
        let cookies = Cookies::parse([value.as_slice()].into_iter());
        let ours = |(name, _): (&[u8], &[u8])| cookie.owns(name);
        assert!(name != "cookie" || !cookies.pairs().any(ours), "our cookie went on");
    }
}

fn judge_reply(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    for (name, value) in reply.headers() {
        assert!(value.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "{name} could split the answer");
    }
    if let Some(location) = reply.header("location") {
        let host = Url::parse(location).ok().and_then(|url| url.host_str().map(str::to_owned));
        assert!(matches!(host.as_deref(), Some("app.example.com" | "issuer.example")), "{location}");
    }
}
